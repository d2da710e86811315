package credentials

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rawbedrock/sigv4"
)

// stsCall is one action of the AWS Security Token Service that gives
// credentials. See "AssumeRole" and "AssumeRoleWithWebIdentity" in the STS API
// Reference.
type stsCall struct {
	source   string // for errors and Credentials.Source
	endpoint string
	client   *http.Client
	form     url.Values // Version is added
	secrets  []string   // never to be repeated in an error
	sign     func(req *http.Request, payloadHash string) error
}

// stsReply is a success of either action, or an error.
type stsReply struct {
	Role    stsCredentials `xml:"AssumeRoleResult>Credentials"`
	Web     stsCredentials `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	Code    string         `xml:"Error>Code"`
	Message string         `xml:"Error>Message"`
}

type stsCredentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

// stsError is a refusal of STS.
type stsError struct {
	status        int
	code, message string
}

func (e *stsError) Error() string {
	s := "STS answered " + httpStatus(e.status)
	if e.code != "" {
		s += " " + e.code
	}
	if e.message != "" {
		s += ": " + e.message
	}
	return s
}

// do sends the form: at most three tries of ten seconds each.
func (s stsCall) do(ctx context.Context) (sigv4.Credentials, error) {
	s.form.Set("Version", "2011-06-15")
	body := s.form.Encode()
	hash := sigv4.HashPayload([]byte(body))
	r, err := exchange{client: clientOr(s.client, http.DefaultTransport.(*http.Transport)), timeout: 10 * time.Second, tries: 3, request: func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, "POST", withSlash(s.endpoint), strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		req.Header.Set("Accept", "text/xml")
		if s.sign != nil {
			err = s.sign(req, hash)
		}
		return req, err
	}}.do(ctx)
	if err != nil {
		return sigv4.Credentials{}, err
	}
	return s.read(r)
}

func (s stsCall) read(r reply) (sigv4.Credentials, error) {
	var x stsReply
	err := xml.Unmarshal(r.body, &x)
	if r.status != http.StatusOK {
		return sigv4.Credentials{}, &stsError{r.status, redact(x.Code, s.secrets...), redact(x.Message, s.secrets...)}
	}
	keys := x.Role
	if keys.AccessKeyID == "" {
		keys = x.Web
	}
	expires, timeErr := parseTime(keys.Expiration)
	if err != nil || keys.AccessKeyID == "" || keys.SecretAccessKey == "" || timeErr != nil {
		return sigv4.Credentials{}, &stsError{r.status, "", "without credentials in the form of STS"}
	}
	return sigv4.Credentials{
		AccessKeyID:     keys.AccessKeyID,
		SecretAccessKey: keys.SecretAccessKey,
		SessionToken:    keys.SessionToken,
		Expires:         expires,
		Source:          s.source,
	}, nil
}

// withSlash gives a URL without path the path "/".
func withSlash(endpoint string) string {
	if u, err := url.Parse(endpoint); err == nil && u.Path == "" {
		u.Path = "/"
		return u.String()
	}
	return endpoint
}
