package rapid

import (
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

// What is remembered of paths: so many, and for so long. A path is another one
// after a while.
const (
	maxPaths = 256
	maxAge   = 10 * time.Minute
)

// memory is what is known of paths that were used. A session that knows the
// rate of the one before begins with a part of it at once (careful resume,
// docs/rapid.md §14).
type memory struct{ paths map[string]pathSeen }

type pathSeen struct {
	path cc.Path
	at   time.Time
}

// keep remembers the path to an address.
func (m *memory) keep(addr string, p cc.Path, now time.Time) {
	if p.Rate <= 0 || p.MinRTT <= 0 {
		return
	}
	if m.paths == nil {
		m.paths = map[string]pathSeen{}
	}
	for a := range m.paths {
		if len(m.paths) < maxPaths {
			break
		}
		delete(m.paths, a) // any will do: to forget costs a second of a session
	}
	m.paths[addr] = pathSeen{p, now}
}

// recall returns what is known of the path to an address, or nil.
func (m *memory) recall(addr string, now time.Time) *cc.Path {
	s, ok := m.paths[addr]
	if !ok || now.Sub(s.at) > maxAge {
		return nil
	}
	return &s.path
}
