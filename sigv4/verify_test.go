package sigv4

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rawbedrock/testdata/vectors"
)

var (
	example = Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	signer  = Signer{Region: "us-east-1", Service: "bedrock"}
	at      = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
)

func lookup(id string) (Credentials, bool) { return example, id == example.AccessKeyID }

// received is req as a server gets it: written by net/http and read again.
func received(t testing.TB, req *http.Request) *http.Request {
	t.Helper()
	var wire bytes.Buffer
	if err := req.Write(&wire); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// hashBody reads a body that came.
func hashBody(t testing.TB, req *http.Request) string {
	t.Helper()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	return HashPayload(body)
}

// converse is an ordinary request, not yet signed.
func converse(t testing.TB) (*http.Request, string) {
	t.Helper()
	body := []byte(`{"messages":[]}`)
	req, err := http.NewRequest("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.x-v1%3A0/converse?b=2&a=1", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "test")
	return req, HashPayload(body)
}

// Every request that botocore signed is accepted once it went over the wire.
func TestVerifyBotocoreVectors(t *testing.T) {
	for _, c := range vectors.Lines[suiteCase](t, "vectors/sigv4/botocore.jsonl") {
		req := c.request(t)
		if c.Kind == "presign" {
			req.URL, _ = url.Parse(c.PresignedURL)
		} else {
			req.Header.Del("X-Amz-Date")
			req.Header.Del("X-Amz-Security-Token")
			req.Header.Set("X-Amz-Date", c.AmzDate)
			req.Header.Set("Authorization", c.Authorization)
			if c.SessionToken != "" {
				req.Header.Set("X-Amz-Security-Token", c.SessionToken)
			}
		}
		_, wantHost, _ := strings.Cut(c.CanonicalRequest, "\nhost:")
		req.Host, _, _ = strings.Cut(wantHost, "\n")
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(c.Body)), int64(len(c.Body))
		server := received(t, req)
		s := Signer{Region: c.Region, Service: c.Service}
		find := func(id string) (Credentials, bool) { return c.credentials(), id == c.AccessKey }
		v, err := s.Verify(server, hashBody(t, server), find, c.time(t))
		if err != nil {
			t.Errorf("%s: %v\n%s", c.Name, err, errorText(err))
			continue
		}
		compareSteps(t, c, v.Signature)
		if v.Region != c.Region || v.Service != c.Service || !v.Time.Equal(c.time(t)) || v.Presigned != (c.Kind == "presign") {
			t.Errorf("%s: verified %+v %s %s %v %v", c.Name, v, v.Region, v.Service, v.Time, v.Presigned)
		}
	}
}

func errorText(err error) string {
	if e, ok := errors.AsType[*VerifyError](err); ok {
		return e.Message
	}
	return ""
}

func TestVerifyRefuses(t *testing.T) {
	temporary := example
	temporary.SessionToken = "TOKEN"
	expired := example
	expired.Expires = at
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	edit := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			before := r.Header.Get("Authorization")
			r.Header.Set("Authorization", strings.Replace(before, old, new, 1))
			if r.Header.Get("Authorization") == before {
				t.Errorf("edit %q changed nothing in %q", old, before)
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		known  Credentials
		now    time.Duration // after the signature
		want   error
		code   string
		words  string
	}{
		{"unsigned", func(r *http.Request) { r.Header.Del("Authorization") }, example, 0, ErrMissing, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{"bearer", set("Authorization", "Bearer x"), example, 0, ErrIncomplete, "IncompleteSignatureException", "algorithm"},
		{"no parts", set("Authorization", "AWS4-HMAC-SHA256"), example, 0, ErrIncomplete, "IncompleteSignatureException", "key=value"},
		{"no signature", edit(", Signature=", ", X="), example, 0, ErrIncomplete, "IncompleteSignatureException", "'X'"},
		{"no credential", edit("Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, ", ""), example, 0, ErrIncomplete, "IncompleteSignatureException", "Authorization header requires 'Credential' parameter."},
		{"twice", edit("SignedHeaders=", "Signature=a, SignedHeaders="), example, 0, ErrIncomplete, "IncompleteSignatureException", "repeated"},
		{"two headers", func(r *http.Request) { r.Header.Add("Authorization", "x") }, example, 0, ErrIncomplete, "IncompleteSignatureException", "2 Authorization"},
		{"short credential", edit("/bedrock/", "/"), example, 0, ErrIncomplete, "IncompleteSignatureException", "exactly 5 slash-delimited elements"},
		{"no date", func(r *http.Request) { r.Header.Del("X-Amz-Date") }, example, 0, ErrIncomplete, "IncompleteSignatureException", "either a 'X-Amz-Date' or a 'Date' header"},
		{"odd date", set("X-Amz-Date", "20150830T123600.5Z"), example, 0, ErrIncomplete, "IncompleteSignatureException", "ISO-8601"},
		{"no names", edit("SignedHeaders=content-type;host;x-amz-date", "SignedHeaders="), example, 0, ErrIncomplete, "IncompleteSignatureException", "'SignedHeaders'"},
		{"odd names", edit("SignedHeaders=", "SignedHeaders=;"), example, 0, ErrIncomplete, "IncompleteSignatureException", "joined with ';'"},
		{"terminator", edit("aws4_request", "aws3_request"), example, 0, ErrScope, "InvalidSignatureException", "not 'aws3_request'"},
		{"other day", edit("/20150830/", "/20150831/"), example, 0, ErrScope, "InvalidSignatureException", "'20150831' != '20150830', from '20150830T123600Z'."},
		{"other region", edit("/us-east-1/", "/eu-west-1/"), example, 0, ErrScope, "InvalidSignatureException", "Credential should be scoped to a valid region, not 'eu-west-1'. "},
		{"other service", edit("/bedrock/", "/s3/"), example, 0, ErrScope, "InvalidSignatureException", "Credential should be scoped to correct service: 'bedrock'. "},
		{"late", func(*http.Request) {}, example, 5*time.Minute + time.Second, ErrExpired, "InvalidSignatureException", "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"},
		{"early", func(*http.Request) {}, example, -5*time.Minute - time.Second, ErrNotYetCurrent, "InvalidSignatureException", "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"},
		{"unknown key", edit("AKIDEXAMPLE", "AKIDOTHER"), example, 0, ErrUnknownKey, "UnrecognizedClientException", "The security token included in the request is invalid."},
		{"token missing", func(*http.Request) {}, temporary, 0, ErrSessionToken, "UnrecognizedClientException", "The security token included in the request is invalid."},
		{"token wrong", set("X-Amz-Security-Token", "TOKEM"), temporary, 0, ErrSessionToken, "UnrecognizedClientException", "The security token included in the request is invalid."},
		{"token unsigned", set("X-Amz-Security-Token", "TOKEN"), temporary, 0, ErrSignedHeaders, "InvalidSignatureException", "'x-amz-security-token'"},
		{"credentials expired", func(*http.Request) {}, expired, 0, ErrExpiredToken, "ExpiredTokenException", "The security token included in the request is expired"},
		{"host unsigned", edit(";host", ""), example, 0, ErrSignedHeaders, "InvalidSignatureException", "'Host'"},
		{"x-amz unsigned", set("X-Amz-Meta", "1"), example, 0, ErrSignedHeaders, "InvalidSignatureException", "'x-amz-meta'"},
		{"signed header gone", func(r *http.Request) { r.Header.Del("Content-Type") }, example, 0, ErrSignedHeaders, "InvalidSignatureException", "'content-type'"},
		{"wrong secret", func(*http.Request) {}, Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "other"}, 0, ErrMismatch, "InvalidSignatureException", "does not match"},
		{"header changed", set("Content-Type", "text/plain"), example, 0, ErrMismatch, "InvalidSignatureException", "content-type:text/plain\n"},
		{"path bare", func(r *http.Request) { r.RequestURI = "/model/us.x-v1:0/converse?b=2&a=1" }, example, 0, ErrMismatch, "InvalidSignatureException", "\n/model/us.x-v1%3A0/converse\n"},
		{"query changed", func(r *http.Request) { r.RequestURI += "&c" }, example, 0, ErrMismatch, "InvalidSignatureException", "\na=1&b=2&c=\n"},
	} {
		req, hash := converse(t)
		if _, err := signer.Sign(req, hash, example, at); err != nil {
			t.Fatal(err)
		}
		req = received(t, req)
		c.change(req)
		_, err := signer.Verify(req, hash, func(id string) (Credentials, bool) { return c.known, id == c.known.AccessKeyID }, at.Add(c.now))
		e, ok := errors.AsType[*VerifyError](err)
		if !ok || !errors.Is(err, c.want) || e.Code != c.code || !strings.Contains(e.Message, c.words) {
			t.Errorf("%s: got %v\n%s", c.name, err, errorText(err))
			continue
		}
		if (c.want == ErrMismatch) != (e.CanonicalRequest != "") || (c.want == ErrMismatch) != (e.StringToSign != "") {
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

func TestVerifyPresigned(t *testing.T) {
	temporary := example
	temporary.SessionToken = "TO/KEN+="
	find := func(string) (Credentials, bool) { return temporary, true }
	for _, c := range []struct {
		name   string
		change func(url.Values)
		now    time.Duration
		want   error
	}{
		{"as it is", func(url.Values) {}, 0, nil},
		{"last second", func(url.Values) {}, time.Hour, nil},
		{"too late", func(url.Values) {}, time.Hour + time.Second, ErrExpired},
		{"too early", func(url.Values) {}, -5*time.Minute - time.Second, ErrNotYetCurrent},
		{"longer", func(q url.Values) { q.Set("X-Amz-Expires", "7200") }, 0, ErrMismatch},
		{"endless", func(q url.Values) { q.Set("X-Amz-Expires", "604801") }, 0, ErrIncomplete},
		{"no life", func(q url.Values) { q.Set("X-Amz-Expires", "-1") }, 0, ErrIncomplete},
		{"twice", func(q url.Values) { q.Add("X-Amz-Expires", "3600") }, 0, ErrIncomplete},
		{"no signature", func(q url.Values) { q.Del("X-Amz-Signature") }, 0, ErrIncomplete},
		{"algorithm", func(q url.Values) { q.Set("X-Amz-Algorithm", "AWS4") }, 0, ErrIncomplete},
		{"no token", func(q url.Values) { q.Del("X-Amz-Security-Token") }, 0, ErrSessionToken},
		{"parameter added", func(q url.Values) { q.Set("c", "3") }, 0, ErrMismatch},
		{"nothing", func(q url.Values) { clear(q) }, 0, ErrMissing},
	} {
		req, hash := converse(t)
		u, _, err := signer.Presign(req, hash, time.Hour, temporary, at)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		c.change(q)
		u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
		req.URL = u
		v, err := signer.Verify(received(t, req), hash, find, at.Add(c.now))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if err == nil && (!v.Presigned || !v.Expires.Equal(at.Add(time.Hour))) {
			t.Errorf("%s: verified %v until %v", c.name, v.Presigned, v.Expires)
		}
	}
}
