package eventstream

import (
	"encoding/binary"
	"hash/crc32"
)

// slices8 are the tables of the slicing-by-8 algorithm (Kounavis and Berry,
// 2005): slices8[i][b] is the CRC of byte b followed by i zero bytes.
var slices8 = func() (t [8]crc32.Table) {
	t[0] = *crc32.IEEETable
	for i := range t[0] {
		c := t[0][i]
		for j := range t[1:] {
			c = t[0][byte(c)] ^ c>>8
			t[j+1][i] = c
		}
	}
	return t
}()

// sum8 is crc32.Update for exactly 8 bytes, which the standard library takes
// one by one.
func sum8(sum uint32, p []byte) uint32 {
	t, lo, hi := &slices8, binary.LittleEndian.Uint32(p)^^sum, binary.LittleEndian.Uint32(p[4:])
	return ^(t[7][byte(lo)] ^ t[6][byte(lo>>8)] ^ t[5][byte(lo>>16)] ^ t[4][lo>>24] ^
		t[3][byte(hi)] ^ t[2][byte(hi>>8)] ^ t[1][byte(hi>>16)] ^ t[0][hi>>24])
}

// update is crc32.Update with the IEEE polynomial; what does not fill the last
// 16 bytes goes through sum8.
func update(sum uint32, p []byte) uint32 {
	n := len(p) &^ 15
	sum = crc32.Update(sum, crc32.IEEETable, p[:n])
	p = p[n:]
	if len(p) >= 8 {
		sum = sum8(sum, p)
		p = p[8:]
	}
	sum = ^sum
	for _, b := range p {
		sum = slices8[0][byte(sum)^b] ^ sum>>8
	}
	return ^sum
}
