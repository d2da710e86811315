package main

import (
	"io"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"rawbedrock/client/bedrocktest"
)

// BenchmarkServeHeld holds a thousand streams open behind the service, and as
// many directly at the upstream. The difference is what the service itself
// needs for a stream: memory in use, after a collection, and goroutines.
func BenchmarkServeHeld(b *testing.B) {
	const n = 1000
	g := newGate(3)
	up := &bedrocktest.Server{OnPart: g.onPart}
	local, err := up.Start("")
	if err != nil {
		b.Fatal(err)
	}
	defer local.Close()
	behind := servingAt(b, local.URL, nil)
	direct := &service{t: b, url: local.URL, http: httpClient(b)}
	for b.Loop() {
		memory, goroutines := held(b, n, g, func() (*http.Response, error) {
			return behind.http.Do(behind.request(b.Context(), "POST", "/prompt/streamed", `{"prompt":"Hello"}`))
		})
		itsMemory, itsGoroutines := held(b, n, g, func() (*http.Response, error) {
			return direct.http.Do(direct.request(b.Context(), "POST", conversePath+"-stream", converseBody, "Authorization", "Bearer "+bedrocktest.APIKey))
		})
		b.ReportMetric((memory-itsMemory)/n, "B/stream")
		b.ReportMetric((goroutines-itsGoroutines)/n, "goroutines/stream")
	}
}

// held opens n streams at once, measures, and lets go of them.
func held(b *testing.B, n int, g *gate, open func() (*http.Response, error)) (memory, goroutines float64) {
	before, running := inUse(), runtime.NumGoroutine()
	bodies := make(chan io.ReadCloser, n)
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			resp, err := open()
			if err != nil {
				b.Error(err)
				return
			}
			io.ReadFull(resp.Body, make([]byte, 1))
			bodies <- resp.Body
		})
	}
	for range n {
		<-g.reached
	}
	all.Wait()
	memory, goroutines = inUse()-before, float64(runtime.NumGoroutine()-running)
	close(bodies)
	for body := range bodies {
		body.Close()
	}
	settled(b, running+20)
	return memory, goroutines
}

// inUse is what heap and stacks hold.
func inUse() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

// BenchmarkServeStreamed is one streamed prompt after the other, the local
// Bedrock's work included.
func BenchmarkServeStreamed(b *testing.B) {
	s := serving(b, &bedrocktest.Server{}, nil)
	b.ReportAllocs()
	for b.Loop() {
		if a := s.ask("/prompt/streamed", "Hello"); a.status != 200 || a.err != nil {
			b.Fatalf("%+v", a)
		}
	}
}
