package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"
)

// door is what every request passes on its way in: is it for this host, from
// this site, with the token, for a route that exists. What is refused here
// costs nothing upstream.
type door struct {
	*listenFlags
	route  router
	log    *slog.Logger
	hosts  map[string]bool
	slots  chan struct{} // of calls to models
	origin http.CrossOriginProtection
	closed bool     // a token is needed
	sum    [32]byte // the SHA-256 of the token
}

// router finds what serves a path. A path without a route has no methods.
type router func(r *http.Request) route

// route is one of the service's.
type route struct {
	name   string                        // for the log: a path with its labels in braces
	open   bool                          // needs no token
	aws    bool                          // its refusals are read by AWS SDKs too
	method map[string]func(*visit) error // what serves each method
}

// ServeHTTP answers one request and logs it.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{ResponseWriter: w, r: r, door: d, start: time.Now()}
	v.begin()
	defer v.end()
	v.err = d.admit(v)
}

func (d *door) admit(v *visit) (err error) {
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("panic", "reason", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	v.route = d.route(v.r)
	serve, known := v.route.method[v.r.Method]
	switch {
	case !d.knowsHost(v.r):
		return &refusal{status: http.StatusForbidden, code: "forbidden_host", message: fmt.Sprintf("this service does not answer for the host %q (--allow-host adds one)", clip(v.r.Host))}
	case d.closed && !v.route.open && !d.knows(v.r.Header):
		return &refusal{status: http.StatusUnauthorized, code: "unauthorized", message: "the service's token is needed: Authorization: Bearer TOKEN"}
	case !v.route.open && d.crossOrigin(v.r):
		return &refusal{status: http.StatusForbidden, code: "cross_origin", message: "a page of another site may not use this service"}
	case v.route.method == nil:
		return &refusal{status: http.StatusNotFound, code: "not_found", message: "there is nothing at this path"}
	case !known:
		return &refusal{status: http.StatusMethodNotAllowed, code: "method_not_allowed", message: "this path takes " + v.route.methods(), allow: v.route.methods()}
	}
	return serve(v)
}

// knowsHost guards against DNS rebinding: a page from elsewhere whose name was
// made to point here sends its own name in Host.
func (d *door) knowsHost(r *http.Request) bool {
	name := hostname(r.Host)
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || d.hosts[name] {
		return true
	}
	ip, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	ip = ip.Unmap()
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ip.IsLoopback() || local != nil && local.AddrPort().Addr().Unmap() == ip
}

// hostname is the name in a Host header or an address: no port, no brackets,
// lower case, no final dot.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// knows compares the token, as Bearer or as the x-api-key of Anthropic's SDKs.
func (d *door) knows(h http.Header) bool {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = h.Get("X-Api-Key")
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return subtle.ConstantTimeCompare(sum[:], d.sum[:]) == 1
}

// crossOrigin tells requests that another site's page makes, reading ones too.
func (d *door) crossOrigin(r *http.Request) bool {
	asWriting := *r
	asWriting.Method = http.MethodPost
	return d.origin.Check(&asWriting) != nil
}

func (r route) methods() string {
	var names []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
		if r.method[m] != nil {
			names = append(names, m)
		}
	}
	return strings.Join(names, ", ")
}

// enter takes a place among the calls to models, if there is one.
func (d *door) enter() (leave func(), err error) {
	select {
	case d.slots <- struct{}{}:
		return func() { <-d.slots }, nil
	default:
		return nil, &refusal{status: http.StatusServiceUnavailable, code: "busy", message: "the service is at its limit of calls at once", retryAfter: time.Second}
	}
}

// clip shortens what a client sent before it is quoted.
func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

var errClientLeft = errors.New("the client left")
