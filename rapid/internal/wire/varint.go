package wire

import "encoding/binary"

// MaxVarint is the largest integer that a frame can carry, 2^62 - 1.
const MaxVarint = 1<<62 - 1

// VarintLen is how many bytes v takes: 1, 2, 4 or 8 (RFC 9000 §16). It panics
// if v is greater than MaxVarint.
func VarintLen(v uint64) int {
	switch {
	case v < 1<<6:
		return 1
	case v < 1<<14:
		return 2
	case v < 1<<30:
		return 4
	case v <= MaxVarint:
		return 8
	}
	panic("wire: integer beyond 2^62")
}

// AppendVarint appends v in the shortest form. It panics if v is greater than
// MaxVarint.
func AppendVarint(b []byte, v uint64) []byte {
	switch {
	case v < 1<<6:
		return append(b, byte(v))
	case v < 1<<14:
		return append(b, byte(v>>8)|1<<6, byte(v))
	case v < 1<<30:
		return binary.BigEndian.AppendUint32(b, uint32(v)|2<<30)
	case v <= MaxVarint:
		return binary.BigEndian.AppendUint64(b, v|3<<62)
	}
	panic("wire: integer beyond 2^62")
}

// varint reads one integer from the front of b, in whatever of the four forms
// it is written; n is 0 if b is too short.
func varint(b []byte) (v uint64, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	n = 1 << (b[0] >> 6)
	if len(b) < n {
		return 0, 0
	}
	switch n {
	case 1:
		return uint64(b[0]), 1
	case 2:
		return uint64(binary.BigEndian.Uint16(b)) & (1<<14 - 1), 2
	case 4:
		return uint64(binary.BigEndian.Uint32(b)) & (1<<30 - 1), 4
	}
	return binary.BigEndian.Uint64(b) & (1<<62 - 1), 8
}
