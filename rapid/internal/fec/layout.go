package fec

import "math/bits"

// Bounds of a Layout.
const (
	MaxLength = 1 << 20 // bytes of a group
	MaxPieces = 1 << 13 // pieces of a group
	MaxRows   = 512     // rows of a group
	MinSize   = 64      // bytes of a piece, of which its size is …
	Step      = 8       // … a multiple of these
	MaxSize   = 1 << 14
)

// dense is up to how many rows each piece is in about half of them. With more it is in draws of them,
// an odd number: were all even, the sum of all rows would be nothing, and one of them of no use.
const (
	dense = 64
	draws = 7
)

// Layout says how a group is cut, and into how many rows it is summed up.
type Layout struct {
	Length int // of the group, in bytes
	Size   int // of a piece and of a row
	Rows   int
}

// Valid reports whether l is within its bounds.
func (l Layout) Valid() bool {
	return l.Size >= MinSize && l.Size <= MaxSize && l.Size%Step == 0 &&
		l.Length > 0 && l.Length <= MaxLength && l.Pieces() <= MaxPieces &&
		l.Rows > 0 && l.Rows <= MaxRows
}

// Pieces returns how many pieces the group has. The last may be shorter than the others.
func (l Layout) Pieces() int { return (l.Length + l.Size - 1) / l.Size }

// Piece returns where piece j begins in the group and ends.
func (l Layout) Piece(j int) (start, end int) {
	return j * l.Size, min((j+1)*l.Size, l.Length)
}

// mix is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) at its step x.
func mix(x uint64) uint64 {
	z := x * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// rows returns the rows that piece j is in. One that is there twice is as good as not there.
func (l Layout) rows(j int, buf *[dense]uint16) []uint16 {
	n := 0
	if l.Rows > dense {
		for n < draws {
			buf[n] = uint16(mix(uint64(draws*j+n+1)) >> 32 * uint64(l.Rows) >> 32)
			n++
		}
		return buf[:n]
	}
	set := mix(uint64(j+1)) << (64 - l.Rows) >> (64 - l.Rows)
	for ; set != 0; set &= set - 1 {
		buf[n] = uint16(bits.TrailingZeros64(set))
		n++
	}
	return buf[:n]
}
