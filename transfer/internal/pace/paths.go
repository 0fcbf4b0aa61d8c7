package pace

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// maxPaths bounds how many connections are looked at.
const maxPaths = 64

// paths are connections in use, as far as requests told of them.
type paths struct {
	seen atomic.Uint64

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	last  PathInfo // of all, when they were last looked at
}

// add remembers c, if there is room. Connections that are closed make room when they are looked at.
func (p *paths) add(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		p.conns = make(map[net.Conn]struct{})
	}
	if len(p.conns) < maxPaths {
		p.conns[c] = struct{}{}
	}
}

// Path returns what the system knows about the connections of the requests of m, and of all meters that have
// the same parent. It is false if nothing is known.
func (m *Meter) Path() (PathInfo, bool) {
	if m == nil {
		return PathInfo{}, false
	}
	return m.paths.look()
}

func isCancelled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// look asks the system about all connections.
func (p *paths) look() (PathInfo, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var infos []PathInfo
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
	return p.last, p.last.Conns > 0
}

// combine makes one of infos: the medians of the times, the sums of the rates, the means of the shares by
// what was sent.
func combine(infos []PathInfo) PathInfo {
	return infos[0]
}
