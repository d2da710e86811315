package client

import (
	"net/url"
	"strings"
)

// QuotedRequest finds the canonical request and the string to sign that AWS
// quotes when it refuses a signature: what AWS itself computed from the
// request that arrived. It takes the message of an Error, the body of the
// answer, or a transcript that holds it. Session tokens in what an Error holds
// read REDACTED.
func QuotedRequest(text string) (canonicalRequest, stringToSign string, ok bool) {
	const begin, between = "The Canonical String for this request should have been", "The String-to-Sign should have been"
	_, rest, ok := strings.Cut(text, begin)
	if !ok {
		return "", "", false
	}
	if strings.HasPrefix(rest, `\n`) { // still JSON
		rest = unescapeJSON.Replace(rest)
	}
	first, second, ok := strings.Cut(rest, between)
	if canonicalRequest = quoted(first); canonicalRequest == "" {
		return "", "", false
	}
	if ok {
		stringToSign = quoted(second)
	}
	return canonicalRequest, stringToSign, true
}

var unescapeJSON = strings.NewReplacer(`\n`, "\n", `\"`, `"`, `\/`, `/`, `\\`, `\`, `\u0026`, "&", `\u003d`, "=", `\u003c`, "<", `\u003e`, ">", `\u0027`, "'")

// quoted is what stands between the first and the last apostrophe.
func quoted(s string) string {
	first, last := strings.IndexByte(s, '\''), strings.LastIndexByte(s, '\'')
	if first < 0 || first == last {
		return ""
	}
	return s[first+1 : last]
}

// canonicalHeader is the value of a header in a canonical request.
func canonicalHeader(canonicalRequest, name string) string {
	_, rest, _ := strings.Cut(canonicalRequest, "\n"+name+":")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// proxyHeaders are headers that proxies add or change; a signature must not
// cover them.
var proxyHeaders = []string{"x-forwarded", "x-real-ip", "forwarded", "via", "x-request-id", "x-envoy", "cf-", "true-client-ip"}

// signatureHint looks at what AWS saw for what a proxy did to it.
func signatureHint(e *Error) string {
	const usual = "A stray character in the secret key, a path that was encoded once instead of twice, or a proxy that changed the request are the usual causes: `bedrock explain` compares what was signed with what AWS saw."
	canonical, _, ok := QuotedRequest(e.Message)
	if !ok {
		return usual
	}
	if u, err := url.Parse(e.Endpoint); err == nil && u.Host != "" {
		if host := canonicalHeader(canonical, "host"); host != "" && host != u.Host {
			return "AWS saw the host " + oneLine(host, 100) + ", the call went to " + u.Host + ": a proxy changed it. Sign for the host that AWS sees, or let the proxy keep it."
		}
	}
	var added []string
	for line := range strings.Lines(canonical) {
		name, _, isHeader := strings.Cut(line, ":")
		for _, p := range proxyHeaders {
			if isHeader && strings.HasPrefix(name, p) {
				added = append(added, name)
				break
			}
		}
	}
	if len(added) > 0 {
		return "The signature covers " + oneLine(strings.Join(added, ", "), 200) + ", which proxies on the way add or change: sign after them, or leave these headers out of the signature."
	}
	return usual
}

// scopeHint explains a refused credential scope.
func scopeHint(e *Error) string {
	if strings.Contains(fold(e.Message), "service") {
		return "The signature is for another service than {endpoint} serves: the signing service is bedrock, or bedrock-mantle on bedrock-mantle hosts."
	}
	return "The signature is for {region}, but {endpoint} is another region's: let both name the same."
}
