package store

import "sync"

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
