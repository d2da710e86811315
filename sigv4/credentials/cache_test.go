package credentials

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rawbedrock/sigv4"
)

// counter is a provider whose nth credentials are called "n". They live for
// life; each takes a second to get.
type counter struct {
	life time.Duration
	fail atomic.Bool
	n    atomic.Int64
}

var errBroken = errors.New("the source is broken")

func (c *counter) Retrieve(ctx context.Context) (sigv4.Credentials, error) {
	n := c.n.Add(1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return sigv4.Credentials{}, ctx.Err()
	}
	if c.fail.Load() {
		return sigv4.Credentials{}, errBroken
	}
	creds := sigv4.Credentials{AccessKeyID: fmt.Sprint(n), SecretAccessKey: "s"}
	if c.life != 0 {
		creds.Expires = time.Now().Add(c.life)
	}
	return creds, nil
}

// cacheTest is a cache and its source in fake time.
type cacheTest struct {
	*testing.T
	source *counter
	*Cache
}

func inCache(t *testing.T, life time.Duration, test func(cacheTest)) {
	synctest.Test(t, func(t *testing.T) {
		source := &counter{life: life}
		test(cacheTest{t, source, NewCache(source)})
	})
}

// want asks the cache and expects credentials, after so many retrievals: the
// one that asking began in the background counts.
func (t cacheTest) want(id string, retrieved int64) {
	t.Helper()
	got, err := t.Retrieve(t.Context())
	synctest.Wait()
	if err != nil || got.AccessKeyID != id || t.source.n.Load() != retrieved {
		t.Fatalf("%v, %v, %d retrievals; want %s after %d", got, err, t.source.n.Load(), id, retrieved)
	}
}

func (t cacheTest) wantError(target error, retrieved int64) {
	t.Helper()
	if got, err := t.Retrieve(t.Context()); !errors.Is(err, target) || got.HasKeys() || t.source.n.Load() != retrieved {
		t.Fatalf("%v, %v, %d retrievals; want %v after %d", got, err, t.source.n.Load(), target, retrieved)
	}
}

func TestOneRefreshForAll(t *testing.T) {
	inCache(t, time.Hour, func(t cacheTest) {
		t.want("1", 1)
		time.Sleep(2 * time.Hour)
		var group sync.WaitGroup
		for range 1000 {
			group.Go(func() {
				if got, err := t.Retrieve(t.Context()); err != nil || got.AccessKeyID != "2" {
					t.Errorf("%v, %v", got, err)
				}
			})
		}
		group.Wait()
		t.want("2", 2)
	})
}

func TestRefreshAhead(t *testing.T) {
	inCache(t, time.Hour, func(t cacheTest) {
		t.want("1", 1)
		time.Sleep(55*time.Minute - time.Nanosecond)
		t.want("1", 1)
		time.Sleep(time.Nanosecond)
		started := time.Now()
		for range 100 {
			got, err := t.Retrieve(t.Context()) // begins the refresh, once, and does not wait
			if err != nil || got.AccessKeyID != "1" || !time.Now().Equal(started) {
				t.Fatalf("%v, %v after %v", got, err, time.Since(started))
			}
		}
		time.Sleep(2 * time.Second)
		t.want("2", 2)
	})
}

func TestOldCredentialsOutliveAFailedRefresh(t *testing.T) {
	inCache(t, time.Hour, func(t cacheTest) {
		t.want("1", 1)
		t.source.fail.Store(true)
		time.Sleep(55 * time.Minute)
		t.want("1", 2) // begins a refresh, which fails
		time.Sleep(2 * time.Second)
		t.want("1", 2)
		time.Sleep(refreshPace - 2*time.Second)
		t.want("1", 2) // not yet again
		time.Sleep(2 * time.Second)
		t.want("1", 3) // begins another
		time.Sleep(2 * time.Second)
		t.want("1", 3)
		time.Sleep(5 * time.Minute) // expired
		t.wantError(errBroken, 4)
		t.wantError(errBroken, 5) // a failure is not remembered
		t.source.fail.Store(false)
		t.want("6", 6)
	})
}

func TestInvalidate(t *testing.T) {
	inCache(t, 0, func(t cacheTest) {
		t.want("1", 1)
		time.Sleep(1000 * time.Hour)
		t.want("1", 1) // no expiry
		old, _ := t.Retrieve(t.Context())
		t.Invalidate(old)
		t.Invalidate(old)
		t.want("2", 2)
		t.Invalidate(old) // replaced meanwhile
		t.want("2", 2)
		now, _ := t.Retrieve(t.Context())
		t.Invalidate(now)
		t.source.fail.Store(true)
		t.wantError(errBroken, 3) // what AWS refused is not given out again
	})
}

// TestLeavingWaiter: a waiter that gives up neither ends the refresh of the
// others nor leaves one running that nobody wants.
func TestLeavingWaiter(t *testing.T) {
	inCache(t, time.Hour, func(t cacheTest) {
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := t.Retrieve(short); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the one who left: %v", err)
			}
		})
		group.Go(func() {
			synctest.Wait()
			if got, err := t.Retrieve(t.Context()); err != nil || got.AccessKeyID != "1" {
				t.Errorf("the one who stayed: %v, %v", got, err)
			}
		})
		group.Wait()

		time.Sleep(2 * time.Hour)
		alone, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := t.Retrieve(alone); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		t.want("3", 3) // a new refresh, not the cancelled one
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		t.Invalidate(sigv4.Credentials{AccessKeyID: "3", SecretAccessKey: "s"})
		if _, err := t.Retrieve(gone); !errors.Is(err, context.Canceled) || t.source.n.Load() != 3 {
			t.Errorf("an ended context: %v, %d retrievals", err, t.source.n.Load())
		}
	})
}

// TestShortLived: credentials that always have less than five minutes left are
// renewed at the pace of one a minute, not at each call.
func TestShortLived(t *testing.T) {
	inCache(t, 4*time.Minute, func(t cacheTest) {
		t.want("1", 1)
		for range 59 {
			time.Sleep(time.Second)
			t.want("1", 1)
		}
		time.Sleep(time.Second)
		t.want("1", 2) // begins a refresh
		time.Sleep(2 * time.Second)
		t.want("2", 2)
	})
}

func TestUnusableResults(t *testing.T) {
	past := time.Now().Add(-time.Hour)
	for name, bad := range map[string]sigv4.Credentials{
		"expired":   {AccessKeyID: "A", SecretAccessKey: canary, Expires: past},
		"no secret": {AccessKeyID: "A"},
		"nothing":   {},
	} {
		got, err := NewCache(bad).Retrieve(t.Context())
		if err == nil || got.HasKeys() {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// TestProviderThatExits: a provider that ends its goroutine must not leave the
// callers waiting.
func TestProviderThatExits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache(providerFunc(func(context.Context) (sigv4.Credentials, error) {
			runtime.Goexit()
			return sigv4.Credentials{}, nil
		}))
		if _, err := c.Retrieve(t.Context()); err == nil {
			t.Error("no error")
		}
	})
}
