package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// headerMistakes leave out, add or change one header, or all in one way.
func (x *examination) headerMistakes(f form, yield func(form) bool) bool {
	for i, h := range f.headers {
		without := f
		without.headers = slices.Delete(slices.Clone(f.headers), i, i+1)
		unlisted := without
		unlisted.signed = joinNames(without.headers)
		if !yield(without) || !yield(unlisted) {
			return false
		}
		for _, value := range x.values(h) {
			g := f
			g.headers = slices.Clone(f.headers)
			if g.headers[i].value = value; !yield(g) {
				return false
			}
		}
		twice := f
		twice.headers = slices.Insert(slices.Clone(f.headers), i, h)
		listed := twice
		listed.signed = joinNames(twice.headers)
		if !yield(twice) || !yield(listed) {
			return false
		}
	}
	return x.addedHeaders(f, yield) && x.reordered(f, yield)
}

func joinNames(headers []line) string {
	var names []string
	for _, h := range headers {
		names = append(names, h.name)
	}
	return strings.Join(names, ";")
}

// addedHeaders sign headers that the request does not list as signed.
func (x *examination) addedHeaders(f form, yield func(form) bool) bool {
	added := []line{
		{"x-amz-content-sha256", f.payload}, {"x-amz-content-sha256", UnsignedPayload}, {"content-type", "application/json"},
		{"content-length", strconv.Itoa(len(x.Body))}, {"x-amz-date", x.claim.date}, {"x-amz-security-token", x.Credentials.SessionToken},
		{"accept", "application/json"}, {"accept", "*/*"}, {"connection", "keep-alive"}, {"date", x.claim.date}, {"accept-encoding", "identity"}, {"accept-encoding", "gzip, deflate"},
	}
	if x.Request != nil {
		for name, values := range x.Request.Header {
			added = append(added, line{strings.ToLower(name), trim(strings.Join(values, ","))})
		}
	}
	for _, h := range added {
		if f.index(h.name) >= 0 {
			continue
		}
		g := f
		g.headers = append(slices.Clone(f.headers), h)
		slices.SortStableFunc(g.headers, compareNames)
		listed := g
		listed.signed = joinNames(g.headers)
		if !yield(g) || !yield(listed) {
			return false
		}
	}
	return true
}

// reordered has the headers in the order of the request's list, of their values
// or backwards, and untrimmed all together.
func (x *examination) reordered(f form, yield func(form) bool) bool {
	reverse, given, untrimmed := f, f, f
	reverse.headers = backwards(f.headers)
	position := func(h line) int { return slices.Index(x.claim.signedHeaders, h.name) }
	given.headers = slices.SortedStableFunc(slices.Values(f.headers), func(a, b line) int { return position(a) - position(b) })
	untrimmed.headers = slices.Clone(f.headers)
	for i, h := range untrimmed.headers {
		if raw, ok := x.raw(h.name); ok {
			untrimmed.headers[i].value = raw
		}
	}
	last := f
	last.headers = slices.Clone(f.headers)
	if i := f.index("host"); i >= 0 { // host first, as it is on the wire
		last.headers = slices.Insert(slices.Delete(last.headers, i, i+1), 0, f.headers[i])
	}
	if !yield(reverse) || !yield(given) || !yield(untrimmed) || !yield(last) {
		return false
	}
	for i, h := range f.headers { // one in another place
		rest := slices.Delete(slices.Clone(f.headers), i, i+1)
		for at := range f.headers {
			g := f
			if g.headers = slices.Insert(slices.Clone(rest), at, h); !yield(g) {
				return false
			}
		}
	}
	return true
}

// raw is a header of the request as it was given.
func (x *examination) raw(name string) (string, bool) {
	if x.Request == nil {
		return "", false
	}
	values := x.Request.Header.Values(name)
	return strings.Join(values, ","), len(values) > 0
}

// listMistakes spell the list of signed headers differently.
func (x *examination) listMistakes(f form, yield func(form) bool) bool {
	names := strings.Split(f.signed, ";")
	cased := make([]string, len(names))
	for i, n := range names {
		cased[i] = http.CanonicalHeaderKey(n)
	}
	for _, list := range []string{
		strings.Join(x.claim.signedHeaders, ";"), strings.Join(cased, ";"), strings.Join(backwards(names), ";"),
		strings.Join(names, ","), strings.Join(names, "; "), strings.Join(names, ", "), f.signed + ";", "host", "host;x-amz-date", joinNames(f.headers), "",
	} {
		g := f
		if g.signed = list; !yield(g) {
			return false
		}
	}
	for i := range names {
		g := f
		if g.signed = strings.Join(slices.Delete(slices.Clone(names), i, i+1), ";"); !yield(g) {
			return false
		}
	}
	return true
}

// values are wrong values of a header.
func (x *examination) values(h line) []string {
	v := h.value
	all := []string{
		"", latin1(v), fromLatin1(v), v + " ", " " + v, " " + v + " ", "  " + v, v + "  ", v + "\t", v + "\r", v + "\n", v + "\r\n", strings.ToLower(v), strings.ToUpper(v), `"` + v + `"`, strings.Trim(v, `"`),
		strings.ReplaceAll(v, ",", ", "), strings.ReplaceAll(v, ", ", ","), strings.ReplaceAll(v, " ", ""), strings.ReplaceAll(v, " ", "  "),
		strings.ReplaceAll(v, "; ", ";"), strings.ReplaceAll(v, ";", "; "), url.QueryEscape(v), url.PathEscape(v), unescape(v),
	}
	if parts := strings.Split(v, ","); len(parts) > 1 {
		all = append(all, parts[0], parts[len(parts)-1], strings.Join(backwards(parts), ","), strings.Join(parts[:len(parts)-1], ","))
	}
	if raw, ok := x.raw(h.name); ok {
		all = append(all, raw, trim(raw), strings.TrimSpace(raw))
		for _, one := range x.Request.Header.Values(h.name) {
			all = append(all, one, trim(one))
		}
	}
	return append(all, x.valuesOf(h)...)
}

// valuesOf are wrong values of a header by its name.
func (x *examination) valuesOf(h line) []string {
	switch h.name {
	case "host":
		return x.hosts(h.value)
	case "content-type":
		return []string{"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8", "application/json; charset=UTF-8", "application/json;charset=UTF-8",
			"application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8", "application/octet-stream", "text/plain", "text/plain;charset=UTF-8", "*/*"}
	case "accept":
		return []string{"application/json", "*/*", "application/vnd.amazon.eventstream", "text/event-stream", "application/json, text/plain, */*"}
	case "accept-encoding":
		return []string{"gzip", "identity", "gzip, deflate", "gzip, deflate, br", "gzip, deflate, br, zstd"}
	case "connection":
		return []string{"keep-alive", "close", "Keep-Alive"}
	case "content-length":
		lengths := []string{"0", strconv.Itoa(len(x.Body)), strconv.Itoa(utf8.RuneCount(x.Body))}
		for _, v := range x.variants() {
			lengths = append(lengths, strconv.Itoa(v.size))
		}
		return lengths
	case "x-amz-content-sha256":
		return []string{UnsignedPayload, EmptyPayloadHash, x.PayloadHash}
	case "x-amz-security-token":
		return []string{x.Credentials.SessionToken}
	case "x-amz-date":
		if x.hasty {
			return nil
		}
		var dates []string
		for _, a := range x.dateMistakes(attempt{}) {
			dates = append(dates, a.date)
		}
		return dates
	}
	return nil
}

// hosts are wrong values of Host.
func (x *examination) hosts(host string) []string {
	names := []string{host}
	if x.Request != nil && x.Request.URL != nil {
		names = append(names, x.Request.Host, x.Request.URL.Host)
		if rest, ok := strings.CutPrefix(x.Request.URL.Opaque, "//"); ok { // of a URL whose Host was replaced
			name, _, _ := strings.Cut(rest, "/")
			names = append(names, name)
		}
	}
	names = append(append(names, x.Hosts...), "localhost", "127.0.0.1")
	if !x.hasty {
		for _, service := range append([]string{x.claim.service, x.Service}, x.Services...) {
			for _, region := range append([]string{x.claim.region, x.Region}, x.Regions...) {
				names = append(names, service+"."+region+".amazonaws.com", service+"-fips."+region+".amazonaws.com", service+"."+region+".api.aws", service+"-fips."+region+".api.aws")
			}
			names = append(names, service+".amazonaws.com")
		}
	}
	var all []string
	_, port, _ := strings.Cut(host, ":")
	for _, name := range names {
		bare, own, _ := strings.Cut(name, ":")
		for _, p := range []string{"", ":443", ":80", ":8080", ":" + port, ":" + own} {
			all = append(all, bare+strings.TrimSuffix(p, ":"))
		}
		all = append(all, name+".", strings.ToUpper(bare), "https://"+name, "http://"+name)
	}
	return all
}
