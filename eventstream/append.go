package eventstream

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Append appends the frame of m to dst. It allocates only to grow dst. What the
// format cannot hold is refused, and dst returned as it was: a header name that
// is empty or longer than 255 bytes and a value longer than 65,535 with
// ErrHeader, more than MaxHeaders or MaxPayload with ErrLength.
func Append(dst []byte, m Message) ([]byte, error) {
	headers, err := headersSize(m.Headers)
	if err != nil {
		return dst, fmt.Errorf("eventstream: %w", err)
	}
	if n := len(m.Payload); n > MaxPayload {
		return dst, fmt.Errorf("eventstream: %w: the payload has %d bytes, at most %d are allowed", ErrLength, n, MaxPayload)
	}
	total := minFrame + headers + len(m.Payload)
	start := len(dst)
	dst = slices.Grow(dst, total)
	dst = binary.BigEndian.AppendUint32(dst, uint32(total))
	dst = binary.BigEndian.AppendUint32(dst, uint32(headers))
	sum := sum8(0, dst[start:])
	dst = binary.BigEndian.AppendUint32(dst, sum)
	for i := range m.Headers {
		dst = appendHeader(dst, &m.Headers[i])
	}
	first := min(len(m.Payload), block) // in one piece with the headers
	dst = append(dst, m.Payload[:first]...)
	sum = update(sum, dst[start+8:])
	for p := range slices.Chunk(m.Payload[first:], block) {
		dst = append(dst, p...)
		sum = update(sum, p)
	}
	return binary.BigEndian.AppendUint32(dst, sum), nil
}

// headersSize returns the encoded length of all headers, or why they have none.
func headersSize(hs Headers) (int, error) {
	total := 0
	for i := range hs {
		name, v := hs[i].Name, &hs[i].Value
		switch {
		case name == "":
			return 0, fmt.Errorf("%w: the name of header %d is empty", ErrHeader, i+1)
		case len(name) > math.MaxUint8:
			return 0, fmt.Errorf("%w: the name of header %d has %d bytes, at most %d are allowed", ErrHeader, i+1, len(name), math.MaxUint8)
		case len(v.text) > math.MaxUint16:
			return 0, fmt.Errorf("%w: the value of header %q has %d bytes, at most %d are allowed", ErrHeader, name, len(v.text), math.MaxUint16)
		}
		size := kinds[v.kind].size
		if size < 0 {
			size = 2 + len(v.text)
		}
		if total += 2 + len(name) + size; total > MaxHeaders {
			return 0, fmt.Errorf("%w: the headers take more than %d bytes", ErrLength, MaxHeaders)
		}
	}
	return total, nil
}

func appendHeader(dst []byte, h *Header) []byte {
	dst = append(dst, byte(len(h.Name)))
	dst = append(dst, h.Name...)
	v := &h.Value
	dst = append(dst, byte(v.kind))
	switch v.kind {
	case KindByte:
		dst = append(dst, byte(v.num))
	case KindShort:
		dst = binary.BigEndian.AppendUint16(dst, uint16(v.num))
	case KindInteger:
		dst = binary.BigEndian.AppendUint32(dst, uint32(v.num))
	case KindLong, KindTimestamp:
		dst = binary.BigEndian.AppendUint64(dst, uint64(v.num))
	case KindBytes, KindString:
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(v.text)))
		dst = append(dst, v.text...)
	case KindUUID:
		dst = append(dst, v.text...)
	}
	return dst
}
