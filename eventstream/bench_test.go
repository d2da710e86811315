package eventstream

import (
	"bytes"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"
)

// frame150 is a typical message: three string headers, 150 bytes in all.
var frame150 = mustAppend(Message{
	Headers: Headers{
		{":event-type", String("contentDelta")},
		{":content-type", String("application/json")},
		{":message-type", String("event")},
	},
	Payload: []byte(`{"index":0,"delta":"hello","p":"abcdefghijklmnopqrs"}`),
})

var frame1M = mustAppend(Message{
	Headers: Headers{{":event-type", String("contentDelta")}},
	Payload: []byte(strings.Repeat("0123456789abcdef", 1<<16)),
})

func mustAppend(m Message) []byte {
	b, err := Append(nil, m)
	if err != nil {
		panic(err)
	}
	return b
}

func BenchmarkDecode(b *testing.B) {
	poison = false
	defer func() { poison = true }()
	for _, bb := range []struct {
		name   string
		stream []byte
		n      int
	}{
		{"150B", bytes.Repeat(frame150, 10_000), 10_000},
		{"1MiB", bytes.Repeat(frame1M, 4), 4},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := bytes.NewReader(bb.stream)
			d := NewDecoder(r)
			b.ReportAllocs()
			b.SetBytes(int64(len(bb.stream)))
			for b.Loop() {
				r.Reset(bb.stream)
				d.Reset(r)
				n := 0
				for _, err := range d.All() {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != bb.n {
					b.Fatalf("%d messages, want %d", n, bb.n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bb.n), "ns/message")
		})
	}
}

// BenchmarkFloor is the least a decoder must do: copy the bytes out of the
// reader and sum them, with the frames' lengths known beforehand.
func BenchmarkFloor(b *testing.B) {
	for _, bb := range []struct {
		name  string
		frame []byte
		n     int
	}{
		{"150B", frame150, 10_000},
		{"1MiB", frame1M, 4},
	} {
		b.Run(bb.name, func(b *testing.B) {
			stream := bytes.Repeat(bb.frame, bb.n)
			r := bytes.NewReader(stream)
			buf := make([]byte, len(bb.frame))
			b.ReportAllocs()
			b.SetBytes(int64(len(stream)))
			for b.Loop() {
				r.Reset(stream)
				for range bb.n {
					var sum uint32
					for p := range slices.Chunk(buf, block) {
						if _, err := io.ReadFull(r, p); err != nil {
							b.Fatal(err)
						}
						sum = crc32.Update(sum, crc32.IEEETable, p)
					}
					if sum == 0 {
						b.Fatal("no sum")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bb.n), "ns/message")
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, bb := range []struct {
		name  string
		frame []byte
	}{{"150B", frame150}, {"1MiB", frame1M}} {
		b.Run(bb.name, func(b *testing.B) {
			m, err := NewDecoder(bytes.NewReader(bb.frame)).Decode()
			if err != nil {
				b.Fatal(err)
			}
			dst := make([]byte, 0, len(bb.frame))
			b.ReportAllocs()
			b.SetBytes(int64(len(bb.frame)))
			for b.Loop() {
				if dst, err = Append(dst[:0], m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
