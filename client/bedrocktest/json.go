package bedrocktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// object is a JSON object read without a schema: Bedrock's dialects differ too
// much for types, and a local Bedrock must not drop what it does not know. A
// member that is absent or of another type reads as the zero value.
type object map[string]any

// parseObject reads exactly one JSON object. Numbers stay as they are written.
func parseObject(data []byte) (object, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var o object
	if err := dec.Decode(&o); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, errors.New("null is not an object")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return o, nil
}

func asObject(v any) object {
	switch v := v.(type) {
	case object:
		return v
	case map[string]any:
		return v
	}
	return nil
}

func (o object) has(key string) bool      { _, ok := o[key]; return ok }
func (o object) text(key string) string   { s, _ := o[key].(string); return s }
func (o object) truth(key string) bool    { b, _ := o[key].(bool); return b }
func (o object) list(key string) []any    { l, _ := o[key].([]any); return l }
func (o object) object(key string) object { return asObject(o[key]) }

// number is a whole number; ok is false when there is none.
func (o object) number(key string) (n int, ok bool) {
	j, isNumber := o[key].(json.Number)
	if !isNumber {
		return 0, false
	}
	i, err := j.Int64()
	return int(i), err == nil
}

// texts is a list of strings, or one string standing alone.
func (o object) texts(key string) []string {
	if s := o.text(key); s != "" {
		return []string{s}
	}
	var all []string
	for _, v := range o.list(key) {
		if s, ok := v.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// encode writes v as Bedrock does: compact, members in alphabetical order, and
// no escapes for HTML.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("bedrocktest: internal error: " + err.Error()) // only values made here are encoded
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
