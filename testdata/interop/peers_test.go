// Package interop measures rawbedrock beside what a Go program would use
// instead, on the same work in the same run, and lets the peers' clients talk
// to our local Bedrock. It is a module of its own so that none of them enters
// the dependency tree of rawbedrock.
package interop

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicbedrock "github.com/anthropics/anthropic-sdk-go/bedrock"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"

	"rawbedrock/client"
	"rawbedrock/client/operation"
	"rawbedrock/sigv4"
)

const (
	region    = "us-east-1"
	model     = "us.amazon.nova-2-lite-v1:0"
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var (
	keys      = sigv4.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
	awsConfig = aws.Config{Region: region, Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, "")}
)

// peer is a client as the benchmarks use it, made for one question to one
// model. Counts are of the answer's text, in bytes.
type peer interface {
	whole(ctx context.Context) (int, error)           // asks for a whole answer
	stream(ctx context.Context) (int, error)          // reads a stream to its end
	open(ctx context.Context) (end func(), err error) // waits for a stream's first event
}

// peers are all clients. size is that of the question in bytes; a nil
// transport is the client's own default.
var peers = []struct {
	name string
	dial func(url string, rt http.RoundTripper, model string, size int) peer
}{
	{"net/http", newBare}, {"rawbedrock", newRaw}, {"rawbedrock-typed", newTyped},
	{"aws-sdk-go-v2", newSDK}, {"anthropic-sdk-go", newAnthropic}, {"openai-go", newOpenAI},
}

// bare sends without a signature and decodes nothing: the floor.
type bare struct {
	http.Client
	url   string
	body  []byte
	first int64 // length of the first event
}

func newBare(url string, rt http.RoundTripper, model string, size int) peer {
	return &bare{http.Client{Transport: rt}, url + "/model/" + model + "/converse", question(size), int64(repliesOf(0)["converse-stream"].first)}
}

func (c *bare) post(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, "POST", c.url+path, bytes.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	return c.Do(req)
}

func (c *bare) whole(ctx context.Context) (int, error) {
	resp, err := c.post(ctx, "")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return len(data) - len(answer(0)), err
}

func (c *bare) stream(ctx context.Context) (int, error) {
	resp, err := c.post(ctx, "-stream")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return deltas * len(" words"), err
}

func (c *bare) open(ctx context.Context) (func(), error) {
	resp, err := c.post(ctx, "-stream")
	if err != nil {
		return nil, err
	}
	_, err = io.CopyN(io.Discard, resp.Body, c.first)
	return func() { resp.Body.Close() }, err
}

// ours is a client of ours.
func ours(url string, rt http.RoundTripper) *client.Client {
	opts := []client.Option{client.WithEnv(func(string) string { return "" }), client.WithRegion(region), client.WithCredentials(keys), client.WithEndpoint(url)}
	if rt != nil {
		opts = append(opts, client.WithTransport(rt))
	}
	c, err := client.New(opts...)
	if err != nil {
		panic(err)
	}
	return c
}

// raw gives a body and picks the text out of the answer.
type raw struct {
	*client.Client
	ask, follow client.Request
}

func newRaw(url string, rt http.RoundTripper, model string, size int) peer {
	body := question(size)
	return &raw{ours(url, rt),
		client.Request{Op: operation.Converse, Labels: []string{model}, Body: body},
		client.Request{Op: operation.ConverseStream, Labels: []string{model}, Body: body}}
}

func (c *raw) whole(ctx context.Context) (int, error) {
	resp, err := c.Do(ctx, c.ask)
	if err != nil {
		return 0, err
	}
	return len(resp.Get("output.message.content.0.text").Str), nil
}

func (c *raw) stream(ctx context.Context) (n int, err error) {
	s, err := c.Stream(ctx, c.follow)
	if err != nil {
		return 0, err
	}
	for ev, err := range s.Events() {
		if err != nil {
			return n, err
		}
		n += len(ev.Get("delta.text").Str)
	}
	return n, nil
}

func (c *raw) open(ctx context.Context) (func(), error) {
	s, err := c.Stream(ctx, c.follow)
	if err != nil {
		return nil, err
	}
	return func() { s.Close() }, nil
}

// typed takes and gives Go values.
type typed struct {
	*client.Client
	request *client.ConverseRequest
}

func newTyped(url string, rt http.RoundTripper, model string, size int) peer {
	return &typed{ours(url, rt), &client.ConverseRequest{ModelID: model, Messages: []client.Message{client.User(text(size))}}}
}

func (c *typed) whole(ctx context.Context) (int, error) {
	resp, err := c.Converse(ctx, c.request)
	if err != nil {
		return 0, err
	}
	return len(resp.Text()), nil
}

func (c *typed) stream(ctx context.Context) (n int, err error) {
	s, err := c.ConverseStream(ctx, c.request)
	if err != nil {
		return 0, err
	}
	for t, err := range s.Text() {
		if err != nil {
			return n, err
		}
		n += len(t)
	}
	return n, nil
}

func (c *typed) open(ctx context.Context) (func(), error) {
	s, err := c.ConverseStream(ctx, c.request)
	if err != nil {
		return nil, err
	}
	return func() { s.Close() }, nil
}

// sdk is aws-sdk-go-v2's client; a nil transport is its own default.
func sdk(url string, rt http.RoundTripper) *bedrockruntime.Client {
	o := bedrockruntime.Options{Region: region, BaseEndpoint: aws.String(url), Credentials: awsConfig.Credentials}
	if rt != nil {
		o.HTTPClient = &http.Client{Transport: rt}
	}
	return bedrockruntime.New(o)
}

func sdkMessages(n int) []types.Message {
	return []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: text(n)}}}}
}

type awsSDK struct {
	*bedrockruntime.Client
	ask    *bedrockruntime.ConverseInput
	follow *bedrockruntime.ConverseStreamInput
}

func newSDK(url string, rt http.RoundTripper, model string, size int) peer {
	return withSDK(sdk(url, rt), model, size)
}

func withSDK(c *bedrockruntime.Client, model string, size int) peer {
	return &awsSDK{c,
		&bedrockruntime.ConverseInput{ModelId: aws.String(model), Messages: sdkMessages(size)},
		&bedrockruntime.ConverseStreamInput{ModelId: aws.String(model), Messages: sdkMessages(size)}}
}

func (c *awsSDK) whole(ctx context.Context) (int, error) {
	out, err := c.Converse(ctx, c.ask)
	if err != nil {
		return 0, err
	}
	return len(out.Output.(*types.ConverseOutputMemberMessage).Value.Content[0].(*types.ContentBlockMemberText).Value), nil
}

func (c *awsSDK) stream(ctx context.Context) (n int, err error) {
	out, err := c.ConverseStream(ctx, c.follow)
	if err != nil {
		return 0, err
	}
	s := out.GetStream()
	defer s.Close()
	for ev := range s.Events() {
		if d, ok := ev.(*types.ConverseStreamOutputMemberContentBlockDelta); ok {
			n += len(d.Value.Delta.(*types.ContentBlockDeltaMemberText).Value)
		}
	}
	return n, s.Err()
}

func (c *awsSDK) open(ctx context.Context) (func(), error) {
	out, err := c.ConverseStream(ctx, c.follow)
	if err != nil {
		return nil, err
	}
	s := out.GetStream()
	<-s.Events()
	return func() { s.Close() }, nil
}

// claude is Anthropic's SDK for Bedrock, which signs and speaks InvokeModel.
type claude struct {
	anthropic.Client
	params anthropic.MessageNewParams
}

func newAnthropic(url string, rt http.RoundTripper, model string, size int) peer {
	options := []anthropicoption.RequestOption{anthropicbedrock.WithConfig(awsConfig), anthropicoption.WithBaseURL(url)}
	if rt != nil {
		options = append(options, anthropicoption.WithHTTPClient(&http.Client{Transport: rt}))
	}
	return &claude{anthropic.NewClient(options...), anthropic.MessageNewParams{
		Model: anthropic.Model(model), MaxTokens: 9, Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(text(size)))},
	}}
}

func (c *claude) whole(ctx context.Context) (int, error) {
	m, err := c.Messages.New(ctx, c.params)
	if err != nil {
		return 0, err
	}
	return len(m.Content[0].Text), nil
}

func (c *claude) stream(ctx context.Context) (n int, err error) {
	s := c.Messages.NewStreaming(ctx, c.params)
	defer s.Close()
	for s.Next() {
		n += len(s.Current().Delta.Text)
	}
	return n, s.Err()
}

func (c *claude) open(ctx context.Context) (func(), error) {
	s := c.Messages.NewStreaming(ctx, c.params)
	s.Next()
	return func() { s.Close() }, s.Err()
}

// chat is OpenAI's SDK, with an API key.
type chat struct {
	openai.Client
	params openai.ChatCompletionNewParams
}

func newOpenAI(url string, rt http.RoundTripper, model string, size int) peer {
	options := []openaioption.RequestOption{openaioption.WithBaseURL(url), openaioption.WithAPIKey("k")}
	if rt != nil {
		options = append(options, openaioption.WithHTTPClient(&http.Client{Transport: rt}))
	}
	return &chat{openai.NewClient(options...), openai.ChatCompletionNewParams{
		Model: openai.ChatModel(model), Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text(size))},
	}}
}

func (c *chat) whole(ctx context.Context) (int, error) {
	out, err := c.Chat.Completions.New(ctx, c.params)
	if err != nil {
		return 0, err
	}
	return len(out.Choices[0].Message.Content), nil
}

func (c *chat) stream(ctx context.Context) (n int, err error) {
	s := c.Chat.Completions.NewStreaming(ctx, c.params)
	defer s.Close()
	for s.Next() {
		for _, choice := range s.Current().Choices {
			n += len(choice.Delta.Content)
		}
	}
	return n, s.Err()
}

func (c *chat) open(ctx context.Context) (func(), error) {
	s := c.Chat.Completions.NewStreaming(ctx, c.params)
	s.Next()
	return func() { s.Close() }, s.Err()
}
