package pace

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// A Pool hands out memory up to a bound, and uses it again. Who asks for more than is left waits, in
// turn. Its methods are safe for concurrent use.
type Pool struct {
	limit int64

	mu   sync.Mutex
	used int64    // bytes that are handed out or idle
	idle [][]byte // the one released last is at the end
	wait []*claim
}

// claim is one call of Get that waits.
type claim struct {
	size  int64
	ready chan []byte // holds one element once there is room; nil to make the memory
}

// A Block is memory of a Pool.
type Block struct {
	pool *Pool
	mem  []byte
	size int64
}

// granule is what the sizes of blocks are rounded up to, so that parts of nearly the same size use the
// same memory.
const granule = 64 << 10

// NewPool returns a Pool of at most limit bytes, idle ones included.
func NewPool(limit int64) *Pool { return &Pool{limit: max(limit, granule)} }

// Limit returns the bound in bytes.
func (p *Pool) Limit() int64 { return p.limit }

// InUse returns how many bytes are handed out or kept to be used again.
func (p *Pool) InUse() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used
}

// Get returns n bytes, whose content is undefined, as soon as there is room for them. The caller releases the block. More
// than the Pool can ever hold is an error, and so is the end of ctx, whose cause is returned.
func (p *Pool) Get(ctx context.Context, n int64) (*Block, error) {
	if n < 0 || n > p.limit {
		return nil, fmt.Errorf("a block of %d bytes does not fit into the %d bytes of memory that are allowed", n, p.limit)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	size := min((n+granule-1)/granule*granule, p.limit)
	p.mu.Lock()
	if len(p.wait) == 0 {
		if mem, ok := p.take(size); ok {
			p.mu.Unlock()
			return p.block(mem, size, n), nil
		}
	}
	c := &claim{size, make(chan []byte, 1)}
	p.wait = append(p.wait, c)
	p.mu.Unlock()
	select {
	case mem := <-c.ready:
		return p.block(mem, size, n), nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.wait, c); i >= 0 {
		p.wait = slices.Delete(p.wait, i, i+1)
	} else if mem := <-c.ready; mem != nil { // served at the same moment
		p.idle = append(p.idle, mem)
	} else {
		p.used -= size
	}
	p.serve()
	return nil, context.Cause(ctx)
}

// block wraps mem, which is made now if it is nil: outside of the lock, because clearing it takes time.
func (p *Pool) block(mem []byte, size, n int64) *Block {
	if mem == nil {
		mem = make([]byte, size)
	}
	return &Block{pool: p, mem: mem, size: n}
}

// take finds room for size bytes: idle memory that is not much too large, or nil for new memory, in whose
// favour other idle memory is given up. It reports whether there was room.
func (p *Pool) take(size int64) ([]byte, bool) {
	for i := len(p.idle) - 1; i >= 0; i-- {
		if mem := p.idle[i]; int64(len(mem)) >= size && int64(len(mem)) <= 2*size {
			p.idle = slices.Delete(p.idle, i, i+1)
			return mem, true
		}
	}
	free := p.limit - p.used
	for _, mem := range p.idle {
		free += int64(len(mem))
	}
	if free < size {
		return nil, false
	}
	for p.limit-p.used < size {
		p.used -= int64(len(p.idle[0]))
		p.idle = slices.Delete(p.idle, 0, 1)
	}
	p.used += size
	return nil, true
}

// serve gives those who wait what there is, in turn.
func (p *Pool) serve() {
	for len(p.wait) > 0 {
		mem, ok := p.take(p.wait[0].size)
		if !ok {
			return
		}
		p.wait[0].ready <- mem
		p.wait = slices.Delete(p.wait, 0, 1)
	}
}

// Trim gives up the memory that nobody uses.
func (p *Pool) Trim() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, mem := range p.idle {
		p.used -= int64(len(mem))
	}
	p.idle = nil
}

// Bytes returns the memory. It must not be used after Release.
func (b *Block) Bytes() []byte { return b.mem[:b.size] }

// Release gives the memory back. Releasing a block twice, or a nil one, does nothing.
func (b *Block) Release() {
	if b == nil || b.mem == nil {
		return
	}
	p, mem := b.pool, b.mem
	b.mem, b.size = nil, 0
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, mem)
	p.serve()
}
