package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"rawbedrock/client/bedrocktest"
)

// TestCurlSendsTheVeryRequest runs the printed command with a shell and
// compares what arrives: method, path as written, headers, body.
func TestCurlSendsTheVeryRequest(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl absent")
	}
	var got *http.Request
	var gotBody []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		gotBody, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()

	for name, body := range map[string]string{
		"plain":     `{"messages":[]}`,
		"quotes":    `{"a":"it's \"quoted\" 'twice' \\ $HOME ` + "`id`" + ` !x"}`,
		"newlines":  "{\n\t\"a\":\r\n1}\n",
		"non-ASCII": `{"a":"grüße – 你好 🙂"}`,
		"at sign":   "@/etc/passwd",
		"dash":      "-d",
		"binary":    "\x00\xff\xfe\n",
		"long":      strings.Repeat("0123456789", 40_000),
		"empty":     "",
	} {
		t.Run(name, func(t *testing.T) {
			url := server.URL + "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ax%2Fy%20z/converse?b=1%2F2&a=%5Bx%5D"
			want, _ := http.NewRequest("POST", url, strings.NewReader(body))
			want.Header.Set("Content-Type", "application/json")
			want.Header.Set("X-Odd", `it's "quoted" $HOME`)
			want.Header.Set("X-Empty", "")
			want.Header.Set("X-Amz-Security-Token", "secret+/=token")
			want.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/…, SignedHeaders=host, Signature=abc")
			var command bytes.Buffer
			if err := writeCurl(&command, want, []byte(body)); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(command.String(), "secret+") {
				t.Errorf("the command holds the session token: %s", command.String())
			}
			script := filepath.Join(t.TempDir(), "command.sh")
			if err := os.WriteFile(script, command.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			shell := exec.Command("sh", script)
			shell.Env = []string{"AWS_SESSION_TOKEN=secret+/=token", "PATH=" + os.Getenv("PATH")}
			if out, err := shell.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s\n%.500s", err, out, command.String())
			}
			if got.Method != "POST" || "http://"+got.Host+got.RequestURI != url {
				t.Errorf("%s %s%s, want POST %s", got.Method, got.Host, got.RequestURI, url)
			}
			for h := range want.Header {
				if got.Header.Get(h) != want.Header.Get(h) || len(got.Header[h]) != 1 {
					t.Errorf("%s: %q, want %q", h, got.Header.Get(h), want.Header.Get(h))
				}
			}
			if string(gotBody) != body {
				t.Errorf("body %.200q, want %.200q", gotBody, body)
			}
		})
	}
}

func TestDryRunForms(t *testing.T) {
	body := "{\"a\": \"it's\"}"
	r, _ := http.NewRequest("POST", "http://127.0.0.1:1/model/a%3Ab/invoke", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer canary")
	r.Header.Set("Content-Type", "application/json")

	var out bytes.Buffer
	if err := writeHTTP(&out, r, []byte(body)); err != nil {
		t.Fatal(err)
	}
	want := "POST /model/a%3Ab/invoke HTTP/1.1\nHost: 127.0.0.1:1\nAuthorization: Bearer $AWS_BEARER_TOKEN_BEDROCK\n" +
		"Content-Type: application/json\nContent-Length: 13\n\n" + body + "\n"
	if out.String() != want {
		t.Errorf("http:\n%s\nwant:\n%s", out.String(), want)
	}

	out.Reset()
	if err := writeJSON(&out, r, []byte(body)); err != nil {
		t.Fatal(err)
	}
	var v struct {
		Method, URL, Body string
		Headers           map[string]string
	}
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	if v.Method != "POST" || v.URL != r.URL.String() || v.Body != body || v.Headers["Authorization"] != "Bearer $AWS_BEARER_TOKEN_BEDROCK" {
		t.Errorf("json: %s", out.String())
	}

	r, _ = http.NewRequest("GET", "http://127.0.0.1:1/x", nil)
	r.Host = "bedrock.example"
	out.Reset()
	writeHTTP(&out, r, nil)
	if got := out.String(); got != "GET /x HTTP/1.1\nHost: bedrock.example\n\n\n" {
		t.Errorf("%q", got)
	}
}

// TestDryRunIsAccepted runs what a dry run prints against the local Bedrock,
// after seeing that the dry run itself sent nothing: by API key, and with a
// body that is too long for an argument.
func TestDryRunIsAccepted(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl absent")
	}
	var seen atomic.Int32
	server := httptest.NewServer(&bedrocktest.Server{Verify: bedrocktest.VerifyStrict, OnRequest: func(bedrocktest.Request) { seen.Add(1) }})
	defer server.Close()
	image := filepath.Join(t.TempDir(), "large.png")
	write(t, image, "\x89PNG\r\n\x1a\n"+strings.Repeat("x", 200_000))

	getenv := exampleEnv(map[string]string{"AWS_BEARER_TOKEN_BEDROCK": bedrocktest.APIKey})
	for name, args := range map[string][]string{
		"key pair": {"converse", "--auth", "sigv4", "--no-stream", "--image", image, "Hello"},
		"API key":  {"chat", "Hello"},
	} {
		stdout, stderr, code := bedrock(t, getenv, append(args, "--endpoint-url", server.URL, "--dry-run", "curl")...)
		if code != 0 || stderr != "" || seen.Load() != 0 || strings.Contains(stdout, bedrocktest.APIKey) {
			t.Fatalf("%s: exit %d, %d requests: %s\n%.2000s", name, code, seen.Load(), stderr, stdout)
		}
		script := filepath.Join(t.TempDir(), "command.sh")
		write(t, script, stdout)
		shell := exec.Command("sh", script)
		shell.Env = []string{"PATH=" + os.Getenv("PATH"), "AWS_BEARER_TOKEN_BEDROCK=" + bedrocktest.APIKey}
		out, err := shell.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("mock answer")) || seen.Load() != 1 {
			t.Errorf("%s: %v, %d requests: %.500s\n%.500s", name, err, seen.Load(), out, stdout)
		}
		seen.Store(0)
	}
}

// TestListsAsRequests: the requests of a list can be printed too.
func TestListsAsRequests(t *testing.T) {
	for args, want := range map[string]string{
		"models --dry-run curl":             "--request GET 'https://bedrock.us-east-1.amazonaws.com/foundation-models'",
		"models --dry-run boto3":            "client.list_foundation_models(**request)",
		"models --profiles --dry-run boto3": "client.list_inference_profiles(**request)",
		"models --profiles --dry-run go":    "Op: operation.ListInferenceProfiles,",
	} {
		if stdout, stderr, code := bedrock(t, exampleEnv(nil), strings.Fields(args)...); code != 0 || !strings.Contains(stdout, want) {
			t.Errorf("%s: exit %d, no %q in\n%s%s", args, code, want, stdout, stderr)
		}
	}
}
