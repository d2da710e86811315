package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rawbedrock/sigv4"
)

// Many streams at once on one client, each whole, whoever else breaks.
func TestConcurrentStreams(t *testing.T) {
	all := join(helloFrames())
	w := serve(t, func(c net.Conn, n int) {
		io.WriteString(c, chunked(eventStreamType))
		if n%3 == 0 {
			io.WriteString(c, httpChunk(all[:len(all)/2])) // cut
			return
		}
		io.WriteString(c, httpChunk(all)+"0\r\n\r\n")
	})
	c := newClient(t, w.url)
	var wg sync.WaitGroup
	var good, cut atomic.Int64
	for range 90 {
		wg.Go(func() {
			s, err := c.Stream(t.Context(), converseStream)
			if err != nil {
				t.Error(err)
				return
			}
			switch text, _, err := read(s); {
			case err == nil && text == "Hello":
				good.Add(1)
			case errors.Is(err, ErrIncompleteStream):
				cut.Add(1)
			default:
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	wg.Wait()
	if good.Load() != 60 || cut.Load() != 30 {
		t.Errorf("%d whole, %d cut; want 60 and 30", good.Load(), cut.Load())
	}
}

// Streams may be closed by anybody at any time.
func TestCloseFromElsewhere(t *testing.T) {
	all := join(helloFrames())
	w := serve(t, func(c net.Conn, _ int) {
		io.WriteString(c, chunked(eventStreamType))
		io.WriteString(c, httpChunk(all))
		untilGone(c)
	})
	c := newClient(t, w.url, WithTimeouts(ample), WithConcurrency(20))
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			s, err := c.Stream(t.Context(), converseStream)
			if err != nil {
				t.Error(err)
				return
			}
			n := 0
			for _, err := range s.Events() {
				if n == i%6 {
					wg.Go(func() { s.Close() })
					wg.Go(func() { s.Close() })
				}
				if n++; err != nil && !errors.Is(err, fs.ErrClosed) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(c.limiter.slots) != 0 {
		t.Errorf("%d places were not given back", len(c.limiter.slots))
	}
}

// Refusals and calls that are never sent give their places back too.
func TestPlacesAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		wire := &answers{list: seq{throttled}}
		bad := converse
		bad.Labels = nil
		c := newClient(t, "http://127.0.0.1", WithTransport(wire), WithConcurrency(1), WithRateLimit(1000, 1000))
		for name, call := range map[string]func(context.Context) error{
			"Do":     func(ctx context.Context) error { _, err := c.Do(ctx, converse); return err },
			"Stream": func(ctx context.Context) error { _, err := c.Stream(ctx, converseStream); return err },
			"not sent": func(ctx context.Context) error {
				_, err := c.Do(ctx, bad)
				return err
			},
			"no stream": func(ctx context.Context) error { _, err := c.Stream(ctx, converse); return err },
			"Forward": func(ctx context.Context) error {
				resp, err := c.Forward(ctx, converse)
				if err == nil {
					err = resp.Body.Close()
				}
				return err
			},
		} {
			for _, ctx := range []context.Context{t.Context(), gone} {
				if err := call(ctx); err == nil && name != "Forward" {
					t.Errorf("%s: no error", name)
				}
				if len(c.limiter.slots) != 0 {
					t.Errorf("%s: the place was not given back", name)
				}
			}
		}
	})
}

// A server that has finished and closed before the client reads does no harm.
func TestInstantServer(t *testing.T) {
	all := chunked(eventStreamType) + httpChunk(join(helloFrames())) + "0\r\n\r\n"
	w := serve(t, func(c net.Conn, _ int) { io.WriteString(c, all) })
	c := newClient(t, w.url)
	for range 200 {
		s, err := c.Stream(t.Context(), converseStream)
		if err != nil {
			t.Fatal(err)
		}
		<-w.gone
		if text, n, err := read(s); text != "Hello" || n != 6 || err != nil {
			t.Fatalf("%q, %d events, %v", text, n, err)
		}
	}
}

// More open streams than other clients' pools allow: nobody waits for a
// connection.
func TestOpenStreams(t *testing.T) {
	const n = 2100
	release := make(chan struct{})
	frames := helloFrames()
	w := serve(t, func(c net.Conn, _ int) {
		io.WriteString(c, chunked(eventStreamType)+httpChunk(frames[0]))
		<-release
		io.WriteString(c, httpChunk(join(frames[1:]))+"0\r\n\r\n")
	})
	c := newClient(t, w.url, WithTimeouts(Timeouts{Connect: time.Minute}))
	var wg sync.WaitGroup
	var open sync.WaitGroup
	open.Add(n)
	for range n {
		wg.Go(func() {
			s, err := c.Stream(t.Context(), converseStream)
			if err != nil {
				open.Done()
				t.Error(err)
				return
			}
			events := 0
			for _, err := range s.Events() {
				if events++; events == 1 {
					open.Done()
				}
				if err != nil {
					t.Error(err)
				}
			}
			if events != len(frames) {
				t.Errorf("%d events", events)
			}
		})
	}
	open.Wait() // all are open at once
	close(release)
	wg.Wait()
}

func TestConcurrencyLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		wire := roundTripper(func(req *http.Request) (*http.Response, error) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return fine(req)
		})
		c := newClient(t, "http://127.0.0.1", WithTransport(wire), WithConcurrency(3))
		start := time.Now()
		var wg sync.WaitGroup
		for range 9 {
			wg.Go(func() { c.Do(t.Context(), converse) })
		}
		wg.Wait()
		if most.Load() != 3 || time.Since(start) != 3*time.Second {
			t.Errorf("%d at once, %v in all", most.Load(), time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		for range 3 {
			wg.Go(func() { c.Do(t.Context(), converse) })
		}
		synctest.Wait()
		if _, err := c.Do(ctx, converse); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting past the deadline: %v", err)
		}
		wg.Wait()
	})
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := &answers{list: seq{fine}}
		c := newClient(t, "http://127.0.0.1", WithTransport(wire), WithRateLimit(60, 0))
		start := time.Now()
		for range 90 {
			c.Do(t.Context(), converse)
		}
		if d := time.Since(start); d != 30*time.Second { // 60 at once, then one a second
			t.Errorf("90 requests at 60 a minute took %v", d)
		}
		c = newClient(t, "http://127.0.0.1", WithTransport(wire), WithRateLimit(0, 1000))
		start = time.Now()
		r := converse
		r.Body = []byte(`{"inferenceConfig":{"maxTokens":988}}` + strings.Repeat(" ", 11)) // 12 + 988 tokens
		for range 3 {
			c.Do(t.Context(), r)
		}
		if d := time.Since(start).Round(time.Millisecond); d != 2*time.Minute {
			t.Errorf("3000 tokens at 1000 a minute took %v", d)
		}
	})
}

// Without any limiter a call is not held back.
func TestNoLimitByDefault(t *testing.T) {
	c := newClient(t, "http://127.0.0.1")
	if c.limiter.slots != nil || c.limiter.requests != nil || c.limiter.tokens != nil {
		t.Errorf("limits by default: %+v", c.limiter)
	}
}

func TestAuth(t *testing.T) {
	bearerEnv := func(name string) string {
		return map[string]string{"AWS_BEARER_TOKEN_BEDROCK": "canary-key", "AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "canary-secret", "AWS_SESSION_TOKEN": "canary-token"}[name]
	}
	tests := []struct {
		name string
		opts []Option
		want string // prefix of Authorization
	}{
		{"keys in code", nil, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"},
		{"bearer in the environment beats keys in code", []Option{WithEnv(bearerEnv)}, "Bearer canary-key"},
		{"sigv4 in code beats bearer", []Option{WithEnv(bearerEnv), WithAuth(AuthSigV4)}, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"},
		{"bearer in code", []Option{WithBearer("canary-key")}, "Bearer canary-key"},
		{"none", []Option{WithAuth(AuthNone)}, ""},
		{"scope of its own", []Option{WithSigning(Signing{Region: "eu-west-1", Service: "other"})}, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20000101/eu-west-1/other/aws4_request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got string
				wire := roundTripper(func(req *http.Request) (*http.Response, error) {
					got = req.Header.Get("Authorization")
					return status(403, "AccessDeniedException", `{"message":"canary-key canary-secret canary-token"}`)(req)
				})
				_, err := newClient(t, "http://127.0.0.1", append(tt.opts, WithTransport(wire))...).Do(t.Context(), converse)
				if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
					t.Errorf("Authorization is %q, want %q", got, tt.want)
				}
				if strings.HasPrefix(tt.want, "Bearer") && strings.Contains(fmt.Sprintf("%v %+v", err, theError(t, err)), "canary-key") {
					t.Errorf("the key came back: %v", err)
				}
			})
		})
	}
}

// No attempt asks for an encoding, nor is what it asks for signed.
func TestAsksForNoEncoding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		wire := roundTripper(func(req *http.Request) (*http.Response, error) {
			attempts++
			if got := req.Header["Accept-Encoding"]; !slices.Equal(got, []string{"identity"}) || strings.Contains(req.Header.Get("Authorization"), "accept-encoding") {
				t.Errorf("attempt %d: Accept-Encoding %q, signed as %s", attempts, got, req.Header.Get("Authorization"))
			}
			return status(503, "", "{}")(req)
		})
		r := converse
		r.Header = http.Header{"accept-encoding": {"gzip"}}
		if _, err := newClient(t, "http://127.0.0.1", WithTransport(wire)).Do(t.Context(), r); err == nil || attempts != 3 {
			t.Errorf("%d attempts, %v", attempts, err)
		}
	})
}

func TestBearerNeedsTLS(t *testing.T) {
	wire := &answers{list: seq{fine}}
	for url, ok := range map[string]bool{
		"http://bedrock.example": false, "http://127.0.0.1:1": true, "http://localhost": true, "http://[::1]:9": true, "https://bedrock.example": true,
		"http://127.0.0.1.example": false,
	} {
		_, err := newClient(t, url, WithTransport(wire), WithBearer("k")).Do(t.Context(), converse)
		if (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, key := range []string{"a b", "a\nb", "ключ"} {
		_, err := newClient(t, "https://h", WithTransport(wire), WithBearer(key)).Do(t.Context(), converse)
		if !errors.Is(err, ErrNoCredentials) || strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// What cannot be signed is not tried again: it stays so.
func TestUnsignable(t *testing.T) {
	bad := converse
	bad.Header = http.Header{"X-Odd": {"a\nb"}}
	for _, tt := range []struct {
		keys sigv4.Credentials
		call Request
		is   error
	}{
		{sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "s", SessionToken: "a\nb"}, converse, ErrNoCredentials},
		{sigv4.Credentials{AccessKeyID: "not/an/id", SecretAccessKey: "s"}, converse, ErrNoCredentials},
		{exampleKeys, bad, ErrValidation},
	} {
		wire := &answers{list: seq{fine}}
		_, err := newClient(t, "http://127.0.0.1", WithTransport(wire), WithCredentials(tt.keys)).Do(t.Context(), tt.call)
		if e, ok := errors.AsType[*Error](err); !ok || !errors.Is(err, tt.is) || len(e.Attempts) > 1 || wire.seen.Load() != 0 {
			t.Errorf("%v", err)
		}
	}
}

// The host that is sent and signed, the region and the service can each differ
// from what the URL says, and a base path is kept and signed.
func TestSigningOverrides(t *testing.T) {
	var got *http.Request
	wire := roundTripper(func(req *http.Request) (*http.Response, error) { got = req; return fine(req) })
	c := newClient(t, "http://127.0.0.1:99/gw/", WithTransport(wire), WithSigning(Signing{Host: "vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com"}))
	if _, err := c.Do(t.Context(), converse); err != nil {
		t.Fatal(err)
	}
	if got.Host != "vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com" || got.URL.EscapedPath() != "/gw/model/us.amazon.nova-2-lite-v1%3A0/converse" {
		t.Errorf("host %s, path %s", got.Host, got.URL.EscapedPath())
	}
	lookup := func(string) (sigv4.Credentials, bool) { return exampleKeys, true }
	if _, err := sigv4.Verify(got, sigv4.HashPayload(converse.Body), lookup, time.Now()); err != nil {
		t.Error(err)
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name string
		opts []Option
		is   error
		text string
	}{
		{"no region", []Option{WithCredentials(exampleKeys)}, ErrNoRegion, "AWS_REGION"},
		{"no region with an endpoint", []Option{WithEndpoint("http://127.0.0.1"), WithCredentials(exampleKeys)}, ErrNoRegion, "AWS_REGION"},
		{"endpoint without a scheme", []Option{WithRegion("us-east-1"), WithEndpoint("127.0.0.1:80")}, nil, "endpoint"},
		{"endpoint with a password", []Option{WithRegion("us-east-1"), WithEndpoint("http://u:canary@h")}, nil, "endpoint"},
		{"unknown authentication", []Option{WithRegion("us-east-1"), WithAuth(AuthNone + 1)}, nil, "WithAuth(4)"},
		{"bearer without a key", []Option{WithRegion("us-east-1"), WithAuth(AuthBearer)}, ErrNoCredentials, "AWS_BEARER_TOKEN_BEDROCK"},
	}
	for _, tt := range tests {
		_, err := New(append([]Option{WithEnv(noEnv)}, tt.opts...)...)
		if err == nil || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := New(WithEnv(noEnv), WithEndpoint("http://127.0.0.1"), WithBearer("k")); err != nil {
		t.Errorf("a bearer key at an endpoint needs no region: %v", err)
	}
}

// A path that HTTP peers would change never leaves.
func TestModelIDRefused(t *testing.T) {
	wire := &answers{list: seq{fine}}
	c := newClient(t, "http://127.0.0.1", WithTransport(wire))
	for _, id := range []string{"", ".", ".."} {
		r := converse
		r.Labels = []string{id}
		if _, err := c.Do(t.Context(), r); !errors.Is(err, ErrValidation) || wire.seen.Load() != 0 {
			t.Errorf("model %q: %v", id, err)
		}
	}
}
