package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/icos-go/icos/server/clock"
)

// defaultSweepEvery is how often Serve sweeps. Lifecycle rules act at midnight
// UTC, and COS itself says that they take up to a day.
const defaultSweepEvery = time.Hour

// Clock returns the clock of objects. Moving it alone changes what is read:
// retentions end, and objects are archived and restored. [Server.Advance]
// also does what is due.
func (s *Server) Clock() *clock.Clock { return s.cfg.Clock }

// Advance moves the clock of objects by d and does all that is due by then; see
// [Server.Sweep]. Tokens and signatures keep the real time. It fails with
// [clock.ErrRange] before it does anything.
//
// It is as if the server had slept meanwhile: a rule that counts from what
// another one does, as that for noncurrent versions does, needs a second step.
func (s *Server) Advance(ctx context.Context, d time.Duration) error {
	if err := s.cfg.Clock.Advance(d); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return s.Sweep(ctx)
}

// Sweep does what is due: objects expire, stale uploads are aborted, and what is
// still to be replicated, or failed an hour ago, is replicated. It returns when
// that is done. [Server.Serve] calls it every now and then.
func (s *Server) Sweep(ctx context.Context) error {
	if !s.gate.enter() {
		return errRestoring
	}
	defer s.gate.leave()
	d := s.state.Load()
	_, err := d.sweeper.Sweep(ctx)
	err = errors.Join(err, d.replicator.Resume(ctx))
	if err != nil {
		return err
	}
	return d.replicator.Wait(ctx)
}

// tend sweeps until ctx ends. What fails has been logged.
func (s *Server) tend(ctx context.Context) {
	every := s.cfg.SweepEvery
	switch {
	case every < 0:
		return
	case every == 0:
		every = defaultSweepEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := s.Sweep(ctx); err != nil && !errors.Is(err, errRestoring) && ctx.Err() == nil {
			s.log.Error("sweep", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
