package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"rawbedrock/client"
	"rawbedrock/sigv4"
)

// explained is the form of -o json.
type explained struct {
	Culprit string          `json:"culprit"`
	Why     string          `json:"why"`
	Fix     string          `json:"fix"`
	Proven  bool            `json:"proven"`
	Guess   bool            `json:"guess,omitempty"`
	Also    []cause         `json:"also,omitempty"`
	Ours    string          `json:"ours,omitempty"`
	Theirs  string          `json:"theirs,omitempty"`
	Diff    []diffLine      `json:"diff"`
	Error   *explainedError `json:"error,omitempty"`
}

type cause struct {
	Culprit string `json:"culprit"`
	Why     string `json:"why"`
	Fix     string `json:"fix"`
}

type diffLine struct {
	Part    string `json:"part"`
	Ours    string `json:"ours"`
	Theirs  string `json:"theirs"`
	Missing string `json:"missing,omitempty"` // ours or theirs has no such line
}

type explainedError struct {
	Status    int    `json:"status,omitempty"`
	Code      string `json:"code,omitempty"`
	Message   string `json:"message,omitempty"`
	RequestID string `json:"requestId,omitempty"`
}

func printExplanation(w io.Writer, x client.Explanation, ok bool, output string) error {
	if output == "json" {
		return printJSON(w, explanationJSON(x))
	}
	var b bytes.Buffer
	if e := x.Error; e != nil {
		code := e.Code
		if e.Status != 0 {
			code = strings.TrimSpace(fmt.Sprint(e.Status, " ", e.Code))
		}
		message, _, _ := strings.Cut(e.Message, "\n\n")
		fmt.Fprintf(&b, "error:   %s\n", strings.Trim(code+": "+firstLine(message), ": "))
	}
	if ok {
		fmt.Fprintf(&b, "culprit: %s\n", x.Culprit)
		if x.Why != "" {
			fmt.Fprintf(&b, "why:     %s\n", firstLine(x.Why))
		}
		fmt.Fprintf(&b, "fix:     %s\n", firstLine(x.Fix))
	} else if e := x.Error; e != nil && e.Hint != "" {
		fmt.Fprintf(&b, "hint:    %s\n", e.Hint)
	}
	if x.Proven {
		b.WriteString("proof:   signed that way, with the secret access key found here, the request has the very signature that it carries\n")
	}
	if x.Guess && ok {
		b.WriteString("guess:   nothing given here shows it: that is what is likely, and so is what follows\n")
	}
	for _, c := range x.Also {
		fmt.Fprintf(&b, "also:    %s: %s\n", c.Culprit, firstLine(c.Why))
	}
	printCanonical(&b, x.Explanation)
	_, err := w.Write(b.Bytes())
	return err
}

func explanationJSON(x client.Explanation) explained {
	j := explained{Culprit: x.Culprit, Why: x.Why, Fix: x.Fix, Proven: x.Proven, Guess: x.Guess, Ours: x.Ours, Theirs: x.Theirs, Diff: []diffLine{}}
	for _, c := range x.Also {
		j.Also = append(j.Also, cause(c))
	}
	for _, l := range x.Lines {
		if !l.Same {
			j.Diff = append(j.Diff, diffLine{l.Part, l.Ours, l.Theirs, l.Missing})
		}
	}
	if e := x.Error; e != nil {
		j.Error = &explainedError{e.Status, e.Code, e.Message, e.RequestID}
	}
	return j
}

// printCanonical shows the canonical requests side by side, or the one that is
// known.
func printCanonical(b *bytes.Buffer, x sigv4.Explanation) {
	switch {
	case len(x.Lines) > 0:
		b.WriteString("\ncanonical request (- what was signed, + what AWS saw)\n")
		for _, l := range x.Lines {
			printPair(b, l)
		}
	case x.Theirs != "":
		fmt.Fprintf(b, "\ncanonical request that AWS saw\n%s\n", indented(visibleText(x.Theirs)))
	}
	if _, whole := headLines(x); whole != "" {
		fmt.Fprintf(b, "\nwhat was signed\n%s\n", indented(visibleText(whole)))
	}
}

// headLines tells a signed text that is no canonical request: it has no lines
// to compare.
func headLines(x sigv4.Explanation) (n int, whole string) {
	if len(x.Lines) == 0 && x.Ours != "" && x.Theirs != "" {
		return 0, x.Ours
	}
	return len(x.Lines), ""
}

// printPair shows a line of both, with marks under what differs.
func printPair(b *bytes.Buffer, l sigv4.Line) {
	const width = 24
	name := fmt.Sprintf("  %-*s ", width, l.Part)
	if l.Same {
		fmt.Fprintf(b, "%s  %s\n", name, visibleText(l.Theirs))
		return
	}
	ours, theirs := visibleText(l.Ours), visibleText(l.Theirs)
	if l.Missing != "ours" {
		fmt.Fprintf(b, "%s- %s\n", name, ours)
		name = strings.Repeat(" ", len(name))
	}
	if l.Missing != "theirs" {
		fmt.Fprintf(b, "%s+ %s\n", name, theirs)
	}
	if l.Missing == "" {
		if mark := marks(ours, theirs); mark != "" {
			fmt.Fprintf(b, "%s  %s\n", strings.Repeat(" ", len(name)), mark)
		}
	}
}

// marks underlines what lies between the common beginning and the common end.
func marks(ours, theirs string) string {
	a, b := []rune(ours), []rune(theirs)
	start := 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return strings.Repeat(" ", start) + strings.Repeat("^", max(1, len(b)-start-end))
}

// firstLine keeps what a stranger sent from breaking lines.
func firstLine(s string) string {
	return visibleText(strings.ReplaceAll(strings.TrimSpace(s), "\n", " "))
}

// visibleText shows control characters as their pictures.
func visibleText(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.Map(visible, s)
}
