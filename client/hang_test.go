package client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// piped is a transport whose one server reads a request and then does as it is
// told; all of it runs in a synctest bubble's time.
func piped(t *testing.T, answer func(net.Conn)) http.RoundTripper {
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			req, err := http.ReadRequest(bufio.NewReader(server))
			if err != nil {
				return
			}
			io.Copy(io.Discard, req.Body)
			answer(server)
		}()
		return client, nil
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// drip writes a piece a second for as long as somebody reads.
func drip(c net.Conn, piece string) {
	for {
		if _, err := io.WriteString(c, piece); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// However steadily bytes come, a call ends when what they should make up does
// not.
func TestDrips(t *testing.T) {
	dripping := func(begin, piece string) func(net.Conn) {
		return func(c net.Conn) { io.WriteString(c, begin); drip(c, piece) }
	}
	h := helloFrames()
	for _, tt := range []struct {
		name    string
		request Request
		answer  func(net.Conn)
		phase   string
		within  time.Duration
	}{
		{"headers", converse, dripping("HTTP/1.1 200 OK\r\nX-Long: ", "x"), PhaseAnswer, 30 * time.Second},
		{"a whole answer", converse, dripping(chunked(jsonType), httpChunk([]byte(" "))), PhaseAnswer, 30 * time.Second},
		{"an error", converse, dripping(head(400, jsonType, "Content-Length: 9999"), "x"), PhaseIdle, 10 * time.Second},
		{"an error for a stream", converseStream, dripping(head(400, jsonType, "Content-Length: 9999"), "x"), PhaseIdle, 10 * time.Second},
		{"a page for a stream", converseStream, dripping(head(200, "Content-Type: text/html", "Content-Length: 9999"), "x"), PhaseIdle, 10 * time.Second},
		{"the first frame", converseStream, dripping(chunked(eventStreamType)+httpChunk(hugePrelude()), httpChunk([]byte("x"))), PhaseFirstEvent, 30 * time.Second},
		{"a later frame", converseStream, dripping(chunked(eventStreamType)+httpChunk(h[0])+httpChunk(hugePrelude()), httpChunk([]byte("x"))), PhaseIdle, 10 * time.Second},
		{"comments", chatStream, dripping(chunked(sseType)+httpChunk([]byte("data: {}\n\n")), httpChunk([]byte(": ping\n\n"))), PhaseIdle, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				timeouts := Timeouts{Connect: time.Second, FirstEvent: 30 * time.Second, Idle: 10 * time.Second}
				c := newClient(t, "http://h", WithTransport(piped(t, tt.answer)), WithTimeouts(timeouts))
				start := time.Now()
				_, err := call1(t.Context(), c, tt.request)
				timeout, ok := errors.AsType[*TimeoutError](err)
				if !ok || timeout.Phase != tt.phase {
					t.Errorf("got %v, want a timeout of the phase %q", err, tt.phase)
				}
				if d := time.Since(start); d < tt.within-time.Second || d > tt.within+time.Second {
					t.Errorf("after %v, want %v", d, tt.within)
				}
				time.Sleep(2 * time.Second) // until the server has found out
			})
		})
	}
}

// hugePrelude begins a message of a megabyte.
func hugePrelude() []byte { return frame("contentBlockDelta", strings.Repeat("x", 1<<20))[:20] }

// A wait of "for ever" is none of the other waits.
func TestWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := func(c net.Conn) {
			io.WriteString(c, chunked(eventStreamType))
			time.Sleep(100 * time.Hour)
			io.WriteString(c, httpChunk(join(helloFrames()))+"0\r\n\r\n")
		}
		c := newClient(t, "http://h", WithTransport(piped(t, answer)), WithTimeouts(Timeouts{FirstEvent: -1, Idle: time.Second}))
		if n, err := call1(t.Context(), c, converseStream); n != 6 || err != nil {
			t.Errorf("%d events, %v", n, err)
		}
	})
}

// What comes after the end of an answer, and how its connection ends, does not
// matter any more; nor is it waited for.
func TestAfterTheEnd(t *testing.T) {
	done := []byte("data: [DONE]\n\n")
	for name, tt := range map[string]struct {
		request Request
		answer  func(net.Conn)
		events  int
	}{
		"silence": {converseStream, func(c net.Conn) {
			io.WriteString(c, chunked(eventStreamType)+httpChunk(join(helloFrames())))
			untilGone(c)
		}, 6},
		"a break": {converseStream, func(c net.Conn) { io.WriteString(c, chunked(eventStreamType)+httpChunk(join(helloFrames()))+"zz\r\n") }, 6},
		"[DONE]": {chatStream, func(c net.Conn) {
			io.WriteString(c, chunked(sseType)+httpChunk([]byte("data: {}\n\n")))
			time.Sleep(time.Minute)
			io.WriteString(c, httpChunk(done))
			untilGone(c)
		}, 1},
		"comments": {chatStream, func(c net.Conn) {
			io.WriteString(c, chunked(sseType)+httpChunk(done))
			drip(c, httpChunk([]byte(": ping\n\n")))
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, "http://h", WithTransport(piped(t, tt.answer)), WithTimeouts(Timeouts{Idle: time.Hour, FirstEvent: time.Hour}))
				start := time.Now()
				if n, err := call1(t.Context(), c, tt.request); n != tt.events || err != nil {
					t.Errorf("%d events, %v", n, err)
				}
				if d := time.Since(start); d > 2*time.Minute {
					t.Errorf("it took %v", d)
				}
				time.Sleep(2 * time.Second) // until the server has found out
			})
		})
	}
}

// A dial that nobody waits for any more ends all the same: net/http itself
// would let a stalled TLS handshake go on for ever.
func TestStalledHandshake(t *testing.T) {
	proxy := &url.URL{Scheme: "http", Host: "proxy:3128"}
	t.Run("TLS", func(t *testing.T) { stalled(t, nil) })
	t.Run("CONNECT", func(t *testing.T) { stalled(t, http.ProxyURL(proxy)) })
}

func stalled(t *testing.T, proxy func(*http.Request) (*url.URL, error)) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan time.Duration, 3)
		dial := func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			start := time.Now()
			go func() {
				untilGone(server)
				gone <- time.Since(start)
			}()
			return client, nil
		}
		const limit = 3 * time.Second
		transport := &http.Transport{DialContext: dialWithin(limit, dial), Proxy: proxy}
		_, err := newClient(t, "https://h", WithTransport(transport), WithTimeouts(Timeouts{Connect: limit})).Do(t.Context(), converse)
		if timeout, ok := errors.AsType[*TimeoutError](err); !ok || timeout.Phase != PhaseConnect || len(theError(t, err).Attempts) != 3 {
			t.Errorf("got %v", err)
		}
		for range 3 {
			if d := <-gone; d != limit+dialGrace {
				t.Errorf("a connection lived for %v", d)
			}
		}
	})
}

// A name server that does not answer is left behind, too.
func TestStalledDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
		transport := &http.Transport{DialContext: dialWithin(time.Second, dial)}
		if _, err := newClient(t, "http://h", WithTransport(transport), WithTimeouts(Timeouts{Connect: time.Second})).Do(t.Context(), converse); !errors.Is(err, ErrTimeout) {
			t.Errorf("got %v", err)
		}
	}) // which waits for every goroutine
}

// The deadline of the dial is not that of the call.
func TestDialDeadlineIsLifted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := piped(t, func(c net.Conn) { time.Sleep(time.Hour); io.WriteString(c, whole(200, `{}`, jsonType)) }).(*http.Transport)
		transport.DialContext = dialWithin(time.Second, transport.DialContext)
		c := newClient(t, "http://h", WithTransport(transport), WithTimeouts(Timeouts{Connect: time.Second, FirstEvent: 2 * time.Hour}))
		c.dials = true // as with the transport of its own
		if _, err := c.Do(t.Context(), converse); err != nil {
			t.Error(err)
		}
	})
}

// A transport that does not tell whether the request was sent may have sent
// it: a timeout is not tried again.
func TestTimeoutOfASilentTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		wire := roundTripper(func(req *http.Request) (*http.Response, error) {
			n.Add(1)
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		_, err := newClient(t, "http://h", WithTransport(wire)).Do(t.Context(), converse)
		if !errors.Is(err, ErrTimeout) || n.Load() != 1 {
			t.Errorf("%d requests: %v", n.Load(), err)
		}
		if timeout, _ := errors.AsType[*TimeoutError](err); timeout.Last != timeout.Limit {
			t.Errorf("the request began %v ago, limit %v", timeout.Last, timeout.Limit)
		}
	})
}

// The word that a request is sent may come after its answer: it starts no
// clock then.
func TestSentAfterTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		w := &watchdog{cancel: cancel}
		w.wait(PhaseAnswer, time.Second)
		w.rest()
		w.restart(PhaseAnswer, time.Second)
		time.Sleep(time.Hour)
		if ctx.Err() != nil {
			t.Errorf("cancelled: %v", context.Cause(ctx))
		}
		w.wait(PhaseAnswer, time.Second)
		w.restart(PhaseAnswer, time.Minute)
		time.Sleep(59 * time.Second)
		if ctx.Err() != nil {
			t.Error("not started anew")
		}
		w.stop()
	})
}

// full is a writer that has no room left.
type full struct{ room int }

var errFull = errors.New("no room left")

func (w *full) Write(p []byte) (int, error) {
	if w.room -= len(p); w.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// What fails on this side is no stream that ended early.
func TestTeeFails(t *testing.T) {
	frames := helloFrames()
	w := serve(t, func(c net.Conn, _ int) {
		io.WriteString(c, chunked(eventStreamType)+httpChunk(frames[0])+httpChunk(frames[1][:20]))
		untilGone(c)
	})
	s, err := newClient(t, w.url, WithTimeouts(ample)).Stream(t.Context(), converseStream)
	if err != nil {
		t.Fatal(err)
	}
	s.Tee(&full{len(frames[0])})
	if _, n, err := read(s); !errors.Is(err, errFull) || errors.Is(err, ErrIncompleteStream) || n > 1 {
		t.Errorf("%d events, %v", n, err)
	}
	<-w.gone
}
