package flow

// ChunkSize is the size of the pieces that buffers consist of: small enough that
// a stream with little in it costs little, large enough that a packet seldom
// lies across two.
const ChunkSize = 16 << 10

// Chunk is a piece of a buffer.
type Chunk [ChunkSize]byte

// Pool hands out chunks and takes them back. The zero value is ready.
type Pool struct {
	free []*Chunk
	used int
	low  int // fewest free since Trim
}

// Used returns how many bytes are handed out.
func (p *Pool) Used() int { return p.used * ChunkSize }

// Kept returns how many bytes wait to be handed out again.
func (p *Pool) Kept() int { return len(p.free) * ChunkSize }

func (p *Pool) get() *Chunk {
	p.used++
	n := len(p.free)
	if n == 0 {
		p.low = 0
		return new(Chunk)
	}
	c := p.free[n-1]
	p.free[n-1] = nil
	p.free = p.free[:n-1]
	p.low = min(p.low, n-1)
	return c
}

func (p *Pool) put(c *Chunk) {
	p.used--
	p.free = append(p.free, c)
}

// Trim lets the garbage collector have the chunks that were not needed since the last Trim.
func (p *Pool) Trim() {
	n := len(p.free) - p.low
	clear(p.free[n:])
	p.free = p.free[:n]
	p.low = n
}

// chunks are consecutive pieces of a byte stream, some of which may be missing.
// Piece i holds the bytes from i*ChunkSize.
type chunks struct {
	ring []*Chunk // piece i is at i modulo len, a power of two
	base uint64   // all pieces are in [base, base+len(ring))
}

// at returns piece i, nil if it is missing.
func (c *chunks) at(i uint64) *Chunk {
	if i-c.base >= uint64(len(c.ring)) {
		return nil
	}
	return c.ring[i&uint64(len(c.ring)-1)]
}

// need returns piece i, which is not below base, making it if it is missing.
func (c *chunks) need(i uint64, p *Pool) *Chunk {
	if i-c.base >= uint64(len(c.ring)) {
		c.grow(i)
	}
	slot := &c.ring[i&uint64(len(c.ring)-1)]
	if *slot == nil {
		*slot = p.get()
	}
	return *slot
}

func (c *chunks) grow(i uint64) {
	size := max(4, uint64(len(c.ring)))
	for i-c.base >= size {
		size *= 2
	}
	ring := make([]*Chunk, size)
	for k := c.base; k < c.base+uint64(len(c.ring)); k++ {
		ring[k&(size-1)] = c.ring[k&uint64(len(c.ring)-1)]
	}
	c.ring = ring
}

// drop gives piece i back, and reports whether it was there.
func (c *chunks) drop(i uint64, p *Pool) bool {
	if c.at(i) == nil {
		return false
	}
	slot := &c.ring[i&uint64(len(c.ring)-1)]
	p.put(*slot)
	*slot = nil
	return true
}

// release gives the pieces below i back.
func (c *chunks) release(i uint64, p *Pool) {
	for k := c.base; k < i && k-c.base < uint64(len(c.ring)); k++ {
		slot := &c.ring[k&uint64(len(c.ring)-1)]
		if *slot != nil {
			p.put(*slot)
			*slot = nil
		}
	}
	c.base = max(c.base, i)
}

// empty gives all pieces back, the last of which holds what is before off, where the next will begin.
func (c *chunks) empty(off uint64, p *Pool) {
	c.release(off/ChunkSize+1, p)
	c.base = off / ChunkSize
}

// clear gives everything back.
func (c *chunks) clear(p *Pool) {
	c.release(c.base+uint64(len(c.ring)), p)
	c.ring = nil
}

// write copies data to offset off.
func (c *chunks) write(off uint64, data []byte, p *Pool) {
	for len(data) > 0 {
		n := copy(c.need(off/ChunkSize, p)[off%ChunkSize:], data)
		data = data[n:]
		off += uint64(n)
	}
}

// bytes returns what is in r, in scratch, which is large enough, if it does not lie in one piece.
func (c *chunks) bytes(r Range, scratch []byte) []byte {
	if r.Start/ChunkSize == (r.End-1)/ChunkSize {
		return c.at(r.Start / ChunkSize)[r.Start%ChunkSize:][:r.Len()]
	}
	scratch = scratch[:r.Len()]
	c.read(r.Start, scratch)
	return scratch
}

// read copies what is at offset off into data. All of it has been written.
func (c *chunks) read(off uint64, data []byte) {
	for len(data) > 0 {
		n := copy(data, c.at(off / ChunkSize)[off%ChunkSize:])
		data = data[n:]
		off += uint64(n)
	}
}
