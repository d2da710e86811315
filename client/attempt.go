package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// attempts is the RoundTripper under retryablehttp: it gives every attempt a
// context of its own, its clocks and its books. It has no CloseIdleConnections,
// so that one call that gives up does not close everybody's connections.
type attempts struct {
	client *Client
	next   http.RoundTripper // recorder, signer, wire
}

// attempt is one try of a call on the wire.
type attempt struct {
	watchdog
	call      *call
	ctx       context.Context
	start     time.Time
	connected atomic.Bool // there was a connection
	written   atomic.Bool // the whole request was sent
	begun     atomic.Bool // the first byte of an answer came
	wire      *wireLog    // nil when nobody listens
	trace     httptrace.ClientTrace
	body      body
	opening   bool          // a stream's first event is awaited
	first     time.Duration // what the headers left of the time for it; 0: for ever
	whole     time.Time     // when a whole answer must be here; zero: never
	pieces    bool          // whatever arrives of the body counts as an event
	idle      time.Duration // allowed between two events
}

func (t *attempts) RoundTrip(req *http.Request) (*http.Response, error) {
	k := callFrom(req.Context())
	a := &attempt{call: k, start: time.Now(), idle: t.client.timeouts.Idle, pieces: !k.stream}
	a.ctx, a.cancel = context.WithCancelCause(req.Context())
	k.attempt = a
	a.wait(k.answerPhase(), k.answerTimeout())
	a.trace = httptrace.ClientTrace{
		GetConn:              func(string) { a.wait(PhaseConnect, t.client.timeouts.Connect) },
		GotConn:              a.gotConn,
		WroteRequest:         a.wroteRequest,
		GotFirstResponseByte: func() { a.begun.Store(true) },
	}
	if k.logs() {
		a.logWire(req, &a.trace)
	}
	req = req.WithContext(httptrace.WithClientTrace(a.ctx, &a.trace))
	req.Header = k.header // not before: http.Client would copy it
	if len(k.attempts) > 0 {
		req.Header = maps.Clone(k.header) // the one before may be on its way still
	}
	resp, err := t.next.RoundTrip(req)
	k.traceBody() // when a recorder answered or nothing was found to sign with
	if err != nil {
		err = a.cause(err)
		if timeout, ok := errors.AsType[*TimeoutError](err); ok {
			timeout.Last = time.Since(a.start)
		}
		a.end()
		return nil, err
	}
	a.answered()
	dropBadLocation(resp.Header)
	t.client.skew.observe(resp.Header, time.Now())
	if k.logs() {
		k.log("answer", "status", resp.StatusCode, "protocol", resp.Proto, "after", time.Since(a.start), "request_id", k.requestID(resp.Header))
		k.traceHeader("answer", resp.Header)
	}
	a.body.ReadCloser, a.body.attempt, a.body.last = resp.Body, a, a.start
	resp.Body = &a.body
	return resp, nil
}

func (a *attempt) gotConn(info httptrace.GotConnInfo) {
	if a.call.client.dials {
		info.Conn.SetDeadline(time.Time{}) // see dialWithin
	}
	a.connected.Store(true)
	a.wait(a.call.answerPhase(), a.call.answerTimeout())
}

func (a *attempt) wroteRequest(info httptrace.WroteRequestInfo) {
	a.written.Store(info.Err == nil)
	a.restart(a.call.answerPhase(), a.call.answerTimeout())
}

// answered begins, once the headers are here, the wait for the first event,
// which has what they left of its time, or for the rest of a whole answer.
func (a *attempt) answered() {
	left, limit := a.rest(), a.call.answerTimeout()
	switch {
	case a.call.stream && limit > 0:
		a.opening, a.first = true, max(left, 1)
	case a.call.stream:
		a.opening = true
	case limit > 0:
		a.whole = time.Now().Add(limit)
	}
}

// arrived stops the clock: an event is here.
func (a *attempt) arrived() {
	a.rest()
	a.opening = false
}

// dropBadLocation takes a Location away that is no URL: http.Client, which
// does not follow it, would lose the answer over it.
func dropBadLocation(h http.Header) {
	if at := headerValue(h, "Location"); at != "" {
		if _, err := url.Parse(at); err != nil {
			h.Del("Location")
		}
	}
}

// end releases everything that the attempt holds.
func (a *attempt) end() {
	a.wire.end()
	a.stop()
	a.cancel(nil)
}

// cause replaces the transport's word for a cancelled context by the reason.
func (a *attempt) cause(err error) error {
	var timeout *TimeoutError
	if errors.As(context.Cause(a.ctx), &timeout) {
		return timeout
	}
	if a.call.Err() != nil {
		return ended(a.call)
	}
	return err
}

// ended says why a context is over: what it says, and its cause.
func ended(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		return errors.Join(err, cause)
	}
	return err
}

// body counts what arrives and runs the idle clock while somebody waits for
// it: the time that the caller takes between two reads does not count. Whatever
// breaks the answer in the middle is an io.ErrUnexpectedEOF.
type body struct {
	io.ReadCloser
	attempt *attempt
	n       int64
	last    time.Time // of the last byte
	closed  atomic.Bool
}

func (b *body) Read(p []byte) (int, error) {
	a := b.attempt
	if !a.waiting() {
		a.waitForBody()
	}
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.n += int64(n)
		b.last = time.Now()
	}
	if err != nil && err != io.EOF {
		err = b.broken(a.cause(err))
	}
	if a.pieces {
		a.arrived()
	}
	return n, err
}

// broken says of a timeout what had arrived, and marks what broke the answer.
func (b *body) broken(err error) error {
	a := b.attempt
	if t, ok := errors.AsType[*TimeoutError](err); ok {
		t.Bytes, t.Last = b.n, time.Since(b.last)
		if t.Phase != PhaseIdle {
			t.Limit = a.call.answerTimeout()
		}
		return err
	}
	if a.call.Err() != nil || b.closed.Load() || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
}

// waitForBody starts the clock that fits. However steadily it drips, a whole
// answer must end some time.
func (a *attempt) waitForBody() {
	left := time.Until(a.whole)
	switch {
	case a.opening:
		a.wait(PhaseFirstEvent, a.first)
	case !a.whole.IsZero() && (a.idle <= 0 || left <= 0):
		a.wait(PhaseAnswer, max(left, 1))
	default:
		a.wait(PhaseIdle, a.idle)
	}
}

func (b *body) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	b.attempt.end() // cancels first, so that Close does not wait for the rest
	return b.ReadCloser.Close()
}
