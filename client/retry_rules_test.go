package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rawbedrock/sigv4"
)

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sec = time.Second
		in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
		for _, tt := range []struct {
			name, value string
			want        time.Duration // after a computed wait of one second
		}{
			{"Retry-After", "7", 7 * sec},
			{"Retry-After", " 7 ", 7 * sec},
			{"Retry-After", "0", sec},
			{"Retry-After", "-7", sec},
			{"Retry-After", "7.5", sec},
			{"Retry-After", "soon", sec},
			{"Retry-After", "3600", 20 * sec},
			{"Retry-After", "99999999999999999999999", 20 * sec},
			{"Retry-After", in(8 * sec), 8 * sec},
			{"Retry-After", in(time.Hour), 20 * sec},
			{"Retry-After", in(-time.Hour), sec},
			{"X-Amz-Retry-After", "2500", 2500 * time.Millisecond},
			{"X-Amz-Retry-After", "10", sec},
			{"X-Amz-Retry-After", "60000", 6 * sec},
			{"X-Amz-Retry-After", "99999999999999999999999", 6 * sec},
			{"X-Amz-Retry-After", "-1", sec},
			{"X-Amz-Retry-After", "1.5", sec},
			{"X-Amz-Retry-After", "soon", sec},
		} {
			if got := retryAfter(http.Header{tt.name: {tt.value}}, sec); got != tt.want {
				t.Errorf("%s: %s: %v, want %v", tt.name, tt.value, got, tt.want)
			}
		}
		both := http.Header{"Retry-After": {"7"}, "X-Amz-Retry-After": {"soon"}}
		if got := retryAfter(both, sec); got != 7*sec {
			t.Errorf("a Retry-After beside garbage: %v", got)
		}
	})
}

// An answer without Date tells nothing of the clock: what was learned stays.
func TestSkewWithoutDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := status(403, "InvalidSignatureException", `{"message":"The request signature we calculated does not match"}`, "Date: ")
		aged := status(403, "InvalidSignatureException", `{}`, "Age: 7200", "Date: "+time.Now().Add(-2*time.Hour).UTC().Format(http.TimeFormat))
		wire := &answers{list: seq{skewedService(time.Hour), skewedService(time.Hour), refused, aged, skewedService(time.Hour)}}
		c := newClient(t, "http://127.0.0.1", WithTransport(wire))
		if _, err := c.Do(t.Context(), converse); err != nil || wire.seen.Load() != 2 {
			t.Fatalf("%v after %d requests", err, wire.seen.Load())
		}
		for i := range 2 {
			if _, err := c.Do(t.Context(), converse); !errors.Is(err, ErrBadSignature) || wire.seen.Load() != int64(3+i) {
				t.Fatalf("%v after %d requests", err, wire.seen.Load())
			}
		}
		if _, err := c.Do(t.Context(), converse); err != nil || wire.seen.Load() != 5 {
			t.Errorf("%v after %d requests: the offset was lost", err, wire.seen.Load())
		}
	})
}

// net/http quotes in its errors what a peer sent, which may be what it was
// sent itself.
func TestEchoInTransportErrors(t *testing.T) {
	keys := sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "canary-secret-key-0123456789", SessionToken: "canary-session-token-0123456789"}
	echo := roundTripper(func(req *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("malformed MIME header: missing colon: %q: %w", req.Header.Get("X-Amz-Security-Token"), context.DeadlineExceeded)
	})
	_, err := newClient(t, "http://127.0.0.1", WithTransport(echo), WithCredentials(keys)).Do(t.Context(), converse)
	e := theError(t, err)
	if text := fmt.Sprintf("%v %+v %#v %s", err, *e, *e, e.Detail()); strings.Contains(text, "canary") || !strings.Contains(text, "missing colon") {
		t.Errorf("%s", text)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the cause is lost: %v", err)
	}
}

// What a retry took is given back by the success after it, whatever came
// between; a refreshed key and a corrected clock cost nothing.
func TestRefundAfterRefresh(t *testing.T) {
	expired := status(403, "ExpiredTokenException", `{"message":"The security token included in the request is expired"}`)
	for name, tt := range map[string]struct {
		answers seq
		left    int
	}{
		"first":            {seq{expired, fine}, 101},
		"behind a retry":   {seq{throttled, expired, fine}, 100},
		"before a retry":   {seq{expired, down, fine}, 100},
		"two retries":      {seq{throttled, down, fine}, 95},
		"a retry in vain":  {seq{down, down, down}, 72},
		"a refusal, never": {seq{status(400, "ValidationException", `{}`)}, 100},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, "http://127.0.0.1", WithTransport(&answers{list: tt.answers}), WithCredentials(&rotating{}))
			c.budget.left = 100
			c.Do(t.Context(), converse)
			if c.budget.left != tt.left {
				t.Errorf("%s: %d left, want %d", name, c.budget.left, tt.left)
			}
		})
	}
}

// A service whose clock jumps is followed once a call, not for ever.
func TestClockIsCorrectedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := &answers{}
		for hours := range 5 {
			wire.list = append(wire.list, skewedService(time.Duration(hours+1)*time.Hour))
		}
		_, err := newClient(t, "http://127.0.0.1", WithTransport(wire), WithRetry(Retry{MaxAttempts: 5})).Do(t.Context(), converse)
		if !errors.Is(err, ErrClockSkew) || wire.seen.Load() != 2 {
			t.Errorf("%v after %d requests", err, wire.seen.Load())
		}
	})
}
