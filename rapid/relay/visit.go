package relay

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos/rapid"
)

// A visit is what one grant was used for.
type visit struct {
	caller   string
	up, down *limit
	leave    func() // the caller has one session less; does so once

	began   atomic.Bool // a stream was seen
	streams atomic.Int64
	sent    atomic.Int64 // bytes to upstreams
	got     atomic.Int64 // bytes from upstreams
}

// guests counts the sessions of each caller, and the grants that wait for theirs.
// It is safe for concurrent use.
type guests struct {
	most int // of one caller

	mu sync.Mutex // guards n
	n  map[string]int
}

// enter counts one more session of a caller, unless that has as many as it may.
func (g *guests) enter(caller string) (leave func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.n[caller] >= g.most {
		return nil, false
	}
	g.n[caller]++
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.n[caller]--; g.n[caller] == 0 {
			delete(g.n, caller)
		}
	}), true
}

// expect gives up a grant of which nothing was heard in time. A session that has no
// streams yet, or only such as the list refuses, counts for as long as it lives.
func (s *Server) expect(v *visit, id rapid.ID) {
	time.AfterFunc(grantLife+time.Second, func() { s.unheard(v, id) })
}

// unheard looks whether a grant was used.
func (s *Server) unheard(v *visit, id rapid.ID) {
	switch {
	case v.began.Load(): // follow knows when it ends
	case s.lives(id):
		s.expect(v, id)
	default:
		v.leave()
	}
}

// lives reports whether there is a session of that id.
func (s *Server) lives(id rapid.ID) bool {
	return slices.ContainsFunc(s.cfg.Listener.Stats(), func(st rapid.Stats) bool { return st.ID == id })
}

// follow waits for the end of a session and puts its balance in the log.
func (s *Server) follow(v *visit, session *rapid.Session) {
	<-session.Done()
	v.leave()
	st := session.Stats()
	args := []any{
		"session", session.ID().String(), "caller", v.caller, "from", st.Remote.String(),
		"seconds", int64(time.Since(st.Since).Seconds()), "streams", v.streams.Load(),
		"up", v.sent.Load(), "down", v.got.Load(),
		"rtt", st.RTT.Round(time.Microsecond).String(), "packets_sent", st.PacketsSent, "packets_lost", st.PacketsLost,
		"retransmitted", st.Retransmitted,
	}
	if err := session.Err(); err != nil {
		args = append(args, "why", oneLine(err.Error()))
	}
	s.log.Info("session ended", args...)
}
