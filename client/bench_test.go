package client

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// memory answers every request from memory, so that a benchmark measures this
// package and net/http's client alone.
func memory(contentType string, body []byte) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.Body != nil {
			io.Copy(io.Discard, req.Body)
			req.Body.Close()
		}
		return &http.Response{
			StatusCode: 200, Header: http.Header{"Content-Type": {contentType}, "X-Amzn-Requestid": {"r"}}, Request: req,
			ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
		}, nil
	})
}

func answerOf(n int) []byte {
	return []byte(`{"metrics":{"latencyMs":1},"output":{"message":{"content":[{"text":"` + strings.Repeat("word ", n/5) + `"}],"role":"assistant"}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}`)
}

func requestOf(n int) Request {
	r := converse
	r.Body = []byte(`{"messages":[{"role":"user","content":[{"text":"` + strings.Repeat("word ", n/5) + `"}]}]}`)
	return r
}

func BenchmarkDo(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"1KB", 1000}, {"100KB", 100_000}} {
		b.Run(size.name, func(b *testing.B) {
			c := newClient(b, "http://127.0.0.1", WithTransport(memory("application/json", answerOf(size.n))))
			r := requestOf(size.n)
			b.ReportAllocs()
			for b.Loop() {
				if resp, err := c.Do(b.Context(), r); err != nil || resp.Get("stopReason").Str != "end_turn" {
					b.Fatal(err)
				}
			}
		})
	}
}

// streamOnce reads an answer of n text events, and whatever else it has.
func streamOnce(tb testing.TB, n int) func() {
	h := helloFrames()
	body := append([]byte(nil), h[0]...)
	for range n {
		body = append(body, h[1]...)
	}
	body = append(body, join(h[3:])...)
	c := newClient(tb, "http://127.0.0.1", WithTransport(memory("application/vnd.amazon.eventstream", body)))
	return func() {
		s, err := c.Stream(tb.Context(), converseStream)
		if err != nil {
			tb.Fatal(err)
		}
		events := 0
		for ev, err := range s.Events() {
			if err != nil {
				tb.Fatal(err)
			}
			events += len(ev.Get("delta.text").Str)
		}
		if events != 3*n {
			tb.Fatalf("%d bytes of text", events)
		}
	}
}

// What a call and an event may allocate, measured without the network. More is
// a step back that somebody must have wanted.
func TestAllocations(t *testing.T) {
	c := newClient(t, "http://127.0.0.1", WithTransport(memory("application/json", answerOf(1000))))
	r := requestOf(1000)
	do := testing.AllocsPerRun(200, func() {
		if _, err := c.Do(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	})
	few, many := testing.AllocsPerRun(50, streamOnce(t, 10)), testing.AllocsPerRun(50, streamOnce(t, 1010))
	for _, m := range []struct {
		what      string
		got, most float64
	}{
		{"a call", do, 46}, {"opening a stream", few - 10, 68}, {"an event", (many - few) / 1000, 1},
	} {
		t.Logf("%s: %.2f allocations", m.what, m.got)
		if m.got > m.most {
			t.Errorf("%s: %.2f allocations, at most %v are wanted", m.what, m.got, m.most)
		}
	}
}

func BenchmarkStreamEvent(b *testing.B) {
	const n = 1000
	once := streamOnce(b, n)
	b.ReportAllocs()
	for b.Loop() {
		once()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(n+4), "ns/event")
}
