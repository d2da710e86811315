package client

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// redacted stands where a secret was.
const redacted = "REDACTED"

const (
	// secretValue is what a secret is written with. Escapes belong to it: a
	// token's / may be \/ or &#47; and its = may be \u003d or %3D.
	secretValue = `(?:[A-Za-z0-9+/=_.~%-]|\\/|\\u00[0-9A-Fa-f]{2}|&#x?[0-9A-Fa-f]+;)`

	// nameEnd stands between a name and its value in a header, a query, JSON
	// (escaped once more or not), a file, a printed map, percent-encoded.
	nameEnd = `(?:\\*["'])?[ \t]*(?::|=|%3[AaDd])[ \t]*\[?(?:\\*["'])?`
)

// secretForm is a secret that shows by its name or its form. What the first
// group matches is kept.
type secretForm struct {
	words   []string // one of which, in lower case, stands in every match
	pattern *regexp.Regexp
}

var secretForms = []secretForm{
	{[]string{"token", "key", "x-amz-signature"}, regexp.MustCompile(`(?i)((?:(?:security|session)[-_]?token|secret[-_]?(?:access[-_]?)?key|aws_bearer_token_bedrock|` +
		`x-amz-signature|x-amz-s3session-token|x-api-key|api[-_]key|x-aws-ec2-metadata-token)` + nameEnd + `)` + secretValue + `+`)},
	{[]string{"signature="}, regexp.MustCompile(`(?i)(\bsignature=)` + secretValue + `{16,}`)},
	{[]string{"bearer", "basic"}, regexp.MustCompile(`(?i)(\b(?:bearer|basic)(?:[ +]|%20)+)` + secretValue + `{16,}`)},
	{[]string{"cookie"}, regexp.MustCompile(`(?i)(\b(?:set-)?cookie` + nameEnd + `)(?:[^\r\n"'\]\\]|\\[/u])+`)},
	{[]string{"://"}, regexp.MustCompile(`(://)[^/\s:@"']+:[^/\s@"']+@`)}, // user and password of a proxy's URL
	{[]string{"bedrock-api-key-"}, regexp.MustCompile(`(bedrock-api-key-)` + secretValue + `+`)},
	{[]string{"absk"}, regexp.MustCompile(`(ABSK)` + secretValue + `{16,}`)},
	// session tokens of STS by their first bytes
	{[]string{"zxivyxdz", "aqodyxdz", "fqodyxdz", "iqojb3jpz2lu"}, regexp.MustCompile(`(IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz|[FA]QoDYXdz)` + secretValue + `{16,}`)},
}

// authorization is the header of that name with all it holds; a SigV4 one is
// kept but for its signature, which secretForms know.
var authorization = regexp.MustCompile(`(?i)(authorization` + nameEnd + `(?:(?:bearer|basic)[ ]+)?)((?:[^\r\n"'\]\\]|\\[/u])+)`)

// redact returns s without secrets: those given, in any of the encodings that
// an answer may quote them in, and those that show by their form (session
// tokens, signatures, Authorization headers, Bedrock API keys, cookies). In
// place of each stands REDACTED, after the name or prefix that tells what it
// was. Access key ids, account ids and ARNs stay.
func redact(s string, secrets ...string) string {
	for _, secret := range secrets {
		s = redactExact(s, secret)
	}
	lower := strings.ToLower(s)
	if strings.Contains(lower, "authorization") {
		s = authorization.ReplaceAllStringFunc(s, func(m string) string {
			part := authorization.FindStringSubmatch(m)
			if strings.HasPrefix(part[2], "AWS4-") {
				return m
			}
			return part[1] + redacted
		})
	}
	for _, form := range secretForms {
		if slices.ContainsFunc(form.words, func(w string) bool { return strings.Contains(lower, w) }) {
			s = form.pattern.ReplaceAllString(s, "${1}"+redacted)
		}
	}
	return s
}

// minSecret is the length below which a given string is taken for a
// placeholder: to erase "test" everywhere would only garble the text.
const minSecret = 8

func redactExact(s, secret string) string {
	secret = strings.TrimSpace(secret)
	if len(secret) < minSecret {
		return s
	}
	query := url.QueryEscape(secret)
	quoted, _ := json.Marshal(secret)
	forms := []string{
		secret, query, lowerEscapes(query), url.PathEscape(secret), url.QueryEscape(query),
		strings.Trim(string(quoted), `"`), strings.ReplaceAll(secret, "/", `\/`), html.EscapeString(secret),
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, f := range forms {
		s = strings.ReplaceAll(s, f, redacted)
	}
	return s
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	return escape.ReplaceAllStringFunc(s, strings.ToLower)
}

var escape = regexp.MustCompile(`%[0-9A-F]{2}`)

// secretHeaders are the headers whose whole value is a secret.
var secretHeaders = []string{
	"Cookie", "Set-Cookie", "X-Amz-Security-Token", "X-Amz-S3session-Token", "X-Api-Key", "X-Aws-Ec2-Metadata-Token",
}

// redactHeader returns a copy of h that may be printed.
func redactHeader(h http.Header, secrets ...string) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		canonical := http.CanonicalHeaderKey(name)
		for _, v := range values {
			switch {
			case slices.Contains(secretHeaders, canonical):
				v = redacted
			case strings.HasSuffix(canonical, "Authorization"):
				_, v, _ = strings.Cut(redact("authorization:"+v, secrets...), ":")
			default:
				v = redact(v, secrets...)
			}
			out[name] = append(out[name], v)
		}
	}
	return out
}
