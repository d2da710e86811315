package sigv4

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// request is a request taken apart into what its canonical form is made of.
type request struct {
	method      string
	path, query string // as they are on the wire
	host        string
	payloadHash string
}

// field is a header to sign.
type field struct {
	name   string // in any case
	values []string
	clean  bool // the values are known to be in canonical form
}

// headerFields appends the headers that the signature covers. odd tells that h
// spells a name that signing replaces in another way than net/http does.
func headerFields(fields []field, h http.Header) (_ []field, odd bool, err error) {
	for name, values := range h {
		canonical, ok := canonicalName(name)
		if replaced(canonical) {
			odd = odd || name != canonical
			continue
		}
		if len(values) == 0 || neverSigned(canonical) {
			continue
		}
		if !ok {
			return nil, false, fmt.Errorf("sigv4: %q is not a header name", name)
		}
		f := field{name: name, values: values, clean: true}
		for _, v := range values {
			if clean(v) {
				continue
			}
			if f.clean = false; !validValue(v) {
				return nil, false, fmt.Errorf("sigv4: the value of header %s has a control character, a line break perhaps", name)
			}
		}
		fields = append(fields, f)
	}
	return fields, odd, nil
}

func (r *request) check() error {
	switch {
	case r.host == "":
		return errors.New("sigv4: the request names no host")
	case !validValue(r.host):
		return fmt.Errorf("sigv4: host %q has a control character", r.host)
	case r.payloadHash == "":
		return errors.New("sigv4: no payload hash: give HashPayload of the body, EmptyPayloadHash or UnsignedPayload")
	case r.method != "" && !validName(r.method):
		return fmt.Errorf("sigv4: %q is not a method", r.method)
	}
	return nil
}

// replaced tells the headers that signing sets.
func replaced(canonical string) bool {
	return canonical == "Authorization" || canonical == "X-Amz-Date" || canonical == "X-Amz-Security-Token"
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
	switch {
	case u.Opaque != "":
		return cutAuthority(u.Opaque), u.RawQuery
	case u.RawPath != "" && decodesTo(u.RawPath, u.Path):
		return u.RawPath, u.RawQuery // what EscapedPath gives, without its allocation
	}
	return u.EscapedPath(), u.RawQuery
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

// appendTo writes the canonical request. It sorts the fields, which are an
// argument of their own so that they can stay on the caller's stack.
func (r *request) appendTo(b []byte, fields []field, keepPath bool) []byte {
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
	slices.SortFunc(fields, compareFields)
	var space [256]byte
	names := space[:0]
	b, names = appendHeaders(b, names, fields)
	b = append(append(append(b, '\n'), names...), '\n')
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
	if !legal(query) {
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

// appendHeaders writes the canonical headers of sorted fields to b, a line
// each, and the signed headers to names.
func appendHeaders(b, names []byte, fields []field) (_, _ []byte) {
	for i, f := range fields {
		if i > 0 && compareFold(fields[i-1].name, f.name) == 0 {
			b[len(b)-1] = ','
		} else {
			if i > 0 {
				names = append(names, ';')
			}
			start := len(names)
			names = appendLower(names, f.name)
			b = append(append(b, names[start:]...), ':')
		}
		for j, v := range f.values {
			if j > 0 {
				b = append(b, ',')
			}
			if f.clean {
				b = append(b, v...)
			} else {
				b = appendTrimmed(b, v)
			}
		}
		b = append(b, '\n')
	}
	return b, names
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
