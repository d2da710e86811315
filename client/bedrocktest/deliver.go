package bedrocktest

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

var (
	errClosed = errors.New("the server was closed")
	errBroken = errors.New("a fault broke the answer")
)

// delivery puts one response on the wire.
type delivery struct {
	s    *Server
	w    http.ResponseWriter
	ctx  context.Context // ends when the client leaves
	done <-chan struct{} // ends when the server closes
	req  Request
	out  Outcome

	buf   []byte // waits until it holds size bytes
	size  int    // of a write; 0: each part by itself
	drip  time.Duration
	limit int // bytes of the body before the fault's break
}

// deliver writes the response, changed by the fault. It reports whether the
// connection must be broken off.
func (d *delivery) deliver(resp *response, f *Fault) (broken bool) {
	if f == nil {
		f = &Fault{}
	} else if err := f.change(resp); err != nil {
		d.out.Err = err
		return true
	}
	if d.out.Err = d.wait(d.s.Latency + f.Delay); d.out.Err != nil {
		return true
	}
	d.size, d.drip, d.limit = f.WriteSize, f.Drip, f.breakPoint(resp)
	if d.limit < 0 {
		return d.breakOff(f.Break)
	}
	d.head(resp, f)
	d.out.Err = d.body(resp, f)
	if d.out.Err == errBroken {
		d.out.Err = nil
		return d.breakOff(f.Break)
	}
	return d.out.Err != nil
}

// head sends status and headers.
func (d *delivery) head(resp *response, f *Fault) {
	h := d.w.Header()
	setRaw(h, "x-amzn-RequestId", d.req.ID)
	h.Set("Date", d.s.now().UTC().Format(http.TimeFormat))
	for name, values := range resp.header {
		drop(h, name) // a recorded answer has its own, in its own case
		h[name] = values
	}
	if resp.form == wholeForm && resp.replay == nil && !f.Gzip {
		n := resp.size()
		if f.Break == breakEnd {
			n = min(n, d.limit)
		}
		h.Set("Content-Length", strconv.Itoa(n))
	}
	if f.Gzip {
		h.Set("Content-Encoding", "gzip")
	}
	for name, value := range f.Header {
		drop(h, name) // AWS's own are in another case than net/http's
		if h.Set(name, value); value == "" {
			h[http.CanonicalHeaderKey(name)] = nil // net/http would make one up
		}
	}
	d.out.Status = resp.status
	d.w.WriteHeader(resp.status)
	if resp.form != wholeForm || f.Break != "" {
		d.flush()
	}
}

// drop deletes a header in whatever case it stands.
func drop(h http.Header, name string) {
	maps.DeleteFunc(h, func(k string, _ []string) bool { return strings.EqualFold(k, name) })
}

// body writes the parts at their pace.
func (d *delivery) body(resp *response, f *Fault) error {
	w, finish := d.compressor(f)
	if resp.replay != nil {
		defer resp.replay.Close()
		if _, err := io.CopyBuffer(w, struct{ io.Reader }{resp.replay}, make([]byte, 32<<10)); err != nil {
			return err
		}
		return finish(true)
	}
	for n, p := range resp.parts {
		if d.s.Rate > 0 && p.tokens > 0 {
			if err := d.wait(time.Duration(float64(p.tokens) / d.s.Rate * float64(time.Second))); err != nil {
				return err
			}
		}
		if d.s.OnPart != nil {
			d.s.OnPart(d.ctx, d.req, n)
		}
		if _, err := w.Write(p.data); err != nil {
			return err
		}
		if err := finish(false); err != nil {
			return err
		}
	}
	return finish(true)
}

// compressor is where parts are written to. finish is called after each of
// them, and with true after the last.
func (d *delivery) compressor(f *Fault) (w io.Writer, finish func(last bool) error) {
	if !f.Gzip {
		return d, d.finish
	}
	z := gzip.NewWriter(d)
	return z, func(last bool) error {
		err := z.Flush()
		if last {
			err = z.Close()
		}
		if err != nil {
			return err
		}
		return d.finish(last)
	}
}

// finish sends what a write of its own size did not fill.
func (d *delivery) finish(last bool) error {
	var err error
	if last && len(d.buf) > 0 {
		err, d.buf = d.send(d.buf), nil
	}
	if err == nil && last && d.limit != math.MaxInt {
		err = errBroken // the break comes after the last byte
	}
	return err
}

// Write takes body bytes and sends them in writes of the fault's size.
func (d *delivery) Write(p []byte) (int, error) {
	if d.size == 0 {
		return len(p), d.send(p)
	}
	d.buf = append(d.buf, p...)
	for len(d.buf) >= d.size {
		if err := d.send(d.buf[:d.size]); err != nil {
			return 0, err
		}
		d.buf = d.buf[d.size:]
	}
	return len(p), nil
}

// send writes and flushes, up to the break.
func (d *delivery) send(p []byte) error {
	if d.drip > 0 {
		if err := d.wait(d.drip); err != nil {
			return err
		}
	}
	broken := d.out.Bytes+len(p) > d.limit
	if broken {
		p = p[:d.limit-d.out.Bytes]
	}
	n, err := d.w.Write(p)
	d.out.Bytes += n
	if err != nil {
		return err
	}
	d.flush()
	if broken {
		return errBroken
	}
	return nil
}

func (d *delivery) flush() { http.NewResponseController(d.w).Flush() }

// wait passes the time, unless the client leaves or the server closes.
func (d *delivery) wait(t time.Duration) error {
	if t <= 0 {
		return nil
	}
	timer := time.NewTimer(t)
	defer timer.Stop()
	return d.until(timer.C)
}

func (d *delivery) until(c <-chan time.Time) error {
	select {
	case <-c:
		return nil
	case <-d.ctx.Done():
		return context.Cause(d.ctx)
	case <-d.done:
		return errClosed
	}
}

// breakOff ends the connection as the fault wants it.
func (d *delivery) breakOff(how string) (broken bool) {
	d.out.Err = errBroken
	switch how {
	case breakEnd:
		return false
	case breakSilence:
		d.out.Err = d.until(nil)
	case breakReset:
		if r, ok := d.w.(interface{ reset() }); ok { // in the process
			r.reset()
			return true
		}
		conn, _, err := http.NewResponseController(d.w).Hijack()
		if err != nil { // HTTP/2 resets the stream
			return true
		}
		linger(conn)
		conn.Close()
		return false
	}
	return true
}

// linger makes Close send a reset.
func linger(conn net.Conn) {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
}
