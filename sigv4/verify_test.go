package sigv4

import (
	"bufio"
	"bytes"
	"errors"
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

func TestVerifyPresigned(t *testing.T) {
	temporary := temporary
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

// forms are legal ways to sign that Sign itself does not use, and what may
// happen on the way without harm.
var forms = []struct {
	name   string
	before func(*http.Request) // signing
	after  func(*http.Request)
	want   error
}{
	{"absolute target", leave, func(r *http.Request) { r.RequestURI = "http://h" + r.RequestURI }, nil},
	{"URL changed by a handler", leave, func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/stripped", "" }, nil},
	{"hop-by-hop headers changed", leave, func(r *http.Request) {
		r.Header.Set("User-Agent", "x")
		r.Header.Set("X-Amzn-Trace-Id", "Root=1")
		r.Header.Set("X-Forwarded-For", "10.0.0.1")
	}, nil},
	{"no spaces in Authorization", leave, func(r *http.Request) {
		r.Header.Set("Authorization", strings.ReplaceAll(r.Header.Get("Authorization"), ", ", ","))
	}, nil},
	{"names not sorted", leave, edit("content-type;host", "host;content-type"), ErrMismatch},
	{"names in upper case", leave, edit("host", "Host"), ErrMismatch},
	{"content length signed", set("Content-Length", "15"), leave, nil},
	{"content length signed, server without the header", set("Content-Length", "15"), func(r *http.Request) { r.Header.Del("Content-Length") }, nil},
	{"content length changed", set("Content-Length", "15"), func(r *http.Request) {
		r.Header.Del("Content-Length")
		r.ContentLength = 16
	}, ErrMismatch},
	{"spaces as they were sent", func(r *http.Request) { r.Header["X-T"] = []string{" a  b", "c "} }, leave, nil},
}

func TestVerifyForms(t *testing.T) {
	for _, c := range forms {
		req, hash := converse(t)
		c.before(req)
		if _, err := signer.Sign(req, hash, example, at); err != nil {
			t.Fatal(err)
		}
		req = received(t, req)
		c.after(req)
		if _, err := signer.Verify(req, hash, lookup, at); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v\n%s", c.name, err, c.want, errorText(err))
		}
	}
}

// A request may carry Date instead of X-Amz-Date, as older signers send it;
// then Date has to be signed.
func TestVerifyDateHeader(t *testing.T) {
	for _, c := range []struct {
		names string
		want  error
	}{{"date;host", nil}, {"host", ErrSignedHeaders}} {
		req, err := http.NewRequest("GET", "https://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Date", at.Format(http.TimeFormat))
		fields := []field{{name: "host", values: []string{"h"}}, {name: "date", values: req.Header["Date"]}}
		r := request{path: "/", payloadHash: EmptyPayloadHash}
		_, authorization := signer.steps(&r, fields, example, at.Format(TimeFormat))
		req.Header.Set("Authorization", strings.Replace(authorization, "date;host", c.names, 1))
		if _, err := signer.Verify(received(t, req), EmptyPayloadHash, lookup, at); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.names, err, c.want)
		}
	}
}

// A bare ":" is accepted when the client signed what it sent; that the other
// side reads the path in the other style is found out.
func TestVerifyPathStyles(t *testing.T) {
	for _, c := range []struct {
		path               string
		signKeep, readKeep bool
		want               error
	}{
		{"/model/x-v1:0/converse", false, false, nil},
		{"/model/x-v1%3A0/converse", false, false, nil},
		{"/model/x-v1%3A0/converse", true, true, nil},
		{"/model/x-v1%3A0/converse", true, false, ErrMismatch},
		{"/model/x-v1%3A0/converse", false, true, ErrMismatch},
		{"/a//b/../c", true, true, nil},
		{"/a//b/../c", false, false, nil},
	} {
		req, err := http.NewRequest("GET", "https://h"+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := signer
		s.KeepPath = c.signKeep
		if _, err := s.Sign(req, EmptyPayloadHash, example, at); err != nil {
			t.Fatal(err)
		}
		s.KeepPath = c.readKeep
		if _, err := s.Verify(received(t, req), EmptyPayloadHash, lookup, at); !errors.Is(err, c.want) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}
