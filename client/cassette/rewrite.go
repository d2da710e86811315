package cassette

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"rawbedrock/eventstream"
)

// body takes everything out of a body that must not be stored. The events of a
// stream are changed one by one, and get arrivals of their own.
func (r *redactor) body(body []byte, arrivals []Arrival) ([]byte, []Arrival) {
	if len(body) == 0 {
		return body, arrivals
	}
	pieces := map[string][]string{}
	collect := func(path, context, text string, fixed bool) string {
		if path != "" && !fixed {
			pieces[path] = append(pieces[path], text)
		}
		return r.learn(path, context, text, fixed)
	}
	rewriteBody(body, nil, collect)
	for _, path := range slices.Sorted(maps.Keys(pieces)) {
		pieces[path] = r.replaceAcross(pieces[path])
	}
	replace := func(path, context, text string, fixed bool) string {
		if left := pieces[path]; !fixed && len(left) > 0 {
			text, pieces[path] = left[0], left[1:]
		}
		return r.replace(path, context, text, fixed)
	}
	return rewriteBody(body, arrivals, replace)
}

// replaceAcross takes out what stands in several texts in a row, as a model
// spells it in the deltas of a stream.
func (r *redactor) replaceAcross(texts []string) []string {
	joined := strings.Join(texts, "")
	r.learn("", "", joined, false)
	spans := r.find(joined)
	if len(texts) == 1 || len(spans) == 0 {
		return texts
	}
	out, from := make([]string, len(texts)), 0
	for i, text := range texts {
		out[i] = replaceSpans(text, from, spans, false)
		from += len(text)
	}
	return out
}

// rewriteBody passes the texts of a body through f, by its kind. Those of a
// stream's events have a path, the same for the same member.
func rewriteBody(body []byte, arrivals []Arrival, f change) ([]byte, []Arrival) {
	was := Response{Body: body, Arrivals: arrivals}
	var out []byte
	var ends []Arrival
	add := func(piece []byte, upTo int) {
		out = append(out, piece...)
		ends = append(ends, Arrival{len(out), was.at(upTo)})
	}
	switch k, lines, upTo := lay(body); k.name {
	case "frames":
		d := eventstream.NewDecoder(bytes.NewReader(body))
		for m, err := range d.All() {
			if err == nil {
				add(rewriteFrame(m, f), int(d.Offset()))
			}
		}
		if left := body[d.Offset():]; len(left) > 0 {
			add([]byte(rewriteText(string(left), place{}, true, f)), len(body))
		}
	case "sse", "sse crlf":
		for i, line := range lines {
			record, _, _ := k.join([]string{rewriteRecord(line, f)})
			add(record, upTo[i])
		}
	default:
		add(rewriteBytes(body, place{}, f), len(body))
	}
	if arrivals == nil {
		ends = nil
	}
	return out, ends
}

// rewriteFrame returns the changed message encoded.
func rewriteFrame(m eventstream.Message, f change) []byte {
	m = m.Clone()
	for i, h := range m.Headers {
		switch h.Value.Kind() {
		case eventstream.KindString:
			m.Headers[i].Value = eventstream.String(rewriteText(h.Value.String(), place{context: h.Name + ": "}, false, f))
		case eventstream.KindBytes:
			m.Headers[i].Value = eventstream.Bytes(rewriteBytes(h.Value.Bytes(), place{context: h.Name + ": "}, f))
		}
	}
	m.Payload = rewriteBytes(m.Payload, place{path: "payload"}, f)
	frame, err := eventstream.Append(nil, m)
	if err != nil { // a REDACTED too many for the format's limits
		m.Payload = nil
		frame, _ = eventstream.Append(nil, m)
	}
	return frame
}

// rewriteRecord changes the values of a server-sent event.
func rewriteRecord(line string, f change) string {
	line, cut := strings.CutPrefix(line, rest)
	fields := strings.Split(line, joint)
	for i, field := range fields {
		name, value, ok := strings.Cut(field, ":")
		at := place{path: name}
		if name = rewriteText(name, place{}, false, f); !ok {
			fields[i] = name
			continue
		}
		space := ""
		if strings.HasPrefix(value, " ") {
			space, value = " ", value[1:]
		}
		value = string(rewriteBytes([]byte(value), at, f))
		fields[i] = name + ":" + space + value
	}
	line = strings.Join(fields, joint)
	if cut {
		line = rest + line
	}
	return line
}

// place is where a text stands.
type place struct {
	path    string // within the events of a stream; else ""
	context string // what stands before it and says what it is
	level   int    // of encodings around it
}

// maxLevel is how many encodings are undone: JSON in base64 in JSON is two.
const maxLevel = 4

func (p place) inner() place {
	p.level++
	return p
}

// rewriteBytes changes the texts of JSON, of other text, or of anything else,
// which keeps its length.
func rewriteBytes(b []byte, at place, f change) []byte {
	switch {
	case !utf8.Valid(b):
		return []byte(rewriteText(string(b), at, true, f))
	case at.level <= maxLevel && json.Valid(b):
		w := walk{in: b, f: f}
		w.value(at)
		return append(w.out, w.in[w.i:]...)
	}
	return []byte(rewriteText(string(b), at, false, f))
}

// rewriteText changes a text, and what is coded in base64 within it.
func rewriteText(s string, at place, fixed bool, f change) string {
	s = f(at.path, at.context, s, fixed)
	if at.level >= maxLevel {
		return s
	}
	at.path, at.context = "", ""
	var b strings.Builder
	from := 0
	for start, end := nextRun(s, 0); start < end; start, end = nextRun(s, end) {
		if is := rewriteRun(s[start:end], at.inner(), fixed, f); is != s[start:end] {
			b.WriteString(s[from:start])
			b.WriteString(is)
			from = end
		}
	}
	if from == 0 {
		return s
	}
	return b.String() + s[from:]
}
