package cassette

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
)

var jsonHeader = http.Header{"Content-Type": {"application/json"}}

const modelURL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m%3A0/converse"

// The caller has the first event while the server still waits to send the
// second, and both come back in a replay.
func TestRecordStreams(t *testing.T) {
	gate := make(chan struct{})
	frames := [][]byte{event("a", `{"n":1}`), event("b", `{"n":2}`)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != `{"x":1}` || r.ContentLength != int64(len(body)) {
			t.Errorf("the server got %q, length %d", body, r.ContentLength)
		}
		w.Write(frames[0])
		http.NewResponseController(w).Flush()
		<-gate
		w.Write(frames[1])
	}))
	defer server.Close()
	path := tempFile(t)
	c := mustOpen(t, path, Options{Mode: Record})
	resp, err := c.RoundTrip(newRequest(t, "POST", server.URL+"/model/m/converse-stream", `{"x":1}`))
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, len(frames[0]))
	if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != string(frames[0]) {
		t.Fatalf("first event %q: %v", first, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is written before the answer ended: %v", err)
	}
	close(gate)
	if rest, err := io.ReadAll(resp.Body); err != nil || string(rest) != string(frames[1]) {
		t.Errorf("second event %q: %v", rest, err)
	}
	if !strings.Contains(readFile(t, path), ` b {"n":2}`) {
		t.Error("the file is not written when the answer ends")
	}
	resp.Body.Close()
	mustClose(t, c)
	_, body := mustDo(t, mustOpen(t, path, Options{}).Wrap(noNetwork(t)), newRequest(t, "POST", "https://elsewhere/model/m/converse-stream", `{"x":1}`))
	if string(body) != join(frames...) {
		t.Errorf("replayed %q", body)
	}
}

func TestModes(t *testing.T) {
	path := tempFile(t)
	say := func(mode Mode, url, word string) (string, error) {
		c := mustOpen(t, path, Options{Mode: mode})
		defer mustClose(t, c)
		_, body, err := do(t, c.Wrap(answer(200, jsonHeader, `"`+word+`"`)), newRequest(t, "POST", url, `{}`))
		return string(body), err
	}
	for n, step := range []struct {
		mode      Mode
		url, word string
		want      string
		recorded  int
	}{
		{Record, "http://h/a", "one", `"one"`, 1},
		{Replay, "http://h/a", "two", `"one"`, 1},
		{Record, "http://h/a", "three", `"three"`, 1}, // in place of the first
		{Record, "http://h/b", "four", `"four"`, 2},   // beside it
		{RecordMissing, "http://h/a", "five", `"three"`, 2},
		{RecordMissing, "http://h/c", "six", `"six"`, 3},
		{Passthrough, "http://h/d", "seven", `"seven"`, 3},
		{Replay, "http://h/c", "", `"six"`, 3},
	} {
		got, err := say(step.mode, step.url, step.word)
		if err != nil || got != step.want {
			t.Errorf("step %d: %q %v, want %q", n, got, err, step.want)
		}
		if all, err := Read(path); err != nil || len(all) != step.recorded {
			t.Errorf("step %d: %d interactions: %v", n, len(all), err)
		}
		checkCanonical(t, path)
	}
	if _, err := say(Replay, "http://h/d", ""); err == nil {
		t.Error("what was passed through was recorded")
	}
}

// Equal requests get their answers in order, then fail, unless Repeat.
func TestEqualRequests(t *testing.T) {
	path := tempFile(t)
	c := mustOpen(t, path, Options{Mode: Record})
	for _, word := range []string{`1`, `2`} {
		mustDo(t, c.Wrap(answer(200, nil, word)), newRequest(t, "GET", "http://h/", ""))
	}
	c = mustOpen(t, path, Options{Repeat: true})
	for _, want := range []string{"1", "2", "2", "2"} {
		if _, body := mustDo(t, c, newRequest(t, "GET", "http://h/", "")); string(body) != want {
			t.Errorf("got %s, want %s", body, want)
		}
	}
	c = mustOpen(t, path, Options{})
	mustDo(t, c, newRequest(t, "GET", "http://h/", ""))
	if left := c.Unused(); len(left) != 1 || string(left[0].Response.Body) != "2" {
		t.Errorf("unused: %v", left)
	}
	mustDo(t, c, newRequest(t, "GET", "http://h/", ""))
	_, _, err := do(t, c, newRequest(t, "GET", "http://h/", ""))
	if e, ok := errors.AsType[*UnmatchedError](err); !ok || !e.Used || !strings.Contains(err.Error(), "used up") {
		t.Errorf("the third: %v", err)
	}
}

// With Repeat, RecordMissing is a cache.
func TestCache(t *testing.T) {
	c := mustOpen(t, tempFile(t), Options{Mode: RecordMissing, Repeat: true})
	mustDo(t, c.Wrap(answer(200, nil, "1")), newRequest(t, "GET", "http://h/", ""))
	if _, body := mustDo(t, c.Wrap(noNetwork(t)), newRequest(t, "GET", "http://h/", "")); string(body) != "1" {
		t.Errorf("got %s", body)
	}
}

// failing is a body that breaks.
type failing struct {
	io.Reader
	err error
}

func (f failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

func (f failing) Close() error { return nil }

// An answer that breaks breaks again in the replay, after the same bytes.
func TestBrokenAnswer(t *testing.T) {
	whole := join(event("a", `{}`), event("b", `{"text":"cut here"}`))
	for _, body := range []string{whole[:len(whole)-9], whole, "", `{"a":`, "data: 1\n\ndata: 2"} {
		path := tempFile(t)
		c := mustOpen(t, path, Options{Mode: Record})
		wire := roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: -1, Body: failing{strings.NewReader(body), fmt.Errorf("read tcp: %w", syscall.ECONNRESET)}}, nil
		})
		if _, got, err := do(t, c.Wrap(wire), newRequest(t, "GET", "http://h/", "")); string(got) != body || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("recording: %q %v", got, err)
		}
		checkCanonical(t, path)
		_, got, err := do(t, mustOpen(t, path, Options{}), newRequest(t, "GET", "http://h/", ""))
		if e, ok := errors.AsType[*CutError](err); string(got) != body || !ok || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(e.Error(), "connection reset by peer") {
			t.Errorf("replayed %q: %v", got, err)
		}
	}
}

// A caller that leaves early gets as far again; one that knows where a JSON
// answer ends has read all of it.
func TestClosedEarly(t *testing.T) {
	frame, broke := string(event("a", `{}`)), string(exception("throttlingException", `{}`))
	for _, c := range []struct {
		body string
		read int
		cut  bool
	}{
		{`{"a":1}`, 7, false}, {`{"a":1}`, 5, true}, {"two events", 3, true}, {"", 0, false},
		{frame + broke + " ", len(frame + broke), false}, {frame + broke + " ", len(frame), true}, {frame + broke + " ", len(frame+broke) - 1, true},
		{"data: 1\n\ndata: [DONE]\n\n ", 23, false}, {"data: 1\n\ndata: [DONE]\n\n ", 9, true},
	} {
		path := tempFile(t)
		rec := mustOpen(t, path, Options{Mode: Record})
		wire := roundTripper(func(*http.Request) (*http.Response, error) {
			length := int64(-1)
			if c.body == "" || c.body[0] == 't' {
				length = int64(len(c.body))
			}
			return &http.Response{StatusCode: 200, ContentLength: length, Body: io.NopCloser(strings.NewReader(c.body))}, nil
		})
		resp, err := rec.Wrap(wire).RoundTrip(newRequest(t, "GET", "http://h/", ""))
		if err != nil {
			t.Fatal(err)
		}
		io.ReadFull(resp.Body, make([]byte, c.read))
		if err := rec.Close(); err == nil || !strings.Contains(err.Error(), "neither read to their end nor closed") {
			t.Errorf("closed before its answers: %v", err)
		}
		resp.Body.Close()
		mustClose(t, rec)
		_, got, err := do(t, mustOpen(t, path, Options{}), newRequest(t, "GET", "http://h/", ""))
		if string(got) != c.body[:c.read] || (err != nil) != c.cut {
			t.Errorf("%q, %d read: replayed %q: %v", c.body, c.read, got, err)
		}
	}
}

// A request that got no answer leaves nothing behind.
func TestNoAnswer(t *testing.T) {
	path := tempFile(t)
	c := mustOpen(t, path, Options{Mode: Record})
	wire := roundTripper(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED })
	if _, _, err := do(t, c.Wrap(wire), newRequest(t, "GET", "http://h/", "")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
	mustClose(t, c)
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was written: %v", err)
	}
}

// Answers that come in another order than their requests are filed by request.
func TestParallel(t *testing.T) {
	const n = 30
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	defer server.Close()
	path := tempFile(t)
	calls := func(c *Cassette) {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				body := fmt.Sprintf(`{"call":%d}`, i)
				req, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL, strings.NewReader(body))
				resp, err := c.RoundTrip(req)
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				if got, err := io.ReadAll(resp.Body); err != nil || string(got) != body {
					t.Errorf("call %d: %q %v", i, got, err)
				}
			})
		}
		wg.Wait()
		mustClose(t, c)
	}
	calls(mustOpen(t, path, Options{Mode: Record}))
	replay := mustOpen(t, path, Options{})
	calls(replay)
	if left := replay.Unused(); len(left) > 0 || len(replay.Interactions()) != n {
		t.Errorf("%d unused of %d", len(left), len(replay.Interactions()))
	}
}

func TestOrderOfRequests(t *testing.T) {
	path := tempFile(t)
	c := mustOpen(t, path, Options{Mode: Record})
	first, err := c.Wrap(answer(200, nil, "1")).RoundTrip(newRequest(t, "GET", "http://h/", ""))
	if err != nil {
		t.Fatal(err)
	}
	mustDo(t, c.Wrap(answer(200, nil, "2")), newRequest(t, "GET", "http://h/", ""))
	io.Copy(io.Discard, first.Body)
	first.Body.Close()
	if all := c.Interactions(); string(all[0].Response.Body) != "1" {
		t.Error("the answer that ended first stands first")
	}
}
