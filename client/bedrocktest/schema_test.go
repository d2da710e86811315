package bedrocktest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func decode(t *testing.T, text string) any {
	t.Helper()
	o, err := parseObject([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return map[string]any(o)
}

func TestExampleSatisfiesItsSchema(t *testing.T) {
	for _, c := range []struct {
		subset subset
		schema string
	}{
		{strict, `{}`},
		{strict, `{"type":"string"}`},
		{strict, `{"type":"integer"}`},
		{strict, `{"type":"number","description":"d","title":"t"}`},
		{strict, `{"type":"boolean"}`},
		{strict, `{"type":"null"}`},
		{strict, `{"type":["null","string"]}`},
		{strict, `{"enum":["b","a"]}`},
		{strict, `{"type":"string","enum":[3,"b",null]}`},
		{strict, `{"type":["integer","null"],"enum":["b",1.5,2]}`},
		{strict, `{"type":"string","const":"x"}`},
		{strict, `{"type":"array","items":{"type":"integer"}}`},
		{strict, `{"type":"array"}`},
		{strict, `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"object","properties":{"c":{"enum":[3]}},"required":["c"]}},"required":["a","b"],"additionalProperties":false}`},
		{strict, `{"type":"object","required":["x"]}`},
		{strict, `{"anyOf":[{"type":"integer"},{"type":"string"}]}`},
		{strict, `{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"anyOf":[{"properties":{"b":{"type":"integer"}},"required":["b"]}]}`},
		{strict, `{"anyOf":[{"anyOf":[{"const":1}]}]}`},
		{lenient, `{"type":"integer","minimum":10,"maximum":12}`},
		{lenient, `{"type":"integer","exclusiveMinimum":10,"exclusiveMaximum":12}`},
		{lenient, `{"type":"number","exclusiveMinimum":0,"maximum":0.5}`},
		{lenient, `{"type":"number","minimum":-3,"maximum":-2.5}`},
		{lenient, `{"type":"integer","maximum":-7}`},
		{lenient, `{"type":"integer","minimum":7,"multipleOf":5}`},
		{lenient, `{"type":"string","minLength":40,"maxLength":41}`},
		{lenient, `{"type":"string","maxLength":2}`},
		{lenient, `{"type":"array","items":{"type":"string"},"minItems":3}`},
		{lenient, `{"type":"array","items":{"type":"string"},"maxItems":0}`},
		{lenient, `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"required":["a"],"$defs":{"A":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}}`},
		{lenient, `{"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":{"type":"boolean"}},"required":["b"]}]}`},
		{lenient, `{"oneOf":[{"type":"string","format":"date"}]}`},
		{lenient, `{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#"}},"name":{"type":"string"}},"required":["name"]}`},
		{lenient, `{"type":"object","properties":{"odd":{"type":"string","pattern":"^x$"},"name":{"type":"string"}},"required":["name"]}`},
	} {
		schema := decode(t, c.schema)
		value, err := example(schema, c.subset)
		if err != nil {
			t.Errorf("%s: %v", c.schema, err)
			continue
		}
		var plain any // as a client reads it
		if err := json.Unmarshal(encode(value), &plain); err != nil {
			t.Fatal(err)
		}
		if err := validate(schema, schema, plain); err != nil {
			t.Errorf("%s: %s: %v", c.schema, encode(value), err)
		}
		again, _ := example(schema, c.subset)
		if string(encode(again)) != string(encode(value)) {
			t.Errorf("%s: %s, then %s", c.schema, encode(value), encode(again))
		}
	}
}

func TestExampleRefuses(t *testing.T) {
	for _, c := range []struct {
		subset       subset
		schema, word string
	}{
		{strict, `{"type":"integer","minimum":1}`, `"minimum"`},
		{strict, `{"type":"object","properties":{"a":{"type":"string","pattern":"x"}}}`, `"pattern"`},
		{strict, `{"anyOf":[{"type":"string","minLength":2}]}`, `"minLength"`},
		{strict, `{"$ref":"#/$defs/A","$defs":{"A":{}}}`, `"$defs"`},
		{strict, `{"not":{}}`, `"not"`},
		{strict, `{"enum":[]}`, "enum"},
		{strict, `{"type":"integer","enum":["a",1.5]}`, "no value of enum is of the type integer"},
		{strict, `{"type":"string","const":null}`, "const"},
		{strict, `{"anyOf":[]}`, "anyOf"},
		{strict, `{"type":"date"}`, `"date"`},
		{strict, `{"type":"object","properties":{"a":"x"}}`, "#/properties/a"},
		{strict, `{"type":"object","properties":{},"required":["a"],"additionalProperties":false}`, `"a"`},
		{lenient, `{"type":"object","properties":{"a":{"type":"string","pattern":"x"}},"required":["a"]}`, `"pattern"`},
		{lenient, `{"type":"integer","minimum":2,"maximum":1}`, "bounds"},
		{lenient, `{"type":"string","format":"date","maxLength":2}`, "maxLength"},
		{lenient, `{"$ref":"#"}`, "itself"},
		{lenient, `{"$ref":"http://example.com/x"}`, "leaves the schema"},
		{lenient, `{"$ref":"#/nowhere"}`, "nowhere"},
		{lenient, `{"minItems":900,"items":{"minItems":900,"items":{"minItems":900}}}`, "more than"},
		{lenient, `{"type":"object","properties":{"me":{"$ref":"#"}},"required":["me"]}`, "deeper"},
	} {
		value, err := example(decode(t, c.schema), c.subset)
		if err == nil || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: %v, %v; want an error with %s", c.schema, value, err, c.word)
		}
	}
}

// validate is a validator of its own, written from the specification's words,
// for the keywords that the generator takes.
func validate(root, schema, v any) error {
	s, ok := schema.(map[string]any)
	if !ok {
		return nil
	}
	if ref, ok := s["$ref"].(string); ok {
		var target any = root
		for step := range strings.SplitSeq(strings.Trim(ref, "#/"), "/") {
			if step != "" {
				target = target.(map[string]any)[step]
			}
		}
		if err := validate(root, target, v); err != nil {
			return err
		}
	}
	if c, ok := s["const"]; ok && string(encode(c)) != string(encode(v)) {
		return fmt.Errorf("%v is not %v", v, c)
	}
	if e, ok := s["enum"].([]any); ok && !slices.ContainsFunc(e, func(x any) bool { return string(encode(x)) == string(encode(v)) }) {
		return fmt.Errorf("%v is none of %v", v, e)
	}
	for _, k := range []string{"anyOf", "oneOf"} {
		if options, ok := s[k].([]any); ok && !slices.ContainsFunc(options, func(o any) bool { return validate(root, o, v) == nil }) {
			return fmt.Errorf("%v fits nothing of %s", v, k)
		}
	}
	all, _ := s["allOf"].([]any)
	for _, part := range all {
		if err := validate(root, part, v); err != nil {
			return err
		}
	}
	if err := validateType(s["type"], v); err != nil {
		return err
	}
	bound := func(k string) (float64, bool) {
		j, ok := s[k].(json.Number)
		f, err := j.Float64()
		return f, ok && err == nil
	}
	switch v := v.(type) {
	case map[string]any:
		return validateObject(root, s, v)
	case []any:
		if n, ok := bound("minItems"); ok && float64(len(v)) < n {
			return fmt.Errorf("%d items", len(v))
		}
		if n, ok := bound("maxItems"); ok && float64(len(v)) > n {
			return fmt.Errorf("%d items", len(v))
		}
		for _, item := range v {
			if err := validate(root, s["items"], item); err != nil {
				return err
			}
		}
	case string:
		if n, ok := bound("minLength"); ok && float64(len([]rune(v))) < n {
			return fmt.Errorf("%q is short", v)
		}
		if n, ok := bound("maxLength"); ok && float64(len([]rune(v))) > n {
			return fmt.Errorf("%q is long", v)
		}
	case float64:
		for k, bad := range map[string]func(float64) bool{
			"minimum":          func(n float64) bool { return v < n },
			"maximum":          func(n float64) bool { return v > n },
			"exclusiveMinimum": func(n float64) bool { return v <= n },
			"exclusiveMaximum": func(n float64) bool { return v >= n },
			"multipleOf":       func(n float64) bool { return math.Mod(v, n) != 0 },
		} {
			if n, ok := bound(k); ok && bad(n) {
				return fmt.Errorf("%v breaks %s %v", v, k, n)
			}
		}
	}
	return nil
}

func validateObject(root any, s, v map[string]any) error {
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			return fmt.Errorf("%v lacks %s", v, name)
		}
	}
	properties, _ := s["properties"].(map[string]any)
	for name, x := range v {
		sub, known := properties[name]
		if !known && s["additionalProperties"] == false {
			return fmt.Errorf("%s is not allowed", name)
		}
		if err := validate(root, sub, x); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func validateType(want, v any) error {
	names, _ := want.([]any)
	if name, ok := want.(string); ok {
		names = []any{name}
	}
	if len(names) == 0 {
		return nil
	}
	got := []any{}
	switch v := v.(type) {
	case nil:
		got = append(got, "null")
	case bool:
		got = append(got, "boolean")
	case string:
		got = append(got, "string")
	case []any:
		got = append(got, "array")
	case map[string]any:
		got = append(got, "object")
	case float64:
		got = append(got, "number")
		if v == math.Trunc(v) {
			got = append(got, "integer")
		}
	}
	for _, name := range names {
		if slices.Contains(got, name) {
			return nil
		}
	}
	return fmt.Errorf("%v is not %v", v, want)
}
