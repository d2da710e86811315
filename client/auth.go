package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"rawbedrock/sigv4"
	"rawbedrock/sigv4/credentials"
)

// ErrNoCredentials means that nothing was found to sign or to mark a request
// with. The error around it says where was looked.
var ErrNoCredentials = errors.New("no usable credentials")

// ErrNoRegion means that no AWS region was found; none is guessed.
var ErrNoRegion = errors.New("no AWS region: set AWS_REGION, AWS_DEFAULT_REGION or the profile's region, or name one")

// errRefused marks requests that must not leave: a key on an open wire.
var errRefused = errors.New("refused before sending")

// signer is the RoundTripper above the wire: it authenticates every attempt
// afresh. A recorder stands above it and never sees what it adds.
type signer struct {
	client *Client
	next   http.RoundTripper
}

func (s *signer) RoundTrip(req *http.Request) (*http.Response, error) {
	k := callFrom(req.Context())
	if s.client.recorded { // else the request is the attempt's own
		unsigned := req
		req = new(http.Request)
		*req = *unsigned
		req.Header = maps.Clone(unsigned.Header)
	}
	delete(req.Header, "Accept-Encoding") // see identity
	var err error
	switch auth := s.client.authFor(); auth {
	case AuthBearer:
		err = s.bearer(k, req)
	case AuthSigV4:
		err = s.sign(k, req)
	}
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	req.Header["Accept-Encoding"] = identity
	k.sent = req
	k.traceBody()
	k.traceHeader("request", req.Header)
	return s.next.RoundTrip(req)
}

// identity keeps answers as Bedrock writes them: a given transport would ask for
// gzip. No signature covers it, since proxies change it.
var identity = []string{"identity"}

func (s *signer) sign(k *call, req *http.Request) error {
	if s.client.provider == nil {
		return fmt.Errorf("%w: WithAuth(AuthSigV4) without credentials", ErrNoCredentials)
	}
	c, err := s.client.provider.Retrieve(k)
	if err != nil {
		if ctxErr := k.Err(); ctxErr != nil {
			return ctxErr
		}
		return fmt.Errorf("%w: %w", ErrNoCredentials, err)
	}
	if !c.HasKeys() {
		return fmt.Errorf("%w: %s has no access key pair", ErrNoCredentials, c)
	}
	k.credentials, k.offset = c, s.client.skew.get()
	signer := sigv4.Signer{Region: k.signing.Region, Service: k.signing.Service, Keys: &s.client.keys}
	if k.logs() {
		k.log("auth", "scheme", "SigV4", "access_key_id", c.ID(), "source", c.Source, "expires", c.Expires,
			"region", signer.Region, "service", signer.Service, "clock_offset", k.offset)
	}
	k.signature, err = signer.Sign(req, k.payloadHash, c, time.Now().Add(k.offset))
	switch {
	case errors.Is(err, sigv4.ErrCredentials):
		return fmt.Errorf("%w: %w", ErrNoCredentials, err)
	case err != nil: // another try would meet it again
		return fmt.Errorf("%w: %w", ErrValidation, err)
	}
	return nil
}

func (s *signer) bearer(k *call, req *http.Request) error {
	key, err := s.client.bearer.BearerToken(k)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoCredentials, err)
	}
	key = strings.TrimSpace(key)
	if err := checkBearer(key, req.URL); err != nil {
		return err
	}
	k.secretKey = key
	k.warnKey(key)
	if anthropic(k.op) {
		req.Header["X-Api-Key"] = []string{key}
	} else {
		req.Header["Authorization"] = []string{"Bearer " + key}
	}
	return nil
}

// checkBearer refuses a key that is none, and an open wire to anywhere but
// this machine.
func checkBearer(key string, u *url.URL) error {
	if key == "" {
		return fmt.Errorf("%w: the bearer key is empty", ErrNoCredentials)
	}
	if strings.IndexFunc(key, func(r rune) bool { return unicode.IsControl(r) || r > unicode.MaxASCII || r == ' ' }) >= 0 {
		return fmt.Errorf("%w: the bearer key holds a space, a control character or a letter outside ASCII: was it pasted whole?", ErrNoCredentials)
	}
	if u.Scheme == "https" || loopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("%w: a bearer key over plain http can be read by anybody on the way: use https for %s", errRefused, u.Host)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// warnKey tells, before the request is sent, what a short-term key says of
// itself: that it is over, or made for another region.
func (k *call) warnKey(key string) {
	info, err := credentials.Inspect(key)
	if k.logs() {
		k.log("auth", "scheme", "bearer", "kind", info.Kind, "region", info.Region, "expires", info.Expires)
	}
	if err != nil || info.Region == "" {
		return
	}
	k.keyRegion = info.Region
	l := k.client.logger
	if l == nil {
		return
	}
	if !info.Expires.IsZero() && !info.Expires.After(time.Now()) {
		l.Log(k, slog.LevelWarn, "the bearer key has expired", "expired", info.Expires, "region", info.Region)
	}
	if k.signing.Region != "" && info.Region != k.signing.Region {
		l.Log(k, slog.LevelWarn, "the bearer key was made for another region", "key", info.Region, "endpoint", k.signing.Region)
	}
}

// authFor is the way of authentication, AuthAuto resolved: a bearer key wins,
// as it does in the AWS SDKs.
func (c *Client) authFor() Auth {
	if c.auth != AuthAuto {
		return c.auth
	}
	if c.bearer != nil {
		return AuthBearer
	}
	return AuthSigV4
}

// Credentials finds what the next request would be signed with, for programs
// that sign requests of their own. It fails when calls go by bearer key.
func (c *Client) Credentials(ctx context.Context) (sigv4.Credentials, error) {
	if c.authFor() != AuthSigV4 || c.provider == nil {
		return sigv4.Credentials{}, ErrNoCredentials
	}
	return c.provider.Retrieve(ctx)
}
