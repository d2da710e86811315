package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// signCall is one call of Sign.
type signCall struct {
	signer Signer
	req    *http.Request
	creds  Credentials
	hash   string
	when   time.Time
}

var badCalls = []struct {
	name   string
	change func(*signCall)
	want   string
}{
	{"region", func(c *signCall) { c.signer.Region = "" }, "no region"},
	{"service", func(c *signCall) { c.signer.Service = "" }, "no service"},
	{"odd region", func(c *signCall) { c.signer.Region = "us/east" }, `"us/east" is not a region`},
	{"key id", func(c *signCall) { c.creds.AccessKeyID = "" }, "no access key id"},
	{"odd service", func(c *signCall) { c.signer.Service = "a,b" }, `"a,b" is not a service`},
	{"odd key id", func(c *signCall) { c.creds.AccessKeyID = "CANARY/" }, "access key id has a character"},
	{"secret", func(c *signCall) { c.creds.SecretAccessKey = "" }, "no secret access key"},
	{"token", func(c *signCall) { c.creds.SessionToken = "CANARY\n" }, "session token"},
	{"url", func(c *signCall) { c.req.URL = nil }, "without a URL"},
	{"host", func(c *signCall) { c.req.URL, c.req.Host = &url.URL{}, "" }, "no host"},
	{"odd host", func(c *signCall) { c.req.Host = "a\nb" }, "host"},
	{"method", func(c *signCall) { c.req.Method = "GET\n" }, "method"},
	{"hash", func(c *signCall) { c.hash = "" }, "no payload hash"},
	{"year", func(c *signCall) { c.when = c.when.AddDate(9000, 0, 0) }, "year 11015"},
	{"header name", func(c *signCall) { c.req.Header["a b"] = []string{""} }, `"a b"`},
	{"header value", func(c *signCall) { c.req.Header["X-T"] = []string{"CANARY\r"} }, "header X-T"},
}

// Sign and Presign say what is missing and leave the request as it was.
func TestSignRefuses(t *testing.T) {
	for _, bad := range badCalls {
		req, hash := converse(t)
		req.Header["authorization"] = []string{"old"}
		c := signCall{signer, req, example, hash, at}
		bad.change(&c)
		before := req.Header.Clone()
		_, err := c.signer.Sign(c.req, c.hash, c.creds, c.when)
		if err == nil || !strings.HasPrefix(err.Error(), "sigv4: ") || !strings.Contains(err.Error(), bad.want) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: Sign: got %v, want %s", bad.name, err, bad.want)
		}
		if errors.Is(err, ErrCredentials) != (c.creds != example) {
			t.Errorf("%s: %v: ErrCredentials is %v", bad.name, err, errors.Is(err, ErrCredentials))
		}
		if u, _, err := c.signer.Presign(c.req, c.hash, time.Hour, c.creds, c.when); err == nil || u != nil {
			t.Errorf("%s: Presign: got %v %v", bad.name, u, err)
		}
		if !maps.EqualFunc(before, req.Header, slices.Equal) {
			t.Errorf("%s: header changed from %v to %v", bad.name, before, req.Header)
		}
	}
}

func TestPresignLife(t *testing.T) {
	req, hash := converse(t)
	for _, expires := range []time.Duration{0, -time.Second, 1500 * time.Millisecond, MaxPresign + time.Second} {
		if _, _, err := signer.Presign(req, hash, expires, example, at); err == nil || !strings.Contains(err.Error(), "from 1s to 168h") {
			t.Errorf("Presign for %v: %v", expires, err)
		}
	}
	for _, expires := range []time.Duration{time.Second, MaxPresign} {
		if _, _, err := signer.Presign(req, hash, expires, example, at); err != nil {
			t.Errorf("Presign for %v: %v", expires, err)
		}
	}
}

// A request that is signed again is signed as if for the first time, however
// its old headers are spelt.
func TestSignAgain(t *testing.T) {
	req, hash := converse(t)
	want, err := signer.Sign(req, hash, example, at)
	if err != nil {
		t.Fatal(err)
	}
	req.Header["x-amz-date"] = []string{"19990101T000000Z"}
	req.Header["AUTHORIZATION"] = []string{"AWS4-HMAC-SHA256 old"}
	req.Header["x-Amz-security-Token"] = []string{"old"}
	req.Header.Set("X-Amz-Security-Token", "old")
	got, err := signer.Sign(req, hash, example, at)
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	names := slices.Sorted(maps.Keys(req.Header))
	if want := []string{"Authorization", "Content-Type", "User-Agent", "X-Amz-Date"}; !slices.Equal(names, want) {
		t.Errorf("headers %q, want %q", names, want)
	}
}

// Header values of one request do not share room: appending to one leaves the
// others alone.
func TestSignedHeadersApart(t *testing.T) {
	req, hash := converse(t)
	if _, err := signer.Sign(req, hash, canary, at); err != nil {
		t.Fatal(err)
	}
	req.Header.Add("X-Amz-Date", "x")
	req.Header.Add("X-Amz-Security-Token", "x")
	if got := req.Header.Get("X-Amz-Security-Token"); got != canary.SessionToken {
		t.Errorf("token is %q", got)
	}
	if got := req.Header.Get("Authorization"); !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential=AKIACANARY/") {
		t.Errorf("authorization is %q", got)
	}
}

// The Host that net/http sends is the one that was signed.
func TestHost(t *testing.T) {
	for _, c := range []struct{ url, host, want string }{
		{"https://example.com/", "", "example.com"},
		{"https://EXAMPLE.com:443/", "", "example.com"},
		{"https://example.com:80/", "", "example.com:80"},
		{"http://example.com:80/", "", "example.com"},
		{"http://example.com:8080/", "", "example.com:8080"},
		{"http://example.com:/", "", "example.com"},
		{"http://[::1]:80/", "", "[::1]"},
		{"http://127.0.0.1/", "Other.example.com:443", "Other.example.com:443"},
	} {
		req, err := http.NewRequest("GET", c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.host != "" {
			req.Host = c.host
		}
		sig, err := signer.Sign(req, EmptyPayloadHash, example, at)
		if err != nil || !strings.Contains(sig.CanonicalRequest, "\nhost:"+c.want+"\n") {
			t.Errorf("%s %s: signed %q, %v", c.url, c.host, sig.CanonicalRequest, err)
		}
		if got := received(t, req).Host; got != c.want {
			t.Errorf("%s %s: sent Host %q, want %q", c.url, c.host, got, c.want)
		}
	}
}

// What a request means is signed, in whatever way net/url was told it.
func TestTarget(t *testing.T) {
	for _, c := range []struct {
		url  url.URL
		keep bool
		want string // path, newline, query
	}{
		{url.URL{Path: ""}, false, "/\n"},
		{url.URL{Path: ""}, true, "/\n"},
		{url.URL{Path: "/a b"}, true, "/a%20b\n"},
		{url.URL{Path: "/a b"}, false, "/a%2520b\n"},
		{url.URL{Path: "/a:b", RawPath: "/a%3Ab"}, true, "/a%3Ab\n"},
		{url.URL{Path: "/a:b", RawPath: "/a%3Ab"}, false, "/a%253Ab\n"},
		{url.URL{Path: "/a:b", RawPath: "/other"}, false, "/a%3Ab\n"},
		{url.URL{Path: "/a!b", RawPath: "/a!b"}, false, "/a%21b\n"},
		{url.URL{Path: "/ሴ"}, true, "/%E1%88%B4\n"},
		{url.URL{Opaque: "//h/a%3Ab"}, false, "/a%253Ab\n"},
		{url.URL{Opaque: "//h"}, false, "/\n"},
		{url.URL{Opaque: "/a%2Fb"}, true, "/a%2Fb\n"},
		{url.URL{Path: "/", RawQuery: "a=b+c&a=b%20c"}, false, "/\na=b%20c&a=b+c"},
		{url.URL{Path: "/", RawQuery: "ሴ=\xff&%=1"}, false, "/\n%=1&%E1%88%B4=%FF"},
	} {
		c.url.Scheme, c.url.Host = "https", "h"
		s := signer
		s.KeepPath = c.keep
		sig, err := s.Sign(&http.Request{URL: &c.url}, EmptyPayloadHash, example, at)
		if err != nil || !strings.HasPrefix(sig.CanonicalRequest, "GET\n"+c.want+"\nhost:h\n") {
			t.Errorf("%#v keep %v: %q, %v", c.url, c.keep, sig.CanonicalRequest, err)
		}
	}
}

// A declared payload hash is signed as it is, and checked against the body
// unless it says that the body is not covered.
func TestContentHashHeader(t *testing.T) {
	for _, c := range []struct {
		declared string // in X-Amz-Content-Sha256; "": the body's
		body     string // that came
		want     error
	}{
		{UnsignedPayload, "any", nil},
		{StreamingEvents, "any", nil},
		{"", `{"messages":[]}`, nil},
		{"", "any", ErrMismatch},
		{EmptyPayloadHash, `{"messages":[]}`, ErrMismatch},
	} {
		req, hash := converse(t)
		if c.declared == "" {
			c.declared = hash
		}
		req.Header.Set("X-Amz-Content-Sha256", c.declared)
		sig, err := signer.Sign(req, "", example, at)
		if err != nil || !strings.HasSuffix(sig.CanonicalRequest, "\n"+c.declared) {
			t.Fatalf("%q, %v", sig.CanonicalRequest, err)
		}
		if _, err := Verify(received(t, req), HashPayload([]byte(c.body)), lookup, at); !errors.Is(err, c.want) {
			t.Errorf("%s, body %s: got %v, want %v", c.declared, c.body, err, c.want)
		}
	}
}

// Presigning again replaces the signature and keeps the rest.
func TestPresignAgain(t *testing.T) {
	req, hash := converse(t)
	req.URL.RawQuery = "q=a+b&q=a%20b&&z&p=%zz&x-amz-date=mine"
	first, _, err := signer.Presign(req, hash, time.Minute, canary, at)
	if err != nil {
		t.Fatal(err)
	}
	req.URL = first
	again, sig, err := signer.Presign(req, hash, time.Hour, example, at)
	if err != nil {
		t.Fatal(err)
	}
	want := "q=a%20b&q=a%20b&z=&p=%25zz&x-amz-date=mine&X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		"&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fbedrock%2Faws4_request" +
		"&X-Amz-Date=20150830T123600Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=content-type%3Bhost" +
		"&X-Amz-Signature=" + sig.Signature
	if again.RawQuery != want {
		t.Errorf("got  %s\nwant %s", again.RawQuery, want)
	}
	if req.Header.Get("Authorization") != "" || req.URL != first {
		t.Error("Presign changed the request")
	}
}

func TestMac(t *testing.T) {
	for _, keyLen := range []int{0, 1, 32, 63, 64, 65, 200} {
		for _, messageLen := range []int{0, 1, 137, 255, 256, 257, 5000} {
			key, message := []byte(strings.Repeat("k", keyLen)), []byte(strings.Repeat("m", messageLen))
			h := hmac.New(sha256.New, key)
			h.Write(message)
			if got := mac(key, message); string(got[:]) != string(h.Sum(nil)) {
				t.Errorf("key of %d, message of %d: %x", keyLen, messageLen, got)
			}
		}
	}
}

// The cache gives what derivation gives, for many scopes from many goroutines,
// and stays small.
func TestKeyCache(t *testing.T) {
	var keys KeyCache
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				n := (i*7 + g) % 200
				s := Signer{Region: fmt.Sprint("r", n%5), Service: fmt.Sprint("s", n%3), Keys: &keys}
				secret, date := fmt.Sprint("secret", n%2), fmt.Sprintf("201508%02dT000000Z", n%7+1)
				if s.signingKey(secret, date) != s.deriveKey(secret, date[:8]) {
					t.Errorf("wrong key for %s %s %s %s", secret, date, s.Region, s.Service)
				}
			}
		})
	}
	wg.Wait()
	if n := len(*keys.keys.Load()); n != maxKeys {
		t.Errorf("%d keys, want %d", n, maxKeys)
	}
}

// TimeFormat by hand is TimeFormat by the time package.
func TestAppendTime(t *testing.T) {
	for _, when := range []time.Time{at, {}, time.Date(9999, 12, 31, 23, 59, 59, 999, time.UTC), time.Date(12, 1, 2, 3, 4, 5, 0, time.UTC)} {
		if got, want := string(appendTime(nil, when)), when.Format(TimeFormat); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestSignEventRefuses(t *testing.T) {
	for _, s := range []Signer{{Service: "x"}, {Region: "x"}} {
		if sig, err := s.SignEvent("", nil, nil, example, at); err == nil {
			t.Errorf("%+v signed %v", s, sig)
		}
	}
}
