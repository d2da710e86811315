package client

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// The waits of a call, as a TimeoutError names them.
const (
	PhaseConnect    = "connect"
	PhaseFirstEvent = "first event"
	PhaseAnswer     = "answer"
	PhaseIdle       = "idle"
)

// Defaults of Timeouts.
const (
	defaultConnectTimeout    = 10 * time.Second
	defaultFirstEventTimeout = 10 * time.Minute
	defaultAnswerTimeout     = 60 * time.Minute
	defaultIdleTimeout       = 5 * time.Minute
)

// TimeoutError says which of the three waits ended a call. It is ErrTimeout,
// and context.DeadlineExceeded is not in it: the caller's deadline is another
// matter.
type TimeoutError struct {
	Phase  string        // PhaseConnect, PhaseFirstEvent, PhaseAnswer or PhaseIdle
	Limit  time.Duration // the timeout that ran out
	Events int           // what had arrived before: events of a stream
	Bytes  int64         // … and bytes of the body
	Last   time.Duration // since the last byte arrived, or since the request began
}

// Error names the wait, what had arrived and how long ago.
func (e *TimeoutError) Error() string {
	if e.Phase == PhaseConnect {
		return fmt.Sprintf("connect timeout: no connection within %v", e.Limit)
	}
	if e.Bytes == 0 {
		return fmt.Sprintf("%s timeout: nothing arrived within %v", e.Phase, e.Limit)
	}
	return fmt.Sprintf("%s timeout: %d events (%d bytes) had arrived, the last byte %v ago (limit %v)",
		e.Phase, e.Events, e.Bytes, e.Last.Round(time.Millisecond), e.Limit)
}

// Timeout is true, as net.Error has it.
func (e *TimeoutError) Timeout() bool { return true }

// Is makes errors.Is(err, ErrTimeout) true.
func (e *TimeoutError) Is(target error) bool { return target == ErrTimeout }

// dialGrace is how much longer than Timeouts.Connect a dial may live.
const dialGrace = time.Second

// dialWithin ends dials that nobody waits for any more: net/http lets them go
// on when the request that began them is over, for the sake of a next one.
// What follows on the connection before its first request, TLS and a proxy's
// CONNECT, is under a deadline, which gotConn lifts.
func dialWithin(limit time.Duration, dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	if limit <= 0 {
		return dial
	}
	limit += dialGrace // the watchdog's word comes first
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		c, err := dial(ctx, network, address)
		if err == nil {
			err = c.SetDeadline(time.Now().Add(limit))
		}
		return c, err
	}
}

// watchdog cancels an attempt when one of its waits runs out. It is one timer
// and no goroutine.
type watchdog struct {
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer
	alarm time.Time // what the timer is set for; zero: nothing
	phase string    // "": not waiting
	limit time.Duration
	until time.Time
}

// restart is wait, if the clock of that phase runs still.
func (w *watchdog) restart(phase string, limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.phase == phase {
		w.run(phase, limit)
	}
}

// wait starts the clock of a phase; an earlier one ends. No limit, no clock.
func (w *watchdog) wait(phase string, limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run(phase, limit)
}

func (w *watchdog) run(phase string, limit time.Duration) {
	if limit <= 0 {
		w.phase = ""
		return
	}
	w.phase, w.limit, w.until = phase, limit, time.Now().Add(limit)
	switch {
	case w.timer == nil:
		w.timer = time.AfterFunc(limit, w.expire)
	case w.alarm.IsZero() || w.until.Before(w.alarm):
		w.timer.Reset(limit)
	default:
		return // the timer goes off too early, and is set again then
	}
	w.alarm = w.until
}

// rest stops the clock and tells what was left on it; stop does so for good.
func (w *watchdog) rest() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.phase == "" {
		return 0
	}
	w.phase = ""
	return time.Until(w.until)
}

func (w *watchdog) stop() {
	w.mu.Lock()
	w.phase = ""
	if w.timer != nil {
		w.timer.Stop()
	}
	w.mu.Unlock()
}

func (w *watchdog) waiting() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.phase != ""
}

func (w *watchdog) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alarm = time.Time{}
	if w.phase == "" {
		return
	}
	if left := time.Until(w.until); left > 0 { // a later wait came between
		w.timer.Reset(left)
		w.alarm = w.until
		return
	}
	w.cancel(&TimeoutError{Phase: w.phase, Limit: w.limit})
	w.phase = ""
}
