package cassette

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"rawbedrock/client/redact"
)

// learnHeader takes note of the secrets that a request or an answer carries in
// its headers: they may come back elsewhere.
func (r *redactor) learnHeader(h http.Header) {
	for name, values := range h {
		if !redact.SecretHeader(name) {
			continue
		}
		for _, v := range values {
			r.learnSecret(name, v)
		}
	}
}

// learnURL does so for a URL's password and secret query members.
func (r *redactor) learnURL(s string) {
	u, err := url.Parse(s)
	if err != nil {
		return
	}
	if password, ok := u.User.Password(); ok {
		r.hide("password of the URL", password)
	}
	for name, values := range u.Query() {
		if name := strings.ToLower(name); name != signatureQuery && slices.Contains(secretQuery, name) {
			for _, v := range values {
				id, _, _ := strings.Cut(v, "/") // of a credential with its scope
				r.hide("value of the query member "+name, id)
				r.hide("value of the query member "+name, v)
			}
		}
	}
}

const signatureQuery = "x-amz-signature"

var (
	sigV4Credential = lazy(`Credential=([^/,\s]+)`)
	sigV4Signature  = lazy(`Signature=([0-9a-fA-F]+)`)
)

// signaturesOf are those in a request's URL and Authorization. Each request has
// another, which can come back in its own answer only.
func signaturesOf(rawURL string, h http.Header) (all []string) {
	for _, v := range h["Authorization"] {
		for _, m := range sigV4Signature().FindAllStringSubmatch(v, -1) {
			all = append(all, m[1])
		}
	}
	if u, err := url.Parse(rawURL); err == nil {
		for name, values := range u.Query() {
			if strings.ToLower(name) == signatureQuery {
				all = append(all, values...)
			}
		}
	}
	return all
}

func (r *redactor) learnSecret(name, v string) {
	what := "value of the header " + name
	switch {
	case name == "Cookie":
		cookies, _ := http.ParseCookie(v)
		for _, c := range cookies {
			r.hide(what, c.Value)
		}
	case name == "Set-Cookie":
		if c, err := http.ParseSetCookie(v); err == nil {
			r.hide(what, c.Value)
		}
	case strings.HasPrefix(v, "AWS4-"):
		for _, m := range sigV4Credential().FindAllStringSubmatch(v, -1) {
			r.hide(what, m[1])
		}
	default:
		_, secret := cutScheme(v)
		r.hide(what, secret)
		if both, err := base64.StdEncoding.DecodeString(secret); err == nil {
			_, password, _ := strings.Cut(string(both), ":")
			r.hide(what, password)
		}
	}
}

// cutScheme takes the scheme off the value of an Authorization header.
func cutScheme(v string) (scheme, secret string) {
	first, after, ok := strings.Cut(v, " ")
	switch strings.ToLower(first) {
	case "bearer", "basic", "aws4-hmac-sha256", "aws4-ecdsa-p256-sha256":
		if ok {
			return first + " ", strings.TrimSpace(after)
		}
	}
	return "", v
}

// secretQuery are query members whose whole value is a secret, in lower case.
var secretQuery = []string{
	signatureQuery, "x-amz-credential", "x-amz-security-token", "awsaccesskeyid", "signature",
	"access_token", "api_key", "api-key", "apikey", "token", "client_secret", "password", "sig",
}
