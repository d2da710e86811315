package eventstream

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Damage is what to make wrong of a frame, for tests of decoders. A field that
// is set stands in the frame in place of what belongs there; a checksum that is
// not set is made of the bytes before it, wrong or not. The zero value makes a
// sound frame.
type Damage struct {
	TotalLength, HeadersLength *uint32
	PreludeCRC, MessageCRC     *uint32
	HeaderBlock                []byte // encoded headers in place of the message's; nil: those
	Cut                        int    // bytes to leave off at the end, at most the whole frame
}

// Append appends the damaged frame of m to dst. No limit but that of memory
// holds for the header block and the payload; the message's own headers must be
// encodable.
func (d Damage) Append(dst []byte, m Message) ([]byte, error) {
	block := d.HeaderBlock
	if block == nil {
		if _, err := headersSize(m.Headers); err != nil {
			return dst, fmt.Errorf("eventstream: %w", err)
		}
		for i := range m.Headers {
			block = appendHeader(block, &m.Headers[i])
		}
	}
	total := minFrame + len(block) + len(m.Payload)
	if int64(total) > math.MaxUint32 || d.Cut < 0 || d.Cut > total {
		return dst, fmt.Errorf("eventstream: %w: a frame of %d bytes cut by %d", ErrLength, total, d.Cut)
	}
	start := len(dst)
	put := func(given *uint32, n uint32) {
		if given != nil {
			n = *given
		}
		dst = binary.BigEndian.AppendUint32(dst, n)
	}
	put(d.TotalLength, uint32(total))
	put(d.HeadersLength, uint32(len(block)))
	put(d.PreludeCRC, sum8(0, dst[start:]))
	dst = slices.Concat(dst, block, m.Payload)
	put(d.MessageCRC, update(0, dst[start:]))
	return dst[:len(dst)-d.Cut], nil
}

// ParseDamage reads the member "damage" of a line that ParseJSON reads when it
// is told to skip that member; it is the zero value without one.
//
//	"damage":{"totalLength":N,"headersLength":N,"preludeCrc":"0x…","messageCrc":"0x…","headerBlockBase64":"…","cut":N}
//
// Every member may be left out; numbers may be strings in Go's notation.
func ParseDamage(line []byte) (d Damage, err error) {
	obj, err := parseObject(line)
	if err != nil {
		return d, fmt.Errorf("eventstream: %w", err)
	}
	raw, ok := obj["damage"]
	if !ok {
		return d, nil
	}
	if err := d.parse(raw); err != nil {
		return Damage{}, fmt.Errorf("eventstream: damage: %w", err)
	}
	return d, nil
}

func (d *Damage) parse(raw []byte) error {
	obj, err := parseObject(raw)
	if err != nil {
		return err
	}
	var cut *uint32
	for name, to := range map[string]**uint32{
		"totalLength": &d.TotalLength, "headersLength": &d.HeadersLength,
		"preludeCrc": &d.PreludeCRC, "messageCrc": &d.MessageCRC, "cut": &cut,
	} {
		if raw, err := obj.take(name); err == nil {
			if *to, err = parseUint32(name, raw); err != nil {
				return err
			}
		}
	}
	if cut != nil {
		d.Cut = int(*cut)
	}
	if raw, err := obj.take("headerBlockBase64"); err == nil {
		if d.HeaderBlock, err = unbase64("headerBlockBase64", raw); err != nil {
			return err
		}
		d.HeaderBlock = append([]byte{}, d.HeaderBlock...) // empty is not nil
	}
	return obj.done()
}

func parseUint32(name string, raw json.RawMessage) (*uint32, error) {
	text := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, err
		}
	}
	n, err := strconv.ParseUint(text, 0, 32)
	if err != nil {
		if e, ok := errors.AsType[*strconv.NumError](err); ok {
			err = e.Err
		}
		return nil, fmt.Errorf("%q must be a number from 0 to 4294967295: %w", name, err)
	}
	m := uint32(n)
	return &m, nil
}
