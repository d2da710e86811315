package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"rawbedrock/client/operation"
	"rawbedrock/eventstream"
)

// Event is one event of a stream.
type Event struct {
	// Type is the event's name: messageStart, contentBlockDelta, … of
	// ConverseStream; chunk of InvokeModelWithResponseStream; the "event:"
	// field of server-sent events, or data when they have none.
	Type string
	// Payload is its JSON. A chunk's is the model's own, base64 undone. It is
	// valid until the next event.
	Payload []byte
}

// Get picks a value out of the payload by a gjson path.
func (e Event) Get(path string) gjson.Result { return gjson.GetBytes(e.Payload, path) }

// Clone returns an event that stays valid.
func (e Event) Clone() Event { return Event{e.Type, slices.Clone(e.Payload)} }

// Stream is an answer as it comes. Read it with one Events loop; leaving the
// loop, Close, an error and a cancelled context all release the connection. A
// stream that is opened and dropped keeps its connection, and its place within
// WithConcurrency, until Close is called or its context ends.
type Stream struct {
	call     *call
	resp     *http.Response
	tee      io.Writer
	source   eventSource
	events   int
	start    []byte // of a body that is no stream, whatever it is called
	offset   int64  // in the body, of the frame or record that is being read
	pace     *pace  // of the events, when a logger wants to know
	ended    bool   // the end that this operation's streams have was seen
	complete bool   // and nothing is to come after it
	err      error
}

// eventSource takes a body apart. next returns io.EOF at the body's end.
type eventSource interface {
	next() (Event, error)
}

// Stream calls a streaming operation. It returns when Bedrock has accepted
// the request; what goes wrong until then is retried, and what goes wrong
// after the first event never is. Every error is a *Error.
func (c *Client) Stream(ctx context.Context, r Request) (*Stream, error) {
	switch {
	case r.Op.Streaming == operation.None:
		return nil, c.notSent(r, errors.New("the operation does not stream"))
	case !r.streams():
		return nil, c.notSent(r, errors.New(`the body must say "stream":true`))
	}
	k, resp, err := c.do(ctx, r, true)
	if err != nil {
		return nil, err
	}
	s := &Stream{call: k, resp: resp}
	if err := s.check(); err != nil {
		return nil, err
	}
	in := io.Reader(streamReader{s})
	if r.Op.Streaming == operation.EventStream {
		s.source = &frames{s, eventstream.NewDecoder(in), nil}
	} else {
		s.source = newSSE(s, in, c.limits.Line)
	}
	return s, nil
}

// streams tells whether the answer to a request comes as a stream.
func (r Request) streams() bool {
	return r.Op.Streaming == operation.EventStream || r.Op.Streaming == operation.SSE && gjson.GetBytes(r.Body, "stream").Bool()
}

// check refuses an answer of 200 that is no stream.
func (s *Stream) check() error {
	k, h := s.call, s.resp.Header
	want := "application/vnd.amazon.eventstream"
	if k.op.Streaming == operation.SSE {
		want = "text/event-stream"
	}
	got, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	err := checkEncoding(h)
	if err == nil && (got == want || !wholeAnswer(got)) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("answered with %s where %s was expected", got, want)
	}
	return s.refuse(err)
}

// refuse reads an answer that is no stream. An error of Bedrock's speaks for
// itself, whatever the status.
func (s *Stream) refuse(err error) error {
	defer s.resp.Body.Close()
	k, h := s.call, s.resp.Header
	k.attempt.arrived() // one Idle for the whole of it
	limit := k.client.limits.ErrorBody - len(s.start)
	rest, readErr := io.ReadAll(io.LimitReader(s.resp.Body, int64(max(limit, 0))))
	data := append(s.start, rest...)
	e := responseError(k.op.Name, s.resp.StatusCode, h, data, k.secrets()...)
	e.Bytes = s.bytes()
	if !unknownOperation(h, data) {
		e.Err = errors.Join(err, readErr)
	}
	return k.fail(e)
}

// wholeAnswer tells media types that are no stream. An absent or unknown one
// may be: recorders and proxies change it, and the frames have checksums.
func wholeAnswer(mediaType string) bool {
	return strings.HasPrefix(mediaType, "text/") || strings.Contains(mediaType, "json") || strings.Contains(mediaType, "xml")
}

// Tee copies the body's raw bytes to w as they are read. It must be called
// before the first event; an error of w ends the stream.
func (s *Stream) Tee(w io.Writer) { s.tee = w }

// Header is the answer's. X-Amzn-Bedrock-Content-Type and the request id are
// in it; token counts come in the events.
func (s *Stream) Header() http.Header { return s.resp.Header }

// RequestID is AWS's name for the call.
func (s *Stream) RequestID() string { return requestID(s.resp.Header) }

// Attempts tells what became of each attempt to open the stream.
func (s *Stream) Attempts() []Attempt { return s.call.attempts }

// Events yields the events as they arrive. An error is the last pair; without
// one the stream came to its proper end. Leaving the loop closes the stream.
func (s *Stream) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		defer s.Close()
		for {
			ev, err := s.next()
			if err == io.EOF {
				return
			}
			if !yield(ev, err) || err != nil {
				return
			}
		}
	}
}

// Close releases the connection. It may be called at any time, from any
// goroutine, more than once.
func (s *Stream) Close() error {
	err := s.resp.Body.Close()
	s.call.release()
	return err
}

// next returns the next event, io.EOF at the proper end, or the *Error that
// ended the stream, again and again.
func (s *Stream) next() (Event, error) {
	if s.err != nil {
		return Event{}, s.err
	}
	ev, err := s.source.next()
	if err != nil {
		s.err = s.finish(err)
		s.Close()
		return Event{}, s.err
	}
	s.call.attempt.arrived()
	s.events++
	if s.call.logs() {
		s.logEvent(ev)
	}
	s.mark(ev)
	return ev, nil
}

// finish turns the end of the source into io.EOF or a *Error.
func (s *Stream) finish(err error) error {
	if s.ended && err == io.EOF || s.complete && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, ErrTimeout)) {
		if s.call.logs() {
			s.logDone()
		}
		return io.EOF
	}
	if s.start != nil && s.events == 0 && s.call.Err() == nil && !s.call.attempt.body.closed.Load() {
		return s.refuse(errors.New("the answer's body is no stream"))
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Err: err}
	}
	switch {
	case errors.Is(err, http.ErrBodyReadAfterClose), s.call.attempt.body.closed.Load() && s.call.Err() == nil && !ok:
		e.Err = fmt.Errorf("%w: Close was called before the stream ended", fs.ErrClosed)
	case err == io.EOF:
		e.Err = fmt.Errorf("%w: the body ended without the stream's end", ErrIncompleteStream)
	case errors.Is(err, io.ErrUnexpectedEOF): // body.broken makes one of whatever the network did
		e.Err = fmt.Errorf("%w: %w", ErrIncompleteStream, err)
	}
	if t, ok := errors.AsType[*TimeoutError](e.Err); ok {
		t.Events = s.events
	}
	e.RequestID, e.Events, e.Bytes = s.RequestID(), s.events, s.bytes()
	return s.call.fail(e)
}

func (s *Stream) bytes() int64 { return s.call.attempt.body.n }

// mark notes the end of the operation's streams.
func (s *Stream) mark(ev Event) {
	switch s.call.op.Name {
	case operation.ConverseStream.Name:
		s.ended = s.ended || ev.Type == "messageStop"
		s.complete = s.ended && ev.Type == "metadata"
	case operation.InvokeModelWithResponseStream.Name:
		s.complete = hasMetrics(ev.Payload)
		s.ended = s.ended || s.complete || chunkEnds(ev.Payload)
	default:
		s.ended = s.ended || sseEnds(ev)
		s.complete = s.ended
	}
	if s.complete {
		s.call.attempt.idle = endGrace
	}
}

// endGrace is how long a whole answer waits for its connection to end.
const endGrace = time.Second

func hasMetrics(chunk []byte) bool {
	const key = "amazon-bedrock-invocationMetrics"
	return bytes.Contains(chunk, []byte(key)) && gjson.GetBytes(chunk, key).Exists()
}

// stopPaths are where the model families say in a chunk why they stopped.
var stopPaths = []string{
	"stop_reason", "delta.stop_reason", "messageStop.stopReason", "completionReason",
	"outputs.0.stop_reason", "choices.0.finish_reason", "choices.0.stop_reason", "finish_reason", "finishReason",
}

const guardrailAction = "amazon-bedrock-guardrailAction"

// chunkEnds tells whether a chunk of InvokeModelWithResponseStream says that
// the answer is over: by a guardrail's action or the family's own stop field.
func chunkEnds(chunk []byte) bool {
	if bytes.Contains(chunk, []byte(guardrailAction)) && gjson.GetBytes(chunk, guardrailAction).Exists() {
		return true
	}
	if bytes.Equal(chunk, []byte("[DONE]")) || bytes.Equal(chunk, []byte(`"[DONE]"`)) {
		return true
	}
	if !bytes.Contains(chunk, []byte("eason")) && !bytes.Contains(chunk, []byte("_finished")) && !bytes.Contains(chunk, []byte("message_stop")) {
		return false
	}
	for _, r := range gjson.GetManyBytes(chunk, stopPaths...) {
		if r.Type == gjson.String && r.Str != "" {
			return true
		}
	}
	return gjson.GetBytes(chunk, "is_finished").Bool() || gjson.GetBytes(chunk, "type").Str == "message_stop"
}
