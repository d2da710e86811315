package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
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
		return s.text()
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
	s.accept("-")
	if !s.accept("0") && !s.digits() {
		return s.syntax("unexpected %s where a value belongs", s.here())
	}
	if s.accept(".") && !s.digits() {
		return s.syntax("unexpected %s in a number", s.here())
	}
	if s.accept("eE") {
		if s.accept("+-"); !s.digits() {
			return s.syntax("unexpected %s in a number", s.here())
		}
	}
	return nil
}

func (s *scanner) accept(set string) bool {
	if s.i < len(s.s) && strings.IndexByte(set, s.s[s.i]) >= 0 {
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
	if err := s.text(); err != nil {
		return "", err
	}
	name, _ := unquote(s.s[start:s.i])
	if s.space() != ':' {
		return "", s.syntax("%s where %q belongs", s.here(), ':')
	}
	s.i++
	return name, nil
}

// text passes over a string.
func (s *scanner) text() error {
	for s.i++; ; {
		s.i = plain(s.s, s.i)
		if s.i >= len(s.s) {
			return s.syntax("the text ends inside a string")
		}
		switch s.s[s.i] {
		case '"':
			s.i++
			return nil
		case '\\':
			if n := escapeLen(s.s[s.i:]); n > 0 {
				s.i += n
				continue
			}
			return s.syntax("unknown escape in a string")
		default:
			return s.syntax("control character %s in a string", s.here())
		}
	}
}

// escapeLen is the length of the escape that s begins with, 0 for a wrong one.
func escapeLen(s string) int {
	switch {
	case len(s) >= 2 && strings.IndexByte(`"\/bfnrt`, s[1]) >= 0:
		return 2
	case len(s) >= 6 && s[1] == 'u':
		if _, err := strconv.ParseUint(s[2:6], 16, 16); err == nil {
			return 6
		}
	}
	return 0
}

// plain finds the first byte from i on that a JSON string cannot hold as it
// is: a quote, a backslash or a control character. It looks at eight at once.
func plain(s string, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(s); i += 8 {
		w := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		if ((w-ones*0x20)&^w|(quote-ones)&^quote|(slash-ones)&^slash)&highs != 0 {
			break
		}
	}
	for i < len(s) && s[i] != '"' && s[i] != '\\' && s[i] >= 0x20 {
		i++
	}
	return i
}

// unquote gives the meaning of a checked string with its quotes. It is not
// exact when half a surrogate pair became U+FFFD.
func unquote(raw string) (text string, exact bool) {
	raw = raw[1 : len(raw)-1]
	next := strings.IndexByte(raw, '\\')
	if next < 0 {
		return raw, true
	}
	b := make([]byte, 0, len(raw))
	exact = true
	for next >= 0 {
		b = append(b, raw[:next]...)
		c := raw[next+1]
		raw = raw[next+2:]
		if i := strings.IndexByte("bfnrt", c); i >= 0 {
			b = append(b, "\b\f\n\r\t"[i])
		} else if c != 'u' {
			b = append(b, c)
		} else {
			r := rune(hex4(raw))
			raw = raw[4:]
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if strings.HasPrefix(raw, `\u`) {
					pair = utf16.DecodeRune(r, rune(hex4(raw[2:])))
				}
				if r = pair; pair != utf8.RuneError {
					raw = raw[6:]
				} else {
					exact = false
				}
			}
			b = utf8.AppendRune(b, r)
		}
		next = strings.IndexByte(raw, '\\')
	}
	return string(append(b, raw...)), exact
}

func hex4(s string) uint64 {
	n, _ := strconv.ParseUint(s[:4], 16, 16)
	return n
}

// appendText appends text as a JSON string.
func appendText(b []byte, text string) []byte {
	if !utf8.ValidString(text) {
		text = string([]rune(text))
	}
	b = append(b, '"')
	for {
		i := plain(text, 0)
		b = append(b, text[:i]...)
		if i == len(text) {
			return append(b, '"')
		}
		if short := strings.IndexByte("\"\\\b\f\n\r\t", text[i]); short >= 0 {
			b = append(b, '\\', `"\bfnrt`[short])
		} else {
			b = append(b, '\\', 'u', '0', '0', '0'+text[i]>>4, "0123456789abcdef"[text[i]&15])
		}
		text = text[i+1:]
	}
}

// appendRaw appends a document as it is, once it is known to be JSON.
func appendRaw(b []byte, raw json.RawMessage) ([]byte, error) {
	s := scanner{s: string(raw)}
	err := s.skip()
	if err == nil {
		err = s.end()
	}
	return append(b, raw...), err
}

// appendFloat appends the shortest number that reads back as f.
func appendFloat(b []byte, f float64) []byte {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

// closed puts c in place of a last comma, or behind an opening bracket.
func closed(b []byte, c byte) []byte {
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, c)
}

func compareText(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }
