package fec

import (
	"crypto/subtle"
	"math/bits"
)

// Decoder collects rows, until they suffice for what is missing.
type Decoder struct {
	Layout
	sums  []byte
	have  set
	count int
}

// set is a set of rows, or of missing pieces.
type set [MaxRows / 64]uint64

func (s *set) has(i int) bool { return s[i/64]>>(i%64)&1 != 0 }
func (s *set) flip(i int)     { s[i/64] ^= 1 << (i % 64) }

// NewDecoder returns a Decoder that has no rows. The layout has to be valid.
func NewDecoder(l Layout) *Decoder {
	return &Decoder{Layout: l, sums: make([]byte, l.Rows*l.Size)}
}

// Put copies a row, as long as the layout says.
func (d *Decoder) Put(row int, data []byte) {
	if d.have.has(row) {
		return
	}
	d.have.flip(row)
	d.count++
	copy(d.row(row), data[:d.Size])
}

// Count returns how many rows have come.
func (d *Decoder) Count() int { return d.count }

func (d *Decoder) row(r int) []byte { return d.sums[r*d.Size : (r+1)*d.Size] }

// Solve computes the missing pieces and reports whether the rows suffice. It calls
// read for every other piece, for its bytes, which are used before the
// next call, and then found for every missing one, with all of its bytes. It may be called
// again when it has returned false, but not afterwards.
func (d *Decoder) Solve(missing []int, read func(j int) []byte, found func(j int, piece []byte)) bool {
	s, ok := d.eliminate(missing)
	if !ok {
		return false
	}
	var buf [dense]uint16
	for j, k := 0, 0; j < d.Pieces(); j++ {
		if k < len(missing) && missing[k] == j {
			k++
			continue
		}
		piece := read(j)
		for _, r := range d.rows(j, &buf) {
			if s.used.has(int(r)) {
				row := d.row(int(r))
				subtle.XORBytes(row, row[:len(piece)], piece)
			}
		}
	}
	for _, op := range s.ops {
		if s.used.has(int(op.to)) {
			to := d.row(int(op.to))
			subtle.XORBytes(to, to, d.row(int(op.from)))
		}
	}
	for k, j := range missing {
		start, end := d.Piece(j)
		found(j, d.row(int(s.pivot[k]))[:end-start])
	}
	return true
}

// solution is how to come to the missing pieces.
type solution struct {
	ops   []op
	pivot []uint16 // the row that becomes missing piece k
	used  set      // those rows
}

// op is to add one row to another.
type op struct{ to, from uint16 }

// eliminate looks whether the rows determine the missing pieces, which are in rising order, without
// touching any data (Gauss and Jordan).
func (d *Decoder) eliminate(missing []int) (s solution, ok bool) {
	if len(missing) > d.count {
		return s, false
	}
	in := make([]set, d.Rows) // which of the missing are in a row
	var buf [dense]uint16
	for k, j := range missing {
		for _, r := range d.rows(j, &buf) {
			in[r].flip(k)
		}
	}
	words := (len(missing) + 63) / 64
	for k := range missing {
		from := -1
		for w, have := range d.have {
			for free := have &^ s.used[w]; free != 0 && from < 0; free &= free - 1 {
				if r := w*64 + bits.TrailingZeros64(free); in[r].has(k) {
					from = r
				}
			}
		}
		if from < 0 {
			return s, false
		}
		s.used.flip(from)
		s.pivot = append(s.pivot, uint16(from))
		for r := range in {
			if r != from && in[r].has(k) && d.have.has(r) {
				for w := range words {
					in[r][w] ^= in[from][w]
				}
				s.ops = append(s.ops, op{uint16(r), uint16(from)})
			}
		}
	}
	return s, true
}
