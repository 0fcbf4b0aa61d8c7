package store

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// errCorrupt says that a row is not what this package writes.
var errCorrupt = errors.New("corrupt row")

// rowVersion is the first byte of every row value. It changes only if old readers would go wrong; what they can skip is a new
// tag.
const rowVersion = 1

// encoder builds a row value: a version byte, then fields of tag, length and bytes, tag and length as uvarints. Fields that are
// empty or zero are left out.
type encoder struct{ buf []byte }

func newEncoder(buf []byte) encoder { return encoder{append(buf[:0], rowVersion)} }

func (e *encoder) bytes(tag uint64, b []byte) {
	if len(b) == 0 {
		return
	}
	e.buf = binary.AppendUvarint(e.buf, tag)
	e.buf = binary.AppendUvarint(e.buf, uint64(len(b)))
	e.buf = append(e.buf, b...)
}

func (e *encoder) string(tag uint64, s string) {
	if s == "" {
		return
	}
	e.buf = binary.AppendUvarint(e.buf, tag)
	e.buf = appendString(e.buf, s)
}

func (e *encoder) uint(tag, v uint64) {
	if v == 0 {
		return
	}
	var b [binary.MaxVarintLen64]byte
	e.bytes(tag, b[:binary.PutUvarint(b[:], v)])
}

// strings writes a field of several strings, one length and string after the other.
func (e *encoder) strings(tag uint64, ss ...string) {
	n := 0
	for _, s := range ss {
		n += uvarintLen(uint64(len(s))) + len(s)
	}
	if n == 0 {
		return
	}
	e.buf = binary.AppendUvarint(e.buf, tag)
	e.buf = binary.AppendUvarint(e.buf, uint64(n))
	for _, s := range ss {
		e.buf = appendString(e.buf, s)
	}
}

func appendString(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func uvarintLen(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// decoder walks over the fields of a row value.
//
//	for d.next() {
//		switch d.tag { … }
//	}
//	return d.err
type decoder struct {
	rest []byte
	tag  uint64
	val  []byte // the field's bytes, in the row's memory
	err  error
}

func newDecoder(row []byte) decoder {
	if len(row) == 0 || row[0] != rowVersion {
		return decoder{err: fmt.Errorf("row version: %w", errCorrupt)}
	}
	return decoder{rest: row[1:]}
}

func (d *decoder) next() bool {
	if d.err != nil || len(d.rest) == 0 {
		return false
	}
	tag, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail("tag")
		return false
	}
	val, rest, ok := cut(d.rest[n:])
	if !ok {
		d.fail("length")
		return false
	}
	d.tag, d.val, d.rest = tag, val, rest
	return true
}

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("row field %d: %s: %w", d.tag, what, errCorrupt)
	}
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.val)
	if n != len(d.val) || n <= 0 {
		d.fail("number")
	}
	return v
}

// size is a uint that must fit an int64.
func (d *decoder) size() int64 {
	v := d.uint()
	if int64(v) < 0 {
		d.fail("size")
		return 0
	}
	return int64(v)
}

// strings takes apart a field of encoder.strings that holds a multiple of n strings and hands them to each n at a time.
func (d *decoder) strings(n int, each func(s []string)) {
	group := make([]string, 0, 4)
	for rest := d.val; len(rest) > 0; {
		val, r, ok := cut(rest)
		if !ok {
			d.fail("strings")
			return
		}
		rest = r
		if group = append(group, string(val)); len(group) == n {
			each(group)
			group = group[:0]
		}
	}
	if len(group) != 0 {
		d.fail("number of strings")
	}
}

// cut takes a length and that many bytes from the front of b.
func cut(b []byte) (val, rest []byte, ok bool) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, false
	}
	return b[n : n+int(size)], b[n+int(size):], true
}
