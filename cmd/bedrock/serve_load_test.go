package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rawbedrock/client/bedrocktest"
)

// settled waits, generously, until there are no more than so many goroutines.
func settled(t testing.TB, most int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > most; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, at most %d were to be left:\n%s", runtime.NumGoroutine(), most, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// Nothing is left of a thousand streams whose clients left in the middle.
func TestServeAbortedStreams(t *testing.T) {
	g := newGate(3)
	done := make(chan struct{}, 2000)
	s := serving(t, &bedrocktest.Server{OnPart: g.onPart, OnDone: func(bedrocktest.Request, bedrocktest.Outcome) { done <- struct{}{} }}, nil)
	s.http.Transport.(*http.Transport).DisableKeepAlives = true
	before := runtime.NumGoroutine()
	var all sync.WaitGroup
	left := make(chan int, 1000)
	for i := range 1000 {
		left <- i
	}
	close(left)
	for range 50 {
		all.Go(func() {
			for i := range left {
				path, accept := "/prompt/streamed", "*/*"
				if i%2 == 1 {
					accept = formEvents
				}
				ctx, cancel := context.WithCancel(t.Context())
				resp, err := s.http.Do(s.request(ctx, "POST", path, `{"prompt":"Hello"}`, "Accept", accept))
				if err != nil {
					t.Error(err)
				} else if _, err := io.ReadFull(resp.Body, make([]byte, 1)); err != nil {
					t.Error(err)
				}
				cancel()
				if resp != nil {
					resp.Body.Close()
				}
			}
		})
	}
	all.Wait()
	for range 1000 {
		await(t, done)
	}
	settled(t, before+10) // what listens may not have started when they were counted
	if a := s.do("GET", "/healthz", ""); a.status != 200 {
		t.Errorf("%+v", a)
	}
}

// A thousand prompts at once, all under way at the same time, are all answered
// in full.
func TestServeManyStreams(t *testing.T) {
	const n = 1000
	g := newGate(3)
	s := serving(t, &bedrocktest.Server{OnPart: g.onPart, Reply: func(_, prompt string) string { return "You said " + prompt }}, nil)
	var all sync.WaitGroup
	var whole atomic.Int64
	for range n {
		all.Go(func() {
			if a := s.ask("/prompt/streamed", "Hello world!", "Accept", formEvents); a.status == 200 && a.err == nil {
				if text, last := a.text(t); text == "You said Hello world!" && last.name == "done" {
					whole.Add(1)
				}
			}
		})
	}
	for range n {
		<-g.reached
	}
	close(g.open)
	all.Wait()
	if whole.Load() != n {
		t.Errorf("%d of %d are whole", whole.Load(), n)
	}
}

// More calls than allowed at once are refused for now, and the place of one
// that ended is free again.
func TestServeLimit(t *testing.T) {
	g := newGate(3)
	s := serving(t, &bedrocktest.Server{OnPart: g.onPart}, nil, "--max-streams", "2")
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if a := s.ask("/prompt/streamed", "Hello"); a.status != 200 || a.err != nil {
				t.Errorf("%+v", a)
			}
		})
		<-g.reached
	}
	for _, path := range []string{"/prompt", "/prompt/streamed"} {
		a := s.ask(path, "Hello")
		if code, _, _ := a.problem(t); a.status != 503 || a.header.Get("Retry-After") != "1" || code != "busy" {
			t.Errorf("%s: %+v", path, a)
		}
	}
	if a := s.do("GET", "/healthz", ""); a.status != 200 {
		t.Errorf("%+v", a)
	}
	close(g.open)
	all.Wait()
	if a := s.ask("/prompt", "Hello"); a.status != 200 {
		t.Errorf("%+v", a)
	}
}

// On a signal, nobody new is let in and what is under way finishes.
func TestServeDrain(t *testing.T) {
	g := newGate(3)
	s := serving(t, &bedrocktest.Server{OnPart: g.onPart}, nil)
	answer := make(chan reply)
	go func() { answer <- s.ask("/prompt/streamed", "Hello", "Accept", formEvents) }()
	<-g.reached
	ended := make(chan int)
	go func() {
		code, _ := s.stop()
		ended <- code
	}()
	s.log.await(t, "shutting down")
	for {
		if a := (&service{t: t, url: s.url, http: httpClient(t)}).do("GET", "/healthz", ""); a.err != nil {
			break // it has stopped listening
		}
	}
	close(g.open)
	if a := <-answer; a.status != 200 || a.err != nil || !strings.Contains(a.body, "event: done") {
		t.Errorf("%+v", a)
	}
	if code := <-ended; code != 0 {
		t.Errorf("exit %d", code)
	}
}

// What outlasts the drain is broken off and told so.
func TestServeDrainEnds(t *testing.T) {
	up := newFaulty(t, "silence; at=3")
	s := servingAt(t, up.url, nil, "--drain", "10ms")
	answer := make(chan reply)
	go func() { answer <- s.ask("/prompt/streamed", "Hello", "Accept", formEvents) }()
	await(t, up.begun)
	code, log := s.stop()
	a := <-answer
	if a.status == 200 { // its first text came before the end
		if _, last := a.text(t); last.name != "error" || !strings.Contains(last.data, "shutting_down") {
			t.Errorf("%+v", a)
		}
	} else if a.status != 503 {
		t.Errorf("%+v", a)
	}
	if code != 0 || !strings.Contains(log, "broken off") {
		t.Errorf("exit %d: %s", code, log)
	}
	await(t, up.gone)
}

// The process ends well on SIGTERM, after an answer.
func TestServeSignal(t *testing.T) {
	for _, command := range []string{"serve", "proxy"} {
		cmd := process(t, nil, command, "--mock", "--addr", "127.0.0.1:0")
		var stderr logBuffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(stdout).ReadString('\n')
		if err != nil {
			t.Fatalf("%v: %s", err, &stderr)
		}
		s := &service{t: t, url: strings.TrimSpace(line), http: httpClient(t)}
		if a := s.do("POST", conversePath, converseBody); a.status != 200 {
			t.Errorf("%s: %+v", command, a)
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil || !strings.Contains(stderr.String(), "shutting down") {
			t.Errorf("%s: %v: %s", command, err, &stderr)
		}
	}
}
