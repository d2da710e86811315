package cassette

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"rawbedrock/client/redact"
)

// Redaction says what is taken out of a recording before it is written. The
// zero value takes out, and puts REDACTED in place of:
//
//   - Authorization, cookies, and headers and query members that hold tokens or
//     keys, those of presigned URLs included
//   - access key ids (AKIA…, ASIA…), session tokens, Bedrock API keys (ABSK…,
//     bedrock-api-key-…) and what else package redact knows by its form
//   - this process's own credentials, and those that a request carried, wherever
//     they come back: plain, URL-encoded, escaped in JSON, in base64
//
// and puts 000000000001, 000000000002, … in place of AWS account ids, numbered
// as they appear. Frames get new lengths and checksums, Content-Length follows.
//
// A secret that a model spells out over several events of a stream is found;
// one that it spells in its own words is not.
type Redaction struct {
	None    bool                // store everything as it is
	Secrets []string            // more secrets, of eight bytes or longer
	Rules   []*regexp.Regexp    // what these match is taken out too
	Getenv  func(string) string // where this process's credentials are; nil: os.Getenv
}

// ownCredentials are the variables that may hold this process's credentials.
var ownCredentials = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
	"AWS_BEARER_TOKEN_BEDROCK", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
	"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "BEDROCK_SERVE_TOKEN",
}

// redactor carries a Redaction out. It learns as it goes and is not safe for
// concurrent use.
type redactor struct {
	none     bool
	finder   redact.Finder
	rules    []*regexp.Regexp
	accounts map[string]string // account id to pseudonym
	issued   int               // pseudonyms
	learned  int               // secrets and accounts
	// found is told of everything that is taken out; nil: nobody is.
	found func(what, secret string)
}

func newRedactor(o Redaction) *redactor {
	r := &redactor{none: o.None, rules: o.Rules, accounts: map[string]string{}}
	getenv := o.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	for _, name := range ownCredentials {
		r.hide("value of "+name, getenv(name))
	}
	for _, secret := range o.Secrets {
		r.hide("secret of the caller", secret)
	}
	return r
}

func (r *redactor) hide(what, secret string) {
	if r.finder.Hide(what, secret) {
		r.learned++
	}
}

// interaction takes everything out that must not be stored, the signatures that
// the request was sent with included. It changes i.
func (r *redactor) interaction(i *Interaction, signatures ...string) {
	if r.none {
		return
	}
	q, p := &i.Request, &i.Response
	r.learnURL(q.URL)
	r.learnHeader(q.Header)
	r.learnHeader(p.Header)
	lasting := r.finder
	defer func() { r.finder = lasting }()
	for _, s := range append(signatures, signaturesOf(q.URL, q.Header)...) {
		r.finder.Hide("signature", s)
	}
	r.each(i, r.learn)
	r.each(i, r.replace)
	q.Body, _ = r.body(q.Body, nil)
	size := len(p.Body)
	p.Body, p.Arrivals = r.body(p.Body, p.Arrivals)
	if len(p.Body) != size && p.Header.Get("Content-Length") == strconv.Itoa(size) {
		p.Header.Set("Content-Length", strconv.Itoa(len(p.Body)))
	}
	p.Cut = r.text("", p.Cut)
}

// each passes URL and headers through f.
func (r *redactor) each(i *Interaction, f change) {
	i.Request.URL = rewriteURL(i.Request.URL, f)
	rewriteHeader(i.Request.Header, f)
	rewriteHeader(i.Response.Header, f)
}

// change is what becomes of a text; context stands before it and says what it
// is. A fixed text must keep its length.
type change func(path, context, text string, fixed bool) string

// learn takes note of the account ids in a text.
func (r *redactor) learn(_, context, text string, _ bool) string {
	for _, id := range accountIDs(context + text) {
		if _, ok := r.accounts[id]; !ok {
			r.issued++
			r.accounts[id] = fmt.Sprintf("%012d", r.issued)
			r.learned++
		}
	}
	return text
}

// replace takes secrets and account ids out of a text.
func (r *redactor) replace(_, context, text string, fixed bool) string {
	return replaceSpans(text, len(context), r.find(context+text, len(context)), fixed)
}

// replaceSecrets is replace that leaves account ids alone.
func (r *redactor) replaceSecrets(_, context, text string, fixed bool) string {
	return replaceSpans(text, len(context), r.findSecrets(context+text, len(context)), fixed)
}

// text is replace for a text alone.
func (r *redactor) text(context, s string) string { return r.replace("", context, s, false) }

// span is a piece of a text and what comes in its place.
type span struct {
	start, end int
	with       string
}

// findSecrets returns where secrets stand, in order and without overlap. Rules
// may speak of the text from there on, by ^ or \A, or of what stands before it.
func (r *redactor) findSecrets(s string, from int) []span {
	secrets := r.finder.Find(s)
	secrets = append(secrets, accessKeys(s)...)
	for _, rule := range r.rules {
		for _, start := range slices.Compact([]int{0, from}) {
			for _, m := range rule.FindAllStringIndex(s[start:], -1) {
				if text := s[start+m[0] : start+m[1]]; text != "" && !strings.HasPrefix(fill(len(text)), text) {
					secrets = append(secrets, redact.Span{Start: start + m[0], End: start + m[1], What: "match of a rule"})
				}
			}
		}
	}
	var spans []span
	for _, f := range redact.Merge(secrets) {
		r.tell(f.What, s[f.Start:f.End])
		spans = append(spans, span{f.Start, f.End, redact.Mark})
	}
	return spans
}

// find returns where secrets and account ids stand.
func (r *redactor) find(s string, from int) []span {
	secrets := r.findSecrets(s, from)
	spans := slices.Clone(secrets)
	for id, pseudonym := range r.accounts {
		for _, at := range indexDigits(s, id) {
			n := sort.Search(len(secrets), func(n int) bool { return secrets[n].end > at })
			if n == len(secrets) || secrets[n].start >= at+len(id) {
				r.tell("account id", id)
				spans = append(spans, span{at, at + len(id), pseudonym})
			}
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	return spans
}

func (r *redactor) tell(what, secret string) {
	if r.found != nil {
		r.found(what, secret)
	}
}

// replaceSpans replaces what of the spans lies in s, which begins at from. A
// span that began before loses its part here and nothing comes in its place.
func replaceSpans(s string, from int, spans []span, fixed bool) string {
	if len(spans) == 0 {
		return s
	}
	var b strings.Builder
	at := 0
	for _, p := range spans {
		start, end := p.start-from, min(p.end-from, len(s))
		if end <= 0 || start >= len(s) {
			continue
		}
		b.WriteString(s[at:max(start, at)])
		if fixed {
			b.WriteString(fit(p.with, end-max(start, 0)))
		} else if start >= 0 {
			b.WriteString(p.with)
		}
		at = end
	}
	return b.String() + s[at:]
}

// fit is a replacement of exactly n bytes.
func fit(with string, n int) string {
	if len(with) == n {
		return with
	}
	return fill(n)
}

// fill is n bytes in place of a secret where lengths matter.
func fill(n int) string { return strings.Repeat(redact.Mark, n/len(redact.Mark)+1)[:n] }

func rewriteHeader(h http.Header, f change) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		values := h[name]
		for i, v := range values {
			if redact.SecretHeader(name) {
				scheme, _ := cutScheme(v)
				values[i] = scheme + redact.Mark
				continue
			}
			values[i] = rewriteText(v, place{context: name + ": "}, false, f)
		}
		if is := rewriteText(name, place{}, false, f); is != name {
			delete(h, name)
			is = http.CanonicalHeaderKey(is)
			h[is] = append(h[is], values...)
		}
	}
}

// rewriteURL passes the parts of a URL through f, unescaped. User and password
// go.
func rewriteURL(s string, f change) string {
	u, err := url.Parse(s)
	if err != nil {
		return f("", "", s, false)
	}
	if u.User != nil {
		u.User = url.User(redact.Mark)
	}
	u.Fragment, u.RawFragment = "", ""
	f("", "", s, false) // an ARN or a host is known by its whole
	u.Host = f("", "", u.Host, false)
	segments := strings.Split(f("", "", u.EscapedPath(), false), "/") // a secret may have a slash
	for i, raw := range segments {
		segments[i] = rewriteEscaped(raw, "", f, url.PathUnescape, url.PathEscape)
	}
	u.RawPath = strings.Join(segments, "/")
	u.Path, _ = url.PathUnescape(u.RawPath)
	members := strings.Split(u.RawQuery, "&")
	for i, raw := range members {
		name, value, ok := strings.Cut(raw, "=")
		members[i] = rewriteEscaped(name, "", f, url.QueryUnescape, url.QueryEscape)
		switch {
		case ok && slices.Contains(secretQuery, strings.ToLower(name)):
			members[i] += "=" + redact.Mark
		case ok:
			members[i] += "=" + rewriteEscaped(value, name+"=", f, url.QueryUnescape, url.QueryEscape)
		}
	}
	u.RawQuery = strings.Join(members, "&")
	return u.String()
}

// rewriteEscaped passes an escaped text through f. One that f leaves alone
// keeps its very escapes.
func rewriteEscaped(raw, context string, f change, unescape func(string) (string, error), escape func(string) string) string {
	text, err := unescape(raw)
	if err != nil {
		return f("", context, raw, false)
	}
	out := rewriteText(text, place{context: context}, false, f)
	if out == text {
		return raw
	}
	if out = escape(out); !strings.Contains(raw, ":") {
		out = strings.ReplaceAll(out, ":", "%3A")
	}
	return out
}
