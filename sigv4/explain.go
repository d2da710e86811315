package sigv4

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Evidence is what is known of a request whose signature was refused. Nothing
// in it is needed but Message or Request; the more there is, the more Explain
// can tell.
type Evidence struct {
	// Message is what the service said: its error's message, or the whole
	// answer. The canonical request that it may quote is that of the request
	// that arrived.
	Message string

	// Request is the request as its sender meant it: method ("" is unknown),
	// URL, Host and headers. With its Authorization header, or as a presigned
	// URL, it tells how it was signed.
	Request *http.Request
	// Signed is the canonical request that was signed, when that is known
	// better than Request can tell. A session token in it may read REDACTED.
	Signed string
	// Body is that of the request; nil is unknown.
	Body []byte
	// PayloadHash is HashPayload of the body, for those who no longer have it.
	PayloadHash string

	// Credentials are those that the request should have been signed with. With
	// a secret access key the signature in Request is searched for a mistake
	// that makes it.
	Credentials Credentials
	// Region and Service are those that it should have been signed for.
	Region, Service string
	// Answered is the service's clock: the Date of its answer.
	Answered time.Time

	// Regions, Services and Hosts are others that it may have been signed for
	// by mistake.
	Regions, Services, Hosts []string
}

// Cause is one thing that breaks a signature.
type Cause struct {
	// Culprit names it: path, query, method, host, header NAME, session token,
	// signed headers, payload hash, region, service, clock, date, access key,
	// secret, signing key, canonical request, string to sign, signature or
	// authorization; or it is "signature refused", when one is as likely as
	// another.
	Culprit string
	Why     string // what was found, in a sentence or two
	Fix     string // what to do
}

// Explanation says why a signature was refused. Session tokens in it read
// REDACTED.
type Explanation struct {
	Cause
	// Proven: signing as Why tells, with the secret of the evidence, gives the
	// very signature that the request carries.
	Proven bool
	// Guess: nothing in the evidence shows it. Culprit is what is likely, and
	// Also what else may be it.
	Guess bool
	Also  []Cause // what else differs, or may be it when nothing is proven

	// The canonical requests: what was signed, as far as it is known or was
	// found out, and what the service computed; Lines has them side by side.
	// Each may be empty.
	Ours, Theirs string
	Lines        []Line
}

// Explain finds what broke a signature. It is not ok when the evidence does not
// tell, or tells of no refused signature.
//
// With the signature and the secret it tries out, one and two at a time, the
// mistakes that signers make, so what it finds is proven. Otherwise it goes by
// the service's words, by the difference between the request given and the one
// quoted, and by what is wrong with the request on its face.
func Explain(e Evidence) (Explanation, bool) {
	x := examine(e)
	return x.first(x.words, x.misspelled, x.search, x.differ, x.face, x.rest)
}

// ExplainMessage is Explain for what a service said, with the canonical request
// that was signed, "" when it is not known. There is no request to look at, and
// programs that call nothing else do not hold the code that would.
func ExplainMessage(message, signed string, c Credentials) (Explanation, bool) {
	x := hear(Evidence{Message: message, Signed: signed, Credentials: c})
	return x.first(x.words, x.linesDiffer, x.selfish, x.flawed, x.unquoted)
}

// first takes the steps until one explains the refusal.
func (x *examination) first(steps ...func() bool) (Explanation, bool) {
	for _, step := range steps {
		if step() {
			return x.explanation(), true
		}
	}
	e := x.explanation()
	if e.Culprit != "" { // what may be is no explanation
		e.Cause, e.Also = Cause{}, x.found
	}
	return e, false
}

// examination is the work on one piece of evidence.
type examination struct {
	Evidence
	claim    claim
	refusal  *VerifyError // why the claim cannot be read
	claimed  bool         // the request carries a signature
	ours     form
	theirs   form
	toSign   []string // the lines of the string to sign that the service quotes
	isOurs   bool     // ours is known
	isTheirs bool

	bodies []variant
	remake func() []variant // variants, where there is a body
	hasty  bool             // the search leaves out what takes long
	found  []Cause          // the first is the culprit
	proven bool
	guess  bool   // what was found is only what is likely
	well   bool   // the request given carries the right signature
	signed string // what the search found to have been signed
}

// hear takes in what the service said and what was signed.
func hear(e Evidence) *examination {
	x := &examination{Evidence: e}
	if theirs, toSign, ok := Quoted(e.Message); ok {
		x.theirs, x.isTheirs = parseForm(theirs)
		x.toSign = strings.Split(toSign, "\n")
	}
	x.ours, x.isOurs = parseForm(e.Signed)
	return x
}

func examine(e Evidence) *examination {
	x := hear(e)
	if x.Request = unmasked(e.Request); x.Request != nil && x.Request.URL != nil {
		r := x.Request
		_, query := receivedTarget(r)
		scheme, _, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
		if scheme != "" && !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "Basic") || strings.Contains(query, "X-Amz-") {
			x.claim, x.refusal = readClaim(r.Header, query)
			x.claimed = x.claim.signature != ""
		}
	}
	if e.Body != nil {
		x.PayloadHash, x.remake = cmp.Or(e.PayloadHash, HashPayload(e.Body)), x.variants
	}
	if !x.isOurs {
		x.ours, x.isOurs = x.meant()
	}
	return x
}

// meant is the canonical request of Request as it should be signed. What
// Request does not tell, and a signer would have added, is taken from the
// service's.
func (x *examination) meant() (f form, ok bool) {
	r := x.Request
	if r == nil || r.URL == nil || r.URL.Host == "" && r.Host == "" {
		return f, false
	}
	path, query := receivedTarget(r)
	if x.claim.presigned {
		query = withoutSignature(query)
	}
	f.method = cmp.Or(strings.ToUpper(r.Method), x.theirs.method, http.MethodGet)
	f.path = string(appendURI(nil, path, x.service() == "s3"))
	f.query = string(appendQuery(nil, query))
	for _, name := range x.names() {
		if value, ok := x.value(name); ok {
			f.headers = append(f.headers, line{name, value})
		}
	}
	slices.SortStableFunc(f.headers, compareNames)
	f.signed = strings.Join(x.names(), ";")
	f.payload = cmp.Or(x.payloadHash(), x.theirs.payload, EmptyPayloadHash)
	return f, true
}

// service is the one that the request was signed for.
func (x *examination) service() string { return cmp.Or(x.claim.service, x.Service) }

// names are the headers that the signature covers: those that the request says
// so of, else those that the service quotes, else all.
func (x *examination) names() []string {
	if x.claimed {
		return sortedNames(x.claim.signedHeaders)
	}
	if x.isTheirs {
		return strings.Split(x.theirs.signed, ";")
	}
	names := []string{"host", "x-amz-date"}
	for name := range x.Request.Header {
		if canonical, ok := canonicalName(name); ok && !neverSigned(canonical) && canonical != "Authorization" {
			names = append(names, name)
		}
	}
	return sortedNames(names)
}

// value is the canonical value of a header of the request. Those that a signer
// sets are the service's when the request does not have them.
func (x *examination) value(name string) (value string, ok bool) {
	if name == "host" {
		return trim(hostOf(x.Request)), true
	}
	values := x.Request.Header.Values(name)
	if len(values) > 0 {
		var trimmed []string
		for _, v := range values {
			trimmed = append(trimmed, trim(v))
		}
		return strings.Join(trimmed, ","), true
	}
	theirs, known := x.theirs.header(name)
	switch {
	case !x.claimed && len(x.Request.Header) == 0, name == "content-length", !x.claimed && (name == "x-amz-date" || name == "x-amz-security-token" || name == "x-amz-content-sha256"):
		return theirs, known
	case name == "x-amz-date":
		return x.claim.date, x.claim.date != ""
	}
	return "", false
}

// trim makes a header value canonical.
func trim(value string) string { return string(appendTrimmed(nil, value)) }

func (x *examination) payloadHash() string {
	if given := x.header("X-Amz-Content-Sha256"); coversNoBody(given) {
		return given
	}
	return x.PayloadHash
}

// header is a header of the request, "" without one.
func (x *examination) header(name string) string {
	if x.Request == nil {
		return ""
	}
	return x.Request.Header.Get(name)
}

// say adds a cause to what was found.
func (x *examination) say(culprit, why, fix string) bool {
	x.found = append(x.found, Cause{culprit, why, fix})
	return true
}

func (x *examination) explanation() Explanation {
	ours, theirs := x.signed, ""
	if ours == "" && x.isOurs {
		ours = x.ours.String()
	}
	e := Explanation{Proven: x.proven, Guess: x.guess && len(x.found) > 0}
	if x.isTheirs {
		theirs = x.theirs.String()
		if f, ok := parseForm(ours); ok {
			e.Lines = compare(f, x.theirs)
		}
	}
	e.Ours, e.Theirs = x.hide(ours), x.hide(theirs)
	for i := range e.Lines {
		l := &e.Lines[i]
		l.Ours, l.Theirs = x.hideIn(l.Part, l.Ours), x.hideIn(l.Part, l.Theirs)
	}
	if len(x.found) > 0 {
		e.Cause, e.Also = x.found[0], x.found[1:]
	}
	return e
}
