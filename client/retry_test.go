package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rawbedrock/sigv4"
)

// answers is a wire that needs no network: the nth request gets the nth
// answer, the last one for ever.
type answers struct {
	list  []func(*http.Request) (*http.Response, error)
	seen  atomic.Int64
	dates []time.Time // when each request came
	sent  []string    // the X-Amz-Date of each
}

func (a *answers) RoundTrip(req *http.Request) (*http.Response, error) {
	n := int(a.seen.Add(1))
	a.dates = append(a.dates, time.Now())
	a.sent = append(a.sent, req.Header.Get("X-Amz-Date"))
	if req.Body != nil {
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	return a.list[min(n, len(a.list))-1](req)
}

// status answers with a status, a code and headers ("Name: value").
func status(code int, errorType, body string, header ...string) func(*http.Request) (*http.Response, error) {
	return func(req *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
		if errorType != "" {
			h.Set("X-Amzn-Errortype", errorType+":http://internal.amazon.com/coral/com.amazon.bedrock/")
		}
		for _, line := range header {
			name, value, _ := strings.Cut(line, ": ")
			h.Set(name, value)
		}
		return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req}, nil
	}
}

func broken(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

var (
	fine      = status(200, "", `{"ok":true}`)
	throttled = status(429, "ThrottlingException", `{"message":"Too many requests, please wait before trying again."}`)
	down      = status(503, "ServiceUnavailableException", `{"message":"Bedrock is unable to process your request"}`)
	refused   = broken(&net.OpError{Op: "dial", Err: errors.New("connection refused")})
)

type seq = []func(*http.Request) (*http.Response, error)

// What is tried again, how often, and how long it may wait at most.
func TestRetrySchedule(t *testing.T) {
	sec := time.Second
	tests := []struct {
		name     string
		answers  seq
		ok       bool
		requests int
		ceilings []time.Duration // of each wait
		floor    time.Duration   // of the first wait
	}{
		{"fine", seq{fine}, true, 1, nil, 0},
		{"throttled", seq{throttled}, false, 3, []time.Duration{sec, 2 * sec}, 0},
		{"throttled once", seq{throttled, fine}, true, 2, []time.Duration{sec}, 0},
		{"unavailable", seq{down}, false, 3, []time.Duration{50 * time.Millisecond, 100 * time.Millisecond}, 0},
		{"500", seq{status(500, "InternalServerException", `{}`), fine}, true, 2, []time.Duration{50 * time.Millisecond}, 0},
		{"502 without a code", seq{status(502, "", ``), fine}, true, 2, []time.Duration{50 * time.Millisecond}, 0},
		{"504", seq{status(504, "", ``), fine}, true, 2, []time.Duration{50 * time.Millisecond}, 0},
		{"501", seq{status(501, "", ``)}, false, 1, nil, 0},
		{"model not ready", seq{status(429, "ModelNotReadyException", `{}`), fine}, true, 2, []time.Duration{50 * time.Millisecond}, 0},
		{"connection refused", seq{refused, fine}, true, 2, []time.Duration{50 * time.Millisecond}, 0},
		{"no such host", seq{broken(&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}})}, false, 1, nil, 0},
		{"x-amz-retry-after within the window", seq{status(429, "ThrottlingException", `{}`, "x-amz-retry-after: 3000"), fine}, true, 2, []time.Duration{3 * sec}, 3 * sec},
		{"x-amz-retry-after beyond it", seq{status(503, "", `{}`, "x-amz-retry-after: 60000"), fine}, true, 2, []time.Duration{5*sec + 50*time.Millisecond}, 5 * sec},
		{"Retry-After", seq{status(429, "ThrottlingException", `{}`, "Retry-After: 7"), fine}, true, 2, []time.Duration{7 * sec}, 7 * sec},
		{"Retry-After, capped", seq{status(503, "", `{}`, "Retry-After: 3600"), fine}, true, 2, []time.Duration{20 * sec}, 20 * sec},
		{"daily quota", seq{status(429, "ThrottlingException", `{"message":"Too many tokens per day, please wait before trying again."}`)}, false, 1, nil, 0},
		{"end of life", seq{status(404, "ResourceNotFoundException", `{"message":"This model version has reached the end of its life."}`)}, false, 1, nil, 0},
		{"validation", seq{status(400, "ValidationException", `{"message":"bad"}`)}, false, 1, nil, 0},
		{"access denied", seq{status(403, "AccessDeniedException", `{"message":"no"}`)}, false, 1, nil, 0},
		{"model timeout", seq{status(408, "ModelTimeoutException", `{"message":"slow"}`)}, false, 1, nil, 0},
		{"model error", seq{status(424, "ModelErrorException", `{"message":"bad"}`)}, false, 1, nil, 0},
		{"quota exceeded", seq{status(400, "ServiceQuotaExceededException", `{"message":"no"}`)}, false, 1, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wire := &answers{list: tt.answers}
				_, err := newClient(t, "http://127.0.0.1", WithTransport(wire)).Do(t.Context(), converse)
				if (err == nil) != tt.ok {
					t.Errorf("error %v, want ok %v", err, tt.ok)
				}
				if n := wire.seen.Load(); n != int64(tt.requests) {
					t.Fatalf("%d requests, want %d", n, tt.requests)
				}
				for i, ceiling := range tt.ceilings {
					wait := wire.dates[i+1].Sub(wire.dates[i])
					if wait > ceiling || i == 0 && wait < tt.floor {
						t.Errorf("wait %d was %v, want %v to %v", i+1, wait, tt.floor, ceiling)
					}
				}
				if err != nil && len(theError(t, err).Attempts) != tt.requests {
					t.Errorf("%d attempts in the error, want %d", len(theError(t, err).Attempts), tt.requests)
				}
			})
		})
	}
}

// Full jitter: every wait between nothing and the ceiling can happen.
func TestDelay(t *testing.T) {
	for _, tt := range []struct {
		scale   time.Duration
		retry   int
		ceiling time.Duration
	}{
		{transientDelay, 0, 50 * time.Millisecond}, {transientDelay, 3, 400 * time.Millisecond}, {transientDelay, 60, 20 * time.Second},
		{throttleDelay, 0, time.Second}, {throttleDelay, 4, 16 * time.Second}, {throttleDelay, 5, 20 * time.Second},
	} {
		if low, high := delay(tt.scale, tt.retry, 0), delay(tt.scale, tt.retry, 1); low != 0 || high != tt.ceiling {
			t.Errorf("delay(%v, %d) is %v to %v, want 0 to %v", tt.scale, tt.retry, low, high, tt.ceiling)
		}
	}
}

// Each attempt has a date of its own, and the error keeps them all.
func TestAttemptsAreSignedAfresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := status(429, "ThrottlingException", `{"message":"slow down"}`, "Retry-After: 7", "x-amzn-RequestId: abc")
		wire := &answers{list: seq{slow}}
		_, err := newClient(t, "http://127.0.0.1", WithTransport(wire), WithRetry(Retry{MaxAttempts: 4})).Do(t.Context(), converse)
		e := theError(t, err)
		if !errors.Is(err, ErrThrottled) || len(e.Attempts) != 4 {
			t.Fatalf("got %v with %d attempts", err, len(e.Attempts))
		}
		for i, a := range e.Attempts {
			if a.Status != 429 || a.Code != "ThrottlingException" || a.RequestID != "abc" || (i > 0) != (a.Wait >= 7*time.Second) {
				t.Errorf("attempt %d: %+v", i, a)
			}
			if i > 0 && wire.sent[i] == wire.sent[i-1] {
				t.Errorf("attempts %d and %d have the same date %s", i-1, i, wire.sent[i])
			}
		}
	})
}

// A client that meets a dead service draws on one budget: 500 at 14 a retry.
func TestRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		wire := roundTripper(func(req *http.Request) (*http.Response, error) {
			n.Add(1)
			return down(req)
		})
		c := newClient(t, "http://127.0.0.1", WithTransport(wire))
		errs := make(chan error, 100)
		for range 100 {
			go func() {
				_, err := c.Do(t.Context(), converse)
				errs <- err
			}()
		}
		exhausted := 0
		for range 100 {
			if err := <-errs; errors.Is(err, errRetryBudget) {
				exhausted++
			}
		}
		if want := int64(100 + budgetCapacity/costTransient); n.Load() != want {
			t.Errorf("%d requests, want %d", n.Load(), want)
		}
		if exhausted == 0 {
			t.Error("no error says that the budget is used up")
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// A success gives back what the retry before it took.
func TestRetryBudgetRefund(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := &answers{list: seq{down, fine}}
		c := newClient(t, "http://127.0.0.1", WithTransport(wire))
		if _, err := c.Do(t.Context(), converse); err != nil {
			t.Fatal(err)
		}
		if c.budget.left != budgetCapacity {
			t.Errorf("budget %d after a refund, want %d", c.budget.left, budgetCapacity)
		}
	})
}

// fakeClock answers as AWS does to a client whose clock is off.
func skewedService(offset time.Duration) func(*http.Request) (*http.Response, error) {
	return func(req *http.Request) (*http.Response, error) {
		now := time.Now().Add(offset)
		sent, _ := time.Parse("20060102T150405Z", req.Header.Get("X-Amz-Date"))
		date := "Date: " + now.UTC().Format(http.TimeFormat)
		if now.Sub(sent).Abs() > 5*time.Minute {
			return status(403, "InvalidSignatureException", fmt.Sprintf(`{"message":"Signature expired: %s is now earlier than %s"}`, sent, now), date)(req)
		}
		return status(200, "", `{"ok":true}`, date)(req)
	}
}

func TestClockSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		offset := 7*time.Minute + 12*time.Second
		wire := &answers{list: seq{func(r *http.Request) (*http.Response, error) { return skewedService(offset)(r) }}}
		c := newClient(t, "http://127.0.0.1", WithTransport(wire))
		if _, err := c.Do(t.Context(), converse); err != nil || wire.seen.Load() != 2 {
			t.Fatalf("%v after %d requests, want one correction", err, wire.seen.Load())
		}
		if _, err := c.Do(t.Context(), converse); err != nil || wire.seen.Load() != 3 {
			t.Fatalf("%v after %d requests: the offset was not kept", err, wire.seen.Load())
		}
		offset = 0 // the clock heals: the kept offset is now wrong, and is forgotten
		if _, err := c.Do(t.Context(), converse); err != nil {
			t.Fatal(err)
		}
		if c.skew.get() != 0 {
			t.Errorf("offset %v kept after the clock healed", c.skew.get())
		}
	})
	synctest.Test(t, func(t *testing.T) { // switched off
		wire := &answers{list: seq{skewedService(time.Hour)}}
		env := func(name string) string { return map[string]string{"AWS_DISABLE_CLOCK_SKEW_CORRECTION": "true"}[name] }
		_, err := newClient(t, "http://127.0.0.1", WithTransport(wire), WithEnv(env)).Do(t.Context(), converse)
		if !errors.Is(err, ErrClockSkew) || wire.seen.Load() != 1 {
			t.Errorf("%v after %d requests", err, wire.seen.Load())
		}
		if e := theError(t, err); e.Skew.Round(time.Minute) != time.Hour || !strings.Contains(e.Hint, "clock") {
			t.Errorf("skew %v, hint %q", e.Skew, e.Hint)
		}
	})
	synctest.Test(t, func(t *testing.T) { // a refusal for another reason is not blamed on the clock
		wire := &answers{list: seq{status(403, "InvalidSignatureException", `{"message":"The request signature we calculated does not match"}`)}}
		_, err := newClient(t, "http://127.0.0.1", WithTransport(wire)).Do(t.Context(), converse)
		if !errors.Is(err, ErrBadSignature) || wire.seen.Load() != 1 {
			t.Errorf("%v after %d requests", err, wire.seen.Load())
		}
	})
}

// rotating hands out a new key at every retrieval.
type rotating struct{ n atomic.Int64 }

func (r *rotating) Retrieve(context.Context) (sigv4.Credentials, error) {
	c := exampleKeys
	c.AccessKeyID = fmt.Sprintf("AKID%d", r.n.Add(1))
	return c, nil
}

func TestExpiredTokenRefreshesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		expired := status(403, "ExpiredTokenException", `{"message":"The security token included in the request is expired"}`)
		keys := &rotating{}
		wire := &answers{list: seq{expired, fine}}
		c := newClient(t, "http://127.0.0.1", WithTransport(wire), WithCredentials(keys))
		if _, err := c.Do(t.Context(), converse); err != nil || keys.n.Load() != 2 {
			t.Errorf("%v after %d retrievals, want a fresh key", err, keys.n.Load())
		}
		wire.list = seq{expired}
		wire.seen.Store(0)
		if _, err := c.Do(t.Context(), converse); !errors.Is(err, ErrExpiredCredentials) || wire.seen.Load() != 2 {
			t.Errorf("%v after %d requests, want to fail fast after one refresh", err, wire.seen.Load())
		}
	})
}

// Cancelling the wait between two attempts keeps the reason for the wait.
func TestCancelWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		wire := &answers{list: seq{status(429, "ThrottlingException", `{"message":"slow down"}`, "Retry-After: 20")}}
		time.AfterFunc(time.Second, cancel)
		_, err := newClient(t, "http://127.0.0.1", WithTransport(wire)).Do(ctx, converse)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrThrottled) {
			t.Errorf("got %v, want both reasons", err)
		}
	})
}

// A caller whose deadline comes before the next attempt is answered at once.
func TestDeadlineBeforeNextAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		wire := &answers{list: seq{status(429, "ThrottlingException", `{}`, "Retry-After: 20")}}
		_, err := newClient(t, "http://127.0.0.1", WithTransport(wire)).Do(ctx, converse)
		if !errors.Is(err, ErrThrottled) || time.Since(start) != 0 {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

func TestRetrySettings(t *testing.T) {
	for _, tt := range []struct{ name, value, text string }{
		{"AWS_RETRY_MODE", "adaptive", "adaptive"},
		{"AWS_RETRY_MODE", "fast", "AWS_RETRY_MODE"},
		{"AWS_MAX_ATTEMPTS", "none", "AWS_MAX_ATTEMPTS"},
		{"AWS_MAX_ATTEMPTS", "0", "AWS_MAX_ATTEMPTS"},
		{"AWS_RETRY_MODE", "standard", ""},
		{"AWS_RETRY_MODE", "legacy", ""},
	} {
		env := func(name string) string { return map[string]string{tt.name: tt.value}[name] }
		_, err := New(WithEnv(env), WithRegion("us-east-1"))
		if (err == nil) != (tt.text == "") || err != nil && !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s=%s: %v", tt.name, tt.value, err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		wire := &answers{list: seq{down}}
		env := func(name string) string { return map[string]string{"AWS_MAX_ATTEMPTS": "5"}[name] }
		newClient(t, "http://127.0.0.1", WithTransport(wire), WithEnv(env)).Do(t.Context(), converse)
		if wire.seen.Load() != 5 {
			t.Errorf("%d attempts, want AWS_MAX_ATTEMPTS", wire.seen.Load())
		}
	})
}

// Commit point: the server sees one request when a stream breaks after an
// event, and one when the client gives up after the body was sent.
func TestCommitPoint(t *testing.T) {
	t.Run("after an event", func(t *testing.T) {
		t.Parallel()
		w := serve(t, func(c net.Conn, _ int) { io.WriteString(c, chunked(eventStreamType)+httpChunk(helloFrames()[0])) })
		_, err := call1(t.Context(), newClient(t, w.url), converseStream)
		if !errors.Is(err, ErrIncompleteStream) || w.requests.Load() != 1 {
			t.Errorf("%d requests, %v", w.requests.Load(), err)
		}
	})
	for _, asked := range []bool{false, true} {
		t.Run(fmt.Sprintf("timeout, asked %v", asked), func(t *testing.T) {
			t.Parallel()
			w := serve(t, func(c net.Conn, _ int) { untilGone(c) })
			want := int64(1)
			if asked {
				want = 3
			}
			_, err := newClient(t, w.url, WithTimeouts(short), WithRetry(Retry{AfterTimeout: asked})).Do(t.Context(), converse)
			if !errors.Is(err, ErrTimeout) || w.requests.Load() != want {
				t.Errorf("%d requests, want %d: %v", w.requests.Load(), want, err)
			}
		})
	}
}

// The default chain is cached: its source is asked once, not for every call.
func TestDefaultChainIsCached(t *testing.T) {
	var asked atomic.Int64
	env := func(name string) string {
		if name == "AWS_ACCESS_KEY_ID" {
			asked.Add(1)
		}
		return map[string]string{"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "secret"}[name]
	}
	c, err := New(WithEnv(env), WithRegion("us-east-1"), WithTransport(&answers{list: seq{fine}}))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := c.Do(t.Context(), converse); err != nil {
			t.Fatal(err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the environment was asked %d times", n)
	}
}
