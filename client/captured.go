package client

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"rawbedrock/client/operation"
	"rawbedrock/eventstream"
)

// ReadEvents yields the events of a captured event stream: the body of a
// ConverseStream or an InvokeModelWithResponseStream, byte for byte. As of a
// Stream, an error is the last pair and a *Error: an exception that the stream
// holds, a damaged frame, or ErrIncompleteStream when the capture ends before
// the stream does, or has nothing in it. Streams of other operations may end
// anywhere.
func ReadEvents(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		s := &Stream{call: &call{client: &Client{}, attempt: &attempt{}}}
		f := &frames{s, eventstream.NewDecoder(r), nil}
		for {
			ev, err := f.next()
			if err == io.EOF && (s.ended || s.call.op.Name == "" && s.events > 0) {
				return
			}
			if err != nil {
				yield(Event{}, s.captureError(err, f.dec.Offset()))
				return
			}
			if s.events++; s.events == 1 {
				s.call.op.Name = firstEvents[ev.Type]
			}
			if s.call.op.Name != "" {
				s.mark(ev)
			}
			if !yield(ev, nil) {
				return
			}
		}
	}
}

// firstEvents tells an operation by the first event of its streams.
var firstEvents = map[string]string{
	"messageStart": operation.ConverseStream.Name,
	"chunk":        operation.InvokeModelWithResponseStream.Name,
}

func (s *Stream) captureError(err error, offset int64) *Error {
	e, ok := errors.AsType[*Error](err)
	switch {
	case ok:
	case err == io.EOF:
		e = &Error{Err: fmt.Errorf("%w: the capture ends without the stream's end", ErrIncompleteStream)}
	case errors.Is(err, io.ErrUnexpectedEOF):
		e = &Error{Err: fmt.Errorf("%w: %w", ErrIncompleteStream, err)}
	default:
		e = &Error{Err: err}
	}
	e.Op, e.Events, e.Bytes = s.call.op.Name, s.events, offset
	e.finish()
	return e
}
