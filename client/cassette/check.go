package cassette

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"rawbedrock/client/redact"
)

// Finding is a defect of a cassette, or something in it that looks like a
// secret.
type Finding struct {
	Path string
	Line int // from 1
	What string
}

// String is PATH:LINE: WHAT.
func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.What) }

// Verify checks the cassette in a file, or all below a directory: that it can
// be read; that it is not stale, which means as the recorder writes it today,
// with the lengths that its headers claim; and that no interaction is unused
// because it is a copy of an earlier one. The error is one of reading a file.
func Verify(path string) ([]Finding, error) { return checkFiles(path, verify) }

// Scan looks in a file, or in every cassette below a directory, for what looks
// like a secret or an account id, decoding what is encoded; rules and own
// credentials are those of o. A file need not be a cassette. Findings do not
// show the secret whole.
func Scan(path string, o Redaction) ([]Finding, error) {
	return checkFiles(path, func(file string, data []byte) []Finding { return scan(file, data, newRedactor(o)) })
}

func checkFiles(path string, check func(file string, data []byte) []Finding) (found []Finding, err error) {
	files, err := list(path)
	if err != nil {
		return nil, fmt.Errorf("cassette: %w", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return found, fmt.Errorf("cassette: %w", err)
		}
		found = append(found, check(file, data)...)
	}
	return found, nil
}

func verify(file string, data []byte) (found []Finding) {
	add := func(line int, format string, args ...any) {
		found = append(found, Finding{file, line, fmt.Sprintf(format, args...)})
	}
	all, err := Parse(data)
	if err != nil {
		e := err.(*FormatError)
		add(e.Line, "unreadable: %v", e.Err)
		return found
	}
	if line, want := firstDifference(data, Append(nil, all)); line > 0 {
		add(line, "stale: not as the recorder writes it, which is %q", window(oneLine(want), 0))
	}
	for n := range all {
		i := &all[n]
		if claimed, is := contentLength(i.Response.Header), int64(len(i.Response.Body)); claimed >= 0 && claimed != is && i.hasBody() {
			add(i.Line, "stale: Content-Length of the answer is %d, its body has %d bytes", claimed, is)
		}
		if first := slices.IndexFunc(all[:n], i.same); first >= 0 {
			add(i.Line, "unused: a copy of the interaction at line %d", all[first].Line)
		}
	}
	return found
}

// firstDifference is the first line, from 1, where got is not want; 0: none.
func firstDifference(got, want []byte) (line int, wanted string) {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for n := range max(len(g), len(w)) {
		switch {
		case n >= len(g):
			return n + 1, w[n]
		case n >= len(w):
			return n + 1, "the end"
		case g[n] != w[n]:
			return n + 1, w[n]
		}
	}
	return 0, ""
}

// hasBody tells whether the answer has the body that its headers speak of.
func (i *Interaction) hasBody() bool {
	return i.Response.Cut == "" && i.Request.Method != http.MethodHead && i.Response.Status != http.StatusNotModified
}

// same tells a copy: everything is equal but the times.
func (i *Interaction) same(o Interaction) bool {
	equal := func(a, b http.Header) bool { return fmt.Sprint(a) == fmt.Sprint(b) }
	return i.Request.Method == o.Request.Method && i.Request.URL == o.Request.URL && bytes.Equal(i.Request.Body, o.Request.Body) &&
		i.Response.Status == o.Response.Status && bytes.Equal(i.Response.Body, o.Response.Body) && i.Response.Cut == o.Response.Cut &&
		equal(i.Request.Header, o.Request.Header) && equal(i.Response.Header, o.Response.Header)
}

// scanner notes what a redactor finds, once per place.
type scanner struct {
	*redactor
	file  string
	line  int
	found []Finding
	seen  map[string]bool // secrets that were found at a line of their own
	lines bool            // lines are scanned, not interactions
}

func scan(file string, data []byte, r *redactor) []Finding {
	s := &scanner{redactor: r, file: file, seen: map[string]bool{}, lines: true}
	lines := strings.Split(string(data), "\n")
	for _, line := range lines {
		s.text(line, r.learn)
	}
	all, _ := Parse(data)
	for i := range all {
		r.learnURL(all[i].Request.URL)
		r.learnHeader(all[i].Request.Header)
		r.learnHeader(all[i].Response.Header)
	}
	r.found = s.note
	for n, line := range lines {
		s.line = n + 1
		s.named(line)
		s.text(line, r.replace)
	}
	s.lines = false
	for i := range all {
		s.line = all[i].Line
		all[i].undress(false) // what cannot be decompressed is searched as it is
		r.interaction(&all[i])
	}
	slices.SortStableFunc(s.found, func(a, b Finding) int { return a.Line - b.Line })
	return s.found
}

// note adds a finding. What an interaction hides is a finding only when no
// line showed it.
func (s *scanner) note(what, secret string) {
	if s.seen[secret] && !s.lines {
		return
	}
	s.seen[secret] = true
	f := Finding{s.file, s.line, what + " " + mask(secret)}
	if !slices.Contains(s.found, f) {
		s.found = append(s.found, f)
	}
}

// mask shows the beginning of a secret.
func mask(secret string) string {
	secret = oneLine(secret)
	return fmt.Sprintf("%.*s… (%d characters)", min(4, len(secret)/4), secret, len(secret))
}

// text scans a line as it is, and the strings in it without their escapes.
func (s *scanner) text(line string, f change) {
	rewriteText(line, place{}, false, f)
	for i := 0; i < len(line); i++ {
		if line[i] != '"' {
			continue
		}
		end := endOfString([]byte(line), i)
		var text string
		if raw := line[i:end]; strings.Contains(raw, `\`) && json.Unmarshal([]byte(raw), &text) == nil {
			rewriteText(text, place{}, false, f)
		}
		i = end - 1
	}
}

// named looks for values whose name says that they are secret: those of
// headers and query members.
func (s *scanner) named(line string) {
	name, value, ok := strings.Cut(line, ": ")
	if ok && token().MatchString(name) && redact.SecretHeader(name) {
		if _, secret := cutScheme(value); secret != redact.Mark {
			s.note("value of the header "+name, secret)
		}
	}
	if !strings.HasPrefix(line, "> ") {
		return
	}
	_, query, _ := strings.Cut(line, "?")
	for member := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(member, "=")
		if slices.Contains(secretQuery, strings.ToLower(name)) && value != redact.Mark {
			s.note("value of the query member "+name, value)
		}
	}
}
