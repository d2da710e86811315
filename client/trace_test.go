package client

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rawbedrock/client/bedrocktest"
)

// told collects what a logger is told.
type told struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (o *told) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lines.Write(p)
}

// events are the events of one name.
func (o *told) events(t *testing.T, msg string) (all []map[string]any) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for line := range strings.Lines(o.lines.String()) {
		var event map[string]any
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if event["msg"] == msg {
			all = append(all, event)
		}
	}
	return all
}

// TestTraceOfTheWire: name resolution, connection, TLS and its reuse, with the
// names that a reader looks for.
func TestTraceOfTheWire(t *testing.T) {
	server, err := (&bedrocktest.Server{}).StartTLS("")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, server.Certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	var log told
	c := newClient(t, strings.Replace(server.URL, "127.0.0.1", "localhost", 1),
		WithEnv(func(name string) string { return map[string]string{"AWS_CA_BUNDLE": bundle}[name] }),
		WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	for range 2 {
		if _, err := c.Do(t.Context(), converse); err != nil {
			t.Fatal(err)
		}
	}
	for msg, want := range map[string]struct {
		n           int
		name, value any
	}{
		"settings":   {1, "region_from", "code"},
		"attempt":    {2, "number", 1.0},
		"auth":       {2, "access_key_id", exampleKeys.AccessKeyID},
		"dns":        {1, "host", "localhost"},
		"tls":        {1, "version", "TLS 1.3"},
		"connection": {2, "reused", true},
		"answer":     {2, "protocol", "HTTP/2.0"},
		"done":       {2, "output_tokens", 13.0},
	} {
		events := log.events(t, msg)
		if len(events) != want.n || events[want.n-1][want.name.(string)] != want.value {
			t.Errorf("%s: %v, want %d with %v", msg, events, want.n, want)
		}
	}
	if c := log.events(t, "connect"); len(c) == 0 || c[len(c)-1]["error"] != nil { // ::1 may be tried first
		t.Errorf("connect: %v", c)
	}
	if tls := log.events(t, "tls")[0]; tls["protocol"] != "h2" || tls["issuer"] != "CN=local Bedrock" || tls["took"].(float64) <= 0 {
		t.Errorf("%v", tls)
	}
}

// TestTraceOfTheChain: which sources of credentials were asked, once.
func TestTraceOfTheChain(t *testing.T) {
	var log told
	env := map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "canary-secret-key"}
	c, err := New(WithEnv(func(k string) string { return env[k] }), WithRegion("us-east-1"), WithEndpoint("http://bedrock.test"),
		WithTransport(&bedrocktest.Server{Verify: bedrocktest.VerifyOff}),
		WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: LevelTrace}))))
	if err != nil {
		t.Fatal(err)
	}
	pasted := converse
	pasted.Labels, pasted.Body = []string{"ABSKcanary0123456789"}, []byte(`{"messages":[{"role":"user","content":[{"text":"canary-secret-key"}]}]}`)
	for _, r := range []Request{pasted, converse} {
		if _, err := c.Do(t.Context(), r); err != nil && r.Labels[0] == converse.Labels[0] {
			t.Fatal(err)
		}
	}
	if bodies := log.events(t, "request body"); len(bodies) != 2 {
		t.Errorf("%v", bodies)
	}
	events := log.events(t, "credentials")
	if len(events) != 5 || events[0]["source"] != "environment" || events[0]["outcome"] != "used" {
		t.Errorf("%v", events)
	}
	if text := log.lines.String(); strings.Contains(text, "canary") {
		t.Errorf("a secret was told:\n%s", text)
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, tt := range []struct {
		sorted  []time.Duration
		p, want int
	}{
		{nil, 50, 0}, {hundred[:1], 50, 1}, {hundred[:1], 99, 1}, {hundred[:2], 50, 1}, {hundred[:3], 50, 2},
		{hundred, 50, 50}, {hundred, 99, 99}, {hundred[:10], 99, 10},
	} {
		if got := percentile(tt.sorted, tt.p); got != time.Duration(tt.want) {
			t.Errorf("p%d of %d values: %d, want %d", tt.p, len(tt.sorted), got, tt.want)
		}
	}
}
