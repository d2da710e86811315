package sigv4

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"

	// TimeFormat is the layout of X-Amz-Date, always in UTC.
	TimeFormat = "20060102T150405Z"

	// EmptyPayloadHash is the payload hash of a request without a body.
	EmptyPayloadHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	// UnsignedPayload stands in for the payload hash when the body is not
	// covered by the signature. Not every service accepts it.
	UnsignedPayload = "UNSIGNED-PAYLOAD"
	// StreamingEvents stands in for the payload hash when the body is an event
	// stream whose messages are signed one by one with SignEvent.
	StreamingEvents = "STREAMING-AWS4-HMAC-SHA256-EVENTS"
)

// ErrCredentials marks the errors of Sign, Presign and SignEvent that are the
// fault of the credentials: incomplete, or with characters that cannot be.
var ErrCredentials = errors.New("sigv4: unusable credentials")

// Signer signs requests for one service in one region. It is a value: copy it,
// share it, change a copy.
type Signer struct {
	Region  string // as in the credential scope: "us-east-1"
	Service string // the signing name, not the host's first label

	// KeepPath takes the path into the canonical request as it is on the wire,
	// the way S3 wants it. Otherwise dot segments and repeated slashes are
	// removed and what is left is percent-encoded once more (":" is sent as
	// "%3A" and signed as "%253A"), as every other service wants it.
	KeepPath bool

	// Keys, when set, remembers derived signing keys, which saves four of the
	// five HMACs of a signature.
	Keys *KeyCache
}

// Signature is a finished signature with the steps that led to it. It holds
// the session token (inside the canonical request), therefore fmt, JSON and
// slog show only who signed what; the fields are there for those who need them.
type Signature struct {
	AccessKeyID      string
	CanonicalRequest string
	StringToSign     string
	Scope            string // credential scope: day/region/service/aws4_request
	SignedHeaders    string // names in lower case, sorted, joined with ";"
	Signature        string // 64 hex digits
}

// Authorization is the value of the Authorization header.
func (s Signature) Authorization() string {
	return string(appendAuthorization(nil, s.AccessKeyID, []byte(s.Scope), []byte(s.SignedHeaders), []byte(s.Signature)))
}

// String names the signer, the scope and the signed headers.
func (s Signature) String() string {
	return "signature of " + s.AccessKeyID + " for " + s.Scope + " over " + s.SignedHeaders
}

// Format writes String for every verb and flag.
func (s Signature) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// MarshalText makes JSON and other encoders write String.
func (s Signature) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue makes slog write String.
func (s Signature) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Sign signs req at time t and sets its headers X-Amz-Date, Authorization and,
// for temporary credentials, X-Amz-Security-Token; values that were there
// before are replaced. Nothing of req is changed when it returns an error.
//
// The signature covers the method, the path and query of req.URL as net/http
// sends them, the Host header, X-Amz-Date, X-Amz-Security-Token and all of
// req.Header but the few that proxies and transports rewrite (Connection,
// Expect, Keep-Alive, Proxy-Authenticate, Proxy-Authorization, Te, Trailer,
// Transfer-Encoding, Upgrade, User-Agent, X-Amzn-Trace-Id). So req must not be
// changed afterwards, and is best signed anew for every attempt.
//
// payloadHash is HashPayload of the body, or a constant like UnsignedPayload.
// A header X-Amz-Content-Sha256 takes its place. The host is req.Host when the
// caller chose one, else that of the URL in lower case without the default
// port of its scheme; req.Host is set to it when net/http would send another.
func (s Signer) Sign(req *http.Request, payloadHash string, c Credentials, t time.Time) (Signature, error) {
	r, date, err := s.prepare(req, payloadHash, c, t)
	if err != nil {
		return Signature{}, err
	}
	values := []string{r.host, date, c.SessionToken, ""}
	var space [12]field
	fields, odd, err := headerFields(append(space[:0],
		field{name: "Host", values: values[0:1]},
		field{"X-Amz-Date", values[1:2], true}), req.Header)
	if err != nil {
		return Signature{}, err
	}
	if c.SessionToken != "" {
		fields = append(fields, field{name: "X-Amz-Security-Token", values: values[2:3]})
	}
	sig, authorization := s.steps(&r, fields, c, date)

	if req.Header == nil {
		req.Header = make(http.Header)
	}
	if odd {
		maps.DeleteFunc(req.Header, func(name string, _ []string) bool {
			canonical, _ := canonicalName(name)
			return replaced(canonical)
		})
	}
	values[3] = authorization
	req.Header["X-Amz-Date"] = values[1:2:2]
	req.Header["Authorization"] = values[3:4:4]
	if c.SessionToken != "" {
		req.Header["X-Amz-Security-Token"] = values[2:3:3]
	} else {
		delete(req.Header, "X-Amz-Security-Token")
	}
	if sent := req.Host; sent != r.host && (sent != "" || req.URL.Host != r.host) {
		req.Host = r.host
	}
	return sig, nil
}

// prepare checks what was given and takes req apart, all but its headers.
func (s Signer) prepare(req *http.Request, payloadHash string, c Credentials, t time.Time) (r request, date string, err error) {
	if err := s.check(c); err != nil {
		return r, "", err
	}
	if req == nil || req.URL == nil {
		return r, "", errors.New("sigv4: request without a URL")
	}
	t = t.UTC()
	if year := t.Year(); year < 1 || year > 9999 {
		return r, "", fmt.Errorf("sigv4: year %d does not fit X-Amz-Date", year)
	}
	r.method = req.Method
	r.path, r.query = sentTarget(req.URL)
	r.host = hostOf(req)
	r.payloadHash = payloadHash
	if given := req.Header["X-Amz-Content-Sha256"]; len(given) > 0 {
		r.payloadHash = given[0] // as botocore takes it
	}
	var space [len(TimeFormat)]byte
	return r, string(appendTime(space[:0], t)), r.check()
}

// check tells what is missing for any signature. It does not quote the access
// key id: who confused two variables has the secret there.
func (s Signer) check(c Credentials) error {
	switch {
	case s.Region == "":
		return errors.New("sigv4: no region")
	case s.Service == "":
		return errors.New("sigv4: no service")
	case c.AccessKeyID == "":
		return fmt.Errorf("%w: no access key id", ErrCredentials)
	case c.SecretAccessKey == "":
		return fmt.Errorf("%w: no secret access key", ErrCredentials)
	case !validScope(s.Region):
		return fmt.Errorf("sigv4: %q is not a region", s.Region)
	case !validScope(s.Service):
		return fmt.Errorf("sigv4: %q is not a service's signing name", s.Service)
	case !validScope(c.AccessKeyID) || looksSecret(c.AccessKeyID):
		return fmt.Errorf("%w: the access key id has a character that none can have; is it the secret access key?", ErrCredentials)
	case !validValue(c.SessionToken):
		return fmt.Errorf("%w: the session token has a control character, a line break perhaps", ErrCredentials)
	}
	return nil
}

// validScope tells what can stand between the slashes of a credential.
func validScope(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == '/' || c == ',' || c >= 0x7f {
			return false
		}
	}
	return true
}
