package eventstream

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"runtime"
	"testing"
)

// TestLyingLengthCostsNoMemory announces 24 MiB and sends little.
func TestLyingLengthCostsNoMemory(t *testing.T) {
	lie := seal(MaxPayload+16, 0, nil)[:12]
	for _, tt := range []struct{ sent, max int }{{12, 8 << 10}, {100_000, 600_000}} {
		stream := append(bytes.Clone(lie), make([]byte, tt.sent-12)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := NewDecoder(bytes.NewReader(stream)).Decode()
		runtime.ReadMemStats(&after)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("error %v", err)
		}
		if cost := after.TotalAlloc - before.TotalAlloc; cost > uint64(tt.max) {
			t.Errorf("%d bytes sent: %d allocated, want at most %d", tt.sent, cost, tt.max)
		}
	}
}

// TestMessageIsValidUntilNextDecode shows that this package's tests would see
// the use of a message that is no longer valid, and that Clone keeps one.
func TestMessageIsValidUntilNextDecode(t *testing.T) {
	one := mustAppend(allKinds)
	d := NewDecoder(bytes.NewReader(append(bytes.Clone(one), one...)))
	m, err := d.Decode()
	if err != nil {
		t.Fatal(err)
	}
	kept := m.Clone()
	m.Headers[0].Name = "changed" // by a caller: the next message does not see it
	next, err := d.Decode()
	if err != nil || !reflect.DeepEqual(next, allKinds) {
		t.Fatalf("%+v, %v", next, err)
	}
	if !reflect.DeepEqual(kept, allKinds) {
		t.Errorf("the clone changed: %+v", kept)
	}
	d.Decode()
	if bytes.Equal(m.Payload, allKinds.Payload) || next.Headers[0].Name == "true" {
		t.Errorf("memory was not overwritten: %+v, %+v", m, next)
	}
	if cap(kept.Payload) > 0 && &kept.Payload[0] == &m.Payload[0] {
		t.Error("the clone shares memory")
	}
}

// TestAppendToAMessage grows what a decoder returned; the stream must not suffer.
func TestAppendToAMessage(t *testing.T) {
	one := mustAppend(allKinds)
	d := NewDecoder(bytes.NewReader(append(bytes.Clone(one), one...)))
	m, _ := d.Decode()
	_ = append(m.Payload, "overwrites the next frame"...)
	_ = append(m.Headers, Header{})
	if m, err := d.Decode(); err != nil || !reflect.DeepEqual(m, allKinds) {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestDecodeAllocates nothing once it has met the headers of a stream, be they
// the same in every message or not.
func TestDecodeAllocates(t *testing.T) {
	var mixed []byte
	for i := range 50 {
		m := allKinds.Clone()
		m.Headers[i%len(m.Headers)].Name = "other"
		mixed = append(append(mixed, mustAppend(m)...), frame150...)
	}
	for name, stream := range map[string][]byte{"same": bytes.Repeat(frame150, 100), "mixed": mixed} {
		r := bytes.NewReader(nil)
		d := NewDecoder(r)
		decode := func() {
			r.Reset(stream)
			d.Reset(r)
			n := 0
			for range d.All() {
				n++
			}
			if n != 100 {
				t.Fatalf("%d messages", n)
			}
		}
		if n := testing.AllocsPerRun(10, decode); n != 0 {
			t.Errorf("%s: %v allocations for 100 messages, want 0", name, n)
		}
	}
}
