package sigv4

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"time"
)

// MaxSkew is how far the date of a signed header may lie from the verifier's
// clock, either way.
const MaxSkew = 5 * time.Minute

// Verified is a signature that holds.
type Verified struct {
	Signature       // as the verifier computed it
	Region, Service string
	Time            time.Time // X-Amz-Date
	Presigned       bool      // the signature came in the query
	Expires         time.Time // when it stops to be valid
}

// Verify is Signer{}.Verify: it accepts the scope of any region and service.
func Verify(req *http.Request, payloadHash string, lookup func(accessKeyID string) (Credentials, bool), now time.Time) (Verified, error) {
	return Signer{}.Verify(req, payloadHash, lookup, now)
}

// Verify checks the signature that req carries in its Authorization header or,
// without one, in its query. An error is always a *VerifyError.
//
// req is a request as a server got it, or as a client is about to send it. The
// path and query are those of the request line (RequestURI), however a handler
// changed req.URL since. payloadHash is HashPayload of the body that came;
// where the request declares UNSIGNED-PAYLOAD or a STREAMING- form in
// X-Amz-Content-Sha256, that is believed and the body is not covered.
//
// An empty Region or Service of the signer accepts any. lookup returns the
// credentials of an access key id; when they have a session token the request
// must carry the same one, else any it likes. Every X-Amz- header must be
// signed, and every header that is said to be signed must be there.
func (s Signer) Verify(req *http.Request, payloadHash string, lookup func(accessKeyID string) (Credentials, bool), now time.Time) (Verified, error) {
	v, err := s.verify(req, payloadHash, lookup, now)
	if err != nil {
		return Verified{}, err
	}
	return v, nil
}

func (s Signer) verify(req *http.Request, payloadHash string, lookup func(string) (Credentials, bool), now time.Time) (v Verified, err *VerifyError) {
	path, query := receivedTarget(req)
	c, err := readClaim(req.Header, query)
	if err != nil {
		return v, err
	}
	if err := c.checkScope(s.Region, s.Service); err != nil {
		return v, err
	}
	if err := c.checkTime(now); err != nil {
		return v, err
	}
	known, ok := lookup(c.accessKeyID)
	switch {
	case !ok || !known.HasKeys():
		return v, refuse(ErrUnknownKey, "The security token included in the request is invalid.")
	case known.SessionToken != "" && !equalTokens(known.SessionToken, c.token):
		return v, refuse(ErrSessionToken, "The security token included in the request is invalid.")
	case known.ExpiredAt(now):
		return v, refuse(ErrExpiredToken, "The security token included in the request is expired")
	}

	r := request{method: req.Method, path: path, query: query, host: hostOf(req), payloadHash: payloadHash}
	if c.presigned {
		r.query = withoutSignature(query)
	}
	if hash := req.Header.Get("X-Amz-Content-Sha256"); coversNoBody(hash) {
		r.payloadHash = hash
	}
	fields, err := c.signedFields(r.host, req)
	if err != nil {
		return v, err
	}
	s.Region, s.Service = c.region, c.service
	want, _ := s.steps(&r, fields, Credentials{AccessKeyID: c.accessKeyID, SecretAccessKey: known.SecretAccessKey}, c.date)
	if want.SignedHeaders != strings.Join(c.signedHeaders, ";") || // not sorted, or not in lower case
		subtle.ConstantTimeCompare([]byte(want.Signature), []byte(c.signature)) == 0 {
		return v, mismatch(want)
	}
	return Verified{want, c.region, c.service, c.time, c.presigned, c.time.Add(c.lifetime)}, nil
}

// coversNoBody tells the payload hashes that are no hash of the body.
func coversNoBody(payloadHash string) bool {
	return payloadHash == UnsignedPayload || strings.HasPrefix(payloadHash, "STREAMING-")
}

// equalTokens compares in constant time, and without the outer white space
// that a header loses on the way.
func equalTokens(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(strings.TrimSpace(a)), []byte(strings.TrimSpace(b))) == 1
}
