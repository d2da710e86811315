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
	"regexp"
	"strings"
	"sync"
	"time"

	"rawbedrock/client"
	"rawbedrock/client/operation"
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

// network checks clock, region, DNS, TCP, TLS, proxy and CA, and endpoint.
func (x *examination) network(ctx context.Context) {
	w := &x.wire
	var settings error // of transport and endpoint
	if x.config != nil {
		at, err := x.config.Endpoint(string(operation.Runtime))
		if x.noRegion() { // which is the check of the region's to tell
			err = nil
		}
		if w.endpoint, w.source = strings.TrimSuffix(at.Value, "/"), at.Source; w.source == "code" {
			w.source = "--endpoint-url"
		}
		transport, transportErr := x.config.Transport()
		if settings = errors.Join(err, transportErr); settings == nil && w.endpoint != "" {
			w.reach(ctx, transport, x.flags.timeouts.Connect)
		}
	}
	asked := w.status != 0 || w.err != nil
	x.clock()
	x.checkRegion(settings)
	nobody := "there is no endpoint to ask"
	if settings != nil {
		nobody = "not asked, since a setting is wrong"
	}
	for _, c := range []struct {
		name string
		look func() (state, message, remedy string)
	}{{"DNS", w.dns}, {"TCP", w.tcp}, {"TLS", w.checkTLS}} {
		if asked {
			state, message, remedy := c.look()
			x.add(c.name, state, message, remedy)
		} else {
			x.add(c.name, checkSkip, nobody, "")
		}
	}
	x.proxyAndCA(settings)
	x.endpoint(settings, asked)
}

// noRegion tells that calls have nowhere to go.
func (x *examination) noRegion() bool { return errors.Is(x.openErr, client.ErrNoRegion) }

// maxSkew is what AWS lets a signature's date differ from its own clock.
const maxSkew = 5 * time.Minute

func (x *examination) clock() {
	d, side := x.wire.skew.Round(time.Second), "behind"
	if d < 0 {
		side = "ahead of"
	}
	text := fmt.Sprintf("this machine's clock is %v %s the endpoint's", d.Abs(), side)
	const remedy = "Set this machine's clock, or let NTP do it: AWS refuses signatures that are five minutes off."
	switch {
	case !x.wire.dated:
		x.add("clock", checkSkip, "no answer with a date came", "")
	case d.Abs() <= 2*time.Second: // a Date has whole seconds
		x.add("clock", checkOK, "as the endpoint's, to the second", "")
	case d.Abs() < time.Minute:
		x.add("clock", checkOK, text, "")
	case d.Abs() < maxSkew, x.bearer(), x.flags.auth == "none": // no signature is dated
		x.add("clock", checkWarn, text, remedy)
	default:
		x.add("clock", checkFail, text, remedy)
	}
}

// hostRegion is the region in the name of an endpoint of AWS's own.
var hostRegion = regexp.MustCompile(`(?:^|\.)bedrock[a-z-]*\.([a-z0-9-]+)\.(?:vpce\.)?(?:amazonaws\.|api\.)`)

// regionForm is what AWS's regions look like.
var regionForm = regexp.MustCompile(`^(fips-)?[a-z]+(-[a-z]+)+-\d+(-fips)?$`)

// badRegion tells that a setting is wrong because the region is no name.
func badRegion(settings error) bool {
	return settings != nil && strings.HasPrefix(plain(settings), "region ")
}

func (x *examination) checkRegion(settings error) {
	if x.config == nil && x.session == nil {
		x.add("region", checkSkip, "the files that may name it could not be read", "")
		return
	}
	region := x.region()
	source := ""
	if x.config != nil && !x.flags.mock {
		source = " (" + x.auth.source(x.config.Region.Source, "--region") + ")"
	}
	host := ""
	if u, err := url.Parse(x.wire.endpoint); err == nil {
		host = u.Hostname()
	}
	switch m := hostRegion.FindStringSubmatch(host); {
	case region == "" && x.openErr == nil:
		x.add("region", checkSkip, "none is set, and calls without a signature need none", "")
	case region == "":
		x.add("region", checkFail, "no region is set", "Set AWS_REGION, or region in the profile, or give --region.")
	case badRegion(settings):
		x.add("region", checkFail, plain(settings), "Write the region as AWS does, such as us-east-1, without quotation marks and spaces.")
	case m != nil && m[1] != region:
		x.add("region", checkFail, fmt.Sprintf("%s%s, but the endpoint %s is in %s", region, source, host, m[1]), "Let region and endpoint name the same region: a signature is good in one only.")
	case !regionForm.MatchString(region) && strings.HasPrefix(x.wire.source, "rules for "):
		x.add("region", checkWarn, region+source+" is not of the form that AWS's regions have", "Look at its spelling: us-east-1, not "+region+".")
	default:
		x.add("region", checkOK, region+source, "")
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

// proxyAndCA tells which proxy and which authorities are used, and why.
func (x *examination) proxyAndCA(settings error) {
	w := &x.wire
	if settings != nil {
		text := plain(settings)
		if strings.Contains(text, "CA bundle") || strings.Contains(text, "PROXY") || strings.Contains(text, "proxy:") {
			x.add("proxy and CA", checkFail, text, "Correct the value, or unset it.")
			return
		}
	}
	if x.config == nil || w.endpoint == "" {
		x.add("proxy and CA", checkSkip, "there is no endpoint to look them up for", "")
		return
	}
	via, trust := "no proxy", "the system's CAs"
	if w.proxy != nil {
		via = "by the proxy " + w.proxy.Host
	}
	if bundle := x.config.Setting("AWS_CA_BUNDLE", "ca_bundle"); bundle.Value != "" {
		trust = "the CAs of " + bundle.Value + " (" + bundle.Source + ")"
	}
	refused := w.refused
	if w.proxy != nil && w.status == http.StatusProxyAuthRequired {
		refused = "407 Proxy Authentication Required"
	}
	switch {
	case strings.HasPrefix(refused, "407"):
		remedy := "Put it into " + w.proxyVariable() + ": " + w.proxy.Scheme + "://user:password@" + w.proxy.Host + "."
		if w.proxy.User != nil {
			remedy += " The one that is there is not accepted: check it, and write special characters in percent-encoding."
		}
		x.add("proxy and CA", checkFail, "the proxy "+w.proxy.Host+" wants a login: "+refused, remedy)
	case refused != "":
		x.add("proxy and CA", checkFail, "the proxy "+w.proxy.Host+" does not let calls through: "+refused, "Ask who runs the proxy to allow the endpoint's host, or list it in NO_PROXY where it can be reached without.")
	case w.proxyBroke():
		x.add("proxy and CA", checkFail, "the proxy "+w.proxy.Host+" does not answer as a proxy does: "+w.why(), "Check that it is a proxy that listens there, of the kind that "+w.proxyVariable()+" says ("+w.proxy.Scheme+").")
	default:
		x.add("proxy and CA", checkOK, via+", "+trust, "")
	}
}

func (x *examination) endpoint(settings error, asked bool) {
	w := &x.wire
	where := w.endpoint + " (" + w.source + ")"
	switch {
	case x.flags.mock:
		where = w.endpoint + " (the local Bedrock of --mock)"
	case settings != nil && x.lastState() != checkFail && !badRegion(settings):
		x.add("endpoint", checkFail, plain(settings), "Correct the setting, or unset it.")
		return
	}
	broken := x.openErr != nil && !x.noRegion() && !errors.Is(x.openErr, client.ErrNoCredentials) && settings == nil && x.config != nil
	switch {
	case broken:
		x.add("endpoint", checkFail, strings.TrimPrefix(x.openErr.Error(), "bedrock: "), "Correct the setting, or unset it.")
	case !asked:
		x.add("endpoint", checkSkip, "there is none to ask", "")
	case w.err != nil && x.reachFailed():
		x.add("endpoint", checkSkip, where+" was not reached", "")
	case w.err != nil:
		x.add("endpoint", checkFail, where+" gave no answer: "+w.why(), "Look for proxies and firewalls on the way, and whether it is Bedrock that listens there.")
	case w.status == http.StatusBadGateway || w.status == http.StatusServiceUnavailable || w.status == http.StatusGatewayTimeout:
		x.add("endpoint", checkWarn, fmt.Sprintf("%s answers %d in %s", where, w.status, took(w.took)), "A gateway before it may not reach it.")
	case !likeBedrock(w.header):
		x.add("endpoint", checkWarn, fmt.Sprintf("%s answers %d in %s, and not as Bedrock does", where, w.status, took(w.took)), "Look whether it is Bedrock's address, or that of a gateway to it.")
	default:
		x.add("endpoint", checkOK, fmt.Sprintf("%s answers in %s", where, took(w.took)), "")
	}
}

func (x *examination) lastState() string { return x.checks[len(x.checks)-1].State }

// reachFailed tells that a step before the answer is known to have failed.
func (x *examination) reachFailed() bool {
	for _, c := range x.checks {
		switch c.Name {
		case "DNS", "TCP", "TLS", "proxy and CA":
			if c.State == checkFail {
				return true
			}
		}
	}
	return false
}

// likeBedrock tells whether an answer has what AWS's services put into theirs.
func likeBedrock(h http.Header) bool {
	return h.Get("X-Amzn-Requestid") != "" || h.Get("X-Amzn-Errortype") != ""
}
