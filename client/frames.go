package client

import (
	"encoding/base64"
	"fmt"

	"github.com/tidwall/gjson"

	"rawbedrock/eventstream"
)

// streamReader is the body as the sources read it, copied to the tee.
type streamReader struct{ s *Stream }

func (r streamReader) Read(p []byte) (int, error) {
	n, err := r.s.resp.Body.Read(p)
	if r.s.events == 0 {
		r.s.keepStart(p[:n])
	}
	if r.s.tee != nil && n > 0 {
		if _, teeErr := r.s.tee.Write(p[:n]); teeErr != nil {
			return n, teeErr
		}
	}
	return n, err
}

// keepStart keeps what begins as JSON or a page does: no event begins so.
func (s *Stream) keepStart(p []byte) {
	first := s.bytes() == int64(len(p))
	if len(p) > 0 && (s.start != nil || first && (p[0] == '{' || p[0] == '<')) && len(s.start) < s.call.client.limits.ErrorBody {
		s.start = append(s.start, p...)
	}
}

// oddError is about an event that Bedrock would not have sent so.
type oddError struct{ err error }

func (e *oddError) Error() string { return e.err.Error() }
func (e *oddError) Unwrap() error { return e.err }

func odd(format string, args ...any) error { return &oddError{fmt.Errorf(format, args...)} }

// frames is an AWS event stream.
type frames struct {
	s   *Stream
	dec *eventstream.Decoder
	buf []byte // of a chunk's decoded bytes
}

func (f *frames) next() (Event, error) {
	f.s.offset = f.dec.Offset()
	m, err := f.dec.Decode()
	if err != nil {
		return Event{}, err
	}
	f.s.traceFrame(m, f.dec.Offset())
	switch kind := m.Headers.Text(":message-type"); kind {
	case "event":
		ev := Event{m.Headers.Text(":event-type"), m.Payload}
		if ev.Type == "chunk" {
			return f.chunk(ev)
		}
		return ev, nil
	case "exception":
		return Event{}, exceptionError(m.Headers.Text(":exception-type"), m.Payload, f.s.call.secrets()...)
	case "error":
		payload := m.Payload
		if text := m.Headers.Text(":error-message"); text != "" {
			payload = []byte(text)
		}
		return Event{}, exceptionError(m.Headers.Text(":error-code"), payload, f.s.call.secrets()...)
	default:
		return Event{}, odd("event stream message %d has :message-type %q: want event, exception or error", f.s.events, kind)
	}
}

// chunk undoes the base64 of {"bytes":"…","p":"…"}.
func (f *frames) chunk(ev Event) (Event, error) {
	encoded := gjson.GetBytes(ev.Payload, "bytes")
	if encoded.Type != gjson.String {
		return Event{}, odd("chunk %d has no bytes member", f.s.events)
	}
	var err error
	if f.buf, err = base64.StdEncoding.AppendDecode(f.buf[:0], []byte(encoded.Str)); err != nil {
		return Event{}, odd("chunk %d: %w", f.s.events, err)
	}
	ev.Payload = f.buf
	return ev, nil
}
