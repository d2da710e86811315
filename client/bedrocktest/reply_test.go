package bedrocktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"rawbedrock/client/operation"
)

const tools = `"tools":[{"toolSpec":{"name":"get_time","inputSchema":{"json":{"type":"object"}}}},
	{"toolSpec":{"name":"get_weather","inputSchema":{"json":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":3}},"required":["city","days"]}}}}]`

// Tools are called when they must be, in each dialect, whole and streamed.
func TestForcedTools(t *testing.T) {
	s := &Server{}
	schema := `{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`
	claudeTools := `{"model":"` + sonnet + `","max_tokens":500,"messages":[{"role":"user","content":"Weather?"}],"tools":[{"name":"get_weather","input_schema":` + schema + `}],"tool_choice":{"type":"tool","name":"get_weather"}`
	chatTools := strings.TrimSuffix(helloAI, "}") + `,"tools":[{"type":"function","function":{"name":"get_weather","parameters":` + schema + `}}],"tool_choice":"required"`
	for _, c := range []struct {
		name       string
		op, stream operation.Operation
		label      string
		body       string
		stop       []any
		wantStop   string
		input      []any
		pieces     []any
	}{
		{"Converse", operation.Converse, operation.ConverseStream, sonnet,
			`{"messages":[{"role":"user","content":[{"text":"Weather?"}]}],"toolConfig":{` + tools + `,"toolChoice":{"tool":{"name":"get_weather"}}}}`,
			[]any{"stopReason"}, "tool_use", []any{"output", "message", "content", 0, "toolUse", "input"}, []any{"delta", "toolUse", "input"}},
		{"Nova", operation.InvokeModel, operation.InvokeModelWithResponseStream, "amazon.nova-pro-v1:0",
			`{"messages":[{"role":"user","content":[{"text":"Weather?"}]}],"toolConfig":{` + tools + `,"toolChoice":{"tool":{"name":"get_weather"}}}}`,
			[]any{"stopReason"}, "tool_use", []any{"output", "message", "content", 0, "toolUse", "input"}, []any{"contentBlockDelta", "delta", "toolUse", "input"}},
		{"Claude", operation.InvokeModel, operation.InvokeModelWithResponseStream, sonnet,
			strings.Replace(claudeTools, `"model":"`+sonnet+`"`, `"anthropic_version":"bedrock-2023-05-31"`, 1) + "}",
			[]any{"stop_reason"}, "tool_use", []any{"content", 0, "input"}, []any{"delta", "partial_json"}},
		{"OpenAI", operation.InvokeModel, operation.InvokeModelWithResponseStream, "openai.gpt-oss-20b-1:0", chatTools + "}",
			[]any{"choices", 0, "finish_reason"}, "tool_calls", []any{"choices", 0, "message", "tool_calls", 0, "function", "arguments"},
			[]any{"choices", 0, "delta", "tool_calls", 0, "function", "arguments"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := call(t, s, c.op, c.label, c.body).object(t)
			if got := at(o, c.stop...); got != c.wantStop {
				t.Errorf("stopped for %v", got)
			}
			input := at(o, c.input...)
			if text, ok := input.(string); ok {
				input = nil
				json.Unmarshal([]byte(text), &input)
			}
			if city, _ := at(input, "city").(string); !strings.Contains(city, "mock") {
				t.Errorf("input %v", input)
			}
			var joined strings.Builder
			n := 0
			for _, e := range call(t, s, c.stream, c.label, c.body).events(t) {
				from := e.payload
				if e.inner != nil {
					from = e.inner
				}
				if p, ok := at(from, c.pieces...).(string); ok {
					joined.WriteString(p)
					n++
				}
			}
			var streamed any
			if err := json.Unmarshal([]byte(joined.String()), &streamed); err != nil || n < 3 || fmt.Sprint(streamed) != fmt.Sprint(input) {
				t.Errorf("%d pieces make %q, want %v", n, joined.String(), input)
			}
		})
	}
	for name, body := range map[string]string{
		"any":          `"toolChoice":{"any":{}}`,
		"by name":      `"toolChoice":{"tool":{"name":"get_time"}}`,
		"in the words": `"toolChoice":{"auto":{}}`,
	} {
		o := call(t, s, operation.Converse, sonnet, `{"messages":[{"role":"user","content":[{"text":"Call get_time!"}]}],"toolConfig":{`+tools+`,`+body+`}}`).object(t)
		if got := at(o, "output", "message", "content", 0, "toolUse", "name"); got != "get_time" {
			t.Errorf("%s: %v", name, o)
		}
	}
	o := call(t, s, operation.Converse, sonnet, `{"messages":[{"role":"user","content":[{"text":"Weather?"}]}],"toolConfig":{`+tools+`}}`).object(t)
	if at(o, "stopReason") != "end_turn" {
		t.Errorf("left to itself: %v", o)
	}
	a := call(t, s, operation.Converse, sonnet, `{"messages":[{"role":"user","content":[{"text":"Weather?"}]}],"toolConfig":{`+tools+`,"toolChoice":{"tool":{"name":"nothing"}}}}`)
	if a.status != 400 {
		t.Errorf("a tool that is not there: %d %s", a.status, a.body)
	}
	array := strings.Replace(tools, `"type":"object"`, `"type":"array"`, 1)
	a = call(t, s, operation.Converse, sonnet, `{"messages":[{"role":"user","content":[{"text":"Weather?"}]}],"toolConfig":{`+array+`,"toolChoice":{"tool":{"name":"get_time"}}}}`)
	if a.status != 400 || !strings.Contains(string(a.body), "must be object") {
		t.Errorf("a tool that takes an array: %d %s", a.status, a.body)
	}
}

// A tool's result leads to an answer in words.
func TestToolResult(t *testing.T) {
	body := `{"messages":[{"role":"user","content":[{"text":"Weather?"}]},
		{"role":"assistant","content":[{"toolUse":{"toolUseId":"tooluse_1","name":"get_weather","input":{"city":"Bern"}}}]},
		{"role":"user","content":[{"toolResult":{"toolUseId":"tooluse_1","content":[{"json":{"sky":"blue"}}]}}]}],"toolConfig":{` + tools + `}}`
	o := call(t, &Server{}, operation.Converse, sonnet, body).object(t)
	if text, _ := at(o, "output", "message", "content", 0, "text").(string); !strings.Contains(text, `the result of a tool: {"sky":"blue"}`) {
		t.Errorf("%v", o)
	}
}

func TestStructuredOutput(t *testing.T) {
	s := &Server{}
	schema := `{"type":"object","properties":{"city":{"type":"string"},"rank":{"enum":[2,1]}},"required":["city","rank"],"additionalProperties":false}`
	quoted, _ := json.Marshal(schema)
	converse := func(schema string) answerOf {
		return call(t, s, operation.Converse, sonnet, `{"messages":[{"role":"user","content":[{"text":"Hi"}]}],"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":`+schema+`,"name":"x"}}}}}`)
	}
	texts := map[string]any{
		"Converse": at(converse(string(quoted)).object(t), "output", "message", "content", 0, "text"),
		"Claude": at(call(t, s, operation.InvokeModel, sonnet, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":99,"messages":[{"role":"user","content":"Hi"}],"output_config":{"format":{"type":"json_schema","schema":`+schema+`}}}`).object(t),
			"content", 0, "text"),
		"Chat": at(call(t, s, operation.ChatCompletions, "", strings.TrimSuffix(helloAI, "}")+`,"response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":`+schema+`}}}`).object(t),
			"choices", 0, "message", "content"),
		"Responses": at(call(t, s, operation.CreateResponse, "", `{"model":"us.openai.gpt-6.1-sol","input":"Hi","text":{"format":{"type":"json_schema","name":"x","schema":`+schema+`}}}`).object(t),
			"output", 0, "content", 0, "text"),
	}
	for name, text := range texts {
		if text != `{"city":"mock city","rank":2}` {
			t.Errorf("%s: %v", name, text)
		}
	}
	a := converse(`"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"pattern\":\"x\"}}}"`)
	if a.status != 400 || !strings.Contains(string(a.body), `\"pattern\"`) || !strings.Contains(string(a.body), "#/properties/a") {
		t.Errorf("an unknown keyword: %d %s", a.status, a.body)
	}
	if a := converse(`"{"`); a.status != 400 {
		t.Errorf("no schema: %d %s", a.status, a.body)
	}
	a = call(t, s, operation.ChatCompletions, "", strings.TrimSuffix(helloAI, "}")+`,"response_format":{"type":"json_object"}}`)
	if a.status != 400 || !strings.Contains(string(a.body), "json") {
		t.Errorf("json_object without the word: %d %s", a.status, a.body)
	}
}

// Stop sequences and max tokens end the answer, and it says so.
func TestStops(t *testing.T) {
	s := &Server{}
	prompt := "one two STOP three"
	for _, c := range []struct {
		name        string
		op          operation.Operation
		label, body string // with %s for the limit
		max, stop   string
		text        []any
		reason      []any
		maxReason   string
		stopReason  string
		tokens      []any
	}{
		{"Converse", operation.Converse, sonnet, `{"messages":[{"role":"user","content":[{"text":"` + prompt + `"}]}],"inferenceConfig":{%s}}`,
			`"maxTokens":4`, `"stopSequences":["x","STOP"]`, []any{"output", "message", "content", 0, "text"}, []any{"stopReason"}, "max_tokens", "stop_sequence", []any{"usage", "outputTokens"}},
		{"Claude", operation.InvokeModel, sonnet, `{"anthropic_version":"bedrock-2023-05-31","messages":[{"role":"user","content":"` + prompt + `"}],%s}`,
			`"max_tokens":4`, `"max_tokens":99,"stop_sequences":["STOP"]`, []any{"content", 0, "text"}, []any{"stop_reason"}, "max_tokens", "stop_sequence", []any{"usage", "output_tokens"}},
		{"Chat", operation.ChatCompletions, "", `{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"user","content":"` + prompt + `"}],%s}`,
			`"max_completion_tokens":4`, `"stop":"STOP"`, []any{"choices", 0, "message", "content"}, []any{"choices", 0, "finish_reason"}, "length", "stop", []any{"usage", "completion_tokens"}},
		{"Titan", operation.InvokeModel, "amazon.titan-text-express-v1", `{"inputText":"` + prompt + `","textGenerationConfig":{%s}}`,
			`"maxTokenCount":4`, `"stopSequences":["STOP"]`, []any{"results", 0, "outputText"}, []any{"results", 0, "completionReason"}, "LENGTH", "STOP_CRITERIA_MET", []any{"results", 0, "tokenCount"}},
		{"Llama", operation.InvokeModel, "meta.llama3-1-8b-instruct-v1:0", `{"prompt":"` + prompt + `",%s}`,
			`"max_gen_len":4`, "", []any{"generation"}, []any{"stop_reason"}, "length", "stop", []any{"generation_token_count"}},
		{"Mistral", operation.InvokeModel, "mistral.mistral-7b-instruct-v0:2", `{"prompt":"` + prompt + `",%s}`,
			`"max_tokens":4`, `"stop":["STOP"]`, []any{"outputs", 0, "text"}, []any{"outputs", 0, "stop_reason"}, "length", "stop", nil},
	} {
		o := call(t, s, c.op, c.label, fmt.Sprintf(c.body, c.max)).object(t)
		if text := at(o, c.text...); at(o, c.reason...) != c.maxReason || strings.TrimSpace(fmt.Sprint(text)) != "A mock answer," {
			t.Errorf("%s, max tokens: %v", c.name, o)
		}
		if c.tokens != nil && at(o, c.tokens...) != 4.0 {
			t.Errorf("%s: %v tokens", c.name, at(o, c.tokens...))
		}
		if c.stop == "" {
			continue
		}
		o = call(t, s, c.op, c.label, fmt.Sprintf(c.body, c.stop)).object(t)
		if text := fmt.Sprint(at(o, c.text...)); at(o, c.reason...) != c.stopReason || !strings.HasSuffix(text, "to: one two ") {
			t.Errorf("%s, stop sequence: %v", c.name, o)
		}
	}
	o := call(t, s, operation.Converse, sonnet, `{"messages":[{"role":"user","content":[{"text":"a STOP"}]}],"inferenceConfig":{"stopSequences":["STOP"]},"additionalModelResponseFieldPaths":["/stop_sequence"]}`).object(t)
	if at(o, "additionalModelResponseFields", "stop_sequence") != "STOP" {
		t.Errorf("%v", o)
	}
}

// A tool call that max tokens cuts has no input whole, and half of it streamed.
func TestCutToolCall(t *testing.T) {
	body := `{"messages":[{"role":"user","content":[{"text":"Weather?"}]}],"inferenceConfig":{"maxTokens":3},"toolConfig":{` + tools + `,"toolChoice":{"tool":{"name":"get_weather"}}}}`
	o := call(t, &Server{}, operation.Converse, sonnet, body).object(t)
	input, _ := at(o, "output", "message", "content", 0, "toolUse", "input").(map[string]any)
	if at(o, "stopReason") != "max_tokens" || input == nil || len(input) > 0 {
		t.Errorf("%v", o)
	}
	var joined strings.Builder
	for _, e := range call(t, &Server{}, operation.ConverseStream, sonnet, body).events(t) {
		p, _ := at(e.payload, "delta", "toolUse", "input").(string)
		joined.WriteString(p)
	}
	if json.Valid([]byte(joined.String())) || joined.Len() == 0 {
		t.Errorf("streamed %q", joined.String())
	}
}

func TestReasoning(t *testing.T) {
	s := &Server{}
	body := `{"messages":[{"role":"user","content":[{"text":"Hi"}]}],"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}}}`
	o := call(t, s, operation.Converse, sonnet, body).object(t)
	text, _ := at(o, "output", "message", "content", 0, "reasoningContent", "reasoningText", "text").(string)
	if !strings.Contains(text, "mock") || at(o, "output", "message", "content", 1, "text") == nil {
		t.Errorf("%v", o)
	}
	var streamed strings.Builder
	signed := false
	for _, e := range call(t, s, operation.ConverseStream, sonnet, body).events(t) {
		p, _ := at(e.payload, "delta", "reasoningContent", "text").(string)
		streamed.WriteString(p)
		signed = signed || at(e.payload, "delta", "reasoningContent", "signature") != nil
		if e.kind == "contentBlockStart" {
			t.Errorf("reasoning has a start: %v", e)
		}
	}
	if streamed.String() != text || !signed {
		t.Errorf("streamed %q, want %q; signed %v", streamed.String(), text, signed)
	}
	if o := call(t, s, operation.Converse, sonnet, hello).object(t); at(o, "output", "message", "content", 0, "reasoningContent") != nil {
		t.Errorf("unasked: %v", o)
	}
}

// The same request has the same answer, to the byte, from any server.
func TestDeterministic(t *testing.T) {
	for _, op := range []operation.Operation{operation.Converse, operation.ConverseStream, operation.InvokeModel, operation.InvokeModelWithResponseStream, operation.ChatCompletions} {
		label, body := "amazon.nova-lite-v1:0", hello
		if op.Name == operation.ChatCompletions.Name {
			body = helloAI
		}
		one, two := &Server{}, &Server{}
		call(t, two, op, label, strings.Replace(body, "Hello", "Bye", 1))
		a, b := call(t, one, op, label, body), call(t, two, op, label, body)
		if !bytes.Equal(a.body, b.body) || len(a.body) == 0 {
			t.Errorf("%s:\n%s\n%s", op.Name, a.body, b.body)
		}
		if c := call(t, one, op, label, strings.Replace(body, "Hello", "Bye", 1)); bytes.Equal(a.body, c.body) {
			t.Errorf("%s: another prompt has the same answer", op.Name)
		}
		if x, y := a.header.Get("X-Amzn-Requestid"), call(t, one, op, label, body).header.Get("X-Amzn-Requestid"); x == y {
			t.Errorf("%s: two requests have the id %s", op.Name, x)
		}
	}
}
