package eventstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"testing"
	"testing/iotest"
)

// FuzzDecode wants of any bytes: messages that encode to what was consumed, an
// error of a known kind at that offset, and the same byte by byte.
func FuzzDecode(f *testing.F) {
	f.Add(mustAppend(allKinds))
	f.Add(append(mustAppend(Message{}), frame150...))
	f.Fuzz(func(t *testing.T, stream []byte) {
		all, offset, err := decodeAll(bytes.NewReader(stream))
		checkReencodes(t, stream[:offset], all)
		if err == nil && offset != len(stream) {
			t.Errorf("a clean end after %d of %d bytes", offset, len(stream))
		}
		known := []error{ErrPreludeChecksum, ErrMessageChecksum, ErrLength, ErrHeader, io.ErrUnexpectedEOF}
		if err != nil && (!isAny(err, known) || where(err) != int64(offset)) {
			t.Errorf("error %v after %d bytes", err, offset)
		}
		slow, slowOffset, slowErr := decodeAll(iotest.OneByteReader(bytes.NewReader(stream)))
		if !reflect.DeepEqual(slow, all) || slowOffset != offset || fmt.Sprint(slowErr) != fmt.Sprint(err) {
			t.Errorf("byte by byte: %d messages, %d bytes, error %v; want %d, %d, %v", len(slow), slowOffset, slowErr, len(all), offset, err)
		}
	})
}

// FuzzHeaders puts any header block into a frame that is sound otherwise, so
// that checksums do not stop the fuzzer.
func FuzzHeaders(f *testing.F) {
	whole := mustAppend(allKinds)
	f.Add(whole[12:len(whole)-11], []byte(`{"a":1}`))
	f.Add([]byte("\x01a\x07\x00\x05abcd"), []byte("payload"))
	f.Fuzz(func(t *testing.T, block, payload []byte) {
		if len(block) > MaxHeaders || len(payload) > MaxPayload {
			return
		}
		stream := sealHeaders(block, payload)
		// A second frame meets what the decoder remembers of the first.
		all, offset, err := decodeAll(bytes.NewReader(append(bytes.Clone(stream), stream...)))
		if err != nil {
			if !errors.Is(err, ErrHeader) || offset != 0 {
				t.Fatalf("error %v at %d, want a header error", err, offset)
			}
			return
		}
		if len(all) != 2 || !reflect.DeepEqual(all[0], all[1]) || !bytes.Equal(all[0].Payload, payload) {
			t.Fatalf("messages %+v", all)
		}
		checkReencodes(t, append(stream, stream...), all)
	})
}

// FuzzJSON takes its input for a line first, then for a payload and a header.
func FuzzJSON(f *testing.F) {
	f.Add(AppendJSON(nil, allKinds))
	f.Add([]byte(`{"headers":[{"nameBase64":"/w==","type":"string","valueBase64":"/g=="}],"payloadBase64":""}`))
	f.Add([]byte(`{"a":"<\ud83d\ude00>"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		if m, err := ParseJSON(in); err == nil {
			again, err := ParseJSON(AppendJSON(nil, m))
			if err != nil || !reflect.DeepEqual(again, m) {
				t.Fatalf("%+v came back as %+v, error %v", m, again, err)
			}
		}
		m := Message{Payload: in}
		if n := min(len(in), 255); n > 0 {
			m.Headers = Headers{{string(in[:n]), String(string(in[n:][:min(len(in)-n, 1000)]))}}
		}
		checkReencodes(t, mustAppend(m), []Message{m})
	})
}
