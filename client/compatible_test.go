package client

import (
	"net/http"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/client/operation"
)

// on is an operation as another endpoint family serves it.
func on(h operation.Host, op operation.Operation) operation.Operation {
	op.Host = h
	return op
}

const (
	askChat      = `{"model":"openai.gpt-oss-20b","messages":[{"role":"user","content":"Hello"}]}`
	askResponses = `{"model":"openai.gpt-6.1-sol","input":"Hello"}`
	askMessages  = `{"model":"anthropic.claude-opus-5-5","max_tokens":99,"messages":[{"role":"user","content":"Hello"}]}`
)

// compatible are the calls of the OpenAI and Anthropic compatible APIs: where
// the text of an answer stands, and of an event of its stream.
var compatible = []struct {
	op                operation.Operation
	body, text, delta string
	url, service      string
}{
	{operation.ChatCompletions, strings.Replace(askChat, "20b", "20b-1:0", 1), "choices.0.message.content", "choices.0.delta.content",
		"https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1/chat/completions", "bedrock"},
	{operation.CreateResponse, strings.Replace(askResponses, "openai", "us.openai", 1), "output.#(type==message).content.0.text", "[@this].#(type==response.output_text.delta).delta",
		"https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1/responses", "bedrock"},
	{operation.CreateMessage, strings.Replace(askMessages, "anthropic.", "us.anthropic.", 1), "content.0.text", "delta.text",
		"https://bedrock-runtime.us-east-1.amazonaws.com/anthropic/v1/messages", "bedrock"},
	{operation.MantleChatCompletions, askChat, "choices.0.message.content", "choices.0.delta.content",
		"https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions", "bedrock-mantle"},
	{operation.MantleCreateResponse, askResponses, "output.#(type==message).content.0.text", "[@this].#(type==response.output_text.delta).delta",
		"https://bedrock-mantle.us-east-1.api.aws/v1/responses", "bedrock-mantle"},
	{operation.MantleCreateMessage, askMessages, "content.0.text", "delta.text",
		"https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages", "bedrock-mantle"},
	{on(operation.Mantle, operation.CreateResponse), askResponses, "output.#(type==message).content.0.text", "[@this].#(type==response.output_text.delta).delta",
		"https://bedrock-mantle.us-east-1.api.aws/openai/v1/responses", "bedrock-mantle"},
	{on(operation.Mantle, operation.ChatCompletions), askChat, "choices.0.message.content", "choices.0.delta.content",
		"https://bedrock-mantle.us-east-1.api.aws/openai/v1/chat/completions", "bedrock-mantle"},
}

// watched is a client of a local Bedrock that stands behind AWS's own hosts,
// with what it sent last.
func watched(t *testing.T, last **http.Request, opts ...Option) *Client {
	server := &bedrocktest.Server{}
	wire := roundTripper(func(r *http.Request) (*http.Response, error) {
		*last = r
		return server.RoundTrip(r)
	})
	c, err := New(append([]Option{WithEnv(noEnv), WithRegion("us-east-1"), WithCredentials(exampleKeys), WithTransport(wire)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCompatibleAPIs(t *testing.T) {
	var last *http.Request
	signed, keyed := watched(t, &last), watched(t, &last, WithBearer(bedrocktest.APIKey))
	for _, c := range compatible {
		for _, client := range []*Client{signed, keyed} {
			resp, err := client.Do(t.Context(), Request{Op: c.op, Body: []byte(c.body)})
			if err != nil {
				t.Errorf("%s: %v", c.url, err)
				continue
			}
			if !strings.Contains(resp.Get(c.text).String(), "Hello") {
				t.Errorf("%s: %.300s", c.url, resp.Body)
			}
			if got := last.URL.String(); got != c.url {
				t.Errorf("%s %s: sent to %s, want %s", c.op.Host, c.op.Name, got, c.url)
			}
			anthropic := strings.Contains(c.url, "anthropic")
			if got := last.Header.Get("Anthropic-Version"); anthropic != (got == "2023-06-01") {
				t.Errorf("%s: Anthropic-Version %q", c.url, got)
			}
			if client == signed && !strings.Contains(last.Header.Get("Authorization"), "/us-east-1/"+c.service+"/aws4_request") {
				t.Errorf("%s: signed %s", c.url, last.Header.Get("Authorization"))
			}
			if client == keyed && anthropic != (last.Header.Get("X-Api-Key") == bedrocktest.APIKey) {
				t.Errorf("%s: the API key is in the wrong header", c.url)
			}
		}
	}
}

func TestCompatibleStreams(t *testing.T) {
	var last *http.Request
	client := watched(t, &last)
	for _, c := range compatible {
		stream, err := client.Stream(t.Context(), Request{Op: c.op, Body: []byte(`{"stream":true,` + c.body[1:])})
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		text := ""
		for ev, err := range stream.Events() {
			if err != nil {
				t.Errorf("%s: %v", c.url, err)
			}
			text += ev.Get(c.delta).String()
		}
		if !strings.Contains(text, "Hello") {
			t.Errorf("%s: streamed %q", c.url, text)
		}
	}
}

// What belongs to the compatible APIs beside their answers.
func TestCompatibleCalls(t *testing.T) {
	var last *http.Request
	c := watched(t, &last)
	do := func(op operation.Operation, body string, labels ...string) *Response {
		t.Helper()
		resp, err := c.Do(t.Context(), Request{Op: op, Labels: labels, Body: []byte(body)})
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	id := do(operation.CreateResponse, `{"model":"us.openai.gpt-6.1-sol","input":"Hello"}`).Get("id").String()
	if got := do(operation.GetResponse, "", id).Get("id").String(); got != id {
		t.Errorf("GetResponse gave %q, want %q", got, id)
	}
	if got := do(operation.DeleteResponse, "", id).Get("deleted"); !got.Bool() {
		t.Errorf("DeleteResponse: deleted is %s", got.Raw)
	}
	if got := do(operation.MantleCountTokens, askMessages).Get("input_tokens").Int(); got == 0 {
		t.Error("MantleCountTokens counted nothing")
	}
	if got := do(operation.MantleListModels, "").Get("data.#.id"); !strings.Contains(got.Raw, `"openai.gpt-oss-20b"`) || strings.Contains(got.Raw, `"us.`) {
		t.Errorf("MantleListModels: %s", got.Raw)
	}
	if got := last.URL.String(); got != "https://bedrock-mantle.us-east-1.api.aws/v1/models" {
		t.Errorf("MantleListModels was sent to %s", got)
	}
}
