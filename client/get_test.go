package client

import (
	"reflect"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

var getCases = []struct{ doc, path string }{
	{`{"output":{"message":{"content":[{"text":"Hi"}]}}}`, "output.message.content.0.text"},
	{` { "a" : [ 1 , {"b":-2.50e1} ] } `, "a.1.b"},
	{`{"a":"line\nbreak \u00e9 \ud83d\ude00"}`, "a"},
	{`{"a":"\ud83d half"}`, "a"},
	{`{"a":null,"b":true,"c":{"d":[]}}`, "c.d"},
	{`{"a":null}`, "a"},
	{`{"a":1,"a":{"b":2}}`, "a.b"},
	{`{"a":{"c":1},"a":{"b":2}}`, "a.b"},
	{`{"a":1,"a":2}`, "a"},
	{`{"\u0061":1}`, "a"},
	{`{"0":"zero"}`, "0"},
	{`[10,11,12]`, "2"},
	{`[10,11,12]`, "02"},
	{`[10,11,12]`, "-1"},
	{`[10,11,12]`, "3"},
	{`{"-1":5}`, "-1"},
	{`{"a":[1,2]}`, "a.#"},
	{`{"a.b":1}`, `a\.b`},
	{`{"a":{"b":1}}`, "a."},
	{`{"a":{"b":1}}`, ""},
	{`{"a":"cut`, "a"},
	{`{"a":{"b":"cut`, "a.c"},
	{`"text"`, "a"},
	{`{"a":[{"b":1},{"b":2}]}`, "a.#.b"},
}

func sameAsGJSON(t *testing.T, doc, path string) {
	t.Helper()
	if got, want := get(doc, path), gjson.Get(doc, path); !reflect.DeepEqual(got, want) {
		t.Errorf("%q of %s:\n got %#v\nwant %#v", path, doc, got, want)
	}
}

func TestGet(t *testing.T) {
	for _, c := range getCases {
		sameAsGJSON(t, c.doc, c.path)
	}
}

func FuzzGet(f *testing.F) {
	for _, c := range getCases {
		f.Add(c.doc, c.path)
	}
	f.Fuzz(func(t *testing.T, doc, path string) {
		if gjson.Valid(doc) { // of anything else gjson makes something as well
			sameAsGJSON(t, doc, path)
		}
	})
}

func BenchmarkGet(b *testing.B) {
	doc := `{"output":{"message":{"content":[{"text":"` + strings.Repeat("lorem ipsum dolor sit amet\\n", 4000) + `"}]}}}`
	for name, get := range map[string]func(string, string) gjson.Result{"ours": get, "gjson": gjson.Get} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				get(doc, "output.message.content.0.text")
			}
		})
	}
}
