package cassette

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"rawbedrock/client/redact"
)

// question is a request as it is matched: method, path, query and body, each
// in one form for all that mean the same. The host does not count, neither do
// headers, the signature in a query, the order of keys and white space in JSON.
type question struct {
	method, path, query string
	host                string // one of the same host is the better answer
	body                any    // canonical JSON; a string when it is none
	text                string // all of it
}

func ask(q *Request) question {
	_, body, err := plain(q.Header, q.Body)
	if err != nil {
		body = q.Body
	}
	k := question{method: q.Method, path: q.URL, body: canonical(body)}
	if u, err := url.Parse(q.URL); err == nil {
		k.path, k.query, k.host = canonicalPath(u), canonicalQuery(u), u.Host
	}
	k.text = k.method + " " + k.path + "?" + k.query + "\n" + encode(k.body)
	return k
}

// canonicalPath is one spelling for a colon that is escaped or not. A slash
// that is escaped remains so.
func canonicalPath(u *url.URL) string {
	segments := strings.Split(u.EscapedPath(), "/")
	for i, s := range segments {
		if text, err := url.PathUnescape(s); err == nil {
			segments[i] = strings.ReplaceAll(url.PathEscape(text), ":", "%3A")
		}
	}
	return strings.Join(segments, "/")
}

func canonicalQuery(u *url.URL) string {
	query := u.Query()
	for name, values := range query {
		if strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			delete(query, name)
		}
		slices.Sort(values)
	}
	return query.Encode()
}

// canonical is a body as JSON without order and white space, numbers by their
// digits.
func canonical(body []byte) any {
	if utf8.Valid(body) && json.Valid(body) {
		var v any
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		if dec.Decode(&v) == nil {
			return open(v)
		}
	}
	return string(body)
}

// open undoes the base64 of texts within JSON, so that what is in them can be
// compared.
func open(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = open(member)
		}
	case []any:
		for i, element := range v {
			v[i] = open(element)
		}
	case string:
		data, err := unbase64(v)
		switch {
		case err != nil || len(v) < 16:
		case isObject(data):
			return map[string]any{"base64": canonical(data)}
		case utf8.Valid(data) && printable(data, "\r\n\t"):
			return "base64:" + string(data)
		}
	}
	return v
}

func encode(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil { // nothing that was decoded fails to be encoded
		return ""
	}
	return b.String()
}

// live is a request as it is made now, as far as it is matched.
func (r *redactor) live(req *http.Request, body []byte) question {
	q := Request{Method: req.Method, URL: req.URL.String(), Header: req.Header, Body: body}
	if h, text, err := plain(req.Header, body); err == nil {
		q.Header, q.Body = h, text
	}
	return ask(r.secretless(q))
}

// secretless is a request without secrets; account ids stay.
func (r *redactor) secretless(q Request) *Request {
	if !r.none {
		q.URL = rewriteURL(q.URL, r.replaceSecrets)
		q.Body, _ = rewriteBody(q.Body, nil, r.replaceSecrets)
	}
	return &q
}

// How well a recorded request fits.
const (
	fitsNot   = iota
	fitsMarks // something else stands where it has REDACTED
	fitsWhole // but for account ids, which it has pseudonyms for
)

// fits compares a recorded text with one of now. A pseudonym stands for any
// account id, always the same, and REDACTED for anything.
func fits(recorded, now string) int {
	if recorded == now {
		return fitsWhole
	}
	parts := strings.Split(recorded, redact.Mark)
	ids := pairs{}
	if len(parts) == 1 {
		if len(recorded) == len(now) && ids.match(recorded, now) {
			return fitsWhole
		}
		return fitsNot
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(now) < len(first)+len(last) || !ids.match(first, now[:len(first)]) {
		return fitsNot
	}
	end := len(now) - len(last)
	at := len(first)
	for _, part := range parts[1 : len(parts)-1] {
		for at+len(part) <= end && !ids.match(part, now[at:at+len(part)]) {
			at++
		}
		if at += len(part); at > end {
			return fitsNot
		}
	}
	if !ids.match(last, now[end:]) {
		return fitsNot
	}
	return fitsMarks
}

// pairs are the account ids that pseudonyms stand for, and the other way.
type pairs map[string]string

// match compares texts of equal length. What it learns stays only when they
// match.
func (p pairs) match(recorded, now string) bool {
	found := [][2]string{}
	from := 0
	for {
		i := strings.Index(recorded[from:], "000000")
		if i < 0 {
			break
		}
		i += from
		end := i + accountLen
		if isWhole(recorded, i, end) && isWhole(now, i, end) {
			found = append(found, [2]string{"recorded " + recorded[i:end], now[i:end]}, [2]string{"now " + now[i:end], recorded[i:end]})
		} else if end = i + 1; recorded[i] != now[i] {
			return false
		}
		if recorded[from:i] != now[from:i] {
			return false
		}
		from = end
	}
	return recorded[from:] == now[from:] && p.learn(found)
}

// learn takes pairs that agree among themselves and with what is known.
func (p pairs) learn(found [][2]string) bool {
	all := maps.Clone(p)
	for _, f := range found {
		if other, ok := all[f[0]]; ok && other != f[1] {
			return false
		}
		all[f[0]] = f[1]
	}
	maps.Copy(p, all)
	return true
}

// isWhole tells whether s[start:end] is a number and not part of a longer
// one.
func isWhole(s string, start, end int) bool {
	return end <= len(s) && (start == 0 || !isDigit(s[start-1])) && (end == len(s) || !isDigit(s[end])) && allDigits(s[start:end])
}

func allDigits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
