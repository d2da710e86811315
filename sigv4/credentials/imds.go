package credentials

import (
	"bufio"
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"rawbedrock/sigv4"
)

const (
	imdsProbe   = time.Second     // for the first answer, which nobody gives off EC2
	imdsTimeout = 2 * time.Second // for the others
	imdsAgain   = time.Minute     // how long "nobody answers" is believed
	imdsMaxLife = time.Hour       // credentials are asked for again after that
	imdsRoles   = "/latest/meta-data/iam/security-credentials/"
	imdsTokenH  = "X-Aws-Ec2-Metadata-Token"
)

// IMDS asks the EC2 instance metadata service for the credentials of the
// instance's role, with a session token (IMDSv2). See "Use the Instance
// Metadata Service" in the EC2 User Guide. An IMDS must not be copied.
//
// Off EC2 nobody answers: the first call costs a second at most, and the
// calls of the next minute nothing.
type IMDS struct {
	Endpoint   string // "http://169.254.169.254" when empty; a path is dropped, as in aws-sdk-go-v2
	Disabled   bool   // AWS_EC2_METADATA_DISABLED
	V1Disabled bool   // AWS_EC2_METADATA_V1_DISABLED: never go on without a token
	HTTP       *http.Client

	mu     sync.Mutex
	absent time.Time         // until then the last probe's failure stands
	last   sigv4.Credentials // the last ones it gave
}

// imdsEndpoint picks the endpoint: an explicit one wins over the mode, which
// is IPv4 or IPv6 in any case.
func imdsEndpoint(endpoint, mode Setting) (string, error) {
	if mode.Value != "" && !strings.EqualFold(mode.Value, "IPv4") && !strings.EqualFold(mode.Value, "IPv6") {
		return "", &Error{Source: sourceIMDS, Reason: "`" + printable(mode.Value, 40) + "` is not a valid endpoint mode (" + mode.Source + ")", Hint: "set IPv4 or IPv6"}
	}
	if endpoint.Value != "" {
		return endpoint.Value, nil
	}
	if strings.EqualFold(mode.Value, "IPv6") {
		return "http://[fd00:ec2::254]", nil
	}
	return "", nil
}

// Retrieve gets the role's credentials. Nobody answering, and an instance
// without a role, are errors that say so and are ErrNone. When the service
// fails after it once gave credentials, those are given out for another five
// to fifteen minutes, even expired, and so are expired ones that it gives
// ("static stability": AWS goes on accepting them).
func (m *IMDS) Retrieve(ctx context.Context) (sigv4.Credentials, error) {
	if err := m.disabled(); err != nil {
		return sigv4.Credentials{}, err
	}
	m.mu.Lock()
	absent := time.Now().Before(m.absent)
	m.mu.Unlock()
	if absent {
		return sigv4.Credentials{}, m.nobody("was asked less than a minute ago", nil)
	}
	c, err := m.fetch(ctx)

	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	switch {
	case err == nil:
		if c.Expires.After(now.Add(imdsMaxLife)) {
			c.Expires = now.Add(imdsMaxLife)
		}
	case ctx.Err() != nil || !m.last.HasKeys():
		return sigv4.Credentials{}, err
	default:
		c = m.last
	}
	if c.Expires.Before(now.Add(refreshAhead)) && (err != nil || c.ExpiredAt(now)) {
		c.Expires = now.Add(refreshAhead + rand.N(10*time.Minute))
	}
	m.last = c
	return c, nil
}

func (m *IMDS) disabled() error {
	if m.Disabled {
		return notSet(sourceIMDS, "AWS_EC2_METADATA_DISABLED is true")
	}
	return nil
}

// fetch asks once: token, role, credentials.
func (m *IMDS) fetch(ctx context.Context) (sigv4.Credentials, error) {
	var none sigv4.Credentials
	base, err := m.base()
	if err != nil {
		return none, err
	}
	token, err := m.token(ctx, base)
	if err != nil {
		return none, err
	}
	r, err := m.get(ctx, base+imdsRoles, token)
	if err != nil {
		return none, &Error{Source: sourceIMDS, Reason: "asking for the role", Err: err}
	}
	switch r.status {
	case http.StatusOK:
	case http.StatusNotFound:
		return none, notSet(sourceIMDS, "the instance has no IAM role")
	case http.StatusForbidden: // what an instance answers whose service is turned off
		return none, notSet(sourceIMDS, "the metadata service is turned off: it answered "+httpStatus(r.status))
	default:
		return none, &Error{Source: sourceIMDS, Reason: "asking for the role was answered " + httpStatus(r.status)}
	}
	role := firstLine(r.body)
	if role == "" {
		return none, notSet(sourceIMDS, "the instance has no IAM role")
	}
	if r, err = m.get(ctx, base+imdsRoles+url.PathEscape(role), token); err != nil {
		return none, &Error{Source: sourceIMDS, Reason: "asking for credentials", Err: err}
	}
	return m.read(r, token)
}

// read takes the credentials from the last answer.
func (m *IMDS) read(r reply, token string) (sigv4.Credentials, error) {
	c, code, reason := roleReply(r, sourceIMDS, token)
	if reason == "" && !strings.EqualFold(code, "Success") {
		reason = "answered without the Code Success"
	}
	if reason == "" && c.Expires.IsZero() {
		reason = "answered without an Expiration"
	}
	if reason != "" {
		return sigv4.Credentials{}, &Error{Source: sourceIMDS, Reason: "the metadata service " + reason}
	}
	return c, nil
}

// base is the endpoint without path.
func (m *IMDS) base() (string, error) {
	if m.Endpoint == "" {
		return "http://169.254.169.254", nil
	}
	u, err := url.Parse(m.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", &Error{Source: sourceIMDS, Reason: "the configured endpoint is not a URL", Hint: "write AWS_EC2_METADATA_SERVICE_ENDPOINT as http://host:port"}
	}
	return u.Scheme + "://" + u.Host, nil
}

// token starts a session. An empty token means IMDSv1: the service says that
// it has no sessions, with 403, 404 or 405.
func (m *IMDS) token(ctx context.Context, base string) (string, error) {
	x := exchange{client: clientOr(m.HTTP, direct), timeout: imdsProbe, tries: 1, request: func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, "PUT", base+"/latest/api/token", nil)
		if err == nil {
			req.Header.Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
		}
		return req, err
	}}
	r, err := x.do(ctx)
	if err != nil {
		if ctx.Err() != nil { // the caller left
			return "", &Error{Source: sourceIMDS, Reason: "asking for a session token", Err: err}
		}
		m.mu.Lock()
		m.absent = time.Now().Add(imdsAgain)
		m.mu.Unlock()
		return "", m.nobody("did not answer", err)
	}
	if r.status >= 500 { // somebody is there: worth another try
		x.tries, x.timeout = 2, imdsTimeout
		if r, err = x.do(ctx); err != nil {
			return "", &Error{Source: sourceIMDS, Reason: "asking for a session token", Err: err}
		}
	}
	switch r.status {
	case http.StatusOK:
		return string(r.body), nil
	case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		if !m.V1Disabled {
			return "", nil
		}
		return "", &Error{Source: sourceIMDS, Reason: "asking for a session token was answered " + httpStatus(r.status) + ", and IMDSv1 is disabled by AWS_EC2_METADATA_V1_DISABLED"}
	}
	return "", &Error{Source: sourceIMDS, Reason: "asking for a session token was answered " + httpStatus(r.status)}
}

// nobody is the error of a machine that has no metadata service.
func (m *IMDS) nobody(what string, cause error) error {
	base, _ := m.base()
	if cause != nil {
		what += " (" + causeText(cause) + ")"
	}
	return notSet(sourceIMDS, base+" "+what+": this is not an EC2 instance, or its metadata service is off")
}

func (m *IMDS) get(ctx context.Context, url, token string) (reply, error) {
	return exchange{client: clientOr(m.HTTP, direct), timeout: imdsTimeout, tries: 3, request: func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
		if err == nil && token != "" {
			req.Header.Set(imdsTokenH, token)
		}
		return req, err
	}}.do(ctx)
}

func firstLine(b []byte) string {
	s := bufio.NewScanner(bytes.NewReader(b))
	s.Scan()
	return strings.TrimSpace(s.Text())
}
