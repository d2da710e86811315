package eventstream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// allKinds has a header of each kind, an empty string and a payload.
var allKinds = Message{
	Headers: Headers{
		{"true", Bool(true)}, {"false", Bool(false)},
		{"byte", Byte(-128)}, {"short", Short(-32768)}, {"integer", Integer(-1 << 31)}, {"long", Long(-1 << 63)},
		{"bytes", Bytes([]byte{0, 0xFF})}, {"string", String("grüße")}, {"empty", String("")},
		{"timestamp", Timestamp(time.UnixMilli(-1))}, {"uuid", UUID([16]byte{0: 1, 15: 0xFF})},
	},
	Payload: []byte(`{"a":1}`),
}

// frame puts a frame together as told, true or not.
func frame(total, headers, preludeCRC uint32, body []byte, messageCRC uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, total)
	b = binary.BigEndian.AppendUint32(b, headers)
	b = binary.BigEndian.AppendUint32(b, preludeCRC)
	return binary.BigEndian.AppendUint32(append(b, body...), messageCRC)
}

// seal makes a frame whose lengths may lie but whose checksums are right.
func seal(total, headers uint32, body []byte) []byte {
	b := frame(total, headers, 0, body, 0)
	binary.BigEndian.PutUint32(b[8:], crc32.ChecksumIEEE(b[:8]))
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.ChecksumIEEE(b[:len(b)-4]))
	return b
}

// sealHeaders makes a sound frame around an encoded header block.
func sealHeaders(block, payload []byte) []byte {
	return seal(uint32(16+len(block)+len(payload)), uint32(len(block)), append(bytes.Clone(block), payload...))
}

// chunked returns at most n bytes a read.
type chunked struct {
	r io.Reader
	n int
}

func (c chunked) Read(p []byte) (int, error) { return c.r.Read(p[:min(len(p), c.n)]) }

// TestReadSizes decodes the same stream however it is cut into reads. Its
// frames are smaller and larger than the buffers, and lie across their ends.
func TestReadSizes(t *testing.T) {
	var stream []byte
	var want []Message
	for _, n := range []int{0, 1, 15, 16, 100, 4000, 4096, 5000, 40_000, 3, 70_000, 0, 300_000} {
		m := Message{Headers: allKinds.Headers, Payload: bytes.Repeat([]byte{byte(n)}, n)}
		want = append(want, m)
		stream = append(stream, mustAppend(m)...)
	}
	readers := map[string]io.Reader{
		"whole":          bytes.NewReader(stream),
		"data with EOF":  iotest.DataErrReader(bytes.NewReader(stream)),
		"halves":         iotest.HalfReader(bytes.NewReader(stream)),
		"network blocks": chunked{bytes.NewReader(stream), 1460},
	}
	for n := 1; n <= 11; n++ {
		readers[strings.Repeat("x", n)] = chunked{bytes.NewReader(stream), n}
	}
	for name, r := range readers {
		got, offset, err := decodeAll(r)
		if err != nil || offset != len(stream) || len(got) != len(want) {
			t.Errorf("%s: %d messages in %d bytes, error %v, want %d in %d", name, len(got), offset, err, len(want), len(stream))
			continue
		}
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("%s: message %d differs", name, i)
			}
		}
	}
}

// TestCutAnywhere cuts a stream of two messages at every byte, by an end and by
// an error of the reader.
func TestCutAnywhere(t *testing.T) {
	one := mustAppend(allKinds)
	stream := append(bytes.Clone(one), one...)
	broken := errors.New("connection reset")
	for cut := range len(stream) {
		part := stream[:cut]
		checkCut(t, part, len(one), bytes.NewReader(part), nil, io.ErrUnexpectedEOF)
		checkCut(t, part, len(one), iotest.OneByteReader(bytes.NewReader(part)), nil, io.ErrUnexpectedEOF)
		failing := io.MultiReader(bytes.NewReader(part), iotest.ErrReader(broken))
		checkCut(t, part, len(one), failing, broken, broken)
	}
}

// checkCut wants all whole messages, then between if nothing is left over, else
// an error that wraps inside and counts the bytes.
func checkCut(t *testing.T, part []byte, one int, r io.Reader, between, inside error) {
	t.Helper()
	got, offset, err := decodeAll(r)
	good, have := len(part)/one, len(part)%one
	if len(got) != good || offset != good*one {
		t.Errorf("cut at %d: %d messages in %d bytes, want %d", len(part), len(got), offset, good)
	}
	if have == 0 {
		if err != between {
			t.Errorf("cut at %d, between messages: error %v, want %v", len(part), err, between)
		}
		return
	}
	want := one
	if have < preludeLen {
		want = minFrame
	}
	e, ok := errors.AsType[*TruncatedError](err)
	if !ok || !errors.Is(err, inside) || e.Offset != int64(offset) || e.Have != int64(have) || e.Want != int64(want) {
		t.Errorf("cut at %d: error %#v, want %v, %d of %d bytes at %d", len(part), err, inside, have, want, offset)
	}
	if _, ok := errors.AsType[*FormatError](err); ok {
		t.Errorf("cut at %d: a FormatError: %v", len(part), err)
	}
}

// TestLimitsAreAccepted decodes and encodes the largest headers and payload.
func TestLimitsAreAccepted(t *testing.T) {
	m := Message{Payload: make([]byte, MaxPayload)}
	for _, n := range []int{65535, 65527} {
		m.Headers = append(m.Headers, Header{"h", String(strings.Repeat("x", n))})
	}
	stream := mustAppend(m)
	if n := binary.BigEndian.Uint32(stream[4:]); n != MaxHeaders {
		t.Fatalf("the test makes headers of %d bytes", n)
	}
	got, _, err := decodeAll(bytes.NewReader(stream))
	if err != nil || len(got) != 1 || len(got[0].Payload) != MaxPayload {
		t.Fatalf("%d messages, error %v", len(got), err)
	}
}

// TestDuplicateNames keeps both headers; the last one answers.
func TestDuplicateNames(t *testing.T) {
	m := Message{Headers: Headers{{"a", Integer(1)}, {"b", String("x")}, {"a", Integer(3)}}}
	stream := mustAppend(m)
	got, _, err := decodeAll(bytes.NewReader(stream))
	if err != nil || !reflect.DeepEqual(got[0].Headers, m.Headers) {
		t.Fatalf("%+v, %v", got, err)
	}
	if v, ok := got[0].Headers.Get("a"); !ok || v != Integer(3) {
		t.Errorf("a is %v", v)
	}
	checkReencodes(t, stream, got)
}

// TestNeverWaits fails when the decoder asks for more than the message in
// hand needs: on a network it would wait.
func TestNeverWaits(t *testing.T) {
	frames := [][]byte{mustAppend(allKinds), mustAppend(Message{}), mustAppend(allKinds)}
	i, asked := 0, 0
	d := NewDecoder(readerFunc(func(p []byte) (int, error) {
		asked++
		i++
		return copy(p, frames[i-1]), nil
	}))
	for n := range frames {
		if _, err := d.Decode(); err != nil || asked != n+1 {
			t.Fatalf("message %d: %d reads, error %v", n, asked, err)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestReaderWithoutProgress(t *testing.T) {
	d := NewDecoder(readerFunc(func([]byte) (int, error) { return 0, nil }))
	if _, err := d.Decode(); err != io.ErrNoProgress {
		t.Errorf("error %v", err)
	}
}

// TestReaderErrorAfterGoodMessages wants what arrived with the error first.
func TestReaderErrorAfterGoodMessages(t *testing.T) {
	one := mustAppend(allKinds)
	broken := errors.New("broken")
	stream := append(append(bytes.Clone(one), one...), one[:20]...)
	d := NewDecoder(readerFunc(func(p []byte) (int, error) { return copy(p, stream), broken }))
	for range 2 {
		if _, err := d.Decode(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Decode(); !errors.Is(err, broken) || where(err) != int64(2*len(one)) {
		t.Errorf("error %v", err)
	}
}

func TestReset(t *testing.T) {
	one := mustAppend(allKinds)
	var d Decoder
	for _, stream := range [][]byte{one, one[:30], append(bytes.Clone(one), 1, 2, 3), one} {
		d.Reset(bytes.NewReader(stream))
		m, err := d.Decode()
		whole := len(stream) >= len(one)
		if whole != (err == nil) || whole && !reflect.DeepEqual(m, allKinds) {
			t.Fatalf("%+v, %v", m, err)
		}
		if whole && d.Offset() != int64(len(one)) || !whole && d.Offset() != 0 {
			t.Errorf("offset %d", d.Offset())
		}
	}
}

// TestBadHeadersAreForgotten resets a decoder after a header error and sends
// the block that was sound before.
func TestBadHeadersAreForgotten(t *testing.T) {
	good, bad := mustAppend(allKinds), sealHeaders([]byte("\x01z\x00\x01a\x0a"), nil)
	var d Decoder
	for _, stream := range [][]byte{good, bad, good} {
		d.Reset(bytes.NewReader(stream))
		if m, err := d.Decode(); err == nil && !reflect.DeepEqual(m, allKinds) {
			t.Fatalf("%+v", m)
		} else if err != nil && &stream[0] != &bad[0] {
			t.Fatal(err)
		}
	}
}

func TestAllStops(t *testing.T) {
	one := mustAppend(allKinds)
	d := NewDecoder(bytes.NewReader(append(bytes.Clone(one), one...)))
	for range d.All() {
		break
	}
	n := 0
	for _, err := range d.All() { // the second loop goes on where the first left
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 1 {
		t.Errorf("%d messages after the break, want 1", n)
	}
}
