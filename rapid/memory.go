package rapid

import (
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

// What a Dialer remembers of paths it has used: so many, and for so long. A
// path is another one after a while.
const (
	maxPaths = 64
	maxAge   = 10 * time.Minute
)

// memory is what a Dialer knows of the paths to servers, by the first address
// of their grants. A session that knows the rate of the one before begins with a part of it
// at once (careful resume, docs/rapid.md §14).
type memory struct{ paths map[string]pathSeen }

type pathSeen struct {
	path cc.Path
	at   time.Time
}

// keep remembers a path.
func (m *memory) keep(addr string, p cc.Path, now time.Time) {
	if p.Rate <= 0 || p.MinRTT <= 0 {
		return
	}
	if m.paths == nil {
		m.paths = map[string]pathSeen{}
	}
	if len(m.paths) >= maxPaths {
		for a, s := range m.paths {
			if now.Sub(s.at) > maxAge || len(m.paths) >= maxPaths {
				delete(m.paths, a)
			}
		}
	}
	m.paths[addr] = pathSeen{p, now}
}

// recall returns what is known of a path, or nil.
func (m *memory) recall(addr string, now time.Time) *cc.Path {
	s, ok := m.paths[addr]
	if !ok || now.Sub(s.at) > maxAge {
		return nil
	}
	return &s.path
}
