package main

import (
	"strings"
	"testing"
)

// An answer that was cut says so, however its family spells it.
func TestNoteOfACutAnswer(t *testing.T) {
	for _, stop := range []string{"max_tokens", "length", "LENGTH", "MAX_TOKENS", "max_output_tokens", "model_context_window_exceeded"} {
		var b strings.Builder
		(&printer{n: 1, stop: stop}).notes(&b)
		if !strings.HasPrefix(b.String(), "note: the answer is cut: ") {
			t.Errorf("%s: %q", stop, b.String())
		}
	}
	for _, stop := range []string{"end_turn", "stop", "FINISH", "COMPLETE", ""} {
		var b strings.Builder
		if (&printer{n: 1, stop: stop}).notes(&b); b.String() != "" {
			t.Errorf("%s: %q", stop, b.String())
		}
	}
}
