package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"rawbedrock/eventstream"
)

// causeHint says what to do about what kept the answer, or the rest of it,
// from coming. An error that Bedrock sent has its hint from that.
func causeHint(e *Error) string {
	if e.Err == nil || e.Code != "" {
		return ""
	}
	var damaged *eventstream.FormatError
	var strange *oddError
	var dns *net.DNSError
	var op *net.OpError
	var notTLS tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var proxy *proxyError
	text := e.Err.Error()
	switch {
	case errors.Is(e.Err, context.Canceled):
		return ""
	case errors.Is(e.Err, context.DeadlineExceeded):
		return "The caller's deadline ran out: give the call more time, or stream, so that what has arrived is not lost."
	case errors.Is(e.Err, ErrTimeout):
		return timeoutHint(e.Err)
	case errors.Is(e.Err, ErrNoCredentials):
		return "`bedrock auth` shows where credentials were looked for. Give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or AWS_BEARER_TOKEN_BEDROCK, or sign in with `aws login` or `aws sso login`."
	case errors.As(e.Err, &damaged), errors.As(e.Err, &strange):
		return "The bytes that arrived are no sound event stream: something on the way changes them, or {endpoint} is not Bedrock. `bedrock eventstream lint` shows what is wrong with a saved stream."
	case errors.Is(e.Err, ErrIncompleteStream):
		return "The connection ended before the answer did: what arrived is not the whole. Proxies and load balancers that close idle connections are the usual cause; a new call is billed anew."
	case strings.Contains(text, "Content-Encoding"):
		return "A proxy between here and Bedrock compresses answers, which nobody asked for: let it pass them as they are."
	case errors.Is(e.Err, ErrTooLarge):
		return "The answer is larger than this client's limit: raise the limit, or ask for less."
	case errors.As(e.Err, &dns):
		return "The name " + oneLine(dns.Name, 100) + " cannot be resolved: check the region's spelling ({region}), the endpoint, and this machine's DNS."
	case errors.As(e.Err, &verify):
		return "The certificate of {endpoint} is not trusted: where a proxy inspects TLS, name its CA's file in AWS_CA_BUNDLE."
	case errors.As(e.Err, &notTLS), strings.Contains(text, "server gave HTTP response to HTTPS client"):
		return "{endpoint} does not speak TLS: is it http:// that was meant?"
	case errors.As(e.Err, &proxy) && proxy.status == 407:
		return proxyLogin
	case proxy != nil:
		return "The proxy does not let this call through to {endpoint}: check what it allows, HTTPS_PROXY, and NO_PROXY for hosts that need none."
	case errors.As(e.Err, &op) && op.Op == "proxyconnect":
		return "The proxy cannot be reached: check HTTPS_PROXY, and NO_PROXY for hosts that need none."
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return "Nobody listens at {endpoint}: check host and port, and that the server or proxy there runs."
	case op != nil && op.Op == "dial":
		return noConnection
	case errors.Is(e.Err, syscall.ECONNRESET), errors.Is(e.Err, io.EOF), errors.Is(e.Err, io.ErrUnexpectedEOF), errors.Is(e.Err, syscall.EPIPE),
		errors.Is(e.Err, syscall.ETIMEDOUT), errors.Is(e.Err, net.ErrClosed), // the transport's, once the peer has closed
		strings.Contains(text, "stream error: "), strings.Contains(text, "GOAWAY"): // of HTTP/2
		return "The connection was closed before the answer was whole: try again; if it stays, look at proxies and firewalls on the way."
	case strings.Contains(text, "malformed HTTP"), strings.Contains(text, "http2: "), strings.Contains(text, "transport connection broken"):
		return "What answers at {endpoint} does not speak HTTP as Bedrock does: check host, port and scheme."
	case e.Status/100 == 2:
		return notBedrock
	}
	return ""
}

// proxyError is a proxy's refusal to connect to the endpoint.
type proxyError struct {
	proxy  string // host and port
	status int
}

func (e *proxyError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the proxy %s refuses to connect: %d %s", e.proxy, e.status, http.StatusText(e.status)))
}

// checkProxy keeps the status with which a proxy answers CONNECT: net/http
// tells its text alone, or nothing.
func checkProxy(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyError{proxy.Host, resp.StatusCode}
}

const proxyLogin = "The proxy wants a login: put it into HTTPS_PROXY (http://user:password@host:port)."

const noConnection = "No connection to {endpoint}: check the network, the proxy settings, and the VPC endpoint or security group where there is one."

// timeoutHint tells the waits apart.
func timeoutHint(err error) string {
	t, ok := errors.AsType[*TimeoutError](err)
	switch {
	case ok && t.Phase == PhaseConnect:
		return noConnection
	case ok && (t.Phase == PhaseIdle || t.Bytes > 0):
		return "The answer stopped coming: raise the idle timeout if the model thinks for long, else try again; a new call is billed anew."
	}
	return "Nothing came yet: models that think need minutes, so raise the timeout or stream. The request may be at work still, and be billed."
}

// gatewayHint is for an answer that Bedrock did not write.
func gatewayHint(e *Error) string {
	if s, ok := shapes[foldCode(e.Code)]; ok { // only the body is missing
		return general[s.is]
	}
	if strings.HasPrefix(e.Message, redirects) {
		return "Redirects are not followed, since a signature is made for one host: call the other address itself if it is Bedrock's."
	}
	switch e.Status {
	case 407:
		return proxyLogin
	case 429:
		return "A gateway before {endpoint} limits calls: send fewer at once, or ask for a higher limit there."
	case 413, 431:
		return "Something on the way refuses a request of this size: raise its limit, or send less."
	case 502, 503, 504:
		return "A gateway before {endpoint} did not get an answer: try again; if it stays, raise its timeout, for models need minutes."
	}
	return notBedrock
}

const notBedrock = "This is no answer of Bedrock's: check that {endpoint} is its endpoint, and what proxies or firewalls on the way say."

// foreign tells an answer that neither Bedrock nor one of the compatible APIs
// wrote: it names no code and is not a JSON object.
func (e *Error) foreign() bool {
	return e.Status != 0 && e.Code == http.StatusText(e.Status) && len(e.Body) > 0 && e.Body[0] != '{'
}
