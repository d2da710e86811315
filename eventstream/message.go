package eventstream

import (
	"bytes"
	"slices"
)

// Limits of one message. They are those of AWS's own decoders; both the
// Decoder and Append refuse more with ErrLength.
const (
	MaxHeaders = 128 << 10 // encoded bytes of all headers
	MaxPayload = 24 << 20  // bytes of the payload
)

// Sizes of the fixed parts of a frame.
const (
	preludeLen = 12
	crcLen     = 4
	minFrame   = preludeLen + crcLen
)

// Message is one message of a stream. One that a Decoder returned is valid
// until the next call of Decode; Clone keeps it.
type Message struct {
	Headers Headers
	Payload []byte
}

// Clone returns a copy that shares no memory with m.
func (m Message) Clone() Message {
	return Message{slices.Clone(m.Headers), bytes.Clone(m.Payload)}
}

// Header is a name and its value. Names are case-sensitive, of 1 to 255 bytes.
type Header struct {
	Name  string
	Value Value
}

// Headers are the headers of a message in wire order.
type Headers []Header

// Get returns the value of the last header of that name, and whether there is
// one.
func (h Headers) Get(name string) (Value, bool) {
	for i := len(h) - 1; i >= 0; i-- {
		if h[i].Name == name {
			return h[i].Value, true
		}
	}
	return Value{}, false
}

// Text returns the string value of the last header of that name; "" when there
// is none or it is of another kind.
func (h Headers) Text(name string) string {
	if v, ok := h.Get(name); ok && v.kind == KindString {
		return v.text
	}
	return ""
}
