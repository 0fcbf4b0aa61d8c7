package checkpoint

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// maxTexts is how many texts one field may hold.
const maxTexts = 1 << 17

// errRecord is what is wrong with a record whose CRC is right.
var errRecord = errors.New("record does not hold what it should")

// A codec writes the fields of a record one after the other, or reads them:
// each type has one method that names its fields to either. Texts are bytes,
// because paths and keys need not be UTF-8.
//
// Fields are only ever added at the end. A record that ends before the last
// field has zero values there, and what follows the last field is left alone,
// so that either may be older than the other within one version of the format.
type codec struct {
	b       []byte // what has been written, or what is left to read
	reading bool
	err     error
}

func encode(v interface{ fields(*codec) }) []byte {
	var c codec
	v.fields(&c)
	return c.b
}

func decode(b []byte, v interface{ fields(*codec) }) error {
	c := codec{b: b, reading: true}
	v.fields(&c)
	return c.err
}

// more says whether there is anything to read into a field.
func (c *codec) more() bool { return c.err == nil && len(c.b) > 0 }

func (c *codec) uint(v *uint64) {
	if !c.reading {
		c.b = binary.AppendUvarint(c.b, *v)
		return
	}
	if !c.more() {
		return
	}
	n, used := binary.Uvarint(c.b)
	if used <= 0 {
		c.err = errRecord
		return
	}
	*v, c.b = n, c.b[used:]
}

func (c *codec) int64(v *int64) {
	if !c.reading {
		c.b = binary.AppendVarint(c.b, *v)
		return
	}
	if !c.more() {
		return
	}
	n, used := binary.Varint(c.b)
	if used <= 0 {
		c.err = errRecord
		return
	}
	*v, c.b = n, c.b[used:]
}

func (c *codec) int(v *int) {
	n := int64(*v)
	c.int64(&n)
	if n < math.MinInt || n > math.MaxInt {
		c.err = errRecord
		return
	}
	*v = int(n)
}

func (c *codec) bool(v *bool) {
	var n uint64
	if *v {
		n = 1
	}
	c.uint(&n)
	*v = n != 0
}

// fixed is for numbers that are as likely large as small.
func (c *codec) fixed(v *uint64) {
	if !c.reading {
		c.b = binary.LittleEndian.AppendUint64(c.b, *v)
		return
	}
	if !c.more() {
		return
	}
	if len(c.b) < 8 {
		c.err = errRecord
		return
	}
	*v, c.b = binary.LittleEndian.Uint64(c.b), c.b[8:]
}

func (c *codec) text(v *string) {
	b := []byte(*v)
	c.bytes(&b)
	*v = string(b)
}

func (c *codec) bytes(v *[]byte) {
	n := uint64(len(*v))
	c.uint(&n)
	if !c.reading {
		c.b = append(c.b, *v...)
		return
	}
	if c.err != nil || n > uint64(len(c.b)) { // nothing is allocated that is not there
		c.err, *v = errRecord, nil
		return
	}
	*v = nil
	if n > 0 {
		*v = append([]byte(nil), c.b[:n]...)
	}
	c.b = c.b[n:]
}

func (c *codec) texts(v *[]string) {
	n := uint64(len(*v))
	c.uint(&n)
	if !c.reading {
		for i := range *v {
			c.text(&(*v)[i])
		}
		return
	}
	*v = nil
	if c.err != nil || n > maxTexts {
		c.err = errRecord
		return
	}
	for range n {
		var s string
		if c.text(&s); c.err != nil {
			return
		}
		*v = append(*v, s)
	}
}

// time keeps an instant to the nanosecond, in UTC, or the zero Time.
func (c *codec) time(v *time.Time) {
	zero := v.IsZero()
	c.bool(&zero)
	var seconds, nanos int64
	if !zero {
		seconds, nanos = v.Unix(), int64(v.Nanosecond())
	}
	c.int64(&seconds)
	c.int64(&nanos)
	if !c.reading {
		return
	}
	*v = time.Time{}
	if nanos < 0 || nanos >= 1e9 {
		c.err = errRecord
	} else if !zero {
		*v = time.Unix(seconds, nanos).UTC()
	}
}
