package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rawbedrock/client/bedrocktest"
)

// local is a client of a local Bedrock in this process.
func local(t testing.TB, s *bedrocktest.Server, opts ...Option) *Client {
	return newClient(t, "http://bedrock.test", append([]Option{WithTransport(s)}, opts...)...)
}

// scripted is a client whose requests f answers.
func scripted(t testing.TB, f func(r *http.Request, body string) (status int, answer string), opts ...Option) *Client {
	return newClient(t, "http://bedrock.test", append([]Option{WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
		var body []byte
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body)
		}
		status, answer := f(r, string(body))
		return &http.Response{StatusCode: status, Request: r, Header: http.Header{"X-Amzn-Requestid": {"id-1"}, "Content-Type": {"application/json"}},
			ContentLength: int64(len(answer)), Body: io.NopCloser(strings.NewReader(answer))}, nil
	}))}, opts...)...)
}

func TestConverse(t *testing.T) {
	c := local(t, &bedrocktest.Server{Reply: func(_, prompt string) string { return "You said " + prompt }})
	r, err := c.Converse(t.Context(), NewConverse(testModel, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Text() != "You said hello" || r.StopReason != StopEndTurn || r.Usage.OutputTokens == 0 || r.Get("usage.outputTokens").Int() != int64(r.Usage.OutputTokens) {
		t.Errorf("got %q, %s, %+v of %s", r.Text(), r.StopReason, r.Usage, r.Raw)
	}
	r, err = c.Converse(t.Context(), &ConverseRequest{ModelID: testModel, Messages: []Message{User("a longer prompt")}, InferenceConfig: &InferenceConfig{MaxTokens: 1}})
	if err != nil || !r.Truncated() {
		t.Errorf("maxTokens 1: stop reason %q, %v", r.StopReason, err)
	}
}

// Converse and ConverseStream give the same response.
func TestConverseStream(t *testing.T) {
	c := local(t, &bedrocktest.Server{Reply: func(_, prompt string) string { return "Some words for " + prompt }})
	req := NewConverse(testModel, "café")
	whole, err := c.Converse(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	open := func() *ConverseStream {
		s, err := c.ConverseStream(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	var pieces, again []string
	s := open()
	for text, err := range s.Text() {
		if err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, text)
	}
	for e, err := range open().Events() {
		if err != nil {
			t.Fatal(err)
		}
		if text := e.Text(); text != "" {
			again = append(again, text)
		}
	}
	if len(pieces) < 2 || strings.Join(pieces, "") != whole.Text() || !slices.Equal(pieces, again) {
		t.Errorf("Text gave %q, Events %q, want %q", pieces, again, whole.Text())
	}
	for name, s := range map[string]*ConverseStream{"after Text": s, "alone": open()} {
		got, err := s.Response()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got.Text() != whole.Text() || got.StopReason != whole.StopReason || got.Usage.OutputTokens != whole.Usage.OutputTokens || got.Get("stopReason").Str != whole.StopReason {
			t.Errorf("%s: got %+v, want %+v", name, got, whole)
		}
	}
}

func TestConverseStreamThatBreaks(t *testing.T) {
	c := local(t, &bedrocktest.Server{
		Reply:  func(_, _ string) string { return "one two three four" },
		Faults: []bedrocktest.Fault{{At: new(3), Exception: "internalServerException"}},
	})
	s, err := c.ConverseStream(t.Context(), NewConverse(testModel, "a"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Response()
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != "InternalServerException" && e.Code != "internalServerException" || e.Events != 3 {
		t.Errorf("got %#v", err)
	}
	if text := r.Text(); text == "" || text == "one two three four" || r.StopReason != "" {
		t.Errorf("the partial answer is %q, %q", text, r.StopReason)
	}
	if again, err2 := s.Response(); err2 == nil || again.Text() != r.Text() {
		t.Errorf("asked again: %q, %v", again.Text(), err2)
	}
}

func TestConverseStreamLeft(t *testing.T) {
	c := local(t, &bedrocktest.Server{Reply: func(_, _ string) string { return "one two three four" }})
	s, err := c.ConverseStream(t.Context(), NewConverse(testModel, "a"))
	if err != nil {
		t.Fatal(err)
	}
	for range s.Text() {
		break
	}
	if r, err := s.Response(); err == nil || r.Text() == "" {
		t.Errorf("after leaving: %q, %v", r.Text(), err)
	}
}

// An event that is no JSON ends the stream with an *Error.
func TestConverseStreamBadEvent(t *testing.T) {
	body := join([][]byte{frame("messageStart", `{"role":"assistant"}`), frame("metadata", `{"usage":`)})
	c := newClient(t, "http://bedrock.test", WithTransport(memory(eventStreamType, body)))
	s, err := c.ConverseStream(t.Context(), NewConverse(testModel, "a"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Response()
	e, ok := errors.AsType[*Error](err)
	if j, isJSON := errors.AsType[*JSONError](err); !ok || !isJSON || e.Op != "ConverseStream" || e.Hint == "" || j.Path != "metadata.usage" {
		t.Errorf("got %v", err)
	}
	if _, err2 := s.Response(); err2 == nil {
		t.Error("the second Response has no error")
	}
}

func TestConverseErrors(t *testing.T) {
	c := scripted(t, func(r *http.Request, _ string) (int, string) { return 200, `{"output":{"message":` })
	r, err := c.Converse(t.Context(), NewConverse(testModel, "a"))
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Status != 200 || e.RequestID != "id-1" || e.Model != testModel || len(e.Body) == 0 || len(e.Attempts) != 1 {
		t.Errorf("got %#v", err)
	}
	if r == nil || string(r.Raw) != `{"output":{"message":` {
		t.Errorf("the body that was paid for is lost: %+v", r)
	}
	null := scripted(t, func(*http.Request, string) (int, string) { return 200, ` null ` })
	if r, err := null.Converse(t.Context(), NewConverse(testModel, "a")); err == nil || r == nil || string(r.Raw) != ` null ` {
		t.Errorf("null for an answer: %+v, %v", r, err)
	}
	bad := NewConverse(testModel, "a")
	bad.Messages[0].Content[0].CachePoint = &CachePoint{Type: "default"}
	_, err = c.Converse(t.Context(), bad)
	if j, ok := errors.AsType[*JSONError](err); !errors.Is(err, ErrValidation) || !ok || j.Path != "messages.0.content.0" {
		t.Errorf("two members: %v", err)
	}
	if _, err = c.ConverseStream(t.Context(), bad); !errors.Is(err, ErrValidation) {
		t.Errorf("two members: %v", err)
	}
}

func TestWithLint(t *testing.T) {
	sent := 0
	server := func(r *http.Request, _ string) (int, string) { sent++; return 200, `{}` }
	var seen []Finding
	c := scripted(t, server, WithLint(func(f []Finding) error { seen = f; return nil }))
	req := NewConverse(testModel, "")
	if _, err := c.Converse(t.Context(), NewConverse(testModel, "good")); err != nil || seen != nil {
		t.Errorf("a good request: %v, %v", seen, err)
	}
	req.Messages[0].Content[0].Extra.odd = 1 // an empty text that is there
	if _, err := c.Converse(t.Context(), req); err != nil || len(seen) != 1 || seen[0].Rule != "empty-text" || sent != 2 {
		t.Errorf("a report without an error: %v, %v, %d sent", seen, err, sent)
	}
	stop := errors.New("no")
	c = scripted(t, server, WithLint(func([]Finding) error { return stop }))
	_, err := c.Converse(t.Context(), req)
	_, err2 := c.ConverseStream(t.Context(), req)
	if !errors.Is(err, stop) || !errors.Is(err2, stop) || sent != 2 {
		t.Errorf("a report with an error: %v, %v, %d sent", err, err2, sent)
	}
}

func TestOtherCalls(t *testing.T) {
	c := local(t, &bedrocktest.Server{})
	n, err := c.CountTokens(t.Context(), NewConverse("anthropic.claude-3-haiku-20240307-v1:0", "a few words").CountTokens())
	if err != nil || n.InputTokens == 0 {
		t.Errorf("CountTokens: %+v, %v", n, err)
	}
	g, err := c.ApplyGuardrail(t.Context(), &ApplyGuardrailRequest{GuardrailIdentifier: "abc123", GuardrailVersion: "DRAFT", Source: "INPUT",
		Content: []GuardrailContent{{Text: &GuardrailText{Text: "a"}}}})
	if err != nil || g.Action == "" {
		t.Errorf("ApplyGuardrail: %+v, %v", g, err)
	}
	k, err := c.InvokeGuardrailChecks(t.Context(), &GuardrailChecksRequest{
		Checks:   GuardrailChecks{PromptAttack: &CheckCategories{Categories: []CheckCategory{{Category: "JAILBREAK"}}}},
		Messages: []GuardrailChecksMessage{{Role: RoleUser, Content: []TextItem{{Text: "a"}}}},
	})
	if err != nil || k.Results.PromptAttack == nil {
		t.Errorf("InvokeGuardrailChecks: %+v, %v", k, err)
	}
}

func TestInvoke(t *testing.T) {
	c := local(t, &bedrocktest.Server{Reply: func(_, prompt string) string { return "You said " + prompt }})
	for _, model := range []string{"us.anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-micro-v1:0", "meta.llama3-8b-instruct-v1:0", "openai.gpt-oss-20b-1:0"} {
		f, ok := FamilyOf(model)
		if !ok {
			t.Fatal(model)
		}
		body, err := f.Body(Prompt{Text: "hello"})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Invoke(t.Context(), &InvokeRequest{ModelID: model, Body: body})
		if err != nil {
			t.Errorf("%s: %v", model, err)
			continue
		}
		if text := f.Text(resp.Body); !strings.Contains(text, "hello") {
			t.Errorf("%s: %q of %s", model, text, resp.Body)
		}
		if u, ok := HeaderUsage(resp.Header); !ok || u.OutputTokens == 0 {
			t.Errorf("%s: usage %+v of %v", model, u, resp.Header)
		}
		s, err := c.InvokeStream(t.Context(), &InvokeRequest{ModelID: model, Body: body})
		if err != nil {
			t.Errorf("%s: %v", model, err)
			continue
		}
		var text, stop string
		for e, err := range s.Events() {
			if err != nil {
				t.Fatal(err)
			}
			text += f.Delta(e.Payload)
			if r := f.Stop(e.Payload); r != "" {
				stop = r
			}
		}
		if text != f.Text(resp.Body) || stop == "" {
			t.Errorf("%s: streamed %q, stop %q, whole %q", model, text, stop, f.Text(resp.Body))
		}
	}
}

func TestInvokeHeaders(t *testing.T) {
	var got http.Header
	c := scripted(t, func(r *http.Request, _ string) (int, string) { got = r.Header; return 200, `{}` })
	_, err := c.Invoke(t.Context(), &InvokeRequest{ModelID: testModel, Body: []byte(`{}`), ContentType: "text/plain", Accept: "*/*", Trace: "ENABLED",
		GuardrailIdentifier: "abc", GuardrailVersion: "1", Latency: "optimized", ServiceTier: "flex", RequestMetadata: map[string]string{"b": "2", "a": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/plain", "Accept": "*/*", "X-Amzn-Bedrock-Trace": "ENABLED", "X-Amzn-Bedrock-GuardrailIdentifier": "abc",
		"X-Amzn-Bedrock-GuardrailVersion": "1", "X-Amzn-Bedrock-PerformanceConfig-Latency": "optimized", "X-Amzn-Bedrock-Service-Tier": "flex",
		"X-Amzn-Bedrock-Request-Metadata": `{"a":"1","b":"2"}`,
	} {
		if got.Get(name) != want || !strings.Contains(got.Get("Authorization"), strings.ToLower(name)) && strings.HasPrefix(name, "X-") {
			t.Errorf("%s: %q, signed as %s", name, got.Get(name), got.Get("Authorization"))
		}
	}
}

func TestAsyncInvoke(t *testing.T) {
	c := local(t, &bedrocktest.Server{})
	start := &StartAsyncInvokeRequest{ModelID: "amazon.nova-reel-v1:0", ModelInput: json.RawMessage(`{"taskType":"TEXT_VIDEO"}`),
		OutputDataConfig: AsyncOutput{S3OutputDataConfig: &AsyncS3Output{S3URI: "s3://bucket/prefix"}}}
	var arns []string
	for range 3 {
		r, err := c.StartAsyncInvoke(t.Context(), start)
		if err != nil {
			t.Fatal(err)
		}
		arns = append(arns, r.InvocationARN)
	}
	if start.ClientRequestToken != "" || arns[0] == arns[1] {
		t.Errorf("two calls are one job, or the request was changed: %v", arns)
	}
	job, err := c.GetAsyncInvoke(t.Context(), arns[0])
	if err != nil || job.Status != AsyncCompleted || job.SubmitTime.IsZero() || job.OutputDataConfig.S3OutputDataConfig == nil {
		t.Errorf("got %+v, %v", job, err)
	}
	var listed []string
	for job, err := range c.ListAsyncInvokes(t.Context(), ListAsyncInvokesRequest{MaxResults: 2, SortOrder: "Ascending", SubmitTimeAfter: time.Now().Add(-time.Hour)}) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, job.InvocationARN)
	}
	if !slices.Equal(listed, arns) {
		t.Errorf("listed %v, want %v", listed, arns)
	}
	for _, err := range c.ListAsyncInvokes(t.Context(), ListAsyncInvokesRequest{StatusEquals: "Lost"}) {
		if !errors.Is(err, ErrValidation) {
			t.Errorf("a bad status: %v", err)
		}
	}
}

// TestListAsyncInvokesPages: a list begins anew when it is read again, and one
// that has no end is an error.
func TestListAsyncInvokesPages(t *testing.T) {
	next := map[string]string{"": "a", "a": "b", "b": ""}
	c := scripted(t, func(r *http.Request, _ string) (int, string) {
		token := r.URL.Query().Get("nextToken")
		return 200, `{"asyncInvokeSummaries":[{"invocationArn":"arn` + token + `"}],"nextToken":"` + next[token] + `"}`
	}, WithCredentials(exampleKeys))
	list := c.ListAsyncInvokes(t.Context(), ListAsyncInvokesRequest{})
	read := func() (arns []string, err error) {
		for job, e := range list {
			if err = e; e == nil {
				arns = append(arns, job.InvocationARN)
			}
		}
		return arns, err
	}
	for range 2 {
		if arns, err := read(); err != nil || strings.Join(arns, " ") != "arn arna arnb" {
			t.Errorf("got %v, %v", arns, err)
		}
	}
	next["b"] = "b"
	if arns, err := read(); err == nil || !strings.Contains(err.Error(), "no end") || len(arns) != 3 {
		t.Errorf("got %v, %v", arns, err)
	}
}

// A request that is nil is refused as an empty one is, and nothing is sent.
func TestNilRequest(t *testing.T) {
	c := scripted(t, func(*http.Request, string) (int, string) { t.Error("sent"); return 200, "{}" })
	calls := map[string]error{}
	_, calls["Converse"] = c.Converse(t.Context(), nil)
	_, calls["ConverseStream"] = c.ConverseStream(t.Context(), nil)
	_, calls["CountTokens"] = c.CountTokens(t.Context(), nil)
	_, calls["ApplyGuardrail"] = c.ApplyGuardrail(t.Context(), nil)
	_, calls["StartAsyncInvoke"] = c.StartAsyncInvoke(t.Context(), nil)
	_, calls["InvokeModel"] = c.Invoke(t.Context(), nil)
	_, calls["InvokeModelWithResponseStream"] = c.InvokeStream(t.Context(), nil)
	for op, err := range calls {
		if e := theError(t, err); !errors.Is(err, ErrValidation) || e.Op != op || e.Region == "" {
			t.Errorf("%s: %+v", op, e)
		}
	}
	if len(Lint(nil)) == 0 {
		t.Error("Lint found nothing")
	}
}

func TestWaitAsyncInvoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		states := []string{"InProgress", "InProgress", "Failed"}
		n := 0
		c := scripted(t, func(r *http.Request, _ string) (int, string) {
			n++
			return 200, `{"invocationArn":"arn","modelArn":"m","submitTime":"2026-01-02T03:04:05Z","status":"` + states[min(n, 3)-1] + `","failureMessage":"too long"}`
		}, WithCredentials(exampleKeys))
		begin, seen := time.Now(), 0
		job, err := c.WaitAsyncInvoke(t.Context(), "arn", 10*time.Second, func(*AsyncInvoke) { seen++ })
		if !errors.Is(err, ErrModelError) || !strings.Contains(err.Error(), "too long") || job.Status != AsyncFailed || seen != 3 || time.Since(begin) != 20*time.Second {
			t.Errorf("got %+v, %v after %v and %d reports", job, err, time.Since(begin), seen)
		}
		n = 0
		if e := theError(t, err); e.Region == "" || e.Endpoint == "" || e.Model != "arn" {
			t.Errorf("not said where: %+v", e)
		}
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 15*time.Second, enough)
		defer cancel()
		states = []string{"InProgress", "InProgress", "InProgress"}
		if job, err := c.WaitAsyncInvoke(ctx, "arn", 10*time.Second, nil); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, enough) || job.Status != AsyncInProgress {
			t.Errorf("got %+v, %v", job, err)
		}
	})
}
