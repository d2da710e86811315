package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"slices"
	"strings"

	"rawbedrock/client"
	"rawbedrock/client/bedrocktest"
	"rawbedrock/client/cassette"
	"rawbedrock/client/operation"
)

// Any operation of the table, with bytes in and bytes out.
func ExampleClient_Do() {
	c := local(echo)
	resp, err := c.Do(context.Background(), client.Request{
		Op:     operation.Converse,
		Labels: []string{nova},
		Body:   []byte(`{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Get("output.message.content.0.text"))
	// Output: You said: Hello
}

// Any operation that streams: here OpenAI's Responses, in server-sent events.
func ExampleClient_Stream() {
	c := local(echo)
	stream, err := c.Stream(context.Background(), client.Request{
		Op:   operation.CreateResponse,
		Body: []byte(`{"model":"us.openai.gpt-6.1-sol","input":"Hello","stream":true}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	for ev, err := range stream.Events() {
		if err != nil {
			log.Fatal(err)
		}
		if ev.Get("type").String() == "response.output_text.delta" {
			fmt.Print(ev.Get("delta"))
		}
	}
	// Output: You said: Hello
}

// What a model can be called by, here and now.
func ExampleClient_Models() {
	c := local(nil)
	models, err := c.Models(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	i := slices.IndexFunc(models, func(m client.Model) bool { return m.ModelID == "anthropic.claude-haiku-4-5-20251001-v1:0" })
	fmt.Println(models[i].CallIDs[0])
	// Output: us.anthropic.claude-haiku-4-5-20251001-v1:0
}

// What went wrong, in all the ways in which a program may ask.
func ExampleError() {
	c := local(nil)
	_, err := c.Converse(context.Background(), client.NewConverse("anthropic.claude-haiku-4-5-20251001-v1:0", "Hello"))
	fmt.Println(errors.Is(err, client.ErrNeedsInferenceProfile), errors.Is(err, client.ErrThrottled))
	if e, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(e.Status, e.Code, len(e.Attempts))
		fmt.Println(e.Hint[:strings.Index(e.Hint, " or ")])
	}
	// Output:
	// true false
	// 400 ValidationException 1
	// anthropic.claude-haiku-4-5-20251001-v1:0 is called through an inference profile: try us.anthropic.claude-haiku-4-5-20251001-v1:0
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The wire is an http.RoundTripper. What it gets is signed: it may look at the
// request, send it elsewhere or answer it, and must not change it.
func ExampleWithTransport() {
	bedrock := &bedrocktest.Server{Reply: echo}
	c := local(nil, client.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
		fmt.Println(r.Method, r.URL)
		return bedrock.RoundTrip(r)
	})))
	answer, err := c.Converse(context.Background(), client.NewConverse(nova, "Hello"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text())
	// Output:
	// POST https://bedrock-runtime.us-east-1.amazonaws.com/model/us.amazon.nova-2-lite-v1%3A0/converse
	// You said: Hello
}

// A test with a recorded answer: no network and no credentials. In a test,
// cassette.ForTest(t) opens the file, and go test -record makes it.
func ExampleWithRecorder() {
	tape, err := cassette.Open("testdata/cassettes/ExampleWithRecorder.cassette", cassette.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer tape.Close()
	c, err := client.New(
		client.WithRecorder(tape.Wrap),
		client.WithRegion("us-east-1"),
		client.WithEnv(func(string) string { return "" }))
	if err != nil {
		log.Fatal(err)
	}
	answer, err := c.Converse(context.Background(), client.NewConverse(nova, "Hello"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text())
	// Output: You said: Hello
}
