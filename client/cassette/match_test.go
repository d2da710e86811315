package cassette

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// recorded makes a cassette of one answered request.
func recorded(t *testing.T, o Options, req *http.Request) *Cassette {
	t.Helper()
	path := tempFile(t)
	o.Mode = Record
	rec := mustOpen(t, path, o)
	mustDo(t, rec.Wrap(answer(200, nil, "{}")), req)
	mustClose(t, rec)
	o.Mode = Replay
	return mustOpen(t, path, o)
}

const arnURL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fx/converse"

// matches are a recorded request and one of later, and whether they match.
var matches = []struct {
	name         string
	was, wasBody string // METHOD URL
	is, isBody   string
	match        bool
	wasSecret    string
}{
	{name: "the same", was: "POST " + modelURL, wasBody: `{"a":1}`, is: "POST " + modelURL, isBody: `{"a":1}`, match: true},
	{name: "host", was: "POST " + modelURL, is: "POST http://127.0.0.1:8000/model/m%3A0/converse", match: true},
	{name: "method", was: "POST http://h/", is: "PUT http://h/"},
	{name: "path", was: "GET http://h/a", is: "GET http://h/b"},
	{name: "a bare colon", was: "GET http://h/model/m%3A0", is: "GET http://h/model/m:0", match: true},
	{name: "a bare slash", was: "GET http://h/model/a%2Fb", is: "GET http://h/model/a/b"},
	{name: "order in the query", was: "GET http://h/?a=1&b=2", is: "GET http://h/?b=2&a=1", match: true},
	{name: "query", was: "GET http://h/?a=1", is: "GET http://h/?a=2"},
	{name: "signature in the query", was: "GET http://h/?a=1&X-Amz-Date=1&X-Amz-Signature=2", is: "GET http://h/?a=1&X-Amz-Date=3", match: true},
	{name: "order of keys, white space, escapes", was: "POST http://h/", wasBody: `{"a":[1,"\u00e9"],"b":{"c":null,"d":true}}`, is: "POST http://h/", isBody: "{ \"b\": {\"d\":true,\n \"c\":null}, \"a\": [1, \"é\"] }", match: true},
	{name: "order of elements", was: "POST http://h/", wasBody: `[1,2]`, is: "POST http://h/", isBody: `[2,1]`},
	{name: "digits", was: "POST http://h/", wasBody: `{"a":1.0}`, is: "POST http://h/", isBody: `{"a":1}`},
	{name: "large numbers", was: "POST http://h/", wasBody: `{"a":12345678901234567890}`, is: "POST http://h/", isBody: `{"a":12345678901234567891}`},
	{name: "white space in a text", was: "POST http://h/", wasBody: `{"a":"b c"}`, is: "POST http://h/", isBody: `{"a":"b  c"}`},
	{name: "text", was: "POST http://h/", wasBody: "a", is: "POST http://h/", isBody: "b"},
	{name: "keys within base64", was: "POST http://h/", wasBody: `{"body":"` + b64(`{"max":1,"b":[]}`) + `"}`, is: "POST http://h/", isBody: `{"body":"` + b64(`{"b": [], "max": 1}`) + `"}`, match: true},
	{name: "account id in the path", was: "POST " + arnURL, is: "POST " + arnURL, match: true},
	{name: "another account id", was: "POST " + arnURL, is: "POST " + strings.Replace(arnURL, "123456789012", "999988887777", 1), match: true},
	{name: "one account id in two places", was: "POST " + arnURL, wasBody: `{"bucketOwner":"123456789012"}`, is: "POST " + arnURL, isBody: `{"bucketOwner":"123456789012"}`, match: true},
	{name: "two account ids where there was one", was: "POST " + arnURL, wasBody: `{"bucketOwner":"123456789012"}`, is: "POST " + arnURL, isBody: `{"bucketOwner":"999988887777"}`},
	{name: "a number that is no account id", was: "POST " + arnURL, wasBody: `{"n":"111111111111"}`, is: "POST " + arnURL, isBody: `{"n":"222222222222"}`},
	{name: "account id in base64", was: "POST " + arnURL, wasBody: `{"body":"` + b64(`{"arn":"arn:aws:s3:::x","accountId":"123456789012"}`) + `"}`, is: "POST " + arnURL, isBody: `{"body":"` + b64(`{"arn":"arn:aws:s3:::x","accountId":"123456789012"}`) + `"}`, match: true},
	{name: "a key in a text", was: "POST http://h/", wasBody: `{"a":"use AKIACANARY1234567890 now"}`, is: "POST http://h/", isBody: `{"a":"use AKIACANARY1234567890 now"}`, match: true},
	{name: "a secret that is not known any more", wasSecret: "hush-hush-hush", was: "POST http://h/", wasBody: `{"a":"say hush-hush-hush, then hush-hush-hush."}`, is: "POST http://h/", isBody: `{"a":"say hush-hush-hush, then hush-hush-hush."}`, match: true},
	{name: "other words around a secret", wasSecret: "hush-hush-hush", was: "POST http://h/", wasBody: `{"a":"say hush-hush-hush."}`, is: "POST http://h/", isBody: `{"a":"cry hush-hush-hush."}`},
	{name: "no body where one was", was: "POST http://h/", wasBody: `{}`, is: "POST http://h/"},
}

func TestMatching(t *testing.T) {
	for _, c := range matches {
		t.Run(c.name, func(t *testing.T) {
			request := func(line, body string) *http.Request {
				method, url, _ := strings.Cut(line, " ")
				return newRequest(t, method, url, body)
			}
			var o Options
			if c.wasSecret != "" {
				o.Redaction.Secrets = []string{c.wasSecret}
			}
			play := recorded(t, o, request(c.was, c.wasBody))
			play.redactor = newRedactor(Options{}.redaction()) // as in another process
			_, _, err := do(t, play, request(c.is, c.isBody))
			if (err == nil) != c.match {
				t.Errorf("match %v: %v\n%s", err == nil, err, readFile(t, play.path))
			}
		})
	}
}

func TestMatchingCompressed(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write([]byte(`{"a":1}`))
	w.Close()
	req := newRequest(t, "POST", "http://h/", z.String())
	req.Header.Set("Content-Encoding", "gzip")
	play := recorded(t, Options{}, req)
	if body := string(play.Interactions()[0].Request.Body); body != `{"a":1}` {
		t.Errorf("stored %q", body)
	}
	req = newRequest(t, "POST", "http://h/", z.String())
	req.Header.Set("Content-Encoding", "gzip")
	mustDo(t, play, req)
}

// An exact match wins over a REDACTED that matches too.
func TestExactMatchFirst(t *testing.T) {
	path := tempFile(t)
	c := mustOpen(t, path, Options{Mode: Record, Redaction: Redaction{Secrets: []string{"first-secret"}}})
	mustDo(t, c.Wrap(answer(200, nil, `"wildcard"`)), newRequest(t, "POST", "http://h/", "a first-secret b"))
	mustDo(t, c.Wrap(answer(200, nil, `"exact"`)), newRequest(t, "POST", "http://h/", "a plain b"))
	c = mustOpen(t, path, Options{})
	for _, want := range []string{`"exact"`, `"wildcard"`} {
		if _, body := mustDo(t, c, newRequest(t, "POST", "http://h/", "a plain b")); string(body) != want {
			t.Errorf("got %s, want %s", body, want)
		}
	}
}

// What was stored without redaction is found by a request that has the secret.
func TestMatchUnredacted(t *testing.T) {
	path := tempFile(t)
	request := func() *http.Request {
		return newRequest(t, "POST", "http://h/AKIACANARY0123456789?a=AKIACANARY0123456789", `{"a":"AKIACANARY0123456789"}`)
	}
	c := mustOpen(t, path, Options{Mode: Record, Redaction: Redaction{None: true}})
	mustDo(t, c.Wrap(answer(200, nil, "{}")), request())
	mustDo(t, mustOpen(t, path, Options{}).Wrap(noNetwork(t)), request())
	mustDo(t, mustOpen(t, path, Options{Redaction: Redaction{None: true}}).Wrap(noNetwork(t)), request())
}

// Of several answers that of the same host comes first.
func TestSameHostFirst(t *testing.T) {
	path := tempFile(t)
	c := mustOpen(t, path, Options{Mode: Record})
	for _, host := range []string{"a", "b"} {
		mustDo(t, c.Wrap(answer(200, nil, host)), newRequest(t, "GET", "http://"+host+"/", ""))
	}
	c = mustOpen(t, path, Options{})
	for _, host := range []string{"b", "c"} {
		want := strings.Replace(host, "c", "a", 1)
		if _, body := mustDo(t, c, newRequest(t, "GET", "http://"+host+"/", "")); string(body) != want {
			t.Errorf("%s is answered by %s", host, body)
		}
	}
	c = mustOpen(t, path, Options{Repeat: true})
	for _, host := range []string{"a", "b", "a", "b", "c"} {
		want := strings.Replace(host, "c", "b", 1)
		if _, body := mustDo(t, c, newRequest(t, "GET", "http://"+host+"/", "")); string(body) != want {
			t.Errorf("%s is answered by %s again", host, body)
		}
	}
}

func TestUnmatched(t *testing.T) {
	path := tempFile(t)
	rec := mustOpen(t, path, Options{Mode: Record})
	for _, r := range []string{
		`http://h/model/a/converse {"messages":[{"content":[{"text":"Say hello"}]}],"max":1}`,
		`http://h/model/a/converse {"messages":[{"content":[{"text":"Say ` + strings.Repeat("very ", 60) + `much"}]}],"max":2}`,
		`http://h/model/b/converse {}`,
	} {
		url, body, _ := strings.Cut(r, " ")
		mustDo(t, rec.Wrap(answer(200, nil, "{}")), newRequest(t, "POST", url, body))
	}
	for _, c := range []struct{ method, url, body, want string }{
		{"POST", "http://h/model/a/converse", `{"messages":[{"content":[{"text":"Say good-bye"}]}],"max":1}`,
			`nearest is line 3, POST /model/a/converse|first difference: body.messages[0].content[0].text: recorded "Say hello", got "Say good-bye"`},
		{"POST", "http://h/model/a/converse", `{"messages":[{"content":[{"text":"Say hello"}]}],"max":7,"more":null}`,
			`nearest is line 3, POST /model/a/converse|first difference: body.max: recorded 1, got 7 (and 1 more)`},
		{"POST", "http://h/model/a/converse", `{"messages":[{"content":[{"text":"Say ` + strings.Repeat("very ", 60) + `little"}]}],"max":2}`,
			`first difference: body.messages[0].content[0].text: recorded …`},
		{"POST", "http://h/model/c/converse", `{}`, `nearest is line 41, POST /model/b/converse|first difference: path: recorded "/model/b/converse", got "/model/c/converse"`},
		{"GET", "http://h/model/b/converse?x=1", ``, `first difference: method: recorded "POST", got "GET" (and 2 more)`},
		{"POST", "http://h/model/b/converse", `{"a":"AKIACANARY1234567890"}`, `first difference: body.a: recorded nothing, got "REDACTED"`},
		{"POST", "http://h/model/b/converse", `[]`, `first difference: body: recorded {}, got []`},
		{"POST", "http://h/model/b/converse", "\x1b[2J", `first difference: body: recorded {}, got "\x1b[2J"`},
	} {
		_, _, err := do(t, mustOpen(t, path, Options{}), newRequest(t, c.method, c.url, c.body))
		e, ok := errors.AsType[*UnmatchedError](err)
		if !ok {
			t.Errorf("%s %s: %v", c.url, c.body, err)
			continue
		}
		for want := range strings.SplitSeq(c.want, "|") {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s %s:\n%v\nwant %s", c.url, c.body, err, want)
			}
		}
		if strings.Contains(err.Error(), "CANARY") || strings.Contains(err.Error(), "\x1b") || len(err.Error()) > 700 || e.Retryable() {
			t.Errorf("%v", err)
		}
	}
	empty := tempFile(t)
	save(empty, Append(nil, nil))
	if _, _, err := do(t, mustOpen(t, empty, Options{}), newRequest(t, "GET", "http://h/", "")); err == nil || !strings.Contains(err.Error(), "it is empty") {
		t.Errorf("an empty cassette: %v", err)
	}
}

func TestFits(t *testing.T) {
	for _, c := range []struct {
		recorded, now string
		want          int
	}{
		{"a", "a", fitsWhole}, {"a", "b", fitsNot}, {"", "", fitsWhole},
		{"000000000001", "123456789012", fitsWhole},
		{"x000000000001y", "x12345678901y", fitsNot},
		{"1000000000001", "1123456789012", fitsNot},
		{"000000000001 000000000002", "111111111111 222222222222", fitsWhole},
		{"000000000001 000000000002", "111111111111 111111111111", fitsNot},
		{"000000000001 000000000001", "111111111111 222222222222", fitsNot},
		{"000000 000000000001", "000000 123456789012", fitsWhole},
		{"REDACTED", "", fitsMarks}, {"aREDACTED", "b", fitsNot}, {"aREDACTEDb", "ab", fitsMarks}, {"aREDACTEDa", "a", fitsNot},
		{"aREDACTEDbREDACTEDc", "a1b2c", fitsMarks}, {"aREDACTEDbREDACTEDc", "a1c", fitsNot}, {"aREDACTEDbREDACTEDb", "ab", fitsNot},
		{"REDACTEDx000000000001REDACTED000000000001", "zx111111111111 and 111111111111", fitsMarks},
	} {
		if got := fits(c.recorded, c.now); got != c.want {
			t.Errorf("%q %q: %d, want %d", c.recorded, c.now, got, c.want)
		}
	}
}

func BenchmarkReplay(b *testing.B) {
	var all []Interaction
	for i := range 100 {
		all = append(all, Interaction{
			Request:  Request{Method: "POST", URL: modelURL, Body: fmt.Appendf(nil, `{"n":%d,"text":%q}`, i, strings.Repeat("word ", 100))},
			Response: Response{Status: 200, Body: []byte(`{"ok":true}`)},
		})
	}
	path := b.TempDir() + "/bench.cassette"
	if err := save(path, Append(nil, all)); err != nil {
		b.Fatal(err)
	}
	c, err := Open(path, Options{Repeat: true})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		req, _ := http.NewRequest("POST", modelURL, bytes.NewReader(all[50].Request.Body))
		if _, err := c.RoundTrip(req); err != nil {
			b.Fatal(err)
		}
	}
}
