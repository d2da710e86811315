package eventstream

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAppendJSON(t *testing.T) {
	tests := []struct {
		name string
		m    Message
		want string
	}{
		{"nothing", Message{}, `{"headers":[],"payloadBase64":""}`},
		{"object", Message{Payload: []byte(`{"b":1,"a":"<&>"}`)}, `{"headers":[],"payload":{"b":1,"a":"<&>"}}`},
		{"white space", Message{Payload: []byte(`{"b": 1}`)}, `{"headers":[],"payloadBase64":"eyJiIjogMX0="}`},
		{"scalar", Message{Payload: []byte(`null`)}, `{"headers":[],"payload":null}`},
		{"numbers", Message{Payload: []byte(`[1E400,-0.0,123456789012345678901234567890]`)}, `{"headers":[],"payload":[1E400,-0.0,123456789012345678901234567890]}`},
		{"same keys", Message{Payload: []byte(`{"a":1,"a":2}`)}, `{"headers":[],"payload":{"a":1,"a":2}}`},
		{"escapes", Message{Payload: []byte(`"\ud800\u003c\/` + "\u2028\"")}, `{"headers":[],"payload":"\ud800\u003c\/` + "\u2028\"}"},
		{"not UTF-8", Message{Payload: []byte("\"\xff\"")}, `{"headers":[],"payloadBase64":"Iv8i"}`},
		{"text", Message{Payload: []byte("abc")}, `{"headers":[],"payloadBase64":"YWJj"}`},
		{"BOM", Message{Payload: []byte("\ufeff1")}, `{"headers":[],"payloadBase64":"77u/MQ=="}`},
		{"two values", Message{Payload: []byte("1\n2")}, `{"headers":[],"payloadBase64":"MQoy"}`},
		{"headers", allKinds, `{"headers":[` +
			`{"name":"true","type":"true","value":true},` +
			`{"name":"false","type":"false","value":false},` +
			`{"name":"byte","type":"byte","value":-128},` +
			`{"name":"short","type":"short","value":-32768},` +
			`{"name":"integer","type":"integer","value":-2147483648},` +
			`{"name":"long","type":"long","value":-9223372036854775808},` +
			`{"name":"bytes","type":"bytes","value":"AP8="},` +
			`{"name":"string","type":"string","value":"grüße"},` +
			`{"name":"empty","type":"string","value":""},` +
			`{"name":"timestamp","type":"timestamp","value":-1},` +
			`{"name":"uuid","type":"uuid","value":"01000000-0000-0000-0000-0000000000ff"}],"payload":{"a":1}}`},
		{"odd strings", Message{Headers: Headers{{"\xff", String("\xfe")}, {"<\"\n", String("\x00\\\u2028\x7f")}}},
			`{"headers":[{"nameBase64":"/w==","type":"string","valueBase64":"/g=="},` +
				`{"name":"\u003c\"\n","type":"string","value":"\u0000\\\u2028` + "\x7f" + `"}],"payloadBase64":""}`},
	}
	for _, tt := range tests {
		line := AppendJSON([]byte("before "), tt.m)
		if string(line) != "before "+tt.want {
			t.Errorf("%s: %s\nwant %s", tt.name, line, tt.want)
		}
		back, err := ParseJSON([]byte(tt.want))
		if err != nil || !bytes.Equal(mustAppend(back), mustAppend(tt.m)) {
			t.Errorf("%s: back as %+v, error %v", tt.name, back, err)
		}
	}
}

// TestDeepPayload crosses the depth that encoding/json stops at: the line must
// be readable again on either side of it.
func TestDeepPayload(t *testing.T) {
	for depth := 9_998; depth <= 10_002; depth++ {
		m := Message{Payload: []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))}
		back, err := ParseJSON(AppendJSON(nil, m))
		if err != nil || !bytes.Equal(back.Payload, m.Payload) {
			t.Errorf("depth %d: error %v", depth, err)
		}
	}
}

// TestParseJSONIsTolerant reads the form as another program may write it.
func TestParseJSONIsTolerant(t *testing.T) {
	line := ` { "offset" : 7, "payload" : { "a" : [ 1 , "x y" ] } , "at": null, "headers" : [ { "value" : "\u0061\ud83d\ude00" ,` +
		` "type":"str\u0069ng", "name" : "n" }, {"name":"u","type":"uuid","value":"01020304-0506-0708-090A-0b0c0d0e0f10"},` +
		` {"type":"timestamp","name":"t","value":1700000000000} ] } ` + "\r"
	got, err := ParseJSON([]byte(line), "offset", "at", "absent")
	want := Message{
		Headers: Headers{
			{"n", String("a😀")},
			{"u", UUID([16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})},
			{"t", Timestamp(time.UnixMilli(1700000000000))},
		},
		Payload: []byte(`{"a":[1,"x y"]}`),
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
}

func TestParseJSONRefuses(t *testing.T) {
	header := func(s string) string { return `{"headers":[` + s + `],"payload":1}` }
	tests := []struct{ line, text string }{
		{"", "not JSON, near byte 0: unexpected EOF"},
		{"x", "not JSON, near byte "},
		{"\"\xff\"", "the line is not valid UTF-8"},
		{"[]", "an object is wanted, this is []"},
		{"null", "an object is wanted, this is null"},
		{`{"headers":[],"payload":1`, "not JSON, near byte 25: unexpected EOF"},
		{`{"headers":[],"payload":tru}`, "not JSON, near byte "},
		{`{"headers":[],"payload":1,}`, "not JSON, near byte "},
		{`{"headers":[],"payload":1} {}`, "something follows the object, at byte "},
		{`{"headers":[],"payload":1}]`, "something follows the object, at byte "},
		{`{"headers":[],"headers":[],"payload":1}`, `"headers" is given twice`},
		{`{"payload":1}`, `"headers" is missing`},
		{`{"Headers":[],"payload":1}`, `"headers" is missing`},
		{`{"headers":null,"payload":1}`, `"headers" must be an array`},
		{`{"headers":{},"payload":1}`, `"headers" must be an array`},
		{`{"headers":[]}`, `"payload" is missing (an empty one is "payloadBase64":"")`},
		{`{"headers":[],"payload":1,"payloadBase64":"MQ=="}`, `"payload" and "payloadBase64" exclude each other`},
		{`{"headers":[],"payloadBase64":1}`, `"payloadBase64" must be a string, it is 1`},
		{`{"headers":[],"payloadBase64":"MQ"}`, `"payloadBase64" is not base64`},
		{`{"headers":[],"payloadBase64":"MR=="}`, `"payloadBase64" is not base64`},
		{`{"headers":[],"payloadBase64":"_-8="}`, `"payloadBase64" is not base64`},
		{`{"headers":[],"payloadBase64":"MQ==\n"}`, `"payloadBase64" is not base64 in the standard alphabet with padding: line break in it`},
		{`{"headers":[],"payload":1,"offset":0}`, `"offset" does not belong here`},
		{`{"headers":[],"payload":1,"b":0,"a":0}`, `"a" does not belong here`},
		{header(`7`), "header 1: an object is wanted, this is 7"},
		{header(`{"type":"true","value":true}`), `header 1: "name" is missing`},
		{header(`{"name":7,"type":"true","value":true}`), `header 1: "name" must be a string, it is 7`},
		{header(`{"name":null,"type":"true","value":true}`), `header 1: "name" must be a string, it is null`},
		{header(`{"name":"\ud800","type":"true","value":true}`), `header 1: "name" has half of a surrogate pair`},
		{header(`{"name":"\ude00\ud83d","type":"true","value":true}`), `header 1: "name" has half of a surrogate pair`},
		{header(`{"name":"\ud83dx","type":"true","value":true}`), `header 1: "name" has half of a surrogate pair`},
		{header(`{"name":"a","nameBase64":"YQ==","type":"true","value":true}`), `header 1: "name" and "nameBase64" exclude each other`},
		{header(`{"name":"a","value":true}`), `header 1: "type" is missing`},
		{header(`{"name":"a","type":true,"value":true}`), `header 1: "type" must be a string, it is true`},
		{header(`{"name":"a","type":"String","value":"x"}`), `header 1: "type" "String" is none of true, false, byte, `},
		{header(`{"name":"a","type":"true"}`), `header 1: "value" is missing`},
		{header(`{"name":"a","type":"true","value":false}`), `header 1: "value" of type true must be true, it is false`},
		{header(`{"name":"a","type":"false","value":"false"}`), `header 1: "value" of type false must be false, it is "false"`},
		{header(`{"name":"a","type":"byte","value":128}`), `header 1: "value" 128 does not fit type byte, a signed number of 8 bits`},
		{header(`{"name":"a","type":"short","value":-32769}`), `header 1: "value" -32769 does not fit type short, a signed number of 16 bits`},
		{header(`{"name":"a","type":"integer","value":2147483648}`), `header 1: "value" 2147483648 does not fit type integer, a signed number of 32 bits`},
		{header(`{"name":"a","type":"long","value":9223372036854775808}`), `header 1: "value" 9223372036854775808 does not fit type long, a signed number of 64 bits`},
		{header(`{"name":"a","type":"timestamp","value":1e3}`), `header 1: "value" of type timestamp must be a whole number, it is 1e3`},
		{header(`{"name":"a","type":"long","value":"1"}`), `header 1: "value" of type long must be a whole number, it is "1"`},
		{header(`{"name":"a","type":"long","value":1.0}`), `header 1: "value" of type long must be a whole number, it is 1.0`},
		{header(`{"name":"a","type":"long","value":null}`), `header 1: "value" of type long must be a whole number, it is null`},
		{header(`{"name":"a","type":"string","value":1}`), `header 1: "value" must be a string, it is 1`},
		{header(`{"name":"a","type":"string","value":"x","valueBase64":"eA=="}`), `header 1: "value" and "valueBase64" exclude each other`},
		{header(`{"name":"a","type":"string"}`), `header 1: "value" is missing`},
		{header(`{"name":"a","type":"bytes","value":"?"}`), `header 1: "value" is not base64`},
		{header(`{"name":"a","type":"bytes","valueBase64":"eA=="}`), `header 1: "value" is missing`},
		{header(`{"name":"a","type":"uuid","value":"01020304050607080910111213141516"}`), `header 1: "value" of type uuid must be 8-4-4-4-12 hexadecimal digits`},
		{header(`{"name":"a","type":"uuid","value":"0102030-40506-0708-090a-0b0c0d0e0f10"}`), `header 1: "value" of type uuid must be 8-4-4-4-12 hexadecimal digits`},
		{header(`{"name":"a","type":"uuid","value":"0102030g-0506-0708-090a-0b0c0d0e0f10"}`), `header 1: "value" of type uuid must be 8-4-4-4-12 hexadecimal digits`},
		{header(`{"name":"a","type":"true","value":true},{"name":"b","type":"true","value":true,"x":1}`), `header 2: "x" does not belong here`},
	}
	for _, tt := range tests {
		m, err := ParseJSON([]byte(tt.line))
		if err == nil || !strings.HasPrefix(err.Error(), "eventstream: "+tt.text) {
			t.Errorf("%s\nerror %v\nwant  eventstream: %s", tt.line, err, tt.text)
		}
		if !reflect.DeepEqual(m, Message{}) {
			t.Errorf("%s: a message beside the error: %+v", tt.line, m)
		}
	}
}

// TestJSONInsideJSON nests the form in another object, as a recorder does.
func TestJSONInsideJSON(t *testing.T) {
	var outer struct{ Message json.RawMessage }
	line := append(AppendJSON([]byte(`{"message":`), allKinds), '}')
	if err := json.Unmarshal(line, &outer); err != nil {
		t.Fatal(err)
	}
	if m, err := ParseJSON(outer.Message); err != nil || !reflect.DeepEqual(m, allKinds) {
		t.Errorf("%+v, %v", m, err)
	}
}
