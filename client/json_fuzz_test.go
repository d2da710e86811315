package client

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzJSON holds the codec to encoding/json: it takes the same texts, and gives
// back the JSON value that it took, whatever the types make of it.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"messages":[{"role":"user","content":[{"text":"a"},{"image":{"format":"png","source":{"bytes":"aGk="}}}]}],"inferenceConfig":{"maxTokens":1.0}}`,
		`{"messages":null,"messages":[{"content":[{}]}],"promptVariables":{"a":{"text":"\ud83d\ude00\ud800"}}}`,
		`{"toolConfig":{"tools":[{"toolSpec":{"name":"n","inputSchema":{"json":{"a":[1e5,-0,true,null]}}}}],"toolChoice":{"auto":{}}}}`,
		`{"a":"\u00e`, `{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":1e+}`, `{"a" 1}`, `{"a":[1,]}`, "{\"a\":\"\x1f\"}", "{\"a\":\"\xff\"}", `[]`, `null`, ` {} x`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r ConverseRequest
		err := Unmarshal(data, &r)
		object := strings.HasPrefix(strings.TrimLeft(string(data), " \t\r\n"), "{")
		if valid := json.Valid(data); object && valid != (err == nil) || !valid && err == nil {
			t.Fatalf("valid for encoding/json: %v, for us: %v", valid, err)
		} else if validJSON(data) != valid {
			t.Fatalf("valid for encoding/json: %v, for us otherwise", valid)
		}
		if err != nil || !object {
			return
		}
		once, err := Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if utf8.Valid(data) && !reflect.DeepEqual(value(t, once), value(t, data)) {
			t.Fatalf("got %s", once)
		}
		var again ConverseRequest
		if err := Unmarshal(once, &again); err != nil {
			t.Fatal(err)
		}
		if twice, err := Marshal(again); err != nil || string(twice) != string(once) {
			t.Fatalf("once %s\nagain %s, %v", once, twice, err)
		}
	})
}

// FuzzText holds the writing of strings to encoding/json.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "plain text of more than eight bytes", "a\"b\\c\n\x00\x1f\x7f", "é\u2028😀", "\xff\xc3", "1234567\"", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		data := appendText(nil, text)
		var got string
		if err := json.Unmarshal(data, &got); err != nil || got != string([]rune(text)) {
			t.Fatalf("%q became %s: %q, %v", text, data, got, err)
		}
		if back, exact := unquote(string(data)); back != got || !exact {
			t.Fatalf("%s reads as %q", data, back)
		}
	})
}
