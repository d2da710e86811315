package cassette

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clean is a cassette with nothing to find, each line of it a place to plant
// something.
const clean = `rawbedrock cassette 1

> POST https://h/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A000000000001%3Ainference-profile%2Fx/converse?a=HERE
Authorization: Bearer REDACTED
Cookie: REDACTED
X-Amz-Security-Token: REDACTED
X-Custom: HERE
json
	{
	  "text": "HERE"
	}

< 200 +0.11
X-Echo: HERE
frames
	+0.12 messageStart {"role":"HERE","p":"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}
	+0.12 chunk/bytes {"bytes":{"text":"HERE"},"p":"ab"}
	+0.12 !throttlingException {"message":"HERE"}

> GET http://h/?X-Amz-Credential=REDACTED&X-Amz-Signature=REDACTED

< 200 +0.00
sse
	+0.00 data: HERE

> GET http://h/

< 200 +0.00
text
	<a>HERE</a>
`

func TestScanFindsWhatIsPlanted(t *testing.T) {
	if found := scan("x", []byte(clean), newRedactor(canaryRedaction)); len(found) > 0 {
		t.Fatalf("in a clean one: %v", found)
	}
	secrets := map[string]string{"account id": "arn:aws:iam::123456789012:role/x"}
	maps.Copy(secrets, canaries)
	lines := strings.Split(clean, "\n")
	for kind, secret := range secrets {
		for n, line := range lines {
			if !strings.Contains(line, "HERE") {
				continue
			}
			forms := map[string]string{"plain": secret, "URL": url.QueryEscape(secret), "JSON": strings.Trim(fmt.Sprintf("%q", secret), `"`), "escaped": escaped(secret), "base64": b64("so " + secret + "!")}
			for form, planted := range forms {
				if form == "escaped" && !strings.Contains(line, `"HERE"`) {
					continue
				}
				text := append([]string{}, lines...)
				text[n] = strings.Replace(line, "HERE", planted, 1)
				found := scan("x", []byte(strings.Join(text, "\n")), newRedactor(canaryRedaction))
				if len(found) == 0 || found[0].Line != n+1 {
					t.Errorf("%s, %s, in %q: %v", kind, form, text[n], found)
				}
				for _, f := range found {
					if strings.Contains(f.String(), secret) {
						t.Errorf("shows %s", f)
					}
				}
			}
		}
	}
}

// What no line shows is found by decoding: base64 bodies, events that spell it.
func TestScanDecodes(t *testing.T) {
	for name, put := range answerPlaces {
		for kind, canary := range canaries {
			text := exchange(t, Options{Mode: Record, Redaction: Redaction{None: true}}, newRequest(t, "GET", "http://h/", ""), 200, nil, put(canary))
			found := scan("x", []byte(text), newRedactor(canaryRedaction))
			if len(found) == 0 {
				t.Errorf("%s in %s is not found:\n%s", kind, name, text)
			}
			for _, f := range found {
				if f.Line < 3 || strings.Contains(f.String(), canary) {
					t.Errorf("%s in %s: %v", kind, name, f)
				}
			}
		}
	}
}

func TestScanNames(t *testing.T) {
	for line, want := range map[string]string{
		"X-Api-Key: x":                     "header X-Api-Key",
		"Set-Cookie: a=b":                  "header Set-Cookie",
		"Proxy-Authorization: Basic short": "header Proxy-Authorization",
		"> GET http://h/?token=abc":        "query member token",
	} {
		found := scan("x", []byte("no cassette\n"+line+"\n"), newRedactor(Redaction{}))
		if len(found) == 0 || found[0].Line != 2 || !strings.Contains(fmt.Sprint(found), want) {
			t.Errorf("%s: %v", line, found)
		}
	}
}

func TestVerify(t *testing.T) {
	copied := sampleText + sampleText[strings.Index(sampleText, "\n> GET"):strings.Index(sampleText, "\n> POST /\n")]
	retried := copied[:len(copied)-len("\tnothing\n\t\n")] + "\tnothing else\n\t\n"
	for _, c := range []struct {
		name, text string
		line       int
		want       string
	}{
		{"sound", sampleText, 0, ""},
		{"empty", magic + "\n", 0, ""},
		{"two answers to a request", retried, 0, ""},
		{"unreadable", strings.Replace(sampleText, "frames", "frame", 1), 12, "unreadable: "},
		{"no cassette", "{}", 1, "unreadable: not a cassette"},
		{"order of headers", strings.Replace(sampleText, "Empty:\nOdd= \" x\\xff\"\n", "Odd= \" x\\xff\"\nEmpty:\n", 1), 17, "stale: not as the recorder writes it"},
		{"compact JSON", strings.Replace(sampleText, "\t{\n\t  \"messages\": []\n\t}\n", "\t{\"messages\":[]}\n", 1), 6, "stale: "},
		{"precise time", strings.Replace(sampleText, "+0.12", "+0.123", 1), 13, `stale: not as the recorder writes it, which is "+0.12 messageStart`},
		{"blank lines", sampleText + "\n", 36, "stale: "},
		{"length", strings.Replace(sampleText, "X-Amzn-Requestid: id", "Content-Length: 7", 1), 3, "stale: Content-Length of the answer is 7, its body has 247 bytes"},
		{"a copy", copied, 36, "unused: a copy of the interaction at line 16"},
	} {
		path := tempFile(t)
		os.WriteFile(path, []byte(c.text), 0o644)
		found, err := Verify(path)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.want == "" && len(found) == 0 {
			continue
		}
		if len(found) != 1 || found[0].Path != path || found[0].Line != c.line || !strings.HasPrefix(found[0].What, c.want) {
			t.Errorf("%s: %v, want line %d: %s", c.name, found, c.line, c.want)
		}
	}
	if _, err := Verify(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a missing file verifies")
	}
}

// An answer to HEAD has a length and no body, one that broke has less.
func TestVerifyLengths(t *testing.T) {
	for _, i := range []Interaction{
		{Request{Method: "HEAD", URL: "/"}, Response{Status: 200, Header: map[string][]string{"Content-Length": {"5"}}}, 0},
		{Request{Method: "GET", URL: "/"}, Response{Status: 200, Header: map[string][]string{"Content-Length": {"5"}}, Cut: "reset", CutAfter: time.Second}, 0},
	} {
		if found := verify("x", Append(nil, []Interaction{i})); len(found) > 0 {
			t.Errorf("%v", found)
		}
	}
}

func TestForTest(t *testing.T) {
	c := ForTest(t)
	if *recording {
		t.Skip("this cassette is written by hand")
	}
	if _, body := mustDo(t, c.Wrap(noNetwork(t)), newRequest(t, "GET", "http://h/", "")); string(body) != `{"said":"hello"}` {
		t.Errorf("%s", body)
	}
	t.Run("sub/test: 1", func(t *testing.T) {
		mustDo(t, ForTest(t, Options{Repeat: true}).Wrap(noNetwork(t)), newRequest(t, "GET", "http://h/sub", ""))
	})
}

// fakeTB is a test that is allowed to fail.
type fakeTB struct {
	testing.TB
	name    string
	said    []string
	cleanup []func()
}

func (f *fakeTB) Helper()           {}
func (f *fakeTB) Name() string      { return f.name }
func (f *fakeTB) Failed() bool      { return len(f.said) > 0 }
func (f *fakeTB) Cleanup(g func())  { f.cleanup = append(f.cleanup, g) }
func (f *fakeTB) Error(args ...any) { f.said = append(f.said, fmt.Sprint(args...)) }
func (f *fakeTB) Errorf(s string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(s, args...))
}
func (f *fakeTB) Fatalf(s string, args ...any) {
	f.Errorf(s, args...)
	panic(f)
}

func TestForTestFails(t *testing.T) {
	f := &fakeTB{name: "TestForTest"}
	ForTest(f)
	f.cleanup[0]()
	if len(f.said) != 1 || !strings.Contains(f.said[0], "TestForTest.cassette:3: the test does not ask for this interaction: GET http://h/") {
		t.Errorf("an unused interaction: %q", f.said)
	}
	f = &fakeTB{name: "TestNeverRecorded"}
	func() {
		defer func() { recover() }()
		ForTest(f)
	}()
	if len(f.said) != 1 || !strings.Contains(f.said[0], "go test -run '^TestNeverRecorded$' -record") {
		t.Errorf("no cassette: %q", f.said)
	}
}

// With -record the file is made anew, and what the test does not ask for any
// more is gone.
func TestForTestRecords(t *testing.T) {
	t.Chdir(t.TempDir())
	*recording = true
	defer func() { *recording = false }()
	for _, url := range []string{"http://h/old", "http://h/new"} {
		f := &fakeTB{name: "TestIt/sub"}
		mustDo(t, ForTest(f).Wrap(answer(200, nil, "1")), newRequest(t, "GET", url, ""))
		if f.cleanup[0](); f.said != nil {
			t.Error(f.said)
		}
	}
	for _, name := range []string{"TestIt/a:b", "TestIt/a?b"} {
		func() {
			defer func() { recover() }()
			f := &fakeTB{name: name}
			ForTest(f)
			if f.said != nil || name == "TestIt/a?b" {
				t.Errorf("%s: %q", name, f.said)
			}
			ForTest(f)
			t.Errorf("%s: a second call is not refused", name)
		}()
	}
	if got := filepath.ToSlash(pathOf("TestIt/../../../x")); got != "testdata/cassettes/TestIt/__/__/__/x.cassette" {
		t.Errorf("a name leads out of the folder: %s", got)
	}
	all, err := Read("testdata/cassettes/TestIt/sub.cassette")
	if err != nil || len(all) != 1 || all[0].Request.URL != "http://h/new" {
		t.Errorf("%v %v", all, err)
	}
}
