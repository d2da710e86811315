package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	retryablehttp "github.com/hashicorp/go-retryablehttp"

	"rawbedrock/client/operation"
	"rawbedrock/sigv4"
)

// noHeader is what http.Client, which copies headers, gets to copy. It is never
// written: attempts put the call's own header in its place.
var noHeader = http.Header{}

// request builds the HTTP request: everything but authentication.
func (k *call) request(r Request) (*retryablehttp.Request, error) {
	c := k.client
	at, ok := c.hosts[r.Op.Host]
	if !ok {
		return nil, fmt.Errorf("%w: operation %s has host %q, which is none of those in package operation", ErrValidation, r.Op.Name, r.Op.Host)
	}
	if at.err != nil {
		return nil, at.err
	}
	k.endpoint = at.origin
	k.signing = c.signingFor(r.Op.Host)
	path, err := r.Op.Expand(r.Labels...)
	if err != nil {
		return nil, errors.Join(ErrValidation, err)
	}
	u := &url.URL{Scheme: at.url.Scheme, Host: at.url.Host, RawPath: at.url.EscapedPath() + path, RawQuery: r.Query.Encode()}
	if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
		return nil, err
	}
	req := &http.Request{
		Method: r.Op.Method, URL: u, Host: k.signing.Host, Header: noHeader,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	k.header = k.headerOf(r)
	k.payloadHash = sigv4.EmptyPayloadHash
	rr := &retryablehttp.Request{Request: req.WithContext(k)}
	if len(r.Body) > 0 {
		k.payloadHash = sigv4.HashPayload(r.Body)
		if err := rr.SetBody(r.Body); err != nil {
			return nil, err
		}
	}
	return rr, nil
}

func (k *call) headerOf(r Request) http.Header {
	h := make(http.Header, len(r.Header)+8) // with room for what a signature adds
	for name, values := range r.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	values := make([]string, 0, 4) // one for all, each header with its own part
	set := func(name, value string) {
		if _, ok := h[name]; !ok {
			values = append(values, value)
			h[name] = values[len(values)-1 : len(values) : len(values)]
		}
	}
	set("User-Agent", userAgent)
	if len(r.Body) > 0 {
		set("Content-Type", "application/json")
	}
	switch {
	case !k.stream:
		set("Accept", "application/json")
	case k.op.Streaming == operation.EventStream:
		set("Accept", "application/vnd.amazon.eventstream")
	default:
		set("Accept", "text/event-stream")
	}
	if anthropic(k.op) {
		set("Anthropic-Version", "2023-06-01")
	}
	return h
}

// anthropic tells the operations that speak Anthropic's API, headers included.
func anthropic(op operation.Operation) bool { return strings.HasPrefix(op.Path, "/anthropic/") }
