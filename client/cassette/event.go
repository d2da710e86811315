package cassette

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"rawbedrock/eventstream"
)

// rest begins the line of what is left of a stream when it is cut short or
// broken.
const rest = "? "

// splitFrames writes an AWS event stream of at least one frame as lines.
func splitFrames(body []byte) (lines []string, ok bool) {
	d := eventstream.NewDecoder(bytes.NewReader(body))
	for m, err := range d.All() {
		if err != nil {
			break
		}
		lines = append(lines, frameLine(m))
	}
	if left := body[d.Offset():]; len(left) > 0 && len(lines) > 0 {
		lines = append(lines, rest+base64.StdEncoding.EncodeToString(left))
	}
	return lines, len(lines) > 0
}

// endsInException tells whether the last of a stream's messages is one after
// which nothing comes.
func endsInException(body []byte) bool {
	d := eventstream.NewDecoder(bytes.NewReader(body))
	last := ""
	for m, err := range d.All() {
		if err != nil {
			return false
		}
		last = m.Headers.Text(messageType)
	}
	return last == "exception" || last == "error"
}

// The usual headers of a frame, in their order. The first names the event or
// the exception.
const (
	eventType     = ":event-type"
	exceptionType = ":exception-type"
	contentType   = ":content-type"
	messageType   = ":message-type"
	jsonType      = "application/json"
)

var typeName = lazy(`^[A-Za-z][A-Za-z0-9_.-]*$`)

// What may stand behind an event's name: that the member "bytes" of the
// payload, base64 on the wire, is written as the JSON or the text in it.
const (
	jsonBytes = "/bytes"
	textBytes = "/text"
)

// frameLine is the shortest form of a message that gives it back.
func frameLine(m eventstream.Message) string {
	full := string(eventstream.AppendJSON(nil, m))
	name, ok := usualHeaders(m.Headers)
	if !ok {
		return full
	}
	for _, line := range []string{openBytes(name, m.Payload), name + " " + string(m.Payload)} {
		if line == "" || !utf8.ValidString(line) || !printable(line, "") || strings.TrimSpace(line) != line {
			continue
		}
		if back, err := parseFrame(line); err == nil && bytes.Equal(back.Payload, m.Payload) {
			return line
		}
	}
	return full
}

// usualHeaders returns the name that a line begins with when the headers are
// Bedrock's three in its order; an exception's has a ! before it.
func usualHeaders(h eventstream.Headers) (name string, ok bool) {
	if len(h) != 3 || h[0].Value.Kind() != eventstream.KindString {
		return "", false
	}
	name = h[0].Value.String()
	prefix := ""
	want := eventHeaders(name)
	if h[0].Name == exceptionType {
		prefix, want = "!", exceptionHeaders(name)
	}
	for i := range h {
		if h[i] != want[i] {
			return "", false
		}
	}
	return prefix + name, typeName().MatchString(name)
}

func eventHeaders(name string) eventstream.Headers {
	return threeHeaders(eventType, name, "event")
}

func exceptionHeaders(name string) eventstream.Headers {
	return threeHeaders(exceptionType, name, "exception")
}

func threeHeaders(first, name, kind string) eventstream.Headers {
	return eventstream.Headers{
		{Name: first, Value: eventstream.String(name)},
		{Name: contentType, Value: eventstream.String(jsonType)},
		{Name: messageType, Value: eventstream.String(kind)},
	}
}

// openBytes is the line with the member "bytes" decoded; "" when there is none.
func openBytes(name string, payload []byte) string {
	start, end, ok := member(payload, "bytes")
	if !ok {
		return ""
	}
	var coded string
	if json.Unmarshal(payload[start:end], &coded) != nil {
		return ""
	}
	text, err := unbase64(coded)
	if err != nil || !utf8.Valid(text) {
		return ""
	}
	form := jsonBytes
	if !json.Valid(text) || text[0] != '{' && text[0] != '[' {
		form, text = textBytes, quote(string(text))
	}
	return name + form + " " + string(payload[:start]) + string(text) + string(payload[end:])
}

// closeBytes undoes openBytes.
func closeBytes(form string, payload []byte) ([]byte, error) {
	start, end, ok := member(payload, "bytes")
	if !ok {
		return nil, errors.New(`the payload has no member "bytes"`)
	}
	text := payload[start:end]
	if form == textBytes {
		var s string
		if err := json.Unmarshal(text, &s); err != nil {
			return nil, errors.New(`"bytes" must be a string here`)
		}
		text = []byte(s)
	}
	out := append(bytes.Clone(payload[:start]), '"')
	out = base64.StdEncoding.AppendEncode(out, text)
	return append(append(out, '"'), payload[end:]...), nil
}

// member finds the value of a member of a JSON object.
func member(object []byte, name string) (start, end int, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return 0, 0, false
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return 0, 0, false
		}
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return 0, 0, false
		}
		if key == name {
			end := int(dec.InputOffset())
			return end - len(value), end, true
		}
	}
	return 0, 0, false
}

// quote is a JSON string without needless escapes.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(s) // a string cannot fail
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func parseFrame(line string) (eventstream.Message, error) {
	if strings.HasPrefix(line, "{") {
		return eventstream.ParseJSON([]byte(line))
	}
	name, payload, ok := strings.Cut(line, " ")
	if !ok {
		return eventstream.Message{}, fmt.Errorf("want NAME PAYLOAD, this is %.40q", line)
	}
	m := eventstream.Message{Payload: []byte(payload)}
	var form string
	if i := strings.IndexByte(name, '/'); i >= 0 {
		name, form = name[:i], name[i:]
	}
	switch form {
	case "":
	case jsonBytes, textBytes:
		var err error
		if m.Payload, err = closeBytes(form, m.Payload); err != nil {
			return m, err
		}
	default:
		return m, fmt.Errorf("%.20q behind the name: want /bytes or /text", form)
	}
	m.Headers = eventHeaders(name)
	if exception, ok := strings.CutPrefix(name, "!"); ok {
		name, m.Headers = exception, exceptionHeaders(exception)
	}
	if !typeName().MatchString(name) {
		return m, fmt.Errorf("%.40q is not the name of an event", name)
	}
	return m, nil
}

func joinFrame(dst []byte, line string) ([]byte, error) {
	if left, ok := strings.CutPrefix(line, rest); ok {
		b, err := unbase64(left)
		return append(dst, b...), err
	}
	m, err := parseFrame(line)
	if err != nil {
		return dst, err
	}
	return eventstream.Append(dst, m)
}

// joint stands between the lines of a server-sent event.
const joint = " ␊ "

var firstField = lazy(`^(?:data|event|id|retry|):`)

// splitSSE writes server-sent events (WHATWG HTML, "Server-sent events") as
// lines, one for each event.
func splitSSE(body []byte) (lines []string, ok bool) {
	text := string(body)
	if !firstField().MatchString(text) || !utf8.ValidString(text) || !printable(text, "\n\t") || strings.Contains(text, joint) {
		return nil, false
	}
	for text != "" {
		record, after, whole := strings.Cut(text, "\n\n")
		line := strings.ReplaceAll(record, "\n", joint)
		if !whole {
			line = rest + line
		}
		lines, text = append(lines, line), after
	}
	return lines, true
}

func joinRecord(dst []byte, line string) ([]byte, error) {
	left, cut := strings.CutPrefix(line, rest)
	dst = append(dst, strings.ReplaceAll(left, joint, "\n")...)
	if !cut {
		dst = append(dst, "\n\n"...)
	}
	return dst, nil
}

// splitCRLF is splitSSE for lines that end in CR LF, as they may.
func splitCRLF(body []byte) ([]string, bool) {
	if !bytes.Contains(body, []byte("\r\n")) {
		return nil, false
	}
	return splitSSE(bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")))
}

func joinCRLF(dst []byte, line string) ([]byte, error) {
	record, err := joinRecord(nil, line)
	return append(dst, bytes.ReplaceAll(record, []byte("\n"), []byte("\r\n"))...), err
}
