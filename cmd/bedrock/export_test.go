package main

import (
	"encoding/json"
	"fmt"
	"go/format"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"rawbedrock/client/bedrocktest"
)

// arrived is what a local Bedrock got.
type arrived struct {
	mu  sync.Mutex
	all []bedrocktest.Request
}

func (a *arrived) add(r bedrocktest.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, r)
}

func (a *arrived) got() []bedrocktest.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.all)
}

// remembering is a local Bedrock that remembers.
func remembering(t *testing.T) (url string, a *arrived) {
	a = &arrived{}
	server := httptest.NewServer(&bedrocktest.Server{OnRequest: a.add})
	t.Cleanup(server.Close)
	return server.URL, a
}

const exportBody = `{"messages":[
 {"role":"user","content":[{"text":"it's \"quoted\" 'twice' \\ \u2028 grüße\n🙂\u0001"},{"image":{"format":"png","source":{"bytes":"iVBORw0KGgo="}}}]},
 {"role":"assistant","content":[{"reasoningContent":{"redactedContent":"AAEC"}},{"toolUse":{"toolUseId":"a1","name":"f","input":{"source":{"bytes":"not base64!"},"n":1.50,"big":12345678901234567890,"none":null,"yes":true,"empty":{},"list":[]}}}]},
 {"role":"user","content":[{"toolResult":{"toolUseId":"a1","content":[{"json":{"redactedContent":null,"x":[1,2.5e3]}}]}}]}],
"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}]},"inferenceConfig":{"maxTokens":7,"temperature":0.5},
"additionalModelRequestFields":{"top_k":5,"nothing":null},"requestMetadata":{"a":"b"}}`

// exportCases are command lines whose calls boto3 and Go make again.
func exportCases(t *testing.T) [][]string {
	dir := t.TempDir()
	image, document := filepath.Join(dir, "i.png"), filepath.Join(dir, "notes.md")
	write(t, image, "\x89PNG\r\n\x1a\n\x00\xff")
	write(t, document, "# notes")
	return [][]string{
		{"converse", "He said \"it's\" grüße 🙂\nand \\ left"},
		{"converse", "--no-stream", "--system", "Be short.", "--max-tokens", "5", "--temperature", "0", "--stop", "x", "--guardrail", "gr1:1", "Hello"},
		{"converse", "--no-stream", "--image", image, "--document", document, "Hello"},
		{"converse", "--no-stream", "--body", exportBody, "-m", "us.anthropic.claude-haiku-4-5-20251001-v1:0"},
		{"converse", "--no-stream", "-m", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6", "Hello"},
		{"invoke", "Hello"},
		{"invoke", "--stream", "--guardrail", "gr1:DRAFT", "-m", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "Hello"},
		{"invoke", "-m", "amazon.titan-embed-text-v2:0", "to embed"},
		{"chat", "Hello \"you\""},
		{"chat", "--stream", "--auth", "bearer", "Hello"},
	}
}

// same tells whether two requests ask for the same: operation, labels, the
// headers of InvokeModel, and the body as JSON.
func same(a, b bedrocktest.Request) bool {
	var x, y any
	json.Unmarshal(a.Body, &x)
	json.Unmarshal(b.Body, &y)
	for _, name := range []string{"X-Amzn-Bedrock-Guardrailidentifier", "X-Amzn-Bedrock-Guardrailversion"} {
		if a.Header.Get(name) != b.Header.Get(name) {
			return false
		}
	}
	return a.Operation == b.Operation && reflect.DeepEqual(a.Labels, b.Labels) && reflect.DeepEqual(x, y)
}

// exports writes what --dry-run prints of each command line into files, and
// makes each call by our own hands too.
func exports(t *testing.T, url, form, suffix string) (files []string) {
	getenv := exampleEnv(map[string]string{"AWS_BEARER_TOKEN_BEDROCK": ""})
	for i, args := range exportCases(t) {
		if strings.Contains(fmt.Sprint(args), "bearer") {
			getenv = exampleEnv(map[string]string{"AWS_BEARER_TOKEN_BEDROCK": bedrocktest.APIKey})
		}
		args = append(args, "--endpoint-url", url)
		if _, stderr, code := bedrock(t, getenv, args...); code != 0 {
			t.Fatalf("%q: exit %d: %s", args, code, stderr)
		}
		program, stderr, code := bedrock(t, getenv, append(args, "--dry-run", form)...)
		if code != 0 || stderr != "" || strings.Contains(program, bedrocktest.APIKey) || strings.Contains(program, "AKID") || strings.Contains(program, "Signature=") {
			t.Fatalf("%q: exit %d: %s\n%s", args, code, stderr, program)
		}
		file := filepath.Join(t.TempDir(), fmt.Sprintf("export%d%s", i, suffix))
		write(t, file, program)
		files = append(files, file)
	}
	return files
}

var exportEnv = append([]string{"HOME=/nonexistent", "PATH=" + os.Getenv("PATH")}, exampleKeys...)

// compare holds what a program sent against what we sent.
func compare(t *testing.T, a *arrived, files []string) {
	t.Helper()
	got := a.got()
	if len(got) != 2*len(files) {
		t.Fatalf("%d requests arrived, want %d", len(got), 2*len(files))
	}
	for i, file := range files {
		if ours, theirs := got[i], got[len(files)+i]; !same(ours, theirs) {
			program, _ := os.ReadFile(file)
			t.Errorf("%s %q\n%s\nwhere we sent %s %q\n%s\n%s", theirs.Operation.Name, theirs.Labels, theirs.Body, ours.Operation.Name, ours.Labels, ours.Body, program)
		}
	}
}

// TestBoto3ExportsRun runs every exported program, in one interpreter, against
// the local Bedrock, which verifies, and compares what arrives.
func TestBoto3ExportsRun(t *testing.T) {
	if err := exec.Command("python3", "-c", "import boto3").Run(); err != nil {
		t.Skip("python3 with boto3 absent")
	}
	url, a := remembering(t)
	files := exports(t, url, "boto3", ".py")
	const runAll = `
import os, sys
for name in sys.argv[1:]:
    text = open(name).read()
    if "os.environ" in text: os.environ["AWS_BEARER_TOKEN_BEDROCK"] = "` + bedrocktest.APIKey + `"
    exec(compile(text, name, "exec"), {"__name__": "__main__"})
    print("=" * 20)
`
	python := exec.Command("python3", append([]string{"-c", runAll}, files...)...)
	python.Env = exportEnv
	out, err := python.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	compare(t, a, files)
	if answers := strings.Count(string(out), "mock"); answers < len(files)-1 { // an embedding has no words
		t.Errorf("%d programs printed an answer:\n%s", answers, out)
	}
}

// TestGoExportsRun builds and runs some of the exported programs.
func TestGoExportsRun(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is absent")
	}
	url, a := remembering(t)
	files := exports(t, url, "go", ".go")
	ours := a.got()
	for i, file := range files {
		source, _ := os.ReadFile(file)
		if formatted, err := format.Source(source); err != nil || string(formatted) != string(source) {
			t.Errorf("%s is not as gofmt has it: %v\n%s", file, err, source)
		}
		if i != 0 && i != 6 && i != 8 {
			continue // a build takes seconds
		}
		program := exec.Command("go", "run", file)
		program.Env = append(os.Environ(), exampleKeys...)
		program.Env = append(program.Env, "AWS_BEARER_TOKEN_BEDROCK=", "HTTP_PROXY=", "HTTPS_PROXY=")
		out, err := program.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "mock") && !strings.Contains(string(out), "message_start") {
			t.Errorf("%v: %s\n%s", err, out, source)
			continue
		}
		got := a.got()
		if last := got[len(got)-1]; !same(ours[i], last) {
			t.Errorf("%s: %q, want %q", last.Operation.Name, last.Body, ours[i].Body)
		}
	}
}

// TestExportOfOthers: a base URL with a path, AWS's own endpoint, a list with a
// query, bodies that are no text, and paths that are nobody's.
func TestExportOfOthers(t *testing.T) {
	signed := func(method, url, scope string) *http.Request {
		r := httptest.NewRequest(method, url, nil)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/"+scope+"/aws4_request, SignedHeaders=host, Signature=00")
		r.Header.Set("X-Amz-Security-Token", canarySession)
		return r
	}
	with := func(r *http.Request, name string, values ...string) *http.Request {
		r.Header[name] = values
		return r
	}
	for _, tt := range []struct {
		r      *http.Request
		body   string
		boto3  []string
		golang []string
	}{
		{signed("POST", "https://gateway.example/bedrock/eu/model/a.b%3A0/converse", "eu-west-1/bedrock"), `{"messages":[]}`,
			[]string{`"modelId": "a.b:0"`, `region_name="eu-west-1", endpoint_url="https://gateway.example/bedrock/eu")`, "client.converse("},
			[]string{`client.WithRegion("eu-west-1"), client.WithEndpoint("https://gateway.example/bedrock/eu")`}},
		{signed("POST", "https://bedrock-runtime.eu-west-1.amazonaws.com/model/a.b%3A0/invoke", "eu-west-1/bedrock"), "\xff\x00",
			[]string{`"body": base64.b64decode("/wA=")`, `boto3.client("bedrock-runtime", region_name="eu-west-1")`, "import base64\n"},
			[]string{`client.New(client.WithRegion("eu-west-1"))`, `[]byte("\xff\x00")`}},
		{signed("GET", "https://bedrock.us-west-2.amazonaws.com/inference-profiles?type=APPLICATION&maxResults=10", "us-west-2/bedrock"), "",
			[]string{`"typeEquals": "APPLICATION"`, `"maxResults": 10,`, `boto3.client("bedrock", region_name="us-west-2")`, "client.list_inference_profiles(**request)"},
			[]string{`Query: url.Values{"maxResults": {"10"}, "type": {"APPLICATION"}}`, `"net/url"`}},
		{signed("POST", "https://bedrock-mantle.us-west-2.api.aws/v1/chat/completions", "us-west-2/bedrock-mantle"), `{"stream":true}`,
			[]string{`"bedrock-mantle", "us-west-2").add_auth`, "https://bedrock-mantle.us-west-2.api.aws/v1/chat/completions"},
			[]string{"operation.MantleChatCompletions", "c.Stream("}},
		{signed("POST", "https://bedrock-runtime.us-west-2.amazonaws.com/model/a.b/converse", "us-west-2/bedrock"), `["no object"]`,
			[]string{"SigV4Auth("}, []string{"operation.Converse"}},
		{with(signed("POST", "https://bedrock-runtime.us-west-2.amazonaws.com/model/a.b/converse", "us-west-2/bedrock"), "X-Odd", "1", "2"), `{"messages":[]}`,
			[]string{`"X-Odd": "1, 2",`, `register("before-call", `}, []string{`"X-Odd": {"1", "2"}`}},
		{with(signed("POST", "https://bedrock-runtime.us-west-2.amazonaws.com/model/a.b/invoke", "us-west-2/bedrock"), "Accept", "text/csv"), `{}`,
			[]string{`"accept": "text/csv"`}, []string{`"Accept": {"text/csv"}`}},
		{signed("POST", "https://bedrock-runtime.us-west-2.amazonaws.com/guardrail-checks/invoke", "us-west-2/bedrock"), `{}`,
			[]string{"SigV4Auth("}, []string{"operation.InvokeGuardrailChecks"}},
	} {
		var python, golang strings.Builder
		if err := writeBoto3(&python, tt.r, []byte(tt.body)); err != nil {
			t.Error(err)
		}
		if err := writeGo(&golang, tt.r, []byte(tt.body)); err != nil {
			t.Error(err)
		}
		for text, wants := range map[string][]string{python.String(): tt.boto3, golang.String(): tt.golang} {
			for _, want := range wants {
				if !strings.Contains(text, want) {
					t.Errorf("%s: no %q in\n%s", tt.r.URL, want, text)
				}
			}
			findCanaries(t, tt.r.URL.String(), text)
		}
	}
	if err := writeGo(&strings.Builder{}, signed("GET", "https://a.test/b", "x/y"), nil); err == nil {
		t.Error("a path that is nobody's was exported")
	}
}
