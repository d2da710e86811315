package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rawbedrock/client/bedrocktest"
)

// mock runs 'bedrock mock' until the test ends and returns its first line of
// output, what follows it, and a function that stops it and returns the exit
// code and stderr.
func mock(t *testing.T, environment map[string]string, args ...string) (url string, rest *bufio.Reader, stop func() (int, string)) {
	t.Helper()
	return listening(t, new(logBuffer), environment, append([]string{"mock", "--addr", "127.0.0.1:0"}, args...)...)
}

// listening runs a command that listens until the test ends.
func listening(t testing.TB, stderr *logBuffer, environment map[string]string, args ...string) (url string, rest *bufio.Reader, stop func() (int, string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, env{strings.NewReader(""), stdout, stderr, func(k string) string { return environment[k] }}, args)
		stdout.Close()
	}()
	rest = bufio.NewReader(out)
	line, err := rest.ReadString('\n')
	if err != nil {
		t.Fatalf("no first line: %v, exit %d: %s", err, <-code, stderr)
	}
	stop = sync.OnceValues(func() (int, string) {
		cancel()
		io.Copy(io.Discard, rest)
		return <-code, stderr.String()
	})
	t.Cleanup(func() { stop() })
	return strings.TrimSpace(line), rest, stop
}

// logBuffer is what a server wrote so far.
type logBuffer struct {
	mu   sync.Mutex
	b    bytes.Buffer
	more chan struct{} // closed by the next write, for those who wait
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	return l.b.Write(p)
}

// await waits until a text was written.
func (l *logBuffer) await(t testing.TB, text string) {
	t.Helper()
	for {
		l.mu.Lock()
		found := strings.Contains(l.b.String(), text)
		if l.more == nil {
			l.more = make(chan struct{})
		}
		more := l.more
		l.mu.Unlock()
		if found {
			return
		}
		await(t, more)
	}
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func chatWith(t *testing.T, c *http.Client, url, key, fault string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", url+"/openai/v1/chat/completions",
		strings.NewReader(`{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"user","content":"Hello"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if fault != "" {
		r.Header.Set(bedrocktest.FaultHeader, fault)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestMock(t *testing.T) {
	dir := t.TempDir()
	script, keys := filepath.Join(dir, "script.json"), filepath.Join(dir, "keys")
	for name, text := range map[string]string{
		script: `{"faults":[{"operation":"ChatCompletions","nth":[2],"code":"ServiceUnavailableException"}]}`,
		keys:   "AWS_BEARER_TOKEN_BEDROCK=canary-key\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	url, _, stop := mock(t, nil, "--script", script, "--access-key-file", keys, "-v")
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("first line %q", url)
	}
	c := &http.Client{Transport: &http.Transport{}}
	defer c.CloseIdleConnections()
	for _, want := range []int{200, 503, 200} {
		if got, body := chatWith(t, c, url, "canary-key", ""); got != want {
			t.Errorf("status %d, want %d: %s", got, want, body)
		}
	}
	if got, body := chatWith(t, c, url, bedrocktest.APIKey, "status=418"); got != 418 {
		t.Errorf("a fault by header: %d %s", got, body)
	}
	if got, _ := chatWith(t, c, url, "nobody", ""); got != 403 {
		t.Errorf("an unknown key: %d", got)
	}
	if resp, err := c.Get(url + "/model/ABSKcanary0123456789"); err == nil {
		resp.Body.Close()
	}
	code, log := stop()
	if code != 0 || strings.Count(log, "POST /openai/v1/chat/completions ") != 5 || strings.Contains(log, "canary") {
		t.Errorf("exit %d, log:\n%s", code, log)
	}
}

func TestMockTLS(t *testing.T) {
	url, rest, _ := mock(t, nil, "--tls")
	var pem strings.Builder
	for !strings.Contains(pem.String(), "END CERTIFICATE") {
		line, err := rest.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		pem.WriteString(line)
	}
	pool := x509.NewCertPool()
	if !strings.HasPrefix(url, "https://") || !pool.AppendCertsFromPEM([]byte(pem.String())) {
		t.Fatalf("%q, certificate %s", url, pem.String())
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer c.CloseIdleConnections()
	if got, body := chatWith(t, c, url, bedrocktest.APIKey, ""); got != 200 {
		t.Errorf("%d %s", got, body)
	}
	file := filepath.Join(t.TempDir(), "mock.pem")
	mock(t, nil, "--tls", "--cert-file", file)
	url, _, stop := mock(t, nil, "--tls", "--cert-file", file)
	stop()
	if data, err := os.ReadFile(file); err != nil || !strings.Contains(string(data), "BEGIN CERTIFICATE") || url == "" {
		t.Errorf("%s: %v", data, err)
	}
}

// An interrupt lets an answer under way finish.
func TestMockDrains(t *testing.T) {
	url, _, stop := mock(t, nil)
	c := &http.Client{Transport: &http.Transport{}}
	defer c.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), "POST", url+"/openai/v1/chat/completions",
		strings.NewReader(`{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"user","content":"Hello"}],"stream":true}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bedrocktest.APIKey)
	r.Header.Set(bedrocktest.FaultHeader, "drip=20ms")
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	done := make(chan int, 1)
	go func() {
		code, _ := stop()
		done <- code
	}()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), "[DONE]") {
		t.Errorf("%v: %s", err, body)
	}
	if code := <-done; code != 0 {
		t.Errorf("exit %d", code)
	}
}

func TestMockRefuses(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte("{\"canary\":1}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"--addr nowhere":                   "HOST:PORT",
		"--verify maybe":                   "want one of",
		"--latency -1s":                    "negative",
		"--rate NaN":                       "endless",
		"--access-key-file x --verify off": "accepts every key",
		"--rate x":                         "rate",
		"--cert-file x":                    "goes with --tls",
		"--script " + bad:                  "canary",
		"--script " + dir + "/nothing":     "no such file",
		"--access-key-file " + bad:         "line 1",
		"prompt":                           `unexpected argument "prompt"`,
	} {
		var stderr bytes.Buffer
		code := run(t.Context(), env{strings.NewReader(""), io.Discard, &stderr, func(string) string { return "" }}, append([]string{"mock"}, strings.Fields(args)...))
		if code != exitUsage || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: exit %d, %s", args, code, stderr.String())
		}
	}
}

// The region of the environment is the one that callers must sign for.
func TestMockRegion(t *testing.T) {
	m := &mockFlags{addr: "127.0.0.1:0"}
	e := env{getenv: func(name string) string { return map[string]string{"AWS_DEFAULT_REGION": "eu-west-1"}[name] }}
	if err := m.check(e); err != nil || m.server.Region != "eu-west-1" {
		t.Errorf("region %q, %v", m.server.Region, err)
	}
}
