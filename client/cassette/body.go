package cassette

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// kind is a way to write a body as lines. Every kind gives back the very bytes
// or is not used.
type kind struct {
	name   string
	events bool // each line is an event, with a time of its own
	// split writes the body as lines; false when it is not of this kind.
	split func(body []byte) (lines []string, ok bool)
	// join reads them back. ends are the lengths of the body after each line
	// when the kind is of events.
	join func(lines []string) (body []byte, ends []int, err error)
}

// kinds are tried in this order; the last one takes everything.
var kinds = slices.Concat([]kind{
	jsonKind("json", false, false),
	jsonKind("json newline", false, true),
	jsonKind("json spaced", true, false),
	jsonKind("json spaced newline", true, true),
}, eventKinds, []kind{
	{"text", false, splitText, joinText},
	{"base64", false, splitBase64, joinBase64},
})

// eventKinds are those of streams; what begins like one is never JSON.
var eventKinds = []kind{
	{"frames", true, splitFrames, eventsOf(joinFrame)},
	{"sse", true, splitSSE, eventsOf(joinRecord)},
	{"sse crlf", true, splitCRLF, eventsOf(joinCRLF)},
}

func kindNamed(name string) (kind, bool) {
	for _, k := range kinds {
		if k.name == name {
			return k, true
		}
	}
	return kind{}, false
}

// lay writes a body as lines of the first kind that gives it back unchanged.
func lay(body []byte) (k kind, lines []string, ends []int) {
	if k, lines, ends = layAs(kinds, body); lines == nil {
		panic("cassette: internal error: a body that base64 does not hold")
	}
	return k, lines, ends
}

// layAs is lay for some kinds; none of them may fit.
func layAs(kinds []kind, body []byte) (k kind, lines []string, ends []int) {
	for _, k = range kinds {
		lines, ok := k.split(body)
		if !ok {
			continue
		}
		if back, ends, err := k.join(lines); err == nil && bytes.Equal(back, body) {
			return k, lines, ends
		}
	}
	return kind{}, nil, nil
}

// eventsOf makes the join of a kind whose every line is a piece of the body.
func eventsOf(join func(dst []byte, line string) ([]byte, error)) func([]string) ([]byte, []int, error) {
	return func(lines []string) (body []byte, ends []int, err error) {
		for i, line := range lines {
			if body, err = join(body, line); err != nil {
				return nil, nil, &lineError{i, err}
			}
			ends = append(ends, len(body))
		}
		return body, ends, nil
	}
}

// lineError is an error in one of a body's lines, counted from 0.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return e.err.Error() }
func (e *lineError) Unwrap() error { return e.err }

// maxDepth is how deep JSON may nest to be indented, which grows with depth.
const maxDepth = 100

// jsonKind is JSON that was compact, or spaced as Python's json.dumps does it
// (", " and ": "), perhaps with a newline behind. It is stored indented.
func jsonKind(name string, spaced, newline bool) kind {
	suffix := ""
	if newline {
		suffix = "\n"
	}
	restore := func(text []byte) ([]byte, error) {
		var b bytes.Buffer
		if err := json.Compact(&b, text); err != nil {
			line := 0
			if e, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(text, new(json.RawMessage))); ok { // Compact does not tell where
				line = bytes.Count(text[:min(int(e.Offset), len(text))], []byte("\n"))
			}
			return nil, &lineError{line, fmt.Errorf("not JSON: %w", err)}
		}
		out := b.Bytes()
		if spaced {
			out = space(out)
		}
		return append(out, suffix...), nil
	}
	return kind{
		name: name,
		split: func(body []byte) ([]string, bool) {
			text, ok := bytes.CutSuffix(body, []byte(suffix))
			if !ok || !utf8.Valid(text) || !json.Valid(text) || depth(text) > maxDepth {
				return nil, false
			}
			if back, err := restore(text); err != nil || !bytes.Equal(back, body) {
				return nil, false
			}
			var b bytes.Buffer
			if json.Indent(&b, text, "", "  ") != nil {
				return nil, false
			}
			return strings.Split(b.String(), "\n"), true
		},
		join: func(lines []string) ([]byte, []int, error) {
			body, err := restore([]byte(strings.Join(lines, "\n")))
			return body, nil, err
		},
	}
}

// outsideStrings calls f with each byte of a JSON text that is in no string.
func outsideStrings(text []byte, f func(i int, c byte)) {
	for i := 0; i < len(text); i++ {
		if text[i] == '"' {
			i = endOfString(text, i) - 1
			continue
		}
		f(i, text[i])
	}
}

// endOfString is where the string that begins at i is over.
func endOfString(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(text))
}

func depth(text []byte) int {
	now, most := 0, 0
	outsideStrings(text, func(_ int, c byte) {
		switch c {
		case '{', '[':
			now++
			most = max(most, now)
		case '}', ']':
			now--
		}
	})
	return most
}

// space puts a space after each comma and colon of compact JSON.
func space(text []byte) []byte {
	out, from := make([]byte, 0, len(text)+len(text)/8), 0
	outsideStrings(text, func(i int, c byte) {
		if c == ',' || c == ':' {
			out = append(append(out, text[from:i+1]...), ' ')
			from = i + 1
		}
	})
	return append(out, text[from:]...)
}

func splitText(body []byte) ([]string, bool) {
	if !utf8.Valid(body) || !printable(body, "\n\t") {
		return nil, false
	}
	return strings.Split(string(body), "\n"), true
}

// printable tells whether there is no control character in text but those
// excepted.
func printable[T string | []byte](text T, except string) bool {
	for i := range len(text) {
		if c := text[i]; (c < ' ' || c == 0x7f) && strings.IndexByte(except, c) < 0 {
			return false
		}
	}
	return true
}

func joinText(lines []string) ([]byte, []int, error) {
	return []byte(strings.Join(lines, "\n")), nil, nil
}

const base64Width = 76

func splitBase64(body []byte) (lines []string, ok bool) {
	text := base64.StdEncoding.EncodeToString(body)
	for len(text) > base64Width {
		lines, text = append(lines, text[:base64Width]), text[base64Width:]
	}
	return append(lines, text), true
}

func joinBase64(lines []string) ([]byte, []int, error) {
	body, err := unbase64(strings.Join(lines, ""))
	return body, nil, err
}

var errBase64 = errors.New("not base64 in the standard alphabet with padding")

func unbase64(text string) ([]byte, error) {
	body, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errBase64
	}
	return body, nil
}
