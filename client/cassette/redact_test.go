package cassette

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rawbedrock/eventstream"
)

// canaries are secrets of every kind that must never be written. Each holds
// the word canary in some case where it is secret.
var canaries = map[string]string{
	"access key id":                  "AKIACANARY0123456789",
	"temporary access key id":        "ASIACANARY0123456789",
	"long-term API key":              "ABSKcanaryQmVkcm9ja0FQSUtleS1jYW5hcnk6c2VjcmV0",
	"short-term API key":             "bedrock-api-key-canaryYmVkcm9jay5hbWF6b25hd3M/QWN0aW9uPQ==",
	"session token":                  "IQoJb3JpZ2luX2VjEJcanary//////////wEaCXVzLWVhc3QtMSJH+SESSION/0123456789==",
	"own AWS_ACCESS_KEY_ID":          "ownCanaryAccessKeyID",
	"own AWS_SECRET_ACCESS_KEY":      "own/secret+canary/K7MDENG<&>bPxRfiCY\"KEY",
	"own AWS_SESSION_TOKEN":          "own+session/token==canary",
	"own AWS_BEARER_TOKEN_BEDROCK":   "own-bearer-canary-0123",
	"secret of the caller":           "the callers canary = secret",
	"what a rule of the caller says": "canary-4711",
}

func canaryEnv(name string) string { return canaries["own "+name] }

var canaryRedaction = Redaction{
	Getenv: canaryEnv, Secrets: []string{canaries["secret of the caller"]}, Rules: []*regexp.Regexp{regexp.MustCompile(`canary-\d+`)},
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

var requestPlaces = map[string]func(r *http.Request, text string){
	"header":        func(r *http.Request, text string) { r.Header.Set("X-Custom", "has "+text+" in it") },
	"Authorization": func(r *http.Request, text string) { r.Header.Set("Authorization", "Bearer "+text) },
	"Basic":         func(r *http.Request, text string) { r.SetBasicAuth("user", text) },
	"SigV4": func(r *http.Request, text string) {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+text+"/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=canary"+strings.Repeat("0", 58))
	},
	"X-Amz-Security-Token": func(r *http.Request, text string) { r.Header.Set("x-amz-security-token", text) },
	"X-Api-Key":            func(r *http.Request, text string) { r.Header["x-api-key"] = []string{text} },
	"Cookie":               func(r *http.Request, text string) { r.Header.Set("Cookie", "session="+url.QueryEscape(text)) },
	"presigned query": func(r *http.Request, text string) {
		r.URL.RawQuery = "X-Amz-Signature=" + url.QueryEscape(text) + "&a=b"
	},
	"query": func(r *http.Request, text string) {
		r.URL.RawQuery = url.Values{"q": {"a " + text}, text: {"x"}}.Encode()
	},
	"user of the URL": func(r *http.Request, text string) { r.URL.User = url.UserPassword("me", text) },
	"path":            func(r *http.Request, text string) { setPath(r, "/model/"+url.PathEscape(text)+"/converse") },
	"ARN": func(r *http.Request, text string) {
		setPath(r, "/model/"+url.PathEscape("arn:aws:iam::123456789012:key/"+text))
	},
	"body":            func(r *http.Request, text string) { setBody(r, fmt.Sprintf(`{"messages":[{"text":%q}]}`, "say "+text)) },
	"key in the body": func(r *http.Request, text string) { setBody(r, fmt.Sprintf(`{%q:1}`, text)) },
	"base64 in the body": func(r *http.Request, text string) {
		setBody(r, `{"body":"`+b64(fmt.Sprintf(`{"prompt":%q}`, text))+`"}`)
	},
	"base64 in a header":  func(r *http.Request, text string) { r.Header.Set("X-Custom", b64("has "+text)) },
	"base64 in the query": func(r *http.Request, text string) { r.URL.RawQuery = url.Values{"q": {b64("a " + text)}}.Encode() },
	"base64 in a key":     func(r *http.Request, text string) { setBody(r, fmt.Sprintf(`{%q:1}`, b64("key "+text))) },
	"percent, three times": func(r *http.Request, text string) {
		setBody(r, "a=b&u="+url.QueryEscape("q?u="+url.QueryEscape("q?u="+url.QueryEscape(text))))
	},
	"path with its slashes": func(r *http.Request, text string) {
		setPath(r, "/model/"+strings.ReplaceAll(url.PathEscape(text), "%2F", "/")+"/converse")
	},
	"text body": func(r *http.Request, text string) { setBody(r, "say "+text) },
}

func setPath(r *http.Request, path string) { r.URL, _ = url.Parse("https://h" + path) }

func setBody(r *http.Request, body string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
}

// escaped writes every letter of a text as \uXXXX.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}

var answerPlaces = map[string]func(text string) string{
	"JSON":             func(text string) string { return fmt.Sprintf(`{"message":%q}`, "you sent "+text) },
	"JSON, escaped":    func(text string) string { return `{"message":"you sent ` + escaped(text) + `"}` },
	"JSON in JSON":     func(text string) string { return fmt.Sprintf(`{"arguments":%q}`, fmt.Sprintf(`{"a":%q}`, text)) },
	"JSON of Python":   func(text string) string { return fmt.Sprintf(`{"a": 1, "message": %q}`, text) },
	"text":             func(text string) string { return "<error>" + text + "</error>\n" },
	"URL in a text":    func(text string) string { return `{"a":"https://h/?q=` + url.QueryEscape(text) + `"}` },
	"base64":           func(text string) string { return `{"data":"` + b64(text+" and more") + `"}` },
	"base64 in a text": func(text string) string { return "data:text/plain;base64," + b64("It is "+text) + "\n" },
	"base64 in base64": func(text string) string { return `{"data":"` + b64(`{"data":"`+b64(text+" and more")+`"}`) + `"}` },
	"base64 in lines": func(text string) string {
		return fmt.Sprintf(`{"data":%q}`, wrap(b64(strings.Repeat("wrapped ", 5)+text+strings.Repeat(" and more", 20)), 76, "\n"))
	},
	"PEM": func(text string) string {
		return "-----BEGIN X-----\r\n" + wrap(b64(strings.Repeat("wrapped ", 5)+text), 64, "\r\n") + "\r\n"
	},
	"binary":           func(text string) string { return "\xff\x00" + text + "\x00\xfe" },
	"base64 of binary": func(text string) string { return `{"data":"` + b64("\xff\x00"+text+"\x00\xfe") + `"}` },
	"event":            func(text string) string { return join(event("a", fmt.Sprintf(`{"text":%q}`, text)), event("b", `{}`)) },
	"event, escaped":   func(text string) string { return join(event("a", `{"text":"`+escaped(text)+`"}`)) },
	"exception": func(text string) string {
		return join(exception("validationException", fmt.Sprintf(`{"message":%q}`, text)))
	},
	"header of a message": func(text string) string {
		return join(message(eventstream.Headers{{Name: "a", Value: eventstream.String(text)}, {Name: "b", Value: eventstream.Bytes([]byte(text))}}, `{}`))
	},
	"name of a message's header": func(text string) string {
		return join(message(eventstream.Headers{{Name: text, Value: eventstream.Bool(true)}}, `{}`))
	},
	"chunk": func(text string) string {
		return join(event("chunk", `{"bytes":"`+b64(fmt.Sprintf(`{"delta":%q}`, text))+`","p":"ab"}`))
	},
	"chunk, escaped": func(text string) string {
		return join(event("chunk", `{"bytes":"`+b64(`{"delta":"`+escaped(text)+`"}`)+`"}`))
	},
	"cut event": func(text string) string {
		f := join(event("a", `{}`), event("a", fmt.Sprintf(`{"text":%q}`, text)))
		return f[:len(f)-5]
	},
	"cut chunk": func(text string) string {
		f := join(event("a", `{}`), event("chunk", `{"bytes":"`+b64(fmt.Sprintf(`{"delta":%q}`, text))+`"}`))
		return f[:len(f)-6]
	},
	"broken event": func(text string) string {
		f := []byte(join(event("a", `{}`), event("a", fmt.Sprintf(`{"text":%q}`, text)), event("c", `{}`)))
		f[len(f)-70] ^= 1
		return string(f)
	},
	"SSE": func(text string) string {
		return fmt.Sprintf("event: x\ndata: {\"text\":%q}\n\ndata: [DONE]\n\n", text)
	},
	"SSE, escaped":     func(text string) string { return "data: {\"text\":\"" + escaped(text) + "\"}\r\n\r\n" },
	"SSE field's name": func(text string) string { return "data: 1\n" + text + ": x\n\ndata: 2\n" + text + "\n\n" },
	"SSE comment":      func(text string) string { return "data: 1\n: " + text + "\n\n" },
	"cut SSE":          func(text string) string { return fmt.Sprintf("data: 1\n\ndata: {\"text\":%q", text) },
	"events, spelled": func(text string) string {
		var frames [][]byte
		for part := range strings.SplitSeq(text, "") {
			frames = append(frames, event("contentBlockDelta", fmt.Sprintf(`{"contentBlockIndex":0,"delta":{"text":%q},"p":"ab"}`, part)))
		}
		return join(frames...)
	},
	"events, spelled by turns": func(text string) string {
		var frames [][]byte
		for i := 0; i < len(text); i += 5 {
			frames = append(frames, event("contentBlockDelta", fmt.Sprintf(`{"contentBlockIndex":0,"delta":{"text":%q}}`, text[i:min(i+5, len(text))])),
				event("contentBlockDelta", `{"contentBlockIndex":1,"delta":{"text":"`+otherBlock+`"}}`))
		}
		return join(frames...)
	},
	"chunks, spelled": func(text string) string {
		var frames [][]byte
		for i := 0; i < len(text); i += 3 {
			frames = append(frames, event("chunk", `{"bytes":"`+b64(fmt.Sprintf(`{"delta":{"text":%q}}`, text[i:min(i+3, len(text))]))+`"}`))
		}
		return join(frames...)
	},
	"SSE, spelled": func(text string) string {
		var b strings.Builder
		for i := 0; i < len(text); i += 5 {
			fmt.Fprintf(&b, "data: {\"choices\":[{\"delta\":{\"content\":%q}}]}\n\n", text[i:min(i+5, len(text))])
		}
		return b.String()
	},
}

// otherBlock is what stands in a block between the pieces of a canary.
const otherBlock = "the other block"

// leak finds a canary in a cassette's text, however it is encoded there: it
// undoes what the format encodes, JSON's escapes and base64, and joins deltas.
// It shares no code with the redaction.
func leak(text, canary string) string {
	all, err := Parse([]byte(text))
	if err != nil {
		return err.Error()
	}
	for _, i := range all {
		text += fmt.Sprint("\n", i.Request.URL, i.Request.Header, i.Response.Header, "\n", string(i.Request.Body), "\n", string(i.Response.Body), "\n")
	}
	text += lineEnds.ReplaceAllString(text, "")
	for plain := text; percents.MatchString(plain); text += plain {
		plain = percents.ReplaceAllStringFunc(plain, func(e string) string { c, _ := url.PathUnescape(e); return c })
	}
	for range 4 {
		var spelled strings.Builder
		for _, m := range deltas.FindAllStringSubmatch(text, -1) {
			spelled.WriteString(strings.TrimPrefix(m[1], otherBlock))
		}
		for _, in := range []string{text, unescape(text), spelled.String(), unescape(spelled.String())} {
			for _, form := range []string{canary, url.QueryEscape(canary), url.PathEscape(canary)} {
				if i := strings.Index(in, form); i >= 0 {
					return window(in, i)
				}
			}
		}
		text = base64Words.ReplaceAllStringFunc(unescape(text), func(word string) string {
			word = strings.TrimRight(word, "=")
			if len(word)%4 == 1 {
				word = word[:len(word)-1]
			}
			data, _ := base64.RawStdEncoding.DecodeString(word)
			return string(data)
		})
	}
	return ""
}

var (
	base64Words = regexp.MustCompile(`[A-Za-z0-9+/]{16,}={0,2}`)
	lineEnds    = regexp.MustCompile(`(?:\\r)?\\n|\r?\n`)
	deltas      = regexp.MustCompile(`"(?:text|content)":"((?:[^"\\]|\\.)*)"`)
	percents    = regexp.MustCompile(`%[0-9A-F]{2}`)
	escapes     = regexp.MustCompile(`\\+(?:u[0-9a-f]{4}|["\\/])`)
)

// unescape undoes JSON's escapes, as often as they were made.
func unescape(s string) string {
	return escapes.ReplaceAllStringFunc(s, func(e string) string {
		e = strings.TrimLeft(e[:len(e)-1], `\`) + e[len(e)-1:]
		if n, err := strconv.ParseUint(e[1:], 16, 32); err == nil && e[0] == 'u' {
			return string(rune(n))
		}
		return e
	})
}

// exchange records one request and answer.
func exchange(t *testing.T, o Options, req *http.Request, status int, h http.Header, body string) string {
	t.Helper()
	path := tempFile(t)
	c := mustOpen(t, path, o)
	wire := roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: h, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})
	if _, got, err := do(t, c.Wrap(wire), req); err != nil || string(got) != body {
		t.Errorf("the caller got %q, %v", got, err)
	}
	mustClose(t, c)
	checkCanonical(t, path)
	return readFile(t, path)
}

// No canary is written, wherever it stands.
func TestNoCanaryOfARequest(t *testing.T) {
	for kind, canary := range canaries {
		for name, put := range requestPlaces {
			if strings.Contains(canary, `"`) && name == "key in the body" {
				continue
			}
			for _, mode := range []Mode{Record, RecordMissing} {
				req := newRequest(t, "POST", modelURL, `{}`)
				put(req, canary)
				text := exchange(t, Options{Mode: mode, Redaction: canaryRedaction}, req, 200, nil, fmt.Sprintf(`{"echo":%q}`, canary))
				if where := leak(text, canary); where != "" {
					t.Errorf("%s in %s: %s", kind, name, where)
				}
			}
			req := newRequest(t, "POST", modelURL, `{}`)
			put(req, canary)
			if leak(exchange(t, Options{Mode: Record, Redaction: Redaction{None: true}}, req, 200, nil, `{}`), canary) == "" && name != "Basic" {
				t.Errorf("%s in %s would not be seen by this test", kind, name)
			}
		}
	}
}

func TestNoCanaryOfAnAnswer(t *testing.T) {
	for kind, canary := range canaries {
		for name, put := range answerPlaces {
			body := put(canary)
			h := http.Header{"Content-Length": {fmt.Sprint(len(body))}, "X-Echo": {"got " + canary}, "Set-Cookie": {"s=" + url.QueryEscape(canary)}}
			text := exchange(t, Options{Mode: Record, Redaction: canaryRedaction}, newRequest(t, "POST", modelURL, `{}`), 400, h, body)
			if where := leak(text, canary); where != "" {
				t.Errorf("%s in %s: %s", kind, name, where)
			}
			if leak(exchange(t, Options{Mode: Record, Redaction: Redaction{None: true}}, newRequest(t, "POST", modelURL, `{}`), 400, nil, body), canary) == "" {
				t.Errorf("%s in %s would not be seen by this test", kind, name)
			}
			if found := verify("x", []byte(text)); len(found) > 0 {
				t.Errorf("%s in %s: %v\n%s", kind, name, found, text)
			}
			if found := scan("x", []byte(text), newRedactor(canaryRedaction)); len(found) > 0 {
				t.Errorf("%s in %s: scan: %v\n%s", kind, name, found, text)
			}
		}
	}
}

// Whatever a body is, a secret in it goes and the rest stays what it was.
func FuzzRedact(f *testing.F) {
	const secret = "own/secret+canary=0123456789"
	for _, put := range answerPlaces {
		body := put("HERE")
		before, after, _ := strings.Cut(body, "HERE")
		f.Add([]byte(before), []byte(after))
	}
	f.Add([]byte(`{"a":1,`), []byte(`"b":[true,null,-1e5]}`))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		r := newRedactor(Redaction{Secrets: []string{secret}, Getenv: func(string) string { return "" }})
		plain := slices.Concat(before, after)
		out, arrivals := r.body(plain, []Arrival{{len(plain), time.Second}})
		if json.Valid(plain) && !json.Valid(out) {
			t.Errorf("%q is no JSON any more: %q", plain, out)
		}
		if n := len(arrivals); len(plain) > 0 && arrivals[n-1] != (Arrival{len(out), time.Second}) {
			t.Errorf("%d bytes came by %v", len(out), arrivals)
		}
		if again, _ := r.body(out, nil); !bytes.Equal(again, out) {
			t.Errorf("redacted twice %q becomes %q", out, again)
		}
		if out, _ := r.body(slices.Concat(before, []byte(secret), after), nil); bytes.Contains(out, []byte(secret)) {
			t.Errorf("it is in %q", out)
		}
	})
}

// A rule may speak of a value as a whole, or of the name before it.
func TestRuleWithAnchors(t *testing.T) {
	o := Options{Mode: Record, Redaction: Redaction{Rules: []*regexp.Regexp{regexp.MustCompile(`^canary-\d+$`), regexp.MustCompile(`pin\W+\d+`)}}}
	req := newRequest(t, "POST", "http://h/?q=canary-1", `{"a":"canary-2","b":["canary-3"],"pin":"4711","other":"4712"}`)
	req.Header.Set("X-Custom", "canary-4")
	text := exchange(t, o, req, 200, nil, join(event("a", `{"text":"canary-5"}`), event("a", `{"canary-6":"x"}`)))
	if where := leak(text, "canary-"); where != "" || strings.Contains(text, "4711") || !strings.Contains(text, "4712") {
		t.Errorf("%s:\n%s", where, text)
	}
}

// Each request has a signature of its own: it is taken out of its answer, and
// nothing that was recorded before is gone over for it again.
func TestSignaturesDoNotAddUp(t *testing.T) {
	path := tempFile(t)
	c := mustOpen(t, path, Options{Mode: Record, Redaction: canaryRedaction})
	n := 0
	wire := roundTripper(func(r *http.Request) (*http.Response, error) {
		n++
		signature := fmt.Sprintf("%064x", n)
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIACANARY0123456789/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature="+signature)
		return &http.Response{StatusCode: 403, Body: io.NopCloser(strings.NewReader(`{"echo":"` + signature + `"}`)), Request: r}, nil
	})
	learned := 0
	for i := range 3 {
		mustDo(t, c.Wrap(wire), newRequest(t, "POST", modelURL, fmt.Sprintf(`{"n":%d}`, i)))
		if learned == 0 {
			learned = c.redactor.learned
		}
	}
	mustClose(t, c)
	if c.redactor.learned != learned {
		t.Errorf("%d secrets became %d", learned, c.redactor.learned)
	}
	if text := readFile(t, path); strings.Count(text, `"echo": "REDACTED"`) != 3 {
		t.Error(text)
	}
}
