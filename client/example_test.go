package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"strings"

	"rawbedrock/client"
	"rawbedrock/client/bedrocktest"
)

const nova = "us.amazon.nova-2-lite-v1:0"

// local is a client of a local Bedrock, which needs no network and no account.
func local(reply func(model, prompt string) string, opts ...client.Option) *client.Client {
	c, err := client.New(append([]client.Option{
		client.WithEnv(func(string) string { return "" }),
		client.WithRegion("us-east-1"),
		client.WithCredentials(bedrocktest.Credentials()),
		client.WithTransport(&bedrocktest.Server{Reply: reply}),
	}, opts...)...)
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func echo(_, prompt string) string { return "You said: " + prompt }

func ExampleClient_Converse() {
	c := local(echo)
	answer, err := c.Converse(context.Background(), client.NewConverse(nova, "Hello"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text())
	fmt.Println(answer.StopReason, answer.Truncated())
	// Output:
	// You said: Hello
	// end_turn false
}

// The pieces of the answer as they come, and at the end all of it.
func ExampleClient_ConverseStream() {
	c := local(echo)
	stream, err := c.ConverseStream(context.Background(), client.NewConverse(nova, "Hello"))
	if err != nil {
		log.Fatal(err)
	}
	for text, err := range stream.Text() {
		if err != nil {
			log.Fatal(err) // a stream that ends early is an error
		}
		fmt.Print(text)
	}
	answer, err := stream.Response()
	fmt.Println()
	fmt.Println(answer.StopReason, answer.Usage.OutputTokens > 0, err)
	// Output:
	// You said: Hello
	// end_turn true <nil>
}

// The model asks for a tool, gets its result, and answers.
func ExampleConverseResponse_ToolUses() {
	c := local(func(_, prompt string) string { return "The tool said: " + prompt })
	req := client.NewConverse(nova, "Use the weather tool for Paris.")
	req.ToolConfig = &client.ToolConfig{Tools: []client.Tool{{ToolSpec: &client.ToolSpec{
		Name:        "weather",
		Description: "The weather in a city",
		InputSchema: client.InputSchema{JSON: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`)},
	}}}}
	for range 5 { // not for ever
		answer, err := c.Converse(context.Background(), req)
		if err != nil {
			log.Fatal(err)
		}
		uses := answer.ToolUses()
		if len(uses) == 0 {
			fmt.Println(strings.HasSuffix(answer.Text(), "18 degrees"))
			break
		}
		req.Messages = append(req.Messages, *answer.Message()) // unchanged, with reasoning and signatures
		results := client.Message{Role: client.RoleUser}
		for _, use := range uses {
			fmt.Println("call", use.Name, json.Valid(use.Input))
			results.Content = append(results.Content, client.ToolResult(use.ToolUseID, "18 degrees"))
		}
		req.Messages = append(req.Messages, results)
	}
	// Output:
	// call weather true
	// true
}

// An image beside a prompt.
func ExampleImage() {
	c := local(echo)
	req := client.NewConverse(nova, "What is this?")
	req.Messages[0].Content = append(req.Messages[0].Content, client.Image("png", []byte("\x89PNG")))
	answer, err := c.Converse(context.Background(), req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text())
	// Output: You said: What is this? [image]
}

// The answer is held to a JSON schema.
func ExampleOutputConfig() {
	c := local(nil)
	req := client.NewConverse("us.anthropic.claude-haiku-4-5-20251001-v1:0", "Who wrote Faust?")
	req.OutputConfig = &client.OutputConfig{TextFormat: &client.TextFormat{
		Type: "json_schema",
		Structure: client.FormatStructure{JSONSchema: &client.JSONSchema{
			Name:   "author",
			Schema: `{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}`,
		}},
	}}
	answer, err := c.Converse(context.Background(), req)
	if err != nil {
		log.Fatal(err)
	}
	var author struct{ Name string }
	if err := json.Unmarshal([]byte(answer.Text()), &author); err != nil {
		log.Fatal(err)
	}
	fmt.Println(author.Name != "")
	// Output: true
}

// An inline guardrail: what it blocked has a stop reason of its own.
func ExampleGuardrailConfig() {
	c := local(echo)
	req := client.NewConverse(nova, "Write to jane@example.com")
	req.GuardrailConfig = &client.GuardrailConfig{GuardrailIdentifier: "abc123", GuardrailVersion: "DRAFT", Trace: "enabled"}
	answer, err := c.Converse(context.Background(), req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.StopReason == client.StopGuardrailIntervened, answer.Trace.Guardrail != nil)
	// Output: true true
}

func ExampleClient_ApplyGuardrail() {
	c := local(nil)
	result, err := c.ApplyGuardrail(context.Background(), &client.ApplyGuardrailRequest{
		GuardrailIdentifier: "abc123", GuardrailVersion: "DRAFT", Source: "INPUT",
		Content: []client.GuardrailContent{{Text: &client.GuardrailText{Text: "Write to jane@example.com"}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Action)
	// Output: GUARDRAIL_INTERVENED
}

// A prompt in a model's own format, whichever model it is.
func ExampleFamily() {
	c := local(echo)
	for _, model := range []string{"us.anthropic.claude-sonnet-4-5-20250929-v1:0", "meta.llama3-8b-instruct-v1:0"} {
		family, ok := client.FamilyOf(model)
		if !ok {
			log.Fatal("say the family by FamilyByName")
		}
		body, err := family.Body(client.Prompt{Text: "Hello", MaxTokens: 100})
		if err != nil {
			log.Fatal(err)
		}
		answer, err := c.Invoke(context.Background(), &client.InvokeRequest{ModelID: model, Body: body})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(family.Name, strings.Contains(family.Text(answer.Body), "Hello"))
	}
	// Output:
	// claude true
	// llama true
}

func ExampleFamily_Result() {
	c := local(nil)
	model := "amazon.titan-embed-text-v2:0"
	family, _ := client.FamilyOf(model)
	body, err := family.Body(client.Prompt{Text: "Hello"})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := c.Invoke(context.Background(), &client.InvokeRequest{ModelID: model, Body: body})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(family.Kind, len(family.Result(answer.Body).Array()))
	// Output: embedding 1024
}

// A member that this package does not know yet is kept, read and sent.
func ExampleExtra() {
	var usage client.TokenUsage
	if err := client.Unmarshal([]byte(`{"inputTokens":3,"outputTokens":4,"totalTokens":7,"thinking":{"tokens":2}}`), &usage); err != nil {
		log.Fatal(err)
	}
	fmt.Println(usage.Extra.Get("thinking.tokens"))

	req := client.NewConverse(nova, "Hello")
	req.Extra.Set("tomorrow", json.RawMessage(`{"on":true}`))
	body, err := client.Marshal(req)
	fmt.Println(string(body), err)
	// Output:
	// 2
	// {"messages":[{"role":"user","content":[{"text":"Hello"}]}],"tomorrow":{"on":true}} <nil>
}

// What Bedrock would refuse, before it is asked.
func ExampleLint() {
	req := client.NewConverse(nova, "Read this")
	req.Messages[0].Content = append(req.Messages[0].Content, client.Document("pdf", "report_v2.pdf", []byte("%PDF")))
	for _, finding := range client.Lint(req) {
		fmt.Println(finding.Path, finding.Rule)
	}
	fmt.Println(client.DocumentName("report_v2.pdf"))
	// Output:
	// messages.0.content.1.document.name document-name
	// report v2 pdf
}

// Events from anywhere, a recording for example, become a response.
func ExampleAssembler() {
	var a client.Assembler
	for _, e := range []client.Event{
		{Type: "messageStart", Payload: []byte(`{"role":"assistant"}`)},
		{Type: "contentBlockDelta", Payload: []byte(`{"contentBlockIndex":0,"delta":{"text":"Hel"}}`)},
		{Type: "contentBlockDelta", Payload: []byte(`{"contentBlockIndex":0,"delta":{"text":"lo"}}`)},
		{Type: "messageStop", Payload: []byte(`{"stopReason":"max_tokens"}`)},
	} {
		if err := a.Add(e); err != nil {
			log.Fatal(err)
		}
	}
	answer := a.Response()
	fmt.Println(answer.Text(), answer.Truncated())
	// Output: Hello true
}
