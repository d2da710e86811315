package client

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The codec of all types of this package: a plan per struct type, one pass
// over the bytes, and in every struct an [Extra] that takes what the fields
// cannot hold. A member tagged omitempty or omitzero is left out while it is zero, any
// other is always written; a nil slice, map, pointer or document is left out,
// an empty one is kept. The Extra of a union is tagged client:"union".

var (
	rawType  = reflect.TypeFor[json.RawMessage]()
	timeType = reflect.TypeFor[time.Time]()
	plans    sync.Map // reflect.Type of a struct to *plan
)

type plan struct {
	fields []field
	index  map[string]int // of fields, by name
	extra  int            // index of the Extra; -1: a type of another package
	union  bool           // exactly one member is set
}

type field struct {
	name, prefix string // prefix: `"name":`
	index        int
	optional     bool
}

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{index: map[string]int{}, extra: -1}
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Type == reflect.TypeFor[Extra]() {
			p.extra, p.union = i, f.Tag.Get("client") == "union"
		} else if name != "-" {
			p.index[name] = len(p.fields)
			p.fields = append(p.fields, field{name, `"` + name + `":`, i, option != ""})
		}
	}
	plans.Store(t, p)
	return p
}

// foreign refuses a struct that could lose what its fields do not hold.
func foreign(offset int, t reflect.Type) error {
	return &JSONError{Offset: offset, Reason: "a " + t.String() + " is no type of the wire: marshal or unmarshal what is in it, one by one"}
}

// value decodes one JSON value into v, which is zero. It is not exact when
// encoding v would not give that value again: null, 1.0, an unpaired surrogate.
func (s *scanner) value(v reflect.Value) (exact bool, err error) {
	c, start := s.space(), s.i
	switch t := v.Type(); {
	case t == rawType:
		err = s.skip()
		v.SetBytes([]byte(s.s[start:s.i]))
		return true, err
	case c == 'n':
		return false, s.skip()
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		return s.value(v.Elem())
	case c == '{' && t.Kind() == reflect.Struct && t != timeType:
		return true, s.object(v)
	case c == '[' && t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return s.list(v)
	case c == '{' && t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		return s.mapping(v)
	}
	if err := s.skip(); err != nil {
		return false, err
	}
	exact, ok := setScalar(s.s[start:s.i], v)
	if !ok {
		err = &JSONError{Offset: start, Reason: "not a value for " + v.Type().String(), mismatch: true}
	}
	return exact, err
}

func (s *scanner) list(v reflect.Value) (exact bool, err error) {
	v.Set(reflect.MakeSlice(v.Type(), 0, 1))
	exact = true
	err = s.items(func(string) error {
		n := v.Len()
		v.Grow(1)
		v.SetLen(n + 1)
		ok, err := s.value(v.Index(n))
		exact = exact && ok
		if err != nil { // without which the number need not be written
			return inPath(err, strconv.Itoa(n))
		}
		return nil
	})
	return exact, err
}

func (s *scanner) mapping(v reflect.Value) (exact bool, err error) {
	v.Set(reflect.MakeMap(v.Type()))
	exact = true
	err = s.items(func(name string) error {
		e := reflect.New(v.Type().Elem()).Elem()
		ok, err := s.value(e)
		exact = exact && ok
		v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), e)
		return inPath(err, name)
	})
	return exact, err
}

// object decodes a struct. Of several members of one name the last one wins.
func (s *scanner) object(v reflect.Value) error {
	p := planOf(v.Type())
	if p.extra < 0 {
		return foreign(s.i, v.Type())
	}
	x := p.extraOf(v)
	var seen uint64
	err := s.items(func(name string) error {
		k, known := p.index[name]
		if !known {
			return inPath(s.keep(x, name), name)
		}
		f, bit := v.Field(p.fields[k].index), uint64(1)<<k
		if seen&bit != 0 {
			f.SetZero()
			x.Set(name, nil)
			x.odd &^= bit
		}
		seen |= bit
		err := s.member(f, name, x)
		if p.fields[k].optional && f.IsZero() && x.find(name) == nil {
			x.odd |= bit // present, though zero
		}
		return inPath(err, name)
	})
	for k, f := range p.fields {
		if !f.optional && seen&(1<<k) == 0 {
			x.odd |= 1 << k // absent, though always written
		}
	}
	var names [2]string
	if p.union && len(p.members(v, x, names[:0])) != 1 {
		x.odd |= anyCount
	}
	return err
}

// member decodes a known member. What its field cannot hold, x keeps.
func (s *scanner) member(f reflect.Value, name string, x *Extra) error {
	s.space()
	start, depth := s.i, s.depth
	exact, err := s.value(f)
	if e, ok := err.(*JSONError); ok && e.mismatch {
		f.SetZero()
		s.i, s.depth = start, depth
		return s.keep(x, name)
	}
	if err == nil && !exact {
		x.members = append(x.members, member{name, s.s[start:s.i], true})
	}
	return err
}

// keep puts the next value into x.
func (s *scanner) keep(x *Extra, name string) error {
	s.space()
	start := s.i
	if err := s.skip(); err != nil {
		return err
	}
	if x.find(name) != nil {
		x.Set(name, nil)
	}
	x.members = append(x.members, member{name: name, raw: s.s[start:s.i]})
	return nil
}

// encode appends v. Bytes that are not UTF-8 become U+FFFD, as JSON must be
// UTF-8; characters of HTML are not escaped.
func encode(b []byte, v reflect.Value) (_ []byte, err error) {
	switch k := v.Kind(); {
	case v.Type() == rawType:
		return appendRaw(b, string(v.Bytes()))
	case v.Type() == timeType:
		return v.Interface().(time.Time).AppendFormat(b, `"`+time.RFC3339Nano+`"`), nil
	case k == reflect.Pointer && !v.IsNil():
		return encode(b, v.Elem())
	case k == reflect.Struct:
		return encodeObject(b, v)
	case k == reflect.String:
		return appendText(b, v.String()), nil
	case k == reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case k == reflect.Int || k == reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case k == reflect.Float64 && !math.IsNaN(v.Float()) && !math.IsInf(v.Float(), 0):
		return appendFloat(b, v.Float()), nil
	case k == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes()), '"'), nil
	case k == reflect.Slice:
		b = append(b, '[')
		for i := range v.Len() {
			if b, err = encode(b, v.Index(i)); err != nil {
				return b, inPath(err, strconv.Itoa(i))
			}
			b = append(b, ',')
		}
		return closed(b, ']'), nil
	case k == reflect.Map && v.Type().Key().Kind() == reflect.String:
		b = append(b, '{')
		for _, name := range slices.SortedFunc(slices.Values(v.MapKeys()), compareText) {
			if b, err = encode(append(appendName(b, name.String()), ':'), v.MapIndex(name)); err != nil {
				return b, inPath(err, name.String())
			}
			b = append(b, ',')
		}
		return closed(b, '}'), nil
	}
	return b, &JSONError{Offset: -1, Reason: fmt.Sprintf("no JSON for the %s %v", v.Type(), v)}
}

func encodeObject(b []byte, v reflect.Value) (_ []byte, err error) {
	p := planOf(v.Type())
	if p.extra < 0 {
		return b, foreign(-1, v.Type())
	}
	x := p.extraOf(v)
	var names [4]string // stays on the stack
	if p.union && x.odd&anyCount == 0 && len(p.members(v, x, names[:0])) != 1 {
		set := p.members(v, x, nil)
		return b, &JSONError{Offset: -1, Reason: fmt.Sprintf("a %s has exactly one member, not %d %v", v.Type().Name(), len(set), set)}
	}
	b = append(b, '{')
	for k, f := range p.fields {
		fv := v.Field(f.index)
		if kept := x.find(f.name); kept != nil && kept.standsFor(fv) {
			b, err = appendRaw(append(b, f.prefix...), kept.raw)
		} else if x.omits(k, f, fv) {
			continue
		} else {
			b, err = encode(append(b, f.prefix...), fv)
		}
		if err != nil {
			return b, inPath(err, f.name)
		}
		b = append(b, ',')
	}
	for _, m := range x.members {
		if _, known := p.index[m.name]; known {
			continue
		}
		if b, err = appendRaw(append(appendName(b, m.name), ':'), m.raw); err != nil {
			return b, inPath(err, m.name)
		}
		b = append(b, ',')
	}
	return closed(b, '}'), nil
}
