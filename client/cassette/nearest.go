package cassette

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// UnmatchedError is a request that the cassette has no answer to. It shows no
// secret of the request.
type UnmatchedError struct {
	Request  string // method, path and query
	Path     string // of the cassette
	Count    int    // interactions in it
	Used     bool   // there were answers, and all are used up
	Nearest  string // the recorded request that is most like it; "" when there is none
	Line     int    // where that begins in its file
	Where    string // the first difference: method, path, query, or a path into the body
	Recorded string // what the recording has there
	Got      string // what the request has
	More     int    // differences
}

// Error tells which recorded request is nearest and the first difference, in
// up to three lines.
func (e *UnmatchedError) Error() string {
	s := fmt.Sprintf("cassette: %s has no answer to %s", e.Path, e.Request)
	switch {
	case e.Used:
		return s + ": the request was recorded, but all its answers are used up (Repeat gives the last one again)"
	case e.Count == 0:
		return s + ": it is empty"
	}
	s += fmt.Sprintf(" (it has %d)\nnearest is line %d, %s", e.Count, e.Line, e.Nearest)
	s += fmt.Sprintf("\nfirst difference: %s: recorded %s, got %s", e.Where, e.Recorded, e.Got)
	if e.More > 0 {
		s += fmt.Sprintf(" (and %d more)", e.More)
	}
	return s
}

// Retryable is false: the same request will not be answered next time.
func (e *UnmatchedError) Retryable() bool { return false }

// unmatched describes a request without an answer. spent is an interaction
// that would have answered it.
func (c *Cassette) unmatched(q question, spent *entry) error {
	e := &UnmatchedError{Request: q.title(), Path: c.path, Used: spent != nil, Count: len(c.entries)}
	if e.Used {
		return e
	}
	var nearest []difference
	for _, o := range c.entries {
		d := o.question.compare(q)
		if nearest == nil || weigh(d) < weigh(nearest) {
			nearest = d
			e.Nearest, e.Line = o.question.title(), o.Line
			if o.file != c.path {
				e.Nearest += " in " + o.file
			}
		}
	}
	if len(nearest) > 0 {
		first := nearest[0]
		e.Where, e.More = first.where, len(nearest)-1
		e.Recorded, e.Got = first.show()
	}
	return e
}

func (q question) title() string {
	s := q.method + " " + q.path
	if q.query != "" {
		s += "?" + q.query
	}
	return oneLine(s)
}

// difference is a place where two requests differ.
type difference struct {
	where         string
	recorded, got any // nothing when there is nothing
}

// nothing stands for a value that is not there.
type nothing struct{}

// weigh is how far two requests are apart: another method or path weighs more
// than any body.
func weigh(ds []difference) int {
	n := 0
	for _, d := range ds {
		switch d.where {
		case "method", "path":
			n += 1 << 30
		case "query":
			n += 1 << 20
		default:
			n++
		}
	}
	return n
}

// compare lists the differences between a recorded request and one of now.
func (q question) compare(now question) []difference {
	var ds []difference
	for _, part := range []struct{ name, recorded, got string }{
		{"method", q.method, now.method}, {"path", q.path, now.path}, {"query", q.query, now.query},
	} {
		if fits(part.recorded, part.got) == fitsNot {
			ds = append(ds, difference{part.name, part.recorded, part.got})
		}
	}
	ds = compareJSON(ds, "body", q.body, now.body)
	if len(ds) == 0 { // account ids that do not agree from one place to the next
		ds = append(ds, difference{"account ids", q.text, now.text})
	}
	return ds
}

func compareJSON(ds []difference, where string, recorded, got any) []difference {
	switch r := recorded.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			for _, name := range slices.Sorted(maps.Keys(union(r, g))) {
				ds = compareJSON(ds, where+"."+name, value(r, name), value(g, name))
			}
			return ds
		}
	case []any:
		if g, ok := got.([]any); ok {
			for i := range max(len(r), len(g)) {
				ds = compareJSON(ds, where+"["+strconv.Itoa(i)+"]", element(r, i), element(g, i))
			}
			return ds
		}
	}
	if fits(text(recorded), text(got)) == fitsNot {
		ds = append(ds, difference{where, recorded, got})
	}
	return ds
}

func union(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func value(m map[string]any, name string) any {
	if v, ok := m[name]; ok {
		return v
	}
	return nothing{}
}

func element(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nothing{}
}

// text is a value as an error shows it.
func text(v any) string {
	switch v := v.(type) {
	case nothing:
		return "nothing"
	case string:
		return strconv.Quote(v)
	case json.Number:
		return v.String()
	}
	return strings.TrimSuffix(encode(v), "\n")
}

// What an error shows of a long value, in bytes: from a little before the
// first byte that differs.
const (
	shown  = 100
	before = 30
)

func (d difference) show() (recorded, got string) {
	recorded, got = oneLine(text(d.recorded)), oneLine(text(d.got))
	same := 0
	for same < min(len(recorded), len(got)) && recorded[same] == got[same] {
		same++
	}
	return window(recorded, same), window(got, same)
}

// window is the part of s around a place.
func window(s string, at int) string {
	if len(s) <= shown {
		return s
	}
	start := max(0, min(at-before, len(s)-shown))
	end := min(len(s), start+shown)
	for start > 0 && !utf8.RuneStart(s[start]) {
		start--
	}
	for end < len(s) && !utf8.RuneStart(s[end]) {
		end++
	}
	part := s[start:end]
	if start > 0 {
		part = "…" + part
	}
	if end < len(s) {
		part += "…"
	}
	return part
}
