package redact

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// pattern is a regular expression that is compiled when it is first needed, so
// that the start of a program pays nothing.
type pattern struct {
	expr string
	once sync.Once
	re   *regexp.Regexp
}

func (p *pattern) get() *regexp.Regexp {
	p.once.Do(func() { p.re = regexp.MustCompile(p.expr) })
	return p.re
}

const (
	// value is what a secret is written with. Escapes belong to it: a token's
	// / may be \/ or &#47; and its = may be \u003d or %3D.
	value = `(?:[A-Za-z0-9+/=_.~%-]|\\/|\\u00[0-9A-Fa-f]{2}|&#x?[0-9A-Fa-f]+;)`

	// nameEnd stands between a name and its value in a header, a query, JSON
	// (escaped once more or not), a file, a printed map, percent-encoded.
	nameEnd = `(?:\\*["'])?[ \t]*(?::|=|%3[AaDd])[ \t]*\[?(?:\\*["'])?`

	// start is where a word begins; within base64 anything may stand by chance.
	start = `(?:^|[^A-Za-z0-9+]|%[0-9A-Fa-f]{2}|\\[nrt]|\\u[0-9A-Fa-f]{4})`
)

// shape is a secret that shows by its name or its form. What the first group
// matches is kept, and the second, when there is one; the rest is the secret.
type shape struct {
	what    string
	words   []string // one of which, in lower case, stands in every match; seldom by chance in base64
	literal string   // or this, as it is
	re      *pattern
	keep    func(secret string) bool // what is none after all; may be nil
}

var shapes = []shape{
	{what: "value of a secret's name", words: []string{"security", "session", "secret", "bearer_token", "x-amz-signature", "api-key", "api_key", "metadata-token"}, re: &pattern{expr: `(?i)((?:(?:security|session)[-_]?token|secret[-_]?(?:access[-_]?)?key|aws_bearer_token_bedrock|` +
		`x-amz-signature|x-amz-s3session-token|x-api-key|api[-_]key|x-aws-ec2-metadata-token)` + nameEnd + `)` + value + `+`}},
	{what: "signature", words: []string{"signature="}, re: &pattern{expr: `(?i)(\bsignature=)` + value + `{16,}`}},
	{what: "bearer or basic credentials", words: []string{"bearer", "basic"}, re: &pattern{expr: `(?i)(\b(?:bearer|basic)(?:[ +]|%20)+)` + value + `{16,}`}},
	{what: "cookie", words: []string{"cookie"}, re: &pattern{expr: `(?i)(\b(?:set-)?cookie` + nameEnd + `)(?:[^\r\n"'\]\\]|\\[/u])+`}},
	{what: "password in a URL", words: []string{"://"}, re: &pattern{expr: `(://)[^/\s:@"']+:[^/\s@"']+@`}},
	{what: "Bedrock API key", words: []string{"bedrock-api-key-"}, re: &pattern{expr: `(bedrock-api-key-)` + value + `+`}},
	{what: "Bedrock API key", literal: "ABSK", re: &pattern{expr: `(` + start + `ABSK)` + value + `{8,}`}},
	// by the first bytes of its base64
	{what: "session token", words: []string{"zxivyxdz", "aqodyxdz", "fqodyxdz", "iqojb3jpz2lu"}, re: &pattern{expr: `(IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz|[FA]QoDYXdz)` + value + `{16,}`}},
	// AWS repeats a header that is none of SigV4
	{what: "Authorization header", words: []string{"not a valid key=value pair"}, re: &pattern{expr: `(')[^'\r\n]+(' not a valid key=value pair)`}},
	{what: "Authorization header", words: []string{"authorization header: '"}, keep: func(s string) bool { return strings.HasPrefix(s, "AWS4-") },
		re: &pattern{expr: `(?i)(authorization header: '(?:(?:bearer|basic) +)?)[^'\r\n]+`}},
	// of a SigV4 one the signature alone is secret, which has a shape of its own
	{what: "Authorization header", words: []string{"authorization"}, keep: func(s string) bool { return strings.HasPrefix(s, "AWS4-") },
		re: &pattern{expr: `(?i)(authorization` + nameEnd + `(?:(?:bearer|basic)[ ]+)?)(?:[^\r\n"'\]\\]|\\[/u])+`}},
}

// may tells whether it is worth looking for the shape.
func (f shape) may(s, lower string) bool {
	if f.literal != "" && strings.Contains(s, f.literal) {
		return true
	}
	return slices.ContainsFunc(f.words, func(w string) bool { return strings.Contains(lower, w) })
}

func (f shape) find(spans []Span, s string) []Span {
	for _, m := range f.re.get().FindAllStringSubmatchIndex(s, -1) {
		end := m[1]
		if len(m) > 4 {
			end = m[4]
		}
		secret := s[m[3]:end]
		if !isMark(strings.Trim(secret, " @")) && (f.keep == nil || !f.keep(secret)) {
			spans = append(spans, Span{m[3], end, f.what})
		}
	}
	return spans
}

// isMark tells a Mark, or several that fill the place of something longer,
// perhaps with what is no part of a word behind it.
func isMark(s string) bool {
	word := strings.IndexFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' })
	if word >= len(Mark) && !isLetterOrDigit(s[word]) {
		s = s[:word]
	}
	return s != "" && strings.HasPrefix(strings.Repeat(Mark, len(s)/len(Mark)+1), s)
}

func isLetterOrDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// forms are the ways in which a text may hold a secret.
func forms(secret string) []string {
	query := url.QueryEscape(secret)
	quoted, _ := json.Marshal(secret) // escapes <, > and & too, as some do
	inJSON := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	all := []string{secret, query, lowerEscapes(query), url.QueryEscape(query), html.EscapeString(secret)}
	path := url.PathEscape(secret)
	all = append(all, path, strings.ReplaceAll(path, "%2F", "/"))
	for _, escaped := range []string{string(quoted[1 : len(quoted)-1]), inJSON.Replace(secret)} {
		slashes := strings.ReplaceAll(escaped, "/", `\/`)
		all = append(all, escaped, slashes, inJSON.Replace(escaped), inJSON.Replace(slashes))
	}
	for shift := range 3 {
		all = append(all, inBase64(base64.RawStdEncoding, secret, shift), inBase64(base64.RawURLEncoding, secret, shift))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// inBase64 is what a secret looks like within the base64 of a longer text, so
// many bytes after a multiple of three: the characters that its neighbours
// have no part in.
func inBase64(enc *base64.Encoding, secret string, shift int) string {
	coded := enc.EncodeToString([]byte(strings.Repeat("\x00", shift) + secret))
	end := (shift + len(secret)) * 8 / 6
	return coded[(shift*8+5)/6 : end]
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := range b {
		if i >= 2 && b[i-2] == '%' || i >= 1 && b[i-1] == '%' {
			b[i] = strings.ToLower(string(b[i]))[0]
		}
	}
	return string(b)
}
