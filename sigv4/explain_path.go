package sigv4

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// pathWhy finds which characters are encoded how often on both sides.
func pathWhy(l Line, moved bool) string {
	why := difference(l, moved)
	ours, theirs := spell(l.Ours), spell(l.Theirs)
	if !slices.EqualFunc(ours, theirs, func(a, b spelled) bool { return a.char == b.char }) {
		return why + pathShape(l.Ours, l.Theirs)
	}
	var chars, bare []byte
	low, high := 9, -9
	for i, a := range ours {
		b := theirs[i]
		if a.times == b.times {
			continue
		}
		low, high = min(low, a.times-b.times), max(high, a.times-b.times)
		if bytes.IndexByte(chars, a.char) < 0 {
			chars = append(chars, a.char)
		}
		if (a.times == 0 || moved && min(a.times, b.times) <= 1) && bytes.IndexByte(bare, a.char) < 0 {
			bare = append(bare, a.char)
		}
	}
	if len(chars) == 0 {
		return why + " The hexadecimal digits must be upper case."
	}
	side, other := "what was signed", "what arrived"
	switch {
	case high < 0:
		why += fmt.Sprintf(" %s is encoded once too few in %s: the path of the wire is percent-encoded once more for signing (%s).", quoteChars(chars), side, signedAs(chars[0]))
	case low > 0:
		why += fmt.Sprintf(" %s is encoded once too many in %s, or was decoded on the way.", quoteChars(chars), side)
	default:
		why += fmt.Sprintf(" %s is encoded differently.", quoteChars(chars))
	}
	if len(bare) > 0 {
		where := side
		switch {
		case moved && high > 0:
			where = other
		case moved:
			where = "the path that was meant"
		}
		why += fmt.Sprintf(" %s stands bare in %s.", quoteChars(bare), where)
	}
	return why
}

func quoteChars(chars []byte) string {
	var names []string
	for _, c := range chars {
		names = append(names, fmt.Sprintf("%+q", string(rune(c))))
	}
	return strings.Join(names, ", ")
}

// signedAs is how a character is written for the wire and for signing.
func signedAs(c byte) string { return fmt.Sprintf("%%%02X is signed as %%25%02[1]X", c) }

// pathShape compares paths of different characters.
func pathShape(ours, theirs string) string {
	flat := func(p string) string { return string(appendURI(nil, p, false)) }
	switch {
	case strings.TrimSuffix(ours, "/") == strings.TrimSuffix(theirs, "/"):
		return " They differ in the slash at the end."
	case flat(ours) == flat(theirs):
		return " Double slashes and dot segments are removed before signing."
	case strings.HasSuffix(theirs, ours):
		return " A gateway put a prefix before it, or the prefix of the endpoint was not signed."
	case strings.HasSuffix(ours, theirs):
		return " A gateway took a prefix off it, or a prefix was signed that is not sent."
	case strings.HasPrefix(ours, theirs+"?"):
		return " The query does not belong to the path."
	}
	return " They are different paths: was it the same request, and the same model or resource?"
}

// spelled is a character of a path and how often it is percent-encoded.
type spelled struct {
	char  byte
	times int
}

func spell(path string) (all []spelled) {
	for i := 0; i < len(path); i++ {
		s := spelled{char: path[i]}
		if c, size, times := encodedChar(path[i:]); times > 0 {
			s = spelled{c, times}
			i += size - 1
		}
		all = append(all, s)
	}
	return all
}

// encodedChar reads the encoded character that s begins with; times is 0 when
// it begins with none.
func encodedChar(s string) (c byte, size, times int) {
	if s[0] != '%' {
		return 0, 0, 0
	}
	for size = 1; strings.HasPrefix(s[size:], "25"); size += 2 {
		if _, ok := octetAt("%"+s[size+2:], 0); !ok {
			break
		}
		times++
	}
	c, ok := octetAt("%"+s[size:], 0)
	if !ok {
		return 0, 0, 0
	}
	return c, size + 2, times + 1
}
