package bedrocktest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rawbedrock/client/operation"
	"rawbedrock/eventstream"
)

// Whatever comes, the server answers: with whole JSON, frames or events, and
// with a status that says whose fault it is.
func FuzzServer(f *testing.F) {
	f.Add(uint8(0), "amazon.titan-text-express-v1", `{"inputText":"Hi"}`, "")
	f.Add(uint8(1), sonnet, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}}`, "")
	f.Add(uint8(2), sonnet, hello, "")
	f.Add(uint8(3), "us.amazon.nova-lite-v1:0", `{"messages":[{"role":"user","content":[{"text":"x"}]}],"outputConfig":{"textFormat":{"structure":{"jsonSchema":{"schema":"{\"$ref\":\"#\"}"}}}}}`, "")
	f.Add(uint8(4), "meta.llama3-1-8b-instruct-v1:0", `{"input":{"invokeModel":{"body":"eyJwcm9tcHQiOiJ4In0="}}}`, "")
	f.Add(uint8(10), "", helloAI, "maxResults=1&nextToken=x")
	f.Add(uint8(11), "", `{"model":"us.openai.gpt-6.1-sol","input":[{"type":"function_call_output","output":"x"}],"stream":true}`, "")
	f.Add(uint8(0), "cohere.embed-v4:0", `{"texts":["x"],"input_type":"y","embedding_types":["int8"]}`, "")
	s := &Server{Verify: VerifyOff}
	f.Fuzz(func(t *testing.T, n uint8, label, body, query string) {
		op := operation.All[int(n)%len(operation.All)]
		labels := []string{label}
		switch strings.Count(op.Path, "{") {
		case 0:
			labels = nil
		case 2:
			labels = append(labels, "1")
		}
		path, err := op.Expand(labels...)
		if err != nil {
			return
		}
		u, err := url.Parse("http://127.0.0.1" + path)
		if err != nil {
			t.Fatal(err)
		}
		u.RawQuery = query
		resp, err := s.RoundTrip(&http.Request{Method: op.Method, URL: u, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))})
		if err != nil {
			t.Fatalf("%s %s: %v", op.Name, path, err)
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode < 200 || resp.StatusCode > 499 {
			t.Fatalf("%s %s: %d %s %v", op.Name, path, resp.StatusCode, got, err)
		}
		checkBody(t, resp.Header.Get("Content-Type"), got)
	})
}

func checkBody(t *testing.T, kind string, body []byte) {
	switch kind {
	case "application/json":
		if !json.Valid(body) && !bytes.HasPrefix(body, []byte("<Unknown")) {
			t.Errorf("not JSON: %s", body)
		}
	case "application/vnd.amazon.eventstream":
		for _, err := range eventstream.NewDecoder(bytes.NewReader(body)).All() {
			if err != nil {
				t.Error(err)
			}
		}
	case "text/event-stream":
		if !bytes.HasPrefix(body, []byte("data: ")) && !bytes.HasPrefix(body, []byte("event: ")) || !bytes.HasSuffix(body, []byte("\n\n")) {
			t.Errorf("no events: %s", body)
		}
	default:
		t.Errorf("content type %q", kind)
	}
}

// What is parsed passes its own check, and nothing panics.
func FuzzParseFault(f *testing.F) {
	for _, name := range FaultNames() {
		f.Add(name + "; delay=3ms; header.X=y")
		f.Add(name + "; at=1")
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := ParseFault(text)
		if err != nil {
			return
		}
		if err := fault.check(); err != nil {
			t.Error(err)
		}
		r := frames()
		r.event("messageStart", map[string]any{}, 0)
		if fault.BodySize > 1<<20 {
			return
		}
		if err := fault.change(r); err != nil {
			t.Error(err)
		}
		fault.breakPoint(r)
	})
}
