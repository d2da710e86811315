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
	var paths, texts []string
	collect := func(path, context, text string, fixed bool) string {
		if path != "" && !fixed {
			paths, texts = append(paths, path), append(texts, text)
		}
		return r.learn(path, context, text, fixed)
	}
	rewriteBody(body, nil, collect)
	// A model may spell on in a new block, or in two by turns.
	r.replaceEach(texts, func(i int) string { return blockMark().ReplaceAllString(paths[i], "") })
	r.replaceEach(texts, func(i int) string { return paths[i] })
	replace := func(path, context, text string, fixed bool) string {
		if path != "" && !fixed {
			text, texts = texts[0], texts[1:]
		}
		return r.replace(path, context, text, fixed)
	}
	return rewriteBody(body, arrivals, replace)
}

// replaceEach goes through texts that have the same key as one. It changes
// them.
func (r *redactor) replaceEach(texts []string, key func(i int) string) {
	groups := map[string][]int{}
	for i := range texts {
		groups[key(i)] = append(groups[key(i)], i)
	}
	for _, k := range slices.Sorted(maps.Keys(groups)) {
		group := make([]string, len(groups[k]))
		for n, i := range groups[k] {
			group[n] = texts[i]
		}
		for n, text := range r.replaceAcross(group) {
			texts[groups[k][n]] = text
		}
	}
}

// replaceAcross takes out what stands in several texts in a row, as a model
// spells it in the deltas of a stream.
func (r *redactor) replaceAcross(texts []string) []string {
	if len(texts) == 1 {
		return texts
	}
	joined := strings.Join(texts, "")
	rewriteText(joined, place{}, false, r.learn)
	spans := r.find(joined, 0)
	for start, end := nextRun(joined, 0); start < end; start, end = nextRun(joined, end) {
		if slices.ContainsFunc(spans, func(o span) bool { return start < o.end && o.start < end }) {
			continue
		}
		if is := rewriteRun(joined[start:end], place{}.inner(), false, r.replace); is != joined[start:end] {
			spans = append(spans, span{start, end, is})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	if len(spans) == 0 {
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
// stream's events have a path, the same for the same member of the same block.
func rewriteBody(body []byte, arrivals []Arrival, f change) ([]byte, []Arrival) {
	was := Response{Body: body, Arrivals: arrivals}
	var out []byte
	var ends []Arrival
	add := func(piece []byte, upTo int) {
		out = append(out, piece...)
		ends = append(ends, Arrival{len(out), was.at(upTo)})
	}
	switch k, lines, upTo := layAs(eventKinds, body); k.name {
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
		m.Headers[i].Name = rewriteText(h.Name, place{}, false, f)
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

var (
	blockIndex = lazy(`"(?:index|contentBlockIndex|content_index|output_index)"\s*:\s*([0-9]+)`)
	blockMark  = lazy(`#[0-9]*`)
)

// block is what a path has of the event that tells which block it is of, where
// several come by turns.
func block(event []byte) (mark string) {
	for _, m := range blockIndex().FindAllSubmatch(event, -1) {
		mark += "#" + string(m[1])
	}
	return mark
}

// rewriteBytes changes the texts of JSON, of other text, or of anything else,
// which keeps its length.
func rewriteBytes(b []byte, at place, f change) []byte {
	switch {
	case !utf8.Valid(b):
		return []byte(rewriteText(string(b), at, true, f))
	case at.level <= maxLevel && json.Valid(b):
		if at.path != "" {
			at.path += block(b)
		}
		w := walk{in: b, f: f}
		w.value(at)
		return append(w.out, w.in[w.i:]...)
	}
	return []byte(rewriteText(string(b), at, false, f))
}

// rewriteText changes a text, and what is percent-encoded or in base64 within
// it.
func rewriteText(s string, at place, fixed bool, f change) string {
	s = f(at.path, at.context, s, fixed)
	if at.level >= maxLevel {
		return s
	}
	at.path, at.context = "", ""
	s = rewritePercent(s, at.inner(), fixed, f)
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
