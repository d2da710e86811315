package eventstream

import (
	"encoding/binary"
	"fmt"
	"io"
	"iter"
)

const (
	firstBuffer = 4 << 10 // bytes a Decoder starts with; it doubles as bytes arrive
	block       = 8 << 10 // bytes read at a time, few enough to be summed from the cache
	maxEmpty    = 100     // reads in a row that may bring nothing and no error
)

// poison is set by this package's tests: the memory of a message is then
// overwritten when it ceases to be valid, so that its use shows.
var poison bool

// Decoder reads messages from a stream. It reads ahead, but never waits for
// more bytes than the message in hand needs.
type Decoder struct {
	r       io.Reader
	readErr error // what r said last; reported once the buffer has no whole message

	// buf[start:end] is read and not yet returned; the message returned last
	// lies in buf[start-last:start].
	buf              []byte
	start, end, last int

	headers Headers           // memory of the last message's headers
	encoded []byte            // their encoded block,
	parsed  Headers           // and themselves once more, where no caller reaches them
	known   map[string]string // short strings met, see intern

	offset int64
	err    error // sticky
}

// NewDecoder returns a Decoder that reads from r.
func NewDecoder(r io.Reader) *Decoder {
	return &Decoder{r: r}
}

// Reset makes d read from r as if it were new, and keeps its memory. It ends
// the validity of the last message.
func (d *Decoder) Reset(r io.Reader) {
	d.release()
	d.r, d.readErr, d.err = r, nil, nil
	d.start, d.end, d.offset = 0, 0, 0
}

// Offset returns how many bytes of the stream the messages returned so far
// take; after an error, where the message begins that could not be read.
func (d *Decoder) Offset() int64 { return d.offset }

// All returns the messages up to the end of the stream or the first error,
// which comes as the last pair. A stream that ends between messages ends
// silently. Each message is valid until the next iteration.
func (d *Decoder) All() iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for {
			m, err := d.Decode()
			if err == io.EOF || !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// Decode returns the next message, valid until the next call. At the end of the
// stream it returns io.EOF, though only between messages: inside of one it is a
// *TruncatedError that wraps io.ErrUnexpectedEOF. An error of the reader is
// returned as it is between messages, and in a *TruncatedError inside of one.
// A frame that is not sound is a *FormatError. After any error Decode returns
// the same error again.
func (d *Decoder) Decode() (Message, error) {
	d.release()
	if d.err != nil {
		return Message{}, d.err
	}
	m, err := d.next()
	d.err = err
	return m, err
}

// release ends the validity of the message returned last.
func (d *Decoder) release() {
	if poison {
		d.overwrite()
	}
	d.last = 0
}

func (d *Decoder) overwrite() {
	for i := d.start - d.last; i < d.start; i++ {
		d.buf[i] = 0xDB
	}
	for i := range d.headers {
		d.headers[i] = Header{"header used after the next Decode", Long(-1)}
	}
}

func (d *Decoder) next() (Message, error) {
	for d.end-d.start < preludeLen {
		if err := d.read(minFrame); err != nil {
			return Message{}, err
		}
	}
	p := d.buf[d.start : d.start+preludeLen]
	length, headers := binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
	sum := sum8(0, p)
	if err := checkPrelude(length, headers, binary.BigEndian.Uint32(p[8:]), sum); err != nil {
		return Message{}, &FormatError{d.offset, err}
	}
	total := int(length)
	if err := d.body(total, sum); err != nil {
		return Message{}, err
	}
	frame := d.buf[d.start : d.start+total]
	hs, err := d.parseHeaders(frame[preludeLen : preludeLen+headers])
	if err != nil {
		return Message{}, &FormatError{d.offset, err}
	}
	d.start += total
	d.last = total
	d.offset += int64(total)
	return Message{hs, frame[preludeLen+headers : total-crcLen : total-crcLen]}, nil
}

// checkPrelude verifies the checksum first, since lengths mean nothing without
// it. No sum of the two lengths is formed, so none can overflow.
func checkPrelude(total, headers, want, got uint32) error {
	switch {
	case want != got:
		return fmt.Errorf("%w: expected 0x%08x, found 0x%08x", ErrPreludeChecksum, want, got)
	case total < minFrame:
		return fmt.Errorf("%w: total length %d, a message has at least %d", ErrLength, total, minFrame)
	case headers > total-minFrame:
		return fmt.Errorf("%w: headers length %d, total length %d leaves %d", ErrLength, headers, total, total-minFrame)
	case headers > MaxHeaders:
		return fmt.Errorf("%w: headers length %d, at most %d are accepted", ErrLength, headers, MaxHeaders)
	case total-minFrame-headers > MaxPayload:
		return fmt.Errorf("%w: payload length %d, at most %d are accepted", ErrLength, total-minFrame-headers, MaxPayload)
	}
	return nil
}

// body reads the frame to its end and verifies its checksum; sum is that of its
// first 8 bytes. What arrives is summed at once, while the cache holds it.
func (d *Decoder) body(total int, sum uint32) error {
	end := total - crcLen
	for at := 8; ; {
		have := d.end - d.start
		if to := min(have, end); to > at {
			sum = update(sum, d.buf[d.start+at:d.start+to])
			at = to
		}
		if have >= total {
			break
		}
		if err := d.read(total); err != nil {
			return err
		}
	}
	if want := binary.BigEndian.Uint32(d.buf[d.start+end:]); want != sum {
		return &FormatError{d.offset, fmt.Errorf("%w: expected 0x%08x, found 0x%08x", ErrMessageChecksum, want, sum)}
	}
	return nil
}

// read gets more bytes of the message in hand, one block at most; total is the
// message's length as far as known. An error of the reader is returned by the
// next call, when the bytes that came with it did not suffice.
func (d *Decoder) read(total int) error {
	if d.readErr != nil {
		return d.cut(total)
	}
	d.makeRoom(total)
	for range maxEmpty {
		n, err := d.r.Read(d.buf[d.end:min(len(d.buf), d.end+block)])
		d.end += n
		d.readErr = err
		if n > 0 || err != nil {
			return nil
		}
	}
	d.readErr = io.ErrNoProgress
	return nil
}

// makeRoom leaves room behind buf[start:end]: it moves those bytes to the front
// when the message would not fit where it begins, and doubles a buffer that is
// full, up to the blocks of the message. So a length that lies costs no memory:
// the buffer is never longer than twice what arrived.
func (d *Decoder) makeRoom(total int) {
	if d.start > 0 && d.start+total > len(d.buf) {
		d.end = copy(d.buf, d.buf[d.start:d.end])
		d.start = 0
	}
	if d.end == len(d.buf) {
		blocks := (total + block - 1) / block * block
		size := max(firstBuffer, min(2*len(d.buf), blocks))
		d.buf = append(make([]byte, 0, size), d.buf...)[:size]
	}
}

// cut says what the reader's error means here.
func (d *Decoder) cut(total int) error {
	have, err := d.end-d.start, d.readErr
	if have == 0 {
		return err
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return &TruncatedError{d.offset, int64(have), int64(total), err}
}
