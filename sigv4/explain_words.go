package sigv4

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
)

// saying is what a service says of a signature that it refuses before it
// computes one. Source: the messages of AWS's services, as VerifyError has
// them too.
type saying struct {
	expr string
	say  func(x *examination, m []string) bool
}

var sayings = []saying{
	{`(?i)signature (?:expired|not yet current): (\d{8}T\d{6}Z) is .*?\((\d{8}T\d{6}Z) [-+]`, (*examination).clockSaid},
	{`(?i)signature expired|signature not yet current|request.{0,20}too skewed|RequestTimeTooSkewed|RequestExpired`, (*examination).clockSaid},
	{`(?i)date in credential scope does not match.*?'([^']*)' != '([^']*)'`, func(x *examination, m []string) bool {
		return x.say("date", fmt.Sprintf("The credential scope is of the day %s, the request's X-Amz-Date of %s: the two were taken from different clocks, time zones or moments.", printable(m[1]), printable(m[2])),
			fixDate)
	}},
	{`(?i)scoped to a valid region`, func(x *examination, _ []string) bool { return x.regionSaid() }},
	{`(?i)scoped to (?:the )?correct service(?:: ?'([^']+)')?`, func(x *examination, m []string) bool { return x.serviceSaid(m[1]) }},
	{`(?i)scoped with a valid terminator`, func(x *examination, _ []string) bool {
		return x.say("authorization", "The credential scope does not end in aws4_request.", "Write the scope as day/region/service/aws4_request.")
	}},
	{`(?i)'?host'? or ':authority' must be`, func(x *examination, _ []string) bool {
		return x.say("signed headers", "The header host is not among the signed headers.", "Sign at least host and every x-amz- header.")
	}},
	{`(?i)header '([^']+)' must be a 'SignedHeader'`, func(x *examination, m []string) bool { return x.unsigned(m[1]) }},
	{`(?i)header '([^']+)' is a 'SignedHeader'`, func(x *examination, m []string) bool { return x.absent(m[1]) }},
	{`(?i)requires existence of either a 'X-Amz-Date'`, func(x *examination, _ []string) bool {
		return x.say("date", "The request that arrived has neither X-Amz-Date nor Date.", "Send the X-Amz-Date that was signed, and let no proxy take it away.")
	}},
	{`(?i)date must be in ISO-8601 'basic format'`, func(x *examination, _ []string) bool {
		return x.say("date", "X-Amz-Date is not in the form YYYYMMDDTHHMMSSZ.", "Write the date as 20060102T150405Z, in UTC.")
	}},
	{`(?i)missing authentication token`, func(x *examination, _ []string) bool {
		return x.say("authorization", "The request that arrived is not signed: it has no Authorization header and no signature in its query.",
			"Sign the request; where it was signed, a proxy or a redirect took the header away.")
	}},
	{`(?i)not a valid key=value pair \(missing equal-sign\) in Authorization header:? '?(\w*)`, func(x *examination, m []string) bool {
		if strings.EqualFold(m[1], "Bearer") {
			return x.say("authorization", "The request carries a bearer token (an API key), where the service wants a SigV4 signature.",
				"Sign the request with AWS credentials, or send the key to an endpoint that takes it: bedrock-runtime and bedrock-mantle do.")
		}
		return x.say("authorization", "The Authorization header that arrived is no SigV4 one: a part of it is not NAME=VALUE.",
			fixAuthorization)
	}},
	{`(?i)security token included in the request is expired`, func(x *examination, _ []string) bool {
		return x.say("session token", "The temporary credentials have expired, session token and all.", "Get new ones; the same will be refused again.")
	}},
	{`(?i)security token included in the request is invalid`, func(x *examination, _ []string) bool { return x.tokenSaid() }},
	{`(?i)x-amz-content-sha256.{0,60}(?:not|mismatch|does)|XAmzContentSHA256Mismatch`, func(x *examination, _ []string) bool {
		return x.say("payload hash", "X-Amz-Content-Sha256 is not the hash of the body that arrived: the body was changed after it was hashed.", fixBody)
	}},
	{`(?i)(Authorization header (?:must|requires|has)[^"\n]*|X-Amz-Expires must be[^"\n]*|AWS query-string parameters? [^"\n]*|Credential must have exactly[^'"\n]*|SignedHeaders must be[^"\n]*|Unsupported AWS 'algorithm'[^"\n]*)`, func(x *examination, m []string) bool {
		return x.say("authorization", "The signature cannot be read: "+printable(m[1]),
			fixAuthorization)
	}},
	// of servers that are not AWS's
	{`(?i)(?:unsigned headers?|header not signed)\W+([a-z0-9-]+)`, func(x *examination, m []string) bool { return x.unsigned(m[1]) }},
	{`(?i)\bscope:? (?:\w+/)?(?:\d{8}/)?([a-z0-9-]+)/([a-z0-9-]+)\b`, func(x *examination, m []string) bool {
		switch {
		case x.Region != "" && m[1] != x.Region:
			x.claim.region = m[1]
			return x.regionSaid()
		case x.Service != "" && m[2] != x.Service:
			x.claim.service = m[2]
			return x.serviceSaid("")
		}
		return false
	}},
}

var compiled sync.Map // *regexp.Regexp by expression

// re compiles an expression when it is first needed.
func re(expr string) *regexp.Regexp {
	r, ok := compiled.Load(expr)
	if !ok {
		r, _ = compiled.LoadOrStore(expr, regexp.MustCompile(expr))
	}
	return r.(*regexp.Regexp)
}

// words goes by what the service says, unless it quotes a canonical request:
// then all of that was in order.
func (x *examination) words() bool {
	if x.isTheirs {
		return false
	}
	for _, s := range sayings {
		if m := re(s.expr).FindStringSubmatch(x.Message); m != nil && s.say(x, m) {
			return true
		}
	}
	return false
}

func (x *examination) clockSaid(m []string) bool {
	if len(m) == 3 {
		signed, err1 := time.Parse(TimeFormat, m[1])
		service, err2 := time.Parse(TimeFormat, m[2])
		if err1 == nil && err2 == nil {
			return x.skewed(service.Sub(signed))
		}
	}
	return x.say("clock", "The date of the request and the service's clock are more than five minutes apart.", fixClock)
}

// skewed reports a clock that is behind the service's by d.
func (x *examination) skewed(d time.Duration) bool {
	d = d.Round(time.Second)
	if d < 0 {
		return x.say("clock", fmt.Sprintf("The request's date is %v ahead of the service's clock: the signer's clock is wrong, or its time zone was taken for UTC.", -d), fixClock)
	}
	return x.say("clock", fmt.Sprintf("The request's date is %v behind the service's clock: the signer's clock is wrong, its time zone was taken for UTC, or the request was kept for that long before it was sent.", d), fixClock)
}

func (x *examination) regionSaid() bool {
	signed, want := x.claim.region, x.Region
	if m := re(`not '([^']*)'`).FindStringSubmatch(x.Message); signed == "" && m != nil {
		signed = m[1]
	}
	switch {
	case signed != "" && want != "" && signed != want:
		return x.say("region", fmt.Sprintf("The credential scope names the region %s, the endpoint is that of %s.", printable(signed), printable(want)), fixRegion)
	case signed != "":
		return x.say("region", fmt.Sprintf("The credential scope names the region %s, which is not the endpoint's.", printable(signed)), fixRegion)
	case want != "":
		return x.say("region", fmt.Sprintf("The credential scope names another region than %s, the endpoint's.", printable(want)), fixRegion)
	}
	return x.say("region", "The credential scope names another region than the endpoint's.", fixRegion)
}

func (x *examination) serviceSaid(want string) bool {
	want = cmp.Or(want, x.Service, "the service's own signing name")
	signed := "another service"
	if x.claim.service != "" {
		signed = "the service " + printable(x.claim.service)
	}
	return x.say("service", fmt.Sprintf("The credential scope names %s, the endpoint wants %s.", signed, printable(want)),
		"Sign for "+printable(want)+": the signing name is not always the first label of the host.")
}

// unsigned reports a header that must be signed and is not.
func (x *examination) unsigned(name string) bool {
	name = strings.ToLower(name)
	if name == "x-amz-security-token" {
		return x.say("session token", "The session token is sent, in X-Amz-Security-Token, but not covered by the signature: the header is missing from SignedHeaders.",
			"Set X-Amz-Security-Token before signing, and sign it like every x-amz- header.")
	}
	return x.say("header "+printable(name), fmt.Sprintf("The request that arrived has the header %s, which the signature does not cover: it was added after signing, by the program or by a proxy on the way, or the signer left it out.", printable(name)),
		"Set "+printable(name)+" before signing and sign it, or keep whatever adds it from doing so.")
}

// absent reports a header that is said to be signed and did not arrive.
func (x *examination) absent(name string) bool {
	name = strings.ToLower(name)
	if name == "x-amz-security-token" {
		return x.say("session token", "The session token was signed but is missing: the request that arrived has no X-Amz-Security-Token.",
			"Send X-Amz-Security-Token with the temporary credentials' token; look for a proxy that removes it.")
	}
	return x.say("header "+printable(name), fmt.Sprintf("The header %s was signed, and the request that arrived does not have it: it was never sent, or a proxy removed it on the way.", printable(name)),
		"Send what was signed, or leave "+printable(name)+" out of the signature.")
}

// tokenSaid finds out why an access key is not known.
func (x *examination) tokenSaid() bool {
	const from = "Give all three together: access key id, secret access key and, for temporary credentials, the session token that came with them."
	sent, have := x.claim.token, x.Credentials.SessionToken
	if !x.claimed {
		sent = x.header("X-Amz-Security-Token")
	}
	id := cmp.Or(x.claim.accessKeyID, x.Credentials.AccessKeyID)
	known := x.Request != nil && x.Credentials.AccessKeyID == id
	switch {
	case strings.TrimSpace(id) != id || strings.ContainsAny(id, "\"'"):
		return x.say("access key", "The access key id has white space or quotation marks around it.", "Give the access key id alone.")
	case sent == "" && strings.HasPrefix(id, "ASIA"), known && sent == "" && have != "":
		return x.say("session token", "The session token is missing: these are temporary credentials, and the request has no X-Amz-Security-Token.", from)
	case known && sent != "" && have == "", sent != "" && strings.HasPrefix(id, "AKIA"):
		return x.say("session token", "The request has a session token, but its access key is a long-term one: the token is a leftover of other credentials.", from)
	case known && sent != hidden && strings.TrimSpace(sent) != strings.TrimSpace(have):
		return x.say("session token", "The session token of the request is not the one of these credentials: it is cut, changed, or belongs to another set.", from)
	case x.claimed && x.Credentials.AccessKeyID != "" && id != x.Credentials.AccessKeyID:
		return x.say("access key", fmt.Sprintf("The request is signed with the access key %s, not with %s, and the service does not know it.", printable(id), printable(x.Credentials.AccessKeyID)), from)
	}
	x.guess = true
	if sent != "" && strings.HasPrefix(id, "ASIA") {
		x.say("session token", "The service does not accept these temporary credentials: the session token is missing from what arrived, was changed on the way, belongs to another access key, or was revoked with it; or they are of another partition.", from)
		return x.say("access key", "The access key itself may be mistyped, deleted or of another partition.", from)
	}
	return x.say("access key", "The service does not know the access key, or the session token does not fit it: deleted, deactivated, mistyped, or of another partition; or a session token is missing beside temporary keys.", from)
}
