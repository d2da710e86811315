package sigv4

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

var (
	temporary = Credentials{AccessKeyID: example.AccessKeyID, SecretAccessKey: example.SecretAccessKey, SessionToken: "TOKEN"}
	expired   = Credentials{AccessKeyID: example.AccessKeyID, SecretAccessKey: example.SecretAccessKey, Expires: at}
)

func leave(*http.Request) {}

func set(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// edit changes the Authorization header.
func edit(old, new string) func(*http.Request) {
	return func(r *http.Request) {
		before, after, found := strings.Cut(r.Header.Get("Authorization"), old)
		if !found {
			panic("no " + old)
		}
		r.Header.Set("Authorization", before+new+after)
	}
}

// refusals are all ways to be refused: what happens to a good request on its
// way, what the server knows and when it looks, and what it answers.
var refusals = []struct {
	name   string
	change func(*http.Request)
	known  Credentials
	now    time.Duration // after the signature
	want   error
	words  string // in the message
}{
	{"unsigned", func(r *http.Request) { r.Header.Del("Authorization") }, example, 0, ErrMissing, "Missing Authentication Token"},
	{"bearer", set("Authorization", "Bearer x"), example, 0, ErrIncomplete, "algorithm"},
	{"no parts", set("Authorization", "AWS4-HMAC-SHA256"), example, 0, ErrIncomplete, "key=value"},
	{"no signature", edit(", Signature=", ", X="), example, 0, ErrIncomplete, "'X'"},
	{"no credential", edit("Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, ", ""), example, 0, ErrIncomplete, "Authorization header requires 'Credential' parameter."},
	{"twice", edit("SignedHeaders=", "Signature=a, SignedHeaders="), example, 0, ErrIncomplete, "repeated"},
	{"two headers", func(r *http.Request) { r.Header.Add("Authorization", "x") }, example, 0, ErrIncomplete, "2 Authorization"},
	{"short credential", edit("/bedrock/", "/"), example, 0, ErrIncomplete, "exactly 5 slash-delimited elements"},
	{"no date", func(r *http.Request) { r.Header.Del("X-Amz-Date") }, example, 0, ErrIncomplete, "either a 'X-Amz-Date' or a 'Date' header"},
	{"odd date", set("X-Amz-Date", "20150830T123600.5Z"), example, 0, ErrIncomplete, "ISO-8601"},
	{"no names", edit("SignedHeaders=content-type;host;x-amz-date", "SignedHeaders="), example, 0, ErrIncomplete, "'SignedHeaders'"},
	{"odd names", edit("SignedHeaders=", "SignedHeaders=;"), example, 0, ErrIncomplete, "joined with ';'"},
	{"terminator", edit("aws4_request", "aws3_request"), example, 0, ErrScope, "not 'aws3_request'"},
	{"other day", edit("/20150830/", "/20150831/"), example, 0, ErrScope, "'20150831' != '20150830', from '20150830T123600Z'."},
	{"other region", edit("/us-east-1/", "/eu-west-1/"), example, 0, ErrScope, "Credential should be scoped to a valid region, not 'eu-west-1'. "},
	{"other service", edit("/bedrock/", "/s3/"), example, 0, ErrScope, "Credential should be scoped to correct service: 'bedrock'. "},
	{"late", leave, example, 5*time.Minute + time.Second, ErrExpired, "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"},
	{"early", leave, example, -5*time.Minute - time.Second, ErrNotYetCurrent, "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"},
	{"unknown key", edit("AKIDEXAMPLE", "AKIDOTHER"), example, 0, ErrUnknownKey, "The security token included in the request is invalid."},
	{"token missing", leave, temporary, 0, ErrSessionToken, "The security token included in the request is invalid."},
	{"token wrong", set("X-Amz-Security-Token", "TOKEM"), temporary, 0, ErrSessionToken, "The security token included in the request is invalid."},
	{"token unsigned", set("X-Amz-Security-Token", "TOKEN"), temporary, 0, ErrSignedHeaders, "'x-amz-security-token'"},
	{"credentials expired", leave, expired, 0, ErrExpiredToken, "The security token included in the request is expired"},
	{"host unsigned", edit(";host", ""), example, 0, ErrSignedHeaders, "'Host'"},
	{"x-amz unsigned", set("X-Amz-Meta", "1"), example, 0, ErrSignedHeaders, "'x-amz-meta'"},
	{"signed header gone", func(r *http.Request) { r.Header.Del("Content-Type") }, example, 0, ErrSignedHeaders, "'content-type'"},
	{"wrong secret", leave, Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "other"}, 0, ErrMismatch, "does not match"},
	{"header changed", set("Content-Type", "text/plain"), example, 0, ErrMismatch, "content-type:text/plain\n"},
	{"path bare", func(r *http.Request) { r.RequestURI = "/model/us.x-v1:0/converse?b=2&a=1" }, example, 0, ErrMismatch, "\n/model/us.x-v1%3A0/converse\n"},
	{"query changed", func(r *http.Request) { r.RequestURI += "&c" }, example, 0, ErrMismatch, "\na=1&b=2&c=\n"},
}

func TestVerifyRefuses(t *testing.T) {
	codes := map[error]string{
		ErrMissing:       "MissingAuthenticationTokenException",
		ErrIncomplete:    "IncompleteSignatureException",
		ErrUnknownKey:    "UnrecognizedClientException",
		ErrSessionToken:  "UnrecognizedClientException",
		ErrExpiredToken:  "ExpiredTokenException",
		ErrScope:         "InvalidSignatureException",
		ErrExpired:       "InvalidSignatureException",
		ErrNotYetCurrent: "InvalidSignatureException",
		ErrSignedHeaders: "InvalidSignatureException",
		ErrMismatch:      "InvalidSignatureException",
	}
	for _, c := range refusals {
		req, hash := converse(t)
		if _, err := signer.Sign(req, hash, example, at); err != nil {
			t.Fatal(err)
		}
		req = received(t, req)
		c.change(req)
		_, err := signer.Verify(req, hash, func(id string) (Credentials, bool) { return c.known, id == c.known.AccessKeyID }, at.Add(c.now))
		e, ok := errors.AsType[*VerifyError](err)
		if !ok || !errors.Is(err, c.want) || e.Code != codes[c.want] || !strings.Contains(e.Message, c.words) {
			t.Errorf("%s: got %v\n%s", c.name, err, errorText(err))
			continue
		}
		quoted := c.want == ErrMismatch
		if quoted != (e.CanonicalRequest != "") || quoted != (e.StringToSign != "") {
			t.Errorf("%s: canonical request %q, string to sign %q", c.name, e.CanonicalRequest, e.StringToSign)
		}
	}
}

// The message of a mismatch quotes both strings the way AWS does.
func TestMismatchMessage(t *testing.T) {
	req, hash := converse(t)
	sig, err := signer.Sign(req, hash, example, at)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", strings.Replace(req.Header.Get("Authorization"), "Signature=", "Signature=0", 1))
	_, err = Verify(req, hash, lookup, at)
	want := fmt.Sprintf("The request signature we calculated does not match the signature you provided."+
		" Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n"+
		"The Canonical String for this request should have been\n'%s'\n\n"+
		"The String-to-Sign should have been\n'%s'\n", sig.CanonicalRequest, sig.StringToSign)
	if got := errorText(err); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// Error is one line without what may be a secret; Message is what AWS says.
func TestErrorIsOneLine(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"X-Amz-Expires=%0Aforged%20line", "sigv4: the signature is incomplete or malformed: X-Amz-Expires must be a number of seconds from 1 to 604800, got '.forged line'"},
		{"X-Amz-Expires=1&X-Amz-Credential=CANARY", "sigv4: the signature is incomplete or malformed: the Credential has not 5 elements"},
	} {
		u := "https://h/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Signature=0&" + c.query
		if !strings.Contains(u, "X-Amz-Credential") {
			u += "&X-Amz-Credential=x"
		}
		req, err := http.NewRequest("GET", u, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(req, EmptyPayloadHash, lookup, at); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}
