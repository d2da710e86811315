package cassette

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Pace is how fast a replay goes, in multiples of the recorded speed: 1 keeps
// the recorded times, 2 halves them. Zero does not wait at all.
type Pace float64

// RealTime keeps the recorded times.
const RealTime Pace = 1

// ParsePace reads "none", "real", or a number of times the recorded speed.
func ParsePace(s string) (Pace, error) {
	switch s {
	case "none":
		return 0, nil
	case "real":
		return RealTime, nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n > 0) || n > 1e6 {
		return 0, errors.New("want none, real, or a number such as 2 for twice the recorded speed")
	}
	return Pace(n), nil
}

// CutError is the end of a recorded body that ended before its end: the
// connection broke, or whoever recorded it stopped reading.
type CutError struct{ Reason string }

// Error tells what was recorded as the reason.
func (e *CutError) Error() string {
	return fmt.Sprintf("cassette: the recorded answer ends here: %s", e.Reason)
}

// Unwrap returns io.ErrUnexpectedEOF.
func (e *CutError) Unwrap() error { return io.ErrUnexpectedEOF }

// answer finds the recorded answer to a request and begins to play it.
func (c *Cassette) answer(req *http.Request, body []byte) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err // the answer is left for who asks again
	}
	r, err := c.take(req, body)
	if err != nil {
		return nil, err
	}
	p := &player{response: r, ctx: req.Context(), pace: c.o.Pace, start: time.Now(), closed: make(chan struct{})}
	if err := p.wait(r.After); err != nil {
		return nil, err
	}
	resp := &http.Response{
		Status: strconv.Itoa(r.Status) + " " + http.StatusText(r.Status), StatusCode: r.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.Header.Clone(), ContentLength: contentLength(r.Header), Body: p, Request: req,
	}
	if len(r.Body) == 0 && r.Cut == "" && req.Method != http.MethodHead {
		resp.ContentLength = 0
	}
	return resp, nil
}

// Answer replays to a request whose body was read already, for servers: the
// recorded answer, or nil when there is none.
func (c *Cassette) Answer(req *http.Request, body []byte) *http.Response {
	resp, err := c.answer(req, body)
	if err != nil {
		return nil
	}
	return resp
}

// take finds the first interaction that answers a request and was not used, one
// without a wildcard before one with, then one of the same host before another's.
// Of those that were used it is the last one that fits as well as any.
func (c *Cassette) take(req *http.Request, body []byte) (*Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.redactor.live(req, body)
	var first, spent *entry
	best, bestSpent := fitsNot, fitsNot
	for _, e := range c.entries {
		how := 2 * fits(e.question.text, q.text)
		if how > fitsNot && e.question.host == q.host {
			how++
		}
		switch {
		case how == fitsNot:
		case e.used, e.order != 0: // what was recorded just now is for the next session
			if how >= bestSpent {
				spent, bestSpent = e, how
			}
		case how > best:
			first, best = e, how
		}
	}
	switch {
	case first != nil:
		first.used = true
	case spent != nil && c.o.Repeat:
		first = spent
	default:
		return nil, c.unmatched(q, spent)
	}
	r := first.Response // redactAgain changes what is on the cassette
	return &r, nil
}

// player is a recorded body as it comes again.
type player struct {
	response *Response
	ctx      context.Context
	pace     Pace
	start    time.Time

	mu     sync.Mutex // of at
	at     int
	once   sync.Once
	closed chan struct{}
}

// Read gives at most what came by the same time in the recording.
func (p *player) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.response
	if p.at == len(r.Body) {
		if r.Cut == "" {
			return 0, p.or(io.EOF)
		}
		if err := p.wait(r.CutAfter); err != nil {
			return 0, err
		}
		return 0, &CutError{r.Cut}
	}
	end, after := len(r.Body), r.last()
	for _, a := range r.Arrivals {
		if a.End > p.at {
			end, after = a.End, a.After
			break
		}
	}
	if err := p.wait(after); err != nil {
		return 0, err
	}
	n := copy(b, r.Body[p.at:end])
	p.at += n
	return n, nil
}

// or returns why the body may not be read any longer, else err.
func (p *player) or(err error) error {
	select {
	case <-p.closed:
		return http.ErrBodyReadAfterClose
	case <-p.ctx.Done():
		return p.ctx.Err()
	default:
		return err
	}
}

// wait passes the time until that much of it was recorded.
func (p *player) wait(after time.Duration) error {
	if err := p.or(nil); err != nil || p.pace <= 0 {
		return err
	}
	timer := time.NewTimer(time.Until(p.start.Add(time.Duration(float64(after) / float64(p.pace)))))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.closed:
		return http.ErrBodyReadAfterClose
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

// Close ends a Read that waits.
func (p *player) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}
