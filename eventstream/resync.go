package eventstream

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// prelude reports a prelude whose checksum is wrong, and finds out what it
// should say: with one byte put right, or with its checksum replaced, the whole
// message must be sound.
func (l *linter) prelude(rest []byte, want, got uint32) (next int) {
	d := l.add(8, ErrPreludeChecksum, fmt.Sprintf("0x%08x", want), fmt.Sprintf("0x%08x", got))
	place := len(l.defects) - 1
	fixed := slices.Clone(rest[:preludeLen])
	if one, ok := wrongByte(rest[:8], want, got); ok {
		fixed[one.within] = one.right
		if total, ok := l.holds(fixed); ok {
			d.At, d.Note = int64(l.at+one.within), one.note(l.at)
			return l.repaired(total, fixed)
		}
	}
	fixed = binary.BigEndian.AppendUint32(slices.Clone(rest[:8]), got)
	if total, ok := l.holds(fixed); ok {
		d.Note = "the checksum alone is wrong, the lengths are right"
		return l.repaired(total, fixed)
	}
	next = l.resume()
	if d := &l.defects[place]; next-l.at < minFrame { // these 12 bytes were not all of it
		d.stub(next-l.at, "or bytes that belong nowhere")
	} else if next < len(l.data) { // the gap may tell the length
		fixed = binary.BigEndian.AppendUint32(nil, uint32(next-l.at))
		if fixed = append(fixed, rest[4:preludeLen]...); sum8(0, fixed) == want {
			d.At, d.Note = d.Offset, fmt.Sprintf("total length %d would be right where %d is", next-l.at, binary.BigEndian.Uint32(rest))
		}
	} else if kind := notFrames(l.data); kind != "" && l.at == 0 {
		d.Note = "this is " + kind + ", not an event stream"
	}
	return next
}

// holds tells whether the message in hand is sound but for its prelude, when
// that is fixed; its checksum may have been made of either.
func (l *linter) holds(fixed []byte) (total int, ok bool) {
	total, headers := lengths(fixed)
	rest := l.data[l.at:]
	if total < minFrame || headers > total-minFrame || total > len(rest) {
		return total, false
	}
	sum := binary.BigEndian.Uint32(rest[total-crcLen:])
	return total, sum == update(update(0, fixed), rest[preludeLen:total-crcLen]) || sealed(rest, total)
}

// repaired goes on with the headers of a message whose prelude is known now.
func (l *linter) repaired(total int, fixed []byte) (next int) {
	_, headers := lengths(fixed)
	l.headers(l.data[l.at+preludeLen : l.at+preludeLen+headers])
	return l.at + total
}

// sealed tells whether a frame of that length ends in its checksum.
func sealed(b []byte, total int) bool {
	return binary.BigEndian.Uint32(b[total-crcLen:]) == update(0, b[:total-crcLen])
}

// resume finds the next message without the help of the one in hand, and says
// so in the defect reported last.
func (l *linter) resume() (next int) {
	next = l.search(l.at + 1)
	l.defects[len(l.defects)-1].Lost = next < len(l.data)
	return next
}

// search returns the first place from which the stream has a sound prelude; the
// end when there is none.
func (l *linter) search(from int) int {
	for ; from+preludeLen <= len(l.data); from++ {
		if soundPrelude(l.data[from:]) {
			return from
		}
	}
	return len(l.data)
}

func soundPrelude(b []byte) bool {
	if len(b) < preludeLen {
		return false
	}
	total, headers := lengths(b)
	return total >= minFrame && headers <= total-minFrame && headers <= MaxHeaders && total-minFrame-headers <= MaxPayload &&
		binary.BigEndian.Uint32(b[8:]) == sum8(0, b)
}

// repair is one byte that explains a wrong checksum.
type repair struct {
	within       int // the bytes summed; those of the checksum itself come after them
	wrong, right byte
}

func (r repair) note(base int) string {
	return fmt.Sprintf("byte %d is 0x%02x, with 0x%02x the checksum would be right", base+r.within, r.wrong, r.right)
}

// maxRepair is how many bytes are looked at for a single wrong one: among n,
// chance finds one in n/2^24 of the cases.
const maxRepair = 64 << 10

// wrongByte finds the one byte of b that must be another for its checksum to be
// want instead of got, or the one byte of want that is wrong. A CRC is linear,
// so the difference of the two sums is the sum of the difference; it is traced
// back byte by byte.
func wrongByte(b []byte, want, got uint32) (r repair, ok bool) {
	trace := want ^ got
	if low := bits.TrailingZeros32(trace) / 8; trace>>(8*low) < 1<<8 {
		shift := 8 * low
		return repair{len(b) + 3 - low, byte(want >> shift), byte(got >> shift)}, true
	}
	for at := len(b) - 1; at >= max(0, len(b)-maxRepair); at-- {
		i := lastEntry[trace>>24]
		if trace == slices8[0][i] {
			return repair{at, b[at], b[at] ^ i}, true
		}
		trace = (trace^slices8[0][i])<<8 | uint32(i)
	}
	return r, false
}

// lastEntry finds the entry of the CRC table by its highest byte, which no two
// share.
var lastEntry = func() (t [256]byte) {
	for i, entry := range slices8[0] {
		t[entry>>24] = byte(i)
	}
	return t
}()

// notFrames tells what a file of another kind is.
func notFrames(b []byte) string {
	for _, kind := range []struct{ start, name string }{
		{"{", "JSON"}, {"[", "JSON"}, {"<", "XML or HTML"}, {"data:", "server-sent events"}, {"event:", "server-sent events"},
		{"\x1f\x8b", "gzip"}, {"HTTP/", "an HTTP answer with its head"},
	} {
		if len(b) >= len(kind.start) && string(b[:len(kind.start)]) == kind.start {
			return kind.name
		}
	}
	return ""
}
