package pace

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxPaths bounds how many connections are looked at.
	maxPaths = 64

	// lookEvery bounds how often they are.
	lookEvery = 250 * time.Millisecond
)

// paths are connections in use, as far as requests told of them.
type paths struct {
	seen atomic.Uint64 // requests

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	last   PathInfo // of all, when they were last looked at
	looked time.Time
}

// add remembers c, if there is room. Connections that are closed make room when they are looked at.
func (p *paths) add(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		p.conns = make(map[net.Conn]struct{})
	}
	if _, known := p.conns[c]; known {
		return
	}
	if len(p.conns) >= maxPaths {
		p.look(time.Now())
	}
	if len(p.conns) < maxPaths {
		p.conns[c] = struct{}{}
	}
}

// Path returns what the system knows about the connections of the requests of m, and of all meters that have
// the same parent, or knew last. It is false if nothing is known.
func (m *Meter) Path() (PathInfo, bool) {
	if m == nil {
		return PathInfo{}, false
	}
	p := m.paths
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look(time.Now())
	return p.last, p.last.Conns > 0
}

// look asks the system about all connections, unless it was asked just now.
func (p *paths) look(now time.Time) {
	if now.Sub(p.looked) < lookEvery {
		return
	}
	p.looked = now
	infos := make([]PathInfo, 0, len(p.conns))
	for c := range p.conns {
		if info, ok := Sample(c); ok {
			infos = append(infos, info)
		} else {
			delete(p.conns, c)
		}
	}
	if len(infos) > 0 {
		p.last = combine(infos)
	}
}
