// Package redact finds secrets in text that is about to be shown or stored:
// those the caller names, in any encoding that a request or an answer may have
// them in, and those that show by their form.
//
// What shows by its form: session tokens of STS, Bedrock API keys, signatures,
// Authorization headers and cookies, values whose name says that they are
// secret, passwords in URLs. Access key ids, account ids and ARNs are no
// secrets here.
package redact

import (
	"net/http"
	"slices"
	"strings"
)

// Mark stands where a secret was.
const Mark = "REDACTED"

// Span is where in a text a secret stands. What stands before it and tells
// what it is, a header's name or the prefix of a key, is not part of it.
type Span struct {
	Start, End int
	What       string // "session token", "Bedrock API key"; or as given to Hide
}

// Finder finds secrets. The zero value finds those that show by their form.
// Hide and Find must not run at once.
type Finder struct {
	exact []exact
}

// exact is one form of a secret that was named.
type exact struct{ form, what string }

// minSecret is the length below which a given string is taken for a
// placeholder: to erase "test" everywhere would only garble the text.
const minSecret = 8

// Hide names a secret, and what to call it. White space around it does not
// count; one shorter than eight bytes is ignored. It tells whether the secret
// is new to f.
func (f *Finder) Hide(what, secret string) bool {
	secret = strings.TrimSpace(secret)
	if len(secret) < minSecret || secret == Mark || slices.Contains(f.exact, exact{secret, what}) {
		return false
	}
	for _, form := range forms(secret) {
		f.exact = append(f.exact, exact{form, what})
	}
	return true
}

// Find returns where secrets stand in s, in order and without overlap. A Mark
// is none.
func (f *Finder) Find(s string) []Span {
	var spans []Span
	for _, e := range f.exact {
		for at := 0; ; {
			i := strings.Index(s[at:], e.form)
			if i < 0 {
				break
			}
			spans = append(spans, Span{at + i, at + i + len(e.form), e.what})
			at += i + len(e.form)
		}
	}
	lower := strings.ToLower(s)
	for _, form := range shapes {
		if form.may(s, lower) {
			spans = form.find(spans, s)
		}
	}
	return Merge(spans)
}

// Merge sorts spans and joins those that touch or overlap.
func Merge(spans []Span) []Span {
	if len(spans) < 2 {
		return spans
	}
	slices.SortStableFunc(spans, func(a, b Span) int { return a.Start - b.Start })
	out := spans[:1]
	for _, s := range spans[1:] {
		if last := &out[len(out)-1]; s.Start <= last.End {
			last.End = max(last.End, s.End)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// Replace returns s with a Mark in place of each span; they are in order and
// do not overlap.
func Replace(s string, spans []Span) string {
	if len(spans) == 0 {
		return s
	}
	var b strings.Builder
	at := 0
	for _, span := range spans {
		b.WriteString(s[at:span.Start])
		b.WriteString(Mark)
		at = span.End
	}
	b.WriteString(s[at:])
	return b.String()
}

// Text returns s without secrets: those given and those that show by their
// form.
func Text(s string, secrets ...string) string {
	var f Finder
	for _, secret := range secrets {
		f.Hide("secret", secret)
	}
	return Replace(s, f.Find(s))
}

// secretHeader is the end of a header's name whose whole value is a secret.
var secretHeader = pattern{expr: `(?i)(?:^|-)(?:authorization|cookie|token|secret|password|api-?key|credentials?)$`}

// SecretHeader tells whether the value of a header of that name is a secret:
// Authorization, X-Amz-Security-Token, X-Api-Key, Set-Cookie and their like.
func SecretHeader(name string) bool { return secretHeader.get().MatchString(name) }

// Header returns a copy of h that may be printed. The scheme of an
// Authorization header stays, and of a SigV4 one all but the signature.
func Header(h http.Header, secrets ...string) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		for _, v := range values {
			switch {
			case strings.HasSuffix(http.CanonicalHeaderKey(name), "Authorization"):
				_, v, _ = strings.Cut(Text("authorization:"+v, secrets...), ":")
			case SecretHeader(name):
				v = Mark
			default:
				v = Text(v, secrets...)
			}
			out[name] = append(out[name], v)
		}
	}
	return out
}
