package sigv4

import (
	"bytes"
	"net/http"
	"testing"
	"time"
)

// bench is a Converse request of 1 KB with the headers that a client sends.
func bench(tb testing.TB) (*http.Request, []byte) {
	tb.Helper()
	body := bytes.Repeat([]byte("0123456789abcdef"), 64)
	req, err := http.NewRequest("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse", bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "bench")
	return req, body
}

// A signature with its key in the cache, body hash included, and a presigned
// URL must not start to allocate more than this.
func TestAllocations(t *testing.T) {
	s := signer
	s.Keys = new(KeyCache)
	req, body := bench(t)
	for _, c := range []struct {
		name string
		max  float64
		run  func() error
	}{
		{"sign", 4, func() error { _, err := s.Sign(req, HashPayload(body), example, at); return err }},
		{"presign", 6, func() error { _, _, err := s.Presign(req, EmptyPayloadHash, time.Hour, example, at); return err }},
	} {
		got := testing.AllocsPerRun(100, func() {
			if err := c.run(); err != nil {
				t.Fatal(err)
			}
		})
		if got > c.max {
			t.Errorf("%s: %v allocations, want at most %v", c.name, got, c.max)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	s := signer
	s.Keys = new(KeyCache)
	benchmarkSign(b, s)
}

func BenchmarkSignColdKey(b *testing.B) { benchmarkSign(b, signer) }

func benchmarkSign(b *testing.B, s Signer) {
	req, body := bench(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Sign(req, HashPayload(body), example, at); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPresign(b *testing.B) {
	s := signer
	s.Keys = new(KeyCache)
	req, _ := bench(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Presign(req, EmptyPayloadHash, time.Hour, example, at); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	s := signer
	s.Keys = new(KeyCache)
	req, body := bench(b)
	if _, err := s.Sign(req, HashPayload(body), example, at); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Verify(req, HashPayload(body), lookup, at); err != nil {
			b.Fatal(err)
		}
	}
}
