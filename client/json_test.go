package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// value parses JSON so that numbers compare by their digits.
func value(t testing.TB, data []byte) any {
	t.Helper()
	var v any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v in %.200s", err, data)
	}
	return v
}

// roundTrip decodes data into a T and wants the same JSON value back.
func roundTrip[T any](t *testing.T, name string, data []byte) {
	t.Helper()
	var v T
	if err := Unmarshal(data, &v); err != nil {
		t.Errorf("%s: decode: %v", name, err)
		return
	}
	back, err := Marshal(v)
	if err != nil {
		t.Errorf("%s: encode: %v", name, err)
		return
	}
	if want, got := value(t, data), value(t, back); !reflect.DeepEqual(got, want) {
		t.Errorf("%s: round trip of %T\n got %.600s\nwant %.600s", name, v, back, data)
	}
}

func TestRecordedBodiesRoundTrip(t *testing.T) {
	n := 0
	for _, r := range recordings(t) {
		req, resp := bytes.TrimSpace(r.Request.Body), bytes.TrimSpace(r.Response.Body)
		answered := r.Status == 200 && json.Valid(resp)
		switch r.Operation {
		case "converse", "converse-stream":
			if json.Valid(req) {
				roundTrip[ConverseRequest](t, r.ID, req)
				n++
			}
			if answered {
				roundTrip[ConverseResponse](t, r.ID, resp)
				n++
			}
		case "count-tokens":
			roundTrip[CountTokensRequest](t, r.ID, req)
			if answered {
				roundTrip[CountTokensResponse](t, r.ID, resp)
			}
		case "apply-guardrail":
			roundTrip[ApplyGuardrailRequest](t, r.ID, req)
			if answered {
				roundTrip[ApplyGuardrailResponse](t, r.ID, resp)
			}
		}
		for _, e := range r.Events {
			if name := e.Headers[":event-type"]; strings.HasPrefix(r.Operation, "converse") && name != "" {
				roundTrip[ConverseEvent](t, r.ID, []byte(`{"`+name+`":`+e.Payload+`}`))
				n++
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d bodies were tried", n)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, body := range []string{
		`{"messages":[{"role":"user","content":[{"text":""}]}]}`,
		`{"messages":[{"role":"user","content":[]}]}`,
		`{"messages":[],"system":[]}`,
		`{"messages":null}`,
		`{"messages":[{"content":[{"text":"no role"}]}]}`,
		`{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"aGk="}}}]}]}`,
		`{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":""}}}]}]}`,
		`{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"aGk"}}}]}]}`,
		`{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"not base64!"}}}]}]}`,
		`{"messages":[{"role":"user","content":[{"video2":{"a":[1,2.50,1e400]}}]}]}`,
		`{"messages":[{"role":"user","content":[{}]}]}`,
		`{"messages":[{"role":"user","content":[{"text":"a","image":null}]}]}`,
		`{"messages":[{"role":"user","content":[null,{"text":"a"}]}]}`,
		`{"messages":[{"role":"user","content":"a string"}]}`,
		`{"messages":[{"role":5,"content":[{"text":5}]}]}`,
		`{"inferenceConfig":{"maxTokens":0,"temperature":1.0,"topP":0.90}}`,
		`{"inferenceConfig":{"maxTokens":1e2,"temperature":1e-07,"topP":null,"stopSequences":["\ud800","b"]}}`,
		`{"inferenceConfig":{"maxTokens":99999999999999999999}}`,
		`{"toolConfig":{"tools":[{"toolSpec":{"name":"a","inputSchema":{"json":{"type":"object","n":12345678901234567890.10}},"strict":false}}],"toolChoice":{"auto":{}}}}`,
		`{"toolConfig":{"tools":[{"toolSpec":{"inputSchema":{"json":null}}}],"toolChoice":{"any":{"new":1}}}}`,
		`{"additionalModelRequestFields":[1,"two",null]}`,
		`{"promptVariables":{"b":{"text":"x"},"a":{"text":""}},"requestMetadata":{"k":"v"}}`,
		`{"guardrailConfig":[],"serviceTier":"flex","outputConfig":{"effort":"max"},"unknown":{"deep":[{}]}}`,
		`{"messages":[{"role":"user","content":[{"text":"\u0001\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00<&>\u2028"}]}]}`,
		`{"a\u0062c":1,"":2,"messag\u0065s":[]}`,
	} {
		roundTrip[ConverseRequest](t, body, []byte(body))
	}
	for _, body := range []string{
		`{"usage":{"inputTokens":0.0,"outputTokens":12.0,"totalTokens":-0,"cacheReadInputTokens":0,"serverToolUsage":{}}}`,
		`{"output":{},"stopReason":"new_reason"}`,
		`{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"","signature":""}}}]}}}`,
		`{"output":{"message":{"role":"assistant","content":[{"text":"a","toolUse":{"toolUseId":"1","name":"n","input":{}}}]}}}`,
		`{"usage":null,"metrics":{},"trace":{"guardrail":{"inputAssessment":{"id":{"wordPolicy":null}}}}}`,
	} {
		roundTrip[ConverseResponse](t, body, []byte(body))
	}
	for _, body := range []string{
		`{"submitTime":"2026-01-02T03:04:05Z","endTime":"2026-01-02T03:04:05.120+02:00","lastModifiedTime":"yesterday"}`,
		`{"submitTime":1767322800.5}`,
	} {
		roundTrip[AsyncInvoke](t, body, []byte(body))
	}
}

// encoding/json, the judge above, takes all halves of surrogate pairs for one.
func TestNamesWithHalfASurrogatePair(t *testing.T) {
	const body = `{"requestMetadata":{"\udfff":"\ud800","a\ud83dé\n":"b","😀":"c"},"\ud800":1,"\ud801":{"\udc00":2}}`
	var r ConverseRequest
	if err := Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	delete(r.RequestMetadata, "😀")
	got, err := Marshal(r)
	if want := `{"requestMetadata":{"a\ud83dé\n":"b","\udfff":"�"},"\ud800":1,"\ud801":{"\udc00":2}}`; err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	if got, _ := Marshal(map[string]string{"a\xffb\xed\xa0": "c"}); string(got) != `{"a�b��":"c"}` {
		t.Errorf("a name that is not UTF-8: %s", got)
	}
}

func TestDecodedValues(t *testing.T) {
	var r ConverseResponse
	err := Unmarshal([]byte(` {"stopReason":"x","stopReason":"end_turn","usage":{"inputTokens":7.0,"outputTokens":1e1,"new":{"a":[5]}},
		"output":{"message":{"role":"assistant","content":[{"text":"caf\u00e9 \ud83d\ude00\n"},{"toolUse":{"toolUseId":"t","name":"n","input":{"a": 1.0}}},
		{"reasoningContent":{"redactedContent":"AAE="}},{"later":true}]}}} `), &r)
	if err != nil {
		t.Fatal(err)
	}
	if r.StopReason != StopEndTurn || r.Usage.InputTokens != 7 || r.Usage.OutputTokens != 10 {
		t.Errorf("got %q, %d, %d", r.StopReason, r.Usage.InputTokens, r.Usage.OutputTokens)
	}
	if got := r.Usage.Extra.Get("new.a.0").Int(); got != 5 {
		t.Errorf("Extra.Get: %d", got)
	}
	if got := r.Text(); got != "café 😀\n" {
		t.Errorf("Text: %q", got)
	}
	c := r.Message().Content
	if got := string(c[1].ToolUse.Input); got != `{"a": 1.0}` {
		t.Errorf("input %s", got)
	}
	if got := c[2].ReasoningContent.RedactedContent; !bytes.Equal(got, []byte{0, 1}) {
		t.Errorf("redacted content %v", got)
	}
	if got := c[3].Extra.Get("later"); !got.Bool() {
		t.Errorf("later: %s", got.Raw)
	}
	for name := range r.Extra.All() {
		t.Errorf("Extra holds %s, which the type knows", name)
	}
}

// A field that the caller changed goes before what was decoded.
func TestChangedFields(t *testing.T) {
	var c InferenceConfig
	if err := Unmarshal([]byte(`{"maxTokens":0,"temperature":1.0,"topP":null,"stopSequences":"bad"}`), &c); err != nil {
		t.Fatal(err)
	}
	c.MaxTokens, c.StopSequences = 5, []string{}
	*c.Temperature = 0.5
	c.TopP = new(0.25)
	c.Extra.Set("new", json.RawMessage(`"<a>"`))
	got, err := Marshal(&c)
	if want := `{"maxTokens":5,"temperature":0.5,"topP":0.25,"stopSequences":[],"new":"<a>"}`; err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}

// A copy of a struct does not share its Extra.
func TestExtraCopies(t *testing.T) {
	var a Tag
	if err := Unmarshal([]byte(`{"x":1,"y":2,"z":3}`), &a); err != nil {
		t.Fatal(err)
	}
	b := a
	b.Extra.Set("x", nil)
	b.Extra.Set("w", json.RawMessage(`4`))
	c := a
	c.Extra.Set("v", json.RawMessage(`5`))
	for want, tag := range map[string]Tag{`{"x":1,"y":2,"z":3}`: a, `{"y":2,"z":3,"w":4}`: b, `{"x":1,"y":2,"z":3,"v":5}`: c} {
		if got, err := Marshal(tag); string(got) != want || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func TestMarshal(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, `null`},
		{(*Message)(nil), `null`},
		{User("a\"\\\n\x01<é\xff>"), `{"role":"user","content":[{"text":"a\"\\\n\u0001<é�>"}]}`},
		{[]Message{Assistant("b")}, `[{"role":"assistant","content":[{"text":"b"}]}]`},
		{map[string]TextItem{"b": {}, "a": {Text: "x"}}, `{"a":{"text":"x"},"b":{"text":""}}`},
		{InferenceConfig{Temperature: new(0.0), TopP: new(1e-9)}, `{"temperature":0,"topP":1e-09}`},
		{ToolUseBlock{ToolUseID: "i", Name: "n", Input: json.RawMessage(` {"a" : 1}`)}, `{"toolUseId":"i","name":"n","input": {"a" : 1}}`},
		{MediaSource{Bytes: []byte{}}, `{"bytes":""}`},
		{Message{}, `{"role":""}`},
		{AsyncInvoke{SubmitTime: time.Date(2026, 1, 2, 3, 4, 5, 6e8, time.UTC)},
			`{"invocationArn":"","modelArn":"","submitTime":"2026-01-02T03:04:05.6Z","outputDataConfig":{}}`},
	} {
		got, err := Marshal(c.v)
		if a, ok := c.v.(AsyncInvoke); ok { // its union is empty
			a.OutputDataConfig.Extra.odd = anyCount
			got, err = Marshal(a)
		}
		if err != nil || string(got) != c.want {
			t.Errorf("got  %s, %v\nwant %s", got, err, c.want)
		}
	}
}

func TestMarshalErrors(t *testing.T) {
	two := User("a")
	two.Content = append(two.Content, ContentBlock{Text: "b", CachePoint: &CachePoint{Type: "default"}})
	extra := ContentBlock{Text: "a"}
	extra.Extra.Set("later", json.RawMessage(`{}`))
	bad := Tag{}
	bad.Extra.Set("x", json.RawMessage(`{"a":tru}`))
	nan := 0.0
	for _, c := range []struct {
		v            any
		path, reason string
	}{
		{ConverseRequest{Messages: []Message{two}}, "messages.0.content.1", "a ContentBlock has exactly one member, not 2 [text cachePoint]"},
		{[]ContentBlock{{}}, "0", "a ContentBlock has exactly one member, not 0 []"},
		{extra, "", "a ContentBlock has exactly one member, not 2 [text later]"},
		{bad, "x", "invalid JSON: '}' in place of true"},
		{ToolResultBlock{Content: []ToolResultContent{{JSON: json.RawMessage(`{"a":1`)}}}, "content.0.json", "invalid JSON: end of input"},
		{ToolResultBlock{Content: []ToolResultContent{{JSON: json.RawMessage{}}}}, "content.0.json", "invalid JSON"},
		{InferenceConfig{TopP: new(nan / nan)}, "topP", "no JSON for the float64 NaN"},
		{map[string]Tool{"k": {}}, "k", "a Tool has exactly one member"},
		{make(chan int), "", "no JSON for the chan int"},
		{map[int]Message{7: User("a")}, "", "no JSON for the map[int]client.Message"},
		{struct{ Messages []Message }{}, "", "a struct { Messages []client.Message } is no type of the wire"},
	} {
		_, err := Marshal(c.v)
		e, ok := errors.AsType[*JSONError](err)
		if !ok || e.Path != c.path || !strings.HasPrefix(e.Reason, c.reason) {
			t.Errorf("%T: got %v, want %s: %s", c.v, err, c.path, c.reason)
		}
	}
}

func TestUnmarshalErrors(t *testing.T) {
	for _, c := range []struct {
		body, path string
		offset     int
		reason     string
	}{
		{``, "", 0, "invalid JSON: unexpected end of input"},
		{`{`, "", 1, "invalid JSON: end of input where the name"},
		{`{"usage":{"inputTokens":1,}}`, "usage", 26, "invalid JSON: '}' where the name"},
		{`{"output":{"message":{"content":[{"text":"a"},{"text":"b]}}}`, "output.message.content.1.text", 60, "invalid JSON: the text ends inside a string"},
		{`{"output":{"message":{"content":[{"text":"a` + "\n" + `"}]}}}`, "output.message.content.0.text", 43, "invalid JSON: control character"},
		{`{"trace":{"guardrail":{"outputAssessments":{"id":[{"later":[01]}]}}}}`, "trace.guardrail.outputAssessments.id.0.later", 61, "invalid JSON: '1' where"},
		{`{"stopReason":"\x"}`, "stopReason", 15, "invalid JSON: unknown escape"},
		{`{"stopReason":nul}`, "stopReason", 17, "invalid JSON: '}' in place of null"},
		{`{} {}`, "", 3, "invalid JSON: unexpected '{' after the value"},
		{`[]`, "", 0, "not a value for client.ConverseResponse"},
		{strings.Repeat(`{"a":`, 10001), "a", 50000, "invalid JSON: more than 10000 levels"},
	} {
		r := ConverseResponse{StopReason: "kept"}
		err := Unmarshal([]byte(c.body), &r)
		e, ok := errors.AsType[*JSONError](err)
		if !ok || e.Path != c.path || e.Offset != c.offset || !strings.HasPrefix(e.Reason, c.reason) {
			t.Errorf("%.60s: got %.200v\nwant %.60s: byte %d: %s", c.body, err, c.path, c.offset, c.reason)
		}
		if r.StopReason != "kept" {
			t.Errorf("%.60s: changed its target", c.body)
		}
	}
	type name string
	var named map[name]Tag
	if err := Unmarshal([]byte(`{"a":{"key":"b"}}`), &named); err != nil || named["a"].Key != "b" {
		t.Errorf("%v, %v", named, err)
	}
	for want, err := range map[string]error{
		"the pointer is nil":     Unmarshal[Message]([]byte(`{}`), nil),
		"map[int]client.Message": Unmarshal([]byte(`{"1":{}}`), new(map[int]Message)),
		"is no type of the wire": Unmarshal([]byte(`{"Body":"x"}`), new(Response)),
	} {
		if _, ok := errors.AsType[*JSONError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
