package client

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// envOf is an environment of just these variables.
func envOf(vars map[string]string) Option {
	return WithEnv(func(name string) string { return vars[name] })
}

// A proxy that does not let a call through is told by its status, and its
// password is not.
func TestProxyRefusals(t *testing.T) {
	for _, tt := range []struct {
		answer, text, hint string
		requests           int64
	}{
		{"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "refuses to connect: 407", "wants a login", 1},
		{"HTTP/1.1 403 Forbidden by policy\r\n\r\n", "refuses to connect: 403", "does not let", 1},
		{"HTTP/1.1 503 Service Unavailable\r\n\r\n", "refuses to connect: 503", "does not let", 3},
		{"HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n", "refuses to connect: 302", "does not let", 1},
		{"", "EOF", "", 3},
	} {
		w := serve(t, func(c net.Conn, _ int) { io.WriteString(c, tt.answer) })
		proxy := strings.Replace(w.url, "http://", "http://user:canary-password@", 1)
		c, err := New(envOf(map[string]string{"HTTPS_PROXY": proxy}), WithRegion("us-east-1"), WithEndpoint("https://bedrock.invalid"), WithCredentials(exampleKeys), WithTimeouts(ample))
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Do(t.Context(), converse)
		e := theError(t, err)
		if !strings.Contains(err.Error(), tt.text) || !strings.Contains(e.Hint, tt.hint) || w.requests.Load() != tt.requests {
			t.Errorf("%q: %d requests: %v\n%s", tt.answer, w.requests.Load(), err, e.Hint)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %s", err, *e, e.Detail()), "canary") {
			t.Errorf("the proxy's password: %s", e.Detail())
		}
	}
}

// What TLS refuses is not tried again, and says what to do.
func TestTLSRefusals(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshakes
	srv.StartTLS()
	t.Cleanup(srv.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	for url, hint := range map[string]string{
		srv.URL: "AWS_CA_BUNDLE",
		strings.Replace(srv.URL, "https:", "http:", 1):      "no answer of Bedrock",
		strings.Replace(plain.URL, "http:", "https:", 1):    "does not speak TLS",
		"https://" + strings.Repeat("a", 64) + ".invalid:1": "cannot be resolved", // no name: it is not asked for
	} {
		_, err := newClient(t, url, WithTimeouts(ample), WithTransport(nil)).Do(t.Context(), converse)
		if e := theError(t, err); len(e.Attempts) != 1 || !strings.Contains(e.Hint, hint) {
			t.Errorf("%s: %d attempts: %v\n%s", url, len(e.Attempts), err, e.Hint)
		}
	}
}

// http2Frame is a frame of HTTP/2 (RFC 9113, section 4.1).
func http2Frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	b = append(b, flags)
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

// What an HTTP/2 server may do to a request, by its frames.
func resetStream(stream, code uint32) []byte {
	return http2Frame(3, 0, stream, binary.BigEndian.AppendUint32(nil, code))
}

func goAway(last, code uint32) []byte {
	return http2Frame(7, 0, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code))
}

// answered is status 200 and so much of the body.
func answered(stream uint32, body []byte) []byte {
	return append(http2Frame(1, 4, stream, []byte{0x88}), http2Frame(0, 0, stream, body)...)
}

// http2Server answers each whole request with frames, by its stream's number.
func http2Server(t *testing.T, answer func(c net.Conn, stream uint32)) *wire {
	srv := httptest.NewUnstartedServer(nil)
	srv.StartTLS() // for its certificate
	config := &tls.Config{Certificates: srv.TLS.Certificates, NextProtos: []string{"h2"}}
	srv.Close()
	return serveWith(t, func(c net.Conn) net.Conn { return tls.Server(c, config) }, func(w *wire, c net.Conn) {
		r := bufio.NewReader(c)
		if _, err := r.Discard(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")); err != nil {
			return
		}
		c.Write(http2Frame(4, 0, 0, nil)) // SETTINGS
		for {
			var head [9]byte
			if _, err := io.ReadFull(r, head[:]); err != nil {
				return
			}
			size := binary.BigEndian.Uint32(head[:4]) >> 8
			if _, err := r.Discard(int(size)); err != nil {
				return
			}
			kind, flags := head[3], head[4]
			switch {
			case kind == 4 && flags == 0:
				c.Write(http2Frame(4, 1, 0, nil)) // its acknowledgement
			case (kind == 0 || kind == 1) && flags&1 != 0: // END_STREAM
				w.requests.Add(1)
				answer(c, binary.BigEndian.Uint32(head[5:]))
			}
		}
	})
}

// What happens to streams of HTTP/2 is told and tried again as over HTTP/1.1:
// before the answer yes, after its beginning no.
func TestHTTP2Faults(t *testing.T) {
	const internalError, calm = 2, 11
	first := helloFrames()[0]
	for _, tt := range []struct {
		name     string
		answer   func(c net.Conn, stream uint32)
		is       error
		events   int
		requests int64
	}{
		{"reset before headers", func(c net.Conn, s uint32) { c.Write(resetStream(s, internalError)) }, nil, 0, 3},
		{"reset after an event", func(c net.Conn, s uint32) { c.Write(append(answered(s, first), resetStream(s, internalError)...)) }, ErrIncompleteStream, 1, 1},
		{"reset after headers", func(c net.Conn, s uint32) { c.Write(append(answered(s, nil), resetStream(s, internalError)...)) }, ErrIncompleteStream, 0, 1},
		{"gone after an event", func(c net.Conn, s uint32) { c.Write(append(answered(s, first), goAway(s, calm)...)); c.Close() }, ErrIncompleteStream, 1, 1},
		{"closed after an event", func(c net.Conn, s uint32) { c.Write(answered(s, first)); c.Close() }, ErrIncompleteStream, 1, 1},
		{"closed before headers", func(c net.Conn, s uint32) { c.Close() }, nil, 0, 3},
		{"no frame", func(c net.Conn, s uint32) { io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); c.Close() }, nil, 0, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := http2Server(t, tt.answer)
			transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, DialContext: dialWithin(time.Minute, (&net.Dialer{}).DialContext)}
			c := newClient(t, strings.Replace(w.url, "http:", "https:", 1), WithTransport(transport), WithTimeouts(ample))
			events, err := call1(t.Context(), c, converseStream)
			e := theError(t, err)
			if tt.is != nil && !errors.Is(err, tt.is) || events != tt.events || e.Events != tt.events || e.Hint == "" {
				t.Errorf("%d events, %v\n%s", events, err, e.Hint)
			}
			if n := w.requests.Load(); n != tt.requests {
				t.Errorf("%d requests, want %d: %v", n, tt.requests, err)
			}
		})
	}
}

// A stream that the server refuses, which it must not have begun to work on, is
// asked for again.
func TestHTTP2RefusedStream(t *testing.T) {
	var refused atomic.Bool
	w := http2Server(t, func(c net.Conn, s uint32) {
		if !refused.Swap(true) {
			c.Write(resetStream(s, 7))
			return
		}
		c.Write(append(answered(s, join(helloFrames())), http2Frame(0, 1, s, nil)...))
	})
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	c := newClient(t, strings.Replace(w.url, "http:", "https:", 1), WithTransport(transport), WithTimeouts(ample))
	if n, err := call1(t.Context(), c, converseStream); n != 6 || err != nil || w.requests.Load() != 2 {
		t.Errorf("%d events, %d requests, %v", n, w.requests.Load(), err)
	}
}

// A server that leaves tells it beforehand: what is going on goes on, and the
// next call takes another connection.
func TestHTTP2GoAway(t *testing.T) {
	frames := helloFrames()
	w := http2Server(t, func(c net.Conn, s uint32) {
		c.Write(append(answered(s, frames[0]), goAway(s, 0)...))
		c.Write(http2Frame(0, 1, s, join(frames[1:])))
	})
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	c := newClient(t, strings.Replace(w.url, "http:", "https:", 1), WithTransport(transport), WithTimeouts(ample))
	for range 3 {
		if n, err := call1(t.Context(), c, converseStream); n != 6 || err != nil {
			t.Errorf("%d events, %v", n, err)
		}
	}
	if w.requests.Load() != 3 {
		t.Errorf("%d requests", w.requests.Load())
	}
}
