package sigv4

import (
	"net/textproto"
	"strings"
	"time"
)

const upperHex = "0123456789ABCDEF"

// What a byte is; tables, because every byte of a request is looked at.
var (
	// unreserved are the characters that RFC 3986, section 2.3 never encodes.
	unreserved = table("-._~")
	// token are the characters of header names and methods (RFC 9110, 5.6.2).
	token = table("!#$%&'*+-.^_`|~")
)

// table holds the letters, the digits and others.
func table(others string) (t [256]bool) {
	for c := range 256 {
		isLetter := 'a' <= lower(byte(c)) && lower(byte(c)) <= 'z'
		t[c] = isLetter || '0' <= c && c <= '9'
	}
	for i := range others {
		t[others[i]] = true
	}
	return t
}

// appendEscaped percent-encodes all but unreserved characters.
func appendEscaped[S string | []byte](b []byte, s S) []byte {
	plain := 0 // s[plain:i] needs no encoding
	for i := range len(s) {
		if c := s[i]; !unreserved[c] {
			b = append(b, s[plain:i]...)
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
			plain = i + 1
		}
	}
	return append(b, s[plain:]...)
}

// legal tells a text without bytes that may not stand in a URL at all.
func legal(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// escapeIllegal percent-encodes those bytes.
func escapeIllegal(s string) string {
	b := make([]byte, 0, 3*len(s))
	for i := range len(s) {
		if c := s[i]; c > ' ' && c < 0x7f {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(b)
}

func appendLower(b []byte, s string) []byte {
	start := len(b)
	b = append(b, s...)
	for i := start; i < len(b); i++ {
		b[i] = lower(b[i])
	}
	return b
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// compareFold compares in lower case.
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

// validName tells a token: a header name, a method.
func validName(s string) bool {
	for i := range len(s) {
		if !token[s[i]] {
			return false
		}
	}
	return s != ""
}

// canonicalName is the form in which net/http keeps a header name: upper case
// for the first letter of every word. ok tells that s is a name at all.
func canonicalName(s string) (canonical string, ok bool) {
	start := true // of a word
	for i := range len(s) {
		c := s[i]
		if !token[c] {
			return s, false
		}
		if isUpper := 'A' <= c && c <= 'Z'; isUpper != start && (isUpper || 'a' <= c && c <= 'z') {
			return textproto.CanonicalMIMEHeaderKey(s), validName(s)
		}
		start = c == '-'
	}
	return s, s != ""
}

// validValue tells whether a header value is free of control characters.
func validValue(s string) bool {
	for i := range len(s) {
		// One comparison for the printable ASCII that nearly all of it is.
		if c := s[i]; c-' ' > '~'-' ' && c != '\t' && c < 0x80 {
			return false
		}
	}
	return true
}

// clean tells a header value that is in canonical form as it is: ASCII, and no
// white space but single spaces between words.
func clean(s string) bool {
	last := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c-' ' > '~'-' ' || c == ' ' && last == ' ' {
			return false
		}
		last = c
	}
	return last != ' ' || s == ""
}

// unescape decodes a name or value of a query; a "%" that starts no escape
// stands for itself.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		} else if octet, ok := octetAt(s, i); ok {
			c = octet
			i += 2
		}
		b = append(b, c)
	}
	return string(b)
}

// octetAt reads the percent-encoded octet at s[i:].
func octetAt(s string, i int) (c byte, ok bool) {
	if s[i] != '%' || i+2 >= len(s) {
		return 0, false
	}
	high, ok1 := unhex(s[i+1])
	low, ok2 := unhex(s[i+2])
	return high<<4 | low, ok1 && ok2
}

func unhex(c byte) (n byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= lower(c) && lower(c) <= 'f':
		return lower(c) - 'a' + 10, true
	}
	return 0, false
}

// decodesTo tells whether raw, a path of unreserved characters, slashes and
// escapes alone, is path percent-encoded.
func decodesTo(raw, path string) bool {
	n := 0 // bytes of path seen
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '%' {
			octet, ok := octetAt(raw, i)
			if !ok {
				return false
			}
			c = octet
			i += 2
		} else if !unreserved[c] && c != '/' {
			return false
		}
		if n == len(path) || path[n] != c {
			return false
		}
		n++
	}
	return n == len(path)
}

// appendTime writes t, which is in UTC, as TimeFormat has it.
func appendTime(b []byte, t time.Time) []byte {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	for _, n := range [...]int{year / 100, year % 100, int(month), day, -1, hour, minute, second} {
		if n < 0 {
			b = append(b, 'T')
			continue
		}
		b = append(b, byte('0'+n/10), byte('0'+n%10))
	}
	return append(b, 'Z')
}
