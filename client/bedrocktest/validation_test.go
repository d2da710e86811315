package bedrocktest

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"rawbedrock/client/operation"
	"rawbedrock/testdata/vectors"
)

// AWS's own words for what it does not take.
func TestValidation(t *testing.T) {
	nova, claude, titan := "amazon.nova-lite-v1:0", sonnet, "amazon.titan-text-express-v1"
	text := func(s string) string { return `{"messages":[{"role":"user","content":[{"text":"` + s + `"}]}]}` }
	for _, c := range []struct {
		op          operation.Operation
		label, body string
		status      int
		message     string
	}{
		{operation.Converse, "does-not-exist", hello, 400, "The provided model identifier is invalid."},
		{operation.Converse, "us.amazon.nova-micro-v1:O", hello, 400, "The provided model identifier is invalid."},
		{operation.InvokeModel, "acme.model-v1:0", hello, 400, "The provided model identifier is invalid."},
		{operation.Converse, "arn:aws:bedrock:us-east-1::guardrail/x", hello, 400, "The provided model identifier is invalid."},
		{operation.Converse, "with space", hello, 400, "1 validation error detected: Value 'with space' at 'modelId' failed to satisfy constraint"},
		{operation.CountTokens, "does-not-exist-model-v1:0", `{"input":{"converse":` + hello + `}}`, 400, "The provided model identifier is invalid."},
		{operation.Converse, "anthropic.claude-instant-v1", hello, 404, "This model version has reached the end of its life. Please refer to the AWS documentation for more details."},
		{operation.Converse, "deepseek.r1-v1:0", hello, 400, "Invocation of model ID deepseek.r1-v1:0 with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model."},
		{operation.Converse, nova, `{"messages":[]}`, 400, "A conversation must start with a user message."},
		{operation.Converse, nova, `{"messages":[{"role":"assistant","content":[{"text":"x"}]}]}`, 400, "A conversation must start with a user message."},
		{operation.Converse, nova, `{"messages":[{"role":"user","content":[{"text":"x"}]},{"role":"user","content":[{"text":"x"}]}]}`, 400, "A conversation must alternate"},
		{operation.Converse, nova, `{"messages":[{"role":"robot","content":[{"text":"x"}]}]}`, 400, "1 validation error detected: Value 'robot' at 'messages.1.member.role'"},
		{operation.Converse, nova, `{"messages":[{"role":"user","content":[]}]}`, 400, "The content field in the Message object at messages.0 is empty."},
		{operation.Converse, nova, text(""), 400, "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, and try again."},
		{operation.Converse, nova, text("  "), 400, "is blank"},
		{operation.Converse, nova, `{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"maxTokens":0}}`, 400, "Value '0' at 'inferenceConfig.maxTokens'"},
		{operation.Converse, nova, `{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"temperature":1.5}}`, 400, "Value '1.5' at 'inferenceConfig.temperature'"},
		{operation.Converse, nova, `not JSON`, 400, "The request body is not a JSON object"},
		{operation.Converse, nova, `null`, 400, "The request body is not a JSON object"},
		{operation.Converse, "amazon.titan-embed-text-v2:0", hello, 400, "This action doesn't support the model that you provided."},
		{operation.InvokeModel, titan, `{"prompt":"x"}`, 400, "Malformed input request: 2 schema violations found, please reformat your input and try again."},
		{operation.InvokeModel, titan, `{}`, 400, "Malformed input request: #: required key [inputText] not found, please reformat your input and try again."},
		{operation.InvokeModel, titan, `{"inputText":5}`, 400, "#/inputText: expected type: String, found: Integer"},
		{operation.InvokeModel, titan, `{"inputText":""}`, 400, "#/inputText: expected minLength: 1"},
		{operation.InvokeModel, titan, `x`, 400, "Malformed input request, please reformat your input and try again."},
		{operation.InvokeModel, claude, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[{"role":"user","content":"x"}],"model":"m"}`, 400, "Malformed input request: #: extraneous key [model] is not permitted, please reformat your input and try again."},
		{operation.InvokeModel, claude, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[{"role":"user","content":""}]}`, 400, "messages: text content blocks must be non-empty"},
		{operation.InvokeModel, "openai.gpt-oss-20b-1:0", `{"model":"other","messages":[{"role":"user","content":"x"}]}`, 400, "is not the model of the URL"},
		{operation.InvokeModelWithResponseStream, "cohere.embed-v4:0", `{"texts":["x"],"input_type":"search_query"}`, 400, "The model is unsupported for streaming."},
		{operation.ChatCompletions, "", `{"messages":[{"role":"user","content":"x"}]}`, 400, "you must provide a model parameter"},
		{operation.ChatCompletions, "", `{"model":"` + claude + `","messages":[{"role":"user","content":"x"}]}`, 400, "does not support the '/v1/chat/completions' API"},
		{operation.ApplyGuardrail, "no guardrail|1", `{"source":"INPUT","content":[{"text":{"text":"x"}}]}`, 400, "at 'guardrailIdentifier'"},
		{operation.ApplyGuardrail, "abc|1", `{"source":"BOTH","content":[{"text":{"text":"x"}}]}`, 400, "Value 'BOTH' at 'source'"},
		{operation.Converse, nova, `{"messages":[{"role":"user","content":[{"text":"x"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"t1","name":"f","input":{}}}]},{"role":"user","content":[{"text":"x"}]}],"toolConfig":{"tools":[]}}`, 400,
			"Expected toolResult blocks at messages.2.content for the following Ids: t1"},
		{operation.Converse, nova, `{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"t1","content":[]}}]}]}`, 400, "exceeds the number of toolUse blocks"},
	} {
		a := call(t, &Server{}, c.op, c.label, c.body)
		message, _ := a.object(t)["message"].(string)
		if nested, ok := at(a.object(t), "error", "message").(string); ok {
			message = nested
		}
		if a.status != c.status || !strings.Contains(message, c.message) {
			t.Errorf("%s %s %s: %d %q", c.op.Name, c.label, c.body, a.status, message)
		}
		code, suffix, _ := strings.Cut(a.header.Get("X-Amzn-Errortype"), ":")
		if !strings.HasSuffix(code, "Exception") || !strings.HasPrefix(suffix, "http://internal.amazon.com/coral/") {
			t.Errorf("%s %s: type %q", c.op.Name, c.body, a.header.Get("X-Amzn-Errortype"))
		}
	}
}

// Every id and ARN that the peers were seen to send finds its way here.
func TestPathsOfThePeers(t *testing.T) {
	s := &Server{}
	for _, c := range vectors.Lines[struct {
		Op, Input string
		WireGo    string `json:"wire_go"`
	}](t, "vectors/sigv4/wire-paths.jsonl") {
		if c.Op != operation.Converse.Name && c.Op != operation.InvokeModel.Name || c.Input == "." || c.Input == ".." {
			continue
		}
		op, body := operation.Converse, hello
		if c.Op == operation.InvokeModel.Name {
			op, body = operation.InvokeModel, bodyFor(c.Input)
		}
		a := call(t, s, op, c.Input, body)
		real := strings.HasPrefix(c.Input, "arn:") || strings.Contains(c.Input, "-v1:0")
		if real && a.status != 200 || !real && a.status != 400 {
			t.Errorf("%s %s: %d %s", c.Op, c.Input, a.status, a.body)
		}
	}
}

// bodyFor is a body that fits a model id.
func bodyFor(id string) string {
	switch {
	case strings.Contains(id, "anthropic"):
		return `{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"x"}]}`
	case strings.Contains(id, "titan"):
		return `{"inputText":"x"}`
	case strings.Contains(id, "llama"):
		return `{"prompt":"x"}`
	}
	return hello
}

// Plausible ids of known families work without being on a list.
func TestPlausibleIds(t *testing.T) {
	for _, id := range []string{
		"amazon.nova-9-mega-v2:1", "us.amazon.nova-2-lite-v1:0", "global.anthropic.claude-opus-9", "eu.anthropic.claude-sonnet-5-5", "ca.meta.llama9-1b-instruct-v1:0",
		"us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "mistral.ministral-3-8b-instruct", "openai.gpt-oss-120b", "amazon.nova-lite-v1:0:24k", "qwen.qwen3-next-80b-a3b",
		"moonshotai.kimi-k2.5", "zai.glm-4.7-flash", "us.openai.gpt-6.1-sol", "us.xai.grok-4.6", "us.writer.palmyra-x5-v1:0", "nvidia.nemotron-nano-9b-v2",
		"arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.titan-text-express-v1:0:8k/abcdef123456",
	} {
		if a := call(t, &Server{}, operation.Converse, id, hello); a.status != 200 {
			t.Errorf("%s: %d %s", id, a.status, a.body)
		}
	}
}

// Paths that route nowhere: 200 with an exception for an ARN with a bare
// slash, 404 for the rest, and no signature is asked for.
func TestUnrouted(t *testing.T) {
	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/model/arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0/converse": {200, unknownOperation},
		"/model/amazon.nova-lite-v1:0/conversation":                                         {404, "<UnknownOperationException/>"},
		"/":                {404, "<UnknownOperationException/>"},
		"/model//converse": {400, "Member must have length greater than or equal to 1"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", "http://127.0.0.1"+path, strings.NewReader(hello))
		if err != nil {
			t.Fatal(err)
		}
		if a := send(t, &Server{}, r); a.status != want.status || !strings.Contains(string(a.body), want.body) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

// A part is written only when the hook lets it: the client has read the first
// before the second leaves.
func TestOnPartHoldsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan bool)
		s := &Server{OnPart: func(_ context.Context, _ Request, n int) {
			if n == 1 {
				<-gate
			}
		}}
		resp, err := s.RoundTrip(newRequest(t, "https://127.0.0.1", operation.ConverseStream, sonnet, hello))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		first := make([]byte, 4096)
		n, err := resp.Body.Read(first)
		if err != nil || n == 0 || !strings.Contains(string(first[:n]), "messageStart") || strings.Contains(string(first[:n]), "messageStop") {
			t.Fatalf("before the gate opens: %q, %v", first[:n], err)
		}
		close(gate)
		rest, err := io.ReadAll(resp.Body)
		if err != nil || !strings.Contains(string(rest), "messageStop") {
			t.Errorf("after it: %d bytes, %v", len(rest), err)
		}
	})
}

func TestHooksSeeRequests(t *testing.T) {
	var seen []Request
	var outcomes []Outcome
	s := &Server{OnRequest: func(r Request) { seen = append(seen, r) }, OnDone: func(_ Request, o Outcome) { outcomes = append(outcomes, o) }}
	good := call(t, s, operation.Converse, sonnet, hello)
	call(t, s, operation.ChatCompletions, "", helloAI, FaultHeader, "ThrottlingException")
	r := seen[0]
	if r.N != 1 || r.Operation.Name != "Converse" || r.Model != sonnet || string(r.Body) != hello || r.Identity.AccessKeyID != "AKIDEXAMPLE" || r.Identity.Region != "us-east-1" || r.ID != good.header.Get("X-Amzn-Requestid") {
		t.Errorf("%+v", r)
	}
	if seen[1].Model != "openai.gpt-oss-20b-1:0" || outcomes[0].Status != 200 || outcomes[0].Bytes != len(good.body) || outcomes[1].Status != 429 {
		t.Errorf("%+v %+v", seen[1], outcomes)
	}
}

// A thousand streams at once, over real connections.
func TestThousandStreams(t *testing.T) {
	url, rt := start(t, &Server{})
	rt.MaxIdleConnsPerHost = 100
	var all sync.WaitGroup
	failed := make(chan string, 1000)
	limit := make(chan bool, 500) // connections, for the descriptors of small machines
	for range 1000 {
		r := newRequest(t, url, operation.ConverseStream, sonnet, hello)
		all.Go(func() {
			limit <- true
			defer func() { <-limit }()
			resp, err := rt.RoundTrip(r)
			if err != nil {
				failed <- err.Error()
				return
			}
			defer resp.Body.Close()
			if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), "messageStop") {
				failed <- "cut"
			}
		})
	}
	all.Wait()
	if n := len(failed); n > 0 {
		t.Errorf("%d of 1000 streams failed, the first: %s", n, <-failed)
	}
}
