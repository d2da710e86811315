package client

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// sse takes a text/event-stream apart (WHATWG HTML, "Server-sent events"):
// the OpenAI and Anthropic compatible APIs stream in it. Fields of a record may
// come in any order.
type sse struct {
	s       *Stream
	r       *bufio.Reader
	limit   int
	name    []byte
	data    []byte
	hasData bool
	line    []byte
	n       int64 // bytes read so far
	cr      bool  // the last line ended with CR: an LF may follow
	begun   bool  // the first line was read
}

func newSSE(s *Stream, r io.Reader, limit int) *sse {
	return &sse{s: s, r: bufio.NewReader(r), limit: limit}
}

func (d *sse) next() (Event, error) {
	d.s.offset = d.n
	for {
		line, err := d.readLine()
		if err == io.EOF && len(line) == 0 {
			return d.atEOF()
		}
		if err != nil && err != io.EOF {
			return Event{}, err
		}
		if len(line) > 0 {
			d.field(line)
			continue
		}
		if !d.hasData {
			d.name = d.name[:0]
			continue
		}
		if isDone(d.data) {
			d.s.ended, d.s.complete = true, true
			return Event{}, d.drain()
		}
		return d.record()
	}
}

// atEOF ends the stream: a last record without its blank line counts when it
// is the end mark, and is a cut otherwise.
func (d *sse) atEOF() (Event, error) {
	if d.hasData && isDone(d.data) {
		d.s.ended = true
	} else if d.hasData {
		return Event{}, io.ErrUnexpectedEOF
	}
	return Event{}, io.EOF
}

// drain reads to the body's end, so that the connection can be used again;
// nothing should come, and it does not wait for it.
func (d *sse) drain() error {
	d.s.call.attempt.arrived()
	d.s.call.attempt.idle = endGrace
	io.CopyN(io.Discard, d.r, 1<<10)
	return io.EOF
}

func isDone(data []byte) bool { return string(data) == "[DONE]" }

// record delivers what was gathered, or the error in it. Events carry no
// checksum: what is not JSON was changed on its way.
func (d *sse) record() (Event, error) {
	ev := Event{string(d.name), d.data}
	if ev.Type == "" {
		ev.Type = "data"
	}
	d.name, d.hasData = d.name[:0], false
	if e, ok := sseError(ev.Payload, d.s.call.secrets()...); ok {
		return Event{}, e
	}
	if !validJSON(ev.Payload) {
		return Event{}, odd("server-sent event %d is not JSON", d.s.events)
	}
	return ev, nil
}

func (d *sse) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		d.name = append(d.name[:0], value...)
	case "data":
		if !d.hasData {
			d.data, d.hasData = d.data[:0], true
		} else {
			d.data = append(d.data, '\n')
		}
		d.data = append(d.data, value...)
	}
}

// readLine returns a line without its end: LF, CR or CRLF. It does not wait to
// see whether an LF comes behind a CR.
func (d *sse) readLine() ([]byte, error) {
	d.line = d.line[:0]
	for {
		if _, err := d.r.Peek(1); err != nil {
			return d.line, err
		}
		part, _ := d.r.Peek(d.r.Buffered())
		if d.cr && part[0] == '\n' {
			part = part[1:]
			d.skip(1)
		}
		d.cr = false
		end := bytes.IndexByte(part, '\n')
		if end < 0 {
			end = len(part)
		}
		if i := bytes.IndexByte(part[:end], '\r'); i >= 0 {
			d.cr, end = true, i
		}
		d.line = append(d.line, part[:end]...)
		if len(d.line)+len(d.data) > d.limit {
			return nil, fmt.Errorf("%w: a server-sent event over %d bytes (Limits.Line)", ErrTooLarge, d.limit)
		}
		d.skip(min(end+1, len(part)))
		if end < len(part) {
			return d.first(d.line), nil
		}
	}
}

func (d *sse) skip(n int) {
	d.r.Discard(n)
	d.n += int64(n)
}

// first takes the byte order mark off that may stand before the first line.
func (d *sse) first(line []byte) []byte {
	if !d.begun {
		d.begun = true
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	return line
}

// sseEnds tells whether an event is the last of an API that sends no [DONE]:
// Responses and Messages.
func sseEnds(ev Event) bool {
	if !bytes.Contains(ev.Payload, []byte(`"type"`)) {
		return false
	}
	switch ev.Get("type").Str {
	case "response.completed", "response.incomplete", "response.failed", "message_stop":
		return true
	}
	return false
}
