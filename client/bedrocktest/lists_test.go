package bedrocktest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"rawbedrock/client/operation"
)

func listCall(t *testing.T, s *Server, op operation.Operation, label, query string) answerOf {
	t.Helper()
	r := newRequest(t, "https://bedrock.us-east-1.amazonaws.com", op, label, "")
	r.URL.RawQuery = query
	s.Verify = VerifyOff
	return send(t, s, r)
}

func TestModelLists(t *testing.T) {
	s := &Server{Region: "us-east-1"}
	models := func(query string) []any {
		l, _ := listCall(t, s, operation.ListFoundationModels, "", query).object(t)["modelSummaries"].([]any)
		return l
	}
	all, anthropic, embeddings := models(""), models("byProvider=anthropic"), models("byOutputModality=EMBEDDING")
	if len(all) < 25 || len(anthropic) == 0 || len(embeddings) == 0 || len(anthropic) >= len(all) || len(models("byInferenceType=ON_DEMAND")) >= len(all) {
		t.Errorf("%d models, %d of Anthropic, %d embeddings", len(all), len(anthropic), len(embeddings))
	}
	// What the lists show as callable can be called, the rest not.
	for _, m := range all {
		id := at(m, "modelId").(string)
		found, err := findModel(id)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if onDemand := at(m, "inferenceTypesSupported", 0) == "ON_DEMAND"; onDemand != (found.callable() == nil) {
			t.Errorf("%s: listed as on demand: %v, callable: %v", id, onDemand, found.callable())
		}
		if got := at(listCall(t, s, operation.GetFoundationModel, id, "").object(t), "modelDetails", "modelArn"); got != at(m, "modelArn") {
			t.Errorf("%s: %v", id, got)
		}
	}
}

func TestInferenceProfilePages(t *testing.T) {
	s := &Server{Region: "us-east-1"}
	var ids []string
	for token, pages := "", 0; ; pages++ {
		o := listCall(t, s, operation.ListInferenceProfiles, "", "maxResults=7&nextToken="+url.QueryEscape(token)).object(t)
		page, _ := o["inferenceProfileSummaries"].([]any)
		for _, p := range page {
			ids = append(ids, at(p, "inferenceProfileId").(string))
		}
		if token, _ = o["nextToken"].(string); token == "" {
			break
		}
		if len(page) != 7 || pages > 20 {
			t.Fatalf("page %d has %d profiles", pages, len(page))
		}
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] || strings.HasPrefix(id, "eu.") {
			t.Errorf("%s comes twice or cannot be called from us-east-1", id)
		}
		seen[id] = true
		if m, err := findModel(id); err != nil || m.callable() != nil {
			t.Errorf("%s: %v", id, err)
		}
		if got := listCall(t, s, operation.GetInferenceProfile, id, "").object(t)["inferenceProfileId"]; got != id {
			t.Errorf("%s: got %v", id, got)
		}
	}
	if !seen[sonnet] || !seen["global.anthropic.claude-sonnet-5"] {
		t.Errorf("profiles %q", ids)
	}
	for query, status := range map[string]int{"type=APPLICATION": 200, "type=x": 400, "maxResults=0": 400, "nextToken=x": 400} {
		if a := listCall(t, s, operation.ListInferenceProfiles, "", query); a.status != status {
			t.Errorf("%s: %d", query, a.status)
		}
	}
	if a := listCall(t, s, operation.GetInferenceProfile, "us.nothing", ""); a.status != 404 {
		t.Errorf("unknown profile: %d", a.status)
	}
}

func TestAsyncInvoke(t *testing.T) {
	s := &Server{}
	body := `{"clientRequestToken":"%s","modelId":"amazon.nova-reel-v1:1","modelInput":{},"outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://bucket/x"}}}`
	start := func(token string) string {
		arn, _ := call(t, s, operation.StartAsyncInvoke, "", fmt.Sprintf(body, token)).object(t)["invocationArn"].(string)
		return arn
	}
	one, again, two := start("a"), start("a"), start("b")
	if one == "" || one != again || one == two {
		t.Errorf("ARNs %s %s %s", one, again, two)
	}
	if o := call(t, s, operation.GetAsyncInvoke, one, "").object(t); o["status"] != "Completed" || o["clientRequestToken"] != "a" {
		t.Errorf("%v", o)
	}
	first := func(query string) any {
		return at(listCall(t, s, operation.ListAsyncInvokes, "", query).object(t), "asyncInvokeSummaries", 0, "invocationArn")
	}
	if first("") != two || first("sortOrder=Ascending") != one || first("statusEquals=Failed") != nil || first("submitTimeAfter=2999-01-01T00:00:00Z") != nil {
		t.Errorf("%v %v", first(""), first("sortOrder=Ascending"))
	}
	s.Verify = VerifyOn
	for _, bad := range []string{"{}", strings.Replace(body, "s3://bucket/x", "file:///x", 1), strings.Replace(body, "nova-reel", "nova-lite", 1)} {
		if a := call(t, s, operation.StartAsyncInvoke, "", bad); a.status != 400 {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
}

func TestMantle(t *testing.T) {
	s := &Server{Verify: VerifyOff}
	models, _ := listCall(t, s, operation.MantleListModels, "", "").object(t)["data"].([]any)
	if len(models) < 5 || at(models, 0, "object") != "model" {
		t.Errorf("%v", models)
	}
	a := call(t, s, operation.MantleChatCompletions, "", strings.Replace(helloAI, "-1:0", "", 1))
	if text, _ := at(a.object(t), "choices", 0, "message", "content").(string); !strings.Contains(text, "mock") {
		t.Errorf("%d %s", a.status, a.body)
	}
	a = call(t, s, operation.MantleCountTokens, "", `{"model":"anthropic.claude-opus-5-5","messages":[{"role":"user","content":"Hi there"}]}`)
	if n, _ := a.object(t)["input_tokens"].(float64); n < 2 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestResponses(t *testing.T) {
	s := &Server{}
	a := call(t, s, operation.CreateResponse, "", `{"model":"us.openai.gpt-6.1-sol","input":"Hello world"}`)
	o := a.object(t)
	if text, _ := at(o, "output", 0, "content", 0, "text").(string); o["status"] != "completed" || !strings.Contains(text, "mock") {
		t.Errorf("%d %s", a.status, a.body)
	}
	id, _ := o["id"].(string)
	if got := call(t, s, operation.GetResponse, id, "").object(t); got["id"] != id {
		t.Errorf("kept: %v", got)
	}
	if a := call(t, s, operation.DeleteResponse, id, ""); a.status != 200 {
		t.Errorf("deleted: %d", a.status)
	}
	if a := call(t, s, operation.GetResponse, id, ""); a.status != 404 {
		t.Errorf("afterwards: %d", a.status)
	}
	a = call(t, s, operation.CreateResponse, "", `{"model":"us.openai.gpt-6.1-sol","input":[{"role":"user","content":"Hi"}],"stream":true}`)
	body := string(a.body)
	if strings.Contains(body, "[DONE]") || !strings.HasPrefix(body, "data: {") || !strings.HasSuffix(body, "\nevent: response.completed\n\n") {
		t.Errorf("%s", body)
	}
	for n := range strings.Count(body, "data: ") {
		if !strings.Contains(body, fmt.Sprintf(`"sequence_number":%d,`, n)) {
			t.Errorf("no sequence number %d", n)
		}
	}
	if a := call(t, s, operation.CreateResponse, "", `{"model":"openai.gpt-oss-20b-1:0","input":"Hi"}`); a.status != 400 {
		t.Errorf("gpt-oss: %d", a.status)
	}
}

func TestAnthropicMessages(t *testing.T) {
	s := &Server{}
	body := `{"model":"` + sonnet + `","max_tokens":100,"messages":[{"role":"user","content":"Hello world"}]`
	o := call(t, s, operation.CreateMessage, "", body+"}").object(t)
	whole, _ := at(o, "content", 0, "text").(string)
	a := call(t, s, operation.CreateMessage, "", body+`,"stream":true}`)
	if !strings.Contains(whole, "mock") || !strings.HasPrefix(string(a.body), "event: message_start\ndata: {") || !strings.Contains(string(a.body), "event: message_stop\n") {
		t.Errorf("%q, streamed %s", whole, a.body)
	}
	o = call(t, s, operation.CreateMessage, "", `{"model":"`+sonnet+`","messages":[]}`).object(t)
	if o["type"] != "error" || at(o, "error", "type") != "invalid_request_error" || o["request_id"] == nil {
		t.Errorf("%v", o)
	}
}

func TestGuardrails(t *testing.T) {
	s := &Server{}
	guard := []string{guardrailID, "abc", guardrailVersion, "DRAFT", guardrailTrace, "ENABLED"}
	prompt := func(text string) string { return `{"prompt":"` + text + `"}` }
	for text, action := range map[string]string{"Hi": "NONE", "mail a@example.com": "INTERVENED"} {
		o := call(t, s, operation.InvokeModel, "meta.llama3-1-8b-instruct-v1:0", prompt(text), guard...).object(t)
		if o["amazon-bedrock-guardrailAction"] != action || at(o, "amazon-bedrock-trace", "guardrail", "input", "abc") == nil {
			t.Errorf("%s: %v", text, o)
		}
		events := call(t, s, operation.InvokeModelWithResponseStream, "meta.llama3-1-8b-instruct-v1:0", prompt(text), guard...).events(t)
		last := events[len(events)-1].inner
		if last["amazon-bedrock-guardrailAction"] != action || (last["amazon-bedrock-invocationMetrics"] == nil) != (action == "INTERVENED") {
			t.Errorf("%s: streamed %v", text, last)
		}
	}
	if a := call(t, s, operation.InvokeModel, "meta.llama3-1-8b-instruct-v1:0", prompt("Hi"), guardrailID, "abc"); a.status != 400 {
		t.Errorf("without a version: %d", a.status)
	}
	checks := `{"checks":{"sensitiveInformation":{"entities":[{"type":"EMAIL"}]},"promptAttack":{"categories":[{"category":"JAILBREAK"}]}},"messages":[{"role":"user","content":[{"text":"mail a@example.com"}]}]}`
	o := call(t, s, operation.InvokeGuardrailChecks, "", checks).object(t)
	if at(o, "results", "sensitiveInformation", "results", 0, "beginOffset") != 5.0 || at(o, "results", "promptAttack", "results", 0, "severityScore") != 0.0 || at(o, "usage", "promptAttack", "textUnits") != 1.0 {
		t.Errorf("%v", o)
	}
}
