package redact

import (
	"encoding/base64"
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
	{`{"message":"'%s' not a valid key=value pair (missing equal-sign)."}`, canarySecret},
	{"pair (missing equal-sign) in Authorization header: 'Custom %s'.", canarySecret},
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

func TestSecretsByTheirForm(t *testing.T) {
	for _, c := range secretPlaces {
		for name, encode := range map[string]func(string) string{
			"plain":        func(s string) string { return s },
			"query":        url.QueryEscape,
			"JSON slashes": func(s string) string { return strings.ReplaceAll(s, "/", `\/`) },
			"JSON unicode": func(s string) string { return strings.ReplaceAll(s, "=", `\u003d`) },
			"HTML":         func(s string) string { return strings.ReplaceAll(s, "+", "&#43;") },
		} {
			in := fmt.Sprintf(c.form, encode(c.secret))
			out := Text(in)
			if piece := leaks(out, c.secret); piece != "" || !strings.Contains(out, "REDACTED") {
				t.Errorf("%s: %q leaks %q:\n%s", name, c.form, piece, out)
			}
			if again := Text(out); again != out {
				t.Errorf("%q: redacted twice it changes:\n%s\n%s", c.form, out, again)
			}
		}
	}
}

func TestGivenSecretsInEveryEncoding(t *testing.T) {
	const secret = "gX7/only+the caller=knows<&>'this%"
	for _, in := range []string{
		secret, "a" + secret + "b", url.QueryEscape(secret), url.PathEscape(secret), url.QueryEscape(url.QueryEscape(secret)), lowerEscapes(url.QueryEscape(secret)),
		`gX7\/only+the caller=knows<&>'this%`, `gX7/only+the caller=knows\u003c\u0026\u003e'this%`, "gX7/only+the caller=knows&lt;&amp;&gt;&#39;this%",
	} {
		if out := Text(in, "", "short", secret+"\n"); strings.Contains(out, "only") || strings.Contains(out, "knows") {
			t.Errorf("%q: %q", in, out)
		}
	}
}

func TestTheRestStays(t *testing.T) {
	for _, s := range []string{
		"", "The security token included in the request is expired", "Bearer Token has expired", "Please make sure your API Key is valid.",
		"User: arn:aws:sts::111122223333:assumed-role/dev/me is not authorized to perform: bedrock:InvokeModel",
		"Credential=AKIAIOSFODNN7EXAMPLE/20250101/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token",
		"'POST\n/model/x/converse\n\nhost:h\nx-amz-date:20250921T101604Z\nx-amz-security-token:\n\nhost;x-amz-date;x-amz-security-token\n" + canarySign + "'",
		`{"inputTokens":3,"usage":{"totalTokens":9},"tokens":"12345678901234567890"}`,
	} {
		if got := Text(s, "tiny"); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestHeader(t *testing.T) {
	h := http.Header{
		"Authorization":        {"Bearer " + canaryBearer, "AWS4-HMAC-SHA256 Credential=AKID/x, SignedHeaders=host, Signature=" + canarySign},
		"X-Amz-Security-Token": {canaryToken}, "X-Api-Key": {"anything"}, "Cookie": {"a=b"}, "proxy-authorization": {"odd " + canarySecret},
		"X-Amz-Date": {"20250101T000000Z"}, "X-Echo": {"got " + canarySecret},
	}
	got := Header(h, canarySecret)
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

// Whatever stands around a token, it goes.
func FuzzText(f *testing.F) {
	f.Add("'POST\nx-amz-security-token:", "\n\nhost")
	f.Add(`{"Authorization":["Bearer `, `"]}`)
	f.Add("X-Amz-Security-Token=", "&X-Amz-Expires=1")
	f.Fuzz(func(t *testing.T, before, after string) {
		out := Text(before+canaryToken+after, canarySecret)
		if i := strings.Index(canaryToken, "canary"); strings.Contains(out, canaryToken[i-8:i+20]) {
			t.Errorf("the token is in %q", out)
		}
		if out := Text(before+canarySecret+after, canarySecret); strings.Contains(out, canarySecret) && !strings.Contains(before+after, canarySecret) {
			t.Errorf("the secret is in %q", out)
		}
		if out := Text(before + canaryShort + after); strings.Contains(out, "Y2FuYXJ5") && !strings.Contains(before+after, "Y2FuYXJ5") {
			t.Errorf("the key is in %q", out)
		}
	})
}

func TestSecretsWithinBase64(t *testing.T) {
	for shift := range 7 {
		for name, enc := range map[string]*base64.Encoding{"standard": base64.StdEncoding, "URL": base64.RawURLEncoding} {
			in := enc.EncodeToString([]byte(strings.Repeat("x", shift) + canarySecret + "and more"))
			if out := Text(in, canarySecret); !strings.Contains(out, Mark) || len(out) > len(in)-len(canarySecret) {
				t.Errorf("%s alphabet, shift %d: %q", name, shift, out)
			}
		}
	}
}

// A key's prefix may stand in base64 by chance.
func TestNoKeyInTheMiddleOfBase64(t *testing.T) {
	const image = "iVBORw0KGgoAAAANSUhEUgAABSKQmVkcm9ja0FQSUtleS1jYW5hcnk6c2VjcmV0K3"
	if out := Text(image); out != image {
		t.Errorf("%q", out)
	}
}

func TestFind(t *testing.T) {
	var f Finder
	if !f.Hide("the caller's", canarySecret) || f.Hide("the caller's", canarySecret) || f.Hide("short", "1234567") || f.Hide("mark", Mark) {
		t.Error("a secret is new once, and only when it is long enough")
	}
	in := "a " + canarySecret + canarySecret + " X-Api-Key: REDACTED, key " + canaryBearer + ", ABSKREDACTED"
	spans := f.Find(in)
	want := []Span{{2, 2 + 2*len(canarySecret), "the caller's"}, {0, 0, "Bedrock API key"}}
	want[1].Start = strings.Index(in, canaryBearer) + len("ABSK")
	want[1].End = want[1].Start + len(canaryBearer) - len("ABSK")
	if !slices.Equal(spans, want) {
		t.Errorf("got %v, want %v", spans, want)
	}
}
