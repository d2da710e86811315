package cassette

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
)

// minRun is the length from which a word may be base64.
const minRun = 16

// minLine is the length from which a line of base64 is taken to go on in the
// next: PEM wraps at 64, MIME and base64(1) at 76.
const minLine = 60

// nextRun finds the next run of letters of either base64 alphabet, perhaps
// wrapped, with its padding; start is end when there is none.
func nextRun(s string, from int) (start, end int) {
	for i := from; i < len(s); i++ {
		start = i
		for line := i; i < len(s); i++ {
			if inAlphabet[s[i]] {
				continue
			}
			next := i + len(lineEnd(s[i:]))
			if next == i || next == len(s) || !inAlphabet[s[next]] || i-line < minLine {
				break
			}
			line, i = next, next
		}
		if i-start >= minRun {
			for end = i; end < len(s) && end < i+2 && s[end] == '='; end++ {
			}
			return start, end
		}
	}
	return len(s), len(s)
}

// lineEnd is that which s begins with, if any.
func lineEnd(s string) string {
	for _, end := range []string{"\n", "\r\n"} {
		if strings.HasPrefix(s, end) {
			return end
		}
	}
	return ""
}

var inAlphabet = func() (in [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_" {
		in[c] = true
	}
	return in
}()

func rewriteRun(run string, at place, fixed bool, f change) string {
	if width := strings.IndexAny(run, "\r\n"); width >= 0 {
		end := lineEnd(run[width:])
		flat := strings.ReplaceAll(run, end, "")
		if is := rewriteRun(flat, at, fixed, f); is != flat {
			return wrap(is, width, end)
		}
		return run
	}
	enc, data, ok := decodeRun(run)
	if !ok {
		return run
	}
	var out []byte
	if fixed {
		out = []byte(rewriteText(string(data), at, true, f))
	} else {
		out = rewriteBytes(data, at, f)
	}
	if bytes.Equal(out, data) {
		return run
	}
	return enc.EncodeToString(out) + run[len(run)-tail(run):]
}

// wrap breaks text into lines.
func wrap(text string, width int, end string) string {
	var lines []string
	for ; len(text) > width; text = text[width:] {
		lines = append(lines, text[:width])
	}
	return strings.Join(append(lines, text), end)
}

// decodeRun undoes base64 as far as it goes.
func decodeRun(run string) (enc *base64.Encoding, data []byte, ok bool) {
	enc = base64.RawStdEncoding
	if strings.ContainsAny(run, "-_") {
		enc = base64.RawURLEncoding
	}
	text := strings.TrimRight(run[:len(run)-tail(run)], "=")
	if len(run)%4 == 0 {
		enc = enc.WithPadding(base64.StdPadding)
		text = run
	}
	data, err := enc.DecodeString(text)
	return enc, data, err == nil
}

// tail is what is too much at the end of a run that was cut within a group.
func tail(run string) int {
	if n := len(run) % 4; n == 1 {
		return 1
	}
	return 0
}

// unreserved is what stands unescaped in a percent-encoded word (RFC 3986,
// section 2.3), and a plus sign.
const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+-"

// percentRun is a word from its first percent-escape on. That it begins with a
// fixed byte makes it quick to find.
var percentRun = lazy(`(?:%[0-9A-Fa-f]{2}[A-Za-z0-9._~+-]*)+`)

// rewritePercent changes what is percent-encoded in a text.
func rewritePercent(s string, at place, fixed bool, f change) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	from := 0
	for _, m := range percentRun().FindAllStringIndex(s, -1) {
		start := len(strings.TrimRight(s[:m[0]], unreserved))
		b.WriteString(s[from:start])
		b.WriteString(rewriteEscapes(s[start:m[1]], at, fixed, f))
		from = m[1]
	}
	return b.String() + s[from:]
}

// rewriteEscapes changes a percent-encoded word.
func rewriteEscapes(run string, at place, fixed bool, f change) string {
	text, err := url.PathUnescape(run)
	is := rewriteText(text, at, fixed, f)
	switch {
	case err != nil || is == text:
		return run
	case fixed:
		return fill(len(run))
	}
	out := strings.ReplaceAll(url.QueryEscape(is), "+", "%20")
	if !strings.Contains(strings.ToUpper(run), "%2B") {
		out = strings.ReplaceAll(out, "%2B", "+")
	}
	return out
}
