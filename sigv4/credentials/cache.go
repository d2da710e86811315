package credentials

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"rawbedrock/sigv4"
)

const (
	// refreshAhead is how long before they expire credentials are renewed in
	// the background.
	refreshAhead = 5 * time.Minute
	// refreshPace is the shortest time between two background refreshes.
	refreshPace = time.Minute
	// maxRefresh ends a refresh that its source does not bound itself.
	maxRefresh = 5 * time.Minute
)

// Cache keeps the credentials of a Provider while they are valid and is safe
// for many goroutines. One refresh serves all who ask. Five minutes before
// the credentials expire they are renewed in the background while the old
// ones are still given out; when that fails it is tried again after a minute
// at the earliest. A refresh that fails is not remembered: the next Retrieve
// without valid credentials tries again.
type Cache struct {
	provider sigv4.Provider

	mu      sync.Mutex
	current sigv4.Credentials
	valid   bool      // current was retrieved and has not been invalidated
	ahead   time.Time // when a background refresh may start; zero: never
	flight  *flight   // the refresh under way, if any
}

// flight is one refresh and those who wait for it.
type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiters int
	keep    bool // goes on when nobody waits for it: a background refresh
	creds   sigv4.Credentials
	err     error
}

// NewCache caches what p retrieves. Credentials without an expiry are kept
// until Invalidate.
func NewCache(p sigv4.Provider) *Cache { return &Cache{provider: p} }

// Retrieve gives the cached credentials, or waits for one refresh. A caller
// whose ctx ends stops waiting; the refresh goes on for the others, and is
// cancelled when nobody is left.
func (c *Cache) Retrieve(ctx context.Context) (sigv4.Credentials, error) {
	c.mu.Lock()
	now := time.Now()
	if c.valid && !c.current.ExpiredAt(now) {
		defer c.mu.Unlock()
		if c.flight == nil && !c.ahead.IsZero() && !now.Before(c.ahead) {
			c.start(ctx).keep = true
		}
		return c.current, nil
	}
	if err := ctx.Err(); err != nil {
		c.mu.Unlock()
		return sigv4.Credentials{}, context.Cause(ctx)
	}
	f := c.flight
	if f == nil {
		f = c.start(ctx)
	}
	f.waiters++
	c.mu.Unlock()

	select {
	case <-f.done:
		return f.creds, f.err
	case <-ctx.Done():
		c.leave(f)
		return sigv4.Credentials{}, context.Cause(ctx)
	}
}

// Invalidate drops the cached credentials when they are still bad, so that
// the next Retrieve waits for a refresh: for keys that AWS answered with
// ExpiredToken. It does nothing when they have been replaced meanwhile.
func (c *Cache) Invalidate(bad sigv4.Credentials) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if sameKeys(c.current, bad) {
		c.valid = false
	}
}

// start begins a refresh; c.mu is held.
func (c *Cache) start(ctx context.Context) *flight {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxRefresh)
	f := &flight{done: make(chan struct{}), cancel: cancel, err: errors.New("credentials: the provider did not return")}
	c.flight = f
	go func() {
		defer c.land(f) // also when the provider panics or exits the goroutine
		creds, err := c.provider.Retrieve(ctx)
		f.creds, f.err = usable(creds, err, time.Now())
	}()
	return f
}

// land records what a refresh brought and wakes those who wait.
func (c *Cache) land(f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.cancel()
	close(f.done)
	if c.flight != f {
		return // abandoned, and another may be under way
	}
	c.flight = nil
	now := time.Now()
	if f.err != nil {
		c.ahead = now.Add(refreshPace)
		return
	}
	c.current, c.valid, c.ahead = f.creds, true, time.Time{}
	if e := f.creds.Expires; !e.IsZero() {
		c.ahead = e.Add(-refreshAhead)
		if soonest := now.Add(refreshPace); c.ahead.Before(soonest) {
			c.ahead = soonest
		}
	}
}

// leave takes one waiter away and cancels a refresh that nobody wants.
func (c *Cache) leave(f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.waiters--
	if f.waiters == 0 && !f.keep {
		f.cancel()
		if c.flight == f {
			c.flight = nil
		}
	}
}

// usable refuses what a provider must not return without an error.
func usable(c sigv4.Credentials, err error, now time.Time) (sigv4.Credentials, error) {
	switch {
	case err != nil:
		return sigv4.Credentials{}, err
	case !c.HasKeys():
		return sigv4.Credentials{}, fmt.Errorf("credentials: %s: the key pair is not complete", c.Source)
	case c.ExpiredAt(now):
		return sigv4.Credentials{}, &Error{Source: c.Source, Reason: "the credentials it gave expired at " + c.Expires.UTC().Format(time.RFC3339)}
	}
	return c, nil
}

func sameKeys(a, b sigv4.Credentials) bool {
	return a.AccessKeyID == b.AccessKeyID && a.SecretAccessKey == b.SecretAccessKey && a.SessionToken == b.SessionToken
}
