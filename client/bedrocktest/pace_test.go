package bedrocktest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"rawbedrock/client/operation"
)

// Silence lasts until the client leaves, and the server notices.
func TestFaultSilence(t *testing.T) {
	done := make(chan Outcome, 1)
	came := make(chan bool, 1)
	s := &Server{OnRequest: func(Request) { came <- true }, OnDone: func(_ Request, o Outcome) { done <- o }}
	transports(t, s, func(t *testing.T, base string, rt http.RoundTripper) {
		for _, where := range []string{"", "; bytes=0", "; at=2", "; bytes=99999"} {
			var heard []byte // what comes before the silence
			if where != "" {
				heard = asked(t, base, rt, "end"+where).body
				<-came
				<-done
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-came
				if where == "" {
					cancel()
				}
			}()
			resp, err := rt.RoundTrip(newRequest(t, base, operation.ConverseStream, sonnet, hello, FaultHeader, "silence"+where).WithContext(ctx))
			if where != "" {
				if err != nil {
					t.Fatal(err)
				}
				got := make([]byte, len(heard))
				if _, err := io.ReadFull(resp.Body, got); err != nil || !bytes.Equal(got, heard) {
					t.Errorf("silence%s: %d bytes before it, %v", where, len(got), err)
				}
				cancel()
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
				if !errors.Is(err, context.Canceled) {
					t.Errorf("silence%s: the client got %v", where, err)
				}
			} else if !errors.Is(err, context.Canceled) {
				t.Errorf("silence: the client got %v", err)
			}
			if o := <-done; o.Err == nil || o.Bytes != len(heard) {
				t.Errorf("silence%s: the server noticed %+v, want %d bytes", where, o, len(heard))
			}
		}
	})
}

// Close frees the client that a silence holds, also the one whose request has
// only just come.
func TestCloseEndsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{}
		go func() {
			synctest.Wait() // until the silence has begun
			s.Close()
		}()
		if a := asked(t, "http://127.0.0.1", s, "silence; at=1"); !errors.Is(a.err, io.ErrUnexpectedEOF) {
			t.Errorf("closed in the silence: the client got %v", a.err)
		}
		s.OnRequest = func(Request) { s.Close() }
		if a := asked(t, "http://127.0.0.1", s, "silence; at=1"); !errors.Is(a.err, io.ErrUnexpectedEOF) {
			t.Errorf("closed before it: the client got %v", a.err)
		}
		s.OnRequest = nil
		if a := asked(t, "http://127.0.0.1", s, ""); a.status != 200 {
			t.Errorf("afterwards: %d %v", a.status, a.err)
		}
	})
}

// Latency, rate, delay and drip in fake time.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		name    string
		server  *Server
		fault   string
		headers time.Duration // until they come
		body    func(tokens, size int) time.Duration
	}{
		{"latency", &Server{Latency: time.Minute}, "", time.Minute, func(int, int) time.Duration { return 0 }},
		{"rate", &Server{Rate: 10}, "", 0, func(tokens, _ int) time.Duration { return time.Duration(tokens) * 100 * time.Millisecond }},
		{"delay", &Server{}, "delay=90s", 90 * time.Second, func(int, int) time.Duration { return 0 }},
		{"drip", &Server{}, "drip=1s; write=100", 0, func(_, size int) time.Duration { return time.Duration((size+99)/100) * time.Second }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				resp, err := c.server.RoundTrip(newRequest(t, "https://127.0.0.1", operation.ConverseStream, sonnet, hello, FaultHeader, c.fault))
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if got := time.Since(began); got != c.headers {
					t.Errorf("headers after %v, want %v", got, c.headers)
				}
				began = time.Now()
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				events := answerOf{body: body}.events(t)
				tokens := int(at(events[len(events)-1].payload, "usage", "outputTokens").(float64))
				if got, want := time.Since(began), c.body(tokens, len(body)); got != want {
					t.Errorf("body in %v, want %v", got, want)
				}
			})
		})
	}
}
