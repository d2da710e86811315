package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
)

// service is 'bedrock serve' or 'bedrock proxy' with a client of its own.
type service struct {
	t    testing.TB
	url  string
	log  *logBuffer
	http *http.Client
	stop func() (int, string)
}

// serving runs the command in front of a local Bedrock.
func serving(t testing.TB, up *bedrocktest.Server, environment map[string]string, args ...string) *service {
	t.Helper()
	local, err := up.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { local.Close() })
	return servingAt(t, local.URL, environment, args...)
}

// servingAt runs the command in front of an upstream.
func servingAt(t testing.TB, upstream string, environment map[string]string, args ...string) *service {
	t.Helper()
	getenv := map[string]string{}
	for name, value := range environment {
		getenv[name] = value
	}
	for _, pair := range exampleKeys {
		name, value, _ := strings.Cut(pair, "=")
		if getenv[name] == "" {
			getenv[name] = value
		}
	}
	if len(args) == 0 || args[0] != "serve" && args[0] != "proxy" {
		args = append([]string{"serve"}, args...)
	}
	s := &service{t: t, log: new(logBuffer)}
	s.url, _, s.stop = listening(t, s.log, getenv, append(args, "--addr", "127.0.0.1:0", "--endpoint-url", upstream)...)
	s.http = httpClient(t)
	return s
}

// request makes one with a JSON body; header is names and values by turns.
func (s *service) request(ctx context.Context, method, path, body string, header ...string) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	return r
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
	err    error // of reading the body
}

func (s *service) do(method, path, body string, header ...string) reply {
	s.t.Helper()
	resp, err := s.http.Do(s.request(s.t.Context(), method, path, body, header...))
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(data), err}
}

// ask posts a prompt.
func (s *service) ask(path, prompt string, header ...string) reply {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"prompt": prompt})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do("POST", path, string(body), header...)
}

// problem is the refusal in an answer.
func (a reply) problem(t testing.TB) (code, message, field string) {
	t.Helper()
	var b errorBody
	if err := json.Unmarshal([]byte(a.body), &b); err != nil || b.Error.Code == "" || b.Error.Message == "" {
		t.Errorf("status %d, %v: no refusal in %q", a.status, a.err, a.body)
	}
	return b.Error.Code, b.Error.Message, b.Error.Field
}

// sseEvent is one server-sent event.
type sseEvent struct{ name, data string }

func (a reply) events() (events []sseEvent) {
	var e sseEvent
	for line := range strings.SplitSeq(a.body, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && e.data != "":
			events, e = append(events, e), sseEvent{}
		case name == "event":
			e.name = value
		case name == "data":
			e.data += value
		}
	}
	return events
}

// text joins the text of server-sent events and returns the last of them.
func (a reply) text(t testing.TB) (text string, last sseEvent) {
	t.Helper()
	for _, e := range a.events() {
		var piece struct{ Text string }
		if err := json.Unmarshal([]byte(e.data), &piece); err != nil {
			t.Errorf("%q: %v", e.data, err)
		}
		text, last = text+piece.Text, e
	}
	return text, last
}

// gate holds back part n of an upstream's answers until it is opened, or the
// service leaves.
type gate struct {
	n       int
	reached chan struct{} // one for each answer that got there
	open    chan struct{}
}

func newGate(n int) *gate {
	return &gate{n: n, reached: make(chan struct{}, 10000), open: make(chan struct{})}
}

func (g *gate) onPart(ctx context.Context, _ bedrocktest.Request, n int) {
	if n != g.n {
		return
	}
	g.reached <- struct{}{}
	select {
	case <-g.open:
	case <-ctx.Done():
	}
}

// httpClient is a client that leaves nothing behind.
func httpClient(t testing.TB) *http.Client {
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
