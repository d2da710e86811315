package sigv4

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// differ goes by what the service quotes: the scope and date that it took, then
// the canonical request.
func (x *examination) differ() bool {
	return x.scopeDiffers() || x.isTheirs && x.isOurs && x.listDiffers() || x.linesDiffer()
}

// linesDiffer compares the canonical requests.
func (x *examination) linesDiffer() bool {
	return x.isTheirs && x.isOurs && x.causes(compare(x.ours, x.theirs), true)
}

// scopeDiffers compares the date and scope of the quoted string to sign with
// what the request says.
func (x *examination) scopeDiffers() bool {
	if !x.claimed || len(x.toSign) < 3 {
		return false
	}
	scope := strings.Split(x.toSign[2], "/")
	if len(scope) != 4 {
		return false
	}
	c := x.claim
	switch {
	case scope[1] != c.region:
		x.Region = scope[1]
		return x.regionSaid()
	case scope[2] != c.service:
		return x.serviceSaid(scope[2])
	case scope[0] != c.day || x.toSign[1] != c.date:
		return x.say("date", fmt.Sprintf("The request is dated %s with a scope of %s, the service took %s and %s.", printable(c.date), printable(c.day), printable(x.toSign[1]), printable(scope[0])),
			fixDate)
	}
	return false
}

// listDiffers finds a list of signed headers that is not in canonical order.
func (x *examination) listDiffers() bool {
	if !x.claimed {
		return false
	}
	given := strings.Join(x.claim.signedHeaders, ";")
	if sorted := strings.Join(sortedNames(x.claim.signedHeaders), ";"); given != sorted {
		return x.say("signed headers", fmt.Sprintf("SignedHeaders is %q: it must be %q, in lower case, sorted, each name once.", printable(given), printable(sorted)),
			fixList)
	}
	return false
}

// face goes by what is wrong with the request itself, whatever the service
// said.
func (x *examination) face() bool {
	if x.Request == nil {
		return x.selfish()
	}
	if x.refusal != nil {
		return x.refused()
	}
	if x.claimed && (x.claimDiffers() || x.listDiffers() || x.headersDiffer()) {
		return true
	}
	return x.payloadDiffers() || x.tokenDiffers() || x.selfish()
}

// refused explains a signature that cannot be read.
func (x *examination) refused() bool {
	x.Message = x.refusal.Message
	return x.words() || x.say("authorization", upperFirst(x.refusal.Err.Error())+".", "Sign the request, and let its Authorization header or its query arrive unchanged.")
}

// claimDiffers compares scope and date with what they should be.
func (x *examination) claimDiffers() bool {
	c := x.claim
	switch {
	case c.day != c.date[:min(8, len(c.date))]:
		x.Message = refuse(ErrScope, "Date in Credential scope does not match YYYYMMDD: '%s' != '%s'", c.day, c.date[:8]).Message
		x.isTheirs = false
		return x.words()
	case x.Region != "" && c.region != x.Region:
		return x.regionSaid()
	case x.Service != "" && c.service != x.Service:
		return x.serviceSaid(x.Service)
	}
	if x.Answered.IsZero() || c.presigned {
		return false
	}
	if d := x.Answered.Sub(c.time); d > MaxSkew || d < -MaxSkew {
		return x.skewed(d)
	}
	return false
}

// headersDiffer compares the list of signed headers with the headers.
func (x *examination) headersDiffer() bool {
	names := sortedNames(x.claim.signedHeaders)
	for _, name := range names {
		if _, ok := x.value(name); !ok && name != "content-length" {
			return x.absent(name)
		}
	}
	for name := range x.Request.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(names, name) {
			return x.unsigned(name)
		}
	}
	return false
}

func (x *examination) payloadDiffers() bool {
	given := x.header("X-Amz-Content-Sha256")
	if given == "" || x.PayloadHash == "" || coversNoBody(given) || given == x.PayloadHash {
		return false
	}
	return x.say("payload hash", "X-Amz-Content-Sha256 is not the hash of the body: the body was changed after it was hashed.", fixBody)
}

// tokenDiffers compares the session token with that of the credentials.
func (x *examination) tokenDiffers() bool {
	id := x.claim.accessKeyID
	if !x.claimed || x.isTheirs || id != x.Credentials.AccessKeyID && !strings.HasPrefix(id, "ASIA") {
		return false
	}
	have := x.Credentials.SessionToken
	if x.claim.token == "" && (strings.HasPrefix(id, "ASIA") || have != "") || id == x.Credentials.AccessKeyID && have != "" && x.claim.token != hidden && !equalTokens(have, x.claim.token) {
		return x.tokenSaid()
	}
	return false
}

// selfish goes by the quoted canonical request alone: headers that no
// signature survives, and a hash that contradicts a header.
func (x *examination) selfish() bool {
	if !x.isTheirs {
		return false
	}
	if given, ok := x.theirs.header("x-amz-content-sha256"); ok && len(given) == 64 && given != x.theirs.payload {
		return x.say("payload hash", "X-Amz-Content-Sha256 is not the hash of the body that arrived: the body was changed after it was hashed.", fixBody)
	}
	var names []string
	for _, h := range x.theirs.headers {
		if rewritten(h.name) {
			names = append(names, printable(h.name))
		}
	}
	if len(names) == 0 {
		return false
	}
	return x.say("header "+names[0], "The signature covers "+strings.Join(names, ", ")+", which proxies on the way add, change or drop.",
		"Sign after whatever adds these headers, or leave them out of the signature.")
}

// rest is left when nothing differs: the secret, or a way of signing that shows
// in nothing but the signature.
func (x *examination) rest() bool {
	if x.flawed() || x.unquoted() {
		return true
	}
	x.guess = true
	switch tried := x.isOurs && x.searchable(); {
	case tried && x.well:
		return x.changedUnseen()
	case tried && (x.isTheirs || x.PayloadHash != ""):
		return x.notFound()
	case x.isTheirs:
		x.risky()
		return x.isOurs
	}
	return false
}

// unquoted is what is left when all that the service quotes is what was signed.
func (x *examination) unquoted() bool {
	return x.isTheirs && x.isOurs && x.Signed != "" &&
		x.say("secret", "All that the service quotes is what was signed, so only what it does not quote can differ: the secret access key. It is another key's, or has a stray line break or blank, or lost a character in a shell.", fixSecret)
}

// changedUnseen lists what may have become of a well signed request, of which
// the service quotes nothing.
func (x *examination) changedUnseen() bool {
	x.say("signature refused", "The request given here is well signed with this secret access key, and the service quotes nothing of the one that arrived: it was changed on the way, or the secret is not the one of this access key.",
		"Send it without any proxy or gateway between, or look at what arrives behind them; get the secret access key of this access key id afresh.")
	for _, h := range x.ours.headers {
		if rewritten(h.name) {
			x.say("header "+printable(h.name), "Proxies add, change or drop it, and it is signed here.", fixHeader)
		}
	}
	x.say("payload hash", "The body may have been rewritten or lost on the way.", fixBody)
	x.say("host", "Host may have been changed by a proxy.", fixHost)
	x.say("path", "The path may have been decoded or encoded again by a proxy.", fixPath)
	return x.say("secret", "It may belong to another access key.", fixSecret)
}

// notFound is left when no known mistake makes the signature.
func (x *examination) notFound() bool {
	const tried = "its signature is made neither with the secret access key given here nor by any mistake that is known"
	if x.PayloadHash == "" {
		x.say("payload hash", "All but the body, which is not given here, arrived as it was meant, and "+tried+": most likely the body was changed after it was hashed, which only the body that was meant can tell.", fixBody)
		return x.say("secret", "Or it was made with another secret.", fixSecret)
	}
	as := "The request arrived as it was meant, and "
	if !x.isTheirs {
		as = "The service quotes nothing of the request that arrived. Of the one given here "
	}
	x.say("secret", as+tried+": most likely it was made with another secret.", fixSecret)
	return x.say("payload hash", "Or what was signed differs in a way that cannot be guessed: another body, or a value that was replaced as a whole.", fixBody)
}

// risky names what signers get wrong in a request like this one, where nothing
// proves it; what is rare first.
func (x *examination) risky() {
	unproven := "All that the service quotes is as it was meant, so the fault is in how the request was signed; "
	switch {
	case !x.isOurs:
		unproven = "The request that was meant is not given here. "
	case x.claimed:
		unproven += "the secret access key of this access key, in the environment or a profile, would prove where. "
	default:
		unproven += "its Authorization header, with its secret access key in the environment or a profile, would prove where. "
	}
	may := func(culprit, why, fix string) {
		x.say(culprit, unproven+why, fix)
		unproven = ""
	}
	if x.isOurs {
		if _, raw := receivedTarget(x.Request); strings.Trim(withoutSignature(raw), "&=") != strings.Trim(x.theirs.query, "&=") {
			may("query", "The query may not have been sorted, or was encoded differently, before it was signed.", fixQuery)
		}
	}
	for _, h := range x.theirs.headers {
		if raw, ok := x.raw(h.name); ok && raw != h.value && !strings.Contains(raw, ",") {
			may("header "+printable(h.name), "The value of the header "+printable(h.name)+" may not have been trimmed before it was signed.", fixHeader)
		}
	}
	for _, t := range spell(x.theirs.path) {
		if t.times > 1 {
			may("path", fmt.Sprintf("Most often the path was encoded once too few: %s.", signedAs(t.char)), fixPath)
			break
		}
	}
	may("secret", "The secret access key may be another key's, or have a stray line break or blank.", fixSecret)
	if x.PayloadHash == "" && x.theirs.payload != EmptyPayloadHash {
		may("payload hash", "The body may have been changed after it was hashed.", fixBody)
	}
}

// flawed tells what is wrong with the look of the secret.
func (x *examination) flawed() bool {
	flaw := secretFlaw(x.Credentials.SecretAccessKey)
	return flaw != "" && x.say("secret", "The secret access key "+flaw+".", fixSecret)
}

// secretFlaw says what a secret access key has that none should have, "" when
// nothing shows.
func secretFlaw(secret string) string {
	trimmed := strings.TrimSpace(secret)
	switch {
	case secret == "":
		return ""
	case strings.HasSuffix(secret, "\r\n"):
		return "ends in a line break (CRLF, a trailing newline)"
	case strings.HasSuffix(secret, "\n"):
		return "ends in a line break (a trailing newline)"
	case strings.HasSuffix(secret, "\r"):
		return "ends in a carriage return (half of a CRLF line break)"
	case trimmed != secret:
		return "has white space around it"
	case strings.ContainsAny(secret, "\"'") || strings.ContainsAny(secret, "“”‘’"):
		return "has quotation marks in it"
	case strings.ContainsFunc(secret, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r > unicode.MaxASCII }):
		return "has a blank, a control character or a letter outside ASCII in it: a \"+\" that was taken for a blank, perhaps"
	case strings.Contains(secret, "%2F") || strings.Contains(secret, "%2B") || strings.Contains(secret, "%2f") || strings.Contains(secret, "%2b"):
		return "is percent-encoded"
	case strings.Contains(secret, `\`):
		return "has a backslash in it"
	}
	return ""
}
