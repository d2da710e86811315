package cassette

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"rawbedrock/eventstream"
)

// event is a frame as Bedrock sends it.
func event(name, payload string) []byte { return message(eventHeaders(name), payload) }

func exception(name, payload string) []byte { return message(exceptionHeaders(name), payload) }

func message(h eventstream.Headers, payload string) []byte {
	b, err := eventstream.Append(nil, eventstream.Message{Headers: h, Payload: []byte(payload)})
	if err != nil {
		panic(err)
	}
	return b
}

func join(frames ...[]byte) string { return string(bytes.Join(frames, nil)) }

// bodies are bodies and the kind that each must be written as, with one of its
// lines.
var bodies = []struct{ name, body, kind, line string }{
	{"compact JSON", `{"a":[1,2.50,{}],"b":"x\u003c<é"}`, "json", `  "b": "x\u003c<é"`},
	{"JSON of Go's encoder", "{\"a\":1}\n", "json newline", `  "a": 1`},
	{"JSON of Python", `{"a": 1, "b": [1, "x:,y"]}`, "json spaced", `    "x:,y"`},
	{"JSON of Python with a line end", "{\"a\": 1}\n", "json spaced newline", `  "a": 1`},
	{"a number", "12", "json", "12"},
	{"indented JSON", "{\n   \"a\": 1\n}", "text", `   "a": 1`},
	{"JSON that nests deeply", strings.Repeat("[", 200) + strings.Repeat("]", 200), "text", strings.Repeat("[", 200) + strings.Repeat("]", 200)},
	{"duplicate keys", `{"a":1,"a":1}`, "json", `  "a": 1`},
	{"text", "<UnknownOperationException/>\n", "text", "<UnknownOperationException/>"},
	{"text of line ends", "\n\n", "text", ""},
	{"cut JSON", `{"a":`, "text", `{"a":`},
	{"carriage returns", "a\r\nb", "base64", "YQ0KYg=="},
	{"not UTF-8", "a\xff", "base64", "Yf8="},
	{"an escape sequence", "\x1b[31m", "base64", "G1szMW0="},
	{"long binary", strings.Repeat("\x00", 58), "base64", "AA=="},
	{"an event", join(event("messageStart", `{"role":"assistant","p":"ab"}`)), "frames", `messageStart {"role":"assistant","p":"ab"}`},
	{"an exception", join(event("a", `{}`), exception("throttlingException", `{"message":"Too many"}`)), "frames", `!throttlingException {"message":"Too many"}`},
	{"a chunk", join(event("chunk", `{"p":"ab","bytes":"eyJ0eXBlIjoieCJ9"}`)), "frames", `chunk/bytes {"p":"ab","bytes":{"type":"x"}}`},
	{"a chunk of text", join(event("chunk", `{"bytes":"SGkgInlvdSI="}`)), "frames", `chunk/text {"bytes":"Hi \"you\""}`},
	{"a chunk of a JSON string", join(event("chunk", `{"bytes":"ImEi"}`)), "frames", `chunk/text {"bytes":"\"a\""}`},
	{"a chunk of a picture", join(event("chunk", `{"bytes":"iVBORw0KGgo="}`)), "frames", `chunk {"bytes":"iVBORw0KGgo="}`},
	{"a chunk in another alphabet", join(event("chunk", `{"bytes":"_-__"}`)), "frames", `chunk {"bytes":"_-__"}`},
	{"an event with white space", join(event("a", `{ "b": 1 }`)), "frames", `a { "b": 1 }`},
	{"an event without payload", join(event("a", "")), "frames", `{"headers":[{"name":":event-type","type":"string","value":"a"},{"name":":content-type","type":"string","value":"application/json"},{"name":":message-type","type":"string","value":"event"}],"payloadBase64":""}`},
	{"an event with an odd name", join(event("a/b", `{}`)), "frames", `{"headers":[{"name":":event-type","type":"string","value":"a/b"},{"name":":content-type","type":"string","value":"application/json"},{"name":":message-type","type":"string","value":"event"}],"payload":{}}`},
	{"other headers", join(message(eventstream.Headers{{Name: "n", Value: eventstream.Long(7)}}, "x")), "frames", `{"headers":[{"name":"n","type":"long","value":7}],"payloadBase64":"eA=="}`},
	{"a cut stream", join(event("a", `{}`), event("b", `{}`)[:20]), "frames", "? AAAAWQAAAEe4mabgCzpldmVudC0="},
	{"SSE", "event: a\ndata: {\"x\":1}\n\ndata: [DONE]\n\n", "sse", `event: a ␊ data: {"x":1}`},
	{"SSE, data first", "data: 1\nevent: a\n\n", "sse", "data: 1 ␊ event: a"},
	{"SSE, cut", "data: 1\n\ndata: {\"a", "sse", `? data: {"a`},
	{"SSE with empty events", "data: 1\n\n\n\ndata: 2\n\n", "sse", ""},
	{"SSE with CR LF", "data: 1\r\n\r\ndata: 2\r\n\r\n", "sse crlf", "data: 2"},
	{"SSE with the joint in it", "data: a ␊ b\n\n", "text", "data: a ␊ b"},
	{"SSE with mixed line ends", "data: 1\r\n\ndata: 2\r\n\r\n", "base64", "ZGF0YTogMQ0KCmRhdGE6IDINCg0K"},
}

func TestBodies(t *testing.T) {
	for _, c := range bodies {
		t.Run(c.name, func(t *testing.T) {
			k, lines, _ := lay([]byte(c.body))
			if k.name != c.kind || !contains(lines, c.line) {
				t.Fatalf("written as %s:\n%s", k.name, strings.Join(lines, "\n"))
			}
			back, _, err := k.join(lines)
			if err != nil || string(back) != c.body {
				t.Errorf("read back as %q: %v", back, err)
			}
		})
	}
}

func contains(lines []string, line string) bool {
	return slices.Contains(lines, line)
}

// sample is a cassette with all that the format has.
func sample() []Interaction {
	stream := join(event("messageStart", `{"role":"assistant"}`), event("contentBlockDelta", `{"delta":{"text":"Hello"}}`))
	at := len(event("messageStart", `{"role":"assistant"}`))
	return []Interaction{
		{
			Request:  Request{Method: "POST", URL: "https://h/model/m%3A0/converse-stream", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"messages":[]}`)},
			Response: Response{Status: 200, After: 110 * time.Millisecond, Header: http.Header{"X-Amzn-Requestid": {"id"}}, Body: []byte(stream), Arrivals: []Arrival{{at, 120 * time.Millisecond}, {len(stream), 2 * time.Second}}},
		},
		{
			Request:  Request{Method: "GET", URL: "http://h/?a=b", Header: http.Header{"Empty": {""}, "Odd": {" x\xff", "a", "\n"}}},
			Response: Response{Status: 404, Header: http.Header{}, Body: []byte("nothing\n"), Arrivals: []Arrival{{8, 50 * time.Millisecond}}},
		},
		{
			Request:  Request{Method: "POST", URL: "/", Header: http.Header{}, Body: []byte("a\n\tb\n")},
			Response: Response{Status: 500, After: time.Second, Header: http.Header{}, Cut: "connection reset", CutAfter: 3 * time.Second},
		},
	}
}

const sampleText = `rawbedrock cassette 1

> POST https://h/model/m%3A0/converse-stream
Content-Type: application/json
json
	{
	  "messages": []
	}

< 200 +0.11
X-Amzn-Requestid: id
frames
	+0.12 messageStart {"role":"assistant"}
	+2.00 contentBlockDelta {"delta":{"text":"Hello"}}

> GET http://h/?a=b
Empty:
Odd= " x\xff"
Odd: a
Odd= "\n"

< 404 +0.00
text +0.05
	nothing
	

> POST /
text
	a
		b
	

< 500 +1.00
cut +3.00 connection reset
`

func TestFormat(t *testing.T) {
	if got := string(Append(nil, sample())); got != sampleText {
		t.Errorf("written as:\n%s", got)
	}
	all, err := Parse([]byte(sampleText))
	if err != nil {
		t.Fatal(err)
	}
	lines := []int{3, 16, 27}
	for i := range all {
		if all[i].Line != lines[i] {
			t.Errorf("interaction %d begins in line %d", i, all[i].Line)
		}
		all[i].Line = 0
	}
	if want := sample(); !reflect.DeepEqual(all, want) {
		t.Errorf("read as %+v\nwant %+v", all, want)
	}
}

// A word of an answer is a line of the diff, streamed or not.
func TestOneWordIsOneLine(t *testing.T) {
	chunk := func(word string) string {
		return base64.StdEncoding.EncodeToString([]byte(`{"delta":"` + word + `"}`))
	}
	for name, body := range map[string]func(word string) string{
		"JSON": func(word string) string { return `{"a":1,"text":"one ` + word + ` more","b":[]}` },
		"event": func(word string) string {
			return join(event("a", `{}`), event("b", `{"text":"`+word+`"}`), event("c", `{}`))
		},
		"chunk": func(word string) string {
			return join(event("chunk", `{"bytes":"`+chunk(word)+`"}`), event("chunk", `{"bytes":"e30="}`))
		},
		"SSE":    func(word string) string { return "data: 1\n\ndata: " + word + "\n\n" },
		"text":   func(word string) string { return "a\n" + word + "\nb\n" },
		"Python": func(word string) string { return `{"a": 1, "text": "one ` + word + ` more"}` },
	} {
		write := func(word string) []string {
			i := sample()
			i[0].Response.Body = []byte(body(word))
			return strings.Split(string(Append(nil, i)), "\n")
		}
		was, is, different := write("word"), write("other"), 0
		for i := range min(len(was), len(is)) {
			if was[i] != is[i] {
				different++
			}
		}
		if len(was) != len(is) || different != 1 {
			t.Errorf("%s: %d lines differ", name, different)
		}
	}
}

const good = "rawbedrock cassette 1\n\n> GET /\n\n< 200 +0.00\n"

var parseErrors = []struct {
	text string
	line int
	want string
}{
	{"", 1, "not a cassette"},
	{"{}\n", 1, "not a cassette"},
	{"rawbedrock cassette 2\n", 1, `format "rawbedrock cassette 2" is not known`},
	{strings.ReplaceAll(good, "\n", "\r\n"), 1, "CR LF"},
	{strings.TrimSuffix(good, "\n"), 5, "cut short"},
	{"rawbedrock cassette 1\n\nGET /\n", 3, "want a request"},
	{"rawbedrock cassette 1\n\n> GET / x\n", 3, "want a request"},
	{"rawbedrock cassette 1\n\n> G@T /\n\n< 200 +0.00\n", 5, "not a method"},
	{"rawbedrock cassette 1\n\n> GET /\n", 3, "want the answer"},
	{"rawbedrock cassette 1\n\n> GET /\n\n> GET /\n", 5, "want the answer"},
	{"rawbedrock cassette 1\n\n> GET /\n\n< 20 +0.00\n", 5, "not an HTTP status"},
	{"rawbedrock cassette 1\n\n> GET /\n\n< 099 +0.00\n", 5, "not an HTTP status"},
	{"rawbedrock cassette 1\n\n> GET /\n\n< 200 soon\n", 5, "not a time"},
	{good + "A:b\n", 6, "want 'Name: value'"},
	{good + "A B: c\n", 6, "neither a header nor the kind"},
	{good + "A= b\n", 6, "not a quoted string"},
	{good + "(: b\n", 6, "not a header's name"},
	{good + "xml\n\t<a/>\n", 6, "neither a header nor the kind"},
	{good + "json\n\t{\n\t  \"a\":\n\t}\n", 9, "not JSON"},
	{good + "json\n", 6, "not JSON"},
	{good + "json\n\t{\n\t  \"a\":,\n\t  \"b\":1\n\t}\n", 8, "not JSON"},
	{good + "json\n{\n\t  \"a\":1\n\t}\n", 7, "a tab begins each line"},
	{good + "text\n\ta\n    b\n", 8, "a tab begins each line"},
	{good + "text\n\ta\n<<<<<<< HEAD\n\tb\n", 8, "merge conflict"},
	{"\uFEFF" + good, 1, "byte order mark"},
	{good + "text\n", 6, "body is empty"},
	{good + "base64\n\tYQ\n", 7, "not base64"},
	{good + "frames +1.00\n\t+0.00 a {}\n", 6, "a time does not belong here"},
	{good + "frames\n\t+0.00 a {}\n\t+x b {}\n", 8, "not a time"},
	{good + "frames\n\t+0.00 a {}\n\t+0.00 a\n", 8, "want NAME PAYLOAD"},
	{good + "frames\n\t+0.00 a/c {}\n", 7, "want /bytes or /text"},
	{good + "frames\n\t+0.00 a/bytes {}\n", 7, `no member "bytes"`},
	{good + "frames\n\t+0.00 a/text {\"bytes\":1}\n", 7, "must be a string"},
	{good + "frames\n\t+0.00 ä {}\n", 7, "not the name of an event"},
	{good + "frames\n\t+0.00 {\"headers\":1}\n", 7, "must be an array"},
	{good + "frames\n\t+0.00 ? %\n", 7, "not base64"},
	{good + "cut\n", 6, "neither a header nor the kind"},
	{good + "cut +1.00\n", 6, "want 'cut"},
	{good + "cut soon reason\n", 6, "not a time"},
	{good + "\t+0.00 a {}\n", 6, "want a request"},
}

func TestParseErrors(t *testing.T) {
	for _, c := range parseErrors {
		_, err := Parse([]byte(c.text))
		e, ok := errors.AsType[*FormatError](err)
		if !ok || e.Line != c.line || !strings.Contains(e.Error(), c.want) {
			t.Errorf("%q: %v, want line %d: %s", c.text, err, c.line, c.want)
		}
	}
}

// What is written is read as it was, however it was written first.
func FuzzParse(f *testing.F) {
	f.Add([]byte(sampleText))
	for _, c := range bodies {
		i := sample()[:1]
		i[0].Response.Body, i[0].Response.Arrivals = []byte(c.body), nil
		f.Add(Append(nil, i))
	}
	f.Add([]byte("rawbedrock cassette 1\n\n\n> GET /\na: b\nsse\n\tx\n\n\n< 200 +1.234567\ntext +1\n\t{}\ncut +9 z\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := Parse(data)
		if err != nil {
			if _, ok := errors.AsType[*FormatError](err); !ok || all != nil {
				t.Errorf("%T %v", err, err)
			}
			return
		}
		text := Append(nil, all)
		again, err := Parse(text)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, text)
		}
		if len(again) != len(all) {
			t.Fatalf("%d interactions became %d", len(all), len(again))
		}
		for i := range all {
			if a, b := all[i], again[i]; !bytes.Equal(a.Response.Body, b.Response.Body) || !bytes.Equal(a.Request.Body, b.Request.Body) ||
				fmt.Sprint(a.Request.Header, a.Response.Header, a.Response.Cut) != fmt.Sprint(b.Request.Header, b.Response.Header, b.Response.Cut) {
				t.Errorf("interaction %d changed:\n%+v\n%+v", i, a, b)
			}
		}
		if twice := Append(nil, again); !bytes.Equal(twice, text) {
			t.Errorf("written twice it differs:\n%s\n%s", text, twice)
		}
	})
}

// Any body comes back.
func FuzzBody(f *testing.F) {
	for _, c := range bodies {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		i := sample()[:1]
		i[0].Request.Body, i[0].Response.Body, i[0].Response.Arrivals = body, body, nil
		all, err := Parse(Append(nil, i))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(all[0].Request.Body, body) || !bytes.Equal(all[0].Response.Body, body) {
			t.Errorf("%q became %q and %q", body, all[0].Request.Body, all[0].Response.Body)
		}
	})
}
