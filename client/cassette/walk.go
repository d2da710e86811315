package cassette

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// walk goes through a valid JSON text and copies it, changed strings changed.
type walk struct {
	in, out []byte
	i       int
	f       change
}

// blank copies white space, commas and colons.
func (w *walk) blank() {
	from := w.i
	for w.i < len(w.in) && strings.IndexByte(" \t\r\n,:", w.in[w.i]) >= 0 {
		w.i++
	}
	w.out = append(w.out, w.in[from:w.i]...)
}

func (w *walk) value(at place) {
	w.blank()
	switch w.in[w.i] {
	case '{':
		w.object(at)
	case '[':
		w.array(at)
	case '"':
		raw, s := w.text()
		w.put(raw, s, rewriteString(s, at, w.f))
	default:
		from := w.i
		for w.i < len(w.in) && strings.IndexByte(" \t\r\n,]}", w.in[w.i]) < 0 {
			w.i++
		}
		raw := w.in[from:w.i]
		w.put(raw, string(raw), w.f("", at.context, string(raw), false))
	}
}

func (w *walk) put(raw []byte, was, is string) {
	if is == was {
		w.out = append(w.out, raw...)
	} else {
		w.out = append(w.out, quote(is)...)
	}
}

// text reads a string.
func (w *walk) text() (raw []byte, s string) {
	from := w.i
	w.i = endOfString(w.in, w.i)
	raw = w.in[from:w.i]
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw, string(raw[1 : len(raw)-1])
	}
	json.Unmarshal(raw, &s) // valid, as all of it is
	return raw, s
}

// bracket copies a bracket and what is blank behind it.
func (w *walk) bracket() {
	w.out = append(w.out, w.in[w.i])
	w.i++
	w.blank()
}

func (w *walk) object(at place) {
	path := at.path
	for w.bracket(); w.in[w.i] != '}'; w.blank() {
		raw, name := w.text()
		w.put(raw, name, rewriteText(name, place{level: at.level}, false, w.f))
		at.context = `"` + name + `":"`
		if path != "" {
			at.path = path + "." + name
		}
		w.value(at)
	}
	w.bracket()
}

func (w *walk) array(at place) {
	for w.bracket(); w.in[w.i] != ']'; w.blank() {
		w.value(at)
	}
	w.bracket()
}

// rewriteString changes a string of JSON. One that is JSON itself, plain or in
// base64, is gone through as such.
func rewriteString(s string, at place, f change) string {
	if at.level < maxLevel && len(s) >= 2 {
		if isObject([]byte(s)) {
			return string(rewriteBytes([]byte(s), at.inner(), f))
		}
		if data, err := unbase64(s); err == nil && isObject(data) {
			return base64.StdEncoding.EncodeToString(rewriteBytes(data, at.inner(), f))
		}
	}
	return rewriteText(s, at, false, f)
}

// isObject tells a JSON object or array.
func isObject(b []byte) bool {
	return len(b) > 1 && (b[0] == '{' || b[0] == '[') && utf8.Valid(b) && json.Valid(b)
}
