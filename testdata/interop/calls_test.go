package interop

import (
	"encoding/json"
	"net/http"
	"testing"

	"rawbedrock/client"
)

// Calls without a network: what a client costs by itself.

// each runs a benchmark for every peer.
func each(b *testing.B, url string, rt func() http.RoundTripper, model string, size int, f func(b *testing.B, p peer)) {
	for _, c := range peers {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			f(b, c.dial(url, rt(), model, size))
		})
	}
}

func inMemory(b *testing.B, size int, f func(b *testing.B, p peer)) {
	wire := repliesOf(size)
	each(b, "http://127.0.0.1", func() http.RoundTripper { return wire }, model, size, f)
}

func benchmarkConverse(b *testing.B, size int) {
	inMemory(b, size, func(b *testing.B, p peer) {
		for b.Loop() {
			if n, err := p.whole(b.Context()); err != nil || n != size {
				b.Fatal(n, err)
			}
		}
	})
}

func BenchmarkConverse1KB(b *testing.B)   { benchmarkConverse(b, 1000) }
func BenchmarkConverse100KB(b *testing.B) { benchmarkConverse(b, 100_000) }

func BenchmarkStreamEvent(b *testing.B) {
	inMemory(b, 100, func(b *testing.B, p peer) {
		for b.Loop() {
			if n, err := p.stream(b.Context()); err != nil || n != deltas*len(" words") {
				b.Fatal(n, err)
			}
		}
	})
}

// The text of a delta's payload.
func BenchmarkDeltaText(b *testing.B) {
	payload := []byte(delta)
	b.Run("rawbedrock", func(b *testing.B) {
		b.ReportAllocs()
		ev := client.Event{Payload: payload}
		for b.Loop() {
			if ev.Get("delta.text").Str != " words" {
				b.Fatal()
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var ev struct {
				Delta struct {
					Text string `json:"text"`
				} `json:"delta"`
			}
			if err := json.Unmarshal(payload, &ev); err != nil || ev.Delta.Text != " words" {
				b.Fatal(err)
			}
		}
	})
}
