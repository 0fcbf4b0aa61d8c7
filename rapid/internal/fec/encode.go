package fec

import "crypto/subtle"

// Encoder sums pieces up to rows.
type Encoder struct {
	Layout
	sums []byte
}

// NewEncoder returns an Encoder to which no piece has been added. The layout has to be valid.
func NewEncoder(l Layout) *Encoder {
	return &Encoder{Layout: l, sums: make([]byte, l.Rows*l.Size)}
}

// Add adds piece j, which may be shorter than others if it is the last.
func (e *Encoder) Add(j int, piece []byte) {
	var buf [dense]uint16
	for _, r := range e.rows(j, &buf) {
		row := e.sums[int(r)*e.Size:]
		subtle.XORBytes(row, row[:len(piece)], piece)
	}
}

// Sums returns n rows from row on, one after the other. They are right when all
// pieces were added.
func (e *Encoder) Sums(row, n int) []byte { return e.sums[row*e.Size : (row+n)*e.Size] }
