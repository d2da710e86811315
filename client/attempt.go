package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
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
	call    *call
	ctx     context.Context
	start   time.Time
	written atomic.Bool // the whole request was sent
	wire    *wireLog    // nil when nobody listens
	body    *body
	first   time.Duration // left for the first event, once the headers are here
	idle    time.Duration // allowed between two events
}

func (t *attempts) RoundTrip(req *http.Request) (*http.Response, error) {
	k := callFrom(req.Context())
	a := &attempt{call: k, start: time.Now(), idle: t.client.timeouts.Idle}
	a.ctx, a.cancel = context.WithCancelCause(req.Context())
	k.attempt = a
	a.wait(k.answerPhase(), k.answerTimeout())
	trace := &httptrace.ClientTrace{
		GetConn:      func(string) { a.wait(PhaseConnect, t.client.timeouts.Connect) },
		GotConn:      a.gotConn,
		WroteRequest: a.wroteRequest,
	}
	if k.logs() {
		a.logWire(req, trace)
	}
	resp, err := t.next.RoundTrip(req.WithContext(httptrace.WithClientTrace(a.ctx, trace)))
	if err != nil {
		err = a.cause(err)
		a.end()
		return nil, err
	}
	if left := a.rest(); k.stream {
		a.first = left
	}
	t.client.skew.observe(resp.Header, time.Now())
	if k.logs() {
		k.log("answer", "status", resp.StatusCode, "protocol", resp.Proto, "after", time.Since(a.start), "request_id", k.requestID(resp.Header))
		k.traceHeader("answer", resp.Header)
	}
	a.body = &body{ReadCloser: resp.Body, attempt: a, last: a.start}
	resp.Body = a.body
	return resp, nil
}

func (a *attempt) gotConn(httptrace.GotConnInfo) {
	a.wait(a.call.answerPhase(), a.call.answerTimeout())
}

func (a *attempt) wroteRequest(info httptrace.WroteRequestInfo) {
	a.written.Store(info.Err == nil)
	a.wait(a.call.answerPhase(), a.call.answerTimeout())
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
	if ctxErr := a.call.Err(); ctxErr != nil {
		if cause := context.Cause(a.call); cause != nil && cause != ctxErr {
			return errors.Join(ctxErr, cause)
		}
		return ctxErr
	}
	return err
}

// body counts what arrives and runs the idle clock while somebody waits for
// it: the time that the caller takes between two reads does not count.
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
		err = a.cause(err)
		if t, ok := errors.AsType[*TimeoutError](err); ok {
			t.Bytes, t.Last = b.n, time.Since(b.last)
			if t.Phase == PhaseFirstEvent {
				t.Limit = a.call.answerTimeout()
			}
		}
	}
	if !a.call.stream {
		a.rest()
	}
	return n, err
}

// waitForBody starts the clock that fits: a stream's first event has what the
// headers left of its time.
func (a *attempt) waitForBody() {
	if a.first > 0 {
		a.wait(PhaseFirstEvent, a.first)
	} else {
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
