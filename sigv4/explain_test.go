package sigv4

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// refusalOf is what a verifier says of the request that a bad signer sends.
func refusalOf(t *testing.T, m mistake) (given *http.Request, body, message string) {
	t.Helper()
	b := newBadSigner()
	m.make(b)
	given, arrived, sent := b.send()
	lookup := func(id string) (Credentials, bool) { return example, id == example.AccessKeyID }
	_, err := Signer{Region: "us-east-1", Service: "runtime"}.Verify(arrived, HashPayload([]byte(sent)), lookup, newBadSigner().date)
	refusal, ok := err.(*VerifyError)
	if !ok {
		t.Errorf("%s: accepted", m.name)
		return given, b.body, ""
	}
	return given, b.body, refusal.Message
}

// What may have been signed for by mistake.
var (
	otherRegions  = []string{"us-west-2"}
	otherServices = []string{"other"}
	otherHosts    = []string{"runtime.us-west-2.example.com"}
)

// TestExplainNamesTheMistake: with the request and the secret in hand every
// mistake is named, and what only the signature shows is proven.
func TestExplainNamesTheMistake(t *testing.T) {
	if b := newBadSigner(); true { // without a mistake
		_, arrived, body := b.send()
		if _, err := Verify(arrived, HashPayload([]byte(body)), func(string) (Credentials, bool) { return example, true }, b.date); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range mistakes {
		given, body, message := refusalOf(t, m)
		e, ok := Explain(Evidence{
			Message: message, Request: given, Body: []byte(body), Credentials: example, Region: "us-east-1", Service: "runtime",
			Regions: otherRegions, Services: otherServices, Hosts: otherHosts,
		})
		if !ok || e.Culprit != m.culprit || !strings.Contains(e.Why, m.why) || e.Fix == "" {
			t.Errorf("%s: %v %+v, want %s: …%s…\n%s", m.name, ok, e.Cause, m.culprit, m.why, e.Ours)
		}
	}
}

// TestExplainTwoMistakes finds mistakes that were made together.
func TestExplainTwoMistakes(t *testing.T) {
	both := func(a, b string) mistake {
		i := slices.IndexFunc(mistakes, func(m mistake) bool { return m.name == a })
		j := slices.IndexFunc(mistakes, func(m mistake) bool { return m.name == b })
		return mistake{name: a + " and " + b, culprit: mistakes[i].culprit, why: mistakes[j].culprit, make: func(s *badSigner) { mistakes[i].make(s); mistakes[j].make(s) }}
	}
	for _, m := range []mistake{
		both("path encoded once", "query not sorted"), both("Host with a port", "empty body signed"), both("secret with a line break", "path encoded once"),
		both("string to sign with CRLF", "path not encoded"), both("key of another region", "Host with a port"),
	} {
		given, body, message := refusalOf(t, m)
		e, ok := Explain(Evidence{Message: message, Request: given, Body: []byte(body), Credentials: example, Regions: otherRegions})
		if !ok || !e.Proven || e.Culprit != m.culprit || len(e.Also) != 1 || e.Also[0].Culprit != m.why {
			t.Errorf("%s: %v %+v", m.name, ok, e)
		}
	}
}

// TestExplainWithLess: what happened on the way shows without the secret, and
// without the signature too; nothing is proven then, and nothing goes wrong.
func TestExplainWithLess(t *testing.T) {
	for _, m := range mistakes {
		given, body, message := refusalOf(t, m)
		b := newBadSigner()
		m.make(b)
		_, sent, _ := b.send()
		onTheWay := sent.URL.RequestURI() != sent.RequestURI || b.sentBody(b.body) != b.body || sent.Host != given.Host || sent.Method != given.Method
		if e, ok := Explain(Evidence{Message: "It does not match.", Request: given, Body: []byte(body), Credentials: example}); onTheWay && (!ok || e.Culprit != "signature refused" || !e.Guess || len(e.Also) == 0) {
			t.Errorf("%s, with nothing quoted: %v %+v", m.name, ok, e)
		}
		for _, less := range []func(e *Evidence){
			func(e *Evidence) { e.Credentials = Credentials{} },
			func(e *Evidence) {
				e.Credentials, e.Request = Credentials{}, e.Request.Clone(t.Context())
				e.Request.Header.Del("Authorization")
			},
			func(e *Evidence) { // masked before it was shown
				e.Request = e.Request.Clone(t.Context())
				e.Request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=***, SignedHeaders=***, Signature=***")
			},
			func(e *Evidence) {
				e.Request = e.Request.Clone(t.Context())
				e.Request.Header.Set("Authorization", e.Request.Header.Get("Authorization")[:140]+"…")
			},
			func(e *Evidence) { e.Request = nil },
			func(e *Evidence) { e.Message, e.Region, e.Service = "", "us-east-1", "runtime" },
			func(e *Evidence) { *e = Evidence{} },
		} {
			evidence := Evidence{Message: message, Request: given, Body: []byte(body), Credentials: example, Regions: otherRegions, Services: otherServices, Hosts: otherHosts}
			less(&evidence)
			e, ok := Explain(evidence)
			if ok != (e.Culprit != "") || e.Proven && evidence.Credentials.SecretAccessKey == "" {
				t.Errorf("%s: %v %+v", m.name, ok, e)
			}
			if e.Guess && e.Proven {
				t.Errorf("%s: guessed and proven: %+v", m.name, e.Cause)
			}
			if onTheWay && evidence.Message != "" && evidence.Request != nil && e.Culprit != m.culprit {
				t.Errorf("%s with less: %+v", m.name, e.Cause)
			}
		}
	}
}

// TestExplainPresigned breaks presigned URLs.
func TestExplainPresigned(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, m := range []struct {
		name, culprit string
		change        func(r *http.Request)
		later         time.Duration
		secret        string
	}{
		{"expired", "clock", func(*http.Request) {}, 2 * time.Hour, example.SecretAccessKey},
		{"parameter added", "query", func(r *http.Request) { r.URL.RawQuery += "&x=1" }, 0, example.SecretAccessKey},
		{"another host", "host", func(r *http.Request) { r.Host = "cdn.example.com" }, 0, example.SecretAccessKey},
		{"another method", "method", func(r *http.Request) { r.Method = "PUT" }, 0, example.SecretAccessKey},
		{"trailing newline", "secret", func(*http.Request) {}, 0, example.SecretAccessKey + "\n"},
	} {
		r, _ := http.NewRequest("GET", "https://runtime.us-east-1.example.com/a%3Ab?q=1", nil)
		c := example
		c.SecretAccessKey, c.SessionToken = m.secret, "token/of+many==bytes"
		u, _, err := Signer{Region: "us-east-1", Service: "runtime"}.Presign(r, EmptyPayloadHash, time.Hour, c, now)
		if err != nil {
			t.Fatal(err)
		}
		given := &http.Request{Method: "GET", URL: u, Host: u.Host, Header: http.Header{}}
		arrived := given.Clone(t.Context())
		arrived.URL = new(url.URL)
		*arrived.URL = *u
		m.change(arrived)
		_, err = Verify(arrived, EmptyPayloadHash, func(string) (Credentials, bool) { return example, true }, now.Add(m.later))
		refusal, ok := err.(*VerifyError)
		if !ok {
			t.Errorf("%s: accepted", m.name)
			continue
		}
		c.SecretAccessKey = example.SecretAccessKey
		e, ok := Explain(Evidence{Message: refusal.Message, Request: given, Body: []byte{}, Credentials: c})
		if !ok || e.Culprit != m.culprit || strings.Contains(fmt.Sprint(e), "token/of") || strings.Contains(fmt.Sprint(e), "token%2Fof") {
			t.Errorf("%s: %v %+v", m.name, ok, e)
		}
	}
}

// TestExplainShowsNoSecret plants a token and a secret and breaks everything.
func TestExplainShowsNoSecret(t *testing.T) {
	const token = "canary-TOKEN/with+signs=="
	for _, m := range mistakes {
		m.make = func(makeIt func(*badSigner)) func(*badSigner) {
			return func(b *badSigner) { b.token = token; makeIt(b) }
		}(m.make)
		b := newBadSigner()
		m.make(b)
		given, arrived, body := b.send()
		_, err := Verify(arrived, HashPayload([]byte(body)), func(string) (Credentials, bool) { return example, true }, newBadSigner().date)
		message := ""
		if refusal, ok := err.(*VerifyError); ok {
			message = refusal.Message
		}
		c := example
		c.SessionToken = token
		e, _ := Explain(Evidence{Message: message, Request: given, Body: []byte(b.body), Credentials: c, Regions: otherRegions, Services: otherServices, Hosts: otherHosts})
		said := fmt.Sprintf("%+v", e)
		for _, secret := range []string{"canary-TOKEN", example.SecretAccessKey[:12]} {
			if strings.Contains(said, secret) {
				t.Errorf("%s: %q in %s", m.name, secret, said)
			}
		}
	}
}

// FuzzExplain wants no panic, whatever a service or a request says.
func FuzzExplain(f *testing.F) {
	for _, m := range mistakes[:3] {
		b := newBadSigner()
		m.make(b)
		given, _, _ := b.send()
		f.Add(given.Header.Get("Authorization"), given.URL.String(), "The Canonical String for this request should have been\n'POST\n/\n\nhost:h\n\nhost\ne3b0'", "Content-Type", "x")
	}
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=;, Signature=0", "https://h/?X-Amz-Date=1&X-Amz-Algorithm=AWS4-HMAC-SHA256", "Signature expired: 20260304T050607Z is now earlier than x (20260304T050607Z - 5 min.)", "X-Amz-Date", "20260304T050607Z")
	f.Add("AWS4-HMAC-SHA256 Credential="+example.AccessKeyID+"/2026/us-east-1/runtime/aws4_request, SignedHeaders=host;x-amz-date, Signature="+EmptyPayloadHash, "https://h/", "", "Content-Type", "x")
	f.Add("AWS4-HMAC-SHA256 Credential=a/20260304/us-east-1/runtime/aws4_request, SignedHeaders=content-type;host, Signature="+EmptyPayloadHash, "https://h/",
		"The Canonical String for this request should have been\n'POST\n/\n\ncontent-type:\nhost:h\n\ncontent-type;host\ne3b0'", "X-Amz-Security-Token", "content-type")
	f.Fuzz(func(t *testing.T, authorization, whole, message, name, value string) {
		u, err := url.Parse(whole)
		if err != nil {
			t.Skip()
		}
		r := &http.Request{Method: "POST", URL: u, Host: u.Host, Header: http.Header{"Authorization": {authorization}, "X-Amz-Date": {"20260304T050607Z"}, name: {value}}}
		e, ok := Explain(Evidence{Message: message, Request: r, Body: []byte(value), Credentials: example})
		if ok && (e.Culprit == "" || e.Why == "" || e.Fix == "") {
			t.Errorf("%+v", e)
		}
	})
}
