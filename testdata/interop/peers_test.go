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
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"rawbedrock/client"
	"rawbedrock/eventstream"
	"rawbedrock/sigv4"
)

const (
	region    = "us-east-1"
	model     = "us.amazon.nova-2-lite-v1:0"
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var keys = sigv4.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}

// memory answers every request from memory.
type memory struct {
	contentType string
	body        []byte
}

func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {m.contentType}, "X-Amzn-Requestid": {"r"}}, Request: req,
		ContentLength: int64(len(m.body)), Body: io.NopCloser(bytes.NewReader(m.body)),
	}, nil
}

func text(n int) string { return strings.Repeat("word ", n/5) }

// answer is what Converse returns, with n bytes of text.
func answer(n int) []byte {
	return []byte(`{"metrics":{"latencyMs":712},"output":{"message":{"content":[{"text":"` + text(n) + `"}],"role":"assistant"}},"stopReason":"end_turn","usage":{"inputTokens":12,"outputTokens":345,"totalTokens":357}}`)
}

// question is a Converse body with n bytes of text.
func question(n int) []byte {
	return []byte(`{"messages":[{"content":[{"text":"` + text(n) + `"}],"role":"user"}]}`)
}

// frame is an event message of ConverseStream; padded to n bytes when n > 0.
func frame(name, payload string) []byte {
	b, err := eventstream.Append(nil, message(name, payload))
	if err != nil {
		panic(err)
	}
	return b
}

func message(name, payload string) eventstream.Message {
	return eventstream.Message{
		Headers: eventstream.Headers{
			{Name: ":event-type", Value: eventstream.String(name)},
			{Name: ":content-type", Value: eventstream.String("application/json")},
			{Name: ":message-type", Value: eventstream.String("event")},
		},
		Payload: []byte(payload),
	}
}

// delta is a text event of ConverseStream of about 150 bytes.
const delta = `{"contentBlockIndex":0,"delta":{"text":" words"},"p":"abcdefgh"}`

// stream is a whole ConverseStream answer with n deltas.
func stream(n int) []byte {
	b := frame("messageStart", `{"p":"abc","role":"assistant"}`)
	d := frame("contentBlockDelta", delta)
	for range n {
		b = append(b, d...)
	}
	b = append(b, frame("contentBlockStop", `{"contentBlockIndex":0,"p":"abc"}`)...)
	b = append(b, frame("messageStop", `{"p":"abc","stopReason":"end_turn"}`)...)
	return append(b, frame("metadata", `{"metrics":{"latencyMs":12},"p":"a","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}`)...)
}

func noEnv(string) string { return "" }

// ours is a client of ours; a nil transport is its own default.
func ours(endpoint string, rt http.RoundTripper) *client.Client {
	opts := []client.Option{client.WithEnv(noEnv), client.WithRegion(region), client.WithCredentials(keys), client.WithEndpoint(endpoint)}
	if rt != nil {
		opts = append(opts, client.WithTransport(rt))
	}
	c, err := client.New(opts...)
	if err != nil {
		panic(err)
	}
	return c
}

// sdk is aws-sdk-go-v2's client; a nil transport is its own default.
func sdk(endpoint string, rt http.RoundTripper) *bedrockruntime.Client {
	o := bedrockruntime.Options{
		Region: region, BaseEndpoint: aws.String(endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
	}
	if rt != nil {
		o.HTTPClient = &http.Client{Transport: rt}
	}
	return bedrockruntime.New(o)
}

func sdkMessages(n int) []types.Message {
	return []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: text(n)}}}}
}

func sdkConverse(ctx context.Context, c *bedrockruntime.Client, messages []types.Message) (string, error) {
	out, err := c.Converse(ctx, &bedrockruntime.ConverseInput{ModelId: aws.String(model), Messages: messages})
	if err != nil {
		return "", err
	}
	return out.Output.(*types.ConverseOutputMemberMessage).Value.Content[0].(*types.ContentBlockMemberText).Value, nil
}

// sdkStream reads a ConverseStream to its end and counts bytes of text.
func sdkStream(ctx context.Context, c *bedrockruntime.Client, messages []types.Message) (n int, err error) {
	out, err := c.ConverseStream(ctx, &bedrockruntime.ConverseStreamInput{ModelId: aws.String(model), Messages: messages})
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
