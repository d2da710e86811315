package eventstream

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"
)

// TestLintVectors wants every broken vector's defect where the decoder has it,
// alone and between two good messages, and the walk to go on behind it.
func TestLintVectors(t *testing.T) {
	good := mustAppend(Message{Headers: Headers{{"a", String("b")}}, Payload: []byte("good")})
	for _, v := range vectorCases(t) {
		defects, sound := Lint(v.Encoded)
		messages, offset, err := decodeAll(bytes.NewReader(v.Encoded))
		if v.Expect == "ok" && (len(defects) > 0 || sound != len(messages)) {
			t.Errorf("%s: %v, %d sound of %d", v.Name, defects, sound, len(messages))
		}
		if v.Expect != "ok" && len(defects) == 0 {
			t.Errorf("%s: nothing found", v.Name)
		}
		if err == nil {
			continue
		}
		if !names(defects, int64(offset), err) {
			t.Errorf("%s: %v, the decoder says %v", v.Name, defects, err)
		}
		between := slices.Concat(good, v.Encoded, good)
		defects, sound = Lint(between)
		if !inside(defects, len(good)+offset, len(between)-len(good)) || sound != len(messages)+2 {
			t.Errorf("%s between good messages: %v, %d sound of %d", v.Name, defects, sound, len(messages)+2)
		}
	}
}

// names tells whether one of the defects is the decoder's.
func names(defects []Defect, offset int64, err error) bool {
	return slices.ContainsFunc(defects, func(d Defect) bool { return d.Offset == offset && errors.Is(err, d.Err) && !d.Warning })
}

// inside tells whether the defects begin at offset and none lies behind end.
func inside(defects []Defect, offset, end int) bool {
	return len(defects) > 0 && defects[0].Offset == int64(offset) &&
		!slices.ContainsFunc(defects, func(d Defect) bool { return d.Offset >= int64(end) || d.At > int64(end) })
}

// threeMessages is a stream, and where its messages begin and end.
func threeMessages() (stream []byte, at []int) {
	for _, payload := range []string{`{"p":"abc"}`, strings.Repeat("second ", 60), "third"} {
		at = append(at, len(stream))
		stream = append(stream, mustAppend(Message{Headers: Headers{{":event-type", String("chunk")}, {"n", Integer(1)}}, Payload: []byte(payload)})...)
	}
	return stream, append(at, len(stream))
}

// TestLintFindsTheWrongByte changes each byte of a stream: one defect in the
// message it belongs to, at that very byte, and the others are sound.
func TestLintFindsTheWrongByte(t *testing.T) {
	stream, begins := threeMessages()
	for i := range stream {
		for _, change := range []byte{0x01, 0x80, 0xff} {
			broken := bytes.Clone(stream)
			broken[i] ^= change
			defects, sound := Lint(broken)
			message, _ := slices.BinarySearch(begins, i+1)
			if sound != 2 || len(defects) == 0 || defects[0].At != int64(i) || defects[0].Lost ||
				defects[0].Offset != int64(begins[message-1]) || defects[0].Next != int64(begins[message]) {
				t.Fatalf("byte %d ^ 0x%02x: %d sound, %+v", i, change, sound, defects)
			}
		}
	}
}

// TestLintResumes takes bytes out of a stream or puts some in.
func TestLintResumes(t *testing.T) {
	stream, begins := threeMessages()
	for i := range begins[1] {
		for _, n := range []int{1, 5, 20} {
			if i+n > begins[1] {
				continue
			}
			less := slices.Delete(bytes.Clone(stream), i, i+n)
			defects, sound := Lint(less)
			if sound != 2 || !inside(defects, 0, begins[1]) || !defects[0].Lost || defects[0].Next != int64(begins[1]-n) {
				t.Fatalf("%d bytes missing at %d: %d sound, %v", n, i, sound, defects)
			}
			if i >= preludeLen && defects[0].Missing != int64(n) {
				t.Errorf("%d bytes missing at %d: %v", n, i, defects)
			}
			more := slices.Insert(bytes.Clone(stream), i, bytes.Repeat([]byte{'x'}, n)...)
			if defects, sound = Lint(more); sound < 2 || !inside(defects, 0, begins[1]+n) {
				t.Fatalf("%d bytes more at %d: %d sound, %v", n, i, sound, defects)
			}
		}
	}
	for n := range len(stream) {
		defects, sound := Lint(stream[:n])
		message, whole := slices.BinarySearch(begins, n)
		if whole {
			message++
		}
		if sound != message-1 || (len(defects) == 0) != whole {
			t.Fatalf("%d bytes: %d sound, %v", n, sound, defects)
		}
		if !whole && (defects[0].Err != io.ErrUnexpectedEOF || n-begins[message-1] >= preludeLen && defects[0].Missing != int64(begins[message]-n)) {
			t.Errorf("%d bytes: %+v", n, defects)
		}
	}
}

func TestLintSays(t *testing.T) {
	stream, begins := threeMessages()
	wrongLength := bytes.Clone(stream)
	copy(wrongLength, "\xff\xff\xff")
	wrongHeaders := bytes.Clone(stream)
	copy(wrongHeaders[4:], "\xff\x00\xff\x18")
	wrongHeaders[45] ^= 1
	lie := bytes.Clone(stream) // that two messages are one
	binary.BigEndian.PutUint32(lie, uint32(begins[2]))
	binary.BigEndian.PutUint32(lie[8:], crc32.ChecksumIEEE(lie[:8]))
	length, sum := uint32(5000), uint32(0x12345678)
	twoWrong, err := Damage{TotalLength: &length, PreludeCRC: &sum}.Append(nil, Message{Payload: []byte("hello")})
	if err != nil {
		t.Fatal(err)
	}
	twice := sealHeaders([]byte("\x01a\x00\x01a\x07\x00\x01\xff\x01b"), []byte("payload"))
	for _, tt := range []struct {
		stream []byte
		want   []string
	}{
		{wrongLength, []string{"message at offset 0: prelude checksum mismatch at byte 0: expected 0x", "total length 54 would be right where 4294967094 is"}},
		{stream[:begins[1]-3], []string{"message at offset 0 is cut short: 3 bytes missing at byte 51: expected 54 bytes, found 51"}},
		{stream[:5], []string{"is cut short: at least 11 bytes missing at byte 5"}},
		{slices.Concat(stream[:20], stream[begins[1]:]), []string{"cut short: 34 bytes missing at byte 20", "the next message begins at 20"}},
		{frame(16, 0, 0xDEADBEEF, nil, 0x7d98c8ff), []string{"expected 0xdeadbeef, found 0x05c248eb; the checksum alone is wrong"}},
		{seal(20, 5, []byte("1234")), []string{"impossible length at byte 4: expected a headers length of at most 4, found 5"}},
		{seal(15, 0, nil), []string{"at byte 0: expected a total length of 16 or more, found 15"}},
		{twice, []string{"duplicate header at byte 15: expected every name once, found \"a\" again", `text is not UTF-8 at byte 20: expected UTF-8, found "\xff"`, "malformed header at byte 21: expected 2 bytes for name and kind, found 1"}},
		{[]byte(`{"message":"no stream"}`), []string{"this is JSON, not an event stream"}},
		{[]byte("HTTP/1.1 200 OK\r\n\r\n" + string(stream)), []string{"this is the head of an HTTP answer", "the next message begins at 19"}},
		{base64.StdEncoding.AppendEncode(nil, stream), []string{"this is an event stream in base64"}},
		{hex.AppendEncode(nil, stream), []string{"this is an event stream in hexadecimal"}},
		{[]byte(strings.ToValidUTF8(string(stream), "\ufffd")), []string{"was read as text"}},
		{wrongHeaders, []string{"at byte 4: expected 0x", "headers length 27 would be right where 4278255384 is", "message checksum mismatch at byte 45: "}},
		{slices.Insert(bytes.Clone(stream), 45, []byte("stray")...), []string{"message checksum mismatch at byte 45: ", `without the 5 bytes from 45 on the checksum would be right: "stray"; the next message begins at 59`}},
		{append(twoWrong, stream...), []string{"at byte 2: expected 0x12345678", "total length 21 would be right where 5000 is"}},
		{lie, []string{"message at offset 0 is cut short: "}},
	} {
		defects, _ := Lint(tt.stream)
		var said []string
		for _, d := range defects {
			said = append(said, d.String())
		}
		for _, want := range tt.want {
			if !strings.Contains(strings.Join(said, "\n"), want) {
				t.Errorf("%q lacks %q", said, want)
			}
		}
	}
}

// FuzzLint agrees with the decoder on what is sound, whatever comes.
func FuzzLint(f *testing.F) {
	stream, begins := threeMessages()
	f.Add(stream)
	f.Add(stream[1:])
	f.Add(slices.Concat(stream[:20], stream[begins[1]:]))
	f.Fuzz(func(t *testing.T, stream []byte) {
		defects, sound := Lint(stream)
		messages, offset, err := decodeAll(bytes.NewReader(stream))
		if sound < len(messages) && !slices.ContainsFunc(defects, func(d Defect) bool { return d.Warning }) {
			t.Errorf("%d sound of %d", sound, len(messages))
		}
		if err != nil && (len(defects) == 0 || !slices.ContainsFunc(defects, func(d Defect) bool { return d.Offset == int64(offset) })) {
			t.Errorf("%v: %v", err, defects)
		}
		for _, d := range defects {
			if d.Next <= d.Offset || d.Next > int64(len(stream)) || d.At < d.Offset || d.At > int64(len(stream)) {
				t.Errorf("%+v of %d bytes", d, len(stream))
			}
		}
	})
}
