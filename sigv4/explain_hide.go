package sigv4

import (
	"net/http"
	"net/url"
	"strings"
)

// hidden stands for a session token.
const hidden = "REDACTED"

const mask = `(?i)\*{3,}|\.{3,}|…|\b(?:redacted|hidden|masked|removed|omitted|filtered|x{4,})\b`

// masked tells a secret that somebody took out before showing the rest.
func masked(secret string) bool { return re(mask).MatchString(secret) }

// unmasked is the request without an Authorization that was made unreadable;
// what remains of it is no evidence.
func unmasked(r *http.Request) *http.Request {
	if r == nil {
		return nil
	}
	c := *r
	c.Header = r.Header.Clone()
	if masked(c.Header.Get("X-Amz-Security-Token")) {
		c.Header.Set("X-Amz-Security-Token", hidden)
	}
	if claim, _, _ := strings.Cut(c.Header.Get("Authorization"), "Signature="); masked(claim) {
		c.Header.Del("Authorization")
	}
	return &c
}

const tokenForm = `(?i)(\nx-amz-security-token: ?|\bX-Amz-(?:Security-Token|Signature)=)[^\n&]+`

// hide takes the session token out of a canonical request.
func (x *examination) hide(canonical string) string {
	canonical = re(tokenForm).ReplaceAllString(canonical, "${1}"+hidden)
	for _, token := range []string{x.claim.token, x.Credentials.SessionToken} {
		if len(token) >= 8 { // shorter ones are placeholders, and found by name
			for _, form := range []string{token, url.QueryEscape(token), escaped(url.QueryEscape(token))} {
				canonical = strings.ReplaceAll(canonical, form, hidden)
			}
		}
	}
	return canonical
}

// hideIn takes it out of a part of one.
func (x *examination) hideIn(part, value string) string {
	if strings.EqualFold(part, "header x-amz-security-token") && value != "" {
		return hidden
	}
	return x.hide(value)
}
