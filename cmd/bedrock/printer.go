package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

// printer writes an answer and remembers what a person should be told of it.
type printer struct {
	out   io.Writer
	n     int64 // bytes written
	last  byte
	file  bool // it is no text
	stop  string
	tools []string
	more  []string // notes on where the rest of the answer is
	reasoning
}

func (p *printer) Write(b []byte) (int, error) {
	n, err := p.out.Write(b)
	if p.n += int64(n); n > 0 {
		p.last = b[n-1]
	}
	return n, err
}

// say prints text as it comes. On a terminal control characters are shown as
// their pictures: a model must not move the cursor or rename the window.
func (p *printer) say(s said) error {
	if s.stop != "" {
		p.stop = s.stop
	}
	p.tools = append(p.tools, s.tools...)
	return p.text(p.reasoning.answer(s.text))
}

func (p *printer) text(text string) error {
	if text == "" {
		return nil
	}
	if isTerminal(p.out) {
		text = strings.Map(visible, text)
	}
	_, err := io.WriteString(p, text)
	return err
}

// end writes what was held back, and a line end after text.
func (p *printer) end(form string) error {
	if form != "text" {
		return nil
	}
	err := p.text(p.reasoning.rest())
	if p.n > 0 && p.last != '\n' && !p.file {
		_, endErr := io.WriteString(p, "\n")
		err = errors.Join(err, endErr)
	}
	return err
}

func visible(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || !unicode.IsControl(r):
		return r
	case r < 0x20:
		return '\u2400' + r // U+2400 to U+241F picture U+0000 to U+001F
	}
	return unicode.ReplacementChar
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// notes tells what the text alone does not say.
func (p *printer) notes(w io.Writer) {
	for _, note := range p.more {
		fmt.Fprintln(w, "note: "+note)
	}
	for _, tool := range p.tools {
		fmt.Fprintf(w, "note: the model wants to call the tool %q: -o json shows its input\n", tool)
	}
	switch strings.ToLower(p.stop) { // each family has its own spelling
	case "max_tokens", "length", "max_output_tokens", "error_limit":
		fmt.Fprintln(w, "note: the answer is cut: it reached the limit of tokens (--max-tokens)")
	case "model_context_window_exceeded":
		fmt.Fprintln(w, "note: the answer is cut: the model's context window is full")
	case "guardrail_intervened", "intervened":
		fmt.Fprintln(w, "note: a guardrail intervened")
	case "content_filtered", "content_filter", "error_toxic", "refusal":
		fmt.Fprintf(w, "note: the answer was withheld or cut by a filter (%s)\n", p.stop)
	default:
		if p.n == 0 && len(p.tools) == 0 {
			fmt.Fprintf(w, "note: the answer holds no text (stop reason %q): -o json shows it\n", p.stop)
		}
	}
}

// printJSON writes JSON on one line, with < and > as they are.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printIndented is printJSON over many lines.
func printIndented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
