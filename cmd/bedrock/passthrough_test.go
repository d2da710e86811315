package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/sigv4"
)

const (
	conversePath = "/model/us.amazon.nova-2-lite-v1%3A0/converse"
	converseBody = `{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}`
	chatBody     = `{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"user","content":"Hello"}]}`
	chatStream   = `{"model":"openai.gpt-oss-20b-1:0","stream":true,"messages":[{"role":"user","content":"Hello"}]}`
)

// seen is a request as the upstream got it.
type seen struct {
	*http.Request
	body []byte
}

// recorder is an upstream that keeps what it got and answers with answer.
func recorder(t *testing.T, answer http.HandlerFunc) (url string, got chan seen) {
	got = make(chan seen, 100)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- seen{r, body}
		answer(w, r)
	}))
	t.Cleanup(up.Close)
	return up.URL, got
}

// What a client proves itself with, what is about its connection and its
// browser, stays here; the rest goes on, signed afresh.
func TestPassThroughStrips(t *testing.T) {
	url, got := recorder(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") })
	s := servingAt(t, url, map[string]string{tokenVariable: "s3rvice-token"}, "proxy")
	const canary = "canary-0123456789"
	kept := map[string]string{
		"Content-Type": "application/json; charset=utf-8", "Accept": "application/vnd.amazon.eventstream", "User-Agent": "Boto3/1",
		"X-Amzn-Bedrock-Trace": "ENABLED", "X-Amzn-Bedrock-Guardrailidentifier": "g", "Amz-Sdk-Invocation-Id": "i", "Anthropic-Beta": "b", "X-Mine": "m",
	}
	stripped := []string{
		"X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "X-Amz-Signature", "Cookie", "Date", "Proxy-Authorization", "Proxy-Connection", "Keep-Alive", "Te",
		"Upgrade", "X-Hop", "Sec-Ch-Ua", "Forwarded", "Via", "X-Forwarded-For", "X-Real-Ip", "Referer",
	}
	header := []string{"X-Api-Key", "s3rvice-token", "Connection", "X-Hop, keep-alive", "Authorization", "AWS4-HMAC-SHA256 Credential=" + canary, "Accept-Encoding", "gzip, br"}
	for name, value := range kept {
		header = append(header, name, value)
	}
	for _, name := range stripped {
		header = append(header, name, canary)
	}
	a := s.do("POST", "/model/arn:aws:bedrock:us-east-1:123456789012:inference-profile%2Fus.amazon.nova-2-lite-v1:0/converse?X-Amz-Signature="+canary+"&x-amz-credential="+canary+"&keep=a%20b", converseBody, header...)
	if a.status != 200 || a.body != "{}" {
		t.Fatalf("%+v", a)
	}
	r := <-got
	if want := "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-2-lite-v1%3A0/converse"; r.URL.EscapedPath() != want || r.URL.RawQuery != "keep=a+b" || string(r.body) != converseBody {
		t.Errorf("%s %s\n%s", r.URL, r.body, want)
	}
	all := fmt.Sprint(r.Header, r.URL, r.Trailer)
	if strings.Contains(all, "canary") || strings.Contains(all, "s3rvice") {
		t.Errorf("went on: %s", all)
	}
	for _, name := range append(stripped, "Connection", "X-Api-Key") {
		if name != "X-Amz-Date" && r.Header.Get(name) != "" {
			t.Errorf("%s: %s", name, r.Header.Get(name))
		}
	}
	kept["Accept-Encoding"] = "identity" // the client's own
	for name, value := range kept {
		if r.Header.Get(name) != value {
			t.Errorf("%s: %q, want %q", name, r.Header.Get(name), value)
		}
	}
	if _, err := (sigv4.Signer{Region: "us-east-1", Service: "bedrock"}).Verify(r.Request, sigv4.HashPayload(r.body),
		func(id string) (sigv4.Credentials, bool) { return bedrocktest.Credentials(), id == "AKIDEXAMPLE" }, time.Now()); err != nil {
		t.Errorf("the signature: %v", err)
	}
}

// With an API key of the service's own, that is what goes on.
func TestPassThroughBearer(t *testing.T) {
	url, got := recorder(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") })
	s := servingAt(t, url, map[string]string{"AWS_BEARER_TOKEN_BEDROCK": bedrocktest.APIKey, tokenVariable: "s3rvice-token"}, "serve")
	for path, body := range map[string]string{conversePath: converseBody, "/v1/chat/completions": chatBody, "/openai/v1/chat/completions": chatBody} {
		a := s.do("POST", path, body, "Authorization", "Bearer s3rvice-token")
		r := <-got
		if a.status != 200 || r.Header.Get("Authorization") != "Bearer "+bedrocktest.APIKey || string(r.body) != body || path == "/v1/chat/completions" && r.URL.Path != "/openai/v1/chat/completions" {
			t.Errorf("%s: %d, sent %s %v %s", path, a.status, r.URL, r.Header, r.body)
		}
	}
}

// Answers come back as they are, refusals too, and nothing is tried again.
func TestPassThroughUnchanged(t *testing.T) {
	for _, status := range []int{200, 202, 302, 400, 403, 404, 424, 429, 500, 503} {
		url, got := recorder(t, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			for name, value := range map[string]string{
				"Content-Type": "application/json", "X-Amzn-Errortype": "SomeException:http://internal.amazon.com/", "X-Amzn-Requestid": "id-1",
				"Retry-After": "7", "Connection": "X-Hop", "X-Hop": "1", "Keep-Alive": "timeout=1", "X-Amzn-Bedrock-Input-Token-Count": "5", "Location": "/elsewhere",
			} {
				h.Set(name, value)
			}
			w.WriteHeader(status)
			io.WriteString(w, `{"message":"as it came <&>"}`)
		})
		for _, command := range []string{"serve", "proxy"} {
			s := servingAt(t, url, nil, command)
			a := s.do("POST", conversePath, converseBody)
			if a.status != status || a.body != `{"message":"as it came <&>"}` || a.err != nil || a.header.Get("Retry-After") != "7" || a.header.Get("X-Amzn-Errortype") != "SomeException:http://internal.amazon.com/" ||
				a.header.Get("X-Amzn-Requestid") != "id-1" || a.header.Get("X-Amzn-Bedrock-Input-Token-Count") != "5" || a.header.Get("X-Hop") != "" || a.header.Get("Keep-Alive") != "" {
				t.Errorf("%s %d: %+v", command, status, a)
			}
			if len(got) != 1 {
				t.Errorf("%s %d: %d requests", command, status, len(got))
			}
			<-got
			if _, log := s.stop(); !strings.Contains(log, "route=/model/{modelId}/converse") || !strings.Contains(log, "request_id=id-1") || !strings.Contains(log, "model=us.amazon.nova-2-lite-v1:0") {
				t.Errorf("%s %d: log: %s", command, status, log)
			}
		}
	}
}

// Each frame is there while the upstream is still writing, and the whole is
// byte for byte what the upstream sends.
func TestPassThroughFlushes(t *testing.T) {
	for path, body := range map[string]string{conversePath + "-stream": converseBody, "/v1/chat/completions": chatStream} {
		g := newGate(2)
		s := serving(t, &bedrocktest.Server{OnPart: g.onPart}, nil, "serve")
		resp, err := s.http.Do(s.request(t.Context(), "POST", path, body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		in := bufio.NewReader(resp.Body)
		if _, err := in.Peek(1); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %v", path, err)
		}
		<-g.reached
		close(g.open)
		data, err := io.ReadAll(in)
		if want := directly(t, path, body); err != nil || string(data) != want {
			t.Errorf("%s: %v\n%q\n%q", path, err, data, want)
		}
	}
}

// directly is the answer of a fresh local Bedrock, asked without the service.
func directly(t *testing.T, path, body string) string {
	t.Helper()
	local, err := new(bedrocktest.Server).Start("")
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	r, err := http.NewRequestWithContext(t.Context(), "POST", local.URL+strings.Replace(path, "/v1/chat", "/openai/v1/chat", 1), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+bedrocktest.APIKey)
	resp, err := httpClient(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A break is a break on this side too, and its reason is in the log.
func TestPassThroughBreaks(t *testing.T) {
	for _, fault := range []string{"close; at=3", "reset; at=3", "silence; at=3"} {
		f, err := bedrocktest.ParseFault(fault)
		if err != nil {
			t.Fatal(err)
		}
		s := serving(t, &bedrocktest.Server{Faults: []bedrocktest.Fault{f}}, nil, "proxy", "--idle-timeout", "300ms")
		a := s.do("POST", conversePath+"-stream", converseBody)
		if a.status != 200 || a.body == "" || !errors.Is(a.err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %+v", fault, a)
		}
		if log := s.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "error=") {
			t.Errorf("%s: log: %s", fault, log)
		}
	}
	s := servingAt(t, "http://127.0.0.1:1", nil, "proxy")
	a := s.do("POST", conversePath, converseBody)
	if code, _, _ := a.problem(t); a.status != 502 || a.header.Get("X-Amzn-Errortype") != code || !strings.Contains(a.body, `},"message":"the service got no answer`) {
		t.Errorf("nobody there: %+v", a)
	}
}

// A client that leaves a stream ends it upstream at once.
func TestPassThroughClientLeaves(t *testing.T) {
	for _, fault := range []string{"silence", "silence; at=3"} {
		up := newFaulty(t, fault)
		s := servingAt(t, up.url, nil, "proxy")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-up.begun
			cancel()
		}()
		if resp, err := s.http.Do(s.request(ctx, "POST", conversePath+"-stream", converseBody)); err == nil {
			io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		await(t, up.gone)
	}
}

// Only what the table of operations has is handed on; the service hands on
// less than the proxy.
func TestPassThroughPaths(t *testing.T) {
	url, got := recorder(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") })
	serve, proxy := servingAt(t, url, nil, "serve"), servingAt(t, url, nil, "proxy")
	for _, test := range []struct {
		method, path string
		serve, proxy int
	}{
		{"POST", "/model/m/converse", 200, 200},
		{"POST", "/model/m/converse-stream", 200, 200},
		{"POST", "/model/m/invoke", 200, 200},
		{"POST", "/model/m/invoke-with-response-stream", 200, 200},
		{"POST", "/model/m/count-tokens", 200, 200},
		{"POST", "/openai/v1/chat/completions", 200, 200},
		{"POST", "/v1/chat/completions", 200, 200},
		{"GET", "/model/m/converse", 405, 405},
		{"DELETE", "/v1/chat/completions", 405, 405},
		{"GET", "/foundation-models", 404, 200},
		{"GET", "/inference-profiles?maxResults=3", 404, 200},
		{"GET", "/async-invoke", 404, 200},
		{"POST", "/async-invoke", 404, 200},
		{"POST", "/guardrail/g/version/1/apply", 404, 200},
		{"POST", "/openai/v1/responses", 404, 200},
		{"DELETE", "/openai/v1/responses/r", 404, 200},
		{"POST", "/anthropic/v1/messages", 404, 200},
		{"POST", "/prompt", 400, 404},
		{"POST", "/", 405, 404},
		{"POST", "/model/m/other", 404, 404},
		{"POST", "/model//converse", 404, 404},
		{"POST", "/model/%2e%2e/converse", 400, 400},
		{"POST", "/model/../foundation-models", 404, 404},
		{"POST", "/model/arn:aws:bedrock:us-east-1:123456789012:inference-profile/x/converse", 404, 404},
		{"POST", "/custom-models", 404, 404},
		{"GET", "/healthz", 200, 200},
		{"PATCH", "/model/m/converse", 405, 405},
	} {
		for name, s := range map[string]*service{"serve": serve, "proxy": proxy} {
			want := test.serve
			if name == "proxy" {
				want = test.proxy
			}
			a := s.do(test.method, test.path, "{}")
			if a.status != want {
				t.Errorf("%s: %s %s: %d %s", name, test.method, test.path, a.status, a.body)
			}
			if sent := want == 200 && test.path != "/healthz"; sent != (len(got) == 1) {
				t.Errorf("%s: %s %s: %d requests upstream", name, test.method, test.path, len(got))
			} else if sent {
				<-got
			}
		}
	}
}

// The proxy looks at hosts and other sites' pages as the service does, at
// those that only read too.
func TestProxyDoor(t *testing.T) {
	s := serving(t, &bedrocktest.Server{}, map[string]string{tokenVariable: "t0ken"}, "proxy")
	for _, header := range [][]string{
		{"Host", "evil.example", "Authorization", "Bearer t0ken"},
		{"Origin", "https://evil.example", "Authorization", "Bearer t0ken"},
		{"Sec-Fetch-Site", "cross-site", "Authorization", "Bearer t0ken"},
		{},
		{"Authorization", "Bearer " + bedrocktest.APIKey},
	} {
		want := 403
		if !slices.Contains(header, "Bearer t0ken") {
			want = 401
		}
		for _, method := range []string{"GET", "POST"} {
			path := map[string]string{"GET": "/foundation-models", "POST": conversePath}[method]
			if a := s.do(method, path, converseBody, header...); a.status != want {
				t.Errorf("%s %v: %d %s", method, header, a.status, a.body)
			}
		}
	}
	if a := s.do("GET", "/foundation-models", "", "Authorization", "Bearer t0ken"); a.status != 200 || !strings.Contains(a.body, "modelSummaries") {
		t.Errorf("%+v", a)
	}
	if a := s.do("POST", conversePath, strings.Repeat(" ", 27<<20), "Authorization", "Bearer t0ken"); a.status != 413 {
		t.Errorf("%+v", a)
	}
}

// boto3 works behind both, with the service's token as its API key, or with
// any keys where no token is asked for.
func TestPassThroughBoto3(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 absent: boto3 is not tried as a client")
	}
	if _, err := exec.Command(python, "-c", "import boto3").CombinedOutput(); err != nil {
		t.Skip("boto3 absent: not tried as a client")
	}
	for _, token := range []string{"", "s3rvice-token"} {
		serve := serving(t, &bedrocktest.Server{}, map[string]string{tokenVariable: token}, "serve")
		proxy := serving(t, &bedrocktest.Server{}, map[string]string{tokenVariable: token}, "proxy")
		cmd := exec.CommandContext(t.Context(), python, "testdata/boto3_behind.py", token, serve.url, proxy.url)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true"}
		out, err := cmd.CombinedOutput()
		if n := strings.Count(string(out), "ok "); err != nil || n != 15 {
			t.Errorf("token %q: %v, %d of 15 checks:\n%s\n%s\n%s", token, err, n, out, serve.log, proxy.log)
		}
	}
}

// What the proxy records it replays byte for byte, without credentials, and
// nothing that a client proved itself with is in the file.
func TestProxyReplaysWhatItRecorded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.cassette")
	g := newGate(2)
	s := serving(t, &bedrocktest.Server{OnPart: g.onPart}, map[string]string{tokenVariable: "s3rvice-token"}, "proxy", "--record", file)
	path := conversePath + "-stream"
	resp, err := s.http.Do(s.request(t.Context(), "POST", path, converseBody, "X-Api-Key", "s3rvice-token", "Authorization", "AWS4 canary", "Cookie", "canary"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(resp.Body, first); err != nil { // it streams while it records
		t.Fatal(err)
	}
	<-g.reached
	close(g.open)
	rest, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	refused := s.do("POST", conversePath, `{"messages":[]}`, "X-Api-Key", "s3rvice-token")
	if code, log := s.stop(); code != 0 || refused.status != 400 {
		t.Fatalf("exit %d, %+v: %s", code, refused, log)
	}
	data, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(data), "canary") || strings.Contains(string(data), "s3rvice") || !strings.Contains(string(data), "contentBlockDelta") {
		t.Errorf("%v: %s", err, data)
	}
	url, _, _ := listening(t, new(logBuffer), map[string]string{"HOME": t.TempDir()}, "proxy", "--addr", "127.0.0.1:0", "--replay", file)
	again := &service{t: t, url: url, http: httpClient(t)}
	if a := again.do("POST", path, converseBody); a.status != 200 || a.body != string(first)+string(rest) {
		t.Errorf("%+v", a)
	}
	if a := again.do("POST", conversePath, `{"messages":[]}`); a.status != 400 || a.body != refused.body || a.header.Get("X-Amzn-Errortype") != refused.header.Get("X-Amzn-Errortype") {
		t.Errorf("%+v, want %+v", a, refused)
	}
	url, _, _ = listening(t, new(logBuffer), map[string]string{"HOME": t.TempDir()}, "serve", "--addr", "127.0.0.1:0", "--replay", file, "-m", "us.amazon.nova-2-lite-v1:0")
	page := &service{t: t, url: url, http: httpClient(t)}
	if a := page.ask("/prompt/streamed", "Hello"); a.status != 200 || !strings.Contains(a.body, "mock") {
		t.Errorf("%+v", a)
	}
}
