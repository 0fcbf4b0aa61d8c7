package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// commit writes the batch durably and closes it. The bodies dropped lose one reference each in the same batch: inline ones are
// deleted, others get a tombstone when it was the last one, and are freed once no reader holds them.
//
// An error that is ErrFailed leaves open whether the batch is found after the next Open; other errors say that it is not.
func (s *Store) commit(batch *pebble.Batch, dropped ...body) error {
	if err := s.ready(batch); err != nil {
		return err
	}
	var doomed []body
	var err error
	if sharable(dropped) {
		s.shareMu.Lock()
		if doomed, err = s.dropShares(batch, dropped); err == nil {
			err = s.db.ApplyNoSyncWait(batch, pebble.Sync)
		}
		s.shareMu.Unlock()
	} else {
		for _, b := range dropped {
			if b.kind == bodyInline {
				_ = batch.Delete(idKey(rowBytes, b.id), nil)
			}
		}
		err = s.db.ApplyNoSyncWait(batch, pebble.Sync)
	}
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return s.syncWait(batch, doomed)
}

// ready returns when the batch can be applied. If it never can, the batch is closed.
func (s *Store) ready(batch *pebble.Batch) error {
	err := s.guard.failure()
	if err == nil {
		err = s.room.wait(batch.Len())
	}
	if err != nil {
		_ = batch.Close()
	}
	return err
}

// errDoomed says that a body has a tombstone, so that it can not be shared any more.
var errDoomed = errors.New("body is about to be freed")

// commitShare is commit for a batch that refers to a body once more.
func (s *Store) commitShare(batch *pebble.Batch, shared, dropped body) error {
	if err := s.ready(batch); err != nil {
		return err
	}
	s.shareMu.Lock()
	doomed, err := s.addShare(batch, shared, dropped)
	if err == nil {
		err = s.db.ApplyNoSyncWait(batch, pebble.Sync)
	}
	s.shareMu.Unlock()
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return s.syncWait(batch, doomed)
}

// addShare adds to the batch one reference to shared and takes one from dropped. The caller holds shareMu until the batch is
// applied.
func (s *Store) addShare(batch *pebble.Batch, shared, dropped body) (doomed []body, err error) {
	if shared == dropped {
		return nil, nil // an object copied onto itself
	}
	err = s.view(idKey(rowTombstone, shared.id), func([]byte) error { return errDoomed })
	if err != nil {
		return nil, err
	}
	extra, err := s.shares(shared.id)
	if err != nil {
		return nil, err
	}
	setShares(batch, shared.id, extra+1)
	return s.dropShares(batch, []body{dropped})
}

// syncWait waits until the applied batch is durable, and has doomed freed.
func (s *Store) syncWait(batch *pebble.Batch, doomed []body) error {
	if err := batch.SyncWait(); err != nil {
		return fmt.Errorf("commit: %w: %w", ErrFailed, err)
	}
	if err := s.guard.failure(); err != nil { // the guard keeps log errors from Pebble
		return fmt.Errorf("commit: %w", err)
	}
	_ = batch.Close() // it is durable, whatever this says
	s.reaper.add(doomed...)
	return nil
}

// sharable reports whether any of the bodies may be shared. Inline ones never are.
func sharable(bodies []body) bool {
	for _, b := range bodies {
		if b.kind != bodyInline && b.kind != bodyNone {
			return true
		}
	}
	return false
}

// dropShares adds to the batch what takes one reference from each body, and returns those that lost their last. The caller holds
// shareMu until the batch is applied.
func (s *Store) dropShares(batch *pebble.Batch, dropped []body) (doomed []body, err error) {
	for _, b := range dropped {
		switch b.kind {
		case bodyNone:
		case bodyInline:
			_ = batch.Delete(idKey(rowBytes, b.id), nil)
		case bodyFile, bodyManifest:
			extra, err := s.shares(b.id)
			if err != nil {
				return nil, err
			}
			if extra > 0 {
				setShares(batch, b.id, extra-1)
				continue
			}
			fallthrough
		case bodyUpload:
			_ = batch.Set(idKey(rowTombstone, b.id), []byte{byte(b.kind)}, nil)
			doomed = append(doomed, b)
		}
	}
	return doomed, nil
}

// shares returns how many objects beyond the first refer to a body. The caller holds shareMu.
func (s *Store) shares(i id) (extra uint64, err error) {
	err = s.view(idKey(rowShare, i), func(v []byte) error {
		if len(v) != 8 {
			return fmt.Errorf("share row: %w", errCorrupt)
		}
		extra = binary.BigEndian.Uint64(v)
		return nil
	})
	return extra, err
}

func setShares(batch *pebble.Batch, i id, extra uint64) {
	if extra == 0 {
		_ = batch.Delete(idKey(rowShare, i), nil)
		return
	}
	_ = batch.Set(idKey(rowShare, i), binary.BigEndian.AppendUint64(nil, extra), nil)
}
