package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/sigv4"
)

// broken is a request that is signed with a mistake, or spoilt on its way.
type broken struct {
	name    string
	culprit string // a regular expression that the culprit fits
	why     string // … and the reason

	secret    string
	service   string
	region    string
	shift     time.Duration
	path      string // as it is sent
	header    http.Header
	body      string
	canonical func(string) string // what is made of the right canonical request
	toSign    func(string) string
	sent      func(*http.Request)
	sentBody  string
}

const brokenPath = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-lite-v1%3A0/converse"

func replacing(old, new string) func(string) string {
	return func(s string) string { return strings.ReplaceAll(s, old, new) }
}

func setting(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// breaks are the ways to break a signature.
var breaks = []broken{
	{name: "path not encoded again", culprit: "path", why: "once too few", canonical: replacing("%25", "%")},
	{name: "colon bare", culprit: "path", why: "bare", canonical: replacing("%253A", ":")},
	{name: "slash of the ARN bare", culprit: "path", why: "bare", canonical: replacing("%252F", "/")},
	{name: "path encoded once too many", culprit: "path", why: "once too many", canonical: replacing("%25", "%2525")},
	{name: "path decoded by a proxy", culprit: "path", why: "decoded on the way", sent: func(r *http.Request) { r.URL.Opaque = strings.ReplaceAll(r.URL.Opaque, "%3A", ":") }},
	{name: "header not trimmed", culprit: "header x-note", why: "trimmed", header: http.Header{"X-Note": {"one   two"}}, canonical: replacing("x-note:one two", "x-note:one   two")},
	{name: "header appended by a proxy", culprit: "header x-forwarded-for", why: "roxies", header: http.Header{"X-Forwarded-For": {"10.0.0.1"}}, sent: setting("X-Forwarded-For", "10.0.0.1, 10.0.0.2")},
	{name: "header added by a proxy", culprit: "header x-amz-extra", why: "added", sent: setting("X-Amz-Extra", "1")},
	{name: "header removed by a proxy", culprit: "header x-note", why: "removed", header: http.Header{"X-Note": {"one"}}, sent: func(r *http.Request) { r.Header.Del("X-Note") }},
	{name: "content type changed", culprit: "header content-type", why: "charset", sent: setting("Content-Type", "application/json; charset=utf-8")},
	{name: "header signed in upper case", culprit: "header content-type", why: "lower case", canonical: replacing("content-type:", "Content-Type:")},
	{name: "Host signed with a port", culprit: "host", why: "port", canonical: func(s string) string {
		return regexp.MustCompile(`host:127\.0\.0\.1:\d+`).ReplaceAllString(s, "host:127.0.0.1:443")
	}},
	{name: "Host signed without its port", culprit: "host", why: "port", canonical: func(s string) string {
		return regexp.MustCompile(`host:127\.0\.0\.1:\d+`).ReplaceAllString(s, "host:127.0.0.1")
	}},
	{name: "Host changed by a proxy", culprit: "host", why: "gateway.internal", sent: func(r *http.Request) { r.Host = "gateway.internal" }},
	{name: "wrong region", culprit: "region", why: "us-west-2", region: "us-west-2"},
	{name: "wrong service", culprit: "service", why: "bedrock-runtime", service: "bedrock-runtime"},
	{name: "clock behind", culprit: "clock", why: "behind", shift: -time.Hour},
	{name: "clock ahead", culprit: "clock", why: "ahead", shift: time.Hour},
	{name: "body changed", culprit: "payload hash", why: "changed", sentBody: `{"messages":[]}`},
	{name: "line break behind the body", culprit: "payload hash", why: "line break at its end", sentBody: brokenBody + "\n"},
	{name: "CRLF in the body", culprit: "payload hash", why: "CRLF", body: "{\n\"a\": 1}", sentBody: "{\r\n\"a\": 1}"},
	{name: "empty body signed", culprit: "payload hash", why: "empty body", canonical: func(s string) string { return s[:len(s)-64] + sigv4.EmptyPayloadHash }},
	{name: "unsigned payload", culprit: "payload hash", why: "UNSIGNED", canonical: func(s string) string { return s[:len(s)-64] + sigv4.UnsignedPayload }},
	{name: "token missing", culprit: "session token", why: "missing", header: http.Header{"X-Amz-Security-Token": {canarySession}}, sent: func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") }},
	{name: "token not signed", culprit: "session token", why: "not covered", sent: setting("X-Amz-Security-Token", canarySession)},
	{name: "token of another", culprit: "session token", why: "not the one", header: http.Header{"X-Amz-Security-Token": {canarySession}}, sent: setting("X-Amz-Security-Token", "quite another token")},
	{name: "query not sorted", culprit: "query", why: "not sorted", path: brokenPath + "?b=2&a=1", canonical: replacing("a=1&b=2", "b=2&a=1")},
	{name: "query with plus", culprit: "query", why: "encoded differently", path: brokenPath + "?a=x%20y", canonical: replacing("x%20y", "x+y")},
	{name: "query added by a proxy", culprit: "query", why: "added", path: brokenPath + "?a=1", sent: func(r *http.Request) { r.URL.RawQuery = "a=1&t=2" }},
	{name: "method in lower case", culprit: "method", why: "post", canonical: func(s string) string { return "post" + s[4:] }},
	{name: "secret with a trailing newline", culprit: "secret", why: "newline", secret: exampleSecret + "\n"},
	{name: "secret with CRLF", culprit: "secret", why: "CRLF", secret: exampleSecret + "\r\n"},
	{name: "another secret", culprit: "secret", why: "another secret", secret: "another"},
	{name: "canonical request with CRLF", culprit: "canonical request", why: "CRLF", canonical: replacing("\n", "\r\n")},
	{name: "line break behind the canonical request", culprit: "canonical request", why: "newline", canonical: func(s string) string { return s + "\n" }},
	{name: "string to sign with CRLF", culprit: "string to sign", why: "CRLF", toSign: replacing("\n", "\r\n")},
	{name: "no empty line behind the headers", culprit: "canonical request", why: "empty line", canonical: func(s string) string { return strings.Replace(s, "\n\ncontent-type;", "\ncontent-type;", 1) }},
	{name: "two mistakes", culprit: "path", why: "once too few", canonical: func(s string) string {
		s = strings.ReplaceAll(s, "%25", "%")
		return s[:len(s)-64] + sigv4.EmptyPayloadHash
	}},
}

const (
	exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	brokenBody    = `{"messages":[{"role":"user","content":[{"text":"hi"}]}]}`
)

// request is the request as its signer believes to have sent it, with its
// Authorization, and its body.
func (b broken) request(t *testing.T, base string) (*http.Request, string) {
	t.Helper()
	orElse := func(s *string, other string) string {
		if *s == "" {
			*s = other
		}
		return *s
	}
	target, query, _ := strings.Cut(orElse(&b.path, brokenPath), "?")
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.Opaque, u.RawQuery = target, query
	r := &http.Request{Method: "POST", URL: u, Host: u.Host, Header: http.Header{"Content-Type": {"application/json"}}}
	for name, values := range b.header {
		r.Header[name] = slices.Clone(values)
	}
	c := sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: orElse(&b.secret, exampleSecret), SessionToken: r.Header.Get("X-Amz-Security-Token")}
	signer := sigv4.Signer{Region: orElse(&b.region, "us-east-1"), Service: orElse(&b.service, "bedrock")}
	body := orElse(&b.body, brokenBody)
	good, err := signer.Sign(r, sigv4.HashPayload([]byte(body)), c, time.Now().Add(b.shift))
	if err != nil {
		t.Fatal(err)
	}
	canonical, toSign := good.CanonicalRequest, good.StringToSign
	if b.canonical != nil {
		canonical = b.canonical(canonical)
	}
	toSign = toSign[:len(toSign)-64] + sigv4.HashPayload([]byte(canonical))
	if b.toSign != nil {
		toSign = b.toSign(toSign)
	}
	key := []byte("AWS4" + b.secret)
	for _, step := range append(strings.Split(good.Scope, "/"), toSign) {
		mac := hmac.New(sha256.New, key)
		io.WriteString(mac, step)
		key = mac.Sum(nil)
	}
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), good.Signature, hex.EncodeToString(key), 1))
	return r, body
}

// refused sends a broken request and returns what its signer knows: the
// request, its body and the answer.
func (b broken) refused(t *testing.T, base string) (given *http.Request, body string, resp *http.Response, answer []byte) {
	t.Helper()
	given, body = b.request(t, base)
	sent := given.Clone(t.Context())
	if b.sent != nil {
		b.sent(sent)
	}
	text := body
	if b.sentBody != "" {
		text = b.sentBody
	}
	sent.Body, sent.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	resp, err := http.DefaultTransport.RoundTrip(sent)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if answer, err = io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("%s: not refused: %s, %v", b.name, resp.Status, err)
	}
	return given, body, resp, answer
}

// flags describe a request on the command line.
func flags(r *http.Request, body string) []string {
	whole := r.URL.Scheme + "://" + r.URL.Host + r.URL.Opaque
	if r.URL.RawQuery != "" {
		whole += "?" + r.URL.RawQuery
	}
	args := []string{"--method", r.Method, "--url", whole, "--body", body}
	for name, values := range r.Header {
		args = append(args, "-H", name+": "+strings.Join(values, ","))
	}
	return args
}

// transcript is what curl -v prints of it.
func transcript(r *http.Request, resp *http.Response, answer []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "* Connected to 127.0.0.1 port 8090\n> POST %s HTTP/1.1\n> Host: %s\n", r.URL.Opaque+strings.TrimSuffix("?"+r.URL.RawQuery, "?"), r.Host)
	for name, values := range r.Header {
		fmt.Fprintf(&b, "> %s: %s\n", name, strings.Join(values, ","))
	}
	fmt.Fprintf(&b, ">\n} [5 bytes data]\n< HTTP/1.1 %s\n", resp.Status)
	for name, values := range resp.Header {
		fmt.Fprintf(&b, "< %s: %s\n", name, strings.Join(values, ","))
	}
	fmt.Fprintf(&b, "<\n%s* Connection #0 to host 127.0.0.1 left intact\n", answer)
	return b.String()
}

// explainWith runs bedrock explain -o json.
func explainWith(t *testing.T, getenv func(string) string, stdin string, args ...string) (got explained, code int, output string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), env{strings.NewReader(stdin), &out, &errs, getenv}, append([]string{"explain", "-o", "json"}, args...))
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s %s", err, &out, &errs)
	}
	return got, code, out.String() + errs.String()
}

// TestExplainNamesTheCulprit breaks signatures in every way that the table has,
// has them refused by the local Bedrock and by a server that verifies with
// botocore, and wants the culprit by name, from the answer with the request's
// flags and from a transcript.
func TestExplainNamesTheCulprit(t *testing.T) {
	mock := httptest.NewServer(&bedrocktest.Server{Region: "us-east-1"})
	t.Cleanup(mock.Close)
	t.Run("bedrocktest", func(t *testing.T) { testBreaks(t, mock.URL) })
	t.Run("botocore", func(t *testing.T) { testBreaks(t, botocoreServer(t)) })
}

func testBreaks(t *testing.T, base string) {
	file := filepath.Join(t.TempDir(), "body")
	for _, b := range breaks {
		given, body, resp, answer := b.refused(t, base)
		write(t, file, body)
		check := func(form, stdin string, args ...string) {
			got, code, output := explainWith(t, exampleEnv(nil), stdin, args...)
			if fits, _ := regexp.MatchString("^(?:"+b.culprit+")$", got.Culprit); !fits || code != 0 || !strings.Contains(got.Why, b.why) || got.Fix == "" {
				t.Errorf("%s, %s: exit %d, %+v, want %s: …%s…\n%s", b.name, form, code, got, b.culprit, b.why, answer)
			}
			findCanaries(t, b.name, output)
			if strings.Contains(output, exampleSecret) {
				t.Errorf("%s: the secret is shown", b.name)
			}
		}
		check("flags", string(answer), flags(given, "@"+file)...)
		check("transcript", transcript(given, resp, answer), "--body", "@"+file)
	}
}

// TestExplainWithoutSecret: what arrived otherwise than it was meant shows
// without any credentials, and nothing is claimed to be proven.
func TestExplainWithoutSecret(t *testing.T) {
	mock := httptest.NewServer(&bedrocktest.Server{Region: "us-east-1"})
	t.Cleanup(mock.Close)
	nobody := func(name string) string {
		return map[string]string{"HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}[name]
	}
	for _, b := range breaks {
		given, body, _, answer := b.refused(t, mock.URL)
		got, code, _ := explainWith(t, nobody, string(answer), flags(given, body)...)
		if fits, _ := regexp.MatchString("^(?:"+b.culprit+")$", got.Culprit); b.sent != nil || b.sentBody != "" {
			if !fits || code != 0 {
				t.Errorf("%s: exit %d, %+v", b.name, code, got)
			}
		}
		if got.Proven || got.Culprit == "" || code != 0 {
			t.Errorf("%s: exit %d, %+v", b.name, code, got)
		}
		given.Header.Del("Authorization") // not even that
		if _, code, _ = explainWith(t, nobody, string(answer), flags(given, body)...); code != 0 {
			t.Errorf("%s without Authorization: exit %d", b.name, code)
		}
	}
}

// TestExplainLast keeps a failed call and explains it afterwards.
func TestExplainLast(t *testing.T) {
	mock := &bedrocktest.Server{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Content-Type", "application/json; charset=utf-8") // a proxy
		mock.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	cache := filepath.Join(t.TempDir(), "cache")
	getenv := exampleEnv(map[string]string{"BEDROCK_KEEP_LAST": "1", "XDG_CACHE_HOME": cache, "AWS_SESSION_TOKEN": canarySession})
	_, stderr, code := bedrock(t, getenv, "converse", "--endpoint-url", server.URL, "canary-PROMPT")
	if code != exitRefused || !strings.Contains(stderr, "Header content-type") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	name := filepath.Join(cache, "rawbedrock", "last.json")
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	kept, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	findCanaries(t, "kept", string(kept))
	if strings.Contains(string(kept), "PROMPT") || strings.Contains(string(kept), exampleSecret) {
		t.Errorf("kept too much: %s", kept)
	}
	got, code, output := explainWith(t, getenv, "", "--last")
	if code != 0 || got.Culprit != "header content-type" || len(got.Diff) != 1 || got.Diff[0].Ours != "application/json" {
		t.Errorf("exit %d, %s", code, output)
	}
	findCanaries(t, "explained", output)

	// nor is a call that failed when it was made again forgotten
	tape := filepath.Join(t.TempDir(), "c.cassette")
	bedrock(t, exampleEnv(nil), "converse", "--mock", "--record", tape, "hi")
	os.Remove(name)
	bedrock(t, getenv, "replay-live", "--endpoint-url", server.URL, tape)
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}

	// not asked for, nothing is kept
	cache = filepath.Join(t.TempDir(), "cache")
	getenv = exampleEnv(map[string]string{"XDG_CACHE_HOME": cache})
	bedrock(t, getenv, "converse", "--endpoint-url", server.URL, "hi")
	if _, err := os.Stat(cache); err == nil {
		t.Error("kept without being asked")
	}
	if _, stderr, code := bedrock(t, getenv, "explain", "--last"); code != exitUsage || !strings.Contains(stderr, "BEDROCK_KEEP_LAST=1") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
