package main

import (
	"cmp"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

// passThrough hands requests on to Bedrock with this process's authentication,
// whatever authentication they came with, and hands the answers back byte by
// byte as they come.
type passThrough struct{ *client.Client }

// maxForward is a little more than the 25,000,000 bytes that Bedrock takes, so
// that the refusal is Bedrock's own.
const maxForward = 26 << 20

// route finds the operations of the table that a path serves, by method, as
// far as they are wanted.
func (p passThrough) route(path string, wanted func(operation.Operation) bool) route {
	found := route{aws: true}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		if op, labels, ok := operation.Match(method, path); ok && wanted(op) {
			if found.method == nil {
				found.name, found.method = op.Path, map[string]func(*visit) error{}
			}
			found.method[method] = func(v *visit) error { return p.serve(v, op, labels) }
		}
	}
	return found
}

// serve hands one request on.
func (p passThrough) serve(v *visit, op operation.Operation, labels []string) error {
	body, err := v.body(maxForward)
	if err != nil {
		return err
	}
	leave, err := v.door.enter()
	if err != nil {
		return err
	}
	defer leave()
	if v.model = (client.Event{Payload: body}).Get("model").String(); strings.Contains(op.Path, "{modelId}") {
		v.model = labels[0]
	}
	v.model, v.asked = clip(v.model), []string{string(body)}
	resp, err := p.Forward(v.r.Context(), client.Request{
		Op: op, Labels: labels, Query: upstreamQuery(v.r.URL.Query()), Header: upstreamHeader(v.r.Header), Body: body,
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	v.requestID = cmp.Or(resp.Header.Get("X-Amzn-Requestid"), resp.Header.Get("X-Request-Id"))
	for name, values := range withoutHops(resp.Header) {
		v.Header()[name] = values
	}
	v.WriteHeader(resp.StatusCode)
	return v.copy(resp.Body)
}

// copy sends what is read at once, and the head before it.
func (v *visit) copy(from io.Reader) error {
	buf := make([]byte, 16<<10)
	for n := 0; ; {
		if err := v.send(buf[:n]); err != nil {
			return err
		}
		var err error
		if n, err = from.Read(buf); err != nil && n == 0 {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

// hops are the headers that are about one connection (RFC 9110, 7.6.1).
var hops = []string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// withoutHops is a copy of a header without what is about one connection, by
// its name or because Connection names it.
func withoutHops(h http.Header) http.Header {
	out := h.Clone()
	for _, list := range h["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			out.Del(textproto.TrimString(name))
		}
	}
	for _, name := range hops {
		out.Del(name)
	}
	return out
}

// notSentOn are what a client proves itself with, what signatures are made of,
// and what is about the way that the request came on. Of an answer nothing may
// be compressed: frames would wait for each other.
var notSentOn = []string{
	"Authorization", "X-Api-Key", "Cookie", "Date", "Host", "Content-Length", "Expect", "Accept-Encoding",
	"Origin", "Referer", "Forwarded", "Via", "X-Real-Ip",
}

var notSentOnPrefixes = []string{"X-Amz-", "X-Forwarded-", "Sec-", "Proxy-"}

// upstreamHeader is what of a client's header goes on to Bedrock.
func upstreamHeader(h http.Header) http.Header {
	out := withoutHops(h)
	for name := range out {
		if slices.Contains(notSentOn, name) || slices.ContainsFunc(notSentOnPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			out.Del(name)
		}
	}
	return out
}

// upstreamQuery is a query without a presigned request's signature.
func upstreamQuery(q url.Values) url.Values {
	for name := range q {
		if strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			q.Del(name)
		}
	}
	return q
}
