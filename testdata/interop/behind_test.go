package interop

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
)

// command runs a server of the bedrock binary and returns its address.
func command(t *testing.T, token string, args ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bedrock")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "rawbedrock/cmd/bedrock").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "BEDROCK_SERVE_TOKEN=" + token}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// OpenAI's SDK behind the service, with its token alone.
func TestOpenAISDKBehindServe(t *testing.T) {
	url := command(t, "s3rvice-token", "serve", "--mock", "--addr", "127.0.0.1:0")
	for _, base := range []string{"/v1/", "/openai/v1/"} {
		c := openai.NewClient(openaioption.WithBaseURL(url+base), openaioption.WithAPIKey("s3rvice-token"))
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
		stranger := openai.NewClient(openaioption.WithBaseURL(url+base), openaioption.WithAPIKey("wrong"))
		if _, err := stranger.Chat.Completions.New(t.Context(), params); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("with a wrong token: %v", err)
		}
	}
}

// The AWS SDK for Go behind the proxy, with keys that nobody knows.
func TestAWSSDKBehindProxy(t *testing.T) {
	url := command(t, "", "proxy", "--mock", "--addr", "127.0.0.1:0")
	c := bedrockruntime.New(bedrockruntime.Options{Region: "eu-west-1", BaseEndpoint: aws.String(url), Credentials: credentials.NewStaticCredentialsProvider("NOBODY", "knows", "me")})
	answers(t, withSDK(c, model, 20))
}
