package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rawbedrock/client/bedrocktest"
)

const worldly = "Grüße, <world> & 世界 🌍\nin two lines"

// Each API gives the same text whole, flushed, as JSON and as events.
func TestServe(t *testing.T) {
	up := &bedrocktest.Server{Reply: func(_, prompt string) string { return "You said " + prompt + "." }}
	for _, test := range []struct{ api, model string }{
		{"converse", ""}, {"chat", ""}, {"invoke", ""},
		{"converse", "us.anthropic.claude-haiku-4-5-20251001-v1:0"},
		{"invoke", "us.anthropic.claude-haiku-4-5-20251001-v1:0"},
		{"invoke", "amazon.titan-text-lite-v1"},
		{"invoke", "meta.llama3-1-8b-instruct-v1:0"},
		{"invoke", "openai.gpt-oss-20b-1:0"},
		{"invoke", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0"},
	} {
		t.Run(test.api+" "+test.model, func(t *testing.T) {
			s := serving(t, up, map[string]string{"BEDROCK_MODEL": test.model}, "--api", test.api)
			plain := s.ask("/prompt", worldly)
			want := strings.TrimSpace(plain.body)
			if plain.status != 200 || !strings.Contains(want, worldly) || plain.header.Get("Content-Type") != plainText {
				t.Fatalf("/prompt: %+v", plain)
			}
			if flushed := s.ask("/prompt/streamed", worldly); flushed.status != 200 || strings.TrimSpace(flushed.body) != want || flushed.err != nil {
				t.Errorf("/prompt/streamed: %+v", flushed)
			}
			var whole answer
			if a := s.ask("/prompt", worldly, "Accept", "application/json"); json.Unmarshal([]byte(a.body), &whole) != nil ||
				strings.TrimSpace(*whole.Text) != want || whole.Usage == nil || whole.Usage.OutputTokens == 0 || whole.StopReason == "" || whole.RequestID == "" || whole.Model == "" {
				t.Errorf("as JSON: %+v", a)
			}
			a := s.ask("/prompt/streamed", worldly, "Accept", "text/event-stream")
			text, last := a.text(t)
			var end answer
			if json.Unmarshal([]byte(last.data), &end) != nil || strings.TrimSpace(text) != want || last.name != "done" || end.StopReason == "" || end.RequestID == "" || end.Model != whole.Model {
				t.Errorf("as events: %+v", a)
			}
			if test.api != "chat" && (end.Usage == nil || end.Usage.OutputTokens != whole.Usage.OutputTokens) {
				t.Errorf("usage %+v, want %+v", end.Usage, whole.Usage)
			}
		})
	}
}

// The body of the article, from its Secrets.toml to what Titan gets.
func TestServeArticle(t *testing.T) {
	got := make(chan string, 2)
	up := &bedrocktest.Server{OnRequest: func(r bedrocktest.Request) { got <- r.Path + " " + string(r.Body) }}
	local, err := up.Start("")
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	secrets := filepath.Join(t.TempDir(), "Secrets.toml")
	write(t, secrets, fmt.Sprintf("AWS_ACCESS_KEY_ID = \"AKIDEXAMPLE\"\nAWS_SECRET_ACCESS_KEY = %q\nAWS_URL = %q\n",
		bedrocktest.Credentials().SecretAccessKey, local.URL))
	url, _, _ := listening(t, new(logBuffer), map[string]string{"HOME": t.TempDir()}, "serve", "--addr", "127.0.0.1:0", "--secrets", secrets, "-r", "us-east-1",
		"--api", "invoke", "-m", "amazon.titan-text-lite-v1", "--temperature", "0.2", "--top-p", "0", "--max-tokens", "100", "--stop", "|")
	s := &service{t: t, url: url, http: httpClient(t)}
	want := `{"inputText":"Hello world!","textGenerationConfig":{"maxTokenCount":100,"temperature":0.2,"topP":0,"stopSequences":["|"]}}`
	for path, call := range map[string]string{"/prompt": "invoke", "/prompt/streamed": "invoke-with-response-stream"} {
		if a := s.ask(path, "Hello world!"); a.status != 200 || !strings.Contains(a.body, "Hello world!") || a.err != nil {
			t.Errorf("%s: %+v", path, a)
		}
		if r := <-got; r != "/model/amazon.titan-text-lite-v1/"+call+" "+want {
			t.Errorf("%s sent %s", path, r)
		}
	}
}

// What a request says of itself goes before the flags.
func TestServeFields(t *testing.T) {
	got := make(chan bedrocktest.Request, 1)
	s := serving(t, &bedrocktest.Server{OnRequest: func(r bedrocktest.Request) { got <- r }}, nil,
		"-m", "us.amazon.nova-2-lite-v1:0", "--system", "flag", "--max-tokens", "7", "--temperature", "0.5", "--stop", "flag", "--guardrail", "gr1:DRAFT")
	s.ask("/prompt", "p")
	const guard = `"guardrailConfig":{"guardrailIdentifier":"gr1","guardrailVersion":"DRAFT"}`
	r := <-got
	if want := `{"messages":[{"role":"user","content":[{"text":"p"}]}],"system":[{"text":"flag"}],"inferenceConfig":{"maxTokens":7,"temperature":0.5,"stopSequences":["flag"]},` + guard + `}`; string(r.Body) != want {
		t.Errorf("from flags: %s", r.Body)
	}
	a := s.do("POST", "/prompt", `{"system":"s","prompt":"p","model":"us.amazon.nova-pro-v1:0","maxTokens":9,"temperature":0,"topP":1,"stopSequences":["a","b"]}`)
	r = <-got
	if want := `{"messages":[{"role":"user","content":[{"text":"p"}]}],"system":[{"text":"s"}],"inferenceConfig":{"maxTokens":9,"temperature":0,"topP":1,"stopSequences":["a","b"]},` + guard + `}`; string(r.Body) != want || r.Model != "us.amazon.nova-pro-v1:0" {
		t.Errorf("from the request: %d, %s %s", a.status, r.Model, r.Body)
	}
}

// The first text is there while the upstream is still writing.
func TestServeFirstByte(t *testing.T) {
	for _, accept := range []string{"*/*", "text/event-stream"} {
		g := newGate(3) // messageStart, two deltas
		s := serving(t, &bedrocktest.Server{OnPart: g.onPart}, nil)
		resp, err := s.http.Do(s.request(t.Context(), "POST", "/prompt/streamed", `{"prompt":"Hello"}`, "Accept", accept))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		in := bufio.NewReader(resp.Body)
		first, err := in.Peek(1)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %q, %v", accept, first, err)
		}
		<-g.reached
		close(g.open)
		if rest, err := io.ReadAll(in); err != nil || len(rest) < 20 {
			t.Errorf("%s: %q, %v", accept, rest, err)
		}
	}
}

// A break after output began ends abnormally, whatever it was, and the log has
// the reason.
func TestServeBreaks(t *testing.T) {
	for _, fault := range []string{"close; at=3", "reset; at=3", "end; at=4", "no-end", "modelStreamErrorException; at=3; message=the model fell over", "bad-message; at=3"} {
		f, err := bedrocktest.ParseFault(fault)
		if err != nil {
			t.Fatal(err)
		}
		s := serving(t, &bedrocktest.Server{Faults: []bedrocktest.Fault{f}}, nil)
		if a := s.ask("/prompt/streamed", "Hello"); a.status != 200 || !strings.HasPrefix(a.body, "A mock") || !errors.Is(a.err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %+v", fault, a)
		}
		if log := s.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "error=") || !strings.Contains(log, "request_id=") || strings.Contains(log, "Hello") {
			t.Errorf("%s: log: %s", fault, log)
		}
		a := s.ask("/prompt/streamed", "Hello", "Accept", "text/event-stream")
		text, last := a.text(t)
		if a.status != 200 || !strings.HasPrefix(text, "A mock") || last.name != "error" || a.err != nil || strings.Contains(a.body, "event: done") {
			t.Errorf("%s: %+v", fault, a)
		}
		if strings.Contains(fault, "message") && strings.Contains(fault, "model") && !strings.Contains(last.data, `"message":"the model fell over"`) {
			t.Errorf("%s: %s", fault, last.data)
		}
		if !strings.Contains(last.data, `"requestId":"`) {
			t.Errorf("%s: no request id in %s", fault, last.data)
		}
	}
}

// The README's curl lines, the article's own, work; curl sees a break.
func TestServeCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl absent: its exit code is not seen")
	}
	f, _ := bedrocktest.ParseFault("close; at=3")
	f.Name = "cut"
	s := serving(t, &bedrocktest.Server{Faults: []bedrocktest.Fault{f}, Reply: func(model, prompt string) string { return "You said " + prompt }}, nil)
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?s)\$ curl (.*?}')\n`).FindAllStringSubmatch(string(readme), -1)
	if len(lines) != 2 {
		t.Errorf("the README has %d lines of curl, want the article's two", len(lines))
	}
	for _, line := range lines {
		line := curl + " -sS " + strings.Replace(line[1], "http://localhost:8000", strings.Replace(s.url, "127.0.0.1", "localhost", 1), 1)
		out, err := exec.CommandContext(t.Context(), "sh", "-c", line).CombinedOutput()
		if err != nil || string(out) != "You said Hello world!" {
			t.Errorf("%s: %v: %s", line, err, out)
		}
	}
	up := &bedrocktest.Server{Faults: []bedrocktest.Fault{{Break: f.Break, At: f.At}}}
	s = serving(t, up, nil)
	for _, version := range []string{"--http1.1", "--http1.0"} { // in 1.0 an answer ends with its connection
		var out bytes.Buffer
		cmd := exec.CommandContext(t.Context(), curl, version, "-sS", "--no-buffer", s.url+"/prompt/streamed", "-H", "Content-Type: application/json", "-d", `{"prompt":"Hello"}`)
		cmd.Stdout = &out
		cmd.Run()
		if code := cmd.ProcessState.ExitCode(); !slices.Contains([]int{18, 56}, code) || !strings.HasPrefix(out.String(), "A mock") {
			t.Errorf("curl %s exits %d after %q", version, code, out.String())
		}
	}
}

// A client that leaves ends the call upstream at once, whatever it waited for.
func TestServeClientLeaves(t *testing.T) {
	for _, fault := range []string{"silence", "silence; bytes=10", "silence; at=0", "silence; at=3", "delay=10m"} {
		for _, path := range []string{"/prompt", "/prompt/streamed"} {
			if path == "/prompt" && strings.Contains(fault, "at=") {
				continue // of events
			}
			up := newFaulty(t, fault)
			s := servingAt(t, up.url, nil)
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-up.begun
				cancel()
			}()
			resp, err := s.http.Do(s.request(ctx, "POST", path, `{"prompt":"Hello"}`))
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s %s: %v", path, fault, err)
			}
			await(t, up.gone)
			s.stop()
			if log := s.log.String(); !strings.Contains(log, `error="the client left`) {
				t.Errorf("%s %s: log: %s", path, fault, log)
			}
		}
	}
}
