package main

import (
	"errors"
	"flag"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// requestFlags describe an HTTP request of any kind.
type requestFlags struct {
	method, url, body string
	headers           listFlag
	raw               bool // keep the white space of header values
}

func (f *requestFlags) register(fs *flag.FlagSet) {
	fs.StringVar(&f.method, "method", "", "HTTP `method`; else GET, or POST with --body")
	fs.StringVar(&f.url, "url", "", "the whole `URL`, its path percent-encoded as it is sent")
	fs.Var(&f.headers, "H", "a header, `'Name: value'`; may be repeated")
	fs.StringVar(&f.body, "body", "", "the body: `text`, @FILE or - for stdin")
}

// request makes the request that the flags describe, without its body. The
// URL is not quoted in errors: it may hold a password.
func (f *requestFlags) request() (*http.Request, error) {
	u, err := url.Parse(f.url)
	switch {
	case f.url == "":
		return nil, usagef("no --url")
	case err != nil:
		return nil, usagef("--url: %w", errors.Unwrap(err))
	case u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, usagef("--url: want a whole URL: https://HOST/PATH")
	}
	u.Fragment, u.RawFragment = "", "" // never sent
	u.Opaque = "//" + u.Host + givenPath(f.url)
	method := f.method
	if method == "" {
		method = "GET"
		if f.body != "" {
			method = "POST"
		}
	}
	req := &http.Request{Method: method, URL: u, Host: u.Host, Header: http.Header{}}
	for i, line := range f.headers {
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		switch {
		case !ok || name == "":
			return nil, usagef("header %d: want -H 'Name: value'", i+1)
		case !utf8.ValidString(value):
			return nil, usagef("header %d: the value is not UTF-8", i+1)
		case strings.EqualFold(name, "Host"):
			req.Host, u.Host = strings.TrimSpace(value), "" // nothing to take it for the URL's own
		default:
			if f.raw {
				value = strings.TrimPrefix(value, " ")
			} else {
				value = strings.TrimSpace(value)
			}
			req.Header.Add(name, value)
		}
	}
	return req, nil
}

// givenPath is the path of a whole URL in the very spelling that was given.
// Where that has a character that should be encoded, net/url would write all of
// it anew, "%3A" and "%2F" too.
func givenPath(whole string) string {
	_, rest, _ := strings.Cut(whole, "://")
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	if start := strings.IndexByte(rest, '/'); start >= 0 {
		return rest[start:]
	}
	return ""
}
