package eventstream

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the JSON form of m to dst: one object on one line, without
// a line break, from which ParseJSON makes a message that Append encodes to the
// same bytes.
//
//	{"headers":[{"name":N,"type":T,"value":V},…],"payload":P}
//
// T is the kind's name. V is true or false, a number for byte, short, integer,
// long and timestamp (milliseconds), a string for string, base64 for bytes, and
// 8-4-4-4-12 hexadecimal digits for uuid. A name or string that is not UTF-8
// has "nameBase64" or "valueBase64" instead. P is the payload verbatim when it
// is JSON in valid UTF-8 and has no white space that [json.Compact] would
// remove; of any other payload, an empty one too, the object has
// "payloadBase64" instead.
func AppendJSON(dst []byte, m Message) []byte {
	dst = append(dst, `{"headers":[`...)
	for i, h := range m.Headers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(append(dst, '{'), "name", h.Name)
		dst = append(dst, `,"type":"`...)
		dst = append(dst, h.Value.kind.String()...)
		dst = append(dst, `",`...)
		dst = appendValue(dst, h.Value)
		dst = append(dst, '}')
	}
	dst = append(dst, `],`...)
	dst = appendPayload(dst, m.Payload)
	return append(dst, '}')
}

func appendValue(dst []byte, v Value) []byte {
	switch v.kind {
	case KindString:
		return appendText(dst, "value", v.text)
	case KindBytes, KindUUID:
		return appendQuoted(append(dst, `"value":`...), v.String())
	case KindTimestamp:
		return strconv.AppendInt(append(dst, `"value":`...), v.num, 10)
	default:
		return append(append(dst, `"value":`...), v.String()...)
	}
}

// appendText appends the member name, or nameBase64 when s is not UTF-8.
func appendText(dst []byte, name, s string) []byte {
	if utf8.ValidString(s) {
		return appendQuoted(append(appendQuoted(dst, name), ':'), s)
	}
	return appendBase64(dst, name, []byte(s))
}

func appendBase64(dst []byte, name string, b []byte) []byte {
	dst = append(append(dst, '"'), name...)
	dst = append(dst, `Base64":"`...)
	return append(base64.StdEncoding.AppendEncode(dst, b), '"')
}

// appendQuoted appends valid UTF-8 as a JSON string.
func appendQuoted(dst []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == '"' || s[i] == '\\' {
			quoted, _ := json.Marshal(s) // a string cannot fail
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

func appendPayload(dst, p []byte) []byte {
	if utf8.Valid(p) {
		b := bytes.NewBuffer(append(dst, `"payload":`...))
		start := b.Len()
		if json.Compact(b, p) == nil && bytes.Equal(b.Bytes()[start:], p) {
			return b.Bytes()
		}
	}
	return appendBase64(dst, "payload", p)
}
