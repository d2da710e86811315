package bedrocktest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"rawbedrock/client/operation"
	"rawbedrock/eventstream"
	"rawbedrock/sigv4"
)

// answerOf is a response as a client sees it.
type answerOf struct {
	status int
	header http.Header
	body   []byte
	err    error // of reading the body
}

func (a answerOf) object(t *testing.T) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(a.body, &o); err != nil {
		t.Fatalf("status %d, body %.300q: %v", a.status, a.body, err)
	}
	return o
}

// event is a frame with the padding taken out; inner is a chunk's own JSON.
type event struct {
	kind, message string
	payload       map[string]any
	inner         map[string]any
}

func (a answerOf) events(t *testing.T) []event {
	t.Helper()
	if a.err != nil {
		t.Fatalf("body: %v", a.err)
	}
	var all []event
	for m, err := range eventstream.NewDecoder(bytes.NewReader(a.body)).All() {
		if err != nil {
			t.Fatalf("after %d events: %v", len(all), err)
		}
		e := event{kind: m.Headers.Text(":event-type") + m.Headers.Text(":exception-type"), message: m.Headers.Text(":message-type")}
		if err := json.Unmarshal(m.Payload, &e.payload); err != nil {
			t.Fatalf("event %d: %v", len(all), err)
		}
		if b, ok := e.payload["bytes"].(string); ok {
			inner, err := base64.StdEncoding.DecodeString(b)
			if err == nil {
				err = json.Unmarshal(inner, &e.inner)
			}
			if err != nil {
				t.Fatalf("event %d: %v", len(all), err)
			}
		}
		all = append(all, e)
	}
	return all
}

// call signs and sends a request with the example key.
func call(t *testing.T, rt http.RoundTripper, op operation.Operation, label, body string, header ...string) answerOf {
	t.Helper()
	return send(t, rt, newRequest(t, "https://bedrock-runtime.us-east-1.amazonaws.com", op, label, body, header...))
}

// newRequest is a signed request; header is names and values by turns, labels
// are joined with "|".
func newRequest(t *testing.T, base string, op operation.Operation, label, body string, header ...string) *http.Request {
	t.Helper()
	var labels []string
	if n := strings.Count(op.Path, "{"); n > 0 {
		labels = strings.SplitN(label, "|", n)
	}
	path, err := op.Expand(labels...)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), op.Method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	sign(t, r, []byte(body), Credentials(), time.Now())
	return r
}

func sign(t *testing.T, r *http.Request, body []byte, c sigv4.Credentials, at time.Time) {
	t.Helper()
	if _, err := (sigv4.Signer{Region: "us-east-1", Service: "bedrock"}).Sign(r, sigv4.HashPayload(body), c, at); err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, rt http.RoundTripper, r *http.Request) answerOf {
	t.Helper()
	resp, err := rt.RoundTrip(r)
	if err != nil {
		return answerOf{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answerOf{resp.StatusCode, resp.Header, body, err}
}

// start listens on the loopback and returns the URL and a transport.
func start(t *testing.T, s *Server) (string, *http.Transport) {
	t.Helper()
	l, err := s.Start("")
	if err != nil {
		t.Fatal(err)
	}
	rt := l.Client().Transport.(*http.Transport)
	t.Cleanup(func() {
		rt.CloseIdleConnections()
		l.Close()
	})
	return l.URL, rt
}

const (
	sonnet  = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
	hello   = `{"messages":[{"role":"user","content":[{"text":"Hello world"}]}]}`
	helloAI = `{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"user","content":"Hello world"}]}`
)

// at follows a path of names and indexes through decoded JSON.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			o, _ := v.(map[string]any)
			v = o[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}
