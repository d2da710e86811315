package eventstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"rawbedrock/testdata/vectors"
)

// vector is a record of vectors/eventstream/cases.jsonl.
type vector struct {
	Name     string
	Expect   string
	Error    string
	Encoded  []byte `json:"encoded_b64"`
	Messages []vectorMessage
	Recipe   *vectorMessage
}

type vectorMessage struct {
	Headers []struct {
		Name  string
		Type  Kind
		Value json.RawMessage
	}
	HeaderBlock   []byte `json:"headers_b64"` // of a recipe
	Payload       []byte `json:"payload_b64"`
	PayloadByte   byte   `json:"payload_byte"` // of a recipe
	PayloadLen    int    `json:"payload_len"`  // of a recipe
	TotalLength   uint32 `json:"total_length"`
	HeadersLength uint32 `json:"headers_length"`
	PreludeCRC    uint32 `json:"prelude_crc"`
	MessageCRC    uint32 `json:"message_crc"`
}

func vectorCases(t testing.TB) []vector {
	all := vectors.Lines[vector](t, "vectors/eventstream/cases.jsonl")
	for i, v := range all {
		if r := v.Recipe; r != nil {
			payload := bytes.Repeat([]byte{r.PayloadByte}, r.PayloadLen)
			all[i].Encoded = frame(r.TotalLength, r.HeadersLength, r.PreludeCRC, append(r.HeaderBlock, payload...), r.MessageCRC)
		}
	}
	return all
}

func TestVectors(t *testing.T) {
	for _, v := range vectorCases(t) {
		t.Run(v.Name, func(t *testing.T) {
			got, offset, err := decodeAll(bytes.NewReader(v.Encoded))
			checkReencodes(t, v.Encoded[:offset], got)
			switch {
			case v.Expect == "ok" && err != nil:
				t.Fatalf("error %v after %d messages", err, len(got))
			case v.Expect == "ok" && v.Recipe == nil:
				checkMessages(t, v, got)
			case v.Expect == "error" && !isAny(err, v.sentinels()):
				t.Fatalf("error %v, want one of %v", err, v.sentinels())
			}
			if err == nil {
				return
			}
			if where(err) != int64(offset) {
				t.Errorf("error %v, want offset %d", err, offset)
			}
			good := mustAppend(Message{Payload: []byte("good")})
			_, offset, err = decodeAll(bytes.NewReader(append(good, v.Encoded...)))
			if where(err) != int64(offset) || offset < len(good) {
				t.Errorf("behind a good message: error %v, offset %d", err, offset)
			}
		})
	}
}

// sentinels returns the errors of which one is wanted. The records name the
// defect in the words of the decoder they were taken from.
func (v vector) sentinels() []error {
	name, _, _ := strings.Cut(v.Error, " ")
	switch {
	case strings.HasPrefix(v.Name, "smithy-rs/invalid_header_"):
		return []error{ErrMessageChecksum} // the header is wrong as well, the sum comes first
	case strings.HasSuffix(v.Name, "message_too_short"):
		return []error{ErrLength} // its total length is 12
	}
	switch name {
	case "Prelude", "prelude_crc":
		return []error{ErrPreludeChecksum}
	case "Message", "message_crc":
		return []error{ErrMessageChecksum}
	case "ChecksumMismatch":
		return []error{ErrPreludeChecksum, ErrMessageChecksum}
	case "length", "InvalidHeadersLength", "InvalidPayloadLength":
		return []error{ErrLength}
	case "headers":
		return []error{ErrHeader}
	case "truncated":
		return []error{io.ErrUnexpectedEOF}
	}
	return []error{ErrPreludeChecksum, ErrMessageChecksum, ErrLength, ErrHeader, io.ErrUnexpectedEOF}
}

func checkMessages(t *testing.T, v vector, got []Message) {
	t.Helper()
	if len(got) != len(v.Messages) {
		t.Fatalf("%d messages, want %d", len(got), len(v.Messages))
	}
	var encoded []byte
	for i, w := range v.Messages {
		if len(got[i].Headers) != len(w.Headers) || !bytes.Equal(got[i].Payload, w.Payload) {
			t.Fatalf("message %d: %+v, want %+v", i, got[i], w)
		}
		m := Message{Payload: w.Payload}
		for j, h := range w.Headers {
			m.Headers = append(m.Headers, Header{h.Name, vectorValue(t, h.Type, h.Value)})
			if got[i].Headers[j] != m.Headers[j] {
				t.Errorf("message %d header %d: %+v, want %+v", i, j, got[i].Headers[j], m.Headers[j])
			}
		}
		encoded = append(encoded, mustAppend(m)...)
	}
	if !bytes.Equal(encoded, v.Encoded) {
		t.Errorf("encoded %x, want %x", encoded, v.Encoded)
	}
}

// vectorValue makes a value through the public constructors.
func vectorValue(t *testing.T, k Kind, raw json.RawMessage) Value {
	t.Helper()
	text := strings.Trim(string(raw), `"`)
	number := func(bits int) int64 {
		n, err := strconv.ParseInt(text, 10, bits)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	switch k {
	case KindTrue, KindFalse:
		return Bool(text == "true")
	case KindByte:
		return Byte(int8(number(8)))
	case KindShort:
		return Short(int16(number(16)))
	case KindInteger:
		return Integer(int32(number(32)))
	case KindLong:
		return Long(number(64))
	case KindTimestamp:
		return Value{kind: KindTimestamp, num: number(64)}
	case KindBytes:
		var b []byte
		if err := json.Unmarshal(raw, &b); err != nil {
			t.Fatal(err)
		}
		return Bytes(b)
	case KindUUID:
		u, ok := parseUUID(text)
		if !ok {
			t.Fatalf("uuid %s", text)
		}
		return UUID(u)
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return String(s)
}

// TestRecordings decodes real traffic, compares it with another decoder's
// reading, and encodes it again.
func TestRecordings(t *testing.T) {
	type recording struct {
		ID       string
		Fidelity string `json:"body_fidelity"`
		Response struct {
			Body []byte `json:"body_b64"`
		}
		Events []struct {
			Headers map[string]string
			Payload string `json:"payload_text"`
		}
	}
	streams := 0
	for _, r := range vectors.Lines[recording](t, "recordings/bedrock.jsonl") {
		if r.Fidelity != "exact" || len(r.Events) == 0 {
			continue
		}
		streams++
		got, _, err := decodeAll(bytes.NewReader(r.Response.Body))
		if err != nil || len(got) != len(r.Events) {
			t.Errorf("%s: %d messages, error %v, want %d", r.ID, len(got), err, len(r.Events))
			continue
		}
		checkReencodes(t, r.Response.Body, got)
		for i, w := range r.Events {
			if string(got[i].Payload) != w.Payload || len(got[i].Headers) != len(w.Headers) {
				t.Errorf("%s: message %d: %+v, want %+v", r.ID, i, got[i], w)
			}
			for name, value := range w.Headers {
				if got[i].Headers.Text(name) != value {
					t.Errorf("%s: message %d: %s is %q, want %q", r.ID, i, name, got[i].Headers.Text(name), value)
				}
			}
		}
	}
	if streams == 0 {
		t.Error("no recording has an exact event stream")
	}
}

// decodeAll returns clones of the messages, how many bytes they take, and the
// error; nil at a clean end.
func decodeAll(r io.Reader) (all []Message, offset int, err error) {
	d := NewDecoder(r)
	for m, e := range d.All() {
		if err = e; e == nil {
			all = append(all, m.Clone())
		}
	}
	return all, int(d.Offset()), err
}

// checkReencodes wants all to encode to stream, directly and by way of the
// JSON form.
func checkReencodes(t *testing.T, stream []byte, all []Message) {
	t.Helper()
	var direct, viaJSON []byte
	for _, m := range all {
		direct = append(direct, mustAppend(m)...)
		if len(m.Payload) > 1<<20 { // takes its time, and shows no more
			viaJSON = append(viaJSON, mustAppend(m)...)
			continue
		}
		line := AppendJSON(nil, m)
		back, err := ParseJSON(line)
		if err != nil || !json.Valid(line) || bytes.ContainsAny(line, "\r\n") {
			t.Fatalf("JSON form %.200s: %v", line, err)
		}
		viaJSON = append(viaJSON, mustAppend(back)...)
	}
	if !bytes.Equal(direct, stream) {
		t.Errorf("encoded again: %d bytes %.100x, want %d bytes %.100x", len(direct), direct, len(stream), stream)
	}
	if !bytes.Equal(viaJSON, stream) {
		t.Errorf("encoded from JSON: %d bytes %.100x, want %d bytes %.100x", len(viaJSON), viaJSON, len(stream), stream)
	}
}

// where returns the offset that a decoder's error names, -1 if none.
func where(err error) int64 {
	if e, ok := errors.AsType[*FormatError](err); ok {
		return e.Offset
	}
	if e, ok := errors.AsType[*TruncatedError](err); ok {
		return e.Offset
	}
	return -1
}

func isAny(err error, targets []error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}
