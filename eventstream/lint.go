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
	l := linter{data: stream}
	for l.at < len(l.data) {
		before := len(l.defects)
		next := l.message()
		if len(l.defects) == before {
			sound++
		}
		for i := before; i < len(l.defects); i++ {
			l.defects[i].Next = int64(next)
		}
		l.at = next
	}
	return l.defects, sound
}

type linter struct {
	data    []byte
	at      int // where the message in hand begins
	dec     Decoder
	defects []Defect
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
		if total >= minFrame && total <= len(rest) && sealed(rest, total) {
			return l.at + total
		}
		return l.resume()
	}
	if total > len(rest) {
		return l.cut(total, len(rest), "")
	}
	return l.body(rest, total, headers)
}

// stub makes d the defect of a message of which less than any has is there.
func (d *Defect) stub(have int, note string) {
	d.Err, d.At, d.Note = io.ErrUnexpectedEOF, d.Offset+int64(have), note
	d.Missing, d.AtLeast = int64(minFrame-have), true
	d.Expected, d.Found = fmt.Sprintf("%d bytes or more", minFrame), fmt.Sprint(have)
}

func lengths(prelude []byte) (total, headers int) {
	return int(binary.BigEndian.Uint32(prelude)), int(binary.BigEndian.Uint32(prelude[4:]))
}

// length checks what the prelude claims, and tells whether no message can be
// like that. Lengths that are merely too large are reported and followed.
func (l *linter) length(total, headers int) (impossible bool) {
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
func (l *linter) cut(total, have int, note string) (next int) {
	next = l.search(l.at + preludeLen)
	if next < len(l.data) {
		have = next - l.at
	}
	d := l.add(have, io.ErrUnexpectedEOF, fmt.Sprintf("%d bytes", total), fmt.Sprint(have))
	d.Missing, d.Lost, d.Note = int64(total-have), next < len(l.data), note
	return next
}

// body checks a message that is there as a whole.
func (l *linter) body(rest []byte, total, headers int) (next int) {
	frame := rest[:total]
	next = l.at + total
	want, got := binary.BigEndian.Uint32(frame[total-crcLen:]), update(0, frame[:total-crcLen])
	if want != got {
		if next != len(l.data) && !soundPrelude(l.data[next:]) && l.search(l.at+preludeLen) < next {
			return l.cut(total, total, fmt.Sprintf("message checksum mismatch: expected 0x%08x, found 0x%08x", want, got))
		}
		d := l.add(total-crcLen, ErrMessageChecksum, fmt.Sprintf("0x%08x", want), fmt.Sprintf("0x%08x", got))
		if at, ok := wrongByte(frame[:total-crcLen], want, got); ok && at.within >= preludeLen {
			d.At, d.Note = int64(l.at+at.within), at.note(l.at)
		}
	}
	l.headers(frame[preludeLen : preludeLen+headers])
	return next
}

// headers checks a block of headers up to the first that cannot be read.
func (l *linter) headers(b []byte) {
	seen := map[string]bool{}
	for at := 0; at < len(b); {
		var h Header
		size, err := l.dec.parseHeader(b[at:], &h)
		if fault, ok := errors.AsType[*headerFault](err); ok {
			l.add(preludeLen+at+fault.at, ErrHeader, fault.expected, fault.found).Note = fault.text
			return
		}
		texts := []string{h.Name, h.Value.text}
		if h.Value.kind != KindString {
			texts = texts[:1]
		}
		for _, text := range texts {
			if !utf8.ValidString(text) {
				l.add(preludeLen+at, ErrNotUTF8, "UTF-8", fmt.Sprintf("%+q", text[:min(len(text), 60)])).Warning = true
			}
		}
		if seen[h.Name] {
			l.add(preludeLen+at, ErrDuplicateHeader, "every name once", fmt.Sprintf("%+q again", h.Name)).Warning = true
		}
		seen[h.Name] = true
		at += size
	}
}
