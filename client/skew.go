package client

import (
	"net/http"
	"sync"
	"time"
)

// skewThreshold is how far clocks may differ before the SDKs correct theirs;
// AWS refuses a signature at 5 minutes.
const skewThreshold = 4 * time.Minute

// maxSkewRoundTrip is how old an answer may be for its Date to tell the time.
const maxSkewRoundTrip = 15 * time.Minute

// skew is what a client has learned about its clock: the service's time minus
// its own.
type skew struct {
	off    bool // AWS_DISABLE_CLOCK_SKEW_CORRECTION
	mu     sync.Mutex
	offset time.Duration // added to the time of a signature
}

func (s *skew) get() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offset
}

// measure reads the offset from an answer's Date. An answer from a cache
// (Age) tells nothing.
func measure(h http.Header, now time.Time) (time.Duration, bool) {
	if h.Get("Age") != "" {
		return 0, false
	}
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0, false
	}
	return date.Sub(now), true
}

// observe forgets the correction once the clock has healed.
func (s *skew) observe(h http.Header, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.offset == 0 {
		return
	}
	if d, ok := measure(h, now); ok && d.Abs() <= skewThreshold {
		s.offset = 0
	}
}

// correctClock takes over the service's time, once a call, when that explains
// the refusal.
func (k *call) correctClock(e *Error) bool {
	s := &k.client.skew
	if s.off || !k.dated || k.corrected || k.credentials.AccessKeyID == "" || time.Since(k.attempt.start) > maxSkewRoundTrip {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if (e.Skew - k.offset).Abs() <= skewThreshold {
		return false
	}
	k.corrected, k.wait = true, 0
	s.offset = e.Skew
	return true
}
