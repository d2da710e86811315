package bedrocktest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"rawbedrock/client/operation"
)

// A recorded answer is passed on as it is, with its own request id, and is
// open to faults; what is not recorded the server answers itself.
func TestReplay(t *testing.T) {
	recording := call(t, &Server{}, operation.ConverseStream, sonnet, hello)
	s := &Server{Replay: func(r *http.Request, body []byte) *http.Response {
		if !bytes.Contains(body, []byte("Hello")) {
			return nil
		}
		h := http.Header{"x-amzn-requestid": {"recorded"}, "Content-Type": {"application/vnd.amazon.eventstream"}, "Transfer-Encoding": {"chunked"}, "Date": {"Mon, 06 Jul 2026 14:36:32 GMT"}}
		return &http.Response{StatusCode: 200, Header: h, Body: io.NopCloser(bytes.NewReader(recording.body))}
	}}
	transports(t, s, func(t *testing.T, base string, rt http.RoundTripper) {
		a := send(t, rt, newRequest(t, base, operation.ConverseStream, sonnet, hello))
		if !bytes.Equal(a.body, recording.body) || a.err != nil {
			t.Errorf("%d bytes, %v; recorded %d", len(a.body), a.err, len(recording.body))
		}
		if got := a.header["X-Amzn-Requestid"]; len(got) != 1 || got[0] != "recorded" || a.header.Get("Date") != "Mon, 06 Jul 2026 14:36:32 GMT" {
			t.Errorf("headers %v", a.header)
		}
		events := asked(t, base, rt, "throttlingException; at=2").events(t)
		if len(events) != 3 || events[2].kind != "throttlingException" {
			t.Errorf("with a fault: %v", events)
		}
		other := send(t, rt, newRequest(t, base, operation.ConverseStream, sonnet, strings.Replace(hello, "Hello", "Bye", 1)))
		if len(other.events(t)) < 8 || other.header.Get("X-Amzn-Requestid") == "recorded" {
			t.Errorf("not recorded: %v", other.header)
		}
	})
}

// The body of a recording reaches the client while it is still being read.
func TestReplayStreams(t *testing.T) {
	body, feed := io.Pipe()
	s := &Server{Replay: func(*http.Request, []byte) *http.Response {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: body}
	}}
	url, rt := start(t, s)
	resp, err := rt.RoundTrip(newRequest(t, url, operation.ChatCompletions, "", helloAI))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for _, part := range []string{"data: 1\n\n", "data: 2\n\n"} {
		if _, err := io.WriteString(feed, part); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(part))
		if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != part {
			t.Errorf("%q, %v", got, err)
		}
	}
	feed.Close()
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
		t.Errorf("%q, %v", rest, err)
	}
}
