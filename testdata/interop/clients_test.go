package interop

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicbedrock "github.com/anthropics/anthropic-sdk-go/bedrock"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"

	"rawbedrock/client/bedrocktest"
)

// local starts a local Bedrock over HTTP/1.1.
func local(t *testing.T) string {
	t.Helper()
	l, err := new(bedrocktest.Server).Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.URL
}

// patiently repeats a stream of aws-sdk-go-v2, which breaks one that ends
// within microseconds by closing the connection while it still reads.
func patiently(t testing.TB, stream func() error) {
	t.Helper()
	var err error
	for range 50 {
		if err = stream(); err == nil || !strings.Contains(err.Error(), "use of closed network connection") {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// answers wants a whole and a streamed answer.
func answers(t *testing.T, p peer) {
	t.Helper()
	if n, err := p.whole(t.Context()); err != nil || n == 0 {
		t.Errorf("%d bytes of text, %v", n, err)
	}
	patiently(t, func() error {
		n, err := p.stream(t.Context())
		if err == nil && n == 0 {
			err = errors.New("no text")
		}
		return err
	})
}

// The AWS SDK for Go calls the local Bedrock as it would call AWS.
func TestAWSSDK(t *testing.T) {
	ctx := t.Context()
	c := sdk(local(t), nil)
	t.Run("Converse", func(t *testing.T) { answers(t, withSDK(c, model, 20)) })
	t.Run("InvokeModel", func(t *testing.T) {
		out, err := c.InvokeModel(ctx, &bedrockruntime.InvokeModelInput{ModelId: aws.String("amazon.titan-text-lite-v1"), Body: []byte(`{"inputText":"Hi"}`)})
		if err != nil || !strings.Contains(string(out.Body), "outputText") {
			t.Errorf("%v, %v", out, err)
		}
	})
	t.Run("InvokeModelWithResponseStream", func(t *testing.T) {
		patiently(t, func() error {
			out, err := c.InvokeModelWithResponseStream(ctx, &bedrockruntime.InvokeModelWithResponseStreamInput{
				ModelId: aws.String("us.anthropic.claude-sonnet-4-6"), Body: []byte(`{"anthropic_version":"bedrock-2023-05-31","max_tokens":50,"messages":[{"role":"user","content":"Hi"}]}`),
			})
			if err != nil {
				return err
			}
			s := out.GetStream()
			defer s.Close()
			n := 0
			for ev := range s.Events() {
				n += len(ev.(*types.ResponseStreamMemberChunk).Value.Bytes)
			}
			if err = s.Err(); err == nil && n == 0 {
				err = errors.New("no chunk")
			}
			return err
		})
	})
	t.Run("CountTokens", func(t *testing.T) {
		out, err := c.CountTokens(ctx, &bedrockruntime.CountTokensInput{ModelId: aws.String("anthropic.claude-haiku-4-5-20251001-v1:0"),
			Input: &types.CountTokensInputMemberConverse{Value: types.ConverseTokensRequest{Messages: sdkMessages(20)}}})
		if err != nil || aws.ToInt32(out.InputTokens) == 0 {
			t.Errorf("%v, %v", out, err)
		}
	})
	t.Run("tool use", func(t *testing.T) {
		schema := document.NewLazyDocument(map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"}})
		out, err := c.Converse(ctx, &bedrockruntime.ConverseInput{ModelId: aws.String(model), Messages: sdkMessages(20), ToolConfig: &types.ToolConfiguration{
			Tools:      []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{Name: aws.String("weather"), InputSchema: &types.ToolInputSchemaMemberJson{Value: schema}}}},
			ToolChoice: &types.ToolChoiceMemberAny{},
		}})
		if err != nil || out.StopReason != types.StopReasonToolUse {
			t.Fatalf("%v, %v", out, err)
		}
		for _, b := range out.Output.(*types.ConverseOutputMemberMessage).Value.Content {
			if use, ok := b.(*types.ContentBlockMemberToolUse); ok {
				var in struct{ City string }
				if err := use.Value.Input.UnmarshalSmithyDocument(&in); err != nil || in.City == "" {
					t.Errorf("input %+v, %v", in, err)
				}
				return
			}
		}
		t.Error("no tool use")
	})
	t.Run("ListFoundationModels", func(t *testing.T) {
		b := bedrock.New(bedrock.Options{Region: region, BaseEndpoint: c.Options().BaseEndpoint, Credentials: c.Options().Credentials})
		if out, err := b.ListFoundationModels(ctx, &bedrock.ListFoundationModelsInput{}); err != nil || len(out.ModelSummaries) == 0 {
			t.Errorf("%v", err)
		}
		if out, err := b.ListInferenceProfiles(ctx, &bedrock.ListInferenceProfilesInput{}); err != nil || len(out.InferenceProfileSummaries) == 0 {
			t.Errorf("%v", err)
		}
	})
}

// Refusals and faults reach the SDK as its own typed errors.
func TestAWSSDKErrors(t *testing.T) {
	url := local(t)
	fault := func(name string) func(*bedrockruntime.Options) {
		return func(o *bedrockruntime.Options) {
			o.APIOptions = append(o.APIOptions, smithyhttp.AddHeaderValue(bedrocktest.FaultHeader, name))
			o.RetryMaxAttempts = 1
		}
	}
	t.Run("wrong secret", func(t *testing.T) {
		c := bedrockruntime.New(bedrockruntime.Options{Region: region, BaseEndpoint: aws.String(url), Credentials: credentials.NewStaticCredentialsProvider(accessKey, "wrong", "")})
		_, err := withSDK(c, model, 20).whole(t.Context())
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "InvalidSignatureException" || !strings.Contains(api.ErrorMessage(), "String-to-Sign") {
			t.Errorf("%v", err)
		}
	})
	t.Run("throttled", func(t *testing.T) {
		_, err := sdk(url, nil).Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(model), Messages: sdkMessages(20)}, fault("ThrottlingException"))
		var throttled *types.ThrottlingException
		if !errors.As(err, &throttled) {
			t.Errorf("%v", err)
		}
	})
	t.Run("exception in the stream", func(t *testing.T) {
		patiently(t, func() error {
			out, err := sdk(url, nil).ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(model), Messages: sdkMessages(20)}, fault("modelStreamErrorException; at=3"))
			if err != nil {
				return err
			}
			s := out.GetStream()
			defer s.Close()
			n := 0
			for range s.Events() {
				n++
			}
			var broken *types.ModelStreamErrorException
			if !errors.As(s.Err(), &broken) || n != 3 {
				return fmt.Errorf("%d events, %w", n, s.Err())
			}
			if id, ok := middleware.GetRequestIDMetadata(out.ResultMetadata); !ok || id == "" {
				return errors.New("no request id")
			}
			return nil
		})
	})
}

// Anthropic's SDK for Bedrock, with SigV4.
func TestAnthropicSDK(t *testing.T) {
	url := local(t)
	c := anthropic.NewClient(anthropicbedrock.WithConfig(awsConfig), anthropicoption.WithBaseURL(url))
	params := anthropic.MessageNewParams{
		Model: "us.anthropic.claude-sonnet-4-6", MaxTokens: 50,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("Hi"))},
	}
	m, err := c.Messages.New(t.Context(), params)
	if err != nil || len(m.Content) == 0 || !strings.Contains(m.Content[0].Text, "mock") {
		t.Fatalf("%v, %v", m, err)
	}
	s := c.Messages.NewStreaming(t.Context(), params)
	text := ""
	for s.Next() {
		text += s.Current().Delta.Text
	}
	if s.Err() != nil || text != m.Content[0].Text {
		t.Errorf("streamed %q, whole %q, %v", text, m.Content[0].Text, s.Err())
	}
}

// OpenAI's SDK, with a Bedrock API key.
func TestOpenAISDK(t *testing.T) {
	openAIAnswers(t, local(t)+"/openai/v1/", bedrocktest.APIKey, 403)
}

// openAIAnswers wants a whole answer, the same streamed, and a refusal of
// another key.
func openAIAnswers(t *testing.T, base, key string, refusal int) {
	t.Helper()
	c := openai.NewClient(openaioption.WithBaseURL(base), openaioption.WithAPIKey(key))
	params := openai.ChatCompletionNewParams{Model: "openai.gpt-oss-20b-1:0", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Hi")}}
	whole, err := c.Chat.Completions.New(t.Context(), params)
	if err != nil || !strings.Contains(whole.Choices[0].Message.Content, "mock") {
		t.Fatalf("%v, %v", whole, err)
	}
	s := c.Chat.Completions.NewStreaming(t.Context(), params)
	text := ""
	for s.Next() {
		for _, choice := range s.Current().Choices {
			text += choice.Delta.Content
		}
	}
	if s.Err() != nil || text != whole.Choices[0].Message.Content {
		t.Errorf("streamed %q, whole %q, %v", text, whole.Choices[0].Message.Content, s.Err())
	}
	stranger := openai.NewClient(openaioption.WithBaseURL(base), openaioption.WithAPIKey("wrong"))
	_, err = stranger.Chat.Completions.New(t.Context(), params)
	if refused, ok := errors.AsType[*openai.Error](err); !ok || refused.StatusCode != refusal {
		t.Errorf("with a wrong key: %v, want %d", err, refusal)
	}
}
