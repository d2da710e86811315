package client

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"testing"

	"rawbedrock/testdata/vectors"
)

// missing names the members of the service model that our types have no field
// for, with the reason.
var missing = map[string]string{}

// model is facts/runtime-model.json.
type model struct {
	Operations map[string]struct {
		Input, Output struct{ Members []modelMember }
	}
	Shapes map[string]struct {
		Type               string
		Union, Exception   bool
		Members            map[string]modelMember
		Member, Key, Value json.RawMessage
	}
}

type modelMember struct{ Name, Location, Wire, Shape, Type string }

// samples are values of a shape that together set every member below it.
func (m *model) samples(t *testing.T, shape string) []any {
	s, ok := m.Shapes[shape]
	if !ok {
		t.Fatalf("the model has no shape %s", shape)
	}
	switch s.Type {
	case "structure":
		return m.structures(t, s.Union, s.Members)
	case "list":
		return []any{m.samples(t, name(s.Member))}
	case "map":
		v := map[string]any{}
		for i, e := range m.samples(t, name(s.Value)) {
			v[fmt.Sprint("key", i)] = e
		}
		return []any{v}
	case "string":
		return []any{"text of " + shape}
	case "blob":
		return []any{"Ynl0ZXM="}
	case "integer", "long":
		return []any{json.Number("41")}
	case "float", "double":
		return []any{json.Number("0.75")}
	case "boolean":
		return []any{true}
	case "timestamp":
		return []any{"2026-11-05T01:02:03.25Z"}
	case "document":
		return []any{map[string]any{"any": []any{json.Number("1.50"), nil}}}
	}
	t.Fatalf("%s: unknown type %s", shape, s.Type)
	return nil
}

// name reads a member's shape, which the model gives as a name or an object.
func name(raw json.RawMessage) (shape string) {
	if json.Unmarshal(raw, &shape) != nil {
		var o struct{ Shape string }
		json.Unmarshal(raw, &o)
		shape = o.Shape
	}
	return shape
}

func (m *model) structures(t *testing.T, union bool, members map[string]modelMember) []any {
	var all []any
	samples, most := map[string][]any{}, 1
	for n, member := range members {
		samples[n] = m.samples(t, member.Shape)
		most = max(most, len(samples[n]))
		for _, v := range samples[n] {
			if union {
				all = append(all, map[string]any{n: v})
			}
		}
	}
	for i := range most {
		v := map[string]any{}
		for n, s := range samples {
			v[n] = s[i%len(s)]
		}
		if !union {
			all = append(all, v)
		}
	}
	return all
}

// strangers lists what the Extras below v hold.
func strangers(v reflect.Value, path string, found map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			strangers(v.Elem(), path, found)
		}
	case reflect.Slice:
		for i := range v.Len() {
			strangers(v.Index(i), path, found)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			strangers(v.MapIndex(k), path, found)
		}
	case reflect.Struct:
		if x, ok := v.Interface().(Extra); ok {
			for _, m := range x.members {
				found[path+m.name] = true
			}
			if x.odd != 0 {
				found[path+fmt.Sprintf("(odd %b)", x.odd)] = true
			}
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				strangers(v.Field(i), v.Type().Name()+".", found)
			}
		}
	}
}

func TestEveryModelledMember(t *testing.T) {
	data, err := os.ReadFile(vectors.Path(t, "facts/runtime-model.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m model
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	for op, types := range map[string][2]func(t *testing.T, what string, body []byte){
		"Converse":              {modelled[ConverseRequest], modelled[ConverseResponse]},
		"ConverseStream":        {modelled[ConverseRequest], nil},
		"CountTokens":           {modelled[CountTokensRequest], modelled[CountTokensResponse]},
		"ApplyGuardrail":        {modelled[ApplyGuardrailRequest], modelled[ApplyGuardrailResponse]},
		"InvokeGuardrailChecks": {modelled[GuardrailChecksRequest], modelled[GuardrailChecksResponse]},
		"StartAsyncInvoke":      {modelled[StartAsyncInvokeRequest], modelled[StartAsyncInvokeResponse]},
		"GetAsyncInvoke":        {nil, modelled[AsyncInvoke]},
		"ListAsyncInvokes":      {nil, modelled[ListAsyncInvokesResponse]},
	} {
		for i, members := range [][]modelMember{m.Operations[op].Input.Members, m.Operations[op].Output.Members} {
			if types[i] == nil {
				continue
			}
			body := map[string]modelMember{}
			for _, member := range members {
				if member.Location == "body" {
					body[member.Wire] = member
				}
			}
			if len(body) == 0 {
				t.Errorf("%s has no body in the model", op)
			}
			for _, v := range m.structures(t, false, body) {
				types[i](t, op, encoded(t, v))
			}
		}
	}
	for name, member := range m.Shapes["ConverseStreamOutput"].Members {
		if m.Shapes[member.Shape].Exception {
			continue // an *Error, not an event
		}
		for _, v := range m.samples(t, member.Shape) {
			modelled[ConverseEvent](t, name, encoded(t, map[string]any{name: v}))
		}
	}
}

func encoded(t *testing.T, v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// modelled wants every member of body in a field of T, and back.
func modelled[T any](t *testing.T, what string, body []byte) {
	roundTrip[T](t, what, body)
	var v T
	if err := Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	strangers(reflect.ValueOf(v), "", found)
	for name := range found {
		if missing[name] == "" {
			t.Errorf("%s: no field for %s", what, name)
		}
	}
}
