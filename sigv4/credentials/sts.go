package credentials

import (
	"context"
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

// read takes a success of either action, or an error, apart.
func (s stsCall) read(r reply) (sigv4.Credentials, error) {
	texts, ok := xmlTexts(string(r.body))
	if r.status != http.StatusOK {
		return sigv4.Credentials{}, &stsError{r.status, redact(texts["Error/Code"], s.secrets...), redact(texts["Error/Message"], s.secrets...)}
	}
	keys := "AssumeRoleResult/Credentials/"
	if texts[keys+"AccessKeyId"] == "" {
		keys = "AssumeRoleWithWebIdentityResult/Credentials/"
	}
	c := sigv4.Credentials{
		AccessKeyID:     texts[keys+"AccessKeyId"],
		SecretAccessKey: texts[keys+"SecretAccessKey"],
		SessionToken:    texts[keys+"SessionToken"],
		Source:          s.source,
	}
	var err error
	c.Expires, err = parseTime(texts[keys+"Expiration"])
	if !ok || err != nil || !c.HasKeys() {
		return sigv4.Credentials{}, &stsError{r.status, "", "without credentials in the form of STS"}
	}
	return c, nil
}

// withSlash gives a URL without path the path "/".
func withSlash(endpoint string) string {
	if u, err := url.Parse(endpoint); err == nil && u.Path == "" {
		u.Path = "/"
		return u.String()
	}
	return endpoint
}
