package cassette

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slow waits before its headers and before each event.
func slow(gaps []time.Duration) roundTripper {
	return func(*http.Request) (*http.Response, error) {
		time.Sleep(gaps[0])
		r, w := io.Pipe()
		go func() {
			for i, gap := range gaps[1:] {
				time.Sleep(gap)
				w.Write(event("a", fmt.Sprint(i)))
			}
			w.Close()
		}()
		return &http.Response{StatusCode: 200, Body: r, ContentLength: -1}, nil
	}
}

// Replay at its pace, in fake time.
func TestPace(t *testing.T) {
	path := tempFile(t)
	gaps := []time.Duration{300 * time.Millisecond, 120 * time.Millisecond, 2 * time.Second}
	synctest.Test(t, func(t *testing.T) {
		c := mustOpen(t, path, Options{Mode: Record})
		mustDo(t, c.Wrap(slow(gaps)), newRequest(t, "GET", "http://h/", ""))
	})
	for _, pace := range []Pace{0, RealTime, 4} {
		synctest.Test(t, func(t *testing.T) {
			c := mustOpen(t, path, Options{Pace: pace})
			start := time.Now()
			check := func(what string, recorded time.Duration) {
				want := time.Duration(0)
				if pace > 0 {
					want = time.Duration(float64(recorded) / float64(pace))
				}
				if got := time.Since(start); got != want {
					t.Errorf("pace %v: %s after %v, want %v", pace, what, got, want)
				}
			}
			resp, err := c.RoundTrip(newRequest(t, "GET", "http://h/", ""))
			if err != nil {
				t.Fatal(err)
			}
			check("headers", gaps[0])
			buf := make([]byte, 1024)
			resp.Body.Read(buf)
			check("first event", gaps[0]+gaps[1])
			resp.Body.Read(buf)
			check("second event", gaps[0]+gaps[1]+gaps[2])
			if n, err := resp.Body.Read(buf); n != 0 || err != io.EOF {
				t.Errorf("at the end: %d %v", n, err)
			}
		})
	}
}

// A request that is cancelled before it is made leaves the answer for the next.
func TestCancelledBefore(t *testing.T) {
	path := tempFile(t)
	mustDo(t, mustOpen(t, path, Options{Mode: Record}).Wrap(answer(200, nil, "1")), newRequest(t, "GET", "http://h/", ""))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := mustOpen(t, path, Options{})
	if _, err := c.RoundTrip(newRequest(t, "GET", "http://h/", "").WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	mustDo(t, c, newRequest(t, "GET", "http://h/", ""))
}

// A replay that waits ends with the caller's context or with Close.
func TestPaceEnds(t *testing.T) {
	path := tempFile(t)
	i := sample()[:1]
	i[0].Response.After = time.Hour
	save(path, Append(nil, i))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "POST", i[0].Request.URL, strings.NewReader(string(i[0].Request.Body)))
		start := time.Now()
		if _, err := mustOpen(t, path, Options{Pace: RealTime}).RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
	i[0].Response.After = 0
	i[0].Response.Arrivals[1].After = time.Hour
	save(path, Append(nil, i))
	synctest.Test(t, func(t *testing.T) {
		resp, err := mustOpen(t, path, Options{Pace: RealTime}).RoundTrip(newRequest(t, "POST", i[0].Request.URL, string(i[0].Request.Body)))
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() { resp.Body.Close() })
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Errorf("read: %v", err)
		}
	})
}

func TestParsePace(t *testing.T) {
	for s, want := range map[string]Pace{"none": 0, "real": 1, "2": 2, "0.5": 0.5} {
		if got, err := ParsePace(s); got != want || err != nil {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"", "fast", "0", "-1", "NaN", "Inf"} {
		if _, err := ParsePace(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}
