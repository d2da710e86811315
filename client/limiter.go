package client

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/tidwall/gjson"
)

// limiter holds calls back: so many at once, so many requests and tokens a
// minute. What is zero does not limit.
type limiter struct {
	slots            chan struct{}
	requests, tokens *bucket
}

func newLimiter(concurrency, requestsPerMinute, tokensPerMinute int) limiter {
	l := limiter{requests: newBucket(requestsPerMinute), tokens: newBucket(tokensPerMinute)}
	if concurrency > 0 {
		l.slots = make(chan struct{}, concurrency)
	}
	return l
}

// admit waits for a call's turn. Its place is given back by k.release.
func (c *Client) admit(k *call, body []byte) error {
	l := &c.limiter
	if l.slots != nil {
		select {
		case l.slots <- struct{}{}:
			k.release = sync.OnceFunc(func() { <-l.slots })
		case <-k.Done():
			return ended(k)
		}
	}
	if err := l.requests.take(k, 1); err != nil {
		return err
	}
	if l.tokens == nil {
		return nil
	}
	err := l.tokens.take(k, reservedTokens(body))
	if err != nil {
		l.requests.give(1)
	}
	return err
}

// reservedTokens estimates what Bedrock takes from the tokens-a-minute quota
// when a request begins: its input, at four bytes a token, and the most it may
// answer (Bedrock user guide, "Quotas": token burndown).
func reservedTokens(body []byte) int {
	n := len(body) / 4
	for _, r := range gjson.GetManyBytes(body, "inferenceConfig.maxTokens", "max_tokens", "max_completion_tokens", "textGenerationConfig.maxTokenCount", "max_gen_len") {
		n += int(max(0, min(r.Int(), math.MaxInt32)))
	}
	return n
}

// bucket is a token bucket: a minute's worth at most, refilled evenly.
type bucket struct {
	mu            sync.Mutex
	capacity      float64
	level         float64 // negative: promised to those who wait
	last          time.Time
	ratePerSecond float64
}

func newBucket(perMinute int) *bucket {
	if perMinute <= 0 {
		return nil
	}
	return &bucket{capacity: float64(perMinute), level: float64(perMinute), last: time.Now(), ratePerSecond: float64(perMinute) / 60}
}

// take waits until n are there. More than a bucket holds is taken as a full
// one. A caller who leaves gives back what was promised.
func (b *bucket) take(ctx context.Context, n int) error {
	if b == nil {
		return nil
	}
	want := min(float64(n), b.capacity)
	b.mu.Lock()
	now := time.Now()
	b.level = min(b.level+now.Sub(b.last).Seconds()*b.ratePerSecond, b.capacity)
	b.last = now
	b.level -= want
	wait := time.Duration(-b.level / b.ratePerSecond * float64(time.Second))
	b.mu.Unlock()
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		b.give(want)
		return ended(ctx)
	}
}

// give gives back what was taken for a request that is not sent.
func (b *bucket) give(n float64) {
	if b == nil {
		return
	}
	b.mu.Lock()
	b.level += n
	b.mu.Unlock()
}
