package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"rawbedrock/client/cassette"
)

// The ways in which an answer differs from the recorded one. All but a value
// may break a program that reads it.
const (
	driftStatus = "status"
	driftGone   = "gone"
	driftNew    = "new"
	driftType   = "type"
	driftValue  = "value"
)

// drift is a difference at one path.
type drift struct {
	Path     string `json:"path"`
	Change   string `json:"change"`
	Recorded string `json:"recorded,omitempty"`
	Live     string `json:"live,omitempty"`
}

// fields are an answer by path: output.message.content[].text, or by its type
// contentBlockDelta.delta.text of all such events. Elements of an array share
// their paths.
type fields map[string]*leaf

// leaf is what stands at a path.
type leaf struct {
	kinds  []string // sorted, each once
	values []string // of scalars, in order
	text   bool     // they are pieces of one text
}

// fieldsOf takes an answer apart.
func fieldsOf(r *cassette.Response) fields {
	f := fields{}
	for name := range r.Header {
		if !slices.Contains(incidental, name) && !slices.Contains(hops, name) {
			f.at("header "+name, "string").add(headerValue(name, r.Header), false)
		}
	}
	if r.Cut != "" {
		f.at("(cut off)", "string").add(r.Cut, false)
	}
	if len(r.Body) == 0 {
		return f
	}
	events := eventsOf(r)
	if events == nil {
		f.body("", r.Body, false)
		return f
	}
	for _, ev := range events {
		if ev.err != nil {
			f.at("(stream ends with)", "string").add(strings.TrimPrefix(ev.err.Error(), "bedrock: "), false)
			continue
		}
		f.body(cmp.Or(ev.Get("type").String(), ev.Type), ev.Payload, true)
	}
	return f
}

// incidental are headers that say nothing of an answer.
var incidental = []string{"Date", "Content-Length", "Server", "Vary"}

// headerValue is the value of a header that means something; that the others
// are there is enough.
func headerValue(name string, h http.Header) string {
	switch name {
	case "Content-Type":
		return h.Get(name)
	case "X-Amzn-Errortype":
		code, _, _ := strings.Cut(h.Get(name), ":") // some services put a URL behind it
		return code
	}
	return ""
}

func (f fields) at(path, kind string) *leaf {
	x := f[path]
	if x == nil {
		x = &leaf{}
		f[path] = x
	}
	if at, found := slices.BinarySearch(x.kinds, kind); !found {
		x.kinds = slices.Insert(x.kinds, at, kind)
	}
	return x
}

func (x *leaf) add(value string, piece bool) {
	x.text = piece
	if piece || !slices.Contains(x.values, value) {
		x.values = append(x.values, value)
	}
}

// body takes a payload apart.
func (f fields) body(path string, payload []byte, event bool) {
	var v any
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil || dec.Decode(new(any)) != io.EOF {
		f.at(cmp.Or(path, "body"), "text").add(short(payload), false)
		return
	}
	f.value(path, v, event)
}

// padding is a member that Bedrock puts into events against the guessing of
// their contents by their length.
const padding = "p"

func (f fields) value(path string, v any, event bool) {
	switch v := v.(type) {
	case map[string]any:
		f.at(cmp.Or(path, "body"), "object")
		for name, member := range v {
			if event && name == padding {
				continue
			}
			f.value(strings.TrimPrefix(path+"."+name, "."), member, event)
		}
	case []any:
		f.at(cmp.Or(path, "body"), "array")
		for _, element := range v {
			f.value(path+"[]", element, event)
		}
	case string:
		f.at(path, "string").add(v, event)
	case json.Number:
		f.at(path, "number").add(v.String(), false)
	case bool:
		f.at(path, "boolean").add(strconv.FormatBool(v), false)
	default:
		f.at(path, "null")
	}
}

// whole is the text of all pieces, or all values; a piece that is the same
// every time is no piece of a text.
func (x *leaf) whole() string {
	if x.text {
		if len(slices.Compact(slices.Clone(x.values))) == 1 {
			return x.values[0]
		}
		return strings.Join(x.values, "")
	}
	return strings.Join(x.values, ", ")
}

func (x *leaf) show() string {
	switch {
	case len(x.values) == 0:
		return strings.Join(x.kinds, " or ")
	case slices.Equal(x.kinds, []string{"string"}) && (x.text || len(x.values) == 1):
		return strconv.Quote(short([]byte(x.whole())))
	}
	return short([]byte(x.whole()))
}

// same ignores account ids, which a recorder makes up in the order it meets
// them.
func (x *leaf) same(o *leaf) bool {
	return madeUp.ReplaceAllString(x.whole(), "") == madeUp.ReplaceAllString(o.whole(), "")
}

// driftOf lists what an answer of now has otherwise than the recorded one, and
// counts what it has alike.
func driftOf(was, is *cassette.Response) (all []drift, same int) {
	if was.Status != is.Status {
		all = append(all, drift{"status", driftStatus, strconv.Itoa(was.Status), strconv.Itoa(is.Status)})
	}
	if was.Status/100 != is.Status/100 { // an answer and an error have nothing in common
		return all, 0
	}
	a, b := fieldsOf(was), fieldsOf(is)
	paths := maps.Clone(a)
	maps.Copy(paths, b)
	inside := "" // of something gone or new, whose members go without saying
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if inside != "" && (strings.HasPrefix(path, inside+".") || strings.HasPrefix(path, inside+"[")) && (a[path] == nil || b[path] == nil) {
			continue
		}
		switch was, is := a[path], b[path]; {
		case is == nil:
			all, inside = append(all, drift{path, driftGone, was.show(), ""}), path
		case was == nil:
			all, inside = append(all, drift{path, driftNew, "", is.show()}), path
		case !slices.Equal(was.kinds, is.kinds):
			all = append(all, drift{path, driftType, strings.Join(was.kinds, " or "), strings.Join(is.kinds, " or ")})
		case !was.same(is):
			all = append(all, drift{path, driftValue, was.show(), is.show()})
		default:
			same++
		}
	}
	return all, same
}

// onlyValues tells whether a program that reads the answer would not notice.
func onlyValues(all []drift) bool {
	return !slices.ContainsFunc(all, func(d drift) bool { return d.Change != driftValue })
}
