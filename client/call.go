package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	retryablehttp "github.com/hashicorp/go-retryablehttp"

	"rawbedrock/client/operation"
	"rawbedrock/client/redact"
	"rawbedrock/sigv4"
)

// call is one request of a caller with all its attempts. It is the context of
// those attempts, so that every layer below finds it.
type call struct {
	context.Context
	client      *Client
	op          operation.Operation
	model       string
	endpoint    string
	stream      bool
	number      int64 // in what a logger is told
	signing     Signing
	header      http.Header // of the request, without authentication until an attempt adds it
	payloadHash string
	unsaid      []byte // the body, until the logger was told
	start       time.Time
	retrier     retryablehttp.Client

	attempt     *attempt          // the newest
	attempts    []Attempt         // what became of each
	wait        time.Duration     // before the next
	cost        int               // what the newest retry took from the budget
	last        *Error            // why the newest failed
	credentials sigv4.Credentials // what signed the newest
	signature   sigv4.Signature   // and how
	sent        *http.Request     // the newest, as it left
	offset      time.Duration     // of the clock that it was signed by
	secretKey   string            // the bearer key
	keyRegion   string            // of a short-term bearer key
	dated       bool              // the newest refusal told the service's time
	refreshed   bool              // credentials were refreshed once
	corrected   bool              // the clock was corrected once
	release     func()            // gives the place in the concurrency limit back
}

type callKey struct{}

// Value finds the call itself, else what the caller's context holds.
func (k *call) Value(key any) any {
	if key == (callKey{}) {
		return k
	}
	return k.Context.Value(key)
}

func callFrom(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

func (k *call) answerPhase() string {
	if k.stream {
		return PhaseFirstEvent
	}
	return PhaseAnswer
}

func (k *call) answerTimeout() time.Duration {
	switch t := k.client.timeouts.FirstEvent; {
	case t != 0:
		return t
	case k.stream:
		return defaultFirstEventTimeout
	default:
		return defaultAnswerTimeout
	}
}

// begin makes a call of a request and waits for its turn.
func (c *Client) begin(ctx context.Context, r Request, stream bool) (*call, *retryablehttp.Request, error) {
	k := &call{Context: ctx, client: c, op: r.Op, stream: stream, start: time.Now(), release: func() {}}
	if k.logs() {
		k.number = c.calls.Add(1)
	}
	if len(r.Labels) > 0 {
		k.model = r.Labels[0]
	}
	req, err := k.request(r)
	if err == nil {
		err = c.admit(k, r.Body)
	}
	if err != nil {
		return nil, nil, k.fail(&Error{Err: err})
	}
	k.unsaid = r.Body
	return k, req, nil
}

// do sends a request until it is answered with 2xx or given up. The answer's
// body is the caller's to close; on an error nothing is left open.
func (c *Client) do(ctx context.Context, r Request, stream bool) (*call, *http.Response, error) {
	k, req, err := c.begin(ctx, r, stream)
	if err != nil {
		return nil, nil, err
	}
	k.retrier = retryablehttp.Client{
		HTTPClient:   &c.http,
		RetryMax:     c.retry.MaxAttempts - 1,
		CheckRetry:   k.checkRetry,
		Backoff:      k.backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	resp, err := k.retrier.Do(req)
	if k.last == nil && err == nil {
		return k, resp, nil
	}
	e := k.last
	if e == nil {
		e = &Error{Err: err}
	} else if ctx.Err() != nil && !errors.Is(e, ctx.Err()) { // cancelled while waiting for the next attempt
		e.Err = errors.Join(ended(ctx), e.Err)
	}
	return nil, nil, k.fail(e)
}

// fail fills in what the call knows and gives its place back.
func (k *call) fail(e *Error) *Error {
	e.Op, e.Model, e.Endpoint, e.Region = k.op.Name, redact.Text(k.model, k.secrets()...), k.endpoint, k.signing.Region
	if e.KeyRegion == "" {
		e.KeyRegion = k.keyRegion
	}
	e.Attempts, e.sent = k.attempts, k.sentRequest()
	e.RequestID = redact.Text(e.RequestID, k.secrets()...)
	e.finish()
	k.release()
	if k.logs() {
		k.log("failed", "error", e)
	}
	return e
}

// checkRetry is retryablehttp's question after every attempt. It keeps the
// books, and reads an error's body so that the reason is never lost.
func (k *call) checkRetry(_ context.Context, resp *http.Response, err error) (bool, error) {
	a := Attempt{Wait: k.wait}
	if k.attempt != nil {
		a.Duration = time.Since(k.attempt.start)
	}
	switch {
	case err != nil:
		k.last = k.transportError(err)
		a.Err = k.last.Err
	case resp.StatusCode/100 == 2:
		k.last = nil
		a.Status, a.RequestID = resp.StatusCode, k.requestID(resp.Header)
		k.attempts = append(k.attempts, a)
		k.client.budget.succeed(k.cost)
		return false, nil
	default:
		k.last = k.httpError(resp)
		a.Status, a.Code, a.RequestID = resp.StatusCode, k.last.Code, k.requestID(resp.Header)
	}
	k.attempts = append(k.attempts, a)
	if len(k.attempts) >= k.client.retry.MaxAttempts || !k.retry(resp) {
		return false, nil
	}
	if k.logs() {
		k.log("retry", "wait", k.wait, "reason", k.last)
	}
	return true, nil
}

func (k *call) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return k.wait }

// transportError wraps what kept an answer from coming.
func (k *call) transportError(err error) *Error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the call names the endpoint itself
	}
	text := err.Error()
	if clean := redact.Text(text, k.secrets()...); clean != text { // net/http quotes what it cannot read
		err = &redacted{clean, err}
	}
	if strings.Contains(text, "response headers exceeded") || strings.Contains(text, "response header list larger") { // HTTP/1.1 and HTTP/2
		err = fmt.Errorf("%w: headers over %d bytes (Limits.Header): %w", ErrTooLarge, k.client.limits.Header, err)
	}
	return &Error{Err: err}
}

// redacted is an error whose own text held a secret.
type redacted struct {
	text string
	err  error
}

func (e *redacted) Error() string        { return e.text }
func (e *redacted) Is(target error) bool { return errors.Is(e.err, target) }
func (e *redacted) As(target any) bool   { return errors.As(e.err, target) }

// httpError reads a refusal, as much of it as the limit allows.
func (k *call) httpError(resp *http.Response) *Error {
	defer resp.Body.Close()
	k.attempt.opening, k.attempt.pieces = false, false // one Idle for the whole of it
	var data []byte
	var err error
	if resp.StatusCode != http.StatusSwitchingProtocols { // which has no body but the connection
		data, err = io.ReadAll(io.LimitReader(resp.Body, int64(k.client.limits.ErrorBody)))
	}
	e := responseError(k.op.Name, resp.StatusCode, resp.Header, data, k.secrets()...)
	e.culprit = k.explain(data)
	e.Skew, k.dated = measure(resp.Header, time.Now())
	if err != nil {
		e.Err = err
	} else if err := checkEncoding(resp.Header); err != nil {
		e.Err = err
	}
	return e
}

// requestID is what the answer says, which may be anything that it was sent.
func (k *call) requestID(h http.Header) string {
	id := requestID(h)
	for _, secret := range k.secrets() {
		if secret != "" && strings.Contains(id, secret) || len(id) > 64 {
			return redact.Text(id, k.secrets()...)
		}
	}
	return id
}

// secrets are the strings of this call that must not come back in an error.
func (k *call) secrets() []string {
	return []string{k.credentials.SecretAccessKey, k.credentials.SessionToken, k.secretKey}
}
