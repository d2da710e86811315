package eventstream

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// What a Decoder remembers of header names and values so that those which come
// again cost no allocation.
const (
	maxKnown    = 64 // strings
	maxKnownLen = 64 // bytes of each
)

// parseHeaders returns the headers of an encoded header block. Streams repeat
// their headers: a block equal to the one before is not parsed again, and in
// another each header is compared with the one that had its place.
func (d *Decoder) parseHeaders(b []byte) (Headers, error) {
	if !bytes.Equal(b, d.encoded) {
		d.encoded = d.encoded[:0]
		if err := d.parseBlock(b); err != nil {
			return nil, err
		}
		d.encoded = append(d.encoded, b...)
	}
	d.headers = append(d.headers[:0], d.parsed...)
	return d.headers, nil
}

func (d *Decoder) parseBlock(b []byte) error {
	hs, n := d.parsed[:cap(d.parsed)], 0
	for at := 0; at < len(b); n++ {
		if n == len(hs) {
			hs = append(hs, Header{})
		}
		size, err := d.parseHeader(b[at:], &hs[n])
		if err != nil {
			d.parsed = d.parsed[:0]
			return fmt.Errorf("%w: header %d, at byte %d of the message: %v", ErrHeader, n+1, preludeLen+at, err)
		}
		at += size
	}
	d.parsed = hs[:n]
	return nil
}

// headerFault is why a header cannot be read.
type headerFault struct {
	text            string
	at              int // of the byte that is wrong, in the header
	expected, found string
}

func (f *headerFault) Error() string { return f.text }

// parseHeader reads the header that b begins with into h and returns its size.
// An error is a *headerFault.
func (d *Decoder) parseHeader(b []byte, h *Header) (size int, err error) {
	kindAt := 1 + int(b[0])
	if kindAt == 1 {
		return 0, &headerFault{"its name is empty", 0, "a name of 1 to 255 bytes", "0"}
	}
	if left := len(b) - 1; kindAt > left {
		text := fmt.Sprintf("its name of %d bytes and its kind do not fit into the %d bytes left", b[0], left)
		return 0, &headerFault{text, 0, fmt.Sprintf("%d bytes for name and kind", kindAt), fmt.Sprint(left)}
	}
	name, kind, at := b[1:kindAt], Kind(b[kindAt]), kindAt+1
	if int(kind) >= len(kinds) {
		return 0, &headerFault{fmt.Sprintf("%q is of unknown kind %d", name, kind), kindAt, "a kind from 0 to 9", fmt.Sprint(byte(kind))}
	}
	n := kinds[kind].size
	if n < 0 {
		if at += 2; at > len(b) {
			return 0, &headerFault{fmt.Sprintf("%q is cut off in the length of its value", name), at - 2, "2 bytes for the length of the value", fmt.Sprint(len(b) - at + 2)}
		}
		n = int(binary.BigEndian.Uint16(b[at-2:]))
	}
	if left := len(b) - at; n > left {
		text := fmt.Sprintf("%q of kind %v has a value of %d bytes, %d are left", name, kind, n, left)
		return 0, &headerFault{text, at, fmt.Sprintf("%d bytes for the value", n), fmt.Sprint(left)}
	}
	if h.Name != string(name) {
		h.Name = d.intern(name)
	}
	d.parseValue(kind, b[at:at+n], &h.Value)
	return at + n, nil
}

// parseValue sets v to the value of that kind; b has the right length.
func (d *Decoder) parseValue(kind Kind, b []byte, v *Value) {
	switch kind {
	case KindString, KindBytes, KindUUID:
		if v.kind != kind || v.text != string(b) {
			*v = Value{kind: kind, text: d.intern(b)}
		}
	case KindTrue, KindFalse:
		*v = Value{kind: kind}
	case KindByte:
		*v = Byte(int8(b[0]))
	case KindShort:
		*v = Short(int16(binary.BigEndian.Uint16(b)))
	case KindInteger:
		*v = Integer(int32(binary.BigEndian.Uint32(b)))
	case KindLong, KindTimestamp:
		*v = Value{kind: kind, num: int64(binary.BigEndian.Uint64(b))}
	}
}

// intern returns b as a string, the same one for the same short bytes.
func (d *Decoder) intern(b []byte) string {
	if s, ok := d.known[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(b) <= maxKnownLen && len(d.known) < maxKnown {
		if d.known == nil {
			d.known = make(map[string]string)
		}
		d.known[s] = s
	}
	return s
}
