package sigv4

import (
	"html"
	"strings"
)

// Quoted finds the canonical request and the string to sign that a service
// quotes when it refuses a signature: what it computed itself from the request
// that arrived. It takes the message of the error, the body of the answer in
// JSON or XML, or a transcript that holds it, in JSON's escapes or without.
func Quoted(text string) (canonicalRequest, stringToSign string, ok bool) {
	const begin, between = "The Canonical String for this request should have been", "The String-to-Sign should have been"
	_, rest, ok := strings.Cut(text, begin)
	if !ok {
		return quotedXML(text)
	}
	for range 3 { // still JSON, perhaps within JSON
		if !strings.HasPrefix(rest, `\`) {
			break
		}
		rest = unescapeJSON.Replace(rest)
	}
	if i := strings.IndexByte(rest, '&'); i >= 0 && i < 3 || strings.Contains(rest, "&amp;") { // &#39;, within XML or HTML
		rest = html.UnescapeString(rest)
	}
	rest = strings.ReplaceAll(rest, "\r\n", "\n")
	first, second, ok := strings.Cut(rest, between)
	if canonicalRequest = apostrophes(first); canonicalRequest == "" {
		return "", "", false
	}
	if ok {
		second = strings.TrimLeft(second, "\n '")
		stringToSign, _, _ = strings.Cut(second, "'")
	}
	return canonicalRequest, stringToSign, true
}

var unescapeJSON = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\"`, `"`, `\/`, `/`, `\\`, `\`,
	`\u0026`, "&", `\u003d`, "=", `\u003c`, "<", `\u003e`, ">", `\u0027`, "'", `\'`, "'")

// apostrophes is what stands between the first apostrophe and the one that
// makes a canonical request of it; else between the first and the last.
func apostrophes(s string) string {
	_, s, _ = strings.Cut(s, "'")
	for i, tries := 0, 0; i < len(s) && tries < 256; i++ {
		if s[i] == '\'' {
			if _, ok := parseForm(s[:i]); ok {
				return s[:i]
			}
			tries++
		}
	}
	return s[:max(0, strings.LastIndexByte(s, '\''))]
}

// quotedXML reads the form that S3 gives to the same.
func quotedXML(text string) (canonicalRequest, stringToSign string, ok bool) {
	element := func(name string) string {
		_, s, _ := strings.Cut(text, "<"+name+">")
		s, _, ok := strings.Cut(s, "</"+name+">")
		if !ok {
			return ""
		}
		return strings.ReplaceAll(html.UnescapeString(s), "\r\n", "\n")
	}
	canonicalRequest = element("CanonicalRequest")
	return canonicalRequest, element("StringToSign"), canonicalRequest != ""
}
