package main

import (
	"context"
	"io"
	"strings"
	"testing"
)

func TestPrompt(t *testing.T) {
	tests := []struct {
		args  []string
		stdin string
		want  string
		fail  string
	}{
		{args: []string{"Hello"}, want: "Hello"},
		{args: []string{" -5 °C\n"}, want: " -5 °C\n"},
		{args: []string{"-"}, stdin: "from stdin\n", want: "from stdin"},
		{args: []string{"-"}, stdin: "two\n\nlines\r\n", want: "two\n\nlines"},
		{args: []string{"-"}, stdin: "", fail: "stdin is empty"},
		{args: []string{"-"}, stdin: "ab\xffc", fail: "stdin is not UTF-8 text: byte offset 2"},
		{args: []string{" \n\t"}, fail: "the prompt is empty"},
		{args: []string{""}, fail: "the prompt is empty"},
		{args: []string{"\uFFFD is a character"}, want: "\uFFFD is a character"},
		{args: []string{"two", "words"}, fail: "one prompt, not 2 arguments"},
		{args: nil, fail: "no prompt"},
	}
	for _, tt := range tests {
		got, err := readPrompt(t.Context(), env{stdin: strings.NewReader(tt.stdin)}, tt.args)
		if tt.fail != "" {
			if exitCode(t.Context(), err) != exitUsage || !strings.Contains(err.Error(), tt.fail) {
				t.Errorf("%q: error %v, want %q", tt.args, err, tt.fail)
			}
		} else if err != nil || got != tt.want {
			t.Errorf("%q: %q, %v; want %q", tt.args, got, err, tt.want)
		}
	}
}

// TestInterruptWhileReadingThePrompt: one that never ends must not outlive ^C.
func TestInterruptWhileReadingThePrompt(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := readPrompt(ctx, env{stdin: r}, []string{"-"})
	if got := exitCode(ctx, err); got != exitInterrupted {
		t.Errorf("%v: exit code %d", err, got)
	}
}

func TestBodyMustBeAnObject(t *testing.T) {
	tests := []struct{ body, want string }{
		{`{}`, ""},
		{" {\"a\":[1,2]}\n", ""},
		{`{"a":1e400}`, ""}, // for Bedrock to judge
		{`{"a":}`, "byte offset 5 (line 1, column 6)"},
		{"{\n \"ü\": x}", "byte offset 9 (line 2, column 7)"},
		{`{"a":1`, "byte offset 6 (line 1, column 7)"},
		{``, "byte offset 0 (line 1, column 1)"},
		{`{"a":1}}`, "byte offset 7 (line 1, column 8)"},
		{`[1]`, "must be a JSON object"},
		{`null`, "must be a JSON object"},
		{`"text"`, "must be a JSON object"},
		{"{\"a\":\"\xff\"}", "not UTF-8: byte offset 6"},
	}
	for _, tt := range tests {
		err := checkObject([]byte(tt.body), "--body")
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%q: %v, want %q", tt.body, err, tt.want)
		}
	}
}

func TestGuardrail(t *testing.T) {
	tests := []struct{ in, id, version string }{
		{"gr1:1", "gr1", "1"},
		{"gr1:DRAFT", "gr1", "DRAFT"},
		{"arn:aws:bedrock:us-east-1:123456789012:guardrail/gr1:12", "arn:aws:bedrock:us-east-1:123456789012:guardrail/gr1", "12"},
		{"arn:aws:bedrock:us-east-1:123456789012:guardrail/gr1", "", ""},
		{"gr1", "", ""}, {"gr1:", "", ""}, {":1", "", ""}, {"gr1:0", "", ""}, {"gr1:draft", "", ""},
	}
	for _, tt := range tests {
		id, version, err := guardrail(tt.in)
		if id != tt.id || version != tt.version || (err != nil) != (tt.id == "") {
			t.Errorf("%q: %q %q %v", tt.in, id, version, err)
		}
	}
}

func TestDocumentName(t *testing.T) {
	for in, want := range map[string]string{
		"report.pdf":                       "report",
		"/a/b/Q3_report  (final).v2.docx":  "Q3 report (final) v2",
		"été.txt":                          "t",
		".md":                              "document",
		"__.txt":                           "document",
		strings.Repeat("x", 300) + ".html": strings.Repeat("x", 200),
	} {
		if got := documentName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestReasoningIsHeldBack cuts one text at every place: what a person sees is
// the same.
func TestReasoningIsHeldBack(t *testing.T) {
	for in, want := range map[string]string{
		"<reasoning>hm, <b>\n</reasoning>\n\nHello <reasoning> you": "Hello <reasoning> you",
		"<reasoning></reasoning>":                                   "",
		"<reasoning>cut off":                                        "",
		"<reason is another tag>":                                   "<reason is another tag>",
		"<reaso":                                                    "<reaso",
		"Hello":                                                     "Hello",
		"":                                                          "",
	} {
		for cut := range len(in) + 1 {
			var r reasoning
			got := r.answer(in[:cut]) + r.answer(in[cut:]) + r.rest()
			if got != want {
				t.Errorf("%q cut at %d: %q, want %q", in, cut, got, want)
			}
		}
	}
}

func TestVisible(t *testing.T) {
	got := strings.Map(visible, "a\x1b[2J\tb\n\x07\u009bé\r")
	if want := "a␛[2J\tb\n␇\uFFFDé␍"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestOverlay: a secrets file stands before the environment, and keys are
// never mixed from the two.
func TestOverlay(t *testing.T) {
	environment := map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "env", "AWS_SESSION_TOKEN": "envtoken",
		"AWS_BEARER_TOKEN_BEDROCK": "envbearer", "AWS_REGION": "eu-west-1", "HOME": "/h",
	}
	getenv := func(k string) string { return environment[k] }
	keys := overlay(getenv, map[string]string{"AWS_ACCESS_KEY_ID": "AKIDFILE", "AWS_SECRET_ACCESS_KEY": "file"})
	region := overlay(getenv, map[string]string{"AWS_REGION": "us-west-2"})
	for name, want := range map[string][2]string{
		"AWS_ACCESS_KEY_ID":        {"AKIDFILE", "AKIDENV"},
		"AWS_SECRET_ACCESS_KEY":    {"file", "env"},
		"AWS_SESSION_TOKEN":        {"", "envtoken"},
		"AWS_BEARER_TOKEN_BEDROCK": {"", "envbearer"},
		"AWS_REGION":               {"eu-west-1", "us-west-2"},
		"HOME":                     {"/h", "/h"},
	} {
		if got := [2]string{keys(name), region(name)}; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestDefaultModel(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1": "us.amazon.nova-2-lite-v1:0", "eu-north-1": "eu.amazon.nova-2-lite-v1:0",
		"ap-northeast-1": "jp.amazon.nova-2-lite-v1:0", "sa-east-1": "global.amazon.nova-2-lite-v1:0",
		"us-gov-west-1": "amazon.nova-micro-v1:0",
	} {
		if got := novaFor(region); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}
