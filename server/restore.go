package server

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Restore takes the server back to a snapshot: buckets, objects, identities and
// root keys are those of dir, which Snapshot wrote, here or elsewhere. Dir stays
// as it is and can be restored again. Fault rules, the journal, the clock of
// objects and the certificate of TLS stay too, as they are no part of a
// snapshot; tasks of the transfer service are forgotten.
//
// The snapshot is copied and opened on trial while requests go on. Then new ones
// are answered with 503 and Retry-After, which clients repeat, until those under
// way have ended and the data has changed places. If they take longer than 30
// seconds, or ctx ends before, the server goes on as before. So it does after
// any other error.
//
// A crash leaves the state from before or that of the snapshot, never a mixture:
// the old data is put aside by renaming within Config.Dir, and put back by the
// next New unless the new data was complete and open.
//
// What IAM and KMS returned before must not be used any more. Whoever has a
// credential that is not in the snapshot needs another one; the file
// cos_credentials of icos serve is written at its start.
func (s *Server) Restore(ctx context.Context, dir string) error {
	if s.exchange.dir == "" {
		return errors.New("server: restore: this server keeps its state in memory")
	}
	if !s.life.TryLock() {
		return errRestoring
	}
	defer s.life.Unlock()
	if s.ended || s.stuck {
		return errors.New("server: restore: the server is closed, or must be")
	}
	unlock, err := s.exchange.lock()
	if err != nil {
		return fmt.Errorf("server: restore: %w", err)
	}
	err = s.restore(ctx, dir)
	if err = errors.Join(err, unlock()); err != nil {
		return fmt.Errorf("server: restore: %w", err)
	}
	s.log.Info("restored a snapshot", "dir", dir)
	return nil
}

func (s *Server) restore(ctx context.Context, dir string) error {
	x := &s.exchange
	if err := x.stage(ctx, dir); err != nil {
		return errors.Join(err, x.undo())
	}
	trial, err := s.openState(x.at(".restoring", "new"))
	if err == nil {
		err = trial.close()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("open the copy of the snapshot: %w", err), x.undo())
	}
	drain, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	if err := s.gate.close(drain); err != nil {
		return errors.Join(fmt.Errorf("wait for requests to end: %w", err), x.undo())
	}
	start := time.Now()
	d, err := s.exchangeState()
	if d == nil {
		// The data is on the disk, whole, for New; nobody is let in to what there is.
		s.stuck = true
		s.log.Error("the old state can not be opened again; restart the server", "err", err)
		return err
	}
	if l := s.rapid.newest(); l != nil {
		d.ats.SetGranter(l)
	}
	s.state.Store(d)
	s.gate.open()
	s.log.Debug("state exchanged", "took", time.Since(start))
	if err != nil {
		return err
	}
	if err := x.clear(); err != nil {
		s.log.Warn("what was put aside is removed at the next start", "err", err)
	}
	return nil
}

// exchangeState closes the state and returns that of what was staged; or, with
// an error, the old one, opened anew; or nil if not even that works.
func (s *Server) exchangeState() (*state, error) {
	err := s.state.Load().close()
	if err == nil {
		err = s.exchange.swap()
	}
	if err == nil {
		var d *state
		if d, err = s.beginState(); err == nil {
			if err = s.exchange.commit(); err == nil {
				return d, nil
			}
			err = errors.Join(err, d.close())
		}
	}
	if uerr := s.exchange.undo(); uerr != nil {
		return nil, errors.Join(err, uerr)
	}
	d, oerr := s.beginState()
	return d, errors.Join(err, oerr)
}

// beginState opens the data where it belongs and goes on with its work.
func (s *Server) beginState() (*state, error) {
	d, err := s.openState(s.cfg.Dir)
	if err != nil {
		return nil, err
	}
	if err := d.begin(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}
