package client

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/client/cassette"
	"rawbedrock/client/operation"
)

// keptDir holds the cassettes that are kept for everybody's tests.
const keptDir = "../testdata/cassettes"

// keptCall is a request of a kept cassette. A label that begins with $ is a
// path into the answer before.
type keptCall struct {
	op    operation.Operation
	label string // several are joined with |
	body  string
	more  string // query, or headers as "NAME: VALUE"
}

// kept are the cassettes that are recorded from the local Bedrock, by the names
// of their files; faults are what goes wrong on purpose.
var kept = []struct {
	name   string
	faults []bedrocktest.Fault
	calls  []keptCall
}{
	{"converse", nil, []keptCall{{operation.Converse, nova, `{"messages":[{"role":"user","content":[{"text":"Name three rivers."}]}],"system":[{"text":"Be brief."}],"inferenceConfig":{"maxTokens":200,"temperature":0.5,"topP":0.9,"stopSequences":["END"]}}`, ""}}},
	{"converse-stream", nil, []keptCall{{operation.ConverseStream, nova, `{"messages":[{"role":"user","content":[{"text":"Name three rivers."}]}],"system":[{"text":"Be brief."}]}`, ""}}},
	{"converse-arn", nil, []keptCall{{operation.ConverseStream, "arn:aws:bedrock:us-east-1:111122223333:inference-profile/" + nova, `{"messages":[{"role":"user","content":[{"text":"By ARN."}]}],"requestMetadata":{"owner":"111122223333"}}`, ""}}},
	{"converse-max-tokens", nil, []keptCall{{operation.ConverseStream, nova, `{"messages":[{"role":"user","content":[{"text":"Name three rivers."}]}],"inferenceConfig":{"maxTokens":4}}`, ""}}},
	{"converse-tool", nil, []keptCall{
		{operation.Converse, keptClaude, `{"messages":[{"role":"user","content":[{"text":"What is the weather in Paris?"}]}],"toolConfig":` + keptTool + `}`, ""},
		{operation.Converse, keptClaude, `{"messages":[{"role":"user","content":[{"text":"What is the weather in Paris?"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"tooluse_1","name":"get_weather","input":{"city":"Paris"}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"tooluse_1","content":[{"json":{"celsius":21}}],"status":"success"}}]}],"toolConfig":` + strings.Replace(keptTool, `,"toolChoice":{"any":{}}`, "", 1) + `}`, ""},
	}},
	{"converse-stream-tool", nil, []keptCall{{operation.ConverseStream, keptClaude, `{"messages":[{"role":"user","content":[{"text":"What is the weather in Paris?"}]}],"toolConfig":` + keptTool + `}`, ""}}},
	{"converse-reasoning", nil, []keptCall{{operation.Converse, keptClaude, `{"messages":[{"role":"user","content":[{"text":"Is 91 prime?"}]}],"inferenceConfig":{"maxTokens":4000},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}}}`, ""}}},
	{"converse-stream-reasoning", nil, []keptCall{{operation.ConverseStream, keptClaude, `{"messages":[{"role":"user","content":[{"text":"Is 91 prime?"}]}],"inferenceConfig":{"maxTokens":4000},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}}}`, ""}}},
	{"converse-image", nil, []keptCall{{operation.ConverseStream, nova, `{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"` + keptPNG + `"}}},{"text":"What is in this picture?"}]}]}`, ""}}},
	{"converse-document", nil, []keptCall{{operation.Converse, nova, `{"messages":[{"role":"user","content":[{"document":{"format":"txt","name":"notes","source":{"bytes":"VGhlIG1lZXRpbmcgaXMgb24gTW9uZGF5Lgo="}}},{"text":"When is the meeting?"}]}]}`, ""}}},
	{"converse-guardrail", nil, []keptCall{
		{operation.Converse, nova, `{"messages":[{"role":"user","content":[{"text":"Write to jane@example.com"}]}],"guardrailConfig":{"guardrailIdentifier":"gr1abcdefghi","guardrailVersion":"1","trace":"enabled"}}`, ""},
		{operation.ConverseStream, nova, `{"messages":[{"role":"user","content":[{"text":"Write to jane@example.com"}]}],"guardrailConfig":{"guardrailIdentifier":"gr1abcdefghi","guardrailVersion":"1","trace":"enabled","streamProcessingMode":"sync"}}`, ""},
	}},
	{"invoke-claude", nil, []keptCall{{operation.InvokeModel, keptClaude, keptMessages, ""}, {operation.InvokeModelWithResponseStream, keptClaude, keptMessages, ""}}},
	{"invoke-nova", nil, []keptCall{{operation.InvokeModel, nova, `{"schemaVersion":"messages-v1","messages":[{"role":"user","content":[{"text":"Hello"}]}],"inferenceConfig":{"maxTokens":100}}`, ""}, {operation.InvokeModelWithResponseStream, nova, `{"schemaVersion":"messages-v1","messages":[{"role":"user","content":[{"text":"Hello"}]}]}`, ""}}},
	{"invoke-titan", nil, []keptCall{{operation.InvokeModel, "amazon.titan-text-express-v1", `{"inputText":"Hello","textGenerationConfig":{"maxTokenCount":50}}`, ""}, {operation.InvokeModelWithResponseStream, "amazon.titan-text-express-v1", `{"inputText":"Hello"}`, ""}}},
	{"invoke-llama", nil, []keptCall{{operation.InvokeModelWithResponseStream, "us.meta.llama3-3-70b-instruct-v1:0", `{"prompt":"Hello","max_gen_len":50}`, ""}}},
	{"invoke-mistral", nil, []keptCall{{operation.InvokeModel, "mistral.mistral-large-2402-v1:0", `{"prompt":"<s>[INST] Hello [/INST]","max_tokens":50}`, ""}}},
	{"invoke-command-r", nil, []keptCall{{operation.InvokeModelWithResponseStream, "cohere.command-r-v1:0", `{"message":"Hello","max_tokens":50}`, ""}}},
	{"invoke-guardrail", nil, []keptCall{{operation.InvokeModel, keptClaude, strings.Replace(keptMessages, "Hello", "Write to jane@example.com", 1), "X-Amzn-Bedrock-Guardrailidentifier: gr1abcdefghi; X-Amzn-Bedrock-Guardrailversion: 1; X-Amzn-Bedrock-Trace: ENABLED"}}},
	{"invoke-embedding", nil, []keptCall{{operation.InvokeModel, "amazon.titan-embed-text-v2:0", `{"inputText":"Hello","dimensions":256,"normalize":true}`, ""}}},
	{"invoke-image", nil, []keptCall{{operation.InvokeModel, "amazon.nova-canvas-v1:0", `{"taskType":"TEXT_IMAGE","textToImageParams":{"text":"a river"},"imageGenerationConfig":{"numberOfImages":1,"height":320,"width":320}}`, ""}}},
	{"count-tokens", nil, []keptCall{
		{operation.CountTokens, "anthropic.claude-sonnet-4-5-20250929-v1:0", `{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"How many tokens?"}]}]}}}`, ""},
		{operation.CountTokens, "anthropic.claude-sonnet-4-5-20250929-v1:0", `{"input":{"invokeModel":{"body":"eyJhbnRocm9waWNfdmVyc2lvbiI6ImJlZHJvY2stMjAyMy0wNS0zMSIsIm1heF90b2tlbnMiOjksIm1lc3NhZ2VzIjpbeyJyb2xlIjoidXNlciIsImNvbnRlbnQiOiJIb3cgbWFueSB0b2tlbnM/In1dfQ=="}}}`, ""},
	}},
	{"guardrail", nil, []keptCall{
		{operation.ApplyGuardrail, "gr1abcdefghi|1", `{"source":"INPUT","content":[{"text":{"text":"Write to jane@example.com"}}],"outputScope":"FULL"}`, ""},
		{operation.ApplyGuardrail, "gr1abcdefghi|DRAFT", `{"source":"OUTPUT","content":[{"text":{"text":"Nothing to see"}}]}`, ""},
		{operation.InvokeGuardrailChecks, "", `{"checks":{"sensitiveInformation":{"entities":[{"type":"EMAIL"}]},"promptAttack":{"categories":[{"category":"JAILBREAK"}]}},"messages":[{"role":"user","content":[{"text":"Write to jane@example.com"}]}]}`, ""},
	}},
	{"async-invoke", nil, []keptCall{
		{operation.StartAsyncInvoke, "", `{"modelId":"amazon.nova-reel-v1:1","modelInput":{"taskType":"TEXT_VIDEO","textToVideoParams":{"text":"a river"}},"outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://example-bucket/videos"}},"clientRequestToken":"token-1"}`, ""},
		{operation.GetAsyncInvoke, "$invocationArn", "", ""},
		{operation.ListAsyncInvokes, "", "", "?maxResults=10&sortOrder=Descending"},
	}},
	{"chat", nil, []keptCall{
		{operation.ChatCompletions, "", `{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello"}],"max_completion_tokens":100}`, ""},
		{operation.ChatCompletions, "", `{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"user","content":"Hello"}],"stream":true,"stream_options":{"include_usage":true}}`, ""},
		{operation.ChatCompletions, "", `{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"user","content":"The weather in Paris?"}],"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}],"tool_choice":"required"}`, ""},
	}},
	{"responses", nil, []keptCall{
		{operation.CreateResponse, "", `{"model":"us.openai.gpt-6.1-sol","input":"Hello"}`, ""},
		{operation.GetResponse, "$id", "", ""},
		{operation.DeleteResponse, "$id", "", ""},
		{operation.CreateResponse, "", `{"model":"us.openai.gpt-6.1-sol","input":[{"role":"user","content":"Hello"}],"stream":true}`, ""},
	}},
	{"messages", nil, []keptCall{
		{operation.CreateMessage, "", `{"model":"` + keptClaude + `","max_tokens":100,"messages":[{"role":"user","content":"Hello"}]}`, ""},
		{operation.CreateMessage, "", `{"model":"` + keptClaude + `","max_tokens":100,"messages":[{"role":"user","content":"Hello"}],"stream":true}`, ""},
	}},
	{"models", nil, []keptCall{
		{operation.ListFoundationModels, "", "", "?byProvider=meta"},
		{operation.GetFoundationModel, "amazon.nova-lite-v1:0", "", ""},
		{operation.GetFoundationModelAvailability, "amazon.nova-lite-v1:0", "", ""},
		{operation.ListInferenceProfiles, "", "", "?maxResults=2"},
		{operation.GetInferenceProfile, nova, "", ""},
	}},
	{"mantle", nil, []keptCall{
		{operation.MantleListModels, "", "", ""},
		{operation.MantleChatCompletions, "", `{"model":"openai.gpt-oss-20b","messages":[{"role":"user","content":"Hello"}],"stream":true}`, ""},
		{operation.MantleCreateResponse, "", `{"model":"openai.gpt-6.1-sol","input":"Hello"}`, ""},
		{operation.MantleCreateMessage, "", `{"model":"anthropic.claude-opus-5-5","max_tokens":100,"messages":[{"role":"user","content":"Hello"}]}`, ""},
		{operation.MantleCountTokens, "", `{"model":"anthropic.claude-opus-5-5","messages":[{"role":"user","content":"Hello"}]}`, ""},
	}},
	{"error-validation", nil, []keptCall{{operation.Converse, "no.such-model-v1:0", `{"messages":[{"role":"user","content":[{"text":"Answer with validation."}]}]}`, ""}, {operation.InvokeModel, keptClaude, `{"max_tokens":9}`, ""}}},
	{"error-access-denied", []bedrocktest.Fault{{Code: "AccessDeniedException", Message: "User: arn:aws:iam::111122223333:user/jane is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0 because no identity-based policy allows the bedrock:InvokeModel action"}}, []keptCall{{operation.Converse, nova, `{"messages":[{"role":"user","content":[{"text":"Answer with access denied."}]}]}`, ""}}},
	{"error-throttled", []bedrocktest.Fault{{Code: "ThrottlingException", Nth: []int{1}}}, []keptCall{{operation.ConverseStream, nova, `{"messages":[{"role":"user","content":[{"text":"Answer with throttled."}]}]}`, ""}}},
	{"error-unavailable", []bedrocktest.Fault{{Code: "ServiceUnavailableException", Nth: []int{1}}, {Code: "ModelNotReadyException", Nth: []int{1}}}, []keptCall{{operation.InvokeModel, keptClaude, strings.Replace(keptMessages, "Hello", "Answer with unavailable.", 1), ""}}},
	{"error-mid-stream", []bedrocktest.Fault{{Operation: "ConverseStream", Exception: "throttlingException", At: new(5)}, {Operation: "InvokeModelWithResponseStream", Exception: "modelStreamErrorException", At: new(3)}}, []keptCall{
		{operation.ConverseStream, nova, `{"messages":[{"role":"user","content":[{"text":"Answer with mid stream."}]}]}`, ""},
		{operation.InvokeModelWithResponseStream, keptClaude, strings.Replace(keptMessages, "Hello", "Answer with mid stream.", 1), ""},
	}},
	{"error-first-event", []bedrocktest.Fault{{Exception: "internalServerException"}}, []keptCall{{operation.ConverseStream, nova, `{"messages":[{"role":"user","content":[{"text":"Answer with first event."}]}]}`, ""}}},
	{"error-broken-off", []bedrocktest.Fault{{Break: "close", At: new(6)}}, []keptCall{{operation.ConverseStream, nova, `{"messages":[{"role":"user","content":[{"text":"Answer with broken off."}]}]}`, ""}}},
}

const (
	nova         = "us.amazon.nova-2-lite-v1:0"
	keptClaude   = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
	keptTool     = `{"tools":[{"toolSpec":{"name":"get_weather","description":"The weather in a city","inputSchema":{"json":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}}}}],"toolChoice":{"any":{}}}`
	keptMessages = `{"anthropic_version":"bedrock-2023-05-31","max_tokens":100,"messages":[{"role":"user","content":"Hello"}]}`
	keptPNG      = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

// TestRecordKept records them anew, when it is asked to: go test -run
// TestRecordKept -record. The clock is a made-up one.
func TestRecordKept(t *testing.T) {
	if flag.Lookup("record").Value.String() != "true" {
		t.Skip("only with -record")
	}
	for _, k := range kept {
		path := filepath.Join(keptDir, k.name+cassette.Extension)
		os.Remove(path)
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			server := &bedrocktest.Server{
				Verify: bedrocktest.VerifyOff, Faults: k.faults, Latency: 320 * time.Millisecond, Rate: 50,
				Now: func() time.Time { return time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC).Add(time.Since(start)) },
			}
			tape, err := cassette.Open(path, cassette.Options{Mode: cassette.Record, Redaction: cassette.Redaction{Getenv: noEnv}})
			if err != nil {
				t.Fatal(err)
			}
			env := func(name string) string { // the clocks are apart
				return map[string]string{"AWS_DISABLE_CLOCK_SKEW_CORRECTION": "true"}[name]
			}
			c, err := New(WithEnv(env), WithRegion("us-east-1"), WithTransport(server), WithCredentials(bedrocktest.Credentials()), WithRecorder(tape.Wrap))
			if err != nil {
				t.Fatal(err)
			}
			var before []byte
			for _, call := range k.calls {
				before, err = keptAnswer(t, c, call.request(before))
				if failing := strings.HasPrefix(k.name, "error-"); err != nil && !failing {
					t.Errorf("%s: %v", k.name, err)
				}
			}
			if err := tape.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func (k keptCall) request(before []byte) Request {
	r := Request{Op: k.op, Body: []byte(k.body), Header: http.Header{}}
	if strings.Contains(k.op.Path, "{") {
		r.Labels = strings.Split(k.label, "|")
	}
	if path, ok := strings.CutPrefix(k.label, "$"); ok {
		r.Labels = []string{Event{Payload: before}.Get(path).String()}
	}
	if query, ok := strings.CutPrefix(k.more, "?"); ok {
		r.Query, _ = url.ParseQuery(query)
	} else if k.more != "" {
		for h := range strings.SplitSeq(k.more, "; ") {
			name, value, _ := strings.Cut(h, ": ")
			r.Header.Set(name, value)
		}
	}
	return r
}

// keptAnswer makes a call, streaming if it is one, and returns the answer or
// the events.
func keptAnswer(t *testing.T, c *Client, r Request) ([]byte, error) {
	t.Helper()
	if !r.streams() {
		resp, err := c.Do(t.Context(), r)
		if err != nil {
			return nil, err
		}
		return resp.Body, nil
	}
	s, err := c.Stream(t.Context(), r)
	if err != nil {
		return nil, err
	}
	var all bytes.Buffer
	for ev, err := range s.Events() {
		if err != nil {
			return all.Bytes(), err
		}
		fmt.Fprintf(&all, "%s %s\n", ev.Type, ev.Payload)
	}
	return all.Bytes(), nil
}

// keptFiles are all kept cassettes, those written by hand too.
func keptFiles(t *testing.T) (files []string) {
	err := filepath.WalkDir(keptDir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, cassette.Extension) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Every kept cassette is sound and holds no secret, and every interaction of
// it gets through the client: an answer, or the error that was recorded.
func TestKeptCassettes(t *testing.T) {
	operations, text, asked := map[string]int{}, "", map[string]string{}
	for _, path := range keptFiles(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text += string(data)
		found, err := cassette.Verify(path)
		leaks, scanErr := cassette.Scan(path, cassette.Redaction{Getenv: noEnv})
		if err != nil || scanErr != nil || len(found)+len(leaks) > 0 {
			t.Errorf("%v %v %v %v", err, scanErr, found, leaks)
		}
		tape, err := cassette.Open(path, cassette.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, "https://bedrock-runtime.us-east-1.amazonaws.com", WithRecorder(tape.Wrap), WithTransport(nowhere(t)), WithRetry(Retry{MaxAttempts: 1}))
		for _, i := range tape.Interactions() {
			u, _ := url.Parse(i.Request.URL)
			op, labels, ok := operation.Match(i.Request.Method, u.EscapedPath())
			if !ok {
				t.Errorf("%s:%d: no operation", path, i.Line)
				continue
			}
			operations[op.Name]++
			key := i.Request.Method + i.Request.URL + string(i.Request.Body)
			if other := asked[key]; other != "" && other != path {
				t.Errorf("%s:%d: %s answers that too", path, i.Line, other)
			}
			asked[key] = path
			_, err := keptAnswer(t, c, Request{Op: op, Labels: labels, Query: u.Query(), Body: i.Request.Body})
			if wrong := i.Response.Status/100 != 2 || i.Response.Cut != "" || bytes.Contains(i.Response.Body, []byte("xception")); wrong != (err != nil) {
				t.Errorf("%s:%d: %v", path, i.Line, err)
			}
		}
		if left := tape.Unused(); len(left) > 0 {
			t.Errorf("%s: %d interactions are not reached", path, len(left))
		}
	}
	for _, shape := range keptShapes {
		if !strings.Contains(text, shape) {
			t.Errorf("no cassette has %q", shape)
		}
	}
	for _, op := range operation.All {
		if operations[op.Name] == 0 && op != operation.MantleCreateMessage { // its path is CreateMessage's
			t.Errorf("%s: no cassette", op.Name)
		}
	}
}

// keptShapes are what the kept cassettes must show.
var keptShapes = []string{
	`"toolUse": {`, `{"toolUse":{"input":`, `"toolResult": {`, `"reasoningText": {`, `{"reasoningContent":{"signature":`, `{"redactedContent":`,
	`"citationsContent": {`, `{"citation":{`, `"cachePoint": {`, `"cacheReadInputTokens": 1184`, `"inputAssessment": {`, "guardrail_intervened", `"image": {`, `"images": [`,
	`"document": {`, `"embedding": [`, "\nsse\n", "\n< 429 ", "\n< 403 ", "\n< 503 ", " !throttlingException ", " !modelStreamErrorException ", "\ncut +", "arn%3Aaws%3Abedrock%3Aus-east-1%3A000000000001",
}

// nowhere is a wire that must not be used.
func nowhere(t *testing.T) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s went to the network", r.URL)
		return nil, http.ErrServerClosed
	})
}
