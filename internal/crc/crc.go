// Package crc combines CRCs: from the CRC of one run of bytes, the CRC of a
// second and the second's length, it computes the CRC of both, one after the
// other, without looking at a byte. So the checksum of an object is known from
// those of its parts, in whatever order they were sent.
//
// For a few values use [Algorithm.Combine]; for the thousands of parts of one
// object make a [Combiner], which remembers what it worked out.
package crc

import (
	"math/bits"
	"strings"
)

// An Algorithm is one of the CRCs that the S3 API computes over whole objects.
// All are reflected, start with all ones and end inverted.
type Algorithm uint8

const (
	CRC32     Algorithm = iota + 1 // IEEE 802.3, as in zip: 32 bits
	CRC32C                         // Castagnoli, RFC 3720 §12.1: 32 bits
	CRC64NVME                      // NVM Express NVM Command Set Specification 1.0: 64 bits
)

// Parse returns the algorithm that x-amz-checksum-algorithm names, in any case.
func Parse(name string) (Algorithm, bool) {
	for a := CRC32; a <= CRC64NVME; a++ {
		if strings.EqualFold(a.String(), name) {
			return a, true
		}
	}
	return 0, false
}

// String returns the name as x-amz-checksum-algorithm has it.
func (a Algorithm) String() string {
	switch a {
	case CRC32:
		return "CRC32"
	case CRC32C:
		return "CRC32C"
	case CRC64NVME:
		return "CRC64NVME"
	}
	return "no CRC"
}

// Size returns the length of a checksum in bytes: 4 or 8.
func (a Algorithm) Size() int {
	if a == CRC64NVME {
		return 8
	}
	return 4
}

// polynomial returns the generator, reflected, without its leading term.
func (a Algorithm) polynomial() uint64 {
	switch a {
	case CRC32:
		return 0xedb88320
	case CRC32C:
		return 0x82f63b78
	case CRC64NVME:
		return 0x9a6c9329ac4bc9b5
	}
	panic("crc: unknown algorithm")
}

// Combine returns the CRC of two runs of bytes from that of the first, that of
// the second, and the length of the second in bytes, which is not negative. The
// 32-bit CRCs are in the low half.
func (a Algorithm) Combine(first, second uint64, length int64) uint64 {
	f := field{poly: a.polynomial(), width: 8 * a.Size()}
	power, base := f.one(), f.one()>>8
	for n := uint64(length); n > 0; n >>= 1 {
		if n&1 != 0 {
			power = f.multiply(power, base)
		}
		base = f.multiply(base, base)
	}
	return f.multiply(power, first) ^ second
}

// A Combiner combines CRCs of one algorithm. It keeps the operators of the
// powers of two, and that of the last length, so that the equal parts of an
// object cost one multiplication each. It is not safe for concurrent use.
type Combiner struct {
	field  field
	powers [63]uint64 // x^(8·2^i) mod P
	known  int        // how many of powers have been computed
	length int64      // the last length asked for
	shift  uint64     // x^(8·length) mod P
}

// NewCombiner returns a Combiner for an algorithm.
func NewCombiner(a Algorithm) *Combiner {
	f := field{poly: a.polynomial(), width: 8 * a.Size()}
	return &Combiner{field: f, shift: f.one()}
}

// Combine does what [Algorithm.Combine] does.
func (c *Combiner) Combine(first, second uint64, length int64) uint64 {
	if length != c.length {
		c.length, c.shift = length, c.power(length)
	}
	return c.field.multiply(c.shift, first) ^ second
}

// power returns x^(8·length) mod P.
func (c *Combiner) power(length int64) uint64 {
	for need := bits.Len64(uint64(length)); c.known < need; c.known++ {
		if c.known == 0 {
			c.powers[0] = c.field.one() >> 8
			continue
		}
		p := c.powers[c.known-1]
		c.powers[c.known] = c.field.multiply(p, p)
	}
	product := c.field.one()
	for n := uint64(length); n > 0; n &= n - 1 {
		product = c.field.multiply(product, c.powers[bits.TrailingZeros64(n)])
	}
	return product
}

// A field is the polynomials over GF(2) modulo P. They are reflected: the
// highest of width bits is the coefficient of x^0.
//
// With an initial value and a final inversion of all ones, which cancel out,
// crc(AB) = crc(A)·x^(8·len(B)) mod P + crc(B).
type field struct {
	poly  uint64
	width int
}

// one returns the polynomial 1; shifted right by n it is x^n, for n < width.
func (f field) one() uint64 { return 1 << (f.width - 1) }

func (f field) multiply(a, b uint64) uint64 {
	a <<= 64 - f.width // so that the top bit is next, whatever the width
	var product uint64
	for ; a != 0; a <<= 1 {
		product ^= b & -(a >> 63)
		b = b>>1 ^ f.poly&-(b&1)
	}
	return product
}
