package client

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"rawbedrock/client/bedrocktest"
	"rawbedrock/sigv4"
)

// forward sends and reads, and closes.
func forward(t *testing.T, c *Client, r Request) (status int, body string, err error) {
	t.Helper()
	resp, err := c.Forward(t.Context(), r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data), err
}

// A refusal comes back as it came, and nothing is tried again.
func TestForwardRefusal(t *testing.T) {
	for _, code := range []int{400, 403, 429, 500, 503, 302} {
		w := serve(t, func(c net.Conn, _ int) { io.WriteString(c, whole(code, `{"message":"no"}`, jsonType, "Location: /")) })
		status, body, err := forward(t, newClient(t, w.url, WithConcurrency(1)), converse)
		if status != code || body != `{"message":"no"}` || err != nil || w.requests.Load() != 1 {
			t.Errorf("%d: got %d %s, %v after %d requests", code, status, body, err, w.requests.Load())
		}
	}
}

// Bytes come when they come, and what was sent is signed, body included.
func TestForwardStreams(t *testing.T) {
	more := make(chan struct{})
	frames := helloFrames()
	w := serve(t, func(c net.Conn, _ int) {
		io.WriteString(c, chunked(eventStreamType, "Connection: close")+httpChunk(frames[0]))
		<-more
		io.WriteString(c, httpChunk(frames[1])+"0\r\n\r\n")
	})
	c := newClient(t, w.url, WithConcurrency(1))
	for range 2 { // the place in the limit is given back
		resp, err := c.Forward(t.Context(), converseStream)
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, len(frames[0]))
		if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != string(frames[0]) {
			t.Fatalf("%q, %v", first, err)
		}
		more <- struct{}{}
		if rest, err := io.ReadAll(resp.Body); err != nil || string(rest) != string(frames[1]) {
			t.Errorf("%q, %v", rest, err)
		}
		resp.Body.Close()
	}
	v, err := sigv4.Signer{Region: "us-east-1", Service: "bedrock"}.Verify(w.last, sigv4.HashPayload(w.lastBody),
		func(string) (sigv4.Credentials, bool) { return exampleKeys, true }, time.Now())
	if err != nil || string(w.lastBody) != string(converseStream.Body) {
		t.Errorf("%+v, %v: %s", v, err, w.lastBody)
	}
}

// What keeps an answer or its rest from coming is an *Error.
func TestForwardFails(t *testing.T) {
	w := serve(t, func(c net.Conn, n int) {
		if n == 1 {
			io.WriteString(c, chunked(eventStreamType)+httpChunk(helloFrames()[0])) // cut
		}
	})
	c := newClient(t, w.url, WithConcurrency(1))
	if _, _, err := forward(t, c, converseStream); !errors.Is(err, ErrIncompleteStream) || theError(t, err).Bytes == 0 || theError(t, err).RequestID == "" {
		t.Errorf("cut: %v", err)
	}
	if _, _, err := forward(t, c, converseStream); theError(t, err).Model != testModel {
		t.Errorf("no answer: %v", err)
	}
	r := converse
	r.Labels = []string{".."}
	if _, _, err := forward(t, c, r); !errors.Is(err, ErrValidation) {
		t.Errorf("..: %v", err)
	}
}

func TestForwardTimeouts(t *testing.T) {
	for at, want := range map[int]struct {
		phase string
		after time.Duration
	}{0: {PhaseFirstEvent, time.Hour}, 3: {PhaseIdle, time.Minute}} {
		synctest.Test(t, func(t *testing.T) {
			s := &bedrocktest.Server{Faults: []bedrocktest.Fault{{Break: "silence", At: &at}}}
			defer s.Close()
			c := newClient(t, "http://bedrock.test", WithTransport(s), WithTimeouts(Timeouts{FirstEvent: time.Hour, Idle: time.Minute}))
			start := time.Now()
			_, body, err := forward(t, c, converseStream)
			timeout, _ := errors.AsType[*TimeoutError](err)
			if timeout == nil || timeout.Phase != want.phase || time.Since(start) != want.after || (body != "") != (at > 0) {
				t.Errorf("silence before event %d: %v after %v, with %d bytes", at, err, time.Since(start), len(body))
			}
		})
	}
}

// Credentials that Bedrock calls expired are not used again.
func TestForwardExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := &rotating{}
		wire := &answers{list: seq{status(403, "ExpiredTokenException", `{}`)}}
		c := newClient(t, "http://127.0.0.1", WithTransport(wire), WithCredentials(keys))
		for range 2 {
			if status, _, err := forward(t, c, converse); status != 403 || err != nil {
				t.Fatalf("%d, %v", status, err)
			}
		}
		if keys.n.Load() != 2 || wire.seen.Load() != 2 {
			t.Errorf("%d retrievals for %d requests, want a fresh key for the second", keys.n.Load(), wire.seen.Load())
		}
	})
}
