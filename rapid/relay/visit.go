package relay

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos/rapid"
)

// A visit is what one grant was used for.
type visit struct {
	caller   string
	from     string // where the grant was asked for
	up, down *limit

	began   sync.Once
	streams atomic.Int64
	sent    atomic.Int64 // bytes to upstreams
	got     atomic.Int64 // bytes from upstreams
}

// follow waits for the end of a session and puts its balance in the log.
func (s *Server) follow(v *visit, session *rapid.Session) {
	<-session.Done()
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
