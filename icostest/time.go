package icostest

import (
	"testing"
	"time"

	"github.com/icos-go/icos/server/clock"
)

// Clock returns the clock of objects: of their dates, retentions and
// lifecycles. Tokens and signatures keep the real time.
func (s *Server) Clock() *clock.Clock { return s.cos.Clock() }

// Advance moves the clock of objects by d and does all that is due by then:
// objects expire, archived copies are restored, and so on. Years take
// milliseconds.
func (s *Server) Advance(t testing.TB, d time.Duration) {
	t.Helper()
	if err := s.cos.Advance(t.Context(), d); err != nil {
		t.Fatalf("advance the clock of objects by %v: %v", d, err)
	}
}
