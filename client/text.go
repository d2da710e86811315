package client

import (
	"encoding/base64"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// How JSON writes strings and numbers.

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
// is: a quote, a backslash or a control character. It looks at four words at
// once, which is twice as fast as one by one.
func plain(s string, i int) int {
	for ; len(s)-i >= 32; i += 32 {
		v := s[i : i+32]
		if special(word(v))|special(word(v[8:]))|special(word(v[16:]))|special(word(v[24:])) != 0 {
			break
		}
	}
	for ; len(s)-i >= 8; i += 8 {
		if found := special(word(s[i : i+8])); found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(s) && s[i] != '"' && s[i] != '\\' && s[i] >= 0x20 {
		i++
	}
	return i
}

// word is the first eight bytes of s, the first of them lowest.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// special sets the highest bit of the lowest byte in w that a JSON string
// cannot hold, and perhaps of some above it.
func special(w uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^(ones*'"'), w^(ones*'\\')
	return ((w-ones*0x20)&^w | (quote-ones)&^quote | (slash-ones)&^slash) & highs
}

// unquote gives the meaning of a checked string with its quotes. It is not
// exact when half a surrogate pair became U+FFFD.
func unquote(raw string) (text string, exact bool) { return unescape(raw, false) }

// unquoteHalves is unquote where half a surrogate pair stays, as the three bytes
// that UTF-8 has for no character: in the name of a member, and in a piece of a
// text, which may begin with the other half.
func unquoteHalves(raw string) string {
	name, _ := unescape(raw, true)
	return name
}

// unescape gives the meaning of a checked string. Half a surrogate pair becomes
// U+FFFD, or its three bytes when halves are wanted.
func unescape(raw string, halves bool) (text string, exact bool) {
	raw = raw[1 : len(raw)-1]
	next := strings.IndexByte(raw, '\\')
	if next < 0 {
		return raw, true
	}
	var b strings.Builder
	b.Grow(len(raw))
	exact = true
	for ; next >= 0; next = strings.IndexByte(raw, '\\') {
		b.WriteString(raw[:next])
		c := raw[next+1]
		raw = raw[next+2:]
		switch c {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			r, n := escapedRune(raw)
			half := utf16.IsSurrogate(r)
			exact = exact && !half
			if half && halves {
				b.Write([]byte{0xed, 0x80 | byte(r>>6&0x3f), 0x80 | byte(r&0x3f)})
			} else {
				b.WriteRune(r)
			}
			raw = raw[n:]
		default:
			b.WriteByte(c)
		}
	}
	b.WriteString(raw)
	return b.String(), exact
}

// escapedRune reads XXXX or, of a surrogate pair, XXXX\uYYYY, and says how
// long that is. Half a pair is given as it is.
func escapedRune(s string) (rune, int) {
	r := rune(hex4(s))
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if strings.HasPrefix(s[4:], `\u`) {
		if pair := utf16.DecodeRune(r, rune(hex4(s[6:]))); pair != utf8.RuneError {
			return pair, 10
		}
	}
	return r, 4
}

func hex4(s string) uint64 {
	n, _ := strconv.ParseUint(s[:4], 16, 16)
	return n
}

// appendName appends the name of a member, with the halves of surrogate pairs
// that unquoteHalves left in it.
func appendName(b []byte, name string) []byte {
	if utf8.ValidString(name) {
		return appendText(b, name)
	}
	b = append(b, '"')
	for name != "" {
		_, n := utf8.DecodeRuneInString(name)
		if half := firstHalf(name); half != 0 {
			b = append(b, `\u`+strconv.FormatInt(int64(half), 16)...)
			n = 3
		} else {
			quoted := appendText(nil, name[:n])
			b = append(b, quoted[1:len(quoted)-1]...)
		}
		name = name[n:]
	}
	return append(b, '"')
}

// firstHalf is the half of a surrogate pair that s begins with, 0 without one.
func firstHalf(s string) rune {
	if len(s) < 3 || s[0] != 0xed || s[1]&0xe0 != 0xa0 || s[2]&0xc0 != 0x80 {
		return 0
	}
	return 0xd000 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f)
}

// joinHalves makes one character of two halves of a surrogate pair that
// unquoteHalves left in pieces of a text, and U+FFFD of one that stands alone.
func joinHalves(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	b := make([]byte, 0, len(s))
	for s != "" {
		half := firstHalf(s)
		if half == 0 {
			b, s = append(b, s[0]), s[1:]
			continue
		}
		s = s[3:]
		r := utf16.DecodeRune(half, firstHalf(s))
		if r != utf8.RuneError {
			s = s[3:]
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}

// appendText appends text as a JSON string.
func appendText(b []byte, text string) []byte {
	if !utf8.ValidString(text) {
		text = string([]rune(text))
	}
	b = append(slices.Grow(b, len(text)+len(text)/16+2), '"')
	for {
		i := plain(text, 0)
		b = append(b, text[:i]...)
		if i == len(text) {
			return append(b, '"')
		}
		switch c := text[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', '0'+c>>4, "0123456789abcdef"[c&15])
		}
		text = text[i+1:]
	}
}

// setScalar sets v from the text of a valid JSON value. It is not ok when v
// cannot hold it, and not exact when v would be written otherwise.
func setScalar(raw string, v reflect.Value) (exact, ok bool) {
	var canonical [32]byte
	switch k := v.Kind(); {
	case raw[0] == '"':
		text, exact := unquote(raw)
		return setText(text, exact, v)
	case k == reflect.Bool:
		v.SetBool(raw == "true")
		return true, raw == "true" || raw == "false"
	case k == reflect.Int || k == reflect.Int64:
		n, err := strconv.ParseInt(raw, 10, 64)
		if err != nil { // 12.0 and 1.2e1 are integers too
			f, err := strconv.ParseFloat(raw, 64)
			if n = int64(f); err != nil || float64(n) != f || math.Abs(f) > 1<<53 {
				return false, false
			}
		}
		v.SetInt(n)
		return string(strconv.AppendInt(canonical[:0], n, 10)) == raw, !v.OverflowInt(n)
	case k == reflect.Float64:
		f, err := strconv.ParseFloat(raw, 64)
		v.SetFloat(f)
		return string(appendFloat(canonical[:0], f)) == raw, err == nil
	}
	return false, false
}

func setText(text string, exact bool, v reflect.Value) (_, ok bool) {
	switch {
	case v.Kind() == reflect.String:
		v.SetString(text)
		return exact, true
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		b, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil { // unpadded, or with stray bits
			exact = false
			b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "=\r\n"))
		}
		v.SetBytes(b)
		return exact && len(text) == base64.StdEncoding.EncodedLen(len(b)), err == nil
	case v.Type() == timeType:
		t, err := time.Parse(time.RFC3339, text)
		v.Set(reflect.ValueOf(t))
		return exact && t.Format(time.RFC3339Nano) == text, err == nil
	}
	return false, false
}

// appendFloat appends the shortest number that reads back as f.
func appendFloat(b []byte, f float64) []byte {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}
