package sigv4

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// What to do, where several causes share it.
const (
	fixClock         = "Set the clock of the machine that signs (NTP), and sign afresh for every attempt, right before it is sent."
	fixRegion        = "Sign for the region of the endpoint, and call the endpoint of the region that was signed for."
	fixBody          = "Hash the very bytes that are sent, after everything that changes them, and let no proxy rewrite the body."
	fixPath          = "Percent-encode each segment of the path once for the wire, and that once more for the canonical request; send the path as it was encoded, with no library or proxy changing it."
	fixQuery         = "Encode names and values once (space is %20, hexadecimal digits are upper case), sort them by name, then by value, and send them as they were signed."
	fixHeader        = "Sign the headers as they are sent, names in lower case, values without outer white space and with single spaces, and keep the way to the service from changing them."
	fixList          = "List the names of the headers that were signed, in lower case, sorted, each once, joined with semicolons."
	fixDate          = "Take the time once, in UTC, and make X-Amz-Date, the string to sign and the scope's day of it."
	fixSecret        = "Take the secret access key of this very access key id afresh, without line breaks, blanks or quotation marks around it, and look where it comes from."
	fixAuthorization = "Write it as AWS4-HMAC-SHA256 Credential=KEYID/DAY/REGION/SERVICE/aws4_request, SignedHeaders=a;b;host, Signature=64 hex digits; a proxy or a shell may have changed it."
	fixHost          = "Sign for the very Host that the service sees, without a default port, or let the proxy keep it."
)

// causes tells of each line that differs what it means, the likeliest culprit
// first. Where moved is set, ours is what was meant to arrive and did not; else
// it is what a signer made of theirs by mistake.
func (x *examination) causes(lines []Line, moved bool) bool {
	before := len(x.found)
	for r := range len(ranks) {
		for _, l := range lines {
			follows := l.Part == "signed headers" && len(x.found) > before // from the header that differs
			if !l.Same && !follows && rank(l.Part) == r {
				x.found = append(x.found, x.cause(l, moved))
			}
		}
	}
	return len(x.found) > before
}

// ranks are the parts of a canonical request, what is most likely to be the
// reason of the rest first; "" are all others.
var ranks = []string{"header host", "path", "query", "method", "header x-amz-security-token", "payload hash", "header x-amz-content-sha256", "", "header content-type", "header content-length", "signed headers"}

func rank(part string) int {
	if i := slices.Index(ranks, part); i >= 0 {
		return i
	}
	return slices.Index(ranks, "")
}

func (x *examination) cause(l Line, moved bool) Cause {
	switch l.Part {
	case "method":
		return Cause{"method", difference(l, moved), "Write the method in upper case, the one that is sent; a redirect or a proxy may have changed it."}
	case "path":
		return Cause{"path", pathWhy(l, moved), fixPath}
	case "query":
		return Cause{"query", queryWhy(l, moved), fixQuery}
	case "header host":
		return Cause{"host", hostWhy(l, moved), fixHost}
	case "header x-amz-security-token":
		return Cause{"session token", tokenWhy(l, moved), "Set X-Amz-Security-Token to the token of the very credentials before signing, sign it, and let it arrive unchanged."}
	case "header x-amz-date":
		return Cause{"date", difference(l, moved), "Take the time once, and sign the X-Amz-Date that is sent."}
	case "signed headers":
		return Cause{"signed headers", difference(l, moved) + " The list must be in lower case and sorted, and name what was signed.", fixList}
	case "payload hash":
		return Cause{"payload hash", x.payloadWhy(l, moved), fixBody}
	}
	name := strings.TrimPrefix(l.Part, "header ")
	return Cause{"header " + printable(name), headerWhy(name, l, moved), fixHeader}
}

// difference states the fact, with values where they are no secrets.
func difference(l Line, moved bool) string {
	ours, theirs := shown(l.Part, l.Ours), shown(l.Part, l.Theirs)
	switch l.Missing {
	case "ours":
		ours = "nothing"
	case "theirs":
		theirs = "nothing"
	}
	if moved {
		return fmt.Sprintf("%s: what was to be signed has %s, what arrived has %s.", upperFirst(l.Part), ours, theirs)
	}
	return fmt.Sprintf("%s: %s was signed where the service signs %s.", upperFirst(l.Part), ours, theirs)
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// shown is a value for a person.
func shown(part, value string) string {
	name, isHeader := strings.CutPrefix(part, "header ")
	secret := isHeader && (strings.Contains(name, "token") || strings.Contains(name, "auth") || strings.Contains(name, "cookie") || strings.Contains(name, "key") || strings.Contains(name, "secret"))
	switch {
	case value == "":
		return "an empty one"
	case secret:
		return fmt.Sprintf("a secret of %d bytes", len(value))
	}
	value = re(tokenForm).ReplaceAllString(value, "${1}"+hidden)
	if len(value) > 120 {
		value = value[:120] + "…"
	}
	return fmt.Sprintf("%+q", value)
}

func hostWhy(l Line, moved bool) string {
	why := difference(l, moved)
	name, port, _ := strings.Cut(l.Ours, ":")
	theirName, theirPort, _ := strings.Cut(l.Theirs, ":")
	switch {
	case !strings.EqualFold(name, theirName) && moved:
		return why + " A proxy or gateway changed it, or the request was signed for another endpoint."
	case !strings.EqualFold(name, theirName):
		return why + " It was signed for another host than it was sent to."
	case port == theirPort:
		return why + " They differ in upper and lower case."
	case theirPort == "":
		return why + " The port " + printable(port) + " was signed and not sent: a default port is left out of Host."
	}
	return why + " The Host that arrived has the port " + printable(theirPort) + ", what was signed has not the same."
}

func tokenWhy(l Line, moved bool) string {
	switch {
	case l.Missing == "ours" && moved:
		return "The request that arrived has a session token, what was to be signed has none."
	case l.Missing == "ours" || l.Ours == "":
		return "The session token is missing from what was signed: X-Amz-Security-Token was set after signing, or left out."
	case l.Missing == "theirs" || l.Theirs == "":
		return "The session token was signed, and is missing from the request that arrived: X-Amz-Security-Token was never sent, or a proxy removed it."
	case strings.Join(strings.Fields(l.Ours), "") == l.Theirs:
		return "The session token was signed with white space or a line break that did not arrive."
	case unescape(l.Ours) == unescape(l.Theirs) || unescape(l.Ours) == l.Theirs || l.Ours == unescape(l.Theirs):
		return "The session token is percent-encoded on one side and not on the other."
	}
	return fmt.Sprintf("The session token that arrived (%d bytes) is not the one that was signed (%d bytes): it belongs to other credentials, or was cut or changed.", len(l.Theirs), len(l.Ours))
}

// proxyHeaders begin the names of more headers that proxies add or change than
// neverSigned has.
var proxyHeaders = []string{"proxy-connection", "accept-encoding", "x-forwarded", "x-real-ip", "forwarded", "via", "x-request-id", "x-envoy", "x-b3-", "traceparent", "tracestate", "cf-", "true-client-ip", "cdn-"}

// rewritten tells whether a header is one that hops on the way add, change or
// drop.
func rewritten(name string) bool {
	return name != "host" && neverSigned(http.CanonicalHeaderKey(name)) || slices.ContainsFunc(proxyHeaders, func(p string) bool { return strings.HasPrefix(name, p) })
}

func headerWhy(name string, l Line, moved bool) string {
	why := difference(l, moved)
	if rewritten(name) {
		why += " Proxies add, change or drop it: it should not be signed at all."
	}
	switch {
	case l.Missing == "ours" && moved:
		return why + " It was added on the way, by a library or a proxy, or is missing from the request given here."
	case l.Missing == "ours":
		return why + " The header is listed as signed, and was left out of what was signed."
	case (l.Missing == "theirs" || l.Theirs == "") && moved:
		return why + " It was removed on the way, by a proxy, or never sent."
	case l.Missing == "theirs" || l.Theirs == "":
		return why + " It was signed and did not arrive, or is not listed as signed."
	case trim(l.Ours) == l.Theirs || trim(l.Ours) == trim(l.Theirs):
		return why + " The value was not trimmed: outer white space goes, and inner becomes one space."
	case strings.HasPrefix(l.Theirs, l.Ours+","), strings.HasSuffix(l.Theirs, ","+l.Ours), strings.HasPrefix(l.Theirs, l.Ours+";"):
		return why + " Something was added to it on the way, by a proxy."
	case strings.ReplaceAll(l.Ours, " ", "") == strings.ReplaceAll(l.Theirs, " ", ""):
		return why + " They differ in spaces: repeated headers are joined with a comma alone."
	case strings.EqualFold(l.Ours, l.Theirs):
		return why + " They differ in upper and lower case; values keep theirs."
	case moved:
		return why + " It was changed on the way, by a library or a proxy."
	}
	return why
}

func queryWhy(l Line, moved bool) string {
	why := difference(l, moved)
	ours, theirs := strings.Split(l.Ours, "&"), strings.Split(l.Theirs, "&")
	sorted := func(parts []string) []string { return slices.Sorted(slices.Values(parts)) }
	decoded := func(parts []string) []string {
		var all []string
		for _, p := range parts {
			name, value, _ := strings.Cut(p, "=")
			all = append(all, unescape(unescape(name))+"="+unescape(unescape(value)))
		}
		return sorted(all)
	}
	switch {
	case slices.Equal(sorted(ours), sorted(theirs)):
		return why + " The parameters are not sorted."
	case slices.Equal(decoded(ours), decoded(theirs)) && slices.ContainsFunc(ours, func(p string) bool { return !strings.Contains(p, "=") }):
		return why + " A parameter without a value needs its \"=\"."
	case slices.Equal(decoded(ours), decoded(theirs)):
		return why + " They are encoded differently: \"+\" or %20 for a space, upper or lower case digits, once too few or too many."
	case l.Theirs == "" && moved:
		return why + " The query was lost on the way."
	case l.Ours == "" && !moved:
		return why + " The query was not signed."
	case moved:
		return why + " Parameters were added, removed or changed on the way."
	}
	return why
}

func (x *examination) payloadWhy(l Line, moved bool) string {
	why := "The payload hash that was signed is not that of the body that arrived: "
	switch {
	case strings.EqualFold(l.Ours, l.Theirs):
		return why + "it is in upper case."
	case l.Ours == UnsignedPayload:
		return why + "UNSIGNED-PAYLOAD was signed, without the header X-Amz-Content-Sha256 that says so."
	case l.Theirs == UnsignedPayload:
		return why + "the request says UNSIGNED-PAYLOAD."
	case l.Ours == EmptyPayloadHash:
		return why + "an empty body was signed, and the one that arrived is not empty."
	case l.Theirs == EmptyPayloadHash:
		return why + "the body was lost on the way, or sent without a length."
	}
	if given, ok := x.ours.header("x-amz-content-sha256"); ok && given == l.Theirs {
		why = "X-Amz-Content-Sha256 is not the hash of the body: "
	}
	if x.remake != nil {
		for _, v := range x.remake() {
			switch {
			case v.hash == l.Theirs && moved:
				return why + "the body arrived " + v.how + "."
			case v.hash == l.Ours && !moved:
				return why + "the body was signed " + v.how + "."
			}
		}
		if !moved && l.Ours == string(x.Body) {
			return why + "the body itself stands where its hash belongs."
		}
	}
	return why + "the body was changed after it was hashed, by the program, a library or a proxy."
}
