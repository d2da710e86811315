package client

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Canaries: what must never come out. The token has the characters that
// encodings change.
const (
	canaryToken  = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJH+canary/SESSION+TOKEN/0123456789=="
	canarySecret = "wJalrXUtnFEMI/K7MDENG+canary/EXAMPLEKEY0"
	canaryBearer = "ABSKQmVkcm9ja0FQSUtleS1jYW5hcnk6c2VjcmV0K3NlY3JldC9zZWNyZXQ9"
	canaryShort  = "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9jYW5hcnk9Y2FuYXJ5JlZlcnNpb249MQ=="
	canarySign   = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"
)

// leaks tells which piece of a secret stands in s: any eight characters in a
// row that hold no delimiter.
func leaks(s, secret string) string {
	for i := 0; i+8 <= len(secret); i++ {
		piece := secret[i : i+8]
		if strings.Contains(s, piece) && !strings.ContainsAny(piece, "/+=") && !strings.Contains("bedrock-api-key-REDACTED", piece) && !slices.ContainsFunc([]string{"IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz", "AQoDYXdz"}, func(start string) bool { return strings.Contains(start, piece) }) {
			return piece
		}
	}
	return ""
}

// secretPlaces are texts that hold a secret.
var secretPlaces = []struct{ form, secret string }{
	{"x-amz-date:20250101T000000Z\nx-amz-security-token:%s\n\ncontent-type;host", canaryToken},
	{`x-amz-date:20250101T000000Z\nx-amz-security-token:%s\n\ncontent-type;host`, canaryToken},
	{"X-Amz-Security-Token: %s\r\n", canaryToken},
	{`{"X-Amz-Security-Token":["%s"]}`, canaryToken},
	{`{\"X-Amz-Security-Token\": \"%s\"}`, canaryToken},
	{"map[X-Amz-Security-Token:[%s] X-Amz-Date:[x]]", canaryToken},
	{"aws_session_token = %s", canaryToken},
	{`"SessionToken": "%s"`, canaryToken},
	{"the token %s is not known", canaryToken},
	{`{"SecretAccessKey":"%s"}`, canarySecret},
	{"aws_secret_access_key=%s", canarySecret},
	{"AWS_SECRET_ACCESS_KEY=%s", canarySecret},
	{"Authorization: Bearer %s", canaryBearer},
	{"authorization: bearer %s\nhost: x", canarySecret},
	{"-H 'Authorization: Basic %s'", canarySecret},
	{"Authorization: Custom %s", canarySecret},
	{"authorization:%s", canarySecret},
	{"Proxy-Authorization: Basic %s", canarySecret},
	{"x-api-key: %s", canaryBearer},
	{"key %s was refused", canaryBearer},
	{"key %s was refused", canaryShort},
	{"AWS_BEARER_TOKEN_BEDROCK=%s", canarySecret},
	{"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=%s", canarySign},
	{"https://x/?X-Amz-Credential=AKID&X-Amz-Signature=%s&X-Amz-Expires=1", canarySign},
	{"https://x/?X-Amz-Expires=1&amp;X-Amz-Security-Token=%s&amp;X", canaryToken},
	{"Cookie: session=%s; b=c", canarySecret},
	{`{"Set-Cookie":"session=%s"}`, canarySecret},
	{"http://user:%s@proxy:3128", strings.ReplaceAll(canarySecret, "/", "")},
	{"got %s.", strings.Replace(canaryToken, "IQoJb3JpZ2lu", "FwoGZXIvYXdz", 1)},
	{"got %s.", strings.Replace(canaryToken, "IQoJb3JpZ2lu", "FQoGZXIvYXdz", 1)},
	{"got %s.", strings.Replace(canaryToken, "IQoJb3JpZ2lu", "AQoDYXdz", 1)},
}

func TestRedactKnowsSecretsByTheirForm(t *testing.T) {
	for _, c := range secretPlaces {
		for name, encode := range map[string]func(string) string{
			"plain":        func(s string) string { return s },
			"query":        url.QueryEscape,
			"JSON slashes": func(s string) string { return strings.ReplaceAll(s, "/", `\/`) },
			"JSON unicode": func(s string) string { return strings.ReplaceAll(s, "=", `\u003d`) },
			"HTML":         func(s string) string { return strings.ReplaceAll(s, "+", "&#43;") },
		} {
			in := fmt.Sprintf(c.form, encode(c.secret))
			out := redact(in)
			if piece := leaks(out, c.secret); piece != "" || !strings.Contains(out, "REDACTED") {
				t.Errorf("%s: %q leaks %q:\n%s", name, c.form, piece, out)
			}
			if again := redact(out); again != out {
				t.Errorf("%q: redacted twice it changes:\n%s\n%s", c.form, out, again)
			}
		}
	}
}

func TestRedactTakesOutGivenSecretsInEveryEncoding(t *testing.T) {
	const secret = "gX7/only+the caller=knows<&>'this%"
	for _, in := range []string{
		secret, "a" + secret + "b", url.QueryEscape(secret), url.PathEscape(secret), url.QueryEscape(url.QueryEscape(secret)), lowerEscapes(url.QueryEscape(secret)),
		`gX7\/only+the caller=knows<&>'this%`, `gX7/only+the caller=knows\u003c\u0026\u003e'this%`, "gX7/only+the caller=knows&lt;&amp;&gt;&#39;this%",
	} {
		if out := redact(in, "", "short", secret+"\n"); strings.Contains(out, "only") || strings.Contains(out, "knows") {
			t.Errorf("%q: %q", in, out)
		}
	}
}

func TestRedactLeavesTheRest(t *testing.T) {
	for _, s := range []string{
		"", "The security token included in the request is expired", "Bearer Token has expired", "Please make sure your API Key is valid.",
		"User: arn:aws:sts::111122223333:assumed-role/dev/me is not authorized to perform: bedrock:InvokeModel",
		"Credential=AKIAIOSFODNN7EXAMPLE/20250101/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token",
		"'POST\n/model/x/converse\n\nhost:h\nx-amz-date:20250921T101604Z\nx-amz-security-token:\n\nhost;x-amz-date;x-amz-security-token\n" + canarySign + "'",
		`{"inputTokens":3,"usage":{"totalTokens":9},"tokens":"12345678901234567890"}`,
	} {
		if got := redact(s, "tiny"); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestRedactHeader(t *testing.T) {
	h := http.Header{
		"Authorization":        {"Bearer " + canaryBearer, "AWS4-HMAC-SHA256 Credential=AKID/x, SignedHeaders=host, Signature=" + canarySign},
		"X-Amz-Security-Token": {canaryToken}, "X-Api-Key": {"anything"}, "Cookie": {"a=b"}, "proxy-authorization": {"odd " + canarySecret},
		"X-Amz-Date": {"20250101T000000Z"}, "X-Echo": {"got " + canarySecret},
	}
	got := redactHeader(h, canarySecret)
	if s := fmt.Sprint(got); leaks(s, canaryBearer)+leaks(s, canaryToken)+leaks(s, canarySecret)+leaks(s, canarySign) != "" || strings.Contains(s, "anything") {
		t.Errorf("leaks: %s", s)
	}
	if got.Get("X-Amz-Date") != "20250101T000000Z" || got.Get("X-Echo") != "got REDACTED" || got["Authorization"][0] != "Bearer REDACTED" {
		t.Errorf("too much or too little: %v", got)
	}
	if want := "AWS4-HMAC-SHA256 Credential=AKID/x, SignedHeaders=host, Signature=REDACTED"; got["Authorization"][1] != want {
		t.Errorf("got %q", got["Authorization"][1])
	}
	if h.Get("X-Api-Key") != "anything" {
		t.Error("the caller's header changed")
	}
}

// A refusal of a signature quotes the canonical request, session token and
// all, and nothing of it may stay.
func TestNoSecretInAnErrorOfAQuotedRequest(t *testing.T) {
	body := `{"message":"The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for this request should have been\n'POST\n/model/x/converse\n\nhost:bedrock-runtime.us-east-1.amazonaws.com\nx-amz-date:20250921T101604Z\nx-amz-security-token:` +
		canaryToken + `\n\nhost;x-amz-date;x-amz-security-token\nfea7\u0027\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20250921T101604Z\n20250921/us-east-1/bedrock/aws4_request\nd61e'\n","echo":"` + canarySecret + `"}`
	e := responseError("Converse", 403, nil, []byte(strings.Replace(body, `\u0027`, "'", 1)), canarySecret, canaryToken)
	e.finish()
	for _, s := range []string{e.Message, string(e.Body), e.Hint, e.Error(), e.Detail(), fmt.Sprintf("%v %+v %#v", e, *e, *e)} {
		if piece := leaks(s, canaryToken) + leaks(s, canarySecret); piece != "" {
			t.Errorf("%q leaks in %s", piece, s)
		}
	}
	canonical, toSign, ok := QuotedRequest(e.Message)
	if !ok || !strings.HasPrefix(canonical, "POST\n/model/x/converse\n\nhost:") || !strings.HasSuffix(canonical, "\nfea7") || !strings.Contains(canonical, "x-amz-security-token:REDACTED\n") {
		t.Errorf("canonical request %q", canonical)
	}
	if !strings.HasPrefix(toSign, "AWS4-HMAC-SHA256\n") || !strings.HasSuffix(toSign, "\nd61e") {
		t.Errorf("string to sign %q", toSign)
	}
}

func TestNoSecretBehindUnusualEscapes(t *testing.T) {
	var escaped strings.Builder
	for _, r := range canarySecret {
		fmt.Fprintf(&escaped, `\u%04x`, r)
	}
	e := responseError("Converse", 403, nil, []byte(`{"message":"you sent `+escaped.String()+`"}`), canarySecret)
	if e.Message != "you sent REDACTED" {
		t.Errorf("message %q", e.Message)
	}
}

func TestQuotedRequest(t *testing.T) {
	const canonical, toSign = "GET\n/a'b\n\nhost:h\n\nhost\ne3b0", "AWS4-HMAC-SHA256\nx"
	message := "It does not match.\n\nThe Canonical String for this request should have been\n'" + canonical + "'\n\nThe String-to-Sign should have been\n'" + toSign + "'\n"
	transcript := "< HTTP/1.1 403 Forbidden\n<\n" + `{"message":"` + strings.ReplaceAll(message, "\n", `\n`) + `"}`
	for _, text := range []string{message, transcript} {
		c, s, ok := QuotedRequest(text)
		if !ok || c != canonical || s != toSign {
			t.Errorf("%v %q %q", ok, c, s)
		}
	}
	for _, text := range []string{"", "no quotation", "The Canonical String for this request should have been", "The Canonical String for this request should have been '"} {
		if _, _, ok := QuotedRequest(text); ok {
			t.Errorf("%q has none", text)
		}
	}
}
