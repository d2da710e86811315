package cassette

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
)

// Account ids become pseudonyms of the same length, in order of appearance and
// everywhere the same, also where no ARN says what they are.
func TestAccountIDs(t *testing.T) {
	path := tempFile(t)
	c := mustOpen(t, path, Options{Mode: Record})
	send := func(url, body, answered string) {
		h := http.Header{"X-Custom": {"for 210987654321"}, "Content-Length": {fmt.Sprint(len(answered))}}
		mustDo(t, c.Wrap(answer(200, h, answered)), newRequest(t, "POST", url, body))
	}
	send("http://h/?bucketOwner=333344445555", `{"n":210987654321,"text":"order 210987654321, not 2109876543210"}`, "210987654321 is not known as an account yet")
	send(strings.Replace(arnURL, "123456789012", "210987654321", 1), `{"s3Location":{"uri":"s3://bucket-555566667777/x","bucketOwner":"123456789012"}}`,
		join(event("metadata", `{"trace":{"arn":"arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:guardrail/a"}}`),
			event("chunk", `{"bytes":"`+b64(`{"accountId":"888877776666","t":"AWS account 210987654321"}`)+`"}`)))
	mustClose(t, c)
	text := readFile(t, path)
	for _, id := range []string{"210987654321,", "210987654321 ", ":210987654321", "%3A210987654321", "123456789012", "333344445555", "555566667777", "888877776666", "for 210987654321"} {
		if strings.Contains(text, id) {
			t.Errorf("%s is in the file", id)
		}
	}
	for _, want := range []string{
		"bucketOwner=000000000001", "order 000000000002, not 2109876543210", "\t000000000002 is not known", `"n": "000000000002"`, "X-Custom: for 000000000002",
		"arn%3Aaws%3Abedrock%3Aus-east-1%3A000000000002%3Ainference-profile%2Fx", `s3://bucket-000000000003/x`, `"bucketOwner": "000000000004"`,
		"arn:aws-us-gov:bedrock:us-gov-west-1:000000000004:guardrail/a", `{"accountId":"000000000005","t":"AWS account 000000000002"}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in the file", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	checkCanonical(t, path)
	if found, err := Verify(path); err != nil || len(found) > 0 {
		t.Errorf("%v %v", found, err)
	}

	// Another session goes on counting.
	c = mustOpen(t, path, Options{Mode: RecordMissing})
	send("http://h/3", `{"accountId":"999911112222"}`, "{}")
	if text := readFile(t, path); !strings.Contains(text, `"accountId": "000000000006"`) {
		t.Errorf("the next account:\n%s", text)
	}
}

// What a layer below puts into a request may come back in the answer, and in
// what was recorded before.
func TestSecretsOfTheWire(t *testing.T) {
	path := tempFile(t)
	c := mustOpen(t, path, Options{Mode: Record})
	echo := func(set string, value string) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.Header.Set(set, value)
			return answer(403, nil, `{"message":"a-plain-looking-key, other-plain-key and tempting-password are refused"}`).RoundTrip(r)
		})
	}
	mustDo(t, c.Wrap(echo("X-Api-Key", "other-plain-key")), newRequest(t, "GET", "http://h/1", ""))
	if text := readFile(t, path); strings.Contains(text, "other-plain") || !strings.Contains(text, "a-plain-looking-key") {
		t.Errorf("first:\n%s", text)
	}
	mustDo(t, c.Wrap(echo("Authorization", "Bearer a-plain-looking-key")), newRequest(t, "GET", "http://h/2", ""))
	if text := readFile(t, path); strings.Contains(text, "plain-looking") || strings.Count(text, "REDACTED, REDACTED and tempting-password") != 2 {
		t.Errorf("second:\n%s", text)
	}
	c.Hide("tempting-password")
	mustDo(t, c.Wrap(answer(200, nil, "")), newRequest(t, "GET", "http://h/3", ""))
	if text := readFile(t, path); strings.Contains(text, "tempting") || strings.Count(text, "REDACTED, REDACTED and REDACTED") != 2 {
		t.Errorf("third:\n%s", text)
	}
	mustDo(t, c.Wrap(answer(200, nil, "the last-password")), newRequest(t, "GET", "http://h/4", ""))
	c.Hide("last-password")
	if text := readFile(t, path); strings.Contains(text, "last-password") {
		t.Errorf("hidden after the last recording:\n%s", text)
	}
}

// A replay under way keeps its bytes when a recording beside it teaches that
// there is a secret in them.
func TestReplayBesideRecording(t *testing.T) {
	const body = `{"word":"a-plain-looking-key"}`
	path := tempFile(t)
	mustDo(t, mustOpen(t, path, Options{Mode: Record}).Wrap(answer(200, http.Header{"Content-Length": {"30"}}, body)), newRequest(t, "GET", "http://h/1", ""))
	c := mustOpen(t, path, Options{Mode: RecordMissing})
	resp, err := c.RoundTrip(newRequest(t, "GET", "http://h/1", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	before := c.Interactions()[0].Response.Header
	req := newRequest(t, "GET", "http://h/2", "")
	req.Header.Set("X-Api-Key", "a-plain-looking-key")
	mustDo(t, c.Wrap(answer(200, nil, "")), req)
	if got, err := io.ReadAll(resp.Body); err != nil || string(got) != body {
		t.Errorf("replayed %q: %v", got, err)
	}
	if before.Get("Content-Length") != "30" || strings.Contains(readFile(t, path), "plain-looking") {
		t.Errorf("headers now %v, file:\n%s", before, readFile(t, path))
	}
}

// A compressed answer is stored plain, for nobody could find a secret in it.
func TestCompressedAnswer(t *testing.T) {
	var z, d bytes.Buffer
	for _, w := range []io.WriteCloser{gzip.NewWriter(&z), zlib.NewWriter(&d)} {
		io.WriteString(w, `{"key":"AKIACANARY0123456789"}`)
		w.Close()
	}
	for coding, body := range map[string]string{"gzip": z.String(), "deflate": d.String()} {
		h := http.Header{"Content-Encoding": {coding}, "Content-Length": {fmt.Sprint(len(body))}}
		text := exchange(t, Options{Mode: Record}, newRequest(t, "GET", "http://h/", ""), 200, h, body)
		if !strings.Contains(text, "Content-Length: 18\njson\n\t{\n\t  \"key\": \"REDACTED\"\n") || strings.Contains(text, "Content-Encoding") {
			t.Errorf("%s:\n%s", coding, text)
		}
		text = exchange(t, Options{Mode: Record, Redaction: Redaction{None: true}}, newRequest(t, "GET", "http://h/", ""), 200, h, body)
		if !strings.Contains(text, "Content-Encoding: "+coding) || !strings.Contains(text, "base64\n") {
			t.Errorf("%s, no redaction:\n%s", coding, text)
		}
		if found := scan("x", []byte(text), newRedactor(Redaction{})); len(found) != 1 || found[0].Line != 3 {
			t.Errorf("%s, scan: %v", coding, found)
		}
	}
	for coding, header := range map[string][]string{"br": {"br"}, "gzip, gzip": {"gzip", "gzip"}} {
		c := mustOpen(t, tempFile(t), Options{Mode: Record})
		mustDo(t, c.Wrap(answer(200, http.Header{"Content-Encoding": header}, z.String())), newRequest(t, "GET", "http://h/", ""))
		if err := c.Close(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q cannot be searched for secrets", coding)) {
			t.Errorf("%s: %v", coding, err)
		}
	}
}

// What looks like nothing stays as it is: pictures, signatures of reasoning,
// numbers, words in capitals.
func TestWhatIsNoSecretStays(t *testing.T) {
	picture := make([]byte, 300<<10)
	rand.NewChaCha8([32]byte{1}).Read(picture)
	for _, body := range []string{
		`{"bytes":"` + base64.StdEncoding.EncodeToString(picture) + `"}`,
		string(picture),
		`{"usage":{"inputTokens":123456789012,"outputTokens":3},"created":1787150055.123456789012,"embedding":[0.123456789012,-1e-12]}`,
		`{"bytes":"AAAAHGZ0eXBtcDQyAAAABIAAAASAAAAAAAAAAABDAAAAAKIAAAAAAAAAAAAAAAAKIAAAAAAAAAAAAAAAAA=="}`,
		`{"text":"ASIAPACIFIC and ASIAPACIFICREGIONS, ABSK is a prefix, so is AKIA; the security token included in the request is expired"}`,
		`{"nextToken":"AAMA-EFRSURBSGhtNkx6","message":"account balance 12, order 000000000042"}`,
		`{"signature":"` + base64.StdEncoding.EncodeToString(picture[:400]) + `"}`,
	} {
		text := exchange(t, Options{Mode: Record}, newRequest(t, "GET", "http://h/", ""), 200, nil, body)
		all, err := Parse([]byte(text))
		if err != nil || string(all[0].Response.Body) != body {
			t.Errorf("%.200q: %v", body, err)
		}
		if found := scan("x", []byte(text), newRedactor(Redaction{})); len(found) > 0 {
			t.Errorf("%v", found)
		}
	}
}
