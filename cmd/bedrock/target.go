package main

import (
	"net/url"
	"regexp"
	"strings"

	"rawbedrock/client/cassette"
	"rawbedrock/client/operation"
)

// matchURL finds the operation of a recorded request.
func matchURL(r cassette.Request) (op operation.Operation, labels []string, ok bool) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return op, nil, false
	}
	op, labels, _, ok = matchPath(r.Method, u.EscapedPath())
	return op, labels, ok
}

// matchPath finds the operation that a path ends in. A base URL may have put a
// prefix before it.
func matchPath(method, path string) (op operation.Operation, labels []string, prefix string, ok bool) {
	for rest := path; rest != ""; {
		if op, labels, ok = operation.Match(method, rest); ok {
			return op, labels, strings.TrimSuffix(path, rest), true
		}
		i := strings.IndexByte(rest[1:], '/') + 1
		if i == 0 {
			break
		}
		rest = rest[i:]
	}
	return op, nil, "", false
}

var hostRegion = regexp.MustCompile(`(?:^|\.)bedrock[a-z-]*\.([a-z0-9-]+)\.(?:vpce\.)?(?:amazonaws\.|api\.)`)

// regionOf is the region in the name of an endpoint of AWS's own, "" of any
// other host.
func regionOf(u *url.URL) string {
	if m := hostRegion.FindStringSubmatch(u.Hostname()); m != nil {
		return m[1]
	}
	return ""
}
