package eventstream

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ParseJSON reads the form that AppendJSON writes. White space between tokens
// does not count, in the payload neither; the order of members does not either.
// Every member must be there, known and given once; members of the object
// itself that are named in skip are passed over. The error says which member is
// wrong and why; the limits of the format are left to Append.
func ParseJSON(line []byte, skip ...string) (Message, error) {
	m, err := parseMessage(line, skip)
	if err != nil {
		return Message{}, fmt.Errorf("eventstream: %w", err)
	}
	return m, nil
}

func parseMessage(line []byte, skip []string) (m Message, err error) {
	if !utf8.Valid(line) {
		return m, errors.New("the line is not valid UTF-8")
	}
	obj, err := parseObject(line)
	if err != nil {
		return m, err
	}
	for _, name := range skip {
		delete(obj, name)
	}
	if m.Headers, err = parseHeaderList(obj); err != nil {
		return m, err
	}
	if m.Payload, err = parsePayload(obj); err != nil {
		return m, err
	}
	return m, obj.done()
}

func parseHeaderList(obj object) (Headers, error) {
	raw, err := obj.take("headers")
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || raw[0] != '[' {
		return nil, errors.New(`"headers" must be an array`)
	}
	hs := make(Headers, len(list))
	for i, raw := range list {
		if hs[i], err = parseHeaderObject(raw); err != nil {
			return nil, fmt.Errorf("header %d: %w", i+1, err)
		}
	}
	return hs, nil
}

func parseHeaderObject(raw []byte) (h Header, err error) {
	obj, err := parseObject(raw)
	if err != nil {
		return h, err
	}
	if h.Name, err = obj.takeText("name"); err != nil {
		return h, err
	}
	kind, err := obj.takeKind()
	if err != nil {
		return h, err
	}
	if kind == KindString {
		h.Value.kind = KindString
		h.Value.text, err = obj.takeText("value")
	} else if raw, err = obj.take("value"); err == nil {
		h.Value, err = parseJSONValue(kind, raw)
	}
	if err != nil {
		return h, err
	}
	return h, obj.done()
}

// parseJSONValue reads the value of any kind but string.
func parseJSONValue(kind Kind, raw []byte) (Value, error) {
	v := Value{kind: kind}
	switch kind {
	case KindTrue, KindFalse:
		if string(raw) != kind.String() {
			return v, fmt.Errorf(`"value" of type %v must be %v, it is %.40s`, kind, kind, raw)
		}
		return v, nil
	case KindBytes:
		b, err := unbase64("value", raw)
		v.text = string(b)
		return v, err
	case KindUUID:
		s, err := unquote("value", raw)
		u, ok := parseUUID(s)
		if err == nil && !ok {
			err = fmt.Errorf(`"value" of type uuid must be 8-4-4-4-12 hexadecimal digits, it is %.60q`, s)
		}
		v.text = string(u[:])
		return v, err
	default:
		bits := 8 * kinds[kind].size
		n, err := strconv.ParseInt(string(raw), 10, bits)
		if errors.Is(err, strconv.ErrRange) {
			err = fmt.Errorf(`"value" %.40s does not fit type %v, a signed number of %d bits`, raw, kind, bits)
		} else if err != nil {
			err = fmt.Errorf(`"value" of type %v must be a whole number, it is %.40s`, kind, raw)
		}
		v.num = n
		return v, err
	}
}

func parsePayload(obj object) ([]byte, error) {
	raw, plain := obj["payload"]
	_, coded := obj["payloadBase64"]
	switch {
	case plain && coded:
		return nil, errors.New(`"payload" and "payloadBase64" exclude each other`)
	case coded:
		raw, _ = obj.take("payloadBase64")
		return unbase64("payloadBase64", raw)
	case !plain:
		return nil, errors.New(`"payload" is missing (an empty one is "payloadBase64":"")`)
	}
	delete(obj, "payload")
	var b bytes.Buffer
	err := json.Compact(&b, raw)
	return b.Bytes(), err
}

// object holds the members of a JSON object that nobody has taken yet.
type object map[string]json.RawMessage

// parseObject reads an object and nothing behind it. Unlike json.Unmarshal it
// minds the case of names, and two of the same.
func parseObject(b []byte) (object, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	if t, err := dec.Token(); err != nil {
		return nil, notJSON(dec, err)
	} else if t != json.Delim('{') {
		return nil, fmt.Errorf("an object is wanted, this is %.40s", bytes.TrimSpace(b))
	}
	obj := object{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, notJSON(dec, err)
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, notJSON(dec, err)
		}
		if _, ok := obj[name.(string)]; ok {
			return nil, fmt.Errorf("%.40q is given twice", name)
		}
		obj[name.(string)] = raw
	}
	if _, err := dec.Token(); err != nil {
		return nil, notJSON(dec, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the object, at byte %d", dec.InputOffset())
	}
	return obj, nil
}

func notJSON(dec *json.Decoder, err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("not JSON, near byte %d: %w", dec.InputOffset(), err)
}

// take removes a member and returns its value.
func (o object) take(name string) (json.RawMessage, error) {
	raw, ok := o[name]
	if !ok {
		return nil, fmt.Errorf("%q is missing", name)
	}
	delete(o, name)
	return raw, nil
}

// takeText takes the string of that name, or of nameBase64.
func (o object) takeText(name string) (string, error) {
	coded, ok := o[name+"Base64"]
	if !ok {
		raw, err := o.take(name)
		if err != nil {
			return "", err
		}
		return unquote(name, raw)
	}
	if _, both := o[name]; both {
		return "", fmt.Errorf("%q and %q exclude each other", name, name+"Base64")
	}
	delete(o, name+"Base64")
	b, err := unbase64(name+"Base64", coded)
	return string(b), err
}

func (o object) takeKind() (Kind, error) {
	raw, err := o.take("type")
	if err != nil {
		return 0, err
	}
	s, err := unquote("type", raw)
	if err != nil {
		return 0, err
	}
	for k := range kinds {
		if kinds[k].name == s {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf(`"type" %.40q is none of true, false, byte, short, integer, long, bytes, string, timestamp, uuid`, s)
}

// done complains about members that nobody took.
func (o object) done() error {
	if len(o) == 0 {
		return nil
	}
	return fmt.Errorf("%.40q does not belong here", slices.Min(slices.Collect(maps.Keys(o))))
}

func unquote(name string, raw []byte) (string, error) {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil || raw[0] != '"' {
		return "", fmt.Errorf("%q must be a string, it is %.40s", name, raw)
	}
	if loneSurrogate(raw) {
		return "", fmt.Errorf("%q has half of a surrogate pair, which UTF-8 cannot hold: %.60s", name, raw)
	}
	return s, nil
}

// loneSurrogate tells whether a JSON string has an escaped half of a surrogate
// pair; encoding/json replaces those without a word.
func loneSurrogate(raw []byte) bool {
	unescape := func(b []byte) rune { // of \uXXXX, else -1
		if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
			return -1
		}
		n, _ := strconv.ParseUint(string(b[2:6]), 16, 16)
		return rune(n)
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if r := unescape(raw[i:]); utf16.IsSurrogate(r) {
			if utf16.DecodeRune(r, unescape(raw[i+6:])) == utf8.RuneError {
				return true
			}
			i += 6
		}
		i++ // the escaped character, be it a backslash
	}
	return false
}

func unbase64(name string, raw []byte) ([]byte, error) {
	s, err := unquote(name, raw)
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err == nil && strings.ContainsAny(s, "\r\n") {
		err = errors.New("line break in it")
	}
	if err != nil {
		return nil, fmt.Errorf("%q is not base64 in the standard alphabet with padding: %v", name, err)
	}
	return b, nil
}
