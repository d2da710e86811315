package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	"rawbedrock/client"
)

// reached is what became of one request without credentials to the endpoint:
// every step on the way there, and the Date of the answer.
type reached struct {
	endpoint string // base URL
	source   string
	host     string // that is connected to: the endpoint's or the proxy's, without port
	proxy    *url.URL
	err      error // why there is no answer
	refused  string
	tunnel   bool // the proxy opened a way through
	status   int
	header   http.Header
	took     time.Duration
	skew     time.Duration // the endpoint's clock minus ours
	dated    bool          // skew is known

	mu        sync.Mutex
	addresses []string
	connected string // address
	tls       *tls.ConnectionState
}

// reachTime bounds the request.
const reachTime = 20 * time.Second

// reach asks the endpoint.
func (w *reached) reach(ctx context.Context, transport *http.Transport, connect time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	req, err := http.NewRequest(http.MethodGet, w.endpoint+"/", nil)
	if err != nil {
		w.err = err
		return
	}
	req.Header.Set("User-Agent", "rawbedrock/"+client.Version)
	w.host = req.URL.Hostname()
	if transport.Proxy != nil {
		if w.proxy, w.err = transport.Proxy(req); w.proxy != nil {
			w.host = w.proxy.Hostname()
		}
	}
	if connect > 0 {
		transport.DialContext = (&net.Dialer{Timeout: connect}).DialContext
	}
	transport.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
		if w.tunnel = resp.StatusCode == http.StatusOK; !w.tunnel {
			w.refused = resp.Status
		}
		return nil
	}
	defer transport.CloseIdleConnections()
	start := time.Now()
	resp, err := transport.RoundTrip(req.WithContext(httptrace.WithClientTrace(ctx, w.trace())))
	w.took = time.Since(start)
	if w.err = err; err != nil {
		return
	}
	defer resp.Body.Close()
	io.CopyN(io.Discard, resp.Body, 64<<10)
	w.status, w.header = resp.StatusCode, resp.Header
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil && resp.Header.Get("Age") == "" {
		w.skew, w.dated = date.Sub(start.Add(w.took/2)), true
	}
}

func (w *reached) trace() *httptrace.ClientTrace {
	locked := func(f func()) {
		w.mu.Lock()
		defer w.mu.Unlock()
		f()
	}
	return &httptrace.ClientTrace{
		DNSDone: func(i httptrace.DNSDoneInfo) {
			locked(func() {
				for _, a := range i.Addrs {
					w.addresses = append(w.addresses, a.String())
				}
			})
		},
		GotConn: func(i httptrace.GotConnInfo) { locked(func() { w.connected = i.Conn.RemoteAddr().String() }) },
		ConnectDone: func(_, address string, err error) {
			if err == nil {
				locked(func() { w.connected = address })
			}
		},
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			locked(func() {
				if w.tls = &s; err != nil { // behind a proxy that speaks TLS this is the second one
					w.tls = nil
				}
			})
		},
	}
}

func (w *reached) dns() (state, message, remedy string) {
	what := w.host
	if w.proxy != nil {
		what = "the proxy " + w.host
	}
	dns, failed := errors.AsType[*net.DNSError](w.err)
	switch {
	case net.ParseIP(w.host) != nil:
		return checkOK, what + " is an address", ""
	case failed:
		remedy = "Check the spelling of the region and of the endpoint, and this machine's DNS; in a VPC, the private DNS of the endpoint."
		if w.proxy != nil {
			remedy = "Check the name in " + w.proxyVariable() + ", and this machine's DNS."
		}
		return checkFail, what + " cannot be resolved: " + dns.Err, remedy
	case len(w.addresses) > 0:
		return checkOK, what + ": " + strings.Join(w.addresses[:min(3, len(w.addresses))], ", "), ""
	}
	return checkSkip, what + " was not looked up", ""
}

func (w *reached) tcp() (state, message, remedy string) {
	if w.connected != "" {
		return checkOK, "connected to " + w.connected, ""
	}
	if _, unresolved := errors.AsType[*net.DNSError](w.err); unresolved || w.err == nil {
		return checkSkip, "there was nothing to connect to", ""
	}
	remedy = "Check host and port, and whether a firewall, a security group or a missing proxy setting (HTTPS_PROXY) keeps the connection from coming about."
	if w.proxy != nil {
		remedy = "Check that the proxy in " + w.proxyVariable() + " runs and can be reached from here."
		return checkFail, "no connection to " + w.proxy.Host + ", the proxy: " + w.why(), remedy
	}
	return checkFail, "no connection to " + w.host + ": " + w.why(), remedy
}

// why is what kept the answer away.
func (w *reached) why() string {
	if errors.Is(w.err, context.DeadlineExceeded) {
		return fmt.Sprintf("timeout: nothing came within %v", reachTime)
	}
	if op, ok := errors.AsType[*net.OpError](w.err); ok {
		return op.Err.Error()
	}
	return w.err.Error()
}

// proxyVariable is the one that names the proxy.
func (w *reached) proxyVariable() string {
	if strings.HasPrefix(w.endpoint, "http://") {
		return "HTTP_PROXY"
	}
	return "HTTPS_PROXY"
}

// proxyBroke tells that the proxy was reached, and gave no answer of a proxy.
func (w *reached) proxyBroke() bool {
	if w.proxy == nil || w.err == nil || w.connected == "" || w.refused != "" || w.tunnel {
		return false
	}
	op, _ := errors.AsType[*net.OpError](w.err)
	switch w.proxy.Scheme {
	case "https":
		return w.tls != nil
	case "socks5", "socks5h":
		return op != nil && strings.Contains(op.Op, "socks")
	}
	return true
}

func (w *reached) checkTLS() (state, message, remedy string) {
	var (
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
	)
	switch {
	case strings.HasPrefix(w.endpoint, "http://"):
		return checkSkip, "the endpoint is plain http", ""
	case w.tls != nil:
		c := w.tls.PeerCertificates[0]
		return checkOK, fmt.Sprintf("%s, certificate by %s, good until %s", tls.VersionName(w.tls.Version), c.Issuer, c.NotAfter.Format(time.DateOnly)), ""
	case w.connected == "" || w.refused != "" || w.proxyBroke():
		return checkSkip, "no connection came so far", ""
	case errors.As(w.err, &unknown):
		return checkFail, "the certificate is not trusted: it was issued by " + issuer(w.err), "Where a proxy or firewall inspects TLS, name the file of its CA in AWS_CA_BUNDLE or ca_bundle; for a local Bedrock, its certificate's."
	case errors.As(w.err, &invalid) && invalid.Reason == x509.Expired:
		return checkFail, "the certificate has expired or is not good yet: " + invalid.Detail, "Set this machine's clock; if it is right, whoever runs the endpoint must renew the certificate."
	case errors.As(w.err, &name):
		return checkFail, "the certificate is for another name than " + w.host, "Call the endpoint by a name that its certificate has."
	case errors.As(w.err, &verify):
		return checkFail, "the certificate is not accepted: " + verify.Err.Error(), "Name the file of its CA in AWS_CA_BUNDLE or ca_bundle."
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](w.err); ok || strings.Contains(w.err.Error(), "HTTP response to HTTPS client") {
		if w.proxy != nil {
			return checkFail, "what answers through the proxy " + w.proxy.Host + " does not speak TLS", "The proxy answers in the endpoint's place, perhaps with a login page: open one in a browser, or list the host in NO_PROXY where it can be reached without."
		}
		return checkFail, "the endpoint does not speak TLS", "Look whether it is http:// that is meant."
	}
	return checkFail, "no TLS connection: " + w.why(), "Look for a firewall or proxy that breaks off TLS connections."
}

// issuer names who made a certificate that is not trusted.
func issuer(err error) string {
	if v, ok := errors.AsType[*tls.CertificateVerificationError](err); ok && len(v.UnverifiedCertificates) > 0 {
		return v.UnverifiedCertificates[0].Issuer.String()
	}
	return "an unknown authority"
}
