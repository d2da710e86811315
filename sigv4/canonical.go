package sigv4

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// request is a request taken apart into what its canonical form is made of.
type request struct {
	method      string
	path, query string // as they are on the wire
	host        string
	fields      []field // the headers to sign, host included
	payloadHash string
	replaces    bool // the header holds a name that signing replaces, oddly spelt
}

// field is a header to sign: one value or many.
type field struct {
	name   string // in any case
	value  string // when values is nil
	values []string
}

// takeHeader collects the headers to sign. X-Amz-Content-Sha256, when given,
// is the payload hash, as in botocore.
func (r *request) takeHeader(space []field, h http.Header) error {
	r.fields = append(space, field{name: "Host", value: r.host})
	for name, values := range h {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch canonical {
		case "Authorization", "X-Amz-Date", "X-Amz-Security-Token":
			r.replaces = r.replaces || name != canonical
			continue
		case "X-Amz-Content-Sha256":
			if len(values) > 0 {
				r.payloadHash = values[0]
			}
		}
		if len(values) == 0 || neverSigned(canonical) {
			continue
		}
		if !validName(name) {
			return fmt.Errorf("sigv4: %q is not a header name", name)
		}
		if slices.ContainsFunc(values, func(v string) bool { return !validValue(v) }) {
			return fmt.Errorf("sigv4: the value of header %s has a control character, a line break perhaps", name)
		}
		r.fields = append(r.fields, field{name: name, values: values})
	}
	return nil
}

func (r *request) check() error {
	switch {
	case r.host == "":
		return errors.New("sigv4: the request names no host")
	case !validValue(r.host):
		return fmt.Errorf("sigv4: host %q has a control character", r.host)
	case r.payloadHash == "":
		return errors.New("sigv4: no payload hash: give HashPayload of the body, EmptyPayloadHash or UnsignedPayload")
	case !validName(r.payloadHash):
		return fmt.Errorf("sigv4: %q is not a payload hash", r.payloadHash)
	case r.method != "" && !validName(r.method):
		return fmt.Errorf("sigv4: %q is not a method", r.method)
	}
	return nil
}

// deleteReplaced removes the headers that signing sets, however they are spelt.
func deleteReplaced(h http.Header) {
	for name := range h {
		switch textproto.CanonicalMIMEHeaderKey(name) {
		case "Authorization", "X-Amz-Date", "X-Amz-Security-Token":
			delete(h, name)
		}
	}
}

// neverSigned tells the headers that hops on the way may add, drop or rewrite,
// and Host, which net/http takes from elsewhere. The list is botocore's.
func neverSigned(canonical string) bool {
	switch canonical {
	case "Host", "Connection", "Expect", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "X-Amzn-Trace-Id":
		return true
	}
	return false
}

// hostOf is the Host header: the caller's own, else made from the URL.
func hostOf(req *http.Request) string {
	host := req.URL.Host
	if req.Host != "" && req.Host != host && req.Host+":" != host {
		return strings.TrimSpace(req.Host)
	}
	switch req.URL.Scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return strings.ToLower(strings.TrimSuffix(host, ":"))
}

// sentTarget is the path and query that net/http sends for u.
func sentTarget(u *url.URL) (path, query string) {
	if u.Opaque == "" {
		return u.EscapedPath(), u.RawQuery
	}
	return cutAuthority(u.Opaque), u.RawQuery
}

// receivedTarget is the path and query that arrived, before net/http or a
// handler made anything else of them.
func receivedTarget(req *http.Request) (path, query string) {
	if req.RequestURI == "" {
		return sentTarget(req.URL)
	}
	path, query, _ = strings.Cut(req.RequestURI, "?")
	if _, rest, ok := strings.Cut(path, "://"); ok && path[0] != '/' {
		path = "//" + rest
		return cutAuthority(path), query
	}
	return path, query
}

// cutAuthority removes a leading "//host".
func cutAuthority(path string) string {
	rest, ok := strings.CutPrefix(path, "//")
	if !ok {
		return path
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return "/"
}

// appendTo writes the canonical request. It sorts the fields.
func (r *request) appendTo(b []byte, keepPath bool) []byte {
	method := strings.ToUpper(r.method)
	if method == "" {
		method = "GET"
	}
	b = append(b, method...)
	b = append(b, '\n')
	b = appendURI(b, r.path, keepPath)
	b = append(b, '\n')
	b = appendQuery(b, r.query)
	b = append(b, '\n')
	slices.SortFunc(r.fields, compareFields)
	b = appendHeaders(b, r.fields)
	b = append(b, '\n')
	b = appendNames(b, r.fields)
	b = append(b, '\n')
	return append(b, r.payloadHash...)
}

// appendURI writes the canonical URI of a path as it is on the wire.
func appendURI(b []byte, path string, keep bool) []byte {
	if path == "" {
		return append(b, '/')
	}
	if keep {
		return append(b, path...)
	}
	start := len(b)
	for rest, more := path, true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		switch segment {
		case "", ".":
		case "..":
			b = b[:start+max(0, bytes.LastIndexByte(b[start:], '/'))]
		default:
			b = append(b, '/')
			b = appendEscaped(b, segment)
		}
	}
	if len(b) == start || path[len(path)-1] == '/' {
		b = append(b, '/')
	}
	return b
}

// appendQuery writes the canonical query string of a query as it is on the
// wire: the pairs keep their encoding and are sorted by name, then by value
// (sorting the joined pairs would put "a-b=1" before "a=2"). Bytes that no
// query may hold are encoded.
func appendQuery(b []byte, query string) []byte {
	if query == "" {
		return b
	}
	if strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		query = escapeIllegal(query)
	}
	var space [16][2]string
	pairs := space[:0]
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		pairs = append(pairs, [2]string{name, value})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	for i, p := range pairs {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(append(append(b, p[0]...), '='), p[1]...)
	}
	return b
}

// appendHeaders writes the canonical headers of sorted fields, a line each.
func appendHeaders(b []byte, fields []field) []byte {
	for i, f := range fields {
		if i > 0 && compareFold(fields[i-1].name, f.name) == 0 {
			b[len(b)-1] = ','
		} else {
			b = append(appendLower(b, f.name), ':')
		}
		if f.values == nil {
			b = appendTrimmed(b, f.value)
		}
		for j, v := range f.values {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendTrimmed(b, v)
		}
		b = append(b, '\n')
	}
	return b
}

// appendNames writes the signed headers of sorted fields.
func appendNames(b []byte, fields []field) []byte {
	for i, f := range fields {
		if i > 0 {
			if compareFold(fields[i-1].name, f.name) == 0 {
				continue
			}
			b = append(b, ';')
		}
		b = appendLower(b, f.name)
	}
	return b
}

// appendTrimmed writes a header value without outer white space and with one
// space for every run of it.
func appendTrimmed(b []byte, value string) []byte {
	start := len(b)
	for word := range strings.FieldsSeq(value) {
		if len(b) > start {
			b = append(b, ' ')
		}
		b = append(b, word...)
	}
	return b
}

// compareFields orders by name in lower case; names that differ in case alone
// get the order of their spelling, so that the result does not depend on the
// order of a map.
func compareFields(a, b field) int {
	if c := compareFold(a.name, b.name); c != 0 {
		return c
	}
	return strings.Compare(a.name, b.name)
}
