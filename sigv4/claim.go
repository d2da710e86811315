package sigv4

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// claim is what a request says about its signature.
type claim struct {
	accessKeyID, day, region, service string // the credential
	signedHeaders                     []string
	signature                         string
	date                              string // X-Amz-Date
	time                              time.Time
	lifetime                          time.Duration
	token                             string
	presigned                         bool
}

// readClaim reads the Authorization header or, without one, the query.
func readClaim(h http.Header, query string) (c claim, err *VerifyError) {
	var parts map[string]string
	if h.Get("Authorization") != "" {
		parts, err = authorizationParts(h.Values("Authorization"))
		c.lifetime, c.token = MaxSkew, h.Get("X-Amz-Security-Token")
	} else {
		parts, err = queryParts(query)
		c.presigned, c.token = true, parts["Security-Token"]
	}
	if err != nil {
		return c, err
	}
	if c.presigned {
		seconds, bad := strconv.ParseUint(parts["Expires"], 10, 32)
		c.lifetime = time.Duration(seconds) * time.Second
		if bad != nil || c.lifetime < time.Second || c.lifetime > MaxPresign {
			return c, refuse(ErrIncomplete, "X-Amz-Expires must be a number of seconds from 1 to 604800, got '%s'", parts["Expires"])
		}
		c.date = parts["Date"]
	} else if c.date, err = headerDate(h); err != nil {
		return c, err
	}
	var bad error
	if c.time, bad = time.Parse(TimeFormat, c.date); bad != nil || len(c.date) != len(TimeFormat) {
		return c, refuse(ErrIncomplete, "Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", c.date)
	}
	c.signature = parts["Signature"]
	c.signedHeaders = strings.Split(parts["SignedHeaders"], ";")
	if slices.ContainsFunc(c.signedHeaders, func(name string) bool { return !validName(name) }) {
		return c, refuse(ErrIncomplete, "SignedHeaders must be header names joined with ';', got '%s'", parts["SignedHeaders"])
	}
	err = c.readCredential(parts["Credential"])
	return c, err
}

func (c *claim) readCredential(credential string) *VerifyError {
	parts := strings.Split(credential, "/")
	if len(parts) != 5 {
		e := refuse(ErrIncomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", credential)
		e.detail = "the Credential has not 5 elements" // it may be the secret
		return e
	}
	c.accessKeyID, c.day, c.region, c.service = parts[0], parts[1], parts[2], parts[3]
	if parts[4] != terminator {
		return refuse(ErrScope, "Credential should be scoped with a valid terminator: '%s', not '%s'.", terminator, parts[4])
	}
	return nil
}

// authorizationParts takes an Authorization header apart: the algorithm, then
// three parts name=value with commas between them.
func authorizationParts(values []string) (map[string]string, *VerifyError) {
	if len(values) > 1 {
		return nil, refuse(ErrIncomplete, "The request has %d Authorization headers.", len(values))
	}
	scheme, rest, _ := strings.Cut(strings.TrimSpace(values[0]), " ")
	if scheme != algorithm {
		return nil, refuse(ErrIncomplete, "Authorization header must begin with the AWS 'algorithm' '%s'.", algorithm)
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		switch _, twice := parts[name]; {
		case !ok:
			return nil, refuse(ErrIncomplete, "Authorization header has a part that is not a valid key=value pair (missing equal-sign).")
		case twice || name != "Credential" && name != "SignedHeaders" && name != "Signature":
			return nil, refuse(ErrIncomplete, "Authorization header has an unknown or repeated parameter '%s'.", name)
		}
		parts[name] = value
	}
	return parts, required(parts, "Authorization header", "", "Credential", "Signature", "SignedHeaders")
}

// queryParts finds the parameters of a presigned URL, without "X-Amz-".
func queryParts(query string) (map[string]string, *VerifyError) {
	parts := map[string]string{}
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, ok := strings.CutPrefix(unescape(name), "X-Amz-")
		if !ok {
			continue
		}
		if _, twice := parts[name]; twice {
			return parts, refuse(ErrIncomplete, "AWS query-string parameter 'X-Amz-%s' is given twice.", name)
		}
		parts[name] = unescape(value)
	}
	_, isClaim := parts["Algorithm"]
	if !isClaim && parts["Signature"] == "" {
		return parts, refuse(ErrMissing, "Missing Authentication Token")
	}
	if got := parts["Algorithm"]; got != algorithm {
		return parts, refuse(ErrIncomplete, "Unsupported AWS 'algorithm': '%s'.", got)
	}
	return parts, required(parts, "AWS query-string parameters must include", "X-Amz-", "Credential", "Date", "Expires", "Signature", "SignedHeaders")
}

// required names all parts that are missing.
func required(parts map[string]string, where, prefix string, names ...string) *VerifyError {
	var missing []string
	for _, name := range names {
		if parts[name] == "" {
			missing = append(missing, "'"+prefix+name+"'")
		}
	}
	switch {
	case missing == nil:
		return nil
	case prefix != "":
		return refuse(ErrIncomplete, "%s %s.", where, strings.Join(missing, ", "))
	}
	return refuse(ErrIncomplete, "%s requires %s parameter.", where, strings.Join(missing, " parameter. "+where+" requires "))
}

// headerDate is X-Amz-Date or, without one, Date in the same form.
func headerDate(h http.Header) (string, *VerifyError) {
	if date := h.Get("X-Amz-Date"); date != "" {
		return date, nil
	}
	date := h.Get("Date")
	if date == "" {
		return "", refuse(ErrIncomplete, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if t, err := http.ParseTime(date); err == nil {
		return t.UTC().Format(TimeFormat), nil
	}
	return date, nil
}

func (c *claim) checkScope(region, service string) *VerifyError {
	switch {
	case c.day != c.date[:8]:
		return refuse(ErrScope, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", c.day, c.date[:8], c.date)
	case region != "" && c.region != region:
		return refuse(ErrScope, "Credential should be scoped to a valid region, not '%s'. ", c.region)
	case service != "" && c.service != service:
		return refuse(ErrScope, "Credential should be scoped to correct service: '%s'. ", service)
	}
	return nil
}

// checkTime allows MaxSkew either way in the header form; a presigned URL may
// start as much too early and lives as long as it says.
func (c *claim) checkTime(now time.Time) *VerifyError {
	now = now.UTC()
	format := func(t time.Time) string { return t.Format(TimeFormat) }
	if limit := now.Add(MaxSkew); c.time.After(limit) {
		return refuse(ErrNotYetCurrent, "Signature not yet current: %s is still later than %s (%s + 5 min.)", c.date, format(limit), format(now))
	}
	if limit := now.Add(-c.lifetime); c.time.Before(limit) {
		return refuse(ErrExpired, "Signature expired: %s is now earlier than %s (%s - %d min.)", c.date, format(limit), format(now), c.lifetime/time.Minute)
	}
	return nil
}

// signedFields collects exactly the headers that the request says are signed.
func (c *claim) signedFields(host string, req *http.Request) (fields []field, err *VerifyError) {
	names := sortedNames(c.signedHeaders)
	if _, ok := slices.BinarySearch(names, "host"); !ok {
		return nil, refuse(ErrSignedHeaders, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name := range req.Header {
		name = strings.ToLower(name)
		if _, ok := slices.BinarySearch(names, name); !ok && strings.HasPrefix(name, "x-amz-") {
			return nil, refuse(ErrSignedHeaders, "The header '%s' must be a 'SignedHeader' in the AWS Authorization.", name)
		}
	}
	if !c.presigned && req.Header.Get("X-Amz-Date") == "" && !slices.Contains(names, "date") {
		return nil, refuse(ErrSignedHeaders, "The header 'date' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for _, name := range names {
		f := field{name: name}
		switch values := req.Header.Values(name); {
		case name == "host":
			f.values = []string{host}
		case len(values) > 0:
			f.values = values
		case name == "content-length":
			f.values = []string{strconv.FormatInt(req.ContentLength, 10)}
		default:
			return nil, refuse(ErrSignedHeaders, "The header '%s' is a 'SignedHeader' in the AWS Authorization but the request does not have it.", name)
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// sortedNames are the signed headers as they must be listed.
func sortedNames(names []string) []string {
	sorted := make([]string, len(names))
	for i, name := range names {
		sorted[i] = strings.ToLower(name)
	}
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// withoutSignature removes the one parameter of a presigned URL that is not
// covered by its signature.
func withoutSignature(query string) string {
	parts := strings.Split(query, "&")
	parts = slices.DeleteFunc(parts, func(part string) bool {
		name, _, _ := strings.Cut(part, "=")
		return unescape(name) == "X-Amz-Signature"
	})
	return strings.Join(parts, "&")
}
