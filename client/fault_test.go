package client

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rawbedrock/eventstream"
	"rawbedrock/sigv4"
)

// short are timeouts for tests that must run into them.
var short = Timeouts{Connect: 2 * time.Second, FirstEvent: 400 * time.Millisecond, Idle: 400 * time.Millisecond}

// ample are timeouts that no test should run into.
var ample = Timeouts{Connect: time.Minute, FirstEvent: time.Minute, Idle: time.Minute}

// fault is one way for an answer to go wrong, over a real socket.
type fault struct {
	name     string
	request  Request
	timeouts Timeouts
	answer   func(c net.Conn) // then the connection is closed
	is       []error
	text     string // that the error must hold
	events   int    // delivered before
	requests int    // that the server must have seen; 0: 1
}

func say(parts ...string) func(net.Conn) {
	return func(c net.Conn) {
		for _, p := range parts {
			io.WriteString(c, p)
		}
	}
}

func reset(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }

// streamOf is a chunked event stream of these frames, ended as HTTP wants it.
func streamOf(frames ...[]byte) string {
	s := chunked(eventStreamType)
	for _, f := range frames {
		s += httpChunk(f)
	}
	return s + "0\r\n\r\n"
}

// flip changes one bit of a frame, counted from its start or, when negative,
// from its end.
func flip(frame []byte, at int) []byte {
	b := append([]byte(nil), frame...)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	return b
}

func faults() []fault {
	h := helloFrames()
	all := []fault{
		{name: "closed before headers", request: converse, answer: say(), is: []error{io.EOF}, requests: 3},
		{name: "reset before headers", request: converse, answer: reset, text: "reset", requests: 3},
		{name: "half a status line", request: converse, answer: say("HTTP/1.1 2"), text: "malformed HTTP"},
		{name: "half the headers", request: converse, answer: say("HTTP/1.1 200 OK\r\nContent-Ty"), text: "Content-Ty"},
		{name: "closed after an interim answer", request: converse, answer: say("HTTP/1.1 102 Processing\r\n\r\n"), is: []error{io.ErrUnexpectedEOF}},
		{name: "two lengths", request: converse, answer: say(head(200, jsonType, "Content-Length: 2", "Content-Length: 3") + "{} "), text: "Content-Length"},
		{name: "a length that is no number", request: converse, answer: say(head(200, jsonType, "Content-Length: x") + "{}"), text: "Content-Length"},
		{name: "another protocol", request: converse, answer: func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
			untilGone(c)
		}, text: "101"},
		{name: "not HTTP", request: converse, answer: say("SSH-2.0-OpenSSH_9.7\r\n"), text: "malformed HTTP"},
		{name: "silence before headers", request: converse, timeouts: short, answer: untilGone, is: []error{ErrTimeout}, text: "answer timeout"},
		{name: "silence before headers of a stream", request: converseStream, timeouts: short, answer: untilGone, is: []error{ErrTimeout}, text: "first event timeout"},
		{name: "silence after headers", request: converseStream, timeouts: short,
			answer: func(c net.Conn) { io.WriteString(c, chunked(eventStreamType)); untilGone(c) }, is: []error{ErrTimeout}, text: "first event timeout: nothing"},
		{name: "silence in the middle", request: converseStream, timeouts: short,
			answer: func(c net.Conn) { io.WriteString(c, chunked(eventStreamType)+httpChunk(join(h[:3]))); untilGone(c) },
			is:     []error{ErrTimeout}, text: "idle timeout: 3 events", events: 3},
		{name: "silence in the middle of a frame", request: converseStream, timeouts: short,
			answer: func(c net.Conn) {
				io.WriteString(c, chunked(eventStreamType)+httpChunk(h[0])+httpChunk(h[1][:20]))
				untilGone(c)
			}, is: []error{ErrTimeout}, text: "idle timeout: 1 event", events: 1},
		{name: "silence in a whole answer", request: converse, timeouts: short,
			answer: func(c net.Conn) { io.WriteString(c, head(200, jsonType, "Content-Length: 100")+`{"a":`); untilGone(c) }, is: []error{ErrTimeout}, text: "idle timeout"},
		{name: "half a body", request: converse, answer: say(head(200, jsonType, "Content-Length: 100") + `{"output":`), is: []error{ErrIncompleteStream, io.ErrUnexpectedEOF}, text: "10 bytes"},
		{name: "wrong prelude checksum", request: converseStream, answer: say(streamOf(h[0], flip(h[1], 9))), is: []error{eventstream.ErrPreludeChecksum}, events: 1},
		{name: "wrong message checksum", request: converseStream, answer: say(streamOf(h[0], flip(h[1], -1))), is: []error{eventstream.ErrMessageChecksum}, events: 1},
		{name: "a flipped payload bit", request: converseStream, answer: say(streamOf(h[0], h[1], flip(h[2], -10))), is: []error{eventstream.ErrMessageChecksum}, events: 2},
		{name: "no messageStop", request: converseStream, answer: say(streamOf(h[:4]...)), is: []error{ErrIncompleteStream}, events: 4},
		{name: "no event at all", request: converseStream, answer: say(streamOf()), is: []error{ErrIncompleteStream}},
		{name: "reset in the middle", request: converseStream, answer: func(c net.Conn) { io.WriteString(c, chunked(eventStreamType)+httpChunk(h[0])); reset(c) }, is: []error{ErrIncompleteStream}, events: -1},
		{name: "reset in a whole answer", request: converse, answer: func(c net.Conn) { io.WriteString(c, head(200, jsonType, "Content-Length: 100")); reset(c) }, is: []error{ErrIncompleteStream}},
		{name: "no chunk where one belongs", request: converseStream, answer: say(chunked(eventStreamType) + httpChunk(h[0]) + "zz\r\n"), is: []error{ErrIncompleteStream}, events: 1},
		{name: "chunk without an end", request: invokeStream, answer: say(streamOf(frame("chunk", `{"bytes":"eyJvdXRwdXRUZXh0IjoiSGkifQ=="}`))), is: []error{ErrIncompleteStream}, events: 1},
		{name: "SSE without [DONE]", request: chatStream, answer: say(chunked(sseType) + httpChunk([]byte("data: {\"choices\":[]}\n\n")) + "0\r\n\r\n"), is: []error{ErrIncompleteStream}, events: 1},
		{name: "SSE that is not JSON", request: chatStream, answer: say(chunked(sseType) + httpChunk([]byte("data: {\"choices\":[]}\n\ndata: {\"choi\n\ndata: [DONE]\n\n")) + "0\r\n\r\n"), text: "server-sent event 1 is not JSON", events: 1},
		{name: "SSE with an error", request: chatStream, answer: say(chunked(sseType) + httpChunk([]byte("data: {\"choices\":[]}\n\ndata: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}\n\n")) + "0\r\n\r\n"), text: "boom", events: 1},
		{name: "HTML", request: converse, answer: say(whole(502, "<html><head><title>502 Bad Gateway</title></head></html>", "Content-Type: text/html")), is: []error{ErrUnavailable}, text: "HTML", requests: 3},
		{name: "HTML with status 200", request: converse, answer: say(whole(200, "<html>Please log in</html>", "Content-Type: text/html")), text: "text/html"},
		{name: "HTML for a stream", request: converseStream, answer: say(whole(200, "<html>Please log in</html>", "Content-Type: text/html")), text: "text/html"},
		{name: "empty error body", request: converse, answer: say(whole(403, "")), is: []error{ErrAccessDenied}, text: "403"},
		{name: "unknown operation", request: converse, answer: say(whole(200, `{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`, jsonType)), is: []error{ErrUnknownOperation}},
		{name: "unknown operation for a stream", request: converseStream, answer: say(whole(200, `{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`, jsonType)), is: []error{ErrUnknownOperation}},
		{name: "unknown operation, called a stream", request: converseStream, answer: say(whole(200, `{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`, eventStreamType)), is: []error{ErrUnknownOperation}},
		{name: "an error, called nothing", request: converseStream, answer: say(whole(200, `{"message":"Too many tokens"}`)), is: []error{ErrThrottled}, text: "Too many tokens: the answer's body is no stream"},
		{name: "an error, called events", request: chatStream, answer: say(whole(200, `{"error":{"type":"rate_limit_error","message":"boom"}}`, sseType)), is: []error{ErrThrottled}, text: "boom"},
		{name: "HTML, called a stream", request: converseStream, answer: say(whole(200, "<html><title>Log in</title>", eventStreamType)), text: "Log in"},
		{name: "an error with status 200", request: converse, answer: say(whole(200, `{"exceptionMetadata":{},"message":"Too many tokens"}`, jsonType)), is: []error{ErrThrottled}, text: "Too many tokens"},
		{name: "no answer with status 204", request: converse, answer: say("HTTP/1.1 204 No Content\r\n\r\n"), is: []error{ErrIncompleteStream}, text: "no body"},
		{name: "frames where JSON belongs", request: converse, answer: say(streamOf(h...)), text: `"application/vnd.amazon.eventstream" are not JSON`},
		{name: "half an answer of no known length", request: converse, answer: say("HTTP/1.0 200 OK\r\n" + jsonType + "\r\n\r\n" + `{"output":{"mes`), is: []error{ErrIncompleteStream}, text: "15 bytes"},
		{name: "half a stream of no known length", request: converseStream, answer: say("HTTP/1.0 200 OK\r\n" + eventStreamType + "\r\n\r\n" + string(join(h[:2]))), is: []error{ErrIncompleteStream}, events: 2},
		{name: "gzip that nobody asked for", request: converse, answer: say(whole(200, "\x1f\x8b\x08\x00", jsonType, "Content-Encoding: gzip")), text: `Content-Encoding "gzip"`},
		{name: "gzip for a stream", request: converseStream, answer: say(whole(200, "\x1f\x8b\x08\x00", eventStreamType, "Content-Encoding: gzip")), text: `Content-Encoding "gzip"`},
		{name: "10 MB of error", request: converse, answer: say(whole(400, `{"message":"`+strings.Repeat("x", 10<<20)+`"}`, jsonType)), is: []error{ErrValidation}, text: "400 ValidationException: xxx"},
		{name: "an answer over the limit", request: converse, answer: say(head(200, jsonType, "Content-Length: 9999999999")), is: []error{ErrTooLarge}},
		{name: "headers over the limit", request: converse, answer: say("HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("x", 2<<20) + "\r\n\r\n"), is: []error{ErrTooLarge}, text: "Limits.Header"},
		{name: "an SSE line over the limit", request: chatStream, answer: say(chunked(sseType) + httpChunk([]byte("data: "+strings.Repeat("x", 17<<20)))), is: []error{ErrTooLarge}, text: "Limits.Line"},
		{name: "a frame over the limit", request: converseStream, answer: say(streamOf(hugeFrame())), is: []error{eventstream.ErrLength}},
		{name: "redirect", request: converse, answer: say(whole(307, "", "Location: http://127.0.0.1:1/")), text: "redirect, to http://127.0.0.1:1/"},
		{name: "redirect to nowhere", request: converse, answer: say(whole(307, "", "Location: http://%zz")), text: "307"},
	}
	for _, name := range []string{"internalServerException", "modelStreamErrorException", "validationException", "throttlingException", "serviceUnavailableException", "modelTimeoutException"} {
		for _, at := range []int{0, 1, 5} {
			all = append(all, fault{
				name:    fmt.Sprintf("%s at event %d", name, at),
				request: converseStream,
				answer:  say(streamOf(append(h[:at:at], frame(name, `{"message":"boom","originalStatusCode":500}`))...)),
				text:    "boom", events: at,
			})
		}
	}
	return all
}

// hugeFrame is the prelude of a message of 2 GiB, its checksum right.
func hugeFrame() []byte {
	b := binary.BigEndian.AppendUint32(nil, 2<<30)
	b = binary.BigEndian.AppendUint32(b, 0)
	return append(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)), make([]byte, 100)...)
}

func TestFaults(t *testing.T) {
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w := serve(t, func(c net.Conn, _ int) { f.answer(c) })
			timeouts := f.timeouts
			if timeouts == (Timeouts{}) {
				timeouts = ample
			}
			c := newClient(t, w.url, WithTimeouts(timeouts), WithConcurrency(1))
			events, err := call1(t.Context(), c, f.request)
			e := theError(t, err)
			for _, target := range f.is {
				if !errors.Is(err, target) {
					t.Errorf("not %v: %v", target, err)
				}
			}
			if !strings.Contains(err.Error(), f.text) {
				t.Errorf("error does not say %q: %v", f.text, err)
			}
			if f.events >= 0 && (events != f.events || e.Events != f.events) {
				t.Errorf("%d events delivered, error says %d, want %d", events, e.Events, f.events)
			}
			if want := max(f.requests, 1); len(e.Attempts) != want || w.requests.Load() != int64(want) {
				t.Errorf("%d attempts, %d requests; want %d", len(e.Attempts), w.requests.Load(), want)
			}
			for range w.requests.Load() {
				<-w.gone // every connection is released
			}
			if len(c.limiter.slots) != 0 {
				t.Error("the call's place was not given back")
			}
		})
	}
}

// call1 makes one call of either kind to its end.
func call1(ctx context.Context, c *Client, r Request) (events int, err error) {
	if r.Op.Streaming == 0 {
		_, err := c.Do(ctx, r)
		return 0, err
	}
	s, err := c.Stream(ctx, r)
	if err != nil {
		return 0, err
	}
	_, events, err = read(s)
	return events, err
}

func TestRefused(t *testing.T) {
	_, err := newClient(t, "http://127.0.0.1:1").Do(t.Context(), converse) // where nobody listens
	if e := theError(t, err); len(e.Attempts) != 3 || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v after %d attempts", err, len(e.Attempts))
	}
}

// A stream that is cut after each of its bytes is an error every time, and the
// events that were whole are delivered: whether the connection breaks, the body
// ends too early, or nothing tells where it should end.
func TestCutAtEveryByte(t *testing.T) {
	t.Parallel()
	frames := helloFrames()
	all := join(frames)
	stop := len(all) - len(frames[5]) // a stream may end after messageStop
	for _, how := range []string{"broken", "ended", "closed", "reset"} {
		w := serve(t, func(c net.Conn, n int) {
			cut := all[:n-1]
			switch how {
			case "broken":
				io.WriteString(c, chunked(eventStreamType)+strings.TrimPrefix(httpChunk(cut), "0\r\n\r\n"))
			case "ended":
				io.WriteString(c, chunked(eventStreamType)+strings.TrimPrefix(httpChunk(cut), "0\r\n\r\n")+"0\r\n\r\n")
			case "closed":
				io.WriteString(c, "HTTP/1.0 200 OK\r\n"+eventStreamType+"\r\n\r\n"+string(cut))
			case "reset":
				io.WriteString(c, head(200, eventStreamType, fmt.Sprintf("Content-Length: %d", len(all)))+string(cut))
				reset(c)
			}
		})
		c := newClient(t, w.url, WithTimeouts(ample), WithRetry(Retry{MaxAttempts: 1}))
		for cut := range all {
			whole := 0
			for size := 0; whole < len(frames) && size+len(frames[whole]) <= cut; whole++ {
				size += len(frames[whole])
			}
			n, err := call1(t.Context(), c, converseStream)
			want := !(cut == stop && (how == "ended" || how == "closed"))
			if errors.Is(err, ErrIncompleteStream) != want && how != "reset" || how != "reset" && n != whole {
				t.Fatalf("%s at %d of %d: %d events of %d, %v", how, cut, len(all), n, whole, err)
			}
			if how == "reset" && (err == nil || n > whole) { // a reset may overtake what was sent before it
				t.Fatalf("reset at %d: %d events of %d, %v", cut, n, whole, err)
			}
		}
	}
}

// However the bytes are cut into packets, the answer is the same.
func TestPackets(t *testing.T) {
	all := join(helloFrames())
	for _, size := range []int{1, 2, 7, 100, len(all)} {
		w := serve(t, func(c net.Conn, _ int) {
			c.(*net.TCPConn).SetNoDelay(true)
			io.WriteString(c, chunked(eventStreamType))
			for b := all; len(b) > 0; {
				n := min(size, len(b))
				io.WriteString(c, httpChunk(b[:n]))
				b = b[n:]
			}
			io.WriteString(c, "0\r\n\r\n")
		})
		s, err := newClient(t, w.url).Stream(t.Context(), converseStream)
		if err != nil {
			t.Fatal(err)
		}
		if text, n, err := read(s); text != "Hello" || n != 6 || err != nil {
			t.Errorf("packets of %d: %q, %d events, %v", size, text, n, err)
		}
	}
}

// A whole answer whose connection is not closed ends all the same.
func TestConnectionLeftOpen(t *testing.T) {
	t.Parallel()
	w := serve(t, func(c net.Conn, _ int) {
		io.WriteString(c, chunked(eventStreamType)+httpChunk(join(helloFrames())))
		untilGone(c)
	})
	s, err := newClient(t, w.url, WithTimeouts(ample)).Stream(t.Context(), converseStream)
	if err != nil {
		t.Fatal(err)
	}
	if text, _, err := read(s); text != "Hello" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	<-w.gone
}

// Leaving the loop, Close and a cancelled context release the connection.
func TestStreamReleases(t *testing.T) {
	for _, how := range []string{"break", "close", "close elsewhere", "close unread", "cancel"} {
		t.Run(how, func(t *testing.T) {
			w := serve(t, func(c net.Conn, _ int) {
				io.WriteString(c, chunked(eventStreamType)+httpChunk(join(helloFrames()[:2])))
				untilGone(c)
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			client := newClient(t, w.url, WithTimeouts(ample), WithConcurrency(1))
			s, err := client.Stream(ctx, converseStream)
			if err != nil {
				t.Fatal(err)
			}
			if how == "close unread" {
				s.Close()
			}
			n := 0
			for _, err = range s.Events() {
				if n++; n < 2 {
					continue
				}
				switch {
				case err != nil:
				case how == "break":
				case how == "close":
					s.Close()
					continue
				case how == "close elsewhere":
					go s.Close()
					continue
				case how == "cancel":
					cancel()
					continue
				}
				break
			}
			<-w.gone
			if len(client.limiter.slots) != 0 {
				t.Error("the call's place was not given back")
			}
			if how == "cancel" && !errors.Is(err, context.Canceled) {
				t.Errorf("not context.Canceled: %v", err)
			}
			if strings.HasPrefix(how, "close") && err == nil {
				t.Error("a closed stream ended as if it were whole")
			}
		})
	}
}

// A host that does not take connections costs the connect timeout, each time.
func TestConnectTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		blackhole := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		start := time.Now()
		_, err := newClient(t, "http://10.255.255.1", WithTransport(blackhole), WithTimeouts(Timeouts{Connect: 3 * time.Second})).Do(t.Context(), converse)
		timeout, ok := errors.AsType[*TimeoutError](err)
		if !ok || timeout.Phase != PhaseConnect || !errors.Is(err, ErrTimeout) || len(theError(t, err).Attempts) != 3 {
			t.Errorf("got %v", err)
		}
		if d := time.Since(start); d < 9*time.Second || d > 10*time.Second {
			t.Errorf("three attempts took %v", d)
		}
		synctest.Wait()
	})
}

// A stream may think for minutes and pause between events, as long as each
// wait stays within its own limit; a slow caller does not count.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil }}
		go func() {
			req, err := http.ReadRequest(bufio.NewReader(server))
			if err != nil {
				return
			}
			io.Copy(io.Discard, req.Body)
			time.Sleep(2 * time.Minute)
			io.WriteString(server, chunked(eventStreamType))
			time.Sleep(3 * time.Minute)
			for _, f := range helloFrames() {
				time.Sleep(4 * time.Minute)
				io.WriteString(server, httpChunk(f))
			}
			io.WriteString(server, "0\r\n\r\n")
		}()
		s, err := newClient(t, "http://h", WithTransport(transport)).Stream(t.Context(), converseStream)
		if err != nil {
			t.Fatal(err)
		}
		events := 0
		for _, err := range s.Events() {
			if err != nil {
				t.Fatal(err)
			}
			if events++; events == 3 {
				time.Sleep(time.Hour) // the caller's own time
			}
		}
		if events != len(helloFrames()) {
			t.Errorf("%d events", events)
		}
		server.Close()
		transport.CloseIdleConnections()
	})
}

// Over HTTP/2 a call, a stream and a cancelled stream behave the same.
func TestHTTP2(t *testing.T) {
	left := make(chan struct{})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("request came by %s", r.Proto)
		}
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		if r.Header.Get("X-Endless") == "" {
			w.Write(join(helloFrames()))
			return
		}
		w.Write(helloFrames()[0])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(left)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	c := newClient(t, srv.URL, WithTransport(srv.Client().Transport))
	s, err := c.Stream(t.Context(), converseStream)
	if err != nil {
		t.Fatal(err)
	}
	if text, _, err := read(s); text != "Hello" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	endless := converseStream
	endless.Header = http.Header{"X-Endless": {"1"}}
	if s, err = c.Stream(t.Context(), endless); err != nil {
		t.Fatal(err)
	}
	for range s.Events() {
		break
	}
	<-left // leaving the loop reached the server
}

// An answer does not name the key as its request id.
func TestRequestIDQuotesNoKey(t *testing.T) {
	echo := roundTripper(func(req *http.Request) (*http.Response, error) {
		return status(200, "", "{}", "X-Amzn-Requestid: id-"+req.Header.Get("Authorization"))(req)
	})
	c := newClient(t, "http://127.0.0.1", WithBearer("canary-key"), WithTransport(echo))
	resp, err := c.Do(t.Context(), converse)
	if err != nil {
		t.Fatal(err)
	}
	if id := resp.RequestID(); !strings.HasPrefix(id, "id-") || strings.Contains(id, "canary") {
		t.Errorf("request id %q", id)
	}
}

// A peer that echoes what it was sent gives no secret away: not in the error,
// not in the log at its most talkative.
func TestCanaries(t *testing.T) {
	keys := sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "canary-secret-key-0123456789", SessionToken: "canary-session-token-0123456789"}
	const bearer = "bedrock-api-key-Y2FuYXJ5LWJlYXJlci0wMTIzNDU2Nzg5"
	for _, opts := range [][]Option{{WithCredentials(keys)}, {WithBearer(bearer)}, {WithBearer("canary-long-term-key")}} {
		for _, code := range []int{200, 400, 403, 500} {
			echo := roundTripper(func(req *http.Request) (*http.Response, error) {
				text := ""
				for name, values := range req.Header {
					text += strings.ToLower(name) + ":" + values[0] + "\\n"
				}
				return status(code, "InvalidSignatureException"+req.Header.Get("X-Amz-Security-Token")+strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "), `{"message":"The Canonical String for this request should have been\n`+text+`"}`, "Content-Type: text/html",
					"X-Amzn-Requestid: "+req.Header.Get("X-Amz-Security-Token")+strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "))(req)
			})
			var log strings.Builder
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: LevelTrace}))
			c := newClient(t, "http://127.0.0.1", append(opts, WithTransport(echo), WithLogger(logger), WithRetry(Retry{MaxAttempts: 2}))...)
			_, err := c.Do(t.Context(), converse)
			e := theError(t, err)
			for _, text := range []string{err.Error(), e.Detail(), fmt.Sprintf("%+v", *e), fmt.Sprintf("%#v", *e), string(e.Body), log.String(), fmt.Sprintf("%+v", c)} {
				for _, canary := range []string{keys.SecretAccessKey, keys.SessionToken, bearer, "canary-long-term-key", "Y2FuYXJ5"} {
					if strings.Contains(text, canary) {
						t.Errorf("status %d: %s in %s", code, canary, text)
					}
				}
			}
		}
	}
}
