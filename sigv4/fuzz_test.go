package sigv4

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// normal is an independent reading of the canonical path's rule.
func normal(path string) string {
	var kept []string
	for _, segment := range strings.Split(path, "/") {
		switch {
		case segment == "..":
			kept = kept[:max(0, len(kept)-1)]
		case segment != "" && segment != ".":
			kept = append(kept, segment)
		}
	}
	end := ""
	if strings.HasSuffix(path, "/") && kept != nil {
		end = "/"
	}
	return strings.Join(kept, "/") + end
}

// flip turns one bit of s.
func flip(s string, n uint) string {
	b := []byte(s)
	b[n/8%uint(len(b))] ^= 1 << (n % 8)
	return string(b)
}

// tamper changes one bit in one part of a request that was received. It tells
// whether the request means something else now.
func tamper(req *http.Request, keepPath bool, part, bit uint) bool {
	path, query, hasQuery := strings.Cut(req.RequestURI, "?")
	switch part % 7 {
	case 0:
		changed := flip(path, bit)
		if changed[0] != '/' {
			return false // no server takes that for a request target
		}
		if hasQuery {
			changed += "?" + query
		}
		req.RequestURI = changed
		newPath, newQuery, _ := strings.Cut(changed, "?")
		return keepPath || normal(path) != normal(newPath) || query != newQuery
	case 1:
		if query == "" {
			return false
		}
		req.RequestURI = path + "?" + flip(query, bit)
		return true
	case 2:
		before := req.Host
		req.Host = flip(before, bit)
		return strings.TrimSpace(req.Host) != before
	}
	name := [...]string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Fuzz"}[part%7-3]
	before := req.Header.Get(name)
	if before == "" {
		return false
	}
	req.Header.Set(name, flip(before, bit))
	return !slices.Equal(strings.Fields(before), strings.Fields(req.Header.Get(name)))
}

// fuzzRequest builds and signs a request; the test is skipped where there is
// none of that kind.
func fuzzRequest(t *testing.T, s Signer, c Credentials, method, path, query, value string, body []byte, presign bool) (*http.Request, Signature) {
	u, err := url.Parse("https://host.example.com/" + strings.TrimPrefix(path, "/") + "?" + query)
	if err != nil || strings.ContainsAny(u.RawQuery, " \x7f") {
		t.Skip() // a space in the query ends the request line
	}
	req, err := http.NewRequest(method, u.String(), bytes.NewReader(body))
	if err != nil {
		t.Skip()
	}
	req.Header["X-Fuzz"] = []string{value}
	var sig Signature
	if presign {
		req.URL, sig, err = s.Presign(req, HashPayload(body), time.Hour, c, at)
	} else {
		sig, err = s.Sign(req, HashPayload(body), c, at)
	}
	if err != nil {
		if validValue(value) && validValue(c.SessionToken) {
			t.Fatal(err)
		}
		t.Skip()
	}
	return req, sig
}

// What Sign and Presign made is verified after it went over the wire, and is
// refused when one bit of it was changed on the way.
func FuzzSignVerify(f *testing.F) {
	f.Add("POST", "/model/us.x-v1%3A0/converse", "b=2&a=1", " a  b ", []byte("{}"), "TOKEN", false, false, uint(0), uint(9))
	f.Add("GET", "/a/./b//c/../d/", "", "", []byte(nil), "", true, false, uint(1), uint(77))
	f.Add("PUT", "/%2F", "a&a=&=v&a=%20+b", "\té\u00a0", []byte{0}, "T/+=", false, true, uint(3), uint(1001))
	f.Add("DELETE", "/ü {}", "ü=ü", "x", []byte("x"), "", true, true, uint(6), uint(4))
	f.Fuzz(func(t *testing.T, method, path, query, value string, body []byte, token string, presign, keep bool, part, bit uint) {
		c := example
		c.SessionToken = token
		s := Signer{Region: "us-east-1", Service: "service", KeepPath: keep}
		req, sig := fuzzRequest(t, s, c, method, path, query, value, body, presign)
		find := func(id string) (Credentials, bool) { return c, id == c.AccessKeyID }
		wire := received(t, req)
		v, err := s.Verify(wire, hashBody(t, wire), find, at)
		if err != nil {
			t.Fatalf("%v\n%s\nsigned\n%s", err, errorText(err), sig.CanonicalRequest)
		}
		if v.CanonicalRequest != sig.CanonicalRequest {
			t.Fatalf("verified %q, signed %q", v.CanonicalRequest, sig.CanonicalRequest)
		}
		hash := HashPayload(body)
		if len(body) > 0 {
			if _, err := s.Verify(wire, HashPayload([]byte(flip(string(body), bit))), find, at); !errors.Is(err, ErrMismatch) {
				t.Fatalf("changed body: %v", err)
			}
		}
		if !tamper(wire, keep, part, bit) {
			return
		}
		if _, err := s.Verify(wire, hash, find, at); err == nil {
			t.Fatalf("accepted %s %s %q, signed was\n%s", wire.Host, wire.RequestURI, wire.Header, sig.CanonicalRequest)
		}
	})
}

// FuzzVerify feeds Verify what no signer would make: it must refuse, not panic.
func FuzzVerify(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=0", "20150830T123600Z", "/?a", "")
	f.Add("", "", "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20150830%2Fr%2Fs%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=1&X-Amz-SignedHeaders=host&X-Amz-Signature=0", "UNSIGNED-PAYLOAD")
	f.Add("AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=", "", "//", "")
	f.Fuzz(func(t *testing.T, authorization, date, target, contentHash string) {
		req := &http.Request{Method: "POST", Host: "h", URL: &url.URL{Path: "/"}, RequestURI: target, Header: http.Header{}}
		for name, value := range map[string]string{"Authorization": authorization, "X-Amz-Date": date, "X-Amz-Content-Sha256": contentHash} {
			if value != "" {
				req.Header.Set(name, value)
			}
		}
		_, err := Verify(req, EmptyPayloadHash, func(string) (Credentials, bool) { return example, true }, at)
		e, ok := errors.AsType[*VerifyError](err)
		if !ok || e.Code == "" || e.Message == "" || strings.Contains(e.Message+e.Error(), example.SecretAccessKey) {
			t.Fatalf("got %v", err)
		}
	})
}
