package eventstream

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"
)

// prelude reports a prelude whose checksum is wrong, and finds out what it
// should say: with one of its three fields put right the message must fit.
func (l *linter) prelude(rest []byte, want, got uint32) (next int) {
	l.add(8, ErrPreludeChecksum, fmt.Sprintf("0x%08x", want), fmt.Sprintf("0x%08x", got))
	place := len(l.defects) - 1
	for _, fixed := range repairs(rest[:preludeLen]) {
		if l.holds(fixed) {
			return l.repaired(place, fixed)
		}
	}
	next = l.resume()
	if gap := next - l.at; gap >= minFrame { // which may be the length
		given := append(binary.BigEndian.AppendUint32(nil, uint32(gap)), rest[4:preludeLen]...)
		for _, fixed := range repairs(given) {
			if total, headers := lengths(fixed); total == int64(gap) && headers <= total-minFrame && l.sealed(fixed, gap) {
				return l.repaired(place, fixed)
			}
		}
	} else if next < len(l.data) { // these 12 bytes were not all of it
		l.defects[place].stub(gap, fmt.Sprintf("or bytes that belong nowhere: %+q", rest[:gap]))
	}
	if kind := notFrames(l.data[l.at:next]); kind != "" {
		l.defects[place].Note = "this is " + kind
	}
	return next
}

// repairs are the preludes whose checksum is right and that differ from one in
// a single field: headers length, total length, checksum. A CRC is linear, so
// the difference of the two sums is the sum of the difference; traced back
// through the bytes it determines any four of them.
func repairs(prelude []byte) (all [3][]byte) {
	sum := sum8(0, prelude)
	trace := sum ^ binary.BigEndian.Uint32(prelude[8:])
	for i, at := range []int{4, 0} {
		for range 4 {
			trace = back(trace)
		}
		all[i] = slices.Clone(prelude)
		binary.LittleEndian.PutUint32(all[i][at:], binary.LittleEndian.Uint32(prelude[at:])^trace)
	}
	all[2] = binary.BigEndian.AppendUint32(slices.Clone(prelude[:8]), sum)
	return all
}

// holds tells whether the message in hand may have that prelude.
func (l *linter) holds(prelude []byte) bool {
	total, headers := lengths(prelude)
	return total >= minFrame && headers <= total-minFrame && l.ends(prelude, total)
}

// ends tells whether the message in hand may have that length: its checksum is
// right, or it reaches to another message or to the end of the stream without
// others in it.
func (l *linter) ends(prelude []byte, total int64) bool {
	if total > int64(len(l.data)-l.at) {
		return false
	}
	next := l.at + int(total)
	return l.sealed(prelude, int(total)) || (next == len(l.data) || soundPrelude(l.data[next:])) && !l.swallows(next)
}

// swallows tells whether messages, one behind the other, lead to next from
// within the message in hand. One that its payload consists of does not.
func (l *linter) swallows(next int) bool {
	first := l.search(l.at+preludeLen, next)
	at := first
	for at < next && soundPrelude(l.data[at:]) && !l.tired() {
		total, _ := lengths(l.data[at:])
		at += int(total)
		l.wasted += minFrame
	}
	return first < next && at == next
}

// sealed tells whether the checksum of the message in hand is right.
func (l *linter) sealed(prelude []byte, total int) bool {
	if l.tired() {
		return false
	}
	want, got := l.sums(prelude, total)
	if want != got {
		l.wasted += total
	}
	return want == got
}

// sums are the checksum that the message in hand ends in, and the right one: of
// that prelude, or of the one that stands there if the message was made so.
func (l *linter) sums(prelude []byte, total int) (want, got uint32) {
	frame := l.data[l.at : l.at+total]
	want = binary.BigEndian.Uint32(frame[total-crcLen:])
	got = update(update(0, prelude), frame[preludeLen:total-crcLen])
	if want != got && !bytes.Equal(prelude, frame[:preludeLen]) && want == update(0, frame[:total-crcLen]) {
		got = want
	}
	return want, got
}

// tired tells that checksums of overlapping messages have been in vain so often
// that the stream must have been made for it: no more of them are tried.
func (l *linter) tired() bool { return l.wasted > 64*len(l.data)+1<<20 }

// repaired says how the prelude differs from the right one, and goes on with
// the message.
func (l *linter) repaired(place int, fixed []byte) (next int) {
	d := &l.defects[place]
	d.Lost = false
	was := l.data[l.at : l.at+preludeLen]
	i := 0
	for was[i] == fixed[i] {
		i++
	}
	d.At = int64(l.at + i)
	total, headers := lengths(fixed)
	oldTotal, oldHeaders := lengths(was)
	switch {
	case i >= 8:
		d.Note = "the checksum alone is wrong, the lengths are right"
	case bytes.Equal(was[i+1:], fixed[i+1:]):
		d.Note = repair{i, was[i], fixed[i]}.note(l.at)
	case total != oldTotal:
		d.Note = fmt.Sprintf("total length %d would be right where %d is", total, oldTotal)
	default:
		d.Note = fmt.Sprintf("headers length %d would be right where %d is", headers, oldHeaders)
	}
	l.checksum(fixed, int(total))
	l.headers(l.data[l.at+preludeLen:][:headers])
	return l.at + int(total)
}

// resume finds the next message without the help of the one in hand, and says
// so in the defect reported last.
func (l *linter) resume() (next int) {
	next = l.search(l.at+1, len(l.data))
	l.defects[len(l.defects)-1].Lost = next < len(l.data)
	return next
}

// search returns the first place from which the stream has a sound prelude; end
// when there is none before.
func (l *linter) search(from, end int) int {
	for ; from < end; from++ {
		if soundPrelude(l.data[from:]) {
			return from
		}
	}
	return end
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
		if trace = back(trace); trace < 1<<8 {
			return repair{at, b[at], b[at] ^ byte(trace)}, true
		}
	}
	return r, false
}

// maxStray is how long a message may be in which bytes too many are looked for.
const maxStray = 1 << 20

// stray finds where in b n bytes in a row must be left out for the checksum at
// its end to be that of the others. The sums of what is before and after them
// must meet.
func stray(b []byte, n int) (at int, ok bool) {
	end := len(b) - crcLen
	before := make([]uint32, end-n+1)
	sum := ^uint32(0)
	for i := range before {
		before[i] = sum
		sum = slices8[0][byte(sum)^b[i]] ^ sum>>8
	}
	for at, sum = end-n, ^binary.BigEndian.Uint32(b[end:]); at > 0; at-- {
		if before[at] == sum {
			return at, true
		}
		sum = back(sum) ^ uint32(b[at+n-1])
	}
	return 0, false
}

// back undoes what a zero byte does to a sum.
func back(sum uint32) uint32 {
	i := lastEntry[sum>>24]
	return (sum^slices8[0][i])<<8 | uint32(i)
}

// lastEntry finds the entry of the CRC table by its highest byte, which no two
// share.
var lastEntry = func() (t [256]byte) {
	for i, entry := range slices8[0] {
		t[entry>>24] = byte(i)
	}
	return t
}()

// notFrames tells what bytes of another kind are.
func notFrames(b []byte) string {
	for _, kind := range []struct{ start, name string }{
		{"{", "JSON"}, {"[", "JSON"}, {"<", "XML or HTML"}, {"data:", "server-sent events"}, {"event:", "server-sent events"},
		{"HTTP/", "the head of an HTTP answer"},
	} {
		if bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n\ufeff"), []byte(kind.start)) {
			return kind.name + ", not an event stream"
		}
	}
	start := b[:min(len(b), 64)]
	raw, _ := base64.StdEncoding.AppendDecode(nil, start[:len(start)&^3])
	digits, _ := hex.AppendDecode(nil, start[:len(start)&^1])
	switch {
	case bytes.HasPrefix(b, []byte("\x1f\x8b")):
		return "gzip: unpack it first"
	case soundPrelude(raw):
		return "an event stream in base64: decode it first"
	case soundPrelude(digits):
		return "an event stream in hexadecimal digits: decode it first"
	case bytes.Contains(start, []byte("\ufffd")):
		return "an event stream that was read as text: U+FFFD stands where bytes are lost"
	}
	return ""
}
