package bedrocktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// subset is how much of JSON Schema is taken.
type subset int

const (
	// strict is what Bedrock's structured output is documented to take here:
	// another keyword is an error that names it.
	strict subset = iota
	// lenient adds what tools in the wild use: bounds and local references.
	lenient
)

// example makes a value that satisfies a JSON schema, the same one each time.
// What it cannot satisfy with certainty is an error that names the keyword.
func example(schema any, allowed subset) (any, error) {
	g := &generator{root: asObject(schema), subset: allowed}
	return g.value(schema, "#", "mock", 0)
}

type generator struct {
	root   object
	subset subset
	values int // made so far
}

// notes are the keywords that bind no value made here.
var notes = map[string]bool{
	"title": true, "description": true, "default": true, "examples": true, "$schema": true, "$id": true, "$comment": true,
	"additionalProperties": true, "deprecated": true, "readOnly": true, "writeOnly": true,
}

var keywords = map[subset][]string{
	strict: {"type", "properties", "required", "enum", "const", "items", "anyOf"},
	lenient: {"type", "properties", "required", "enum", "const", "items", "anyOf", "oneOf", "allOf", "$ref", "$defs", "definitions",
		"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems",
		"uniqueItems", "format", "strict"},
}

// depthLimit ends schemas that refer to themselves, valueLimit those that
// multiply.
const (
	depthLimit = 32
	valueLimit = 10000
)

func (g *generator) value(schema any, path, key string, depth int) (any, error) {
	if g.values++; g.values > valueLimit {
		return nil, fmt.Errorf("%s: the schema asks for more than %d values", path, valueLimit)
	}
	if schema == true {
		return "mock", nil
	}
	s := asObject(schema)
	if s == nil {
		return nil, fmt.Errorf("%s is not a schema: %s", path, encode(schema))
	}
	if depth > depthLimit {
		return nil, fmt.Errorf("%s is nested deeper than %d levels or refers to itself", path, depthLimit)
	}
	if err := g.known(s, path); err != nil {
		return nil, err
	}
	s, err := g.combine(s, path)
	if err != nil {
		return nil, err
	}
	if v, ok := s["const"]; ok {
		return listed(s, []any{v}, path, "const")
	}
	if s.has("enum") {
		return listed(s, s.list("enum"), path, "enum")
	}
	return g.typed(s, path, key, depth)
}

// listed is the first of the values that is of the schema's type.
func listed(s object, values []any, path, keyword string) (any, error) {
	if len(values) == 0 {
		return nil, fmt.Errorf("%s: %s must list at least one value", path, keyword)
	}
	types := s.texts("type")
	for _, v := range values {
		if len(types) == 0 || slices.ContainsFunc(types, func(kind string) bool { return isOf(v, kind) }) {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%s: no value of %s is of the type %s", path, keyword, strings.Join(types, " or "))
}

func isOf(v any, kind string) bool {
	switch v := v.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case json.Number:
		f, err := v.Float64()
		return kind == "number" || kind == "integer" && err == nil && f == math.Trunc(f)
	case []any:
		return kind == "array"
	}
	return kind == "object"
}

// combine resolves a reference and folds the first of anyOf and oneOf, and all
// of allOf, into the schema, until none is left.
func (g *generator) combine(s object, path string) (object, error) {
	for range depthLimit {
		parts, err := g.parts(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if parts == nil {
			return s, nil
		}
		s = maps.Clone(s)
		for _, k := range []string{"$ref", "anyOf", "oneOf", "allOf"} {
			delete(s, k)
		}
		for _, p := range parts {
			if part := asObject(p); part != nil {
				merge(s, part)
			} else if p != true {
				return nil, fmt.Errorf("%s: %s is not a schema", path, encode(p))
			}
		}
		if err := g.known(s, path); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s refers to itself", path)
}

// parts are the schemas that s is made of besides its own keywords.
func (g *generator) parts(s object) ([]any, error) {
	var parts []any
	if ref := s.text("$ref"); ref != "" {
		target, err := g.resolve(ref)
		if err != nil {
			return nil, err
		}
		parts = append(parts, target)
	}
	for _, k := range []string{"anyOf", "oneOf"} {
		if options := s.list(k); len(options) > 0 {
			parts = append(parts, options[0])
		} else if s.has(k) {
			return nil, fmt.Errorf("%s must list at least one schema", k)
		}
	}
	return append(parts, s.list("allOf")...), nil
}

// known refuses keywords that the subset does not have.
func (g *generator) known(s object, path string) error {
	for _, k := range slices.Sorted(maps.Keys(s)) {
		if !notes[k] && !slices.Contains(keywords[g.subset], k) {
			return fmt.Errorf("%s: the keyword %q is not supported", path, k)
		}
	}
	return nil
}

// merge adds the keywords of part to s; properties and required add up.
func merge(s, part object) {
	for k, v := range part {
		switch k {
		case "properties":
			all := object{}
			maps.Copy(all, s.object(k))
			maps.Copy(all, asObject(v))
			s[k] = map[string]any(all)
		case "required":
			l, _ := v.([]any)
			s[k] = slices.Concat(s.list(k), l)
		default:
			s[k] = v
		}
	}
}

func (g *generator) resolve(ref string) (any, error) {
	rest, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil, fmt.Errorf("the reference %q leaves the schema", ref)
	}
	var at any = g.root
	for step := range strings.SplitSeq(strings.TrimPrefix(rest, "/"), "/") {
		if step == "" {
			continue
		}
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		next, ok := asObject(at)[step]
		if !ok {
			return nil, fmt.Errorf("the reference %q points nowhere", ref)
		}
		at = next
	}
	return at, nil
}

func (g *generator) typed(s object, path, key string, depth int) (any, error) {
	switch kind := typeOf(s); kind {
	case "object":
		return g.object(s, path, depth)
	case "array":
		return g.array(s, path, key, depth)
	case "string":
		return text(s, path, key)
	case "integer", "number":
		return number(s, path, kind)
	case "boolean":
		return true, nil
	case "null":
		return nil, nil
	default:
		return nil, fmt.Errorf("%s: unknown type %q", path, kind)
	}
}

// typeOf is the schema's type, the first when there are several, or the one
// that its other keywords imply.
func typeOf(s object) string {
	if t := s.texts("type"); len(t) > 0 {
		return t[0]
	}
	switch {
	case s.has("properties"), s.has("required"):
		return "object"
	case s.has("items"), s.has("minItems"):
		return "array"
	case s.has("minimum"), s.has("maximum"), s.has("exclusiveMinimum"), s.has("exclusiveMaximum"), s.has("multipleOf"):
		return "number"
	}
	return "string"
}

func (g *generator) object(s object, path string, depth int) (any, error) {
	properties := s.object("properties")
	names := slices.Collect(maps.Keys(properties))
	required := s.texts("required")
	for _, name := range required {
		if !properties.has(name) {
			if s["additionalProperties"] == false {
				return nil, fmt.Errorf("%s: required names %q, which is not in properties", path, name)
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	value := map[string]any{}
	for _, name := range names {
		var sub any = true
		if properties.has(name) {
			sub = properties[name]
		}
		v, err := g.value(sub, path+"/properties/"+name, name, depth+1)
		if err != nil {
			if g.subset == lenient && !slices.Contains(required, name) {
				continue // what may be left out is
			}
			return nil, err
		}
		value[name] = v
	}
	return value, nil
}

func (g *generator) array(s object, path, key string, depth int) (any, error) {
	n := 1
	if least, ok := s.number("minItems"); ok {
		n = max(n, least)
	}
	if most, ok := s.number("maxItems"); ok {
		n = min(n, most)
	}
	if least, _ := s.number("minItems"); n < least || n > 1000 {
		return nil, fmt.Errorf("%s: no array fits minItems and maxItems", path)
	}
	if n > 1 && s.truth("uniqueItems") {
		return nil, fmt.Errorf("%s: the keyword %q is not supported with minItems over 1", path, "uniqueItems")
	}
	var items any = true
	if s.has("items") {
		items = s["items"]
	}
	list := make([]any, 0, n)
	for range n {
		v, err := g.value(items, path+"/items", key, depth+1)
		if err != nil {
			if g.subset == lenient && !s.has("minItems") {
				return list, nil
			}
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}
