package eventstream

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestErrorsSayWhatAndWhere(t *testing.T) {
	good := mustAppend(Message{Payload: []byte("good")})
	flip := func(i int) []byte {
		b := mustAppend(allKinds)
		b[i] ^= 1
		return b
	}
	tests := []struct {
		name  string
		frame []byte
		is    error
		text  string // after "eventstream: message at offset 20"
	}{
		{"total length", flip(3), ErrPreludeChecksum, ": prelude checksum mismatch: expected 0x"},
		{"prelude CRC", frame(16, 0, 0xDEADBEEF, nil, 0), ErrPreludeChecksum, ": prelude checksum mismatch: expected 0xdeadbeef, found 0x05c248eb"},
		{"header", flip(14), ErrMessageChecksum, ": message checksum mismatch: expected 0x"},
		{"message CRC", frame(16, 0, 0x05C248EB, nil, 1), ErrMessageChecksum, ": message checksum mismatch: expected 0x00000001, found 0x7d98c8ff"},
		{"total 0", seal(0, 0, nil), ErrLength, ": impossible length: total length 0, a message has at least 16"},
		{"total 15", seal(15, 0, nil), ErrLength, ": impossible length: total length 15, a message has at least 16"},
		{"headers beyond total", seal(20, 5, []byte("12345")), ErrLength, ": impossible length: headers length 5, total length 20 leaves 4"},
		{"headers 4 GiB", seal(64, 1<<32-1, nil), ErrLength, ": impossible length: headers length 4294967295, total length 64 leaves 48"},
		{"headers over limit", seal(1<<20, MaxHeaders+1, nil), ErrLength, ": impossible length: headers length 131073, at most 131072 are accepted"},
		{"payload over limit", seal(MaxPayload+17, 0, nil), ErrLength, ": impossible length: payload length 25165825, at most 25165824 are accepted"},
		{"empty name", sealHeaders([]byte("\x00\x00"), nil), ErrHeader, ": malformed header: header 1, at byte 12 of the message: its name is empty"},
		{"name cut", sealHeaders([]byte("\x01a\x00\x05abc"), []byte("payload")), ErrHeader, ": malformed header: header 2, at byte 15 of the message: its name of 5 bytes and its kind do not fit into the 3 bytes left"},
		{"kind missing", sealHeaders([]byte("\x01a"), []byte("payload")), ErrHeader, ": malformed header: header 1, at byte 12 of the message: its name of 1 bytes and its kind do not fit into the 1 bytes left"},
		{"unknown kind", sealHeaders([]byte("\x01a\x0a"), nil), ErrHeader, `: malformed header: header 1, at byte 12 of the message: "a" is of unknown kind 10`},
		{"length cut", sealHeaders([]byte("\x01a\x07\x00"), []byte("payload")), ErrHeader, `: malformed header: header 1, at byte 12 of the message: "a" is cut off in the length of its value`},
		{"value cut", sealHeaders([]byte("\x01a\x07\x00\x05abcd"), []byte("payload")), ErrHeader, `: malformed header: header 1, at byte 12 of the message: "a" of kind string has a value of 5 bytes, 4 are left`},
		{"uuid cut", sealHeaders([]byte("\x01a\x09123456789012345"), []byte("payload")), ErrHeader, `: malformed header: header 1, at byte 12 of the message: "a" of kind uuid has a value of 16 bytes, 15 are left`},
		{"prelude cut", mustAppend(allKinds)[:7], io.ErrUnexpectedEOF, " is cut short: at least 9 bytes missing after 7: unexpected EOF"},
		{"message cut", good[:18], io.ErrUnexpectedEOF, " is cut short: 2 bytes missing after 18: unexpected EOF"},
	}
	for _, tt := range tests {
		d := NewDecoder(bytes.NewReader(append(bytes.Clone(good), tt.frame...)))
		if m, err := d.Decode(); err != nil || string(m.Payload) != "good" {
			t.Fatalf("%s: %+v, %v", tt.name, m, err)
		}
		_, err := d.Decode()
		if !errors.Is(err, tt.is) || !strings.HasPrefix(err.Error(), "eventstream: message at offset 20"+tt.text) {
			t.Errorf("%s: error %v, want %s", tt.name, err, tt.text)
		}
		if _, again := d.Decode(); again != err || d.Offset() != 20 {
			t.Errorf("%s: then error %v at %d, want the same at 20", tt.name, again, d.Offset())
		}
	}
}
