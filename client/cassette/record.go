package cassette

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// layer is a Cassette over a RoundTripper.
type layer struct {
	c    *Cassette
	next http.RoundTripper
}

// RoundTrip answers from the cassette, or sends the request on and records the
// answer while the caller reads it, by the cassette's mode. The request's body
// is read whole before.
func (l layer) RoundTrip(req *http.Request) (*http.Response, error) {
	if l.c.o.Mode == Passthrough {
		return l.next.RoundTrip(req)
	}
	body, err := readBody(req)
	if err != nil {
		return nil, fmt.Errorf("cassette: reading the request's body: %w", err)
	}
	if l.c.o.Mode != Record {
		resp, err := l.c.answer(req, body)
		if _, missing := errors.AsType[*UnmatchedError](err); !missing || l.c.o.Mode == Replay {
			return resp, err
		}
	}
	return l.record(req, body)
}

func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

// record sends the request on. After a failure to record none is sent: its
// answer would be lost.
func (l layer) record(req *http.Request, body []byte) (*http.Response, error) {
	order, err := l.c.begin()
	if err != nil {
		return nil, err
	}
	sent := req.WithContext(req.Context())
	if body != nil {
		sent.Body = io.NopCloser(bytes.NewReader(body))
	}
	start := time.Now()
	resp, err := l.next.RoundTrip(sent)
	if err != nil || resp.StatusCode == http.StatusSwitchingProtocols {
		l.c.forget()
		return resp, err
	}
	t := &tape{ReadCloser: resp.Body, c: l.c, order: order, start: start, length: resp.ContentLength}
	t.signatures = l.c.learn(resp.Request)
	if req.Method == http.MethodHead {
		t.length = 0
	}
	t.i = Interaction{
		Request:  Request{Method: req.Method, URL: req.URL.String(), Header: req.Header.Clone(), Body: body},
		Response: Response{Status: resp.StatusCode, After: t.now(), Header: resp.Header.Clone()},
	}
	if t.i.Request.Method == "" {
		t.i.Request.Method = http.MethodGet
	}
	resp.Body = t
	return resp, nil
}

func (c *Cassette) begin() (order int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, fmt.Errorf("%w (nothing more is sent)", c.err)
	}
	c.requests++
	c.open++
	return c.requests, nil
}

// forget is for a request that was not answered.
func (c *Cassette) forget() {
	c.mu.Lock()
	c.open--
	c.mu.Unlock()
}

// learn takes note of the secrets that layers below put into a request: they
// may come back in the answer. Signatures are left to that one answer.
func (c *Cassette) learn(req *http.Request) (signatures []string) {
	if req == nil {
		return nil
	}
	rawURL, header := req.URL.String(), canonicalHeader(req.Header)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.redactor.learnURL(rawURL)
	c.redactor.learnHeader(header)
	return signaturesOf(rawURL, header)
}

// tape is an answer's body that keeps what is read of it. The interaction is
// stored when the body ends, breaks or is closed.
type tape struct {
	io.ReadCloser
	c      *Cassette
	order  int
	start  time.Time
	length int64 // of the body by its header; -1: not known

	signatures []string // of the request as it was sent

	mu   sync.Mutex
	i    Interaction
	done bool
}

// now is the time since the request was sent, as the file keeps it.
func (t *tape) now() time.Duration { return time.Since(t.start).Round(tick) }

func (t *tape) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return n, err
	}
	r := &t.i.Response
	r.Body = append(r.Body, p[:n]...)
	r.arrived(n, t.now())
	if err != nil {
		t.finish(err)
	}
	return n, err
}

// Close stores what was read so far.
func (t *tape) Close() error {
	err := t.ReadCloser.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.done {
		t.finish(nil)
	}
	return err
}

// finish stores the interaction; end is why the body is over, nil when the
// caller closed it.
func (t *tape) finish(end error) {
	t.done = true
	r := &t.i.Response
	switch {
	case end == io.EOF || end == nil && t.complete():
	case end == nil:
		r.Cut, r.CutAfter = "closed by the caller", t.now()
	default:
		r.Cut, r.CutAfter = end.Error(), t.now()
		if r.Cut == "" {
			r.Cut = "unknown error"
		}
	}
	t.c.store(t.i, t.order, t.signatures)
}

// complete tells whether all was read though the end was not: callers that
// know where an answer ends do not look for it.
func (t *tape) complete() bool {
	body := t.i.Response.Body
	if t.length >= 0 {
		return int64(len(body)) == t.length
	}
	return len(body) > 0 && json.Valid(body) || bytes.HasSuffix(body, []byte("data: [DONE]\n\n")) || endsInException(body)
}

// contentLength is what a header says of a body's length; -1: nothing.
func contentLength(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
