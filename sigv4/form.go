package sigv4

import (
	"slices"
	"strings"
)

// form is a canonical request taken apart.
type form struct {
	method, path, query string
	headers             []line // as they stand, sorted when the request is sound
	signed              string // the names, joined with ";"
	payload             string
}

// line is a header of a canonical request.
type line struct{ name, value string }

func compareNames(a, b line) int { return strings.Compare(a.name, b.name) }

func parseForm(canonical string) (f form, ok bool) {
	lines := strings.Split(canonical, "\n")
	if len(lines) < 6 {
		return f, false
	}
	f.method, f.path, f.query = lines[0], lines[1], lines[2]
	lines = lines[3:]
	end := slices.Index(lines, "")
	if end < 0 || len(lines) != end+3 || !strings.HasPrefix(f.path, "/") {
		return f, false
	}
	for _, l := range lines[:end] {
		name, value, ok := strings.Cut(l, ":")
		if !ok {
			return f, false
		}
		f.headers = append(f.headers, line{name, value})
	}
	f.signed, f.payload = lines[end+1], lines[end+2]
	return f, validName(strings.ReplaceAll(f.signed, ";", "")) && f.payload != "" && !strings.ContainsAny(f.payload, " '")
}

func (f form) String() string {
	var b strings.Builder
	b.WriteString(f.method + "\n" + f.path + "\n" + f.query + "\n")
	for _, h := range f.headers {
		b.WriteString(h.name + ":" + h.value + "\n")
	}
	b.WriteString("\n" + f.signed + "\n" + f.payload)
	return b.String()
}

// index finds a header, -1 without one.
func (f form) index(name string) int {
	return slices.IndexFunc(f.headers, func(h line) bool { return h.name == name })
}

func (f form) header(name string) (value string, ok bool) {
	if i := f.index(name); i >= 0 {
		return f.headers[i].value, true
	}
	return "", false
}

// Line is one line of two canonical requests, side by side.
type Line struct {
	Part         string // method, path, query, header NAME, signed headers, payload hash
	Ours, Theirs string
	Missing      string // "ours" or "theirs", when that has no such line at all
	Same         bool
}

// compare puts two canonical requests side by side; headers are found by their
// names.
func compare(ours, theirs form) []Line {
	var lines []Line
	both := func(part, a, b string) {
		same := a == b || part == "query" && masked(a) && re(tokenForm).ReplaceAllString(a, hidden) == re(tokenForm).ReplaceAllString(b, hidden) || part == "header x-amz-security-token" && a != "" && b != "" && (a == hidden || b == hidden)
		lines = append(lines, Line{Part: part, Ours: a, Theirs: b, Same: same})
	}
	both("method", ours.method, theirs.method)
	both("path", ours.path, theirs.path)
	both("query", ours.query, theirs.query)
	rest := slices.Clone(theirs.headers)
	for _, h := range ours.headers {
		i := slices.IndexFunc(rest, func(r line) bool { return r.name == h.name })
		if i < 0 {
			lines = append(lines, Line{Part: "header " + h.name, Ours: h.value, Missing: "theirs"})
			continue
		}
		for ; i > 0 && ours.index(rest[0].name) < 0; i-- {
			lines = append(lines, Line{Part: "header " + rest[0].name, Theirs: rest[0].value, Missing: "ours"})
			rest = rest[1:]
		}
		both("header "+h.name, h.value, rest[i].value)
		rest = slices.Delete(rest, i, i+1)
	}
	for _, added := range rest {
		lines = append(lines, Line{Part: "header " + added.name, Theirs: added.value, Missing: "ours"})
	}
	both("signed headers", ours.signed, theirs.signed)
	both("payload hash", ours.payload, theirs.payload)
	return lines
}
