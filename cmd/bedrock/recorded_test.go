package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/client/cassette"
	"rawbedrock/client/operation"
)

// everyRecording is what is in the project's own cassettes, made by its local
// Bedrock: those that boto3 and curl can make again.
func everyRecording(t *testing.T) (files []string) {
	files, err := filepath.Glob("../../testdata/cassettes/*.cassette")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d cassettes: %v", len(files), err)
	}
	return slices.DeleteFunc(files, func(file string) bool {
		return strings.Contains(file, "unknown-operation") || strings.Contains(file, "bad-key")
	})
}

// TestRecordingsAsPrograms makes every recorded request again by what --as
// prints of it: what arrives is what was recorded, and the local Bedrock, which
// verifies, refuses no signature.
func TestRecordingsAsPrograms(t *testing.T) {
	for form, run := range map[string][]string{"curl": {"sh"}, "boto3": {"python3", "-c", `
import sys
for part in sys.stdin.read().split("\n# "):
    try:
        exec(compile("# " + part, "export", "exec"), {"__name__": "__main__"})
    except SystemExit: pass
    except Exception as e:
        if not type(e).__module__.startswith("botocore"): raise
`}} {
		t.Run(form, func(t *testing.T) {
			if form == "boto3" && exec.Command("python3", "-c", "import boto3").Run() != nil {
				t.Skip("python3 with boto3 absent")
			}
			if _, err := exec.LookPath("curl"); form == "curl" && err != nil {
				t.Skip("curl absent")
			}
			url, a := remembering(t)
			var programs strings.Builder
			var want []cassette.Interaction
			for _, file := range everyRecording(t) {
				program, stderr, code := bedrock(t, exampleEnv(nil), "cassette", "show", "--as", form, "--region", "us-east-1", "--endpoint-url", url, file)
				if code != 0 {
					t.Errorf("%s: exit %d: %s", file, code, stderr)
				}
				programs.WriteString("\n# " + file + "\n" + program)
				interactions, err := cassette.Read(file)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, interactions...)
			}
			program := exec.Command(run[0], run[1:]...)
			program.Stdin, program.Env = strings.NewReader(programs.String()), exportEnv
			out, err := program.CombinedOutput() // the recorded refusals are refused again
			got := a.got()
			if len(got) != len(want) || strings.Contains(string(out), "SignatureException") {
				t.Fatalf("%d requests arrived, want %d (%v)\n…%s", len(got), len(want), err, out[max(0, len(out)-2000):])
			}
			for i, w := range want {
				op, labels, _ := matchURL(w.Request)
				if !same(bedrocktest.Request{Operation: op, Labels: labels, Header: w.Request.Header, Body: w.Request.Body}, got[i]) {
					t.Errorf("%s %q\n%s\nwhere the recording has %s %q\n%s", got[i].Operation.Name, got[i].Labels, got[i].Body, op.Name, labels, w.Request.Body)
				}
			}
		})
	}
}

// TestRecordingAsRequest: where a recorded request goes, as whom, and what is
// told of it.
func TestRecordingAsRequest(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.cassette")
	write(t, file, `rawbedrock cassette 1

> POST https://bedrock-runtime.eu-west-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A000000000001%3Ainference-profile%2Feu.amazon.nova-lite-v1%3A0/converse
Authorization: REDACTED
Content-Type: application/json
User-Agent: Boto3/1.43.11
X-Amzn-Bedrock-Request-Metadata: REDACTED
json
	{
	  "messages": []
	}

< 200 +0.35

> POST http://127.0.0.1:1/gateway/model/a.b/converse
Content-Type: application/json
json
	{
	  "messages": []
	}

< 200 +0.35

> POST https://sts.amazonaws.com/

< 200 +0.35
`)
	none := map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
	for _, tt := range []struct {
		args    string
		env     map[string]string
		code    int
		want    []string
		wantNot []string
	}{
		{"-n 1 --as curl", nil, 0, []string{"https://bedrock-runtime.eu-west-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A000000000001%3A", "/eu-west-1/bedrock/aws4_request", "note: line 3: account 000000000001 was made up"}, []string{"REDACTED", "Boto3", "Metadata"}},
		{"-n 1 --as curl --account 123456789012", nil, 0, []string{"3A123456789012%3A"}, []string{"000000000001", "note:"}},
		{"-n 1 --as http --region us-west-2", nil, 0, []string{"Host: bedrock-runtime.us-west-2.amazonaws.com\n"}, nil},
		{"-n 1 --as curl", map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:2"}, 0, []string{"'http://127.0.0.1:2/model/"}, nil},
		{"-n 1 --as curl", none, 0, []string{`"Authorization: Bearer $AWS_BEARER_TOKEN_BEDROCK"`, "note: no credentials were found"}, nil},
		{"-n 1 --as curl", map[string]string{"AWS_BEARER_TOKEN_BEDROCK": canaryBearer}, 0, []string{`"Authorization: Bearer $AWS_BEARER_TOKEN_BEDROCK"`}, []string{"no credentials"}},
		{"-n 1 --as curl --auth sigv4", none, 3, []string{"no usable credentials"}, nil},
		{"-n 1 --as boto3", none, 0, []string{`region_name="eu-west-1")`}, []string{"no credentials", "note: the request needs"}},
		{"-n 2 --as curl", nil, 0, []string{"'http://127.0.0.1:1/gateway/model/a.b/converse'", "/us-east-1/bedrock/aws4_request"}, nil},
		{"-n 2 --as go", map[string]string{"AWS_REGION": ""}, 0, []string{`client.WithRegion("us-east-1"), client.WithEndpoint("http://127.0.0.1:1/gateway")`}, nil},
		{"-n 2 --as curl", map[string]string{"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:3"}, 0, []string{"'http://127.0.0.1:3/model/a.b/converse'"}, nil},
		{"-n 2 --as curl --mock", none, 0, []string{"'http://" + mockAddress + "/model/a.b/converse'", "AWS4-HMAC-SHA256"}, nil},
		{"-n 3 --as curl", nil, 2, []string{"line 24: POST https://sts.amazonaws.com/ is no operation of Bedrock"}, nil},
		{"--as go", nil, 2, []string{"is no operation"}, nil},
		{"-n 4 --as curl", nil, 2, []string{"has 3 requests"}, nil},
		{"-n 4", nil, 2, []string{"has 3 requests"}, nil},
		{"-n 2", nil, 0, []string{"2. Converse a.b (line 15)"}, []string{"1. "}},
		{"--account 12 --as curl", nil, 2, []string{"want twelve digits"}, nil},
	} {
		env := map[string]string{"AWS_REGION": "us-east-1", "HOME": dir, "AWS_EC2_METADATA_DISABLED": "true", "AWS_SESSION_TOKEN": canarySession}
		for name, value := range tt.env {
			env[name] = value
		}
		stdout, stderr, code := bedrock(t, exampleEnv(env), append([]string{"cassette", "show", file}, strings.Fields(tt.args)...)...)
		if code != tt.code {
			t.Errorf("%s: exit %d, want %d: %s", tt.args, code, tt.code, stderr)
		}
		for _, want := range tt.want {
			if !strings.Contains(stdout+stderr, want) {
				t.Errorf("%s %v: no %q in\n%s%s", tt.args, tt.env, want, stdout, stderr)
			}
		}
		for _, not := range tt.wantNot {
			if strings.Contains(stdout+stderr, not) {
				t.Errorf("%s %v: %q in\n%s%s", tt.args, tt.env, not, stdout, stderr)
			}
		}
		findCanaries(t, tt.args, stdout+stderr)
	}
}

// TestDrift holds answers against recorded ones.
func TestDrift(t *testing.T) {
	answer := func(status int, kind, body string) *cassette.Response {
		return &cassette.Response{Status: status, Header: http.Header{"Content-Type": {kind}, "Date": {body}}, Body: []byte(body)}
	}
	body := func(text string) *cassette.Response { return answer(200, "application/json", text) }
	stream := func(lines ...string) *cassette.Response {
		text := "data: " + strings.Join(lines, "\n\ndata: ") + "\n\n"
		r := answer(200, "text/event-stream", text)
		for end := range len(text) {
			if strings.HasPrefix(text[end:], "\n\n") {
				r.Arrivals = append(r.Arrivals, cassette.Arrival{End: end + 2})
			}
		}
		return r
	}
	for name, tt := range map[string]struct {
		was, is *cassette.Response
		want    string
	}{
		"alike":           {body(`{"a":1,"b":[{"c":"x"}]}`), body(`{"b":[{"c":"x"}],"a":1}`), ""},
		"status":          {body(`{"a":1}`), answer(403, "application/json", `{"message":"no"}`), "status status 200 403"},
		"other error":     {answer(400, "a/b", `{"message":"x"}`), answer(429, "a/b", `{"message":"y"}`), `status status 400 429; message value "x" "y"`},
		"gone and new":    {body(`{"a":{"b":1,"c":{"d":2}},"e":1}`), body(`{"e":1,"f":[1]}`), "a gone object ; f new  array"},
		"member":          {body(`{"a":{"b":1,"c":2}}`), body(`{"a":{"b":1}}`), "a.c gone 2 "},
		"like a prefix":   {body(`{"a":{"x":1},"ab":1}`), body(`{}`), "a gone object ; ab gone 1 "},
		"type":            {body(`{"a":"1","b":[]}`), body(`{"a":1,"b":null}`), "a type string number; b type array null"},
		"optional":        {body(`{"a":[{"b":1},{"b":null}]}`), body(`{"a":[{"b":1}]}`), "a[].b type null or number number"},
		"value":           {body(`{"a":"x","n":1}`), body(`{"a":"y","n":2}`), `a value "x" "y"; n value 1 2`},
		"more elements":   {body(`{"a":[1,2]}`), body(`{"a":[1,2,3]}`), "a[] value 1, 2 1, 2, 3"},
		"big numbers":     {body(`{"a":12345678901234567890}`), body(`{"a":12345678901234567891}`), "a value 12345678901234567890 12345678901234567891"},
		"root":            {body(`[1]`), body(`{"a":1}`), "[] gone 1 ; a new  1; body type array object"},
		"no JSON":         {body(`{"a":1}`), body(`<html>`), "a gone 1 ; body type object text"},
		"empty":           {body(`{"a":1}`), body(""), "a gone 1 ; body gone object "},
		"accounts":        {body(`{"a":"arn:aws:x:000000000003:y"}`), body(`{"a":"arn:aws:x:000000000001:y"}`), ""},
		"content type":    {body(`{}`), answer(200, "a/b", `{}`), `header Content-Type value "application/json" "a/b"`},
		"pieces":          {stream(`{"t":"Hel"}`, `{"t":"lo"}`), stream(`{"t":"Hello"}`), ""},
		"text":            {stream(`{"t":"Hel"}`, `{"t":"lo"}`), stream(`{"t":"Hi"}`), `data.t value "Hello" "Hi"`},
		"indexes":         {stream(`{"i":0,"p":"ab"}`, `{"i":0,"p":"a"}`), stream(`{"i":0,"p":"abc"}`), ""},
		"kinds of events": {stream(`{"type":"a","x":1}`, `{"type":"b","y":1}`), stream(`{"type":"a","x":1}`, `{"type":"c"}`), "b gone object ; c new  object"},
	} {
		all, _ := driftOf(tt.was, tt.is)
		var got []string
		for _, d := range all {
			got = append(got, fmt.Sprint(d.Path, " ", d.Change, " ", d.Recorded, " ", d.Live))
		}
		if s := strings.Join(got, "; "); s != tt.want {
			t.Errorf("%s: %s\nwant %s", name, s, tt.want)
		}
	}
	whole, cut := body(`{"a":1}`), body(`{"a":1}`)
	cut.Cut = "reset"
	if all, same := driftOf(cut, whole); len(all) != 1 || all[0].Change != driftGone || same == 0 {
		t.Errorf("a cut: %v, %d alike", all, same)
	}
}

// TestReplayLive records from one Bedrock and asks another.
func TestReplayLive(t *testing.T) {
	local := &bedrocktest.Server{}
	rewrite := func(body []byte) []byte { return body }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		local.ServeHTTP(answer, r)
		body, _ := io.ReadAll(answer.Body)
		for name, values := range answer.Header() {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(answer.Code)
		w.Write(rewrite(body))
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "a.cassette")
	getenv := exampleEnv(map[string]string{"AWS_REGION": "us-east-1"})
	for _, args := range [][]string{{"--no-stream", "Hello"}, {"Hello"}} {
		if _, stderr, code := bedrock(t, getenv, append([]string{"converse", "--endpoint-url", server.URL, "--record", file}, args...)...); code != 0 {
			t.Fatal(stderr)
		}
	}
	stdout, stderr, code := bedrock(t, getenv, "replay-live", file)
	if code != 0 || strings.Count(stdout, "\nsame ") != 2 || strings.Contains(stdout, "value ") || !strings.Contains(stderr, "note: making 2 requests again, which used") {
		t.Errorf("the same server: exit %d\n%s%s", code, stdout, stderr)
	}
	rewrite = func(body []byte) []byte {
		return []byte(strings.NewReplacer(`"totalTokens"`, `"tokens"`, "A mock answer", "An answer").Replace(string(body)))
	}
	stdout, stderr, code = bedrock(t, getenv, "replay-live", "-o", "json", "-n", "1", file)
	var got []comparison
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || len(got) != 1 {
		t.Fatalf("%v: %s%s", err, stdout, stderr)
	}
	changes := map[string]string{}
	for _, d := range got[0].Drift {
		changes[d.Path] = d.Change
	}
	want := map[string]string{"usage.totalTokens": driftGone, "usage.tokens": driftNew, "output.message.content[].text": driftValue}
	if fmt.Sprint(changes) != fmt.Sprint(want) || code != 1 || got[0].Operation != operation.Converse.Name || got[0].Live.Status != 200 {
		t.Errorf("exit %d, %+v, want %v", code, got[0], want)
	}
	server.Close()
	stdout, _, code = bedrock(t, getenv, "replay-live", "--max-attempts", "1", file)
	if code != 1 || strings.Count(stdout, "no answer") != 2 || !strings.Contains(stdout, "connection refused") {
		t.Errorf("no server: exit %d\n%s", code, stdout)
	}
	if stdout, stderr, code = bedrock(t, exampleEnv(map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}), "replay-live", "--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:1", file); code != 3 {
		t.Errorf("no credentials: exit %d\n%s%s", code, stdout, stderr)
	}
}
