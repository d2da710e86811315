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
// does it, so whoever uses the URL must send the same; of a default port in
// the URL, which not every client leaves out of Host, the signature knows
// nothing. The parameters of the query are decoded and encoded again in their order ("+" becomes "%20");
// those of an earlier signature are replaced.
func (s Signer) Presign(req *http.Request, payloadHash string, expires time.Duration, c Credentials, t time.Time) (*url.URL, Signature, error) {
	if expires < time.Second || expires > MaxPresign || expires%time.Second != 0 {
		return nil, Signature{}, fmt.Errorf("sigv4: a presigned URL lives for whole seconds from 1s to 168h, not %v", expires)
	}
	r, date, err := s.prepare(req, payloadHash, c, t)
	if err != nil {
		return nil, Signature{}, err
	}
	var space [12]field
	fields, _, err := headerFields(append(space[:0], field{"Host", []string{r.host}, clean(r.host)}), req.Header)
	if err != nil {
		return nil, Signature{}, err
	}
	slices.SortFunc(fields, compareFields)
	var header [512]byte
	var small [256]byte
	_, names := appendHeaders(header[:0], small[:0], fields)
	var text [1024]byte
	b := appendParameters(text[:0], r.query)
	b = appendEscaped(append(b, "X-Amz-Algorithm="+algorithm+"&X-Amz-Credential="...), c.AccessKeyID)
	b = appendEscaped(append(b, "%2F"...), s.appendScope(header[:0], date))
	b = append(append(b, "&X-Amz-Date="...), date...)
	b = strconv.AppendInt(append(b, "&X-Amz-Expires="...), int64(expires/time.Second), 10)
	b = appendEscaped(append(b, "&X-Amz-SignedHeaders="...), names)
	if c.SessionToken != "" {
		b = appendEscaped(append(b, "&X-Amz-Security-Token="...), c.SessionToken)
	}
	r.query = string(b)
	sig, _ := s.steps(&r, fields, c, date)

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
