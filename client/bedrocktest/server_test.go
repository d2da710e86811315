package bedrocktest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"rawbedrock/client/operation"
)

func TestConverse(t *testing.T) {
	a := call(t, &Server{}, operation.Converse, sonnet, hello)
	o := a.object(t)
	text, _ := at(o, "output", "message", "content", 0, "text").(string)
	if a.status != 200 || !strings.Contains(text, "mock") || !strings.Contains(text, "Hello world") {
		t.Errorf("status %d, text %q", a.status, text)
	}
	if got := at(o, "stopReason"); got != "end_turn" {
		t.Errorf("stopReason %v", got)
	}
	if id := a.header.Get("X-Amzn-Requestid"); len(id) != 36 {
		t.Errorf("request id %q", id)
	}
}

func TestConverseStream(t *testing.T) {
	a := call(t, &Server{}, operation.ConverseStream, sonnet, hello)
	if got := a.header.Get("Content-Type"); got != "application/vnd.amazon.eventstream" {
		t.Errorf("Content-Type %q", got)
	}
	var kinds, text []string
	for _, e := range a.events(t) {
		kinds = append(kinds, e.kind)
		if p, _ := e.payload["p"].(string); len(p) < 2 || len(p) > 61 {
			t.Errorf("%s: padding %q", e.kind, p)
		}
		if s, ok := at(e.payload, "delta", "text").(string); ok {
			text = append(text, s)
		}
	}
	if n := len(kinds); n < 8 || kinds[0] != "messageStart" || kinds[n-2] != "messageStop" || kinds[n-1] != "metadata" {
		t.Errorf("events %q", kinds)
	}
	if len(text) < 4 || !strings.Contains(strings.Join(text, ""), "Hello world") {
		t.Errorf("deltas %q", text)
	}
	whole := call(t, &Server{}, operation.Converse, sonnet, hello).object(t)
	if want := at(whole, "output", "message", "content", 0, "text"); strings.Join(text, "") != want {
		t.Errorf("the stream says %q, the whole %q", strings.Join(text, ""), want)
	}
}

func TestChatCompletions(t *testing.T) {
	a := call(t, &Server{}, operation.ChatCompletions, "", helloAI)
	text, _ := at(a.object(t), "choices", 0, "message", "content").(string)
	if !strings.Contains(text, "mock") || a.header.Get("X-Request-Id") == "" {
		t.Errorf("text %q, headers %v", text, a.header)
	}
	a = call(t, &Server{}, operation.ChatCompletions, "", strings.TrimSuffix(helloAI, "}")+`,"stream":true,"stream_options":{"include_usage":true}}`)
	body := string(a.body)
	if got := a.header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("Content-Type %q", got)
	}
	if !strings.HasSuffix(body, "data: [DONE]\n\n") || !strings.Contains(body, `"usage":{`) || strings.Count(body, "data: {") < 8 {
		t.Errorf("body %s", body)
	}
}

// Each family answers in its own words, whole and streamed.
func TestInvokeFamilies(t *testing.T) {
	messages := `{"messages":[{"role":"user","content":"Hello world"}],"max_tokens":100`
	for _, c := range []struct {
		model, body string
		text        []any // path in the whole answer
		delta       []any // path in a chunk
	}{
		{sonnet, messages + `,"anthropic_version":"bedrock-2023-05-31"}`, []any{"content", 0, "text"}, []any{"delta", "text"}},
		{"amazon.nova-2-lite-v1:0", hello, []any{"output", "message", "content", 0, "text"}, []any{"contentBlockDelta", "delta", "text"}},
		{"amazon.titan-text-express-v1", `{"inputText":"Hello world"}`, []any{"results", 0, "outputText"}, []any{"outputText"}},
		{"meta.llama3-1-8b-instruct-v1:0", `{"prompt":"Hello world"}`, []any{"generation"}, []any{"generation"}},
		{"mistral.mistral-7b-instruct-v0:2", `{"prompt":"Hello world"}`, []any{"outputs", 0, "text"}, []any{"outputs", 0, "text"}},
		{"mistral.mistral-large-3-675b-instruct", messages + "}", []any{"choices", 0, "message", "content"}, []any{"choices", 0, "delta", "content"}},
		{"us.deepseek.r1-v1:0", `{"prompt":"Hello world"}`, []any{"choices", 0, "text"}, []any{"choices", 0, "text"}},
		{"deepseek.v3.2", messages + "}", []any{"choices", 0, "message", "content"}, []any{"choices", 0, "delta", "content"}},
		{"openai.gpt-oss-20b-1:0", messages + "}", []any{"choices", 0, "message", "content"}, []any{"choices", 0, "delta", "content"}},
		{"cohere.command-r-v1:0", `{"message":"Hello world"}`, []any{"text"}, []any{"text"}},
		{"cohere.command-text-v14", `{"prompt":"Hello world"}`, []any{"generations", 0, "text"}, []any{"text"}},
		{"ai21.jamba-1-5-mini-v1:0", messages + "}", []any{"choices", 0, "message", "content"}, []any{"choices", 0, "delta", "content"}},
		{"anthropic.claude-v2:1", `{"prompt":"\n\nHuman: Hello world\n\nAssistant:","max_tokens_to_sample":99}`, []any{"completion"}, []any{"completion"}},
		{"arn:aws:bedrock:us-east-1:123456789012:imported-model/ab1cd2ef3gh4", `{"prompt":"Hello world","max_gen_len":64}`, []any{"generation"}, []any{"generation"}},
	} {
		t.Run(c.model, func(t *testing.T) {
			a := call(t, &Server{}, operation.InvokeModel, c.model, c.body)
			if text, _ := at(a.object(t), c.text...).(string); a.status != 200 || !strings.Contains(text, "mock") || !strings.Contains(text, "Hello world") {
				t.Errorf("status %d: %s", a.status, a.body)
			}
			if a.header.Get("X-Amzn-Bedrock-Input-Token-Count") == "" || a.header.Get("X-Amzn-Bedrock-Output-Token-Count") == "" {
				t.Errorf("headers %v", a.header)
			}
			var text strings.Builder
			events := call(t, &Server{}, operation.InvokeModelWithResponseStream, c.model, c.body).events(t)
			for _, e := range events {
				s, _ := at(e.inner, c.delta...).(string)
				text.WriteString(s)
			}
			if !strings.Contains(text.String(), "Hello world") || len(events) < 5 {
				t.Errorf("%d chunks, text %q", len(events), text.String())
			}
			if at(events[len(events)-1].inner, "amazon-bedrock-invocationMetrics", "outputTokenCount") == nil {
				t.Errorf("no metrics in the last chunk: %v", events[len(events)-1].inner)
			}
		})
	}
}

func TestListens(t *testing.T) {
	s := &Server{}
	url, rt := start(t, s)
	a := send(t, rt, newRequest(t, url, operation.ConverseStream, sonnet, hello))
	if events := a.events(t); a.status != 200 || len(events) < 8 {
		t.Errorf("status %d, %d events", a.status, len(events))
	}
	old := func() time.Time { return time.Now().AddDate(-5, 0, 0) } // not the clock of TLS
	l, err := (&Server{Now: old, Verify: VerifyOff}).StartTLS("")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	resp, err := l.Client().Do(newRequest(t, l.URL, operation.Converse, sonnet, hello))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK {
		t.Errorf("%s %s, want HTTP/2", resp.Proto, resp.Status)
	}
}
