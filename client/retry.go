package client

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"rawbedrock/sigv4"
)

// The constants of the AWS SDKs' standard mode, as of 2026 (AWS SDKs and Tools
// Reference Guide, "Retry behavior").
const (
	defaultMaxAttempts = 3
	maxMaxAttempts     = 100
	transientDelay     = 50 * time.Millisecond // scale of the first wait
	throttleDelay      = time.Second
	maxDelay           = 20 * time.Second
	retryAfterWindow   = 5 * time.Second // how far x-amz-retry-after may exceed the computed wait
	budgetCapacity     = 500
	costTransient      = 14
	costThrottle       = 5
	costSuccess        = 1 // given back by an answer at the first attempt
)

// retryMode checks AWS_RETRY_MODE. Legacy, boto3's old default, gets the
// standard rules too; adaptive is not built and is not silently replaced.
func retryMode(mode, source string) error {
	switch strings.ToLower(mode) {
	case "", "standard", "legacy":
		return nil
	case "adaptive":
		return fmt.Errorf("retry mode %q (%s) is not supported: use standard, and WithRateLimit to spread calls", mode, source)
	}
	return fmt.Errorf("retry mode %q (%s) is none of standard, legacy, adaptive", mode, source)
}

// maxAttempts reads AWS_MAX_ATTEMPTS, which counts the first attempt too.
func maxAttempts(value, source string) (int, error) {
	if value == "" {
		return defaultMaxAttempts, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > maxMaxAttempts {
		return 0, fmt.Errorf("max attempts %q (%s) is not a number from 1 to %d", value, source, maxMaxAttempts)
	}
	return n, nil
}

// budget is the retry quota that all calls of a client share, so that an
// outage is not multiplied.
type budget struct {
	mu   sync.Mutex
	left int
}

func (b *budget) take(cost int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < cost {
		return false
	}
	b.left -= cost
	return true
}

// succeed refunds the newest retry, or adds a little when there was none.
func (b *budget) succeed(cost int) {
	if cost == 0 {
		cost = costSuccess
	}
	b.mu.Lock()
	b.left = min(b.left+cost, budgetCapacity)
	b.mu.Unlock()
}

// retry decides whether a failure is tried again, takes what that costs from
// the budget, and sets the wait.
func (k *call) retry(resp *http.Response) bool {
	e := k.last
	if k.Err() != nil {
		return false
	}
	cost, scale := costTransient, transientDelay
	switch classify(e) {
	case kindThrottle:
		cost, scale = costThrottle, throttleDelay
	case kindTransient:
		if e.Status == 0 && k.attempt.begun.Load() { // an answer had begun to come
			return false
		}
	case kindTimeout:
		if !k.unpaid(e) {
			return false
		}
	case kindExpired:
		return k.refresh()
	case kindSkew:
		return k.correctClock(e)
	default:
		return false
	}
	wait := delay(scale, len(k.attempts)-1, rand.Float64())
	if resp != nil {
		wait = retryAfter(resp.Header, wait)
	}
	if deadline, ok := k.Deadline(); ok && time.Until(deadline) < wait {
		return false // the caller would be gone before the next attempt
	}
	if !k.client.budget.take(cost) {
		e.Err = errors.Join(e.Err, errRetryBudget)
		return false
	}
	k.wait, k.cost = wait, cost
	return true
}

var errRetryBudget = errors.New("not tried again: the retry budget of this client is used up")

// unpaid tells whether a timeout of ours can be tried again without being
// billed twice: Bedrock cannot be at work on a request that was not sent whole.
// A transport that does not tell about its connection may have sent it.
func (k *call) unpaid(e *Error) bool {
	t, ok := errors.AsType[*TimeoutError](e.Err)
	return k.client.retry.AfterTimeout || ok && t.Phase == PhaseConnect ||
		k.attempt.connected.Load() && !k.attempt.written.Load() && !k.attempt.begun.Load()
}

// delay is full jitter: rand * min(scale * 2^retry, 20 s).
func delay(scale time.Duration, retry int, random float64) time.Duration {
	ceiling := maxDelay
	if retry < 20 {
		ceiling = min(scale<<retry, maxDelay)
	}
	return time.Duration(random * float64(ceiling))
}

// retryAfter lets the service lengthen a wait: x-amz-retry-after in
// milliseconds, by at most 5 s as in the SDKs; the standard Retry-After (RFC
// 9110) up to 20 s.
func retryAfter(h http.Header, wait time.Duration) time.Duration {
	if d, ok := wholeNumber(h.Get("X-Amz-Retry-After"), time.Millisecond); ok {
		return min(max(d, wait), wait+retryAfterWindow)
	}
	return max(wait, min(waitAsked(h), maxDelay))
}

// waitAsked is what an answer asks its caller to wait, an hour at most.
func waitAsked(h http.Header) time.Duration {
	if d, ok := wholeNumber(h.Get("X-Amz-Retry-After"), time.Millisecond); ok {
		return d
	}
	value := h.Get("Retry-After")
	if t, err := http.ParseTime(value); err == nil {
		return min(max(0, time.Until(t)), time.Hour)
	}
	d, _ := wholeNumber(value, time.Second)
	return d
}

// wholeNumber reads a header that counts units, an hour's worth at most.
func wholeNumber(s string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil // n is the largest
	}
	return time.Duration(min(n, uint64(time.Hour/unit))) * unit, err == nil
}

// invalidator is a credentials cache that can be told to forget.
type invalidator interface {
	Invalidate(sigv4.Credentials)
}

// refresh fetches new credentials, once a call, when Bedrock says that these
// have expired.
func (k *call) refresh() bool {
	cache, ok := k.client.provider.(invalidator)
	if !ok || k.refreshed || k.credentials.AccessKeyID == "" {
		return false
	}
	k.refreshed, k.wait = true, 0
	cache.Invalidate(k.credentials)
	return true
}
