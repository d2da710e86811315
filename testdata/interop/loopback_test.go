package interop

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The server of the loopback benchmarks is a process of its own, so that what
// the benchmarks count is the client's alone.
func TestMain(m *testing.M) {
	if os.Getenv("INTEROP_SERVER") != "" {
		serve()
		return
	}
	os.Exit(m.Run())
}

// toTheEnd is a model whose streams end; those of others stop after the first
// event until the client goes away.
const toTheEnd = "whole." + model

func serve() {
	all := repliesOf(1000)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a := all.to(r.URL.Path, body)
		w.Header().Set("Content-Type", a.contentType)
		switch flush := w.(http.Flusher).Flush; {
		case a.first == 0:
			w.Write(a.body)
		case strings.Contains(r.URL.Path+string(body), toTheEnd):
			w.Write(a.body)
		default:
			w.Write(a.body[:a.first])
			flush()
			<-r.Context().Done()
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, handler)
	fmt.Printf("http://%s\n", l.Addr())
	io.Copy(io.Discard, os.Stdin) // until the parent goes
}

// server starts the other process and returns its address.
func server(tb testing.TB) string {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "INTEROP_SERVER=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { in.Close(); cmd.Wait() })
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(url)
}

// tuned is one transport for all, as a server program would set it.
func tuned() http.RoundTripper {
	return &http.Transport{MaxIdleConnsPerHost: 512, MaxIdleConns: 512}
}

// byDefault is each client's own.
func byDefault() http.RoundTripper { return nil }

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// atOnce calls f from 256 goroutines and reports the CPU time a call, once the
// connections are there.
func atOnce(b *testing.B, f func(context.Context) (int, error)) {
	var first sync.WaitGroup
	for range 256 {
		first.Go(func() {
			if _, err := f(b.Context()); err != nil {
				b.Error(err)
			}
		})
	}
	first.Wait()
	b.ResetTimer()
	b.SetParallelism(256 / runtime.GOMAXPROCS(0))
	start := cpu()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := f(b.Context()); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64((cpu()-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// 256 callers on one tuned transport for each client.
func BenchmarkLoopback256(b *testing.B) {
	each(b, server(b), tuned, model, 1000, func(b *testing.B, p peer) { atOnce(b, p.whole) })
}

// 256 callers, each client as it comes.
func BenchmarkLoopback256Default(b *testing.B) {
	each(b, server(b), byDefault, model, 1000, func(b *testing.B, p peer) { atOnce(b, p.whole) })
}

// From the call to the first event of a stream.
func BenchmarkFirstEvent(b *testing.B) {
	each(b, server(b), tuned, model, 100, func(b *testing.B, p peer) {
		for b.Loop() {
			end, err := p.open(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			end()
		}
	})
}

// A whole stream: the CPU time of an event.
func BenchmarkStreamLoopback(b *testing.B) {
	each(b, server(b), tuned, toTheEnd, 100, func(b *testing.B, p peer) {
		start := cpu()
		for b.Loop() {
			patiently(b, func() error {
				n, err := p.stream(b.Context())
				if err == nil && n != deltas*len(" words") {
					err = fmt.Errorf("%d bytes of text", n)
				}
				return err
			})
		}
		b.ReportMetric(float64((cpu()-start).Nanoseconds())/float64(b.N)/deltas, "cpu-ns/event")
	})
}

// benchmarkOpen opens n streams, waits for the first event of each, and reports
// what they hold.
func benchmarkOpen(b *testing.B, n int) {
	each(b, server(b), tuned, model, 10, func(b *testing.B, p peer) {
		for b.Loop() {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			goroutines := runtime.NumGoroutine()
			ends := make([]func(), n)
			var wg sync.WaitGroup
			slots := make(chan struct{}, 64)
			for i := range n {
				wg.Go(func() {
					slots <- struct{}{}
					defer func() { <-slots }()
					var err error
					if ends[i], err = p.open(b.Context()); err != nil {
						b.Error(err)
					}
				})
			}
			wg.Wait()
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse)/float64(n), "B/stream")
			b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/float64(n), "goroutines/stream")
			for _, end := range ends {
				if end != nil {
					end()
				}
			}
		}
	})
}

func BenchmarkOpenStreams1000(b *testing.B) { benchmarkOpen(b, 1000) }
func BenchmarkOpenStreams5000(b *testing.B) { benchmarkOpen(b, 5000) }
