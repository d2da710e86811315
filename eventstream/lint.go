package eventstream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// What Lint finds besides the defects that a Decoder refuses. The Smithy
// specification forbids both; this package and some other decoders let them
// pass.
var (
	ErrDuplicateHeader = errors.New("duplicate header")
	ErrNotUTF8         = errors.New("text is not UTF-8")
)

// Defect is one thing that is wrong with a stream. All places are bytes from
// its start.
type Defect struct {
	Offset  int64 // where the message begins
	At      int64 // where in it the wrong bytes stand, as far as that can be told
	Err     error // one of the package's Err variables, or io.ErrUnexpectedEOF for a message that is cut short
	Warning bool  // decoders differ: this package's passes it

	// Expected is what the frame or the format asks for, Found what is there:
	// of a checksum the one in the frame, and that of its bytes.
	Expected, Found string

	// Missing is how many bytes of the message are not there; AtLeast, when its
	// length is among them.
	Missing int64
	AtLeast bool

	Next int64  // where the next message begins; the length of the stream when none was found
	Lost bool   // the message's own length could not be used to find Next
	Note string // what else can be told, in words
}

// String is the defect in one line.
func (d Defect) String() string {
	s := fmt.Sprintf("message at offset %d: %v", d.Offset, d.Err)
	if d.Err == io.ErrUnexpectedEOF {
		least := ""
		if d.AtLeast {
			least = "at least "
		}
		s = fmt.Sprintf("message at offset %d is cut short: %s%d bytes missing", d.Offset, least, d.Missing)
	}
	s += fmt.Sprintf(" at byte %d: expected %s, found %s", d.At, d.Expected, d.Found)
	if d.Note != "" {
		s += "; " + d.Note
	}
	if d.Lost {
		s += fmt.Sprintf("; the next message begins at %d", d.Next)
	}
	return s
}

// Lint walks a whole captured stream and returns all its defects in order, and
// how many messages have none. A Decoder stops at the first; Lint goes on. When
// the length of a message cannot be trusted it works out which bytes are
// wrong, if they are few, or else searches for the next 12 bytes that are a
// sound prelude.
func Lint(stream []byte) (defects []Defect, sound int) {
	sound = Walk(stream, func(d Defect) { defects = append(defects, d) })
	return defects, sound
}

// Walk is Lint for streams that may have very many defects: it hands over each
// as it is found and keeps none.
func Walk(stream []byte, report func(Defect)) (sound int) {
	l := linter{data: stream}
	for l.at < len(l.data) {
		next := l.message()
		if len(l.defects) == 0 {
			sound++
		}
		for _, d := range l.defects {
			d.Next = int64(next)
			report(d)
		}
		l.defects, l.at = l.defects[:0], next
	}
	return sound
}

type linter struct {
	data    []byte
	at      int // where the message in hand begins
	dec     Decoder
	defects []Defect // of the message in hand
	wasted  int      // bytes of checksums that were not right
}

// add reports a defect of the bytes at an offset within the message.
func (l *linter) add(within int, err error, expected, found string) *Defect {
	l.defects = append(l.defects, Defect{
		Offset: int64(l.at), At: int64(l.at + within), Err: err, Expected: expected, Found: found,
	})
	return &l.defects[len(l.defects)-1]
}

// message checks the message in hand and returns where the next begins.
func (l *linter) message() (next int) {
	rest := l.data[l.at:]
	if len(rest) < preludeLen {
		note := ""
		if len(rest) >= 4 {
			if total := int64(binary.BigEndian.Uint32(rest)); total >= minFrame {
				note = fmt.Sprintf("%d bytes, if its total length of %d is right", total-int64(len(rest)), total)
			}
		}
		l.add(0, nil, "", "").stub(len(rest), note)
		return len(l.data)
	}
	total, headers := lengths(rest)
	if want, got := binary.BigEndian.Uint32(rest[8:]), sum8(0, rest); want != got {
		return l.prelude(rest, want, got)
	}
	if l.length(total, headers) {
		if total < minFrame || !l.ends(rest[:preludeLen], total) {
			return l.resume()
		}
		l.checksum(rest[:preludeLen], int(total))
		return l.at + int(total)
	}
	if total > int64(len(rest)) {
		return l.cut(total, len(rest))
	}
	return l.body(rest, int(total), int(headers))
}

// stub makes d the defect of a message of which less than any has is there.
func (d *Defect) stub(have int, note string) {
	d.Err, d.At, d.Note = io.ErrUnexpectedEOF, d.Offset+int64(have), note
	d.Missing, d.AtLeast = int64(minFrame-have), true
	d.Expected, d.Found = fmt.Sprintf("%d bytes or more", minFrame), fmt.Sprint(have)
}

func lengths(prelude []byte) (total, headers int64) {
	return int64(binary.BigEndian.Uint32(prelude)), int64(binary.BigEndian.Uint32(prelude[4:]))
}

// length checks what the prelude claims, and tells whether no message can be
// like that. Lengths that are merely too large are reported and followed.
func (l *linter) length(total, headers int64) (impossible bool) {
	switch {
	case total < minFrame:
		l.add(0, ErrLength, fmt.Sprintf("a total length of %d or more", minFrame), fmt.Sprint(total))
		return true
	case headers > total-minFrame:
		l.add(4, ErrLength, fmt.Sprintf("a headers length of at most %d", total-minFrame), fmt.Sprint(headers))
		return true
	case headers > MaxHeaders:
		l.add(4, ErrLength, fmt.Sprintf("a headers length of at most %d", MaxHeaders), fmt.Sprint(headers))
	case total-minFrame-headers > MaxPayload:
		l.add(0, ErrLength, fmt.Sprintf("a payload length of at most %d", MaxPayload), fmt.Sprint(total-minFrame-headers))
	}
	return false
}

// cut reports a message of which only have bytes are there.
func (l *linter) cut(total int64, have int) (next int) {
	next = l.search(l.at+preludeLen, len(l.data))
	if next < len(l.data) {
		have = next - l.at
	}
	d := l.add(have, io.ErrUnexpectedEOF, fmt.Sprintf("%d bytes", total), fmt.Sprint(have))
	d.Missing, d.Lost = total-int64(have), next < len(l.data)
	return next
}

// body checks a message that is there as a whole, if its length is right.
func (l *linter) body(rest []byte, total, headers int) (next int) {
	prelude := rest[:preludeLen]
	ends := l.ends(prelude, int64(total))
	if !ends {
		next = l.search(l.at+preludeLen, len(l.data))
		if next < l.at+total {
			return l.cut(int64(total), total)
		}
	}
	d := l.checksum(prelude, total)
	if n := next - l.at - total; !ends && d != nil && d.Note == "" && total+n < maxStray {
		if at, ok := stray(rest[:total+n], n); ok && at >= preludeLen {
			d.At, d.Lost = int64(l.at+at), true
			d.Note = fmt.Sprintf("without the %d bytes from %d on the checksum would be right: %+q", n, d.At, rest[at:at+min(n, 60)])
			return next
		}
	}
	l.headers(rest[preludeLen : preludeLen+headers])
	return l.at + total
}

// checksum checks that of the message in hand; nil, if it is right.
func (l *linter) checksum(prelude []byte, total int) *Defect {
	want, got := l.sums(prelude, total)
	if want == got {
		return nil
	}
	d := l.add(total-crcLen, ErrMessageChecksum, fmt.Sprintf("0x%08x", want), fmt.Sprintf("0x%08x", got))
	if at, ok := wrongByte(l.data[l.at:l.at+total-crcLen], want, got); ok && at.within >= preludeLen {
		d.At, d.Note = int64(l.at+at.within), at.note(l.at)
	}
	return d
}

// headers checks a block of headers up to the first that cannot be read.
func (l *linter) headers(b []byte) {
	seen := map[string]bool{}
	for at := 0; at < len(b); {
		var h Header
		size, err := l.dec.parseHeader(b[at:], &h)
		if fault, ok := errors.AsType[*headerFault](err); ok {
			l.add(preludeLen+at+fault.at, ErrHeader, fault.expected, fault.found).Note = fault.text
			if b[at] > 0 {
				return
			}
			if size, err = l.dec.parseHeader(append([]byte{1, 'x'}, b[at+1:]...), &h); err != nil {
				return
			}
			size, h.Name = size-1, ""
		}
		l.text(preludeLen+at+1, h.Name)
		if h.Value.kind == KindString {
			l.text(preludeLen+at+size-len(h.Value.text), h.Value.text)
		}
		if seen[h.Name] {
			l.add(preludeLen+at, ErrDuplicateHeader, "every name once", fmt.Sprintf("%+q again", h.Name)).Warning = true
		}
		seen[h.Name] = true
		at += size
	}
}

// text warns of a name or string that is not UTF-8, at its first bad byte.
func (l *linter) text(within int, s string) {
	for i, r := range s {
		if _, size := utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && size == 1 {
			l.add(within+i, ErrNotUTF8, "UTF-8", fmt.Sprintf("%+q", s[i:min(len(s), i+60)])).Warning = true
			return
		}
	}
}
