package credentials

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"rawbedrock/sigv4"
)

// ecsHost answers AWS_CONTAINER_CREDENTIALS_RELATIVE_URI.
const ecsHost = "http://169.254.170.2"

// containerHosts are the addresses, beside loopback, to which plain http may
// go: ECS, and EKS Pod Identity in IPv4 and IPv6.
var containerHosts = []netip.Addr{
	netip.MustParseAddr("169.254.170.2"),
	netip.MustParseAddr("169.254.170.23"),
	netip.MustParseAddr("fd00:ec2::23"),
}

// Container asks the credential endpoint of a container: Amazon ECS, EKS Pod
// Identity, or a local one. See "Container credential provider" in the AWS
// SDKs and Tools Reference Guide.
type Container struct {
	RelativeURI string // path on 169.254.170.2; wins over FullURI
	FullURI     string // https to any host; http to loopback, ECS and EKS addresses only
	Token       string // sent as the Authorization header, as it is
	TokenFile   string // holds the token and wins over Token; read at each Retrieve
	HTTP        *http.Client
}

// containerFromEnv takes the settings from the environment. An empty variable
// counts as unset, as in aws-sdk-go-v2.
func containerFromEnv(getenv func(string) string, client *http.Client) Container {
	return Container{
		RelativeURI: getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
		FullURI:     getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
		Token:       getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
		TokenFile:   getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
		HTTP:        client,
	}
}

// Retrieve gets credentials from the endpoint: at most three tries of two
// seconds each.
func (c Container) Retrieve(ctx context.Context) (sigv4.Credentials, error) {
	if err := c.unset(); err != nil {
		return sigv4.Credentials{}, err
	}
	u, err := c.endpoint(ctx)
	if err != nil {
		return sigv4.Credentials{}, err
	}
	token, err := c.token()
	if err != nil {
		return sigv4.Credentials{}, err
	}
	r, err := exchange{client: clientOr(c.HTTP, c.transport(u)), timeout: 2 * time.Second, tries: 3, request: func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, "GET", u.String(), nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept", "application/json")
		if token != "" {
			req.Header.Set("Authorization", token)
		}
		return req, nil
	}}.do(ctx)
	if err != nil {
		return sigv4.Credentials{}, &Error{Source: sourceContainer, Reason: "asking " + bare(u), Err: err}
	}
	creds, _, reason := roleReply(r, sourceContainer, token)
	if reason != "" {
		return sigv4.Credentials{}, &Error{Source: sourceContainer, Reason: bare(u) + " " + reason}
	}
	return creds, nil
}

// unset is the error of a container that has no endpoint.
func (c Container) unset() error {
	if c.RelativeURI == "" && c.FullURI == "" {
		return notSet(sourceContainer, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set")
	}
	return nil
}

// transport avoids proxies for addresses of this machine.
func (c Container) transport(u *url.URL) *http.Transport {
	if u.Scheme == "http" {
		return direct
	}
	return http.DefaultTransport.(*http.Transport)
}

// endpoint is the URL to ask, or an error that says why it is refused.
func (c Container) endpoint(ctx context.Context) (*url.URL, error) {
	name, raw := "AWS_CONTAINER_CREDENTIALS_FULL_URI", c.FullURI
	if c.RelativeURI != "" {
		name, raw = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ecsHost+c.RelativeURI
	}
	fail := func(reason string, err error) (*url.URL, error) {
		return nil, &Error{Source: sourceContainer, Reason: name + " " + reason, Err: err}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return fail("is not a URL", nil)
	case u.Hostname() == "":
		return fail("has no host", nil)
	case u.Scheme == "https":
		return u, nil
	case u.Scheme != "http":
		return fail("must begin with http:// or https://", nil)
	}
	ok, err := allowedHost(ctx, u.Hostname())
	if err != nil {
		return fail("names a host that cannot be resolved", err)
	}
	if !ok {
		return fail("is plain http to "+u.Hostname()+", which is allowed for loopback, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] only; use https", nil)
	}
	return u, nil
}

// allowedHost tells whether plain http may go to host. A name is resolved and
// all its addresses must be allowed, as in aws-sdk-go-v2; botocore takes no
// name but localhost.
func allowedHost(ctx context.Context, host string) (bool, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return allowedIP(ip), nil
	}
	if strings.EqualFold(host, "localhost") {
		return true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return false, err
	}
	for _, ip := range ips {
		if !allowedIP(ip) {
			return false, nil
		}
	}
	return true, nil
}

func allowedIP(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if ip.IsLoopback() {
		return true
	}
	for _, a := range containerHosts {
		if ip == a {
			return true
		}
	}
	return false
}

// token is the value of the Authorization header. A line break in it is an
// error in both SDKs, and is not trimmed away.
func (c Container) token() (string, error) {
	token, where := c.Token, "AWS_CONTAINER_AUTHORIZATION_TOKEN"
	if c.TokenFile != "" {
		data, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return "", &Error{Source: sourceContainer, Reason: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Err: err}
		}
		token, where = string(data), "the file named by AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
	}
	if strings.ContainsAny(token, "\r\n\x00") {
		return "", &Error{Source: sourceContainer, Reason: "the token in " + where + " has a line break", Hint: "write it without one"}
	}
	return token, nil
}

// bare is a URL without what may be secret in it.
func bare(u *url.URL) string { return u.Scheme + "://" + u.Host }

// roleJSON is the answer of the container endpoint and of the instance
// metadata service, credentials or error.
type roleJSON struct {
	Code, Message   string
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	Expiration      *string
}

// roleReply reads such an answer; reason is empty when it holds credentials.
func roleReply(r reply, source string, secrets ...string) (c sigv4.Credentials, code, reason string) {
	var j roleJSON
	err := json.Unmarshal(r.body, &j)
	said := ""
	if j.Code != "" || j.Message != "" {
		said = ": " + redact(strings.TrimSpace(j.Code+" "+j.Message), append(secrets, j.SecretAccessKey, j.Token)...)
	}
	switch {
	case r.status != http.StatusOK:
		return c, j.Code, "answered " + httpStatus(r.status) + said
	case err != nil:
		return c, j.Code, "answered something else than JSON credentials"
	case j.AccessKeyID == "" || j.SecretAccessKey == "":
		return c, j.Code, "answered without a key pair" + said
	}
	c = sigv4.Credentials{AccessKeyID: j.AccessKeyID, SecretAccessKey: j.SecretAccessKey, SessionToken: j.Token, Source: source}
	if j.Expiration != nil {
		if c.Expires, err = parseTime(*j.Expiration); err != nil {
			return sigv4.Credentials{}, j.Code, "answered with an Expiration that is not an RFC 3339 time"
		}
	}
	return c, j.Code, ""
}
