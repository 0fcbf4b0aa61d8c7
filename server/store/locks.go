package store

import (
	"hash/maphash"
	"sync"
)

// stripes are locks of which each stands for many names. It is ready for use.
type stripes struct {
	seed  maphash.Seed
	once  sync.Once
	locks [1024]sync.Mutex
}

// of returns the lock of the object key in a bucket.
func (s *stripes) of(bucket id, key string) *sync.Mutex {
	s.once.Do(func() { s.seed = maphash.MakeSeed() })
	h := maphash.String(s.seed, key) + uint64(bucket)*0x9e3779b97f4a7c15
	return &s.locks[h%uint64(len(s.locks))]
}

// ofID returns the lock of an id.
func (s *stripes) ofID(i id) *sync.Mutex {
	return &s.locks[uint64(i)%uint64(len(s.locks))]
}

// pins counts the readers of bodies, so that a body is freed only after its last reader. It is ready for use.
//
// A reader pins a body and then reads its row again; whoever frees a body does so after the row is gone. So either the reader
// sees that the row changed, or the freeing side sees the pin.
type pins struct {
	mu     sync.Mutex
	count  map[id]int
	doomed map[id]body // to be freed when the count falls to zero
}

func (p *pins) pin(i id) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count == nil {
		p.count = make(map[id]int)
	}
	p.count[i]++
}

// unpin ends a pin. If it was the last one of a doomed body, it returns that body to be freed.
func (p *pins) unpin(i id) (free body, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count[i]--; p.count[i] > 0 {
		return body{}, false
	}
	delete(p.count, i)
	free, ok = p.doomed[i]
	delete(p.doomed, i)
	return free, ok
}

// doom reports whether the body may be freed now; if not, its last unpin returns it.
func (p *pins) doom(b body) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count[b.id] == 0 {
		return true
	}
	if p.doomed == nil {
		p.doomed = make(map[id]body)
	}
	p.doomed[b.id] = b
	return false
}
