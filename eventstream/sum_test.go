package eventstream

import (
	"hash/crc32"
	"testing"
)

func TestUpdateIsCRC32(t *testing.T) {
	b := make([]byte, 300)
	for i := range b {
		b[i] = byte(i*i + 7)
	}
	for n := range b {
		first := crc32.ChecksumIEEE(b[:n/3])
		if got, want := update(first, b[n/3:n]), crc32.ChecksumIEEE(b[:n]); got != want {
			t.Errorf("%d bytes: %08x, want %08x", n, got, want)
		}
	}
	if got, want := sum8(0, b[:8]), crc32.ChecksumIEEE(b[:8]); got != want {
		t.Errorf("8 bytes: %08x, want %08x", got, want)
	}
}
