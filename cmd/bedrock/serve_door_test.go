package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
)

// Whatever is wrong with a request is refused with its own status and named,
// and the service answers the next one.
func TestServeRefuses(t *testing.T) {
	asked := make(chan bool, 1000)
	s := serving(t, &bedrocktest.Server{OnRequest: func(bedrocktest.Request) { asked <- true }}, nil, "--max-body", "2000000")
	for _, test := range []struct {
		method, path, body, header string
		status                     int
		code, field                string
	}{
		{"GET", "/prompt", "", "", 405, "method_not_allowed", ""},
		{"PUT", "/prompt/streamed", "{}", "", 405, "method_not_allowed", ""},
		{"OPTIONS", "/prompt", "", "", 405, "method_not_allowed", ""},
		{"POST", "/healthz", "{}", "", 405, "method_not_allowed", ""},
		{"POST", "/prompt/", `{"prompt":"x"}`, "", 404, "not_found", ""},
		{"POST", "/Prompt", `{"prompt":"x"}`, "", 404, "not_found", ""},
		{"GET", "/nothing", "", "", 404, "not_found", ""},
		{"GET", "/..%2f..%2fetc%2fpasswd", "", "", 404, "not_found", ""},
		{"GET", "/web/../../serve.go", "", "", 404, "not_found", ""},
		{"GET", "//etc/passwd", "", "", 404, "not_found", ""},
		{"GET", "/app.js%00", "", "", 404, "not_found", ""},

		{"POST", "/prompt", `{"prompt":"x"}`, "Content-Type: text/plain", 415, "unsupported_media_type", ""},
		{"POST", "/prompt", `{"prompt":"x"}`, "Content-Type: application/x-www-form-urlencoded", 415, "unsupported_media_type", ""},
		{"POST", "/prompt", `{"prompt":"x"}`, "Content-Type: ", 415, "unsupported_media_type", ""},
		{"POST", "/prompt", `{"prompt":"x"}`, "Content-Type: application/json; charset=latin1", 415, "unsupported_media_type", ""},
		{"POST", "/prompt", `{"prompt":"x"}`, "Content-Encoding: gzip", 415, "unsupported_media_type", ""},
		{"POST", "/prompt", `{"prompt":"x"}`, "Accept: image/png", 406, "not_acceptable", ""},

		{"POST", "/prompt", ``, "", 400, "invalid_json", ""},
		{"POST", "/prompt", `null`, "", 400, "invalid_json", ""},
		{"POST", "/prompt", `"Hello"`, "", 400, "invalid_json", ""},
		{"POST", "/prompt", `["Hello"]`, "", 400, "invalid_json", ""},
		{"POST", "/prompt", `{"prompt":"x"`, "", 400, "invalid_json", ""},
		{"POST", "/prompt", `{"prompt":"x",}`, "", 400, "invalid_json", ""},
		{"POST", "/prompt", `{"prompt" "x"}`, "", 400, "invalid_json", ""},
		{"POST", "/prompt", `{prompt:"x"}`, "", 400, "invalid_json", ""},
		{"POST", "/prompt", `{"prompt":"x"} {"prompt":"y"}`, "", 400, "invalid_json", ""},
		{"POST", "/prompt", `{"prompt":"x"}junk`, "", 400, "invalid_json", ""},
		{"POST", "/prompt", `{"prompt":"x"}}`, "", 400, "invalid_json", ""},
		{"POST", "/prompt", "{\"prompt\":\"\xff\"}", "", 400, "invalid_json", ""},
		{"POST", "/prompt", "\ufeff" + `{"prompt":"x"}`, "", 400, "invalid_json", ""},
		{"POST", "/prompt", strings.Repeat("[", 100000), "", 400, "invalid_json", ""},
		{"POST", "/prompt", `{"prompt":` + strings.Repeat("[", 100000), "", 400, "invalid_json", ""},

		{"POST", "/prompt", `{"prompt":"x","system":"\ud83d\ude00 \uD800\\"}`, "", 400, "invalid_field", "system"},
		{"POST", "/prompt", `{"prompt":"\\\\\udc00"}`, "", 400, "invalid_field", "prompt"},
		{"POST", "/prompt", `{"prompt":"x","model":"` + strings.Repeat("m", 2049) + `"}`, "", 400, "invalid_field", "model"},

		{"POST", "/prompt", `{"promt":"x"}`, "", 400, "unknown_field", "promt"},
		{"POST", "/prompt", `{"Prompt":"x"}`, "", 400, "unknown_field", "Prompt"},
		{"POST", "/prompt", `{"prompt":"x","max_tokens":5}`, "", 400, "unknown_field", "max_tokens"},
		{"POST", "/prompt", `{"prompt":"x","prompt":"y"}`, "", 400, "repeated_field", "prompt"},
		{"POST", "/prompt", `{}`, "", 400, "empty_prompt", "prompt"},
		{"POST", "/prompt", `{"prompt":""}`, "", 400, "empty_prompt", "prompt"},
		{"POST", "/prompt", `{"prompt":" \n\t "}`, "", 400, "empty_prompt", "prompt"},
		{"POST", "/prompt", `{"prompt":1}`, "", 400, "invalid_field", "prompt"},
		{"POST", "/prompt", `{"prompt":null}`, "", 400, "invalid_field", "prompt"},
		{"POST", "/prompt", `{"prompt":["x"]}`, "", 400, "invalid_field", "prompt"},
		{"POST", "/prompt", `{"prompt":"x","system":{}}`, "", 400, "invalid_field", "system"},
		{"POST", "/prompt", `{"prompt":"x","model":""}`, "", 400, "invalid_field", "model"},
		{"POST", "/prompt", `{"prompt":"x","model":".."}`, "", 400, "invalid_field", "model"},
		{"POST", "/prompt", `{"prompt":"x","model":7}`, "", 400, "invalid_field", "model"},
		{"POST", "/prompt", `{"prompt":"x","maxTokens":0}`, "", 400, "invalid_field", "maxTokens"},
		{"POST", "/prompt", `{"prompt":"x","maxTokens":-1}`, "", 400, "invalid_field", "maxTokens"},
		{"POST", "/prompt", `{"prompt":"x","maxTokens":1.5}`, "", 400, "invalid_field", "maxTokens"},
		{"POST", "/prompt", `{"prompt":"x","maxTokens":"5"}`, "", 400, "invalid_field", "maxTokens"},
		{"POST", "/prompt", `{"prompt":"x","maxTokens":null}`, "", 400, "invalid_field", "maxTokens"},
		{"POST", "/prompt", `{"prompt":"x","maxTokens":1e30}`, "", 400, "invalid_field", "maxTokens"},
		{"POST", "/prompt", `{"prompt":"x","temperature":"hot"}`, "", 400, "invalid_field", "temperature"},
		{"POST", "/prompt", `{"prompt":"x","temperature":1.1}`, "", 400, "invalid_field", "temperature"},
		{"POST", "/prompt", `{"prompt":"x","temperature":null}`, "", 400, "invalid_field", "temperature"},
		{"POST", "/prompt", `{"prompt":"x","topP":-0.1}`, "", 400, "invalid_field", "topP"},
		{"POST", "/prompt", `{"prompt":"x","topP":true}`, "", 400, "invalid_field", "topP"},
		{"POST", "/prompt", `{"prompt":"x","stopSequences":"a"}`, "", 400, "invalid_field", "stopSequences"},
		{"POST", "/prompt", `{"prompt":"x","stopSequences":[1]}`, "", 400, "invalid_field", "stopSequences"},
		{"POST", "/prompt", `{"prompt":"x","stopSequences":[""]}`, "", 400, "invalid_field", "stopSequences"},

		{"POST", "/prompt", `{"prompt":"` + strings.Repeat("x", 2000000) + `"}`, "", 413, "too_large", ""},
		{"POST", "/prompt/streamed", strings.Repeat("x", 10<<20), "", 413, "too_large", ""},

		{"POST", "/prompt", `{"prompt":"x"}`, "Host: evil.example", 403, "forbidden_host", ""},
		{"POST", "/prompt", `{"prompt":"x"}`, "Host: 192.0.2.1:8000", 403, "forbidden_host", ""},
		{"POST", "/prompt", `{"prompt":"x"}`, "Host: localhost.evil.example", 403, "forbidden_host", ""},
		{"GET", "/healthz", "", "Host: evil.example", 403, "forbidden_host", ""},
		{"POST", "/prompt", `{"prompt":"x"}`, "Origin: https://evil.example", 403, "cross_origin", ""},
		{"POST", "/prompt", `{"prompt":"x"}`, "Origin: null", 403, "cross_origin", ""},
		{"POST", "/prompt/streamed", `{"prompt":"x"}`, "Sec-Fetch-Site: cross-site", 403, "cross_origin", ""},
		{"POST", "/prompt", `{"prompt":"x"}`, "Sec-Fetch-Site: same-site", 403, "cross_origin", ""},
	} {
		name := test.method + " " + clip(test.path) + " " + clip(test.body) + " " + test.header
		var header []string
		if test.header != "" {
			header = strings.SplitN(test.header, ": ", 2)
		}
		a := s.do(test.method, test.path, test.body, header...)
		code, message, field := a.problem(t)
		if a.status != test.status || code != test.code || field != test.field || !strings.Contains(message, test.field) || a.err != nil {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if allow := a.header.Get("Allow"); (allow != "") != (a.status == 405) {
			t.Errorf("%s: Allow %q", name, allow)
		}
		if a.header.Get("Content-Type") != "application/json" || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", name, a.header)
		}
		if ok := s.do("GET", "/healthz", ""); ok.status != 200 || ok.body != "ok\n" {
			t.Fatalf("%s: the service is not well: %+v", name, ok)
		}
	}
	if len(asked) != 0 {
		t.Errorf("%d refused requests were sent on", len(asked))
	}
	if log := s.log.String(); strings.Contains(log, "promt") || strings.Contains(log, "xxxx") {
		t.Error("the log holds what clients wrote")
	}
}

// What is not wrong is let in.
func TestServeAdmits(t *testing.T) {
	s := serving(t, &bedrocktest.Server{}, nil, "--allow-host", "Prompts.Example:8443")
	port := s.url[strings.LastIndex(s.url, ":"):]
	for _, header := range []string{
		"Host: localhost" + port, "Host: LOCALHOST", "Host: localhost.", "Host: app.localhost" + port, "Host: [::1]" + port, "Host: 127.0.0.2", "Host: 127.0.0.1",
		"Host: prompts.example", "Host: prompts.example:443",
		"Origin: " + s.url, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none",
		"Content-Type: application/json; charset=utf-8", "Content-Type: Application/JSON;charset=\"UTF-8\"", "Content-Encoding: identity",
		"Accept: ", "Accept: text/html, */*;q=0.1", "Accept: text/*",
	} {
		if a := s.ask("/prompt", "Hello", strings.SplitN(header, ": ", 2)...); a.status != 200 || a.header.Get("Content-Type") != plainText {
			t.Errorf("%s: %d %s", header, a.status, a.body)
		}
	}
	for accept, form := range map[string]string{
		"application/json":                                              formJSON,
		"application/json, text/plain, */*":                             formJSON,
		"text/plain, application/json":                                  plainText,
		"text/plain;q=0.5, application/json; q=0.9":                     formJSON,
		"text/event-stream":                                             formEvents,
		"text/plain;q=0, */*":                                           formJSON,
		"*/*;q=0.1, application/*;q=0, text/event-stream;q=0.2, text/*": plainText,
		"TEXT/EVENT-STREAM;q=1.0, application/json;q=0":                 formEvents,
	} {
		for _, path := range []string{"/prompt", "/prompt/streamed"} {
			if a := s.ask(path, "Hello", "Accept", accept); a.status != 200 || a.header.Get("Content-Type") != form {
				t.Errorf("%s %s: %d %s", path, accept, a.status, a.header.Get("Content-Type"))
			}
		}
	}
}

func TestServeToken(t *testing.T) {
	const token = "correct-horse_battery.staple"
	file := filepath.Join(t.TempDir(), "token")
	write(t, file, token+"\n")
	for name, s := range map[string]*service{
		"environment": serving(t, &bedrocktest.Server{}, map[string]string{tokenVariable: token}),
		"file":        serving(t, &bedrocktest.Server{}, map[string]string{tokenVariable: "another"}, "--token-file", file),
	} {
		for _, path := range []string{"/prompt", "/prompt/streamed", "/nothing", "/v1/chat/completions", "/model/m/converse"} {
			for _, header := range []string{"", "Bearer", "Bearer ", "Bearer another", "Bearer " + token + "x", "Bearer " + token[1:], "Basic " + token, token, "AWS4-HMAC-SHA256 Credential=x"} {
				a := s.ask(path, "Hello", "Authorization", header)
				if a.status != 401 || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
					t.Errorf("%s: %s with %q: %d %s", name, path, header, a.status, a.body)
				}
			}
		}
		for _, header := range [][]string{{"Authorization", "Bearer " + token}, {"Authorization", "bearer  " + token}, {"X-Api-Key", token}} {
			if a := s.ask("/prompt", "Hello", header...); a.status != 200 {
				t.Errorf("%s: with the token: %+v", name, a)
			}
		}
		if a := s.do("GET", "/healthz", ""); a.status != 200 {
			t.Errorf("%s: /healthz: %+v", name, a)
		}
		if strings.Contains(s.log.String(), token[1:]) {
			t.Errorf("%s: the token is in the log", name)
		}
	}
}

// A port that others can reach needs a token, however the address is written.
func TestServeBeyondLoopback(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, empty, " \n")
	own, _ := os.Hostname()
	addresses := []string{":0", "0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0", "192.0.2.1:8000", "name.invalid:8000", "nowhere", "127.0.0.1", "127.0.0.1:http8", "127.0.0.1:70000", ""}
	if ips, err := net.LookupIP(own); err == nil && !ips[0].IsLoopback() {
		addresses = append(addresses, own+":0")
	}
	for _, command := range []string{"serve", "proxy"} {
		for _, addr := range addresses {
			_, stderr, code := bedrock(t, func(string) string { return "" }, command, "--addr", addr) // before credentials are looked for
			if code != exitUsage || !strings.Contains(stderr, "--addr") {
				t.Errorf("%s --addr %q: exit %d, %s", command, addr, code, stderr)
			}
		}
		for name, environment := range map[string]map[string]string{"blank": {tokenVariable: " "}, "two words": {tokenVariable: "a b"}, "not ASCII": {tokenVariable: "tökén"}} {
			if _, stderr, code := bedrock(t, exampleEnv(environment), command, "--addr", "0.0.0.0:0"); code != exitUsage || !strings.Contains(stderr, tokenVariable) {
				t.Errorf("%s, %s token: exit %d, %s", command, name, code, stderr)
			}
		}
		for _, file := range []string{empty, filepath.Join(t.TempDir(), "absent")} {
			if _, stderr, code := bedrock(t, exampleEnv(nil), command, "--token-file", file); code != exitUsage || !strings.Contains(stderr, "--token-file") {
				t.Errorf("%s --token-file %s: exit %d, %s", command, file, code, stderr)
			}
		}
	}
}

// With a token it may listen everywhere, and answers to the address that a
// connection came in on.
func TestServeEverywhere(t *testing.T) {
	log := new(logBuffer)
	url, _, _ := listening(t, log, map[string]string{tokenVariable: "t0ken"}, "serve", "--mock", "--addr", ":0")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	s := &service{t: t, url: "http://127.0.0.1:" + port, http: httpClient(t)}
	hosts := []string{"127.0.0.1", strings.TrimPrefix(url, "http://")}
	if ip := outwardIP(); ip != "" {
		s.url = "http://" + net.JoinHostPort(ip, port)
		hosts = append(hosts, ip)
	}
	for _, host := range hosts {
		if a := s.ask("/prompt", "Hello", "Authorization", "Bearer t0ken", "Host", host); a.status != 200 {
			t.Errorf("Host %s: %+v", host, a)
		}
	}
	if a := s.ask("/prompt", "Hello", "Authorization", "Bearer t0ken", "Host", "192.0.2.7"); a.status != 403 {
		t.Errorf("another address: %+v", a)
	}
	if a := s.ask("/prompt", "Hello"); a.status != 401 {
		t.Errorf("without the token: %+v", a)
	}
}

// outwardIP is an address of this machine that is no loopback, if it has one.
func outwardIP() string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	return ""
}

// Those who send slowly, or take slowly, are cut off.
func TestServeSlow(t *testing.T) {
	long := `{"output":{"message":{"content":[{"text":"` + strings.Repeat("x", 24<<20) + `"}]}}}` // more than sockets hold
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, long) }))
	defer up.Close()
	s := servingAt(t, up.URL, nil, "--read-timeout", "100ms", "--write-timeout", "100ms")
	for name, text := range map[string]string{
		"headers":         "POST /prompt HTTP/1.1\r\nHost: localhost\r\nX-A:",
		"body":            "POST /prompt HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
		"chunked body":    "POST /prompt HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
		"body to nowhere": "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
		"refused body":    "POST /prompt HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 100\r\n\r\n{",
		"huge header":     "POST /prompt HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("x", 1<<20),
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go io.WriteString(conn, text)
		answer, _ := io.ReadAll(conn) // ends when the service closes
		want := map[string]string{"headers": " 408 ", "body": " 408 ", "chunked body": " 408 ", "body to nowhere": " 404 ", "refused body": " 403 ", "huge header": " 431 "}[name]
		if !strings.Contains(string(answer), want) {
			t.Errorf("%s: %q", name, answer)
		}
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "POST /prompt HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"prompt\":\"long\"}")
	s.log.await(t, `error="the client left: write tcp`)
	s.log.await(t, "i/o timeout")
	if a := s.do("GET", "/healthz", ""); a.status != 200 {
		t.Errorf("%+v", a)
	}
}

// A request may say Expect: 100-continue, and is told no before it sends.
func TestServeExpect(t *testing.T) {
	s := serving(t, &bedrocktest.Server{}, nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "POST /prompt HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 1000000000\r\n\r\n")
	answer, _ := io.ReadAll(conn)
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 415 ")) {
		t.Errorf("%q", answer)
	}
}
