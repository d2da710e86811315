package credentials

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// The syntax of the shared files, as AWS's cross-SDK parser tests define it
// ("Format of the configuration and credential settings files", AWS SDKs and
// Tools reference guide):
//
//	[profile dev]           # a section; comments start with # or ;
//	region = us-west-2      # a property; keys ignore case
//	s3 =                    # an empty value and indented lines: a nested block
//	  addressing_style = path
//
// aws-sdk-go-v2 skips lines it cannot read. Here they are errors, as in the
// official tests and in botocore: a typing error must not silently choose
// other credentials. Four things go beyond the official tests because both
// official SDKs, or the one that writes these files, do them: ':' separates a
// key from its value as '=' does; a profile name may hold any character; in the
// config file a name in quotes (as "aws configure" writes it) loses them, as in
// botocore; one pair of quotes around a value is dropped, as in aws-sdk-go-v2.

// part is one section of one file.
type part struct {
	kind, name string // "profile" "dev"; kind "" is a section that nothing reads
	file       string // for people
	props      map[string]property
}

type property struct {
	value string   // continuation lines are joined with "\n"
	sub   []string // the lines of a nested block
}

// header is what a section's first line says.
type header struct {
	kind, name string
	bare       bool // [default] in the config file, not [profile default]
}

// parser holds the state between two lines.
type parser struct {
	isConfig bool // the config file, not the credentials file
	file     string
	parts    map[header]*part
	part     *part  // nil before the first section
	key      string // the last property, "" at the start of a section
}

// parseFile reads a shared file. Errors name the file and the line, never its
// content.
func parseFile(data []byte, file string, isConfig bool) ([]*part, error) {
	p := &parser{isConfig: isConfig, file: file, parts: map[header]*part{}}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		if err := p.line(strings.TrimRight(line, "\r\n")); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", file, n, err)
		}
	}
	if p.parts[header{"profile", "default", false}] != nil { // it replaces [default] wherever it stands
		delete(p.parts, header{"profile", "default", true})
	}
	delete(p.parts, header{})
	return slices.Collect(maps.Values(p.parts)), nil
}

func (p *parser) line(line string) error {
	if !utf8.ValidString(line) {
		return errors.New("it is not UTF-8 text")
	}
	if strings.HasPrefix(line, "\ufeff") { // no official SDK reads such a file
		return errors.New("it starts with a byte order mark: save it as UTF-8 without BOM")
	}
	text := strings.TrimSpace(line)
	indented := line != "" && (line[0] == ' ' || line[0] == '\t')
	switch {
	case text == "" || text[0] == '#' || text[0] == ';':
		return nil
	case text[0] == '[':
		return p.section(text)
	case p.part == nil:
		return errors.New("expected a section such as [default] before the first property")
	case indented:
		return p.indented(text)
	}
	return p.property(text)
}

// section reads "[profile name] # comment", indented or not (aws-sdk-go-v2).
func (p *parser) section(text string) error {
	title, ok := bracketed(text)
	if !ok {
		return errors.New("a section must end with ']'")
	}
	h := p.header(title)
	if p.parts[h] == nil {
		p.parts[h] = &part{kind: h.kind, name: h.name, file: p.file, props: map[string]property{}}
	}
	p.part, p.key = p.parts[h], ""
	return nil
}

// bracketed returns what stands between '[' and the first ']' that nothing but
// a comment follows.
func bracketed(text string) (string, bool) {
	for i := range text {
		if text[i] != ']' {
			continue
		}
		if rest := strings.TrimSpace(text[i+1:]); rest == "" || rest[0] == '#' || rest[0] == ';' {
			title := strings.TrimSpace(text[1:i])
			return title, title != ""
		}
	}
	return "", false
}

// header tells what a section is; the zero header is one that nothing reads.
// Names are compared exactly: [Default] and [Profile x] are nothing.
func (p *parser) header(title string) header {
	word, name := title, ""
	if i := strings.IndexAny(title, " \t"); i > 0 {
		word, name = title[:i], unquote(strings.TrimSpace(title[i:]))
	}
	switch {
	case title == "default":
		return header{"profile", title, p.isConfig}
	case name != "" && (word == "sso-session" || word == "services"): // in both files, as aws-sdk-go-v2
		return header{word, name, false}
	case name != "" && word == "profile" && p.isConfig:
		return header{word, name, false}
	case p.isConfig || word == "profile" && name != "":
		return header{}
	}
	return header{"profile", title, false} // quotes are part of it, as in both official SDKs
}

func (p *parser) property(text string) error {
	key, value, ok := splitProperty(trimComment(text))
	if !ok {
		return errors.New("expected '=' between a property's name and its value")
	}
	return p.set(key, value)
}

func (p *parser) set(key, value string) error {
	if key == "" {
		return errors.New("a property has no name before '='")
	}
	p.key = strings.ToLower(key)
	p.part.props[p.key] = property{value: unquote(value)} // the last one counts
	return nil
}

// indented reads a line of a nested block, a continued value, or a property
// that is merely indented: "k = v" where no empty value stands before it. That
// last rule is aws-sdk-go-v2's; botocore would join such a line to the value
// before it unless the whole section is indented.
func (p *parser) indented(text string) error {
	last := p.part.props[p.key]
	key, value, pair := splitProperty(text)
	switch {
	case p.key == "" && !pair:
		return errors.New("expected a property, found the continuation of one")
	case p.key == "" || last.value != "" && pair && key != "":
		return p.set(key, strings.TrimSpace(trimComment(value)))
	case last.value != "":
		last.value += "\n" + text
	case !pair:
		return errors.New("expected '=' between the name and the value of a nested property")
	case key == "":
		return errors.New("a nested property has no name before '='")
	default:
		last.sub = append(last.sub, text)
	}
	p.part.props[p.key] = last
	return nil
}

// nested returns the value of one line of a nested block; the last one counts.
func (v property) nested(name string) (string, bool) {
	for i := len(v.sub) - 1; i >= 0; i-- {
		if key, value, _ := splitProperty(v.sub[i]); strings.EqualFold(key, name) {
			return unquote(value), true
		}
	}
	return "", false
}

// splitProperty cuts at the first '=' or ':'.
func splitProperty(text string) (key, value string, ok bool) {
	i := strings.IndexAny(text, "=:")
	if i < 0 {
		return "", "", false
	}
	return strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+1:]), true
}

// trimComment cuts at the first # or ; that follows white space: "a#b" is a
// value.
func trimComment(text string) string {
	for i := 1; i < len(text); i++ {
		if (text[i] == '#' || text[i] == ';') && (text[i-1] == ' ' || text[i-1] == '\t') {
			return text[:i]
		}
	}
	return text
}

// unquote drops one pair of quotes.
func unquote(s string) string {
	if n := len(s); n >= 2 && s[0] == s[n-1] && (s[0] == '"' || s[0] == '\'') {
		return s[1 : n-1]
	}
	return s
}
