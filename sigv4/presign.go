package sigv4

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxPresign is the longest life of a presigned URL.
const MaxPresign = 7 * 24 * time.Hour

// Presign returns the URL of req with a signature in its query, good from t
// for expires (whole seconds, at most MaxPresign, and never longer than the
// credentials live). req is not changed. The headers of req are signed as Sign
// does it, so whoever uses the URL must send the same. The parameters of the
// query are decoded and encoded again in their order ("+" becomes "%20");
// those of an earlier signature are replaced.
func (s Signer) Presign(req *http.Request, payloadHash string, expires time.Duration, c Credentials, t time.Time) (*url.URL, Signature, error) {
	if expires < time.Second || expires > MaxPresign || expires%time.Second != 0 {
		return nil, Signature{}, fmt.Errorf("sigv4: a presigned URL lives for whole seconds from 1s to 168h, not %v", expires)
	}
	var space [16]field
	date, r, err := s.prepare(space[:0], req, payloadHash, c, t)
	if err != nil {
		return nil, Signature{}, err
	}
	slices.SortFunc(r.fields, compareFields)
	var text [1024]byte
	b := appendParameters(text[:0], r.query)
	b = appendEscaped(append(b, "X-Amz-Algorithm="+algorithm+"&X-Amz-Credential="...), c.AccessKeyID)
	b = appendEscaped(append(b, "%2F"...), string(s.appendScope(nil, date)))
	b = append(append(b, "&X-Amz-Date="...), date...)
	b = strconv.AppendInt(append(b, "&X-Amz-Expires="...), int64(expires/time.Second), 10)
	b = appendEscaped(append(b, "&X-Amz-SignedHeaders="...), string(appendNames(nil, r.fields)))
	if c.SessionToken != "" {
		b = appendEscaped(append(b, "&X-Amz-Security-Token="...), c.SessionToken)
	}
	r.query = string(b)
	sig, _ := s.steps(&r, c, date)

	u := *req.URL
	u.RawQuery = r.query + "&X-Amz-Signature=" + sig.Signature
	return &u, sig, nil
}

// appendParameters writes the caller's parameters, each followed by "&",
// without those of an earlier signature.
func appendParameters(b []byte, query string) []byte {
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, value = unescape(name), unescape(value)
		switch name {
		case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
			"X-Amz-SignedHeaders", "X-Amz-Security-Token", "X-Amz-Signature":
			continue
		}
		b = append(appendEscaped(b, name), '=')
		b = append(appendEscaped(b, value), '&')
	}
	return b
}

// unescape decodes a name or value of a query; a "%" that starts no escape
// stands for itself.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		} else if c == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				c = byte(n)
				i += 2
			}
		}
		b = append(b, c)
	}
	return string(b)
}
