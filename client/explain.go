package client

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rawbedrock/client/operation"
	"rawbedrock/client/redact"
	"rawbedrock/sigv4"
)

// Refusal is what is known of a call that was refused; see sigv4.Evidence for
// what each part helps to find.
type Refusal struct {
	Transcript         // the answer, and the request when it shows
	Signed      string // the canonical request that was signed, when it was kept
	PayloadHash string // of the request's body, when that was not kept
	Credentials sigv4.Credentials
	Region      string // that should have been signed for; "" takes the one that the host names
	Service     string // likewise
	// DefaultRegion is taken where the host names none.
	DefaultRegion string
	Hosts         []string // that it may have been signed for by mistake, such as those of endpoints that are set
}

// Explanation says why a call was refused and what to do. Nothing in it is a
// secret.
type Explanation struct {
	sigv4.Explanation
	Error *Error // what the answer says; nil when it tells of no error
}

// Explain finds out why a call was refused. A refused signature is taken apart
// by sigv4.Explain; of any other error Culprit is its meaning, Why its message
// and Fix the hint. It is not ok when neither is known.
func Explain(r Refusal) (x Explanation, ok bool) {
	if x.Error = r.err(r.secrets()...); x.Error == nil && r.Status != 0 {
		return x, false
	}
	if _, _, quoted := sigv4.Quoted(rawMessage(r.errorBody())); x.Error != nil && !quoted && !aboutSignature(x.Error) {
		return x, x.classify(r)
	}
	evidence := r.evidence(x.Error)
	if x.Explanation, ok = sigv4.Explain(evidence); !ok && x.Error != nil && x.Theirs == "" {
		ok = x.classify(r)
	}
	x.redact(r)
	return x, ok
}

// aboutSignature tells the errors that who signs, or what is signed, can cause,
// and those that mean nothing known.
func aboutSignature(e *Error) bool {
	for _, is := range []error{ErrBadSignature, ErrClockSkew, ErrBadCredentials, ErrExpiredCredentials} {
		if errors.Is(e, is) {
			return true
		}
	}
	return codeMeaning(e.Code, 0) == nil && e.row() == nil && (e.Status == 0 || e.Status == http.StatusForbidden)
}

// classify goes by what the error means.
func (x *Explanation) classify(r Refusal) bool {
	e := x.Error
	e.finish()
	if errors.Is(e, ErrUnknownOperation) && r.Request != nil && bareARN.get().MatchString(target(r.Request)) {
		x.Culprit = "path"
		x.Why = `The "/" within the ARN stands bare in the path, so the path leads nowhere (AWS answers UnknownOperationException, even with HTTP status 200).`
		x.Fix = `Percent-encode the model id as one segment: "/" as %2F, ":" as %3A; for signing that is encoded once more, as %252F and %253A.`
		return true
	}
	if x.Culprit = meaningOf(e); x.Culprit == "" {
		return false
	}
	if status := e.Status; strings.HasPrefix(e.Message, answeredHTML) && (status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusProxyAuthRequired) {
		x.Culprit = "proxy"
	}
	if x.Why, x.Fix = oneLine(e.Message, maxLine), e.Hint; errors.Is(e, ErrBadSignature) && strings.Contains(x.Fix, "bedrock explain") {
		x.Fix = "Nothing here tells what was signed. The usual causes are a stray character in the secret key, a path that was encoded once instead of twice, and a proxy that changed the request; give the request with its Authorization header and its body, as 'curl -v' shows it, to find which."
	}
	return x.Fix != ""
}

// bareARN is a path whose model id is an ARN with a slash.
var bareARN = pattern{expr: `(?i)^/model/arn(?::|%3a)[^/]*/[^/]+/[^/]+`}

func target(r *http.Request) string {
	if r.RequestURI != "" {
		return r.RequestURI
	}
	return r.URL.EscapedPath()
}

// meaningOf is the most special meaning of an error, in words.
func meaningOf(e *Error) string {
	if r := e.row(); r != nil && r.is != nil {
		return r.is.Error()
	}
	if is := codeMeaning(e.Code, e.Status); is != nil {
		return is.Error()
	}
	return e.Code
}

// regionNames are where Bedrock is. Source: "Amazon Bedrock endpoints and
// quotas", AWS General Reference.
var regionNames = strings.Fields("us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 ca-west-1 mx-central-1 sa-east-1 " +
	"eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 " +
	"ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 " +
	"ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 " +
	"il-central-1 me-central-1 me-south-1 af-south-1 us-gov-east-1 us-gov-west-1 us-iso-east-1 us-isob-east-1 eusc-de-east-1")

func (r Refusal) evidence(e *Error) sigv4.Evidence {
	quoted := false
	message := string(r.errorBody())
	if e != nil && e.Message != noBody {
		message = e.Message
	}
	if raw := rawMessage(r.errorBody()); raw != "" {
		if _, _, quoted = sigv4.Quoted(raw); quoted {
			message = raw // unredacted: the token is evidence
		}
	}
	region, service := r.scope()
	if named, _ := r.byRequest(); named == "" && strings.Contains(message, "signature we calculated does not match") {
		region = "" // who computed the signature has taken the scope, and the default is another matter
	}
	evidence := sigv4.Evidence{
		Message: message, Request: r.Request, Signed: r.Signed, Body: r.RequestBody, PayloadHash: r.PayloadHash,
		Credentials: r.Credentials, Region: region, Service: service,
		Hosts: r.Hosts, Regions: regionNames, Services: []string{"bedrock", "bedrock-runtime", "bedrock-mantle", "bedrock-agent-runtime", "bedrock-agent"},
	}
	var err error
	if evidence.Answered, err = http.ParseTime(r.Header.Get("Date")); err != nil && !quoted && aboutTime.get().MatchString(message) {
		evidence.Answered = time.Now()
	}
	return evidence
}

// aboutTime tells a message that is about the request's date, whoever wrote it.
var aboutTime = pattern{expr: `(?i)\b(?:date|clock|skew\w*|expired|time\w*)\b`}

// serviceHost is a host of AWS that names its service and region.
var serviceHost = pattern{expr: `^(?:[a-z0-9-]+\.)*?([a-z][a-z0-9-]*?)(?:-fips)?\.([a-z]{2,4}(?:-[a-z]+)+-[0-9])\.(?:vpce\.)?(?:amazonaws\.|api\.)`}

// scope is what a request should be signed for: as told, else by its host, else
// by its path.
func (r Refusal) scope() (region, service string) {
	region, service = r.byRequest()
	return cmp.Or(region, r.DefaultRegion), service
}

func (r Refusal) byRequest() (region, service string) {
	region, service = r.Region, r.Service
	if r.Request == nil || r.Request.URL == nil {
		return region, service
	}
	if m := serviceHost.get().FindStringSubmatch(hostname(r.Request)); m != nil {
		if region == "" {
			region = m[2]
		}
		if service == "" {
			service = m[1]
		}
		if strings.HasPrefix(m[1], "bedrock") && r.Service == "" {
			service = operation.Host(m[1]).SigningName()
		}
		return region, service
	}
	path, _, _ := strings.Cut(target(r.Request), "?")
	if op, _, ok := operation.Match(r.Request.Method, path); ok && service == "" {
		service = op.Host.SigningName()
	}
	return region, service
}

func hostname(r *http.Request) string {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	return strings.ToLower((&url.URL{Host: host}).Hostname())
}

// secrets are those of the credentials and of the request.
func (r Refusal) secrets() []string {
	all := []string{r.Credentials.SecretAccessKey, r.Credentials.SessionToken}
	if r.Request == nil {
		return all
	}
	for name, values := range r.Request.Header {
		if !redact.SecretHeader(name) {
			continue
		}
		for _, v := range values {
			if scheme, key, ok := strings.Cut(strings.TrimSpace(v), " "); !strings.HasPrefix(v, "AWS4-") && (!ok || strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "Basic")) {
				all = append(all, cmp.Or(strings.TrimSpace(key), scheme))
			}
		}
	}
	return all
}

// redact takes secrets out of an explanation.
func (x *Explanation) redact(r Refusal) {
	secrets := r.secrets()
	clean := func(all ...*string) {
		for _, s := range all {
			*s = redact.Text(*s, secrets...)
		}
	}
	clean(&x.Why, &x.Ours, &x.Theirs)
	for i := range x.Also {
		clean(&x.Also[i].Why)
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		if name, ok := strings.CutPrefix(l.Part, "header "); ok && redact.SecretHeader(name) {
			for _, s := range []*string{&l.Ours, &l.Theirs} {
				if *s != "" {
					*s = redact.Mark
				}
			}
		}
		clean(&l.Ours, &l.Theirs)
	}
}
