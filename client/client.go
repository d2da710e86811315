package client

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/tidwall/gjson"

	"rawbedrock/client/operation"
	"rawbedrock/sigv4"
	"rawbedrock/sigv4/credentials"
)

// Version is this module's, as User-Agent and `bedrock version` tell it.
const Version = "0.1.0"

const userAgent = "rawbedrock/" + Version

// Defaults of Limits.
const (
	defaultBodyLimit      = 64 << 20
	defaultErrorBodyLimit = 64 << 10
	defaultLineLimit      = 16 << 20
	defaultHeaderLimit    = 1 << 20
)

// Client calls Bedrock. It is safe for concurrent use; make one and keep it:
// connections, credentials, the retry budget and what was learned about the
// clock are shared by its calls.
type Client struct {
	http     http.Client
	wire     http.RoundTripper
	auth     Auth
	provider sigv4.Provider
	bearer   TokenProvider
	keys     sigv4.KeyCache
	signing  Signing
	region   string
	hosts    map[operation.Host]host
	timeouts Timeouts
	retry    Retry
	limits   Limits
	budget   budget
	skew     skew
	limiter  limiter
	logger   logger
	calls    atomic.Int64 // that a logger was told of
	lint     func([]Finding) error
	dials    bool // its own connections, not those of a given transport
	recorded bool // a recorder stands above the signer
}

// host is where an endpoint family is served, or why that is unknown.
type host struct {
	url    *url.URL
	origin string // scheme and host
	err    error
}

// New makes a Client. What the options leave open is resolved as the AWS SDKs
// do it: code, then environment, then the shared files. Those files are read
// here; the network is not touched before the first call.
func New(opts ...Option) (*Client, error) {
	cfg := config{getenv: credentials.Getenv}
	for _, o := range opts {
		o(&cfg)
	}
	world, err := credentials.Load(credentials.Options{
		Getenv: cfg.getenv, Profile: cfg.profile, Region: cfg.region, Endpoint: cfg.endpoint,
	})
	if err != nil {
		return nil, fmt.Errorf("bedrock: %w", err)
	}
	c := &Client{
		auth: cfg.auth, provider: cfg.credentials, bearer: cfg.bearer, signing: cfg.signing, region: world.Region.Value,
		timeouts: cfg.timeouts, retry: cfg.retry, limits: cfg.limits, logger: cfg.logger, lint: cfg.lint,
		budget:  budget{left: budgetCapacity},
		limiter: newLimiter(cfg.concurrency, cfg.requestsPerMinute, cfg.tokensPerMinute),
	}
	if err := c.resolve(cfg, world); err != nil {
		return nil, fmt.Errorf("bedrock: %w", err)
	}
	c.logSettings(world)
	return c, nil
}

func (c *Client) resolve(cfg config, world *credentials.Config) error {
	if cfg.auth < AuthAuto || cfg.auth > AuthNone {
		return fmt.Errorf("WithAuth(%d): there are AuthAuto, AuthSigV4, AuthBearer and AuthNone", cfg.auth)
	}
	c.setDefaults()
	mode := world.Setting("AWS_RETRY_MODE", "retry_mode")
	if err := retryMode(mode.Value, mode.Source); err != nil {
		return err
	}
	if c.retry.MaxAttempts <= 0 {
		n := world.Setting("AWS_MAX_ATTEMPTS", "max_attempts")
		var err error
		if c.retry.MaxAttempts, err = maxAttempts(n.Value, n.Source); err != nil {
			return err
		}
	}
	c.skew.off = strings.EqualFold(world.Setting("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "disable_clock_skew_correction").Value, "true")
	if c.bearer == nil && !world.Bearer.IsZero() {
		c.bearer = staticToken(world.Bearer.Reveal())
	}
	if c.provider == nil {
		c.provider = credentials.NewCache(explained{world.Provider(), c.logger})
	} else if _, ok := c.provider.(sigv4.Credentials); !ok {
		c.provider = credentials.NewCache(c.provider)
	}
	if c.authFor() == AuthBearer && c.bearer == nil {
		return fmt.Errorf("%w: no bearer key: set AWS_BEARER_TOKEN_BEDROCK", ErrNoCredentials)
	}
	if err := c.resolveHosts(world); err != nil {
		return err
	}
	if cfg.transport == nil {
		t, err := world.Transport()
		if err != nil {
			return err
		}
		t.TLSHandshakeTimeout = 0 // Timeouts.Connect covers it
		c.dials = true
		t.DialContext = dialWithin(c.timeouts.Connect, t.DialContext)
		t.OnProxyConnectResponse = checkProxy
		t.MaxResponseHeaderBytes = c.limits.Header
		cfg.transport = t
	}
	c.stack(cfg.transport, cfg.recorder)
	return nil
}

func (c *Client) setDefaults() {
	if c.timeouts.Connect == 0 {
		c.timeouts.Connect = defaultConnectTimeout
	}
	if c.timeouts.Idle == 0 {
		c.timeouts.Idle = defaultIdleTimeout
	}
	if c.limits.Body <= 0 {
		c.limits.Body = defaultBodyLimit
	}
	if c.limits.ErrorBody <= 0 {
		c.limits.ErrorBody = defaultErrorBodyLimit
	}
	if c.limits.Line <= 0 {
		c.limits.Line = defaultLineLimit
	}
	if c.limits.Header <= 0 {
		c.limits.Header = defaultHeaderLimit
	}
}

// resolveHosts finds where each endpoint family is. The runtime must be known;
// the others may be missing until they are asked for.
func (c *Client) resolveHosts(world *credentials.Config) error {
	if c.region == "" && c.signing.Region == "" && c.authFor() == AuthSigV4 {
		return ErrNoRegion
	}
	c.hosts = map[operation.Host]host{}
	for _, h := range []operation.Host{operation.Runtime, operation.Control, operation.Mantle} {
		at, err := world.Endpoint(string(h))
		if err == nil && at.Value == "" {
			err = ErrNoRegion
		}
		var u *url.URL
		if err == nil {
			u, err = parseEndpoint(at.Value, at.Source)
		}
		if err != nil {
			c.hosts[h] = host{err: err}
			continue
		}
		c.hosts[h] = host{url: u, origin: u.Scheme + "://" + u.Host}
	}
	if err := c.hosts[operation.Runtime].err; err != nil {
		if c.region == "" {
			return ErrNoRegion
		}
		return err
	}
	return nil
}

func parseEndpoint(value, source string) (*url.URL, error) {
	u, err := url.Parse(value)
	switch {
	case err != nil:
		return nil, fmt.Errorf("endpoint from %s is not a URL", source)
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return nil, fmt.Errorf("endpoint %q from %s: want https://host or http://host", u.Redacted(), source)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("endpoint %q from %s: a base URL has no user, query or fragment", u.Host, source)
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	return u, nil
}

// stack builds the layers: retry (in do), attempts, recorder, signer, wire.
func (c *Client) stack(wire http.RoundTripper, recorder func(http.RoundTripper) http.RoundTripper) {
	c.wire = wire
	var rt http.RoundTripper = &signer{client: c, next: wire}
	if c.recorded = recorder != nil; c.recorded {
		rt = recorder(rt)
	}
	c.http = http.Client{
		Transport:     &attempts{client: c, next: rt},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (c *Client) signingFor(h operation.Host) Signing {
	s := c.signing
	if s.Region == "" {
		s.Region = c.region
	}
	if s.Service == "" {
		s.Service = h.SigningName()
	}
	return s
}

// Region is where calls go, and what their signatures are made for.
func (c *Client) Region() string { return c.signingFor(operation.Runtime).Region }

// Endpoint is the base URL of an endpoint family.
func (c *Client) Endpoint(h operation.Host) (string, error) {
	at := c.hosts[h]
	if at.err != nil {
		return "", at.err
	}
	return at.url.String(), nil
}

// Request is one raw call: an operation of the table, the labels of its path
// and its body, which are sent as they are.
type Request struct {
	Op     operation.Operation
	Labels []string    // of the path, in order, not encoded: the model id, profile id or ARN first
	Query  url.Values  // of the list operations
	Header http.Header // more headers; they are signed
	Body   []byte      // JSON, sent verbatim
}

// Response is a whole answer.
type Response struct {
	Status   int
	Header   http.Header
	Body     []byte
	Attempts []Attempt
}

// Get picks a value out of the body by a gjson path
// ("output.message.content.0.text"). Nothing is copied: the result changes when
// Body is written to.
func (r *Response) Get(path string) gjson.Result { return get(shared(r.Body), path) }

// RequestID is AWS's name for the call, for support and logs.
func (r *Response) RequestID() string {
	if n := len(r.Attempts); n > 0 {
		return r.Attempts[n-1].RequestID // without what a server quotes back
	}
	return requestID(r.Header)
}

// Format prints where the client goes, for every verb: its fields hold secrets.
func (c *Client) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "bedrock client for %s", c.Region())
}

// CloseIdleConnections closes connections that wait for a next call.
func (c *Client) CloseIdleConnections() {
	if w, ok := c.wire.(interface{ CloseIdleConnections() }); ok {
		w.CloseIdleConnections()
	}
}
