package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestFlagsStandAnywhere(t *testing.T) {
	tests := []struct {
		args string
		want string
		fail bool
	}{
		{"", "unset false []", false},
		{"-m x a b", "x false [a b]", false},
		{"a -m x b -v", "x true [a b]", false},
		{"a --model=x", "x false [a]", false},
		{"--model -v a", "-v false [a]", false}, // a value may look like a flag
		{"a -- -m x", "unset false [a -m x]", false},
		{"- -v", "unset true [-]", false},
		{"--model -- a", "-- false [a]", false},
		{"-v=false a", "unset false [a]", false},
		{"a --model", "", true},
		{"a --model=", "", true}, // empty, as of a variable that is not set
		{"a --body=", "unset false [a]", false},
		{"--nosuch a", "", true},
		{"-v=maybe", "", true},
		{"---v", "", true},
	}
	for _, tt := range tests {
		fs := flag.NewFlagSet("x", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		model, v := fs.String("model", "unset", ""), fs.Bool("v", false, "")
		alias(fs, "m", "model")
		fs.String("body", "", "")
		rest, err := parseFlags(fs, strings.Fields(tt.args))
		if tt.fail {
			if exitCode(t.Context(), err) != exitUsage {
				t.Errorf("%q: error %v, want one of usage", tt.args, err)
			}
			continue
		}
		if got := fmt.Sprintf("%s %t %v", *model, *v, rest); err != nil || got != tt.want {
			t.Errorf("%q: %s, %v; want %s", tt.args, got, err, tt.want)
		}
	}
}

func TestExitCodes(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		ctx  context.Context
		err  error
		want int
	}{
		{t.Context(), nil, 0},
		{t.Context(), errors.New("x"), 1},
		{t.Context(), usagef("x"), 2},
		{t.Context(), fmt.Errorf("outer: %w", setupf("x")), 3},
		{canceled, fmt.Errorf("outer: %w", context.Canceled), 130},
		{t.Context(), context.Canceled, 1}, // not by the user
	}
	for _, tt := range tests {
		if got := exitCode(tt.ctx, tt.err); got != tt.want {
			t.Errorf("%v: exit code %d, want %d", tt.err, got, tt.want)
		}
	}
}

func TestBrokenPipeIsQuiet(t *testing.T) {
	var stderr bytes.Buffer
	report(t.Context(), env{stderr: &stderr}, "x", fmt.Errorf("write: %w", syscall.EPIPE))
	if stderr.Len() > 0 {
		t.Errorf("stderr %q", stderr.String())
	}
}

// TestEveryCommandHasHelp walks the table: a summary, and at least one example
// that names the command.
func TestEveryCommandHasHelp(t *testing.T) {
	var walk func(prefix []string, table []command)
	walk = func(prefix []string, table []command) {
		for _, c := range table {
			path := append(slices.Clone(prefix), c.name)
			if c.sub != nil {
				walk(path, c.sub)
				continue
			}
			var out bytes.Buffer
			code := run(t.Context(), env{strings.NewReader(""), &out, io.Discard, func(string) string { return "" }}, append(path, "-h"))
			full := strings.Join(path, " ")
			if code != 0 || c.short == "" || !strings.Contains(c.long, "bedrock "+full) || !strings.Contains(out.String(), "usage: bedrock "+full) {
				t.Errorf("%s -h: exit %d, short %q, wants an example in long:\n%s", full, code, c.short, out.String())
			}
		}
	}
	walk(nil, commands())
}
