package client

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// maxDepth is how deep arrays and objects may nest.
const maxDepth = 10000

// JSONError says why a JSON text or a Go value could not be converted, and
// where. Unknown members and members of an unexpected type are no errors: they
// are kept in [Extra].
type JSONError struct {
	Path   string // as in Bedrock's own messages: messages.0.content.1.text
	Offset int    // of the byte in the text or document, from 0; -1 when a Go value is at fault
	Reason string

	mismatch bool // valid JSON of another type: the nearest Extra keeps it
}

// Error names path, byte and reason.
func (e *JSONError) Error() string {
	var b strings.Builder
	b.WriteString("json: ")
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	if e.Offset >= 0 {
		b.WriteString("byte " + strconv.Itoa(e.Offset) + ": ")
	}
	return b.String() + e.Reason
}

// inPath puts the name of a member or the index of an element before the path
// of err.
func inPath(err error, step string) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*JSONError](err); ok {
		e.Path = strings.TrimSuffix(step+"."+e.Path, ".")
	}
	return err
}

// scanner reads JSON (RFC 8259) at position i.
type scanner struct {
	s        string
	i, depth int
}

func (s *scanner) syntax(format string, args ...any) error {
	return &JSONError{Offset: s.i, Reason: "invalid JSON: " + fmt.Sprintf(format, args...)}
}

// here describes the current byte.
func (s *scanner) here() string {
	if s.i >= len(s.s) {
		return "end of input"
	}
	return strconv.QuoteRune(rune(s.s[s.i]))
}

// space skips white space and returns the byte behind it, 0 at the end.
func (s *scanner) space() byte {
	if s.i < len(s.s) && s.s[s.i] > ' ' {
		return s.s[s.i]
	}
	return s.blank()
}

func (s *scanner) blank() byte {
	for s.i < len(s.s) {
		switch c := s.s[s.i]; c {
		case ' ', '\n', '\r', '\t':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// start is where the next value or mark begins.
func (s *scanner) start() int {
	s.space()
	return s.i
}

// end wants nothing but white space up to the end.
func (s *scanner) end() error {
	if s.space(); s.i < len(s.s) {
		return s.syntax("unexpected %s after the value", s.here())
	}
	return nil
}

// skip passes over one value, which it checks.
func (s *scanner) skip() error {
	switch c := s.space(); c {
	case '{', '[':
		return s.items(func(string) error { return s.skip() })
	case '"':
		_, err := s.text()
		return err
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	default:
		return s.number()
	}
}

func (s *scanner) literal(word string) error {
	for i := range len(word) {
		if s.i >= len(s.s) || s.s[s.i] != word[i] {
			return s.syntax("%s in place of %s", s.here(), word)
		}
		s.i++
	}
	return nil
}

func (s *scanner) number() error {
	s.accept('-', '-')
	if !s.accept('0', '0') && !s.digits() {
		return s.syntax("unexpected %s where a value belongs", s.here())
	}
	if s.accept('.', '.') && !s.digits() {
		return s.syntax("unexpected %s in a number", s.here())
	}
	if s.accept('e', 'E') {
		if s.accept('+', '-'); !s.digits() {
			return s.syntax("unexpected %s in a number", s.here())
		}
	}
	return nil
}

func (s *scanner) accept(a, b byte) bool {
	if s.i < len(s.s) && (s.s[s.i] == a || s.s[s.i] == b) {
		s.i++
		return true
	}
	return false
}

func (s *scanner) digits() bool {
	start := s.i
	for s.i < len(s.s) && '0' <= s.s[s.i] && s.s[s.i] <= '9' {
		s.i++
	}
	return s.i > start
}

// items passes over the array or object at hand; f reads each value and gets
// the name of a member.
func (s *scanner) items(f func(name string) error) error {
	object := s.s[s.i] == '{'
	end := s.s[s.i] + 2 // ] or }
	if s.depth++; s.depth > maxDepth {
		return s.syntax("more than %d levels of nesting", maxDepth)
	}
	s.i++
	if s.space() == end {
		s.i++
		s.depth--
		return nil
	}
	for {
		var name string
		if object {
			var err error
			if name, err = s.name(); err != nil {
				return err
			}
		}
		if err := f(name); err != nil {
			return err
		}
		switch s.space() {
		case ',':
			s.i++
		case end:
			s.i++
			s.depth--
			return nil
		default:
			return s.syntax("%s where %q or %q belongs", s.here(), ',', end)
		}
	}
}

// name reads the name of a member and its colon.
func (s *scanner) name() (string, error) {
	if s.space() != '"' {
		return "", s.syntax("%s where the name of a member belongs", s.here())
	}
	start := s.i
	escaped, err := s.text()
	if err != nil {
		return "", err
	}
	name := s.s[start+1 : s.i-1]
	if escaped {
		name = unquoteHalves(s.s[start:s.i])
	}
	if s.space() != ':' {
		return "", s.syntax("%s where %q belongs", s.here(), ':')
	}
	s.i++
	return name, nil
}

// text passes over a string and tells if there are escapes in it.
func (s *scanner) text() (escaped bool, err error) {
	for s.i++; ; {
		s.i = plain(s.s, s.i)
		if s.i >= len(s.s) {
			return escaped, s.syntax("the text ends inside a string")
		}
		switch s.s[s.i] {
		case '"':
			s.i++
			return escaped, nil
		case '\\':
			n := escapeLen(s.s[s.i:])
			if n == 0 {
				return escaped, s.syntax("unknown escape in a string")
			}
			s.i += n
			escaped = true
		default:
			return escaped, s.syntax("control character %s in a string", s.here())
		}
	}
}

// whole wants one value and nothing else.
func (s *scanner) whole() error {
	if err := s.skip(); err != nil {
		return err
	}
	return s.end()
}

// validJSON tells whether data is one JSON value. It is two to three times as
// fast as gjson.ValidBytes where strings are long, as in answers.
func validJSON(data []byte) bool {
	return checkJSON(data) == nil
}

func checkJSON(data []byte) error {
	s := scanner{s: shared(data)} // nothing of it is kept
	return s.whole()
}

// shared is data as a string that is not a copy of it.
func shared(data []byte) string { return unsafe.String(unsafe.SliceData(data), len(data)) }

// appendRaw appends a document as it is, once it is known to be JSON.
func appendRaw(b []byte, raw string) ([]byte, error) {
	s := scanner{s: raw}
	return append(b, raw...), s.whole()
}

// closed puts c in place of a last comma, or behind an opening bracket.
func closed(b []byte, c byte) []byte {
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, c)
}

func compareText(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }
