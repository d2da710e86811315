package cassette

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// magic is the first line of a cassette; the number is the format's.
const magic = "rawbedrock cassette 1"

// Append appends the text of interactions, a whole cassette, to dst. Parse
// reads it.
func Append(dst []byte, interactions []Interaction) []byte {
	dst = append(dst, magic+"\n"...)
	for i := range interactions {
		dst = interactions[i].append(dst)
	}
	return dst
}

func (i *Interaction) append(dst []byte) []byte {
	q, r := &i.Request, &i.Response
	dst = fmt.Appendf(dst, "\n> %s %s\n", q.Method, q.URL)
	dst = appendHeader(dst, q.Header)
	if len(q.Body) > 0 {
		k, lines, _ := lay(q.Body)
		dst = appendLines(append(dst, k.name...), lines, nil)
	}
	dst = fmt.Appendf(dst, "\n< %d %s\n", r.Status, clock(r.After))
	dst = appendHeader(dst, r.Header)
	if len(r.Body) > 0 {
		dst = appendBody(dst, r)
	}
	if r.Cut != "" {
		dst = fmt.Appendf(dst, "cut %s %s\n", clock(r.CutAfter), oneLine(r.Cut))
	}
	return dst
}

func appendBody(dst []byte, r *Response) []byte {
	k, lines, ends := lay(r.Body)
	dst = append(dst, k.name...)
	if k.events {
		return appendLines(dst, lines, func(i int) string { return clock(r.at(ends[i])) + " " })
	}
	if last := clock(r.last()); last != clock(r.After) {
		dst = append(append(dst, ' '), last...)
	}
	return appendLines(dst, lines, nil)
}

func appendLines(dst []byte, lines []string, prefix func(i int) string) []byte {
	dst = append(dst, '\n')
	for i, line := range lines {
		dst = append(dst, '\t')
		if prefix != nil {
			dst = append(dst, prefix(i)...)
		}
		dst = append(append(dst, line...), '\n')
	}
	return dst
}

// appendHeader writes NAME: VALUE lines, sorted by name; NAME= "VALUE", quoted
// as in Go, for a value that a line cannot show.
func appendHeader(dst []byte, h http.Header) []byte {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			switch {
			case v == "":
				dst = fmt.Appendf(dst, "%s:\n", name)
			case utf8.ValidString(v) && printable(v, "\t") && strings.TrimSpace(v) == v:
				dst = fmt.Appendf(dst, "%s: %s\n", name, v)
			default:
				dst = fmt.Appendf(dst, "%s= %s\n", name, strconv.Quote(v))
			}
		}
	}
	return dst
}

// clock writes a time as +SECONDS.
func clock(d time.Duration) string {
	return fmt.Sprintf("+%.2f", d.Round(tick).Seconds())
}

var clockForm = lazy(`^\+[0-9]{1,9}(?:\.[0-9]{1,9})?$`)

func parseClock(s string) (time.Duration, error) {
	if !clockForm().MatchString(s) {
		return 0, fmt.Errorf("%.20q is not a time, such as +0.25", s)
	}
	seconds, err := strconv.ParseFloat(s, 64)
	return time.Duration(seconds * float64(time.Second)).Round(tick), err
}

// lazy compiles an expression when it is first needed, so that the start of a
// program pays nothing.
func lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// token is a method or a header's name (RFC 9110, section 5.6.2).
var token = lazy("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")

// check refuses what the format cannot hold.
func (i *Interaction) check() error {
	q, r := &i.Request, &i.Response
	if !token().MatchString(q.Method) {
		return fmt.Errorf("%.40q is not a method", q.Method)
	}
	if q.URL == "" || !utf8.ValidString(q.URL) || !printable(q.URL, "") || strings.Contains(q.URL, " ") {
		return fmt.Errorf("%.80q is not a URL", q.URL)
	}
	if r.Status < 100 || r.Status > 999 {
		return fmt.Errorf("%d is not an HTTP status", r.Status)
	}
	for _, h := range []http.Header{q.Header, r.Header} {
		for name := range h {
			if !token().MatchString(name) {
				return fmt.Errorf("%.40q is not a header's name", name)
			}
		}
	}
	return nil
}

// oneLine is text without control characters and line ends, for the end of a
// line of the file, for an error or for a terminal.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimSpace(s)
}
