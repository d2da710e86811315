package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rawbedrock/client"
	"rawbedrock/testdata/vectors"
)

// familyModels are models of the families that answer a prompt. The local
// Bedrock does not have those that AWS has removed.
var familyModels = map[string]string{
	"claude": "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-text": "anthropic.claude-v2:1", "nova": "arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.amazon.nova-pro-v1:0",
	"titan-text": "amazon.titan-text-express-v1", "llama": "us.meta.llama3-3-70b-instruct-v1:0", "llama2": "meta.llama2-13b-chat-v1", "llama4": "us.meta.llama4-scout-17b-instruct-v1:0",
	"mistral": "mistral.mistral-7b-instruct-v0:2", "deepseek-r1": "us.deepseek.r1-v1:0", "chat": "qwen.qwen3-32b-v1:0", "palmyra": "us.writer.palmyra-x5-v1:0",
	"jamba": "ai21.jamba-1-5-mini-v1:0", "jurassic": "", "command-r": "cohere.command-r-v1:0", "command": "cohere.command-text-v14",
	"titan-embed": "amazon.titan-embed-text-v2:0", "titan-embed-image": "amazon.titan-embed-image-v1", "nova-embed": "amazon.nova-2-multimodal-embeddings-v1:0",
	"cohere-embed": "cohere.embed-v4:0", "marengo": "us.twelvelabs.marengo-embed-3-0-v1:0", "titan-image": "amazon.titan-image-generator-v2:0", "stability": "us.stability.stable-image-core-v1:1",
	"stable-diffusion-xl": "",
}

// Every family of the table that a prompt is enough for answers one, streamed
// and not: text as it is, vectors as JSON, images as files.
func TestInvokeEveryFamily(t *testing.T) {
	for _, name := range client.FamilyNames() {
		f, _ := client.FamilyByName(name)
		model, known := familyModels[name]
		if _, err := f.Body(client.Prompt{Text: "x"}); err == nil && !known {
			t.Errorf("no model of the family %s is tried", name)
		}
		if model == "" {
			continue
		}
		ask := func(how ...string) string {
			stdout, stderr, code := bedrock(t, exampleEnv(nil), append([]string{"invoke", "--mock", "-m", model, "Hello there"}, how...)...)
			if code != 0 || stderr != "" {
				t.Errorf("%s %q: exit %d\n%s", name, how, code, stderr)
			}
			return stdout
		}
		check := func(answer string) {
			good := strings.Contains(answer, "Hello there")
			switch f.Kind {
			case client.KindEmbedding:
				good = json.Valid([]byte(answer)) && strings.Contains(answer, "[")
			case client.KindImage:
				good = http.DetectContentType([]byte(answer)) == "image/png" && !strings.HasSuffix(answer, "\n")
			}
			if !good {
				t.Errorf("%s: answered %.100q", name, answer)
			}
		}
		out := filepath.Join(t.TempDir(), "answer")
		ask("--out", out)
		data, _ := os.ReadFile(out)
		check(string(data))
		check(ask())
		if f.Kind == client.KindText {
			check(ask("--stream"))
		}
		if whole := ask("-o", "json"); !json.Valid([]byte(whole)) || !strings.HasPrefix(whole, "{") {
			t.Errorf("%s: -o json is %.100q", name, whole)
		}
	}
}

// recording is a line of recordings/bedrock.jsonl.
type recording struct {
	ID, Operation, Model string
	Response             struct {
		Status  int
		Headers map[string]any
		Body    []byte `json:"body_b64"`
	}
	Events []struct {
		Headers     map[string]string
		PayloadText string `json:"payload_text"`
	}
}

func (r *recording) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for name, v := range r.Response.Headers {
		switch strings.ToLower(name) {
		case "content-length", "content-encoding", "transfer-encoding": // the recorders stored what was decoded
		default:
			w.Header().Set(name, strings.Trim(fmt.Sprint(v), "[]"))
		}
	}
	w.WriteHeader(r.Response.Status)
	w.Write(r.Response.Body)
}

// shown is what a person should see of the recording, and the exit code.
func (r *recording) shown(f client.Family) (text string, code int) {
	switch {
	case r.Response.Status != 200:
		return "", exitRefused
	case r.Operation == "invoke" && f.Kind == client.KindText:
		text = f.Text(r.Response.Body)
	case r.Operation == "invoke":
		text = f.Result(r.Response.Body).Raw
	}
	for _, e := range r.Events {
		var p struct{ Bytes []byte }
		json.Unmarshal([]byte(e.PayloadText), &p)
		text += f.Delta(p.Bytes)
		if e.Headers[":message-type"] == "exception" {
			code = exitRefused
		}
	}
	var held reasoning
	text = held.answer(text) + held.rest()
	if text != "" && code != 0 {
		code = exitBroken
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text, code
}

// A recording answers a prompt as it answered its own request.
func TestInvokeOnRecordings(t *testing.T) {
	var now recording
	server := httptest.NewServer(&now)
	defer server.Close()
	tried := map[string]int{}
	for _, now = range vectors.Lines[recording](t, "recordings/bedrock.jsonl") {
		f, ok := client.FamilyOf(now.Model)
		if !ok || !strings.HasPrefix(now.Operation, "invoke") || strings.Contains(string(now.Response.Body), "UnknownOperation") {
			continue
		}
		args := []string{"invoke", "--endpoint-url", server.URL, "--max-attempts", "1", "-m", now.Model, "Hello"}
		if _, err := f.Body(client.Prompt{Text: "x"}); err != nil {
			args = append(args[:len(args)-1], "--body", "{}")
		}
		if now.Operation != "invoke" {
			args = append(args, "--stream")
		}
		want, wantCode := now.shown(f)
		stdout, stderr, code := bedrock(t, exampleEnv(nil), args...)
		if code != wantCode || stdout != want || code != 0 && stderr == "" {
			t.Errorf("%s: exit %d, %q\nwant %d, %q\n%s", now.ID, code, stdout, wantCode, want, stderr)
		}
		tried[f.Name]++
	}
	t.Logf("vectors: recordings by family: %v", tried)
}

// A filtered image is an error of the model, and leaves no file.
func TestInvokeImageRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"images":[""],"seeds":[1],"finish_reasons":["Filter reason: prompt"]}`)
	}))
	defer server.Close()
	out := filepath.Join(t.TempDir(), "a.png")
	stdout, stderr, code := bedrock(t, exampleEnv(nil), "invoke", "--endpoint-url", server.URL, "-m", "stability.sd3-5-large-v1:0", "--out", out, "a cat")
	if code != exitRefused || stdout != "" || !strings.Contains(stderr, "Filter reason: prompt") {
		t.Errorf("exit %d, %q\n%s", code, stdout, stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a file was left")
	}
}

// A model that was asked for an image with --accept answers with nothing else.
func TestInvokeImageItself(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Accept"))
		fmt.Fprint(w, "\x89PNG")
	}))
	defer server.Close()
	stdout, stderr, code := bedrock(t, exampleEnv(nil), "invoke", "--endpoint-url", server.URL, "-m", "stability.sd3-5-large-v1:0", "--accept", "image/png", "a cat")
	if code != 0 || stdout != "\x89PNG" || stderr != "" {
		t.Errorf("exit %d, %q\n%s", code, stdout, stderr)
	}
}
