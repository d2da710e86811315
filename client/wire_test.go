package client

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rawbedrock/client/operation"
	"rawbedrock/eventstream"
	"rawbedrock/sigv4"
)

// TestMain fails when a test leaves a goroutine of this package or of net/http
// behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if left := leaked(); left != "" {
			fmt.Fprintf(os.Stderr, "leaked goroutines:\n%s\n", left)
			code = 1
		}
	}
	os.Exit(code)
}

// leaked waits, generously, until no goroutine of ours is left, and returns
// the stacks of those that stay.
func leaked() string {
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		buf := make([]byte, 4<<20)
		var left []string
		for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(g, "net/http.") || strings.Contains(g, "rawbedrock/") && !strings.Contains(g, "client.leaked(") {
				left = append(left, g)
			}
		}
		if len(left) == 0 {
			return ""
		}
		if time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}

// wire is a server on a real socket that says just what a test tells it to.
type wire struct {
	url      string
	requests atomic.Int64 // that were read whole
	mu       sync.Mutex
	open     map[net.Conn]bool
	gone     chan struct{} // one for each connection that ended
	last     *http.Request
	lastBody []byte
}

// serve answers each request by script, which may write, wait and close. The
// connection is closed after it.
func serve(t testing.TB, script func(c net.Conn, n int)) *wire {
	t.Helper()
	return serveWith(t, func(c net.Conn) net.Conn { return c }, func(w *wire, c net.Conn) { w.talk(c, script) })
}

// serveWith talks on each connection, as wrap has made it.
func serveWith(t testing.TB, wrap func(net.Conn) net.Conn, talk func(*wire, net.Conn)) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{url: "http://" + l.Addr().String(), open: map[net.Conn]bool{}, gone: make(chan struct{}, 10000)}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c = wrap(c)
			w.mu.Lock()
			w.open[c] = true
			w.mu.Unlock()
			all.Go(func() {
				defer w.leave(c)
				talk(w, c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		w.mu.Lock()
		for c := range w.open {
			c.Close()
		}
		w.mu.Unlock()
		all.Wait()
	})
	return w
}

// leave closes a connection, and tells so.
func (w *wire) leave(c net.Conn) {
	c.Close()
	w.mu.Lock()
	delete(w.open, c)
	w.mu.Unlock()
	w.gone <- struct{}{}
}

func (w *wire) talk(c net.Conn, script func(net.Conn, int)) {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	w.mu.Lock()
	w.last, w.lastBody = req, body
	w.mu.Unlock()
	script(c, int(w.requests.Add(1)))
}

// untilGone reads until the client has closed its side.
func untilGone(c net.Conn) { io.Copy(io.Discard, c) }

// exampleKeys is the key pair of AWS's documentation.
var exampleKeys = sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

func noEnv(string) string { return "" }

func newClient(t testing.TB, url string, opts ...Option) *Client {
	t.Helper()
	c, err := New(append([]Option{WithEnv(noEnv), WithRegion("us-east-1"), WithEndpoint(url), WithCredentials(exampleKeys)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

const testModel = "us.amazon.nova-2-lite-v1:0"

var (
	converse       = Request{Op: operation.Converse, Labels: []string{testModel}, Body: []byte(`{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}`)}
	converseStream = Request{Op: operation.ConverseStream, Labels: []string{testModel}, Body: converse.Body}
	invokeStream   = Request{Op: operation.InvokeModelWithResponseStream, Labels: []string{testModel}, Body: []byte(`{}`)}
	chatStream     = Request{Op: operation.ChatCompletions, Body: []byte(`{"model":"m","stream":true,"messages":[]}`)}
)

// frame is an event message as Bedrock sends it; an exception for a name that
// ends in Exception.
func frame(name, payload string) []byte {
	kind, typ := ":event-type", "event"
	if strings.HasSuffix(name, "Exception") {
		kind, typ = ":exception-type", "exception"
	}
	b, err := eventstream.Append(nil, eventstream.Message{
		Headers: eventstream.Headers{
			{Name: kind, Value: eventstream.String(name)},
			{Name: ":content-type", Value: eventstream.String("application/json")},
			{Name: ":message-type", Value: eventstream.String(typ)},
		},
		Payload: []byte(payload),
	})
	if err != nil {
		panic(err)
	}
	return b
}

// helloFrames is a whole ConverseStream answer, one frame each.
func helloFrames() [][]byte {
	return [][]byte{
		frame("messageStart", `{"p":"ab","role":"assistant"}`),
		frame("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"Hel"},"p":"abcd"}`),
		frame("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"lo"},"p":"abcde"}`),
		frame("contentBlockStop", `{"contentBlockIndex":0,"p":"abc"}`),
		frame("messageStop", `{"p":"abc","stopReason":"end_turn"}`),
		frame("metadata", `{"metrics":{"latencyMs":12},"p":"a","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}`),
	}
}

func join(parts [][]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// head is a status line with headers; more holds "Name: value" lines. It says
// what serve does, lest the next request goes out on a connection that ends.
func head(status int, more ...string) string {
	s := fmt.Sprintf("HTTP/1.1 %d %s\r\nConnection: close\r\nx-amzn-RequestId: 11111111-2222-3333-4444-555555555555\r\n", status, http.StatusText(status))
	for _, h := range more {
		s += h + "\r\n"
	}
	return s + "\r\n"
}

const (
	eventStreamType = "Content-Type: application/vnd.amazon.eventstream"
	sseType         = "Content-Type: text/event-stream"
	jsonType        = "Content-Type: application/json"
)

// whole is an answer with its length.
func whole(status int, body string, more ...string) string {
	return head(status, append(more, fmt.Sprintf("Content-Length: %d", len(body)))...) + body
}

// chunked is an answer whose end shows: cut it, and the cut shows too.
func chunked(more ...string) string {
	return head(200, append(more, "Transfer-Encoding: chunked")...)
}

func httpChunk(b []byte) string { return fmt.Sprintf("%x\r\n%s\r\n", len(b), b) }

// read collects a stream's text and its error.
func read(s *Stream) (text string, events int, err error) {
	for ev, e := range s.Events() {
		if e != nil {
			return text, events, e
		}
		events++
		text += ev.Get("delta.text").Str + ev.Get("choices.0.delta.content").Str + ev.Get("outputText").Str
	}
	return text, events, nil
}

// theError takes the *Error out of err.
func theError(t testing.TB, err error) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got %v (%T), want a *Error", err, err)
	}
	return e
}
