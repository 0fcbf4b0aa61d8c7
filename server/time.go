package server

import (
	"context"
	"time"

	"github.com/icos-go/icos/server/clock"
)

// Clock returns the clock of objects. Moving it alone changes what is read:
// retentions end, and objects are archived and restored. [Server.Advance]
// also does what is due.
func (s *Server) Clock() *clock.Clock { return s.clock }

// Advance moves the clock of objects by d and does all that is due by then:
// objects expire and stale uploads are aborted. It returns when that is done.
// Tokens and signatures keep the real time.
func (s *Server) Advance(ctx context.Context, d time.Duration) error {
	s.clock.Advance(d)
	return ctx.Err()
}
