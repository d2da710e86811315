package client

import (
	"encoding/json"
	"iter"
	"reflect"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// Extra holds the members of a JSON object that the fields of its Go struct do
// not: members that AWS added since, and members of an unexpected type. They
// are sent again when the struct is. It also remembers how a member was
// written where the field cannot tell (null, 0 beside absent, 1.0), so that
// what was decoded and not changed is encoded to the same JSON value.
//
// The zero Extra is empty and ready to use.
type Extra struct {
	members []member
	odd     uint64 // a bit per field: written though zero and optional, or not written though required
}

// member is kept in Extra. verbatim: it is the text of a field that decoding
// did understand.
type member struct {
	name, raw string
	verbatim  bool
}

// anyCount is set in the Extra of a union that arrived with no member or with
// several, and goes back so.
const anyCount = 1 << 63

// Get reads a member by a gjson path (https://github.com/tidwall/gjson), whose
// first step is the name of the member: "serverToolUsage.webSearchRequests".
func (x Extra) Get(path string) gjson.Result {
	for name, raw := range x.All() {
		if path == name {
			return gjson.ParseBytes(raw)
		}
		if rest, ok := strings.CutPrefix(path, name+"."); ok {
			return gjson.GetBytes(raw, rest)
		}
	}
	return gjson.Result{}
}

// All gives the members that no field holds, in the order in which they came.
func (x Extra) All() iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for _, m := range x.members {
			if !m.verbatim && !yield(m.name, json.RawMessage(m.raw)) {
				return
			}
		}
	}
}

// Set sends a member that the struct has no field for; nil takes it back. A
// value that is not JSON is an error of the call that sends it. A field that
// is set goes before an Extra of its name.
func (x *Extra) Set(name string, value json.RawMessage) {
	x.members = slices.DeleteFunc(slices.Clone(x.members), func(m member) bool { return m.name == name })
	if value != nil {
		x.members = append(x.members, member{name: name, raw: string(value)})
	}
}

func (x *Extra) find(name string) *member {
	for i := range x.members {
		if x.members[i].name == name {
			return &x.members[i]
		}
	}
	return nil
}

// standsFor tells if m is written in place of its field: the field was not
// changed since m was decoded into it.
func (m *member) standsFor(field reflect.Value) bool {
	if !m.verbatim {
		return field.IsZero()
	}
	was := reflect.New(field.Type()).Elem()
	s := scanner{s: m.raw}
	_, err := s.value(was)
	return err == nil && reflect.DeepEqual(was.Interface(), field.Interface())
}

// omits tells if the k-th field is left out.
func (x *Extra) omits(k int, f field, v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer:
		return v.IsNil()
	}
	return f.optional != (x.odd&(1<<k) != 0) && v.IsZero()
}

// members appends the names of a union's members that are set.
func (p *plan) members(v reflect.Value, x *Extra, names []string) []string {
	for k, f := range p.fields {
		if x.find(f.name) == nil && !x.omits(k, f, v.Field(f.index)) {
			names = append(names, f.name)
		}
	}
	for _, m := range x.members {
		if m.raw != "null" {
			names = append(names, m.name)
		}
	}
	return names
}

// extraOf finds the Extra of a struct, or a copy where it cannot be changed.
func (p *plan) extraOf(v reflect.Value) *Extra {
	x := v.Field(p.extra)
	if !x.CanAddr() {
		c := reflect.New(x.Type()).Elem()
		c.Set(x)
		x = c
	}
	return x.Addr().Interface().(*Extra)
}

// Marshal writes a type of this package, or a slice or map of them, as the
// JSON that Bedrock reads, with all that [Extra] keeps. Use it, and not
// json.Marshal, to store a conversation: encoding/json does not know Extra.
// Invalid UTF-8 in text is replaced by U+FFFD. An error is a [*JSONError].
func Marshal(v any) ([]byte, error) {
	r := reflect.ValueOf(v)
	if !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil() {
		return []byte("null"), nil
	}
	return encode(make([]byte, 0, 1024), r)
}

// Unmarshal reads JSON into *v, a type of this package or a slice or map of
// them, which it sets anew. Of duplicate members the last one counts; bytes
// that are not UTF-8 stay as they are. An error is a [*JSONError].
func Unmarshal[T any](data []byte, v *T) error {
	if v == nil {
		return &JSONError{Offset: -1, Reason: "nowhere to unmarshal to: the pointer is nil"}
	}
	var fresh T
	s := scanner{s: string(data)}
	_, err := s.value(reflect.ValueOf(&fresh).Elem())
	if err == nil {
		err = s.end()
	}
	if err == nil {
		*v = fresh
	}
	return err
}
