package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// An entry is an open checkpoint: what Object and Job have in common.
type entry struct {
	store *Store
	id    string

	mu       *sync.Mutex // guards all below
	contents *contents
	journal  *journal // nil: in memory
	closed   bool
}

// open opens a checkpoint of an object or of a job, or makes an empty one.
func (s *Store) open(id Identity, job bool) (*entry, error) {
	e := &entry{store: s, id: id.ID(), mu: new(sync.Mutex)}
	if s.dir == "" {
		return e, s.openMemory(e, id, job)
	}
	j, c, err := openJournal(s.path(e.id), e.id)
	if err != nil {
		return nil, err
	}
	e.journal, e.contents = j, c
	if c.known && (c.identity != id || c.job != job) { // two in 2^48, or somebody renamed it
		return nil, errors.Join(fmt.Errorf("checkpoint %s belongs to another transfer, a %s of %s/%s", e.id, c.identity.Kind, c.identity.Bucket, c.identity.Key), j.close())
	}
	if !c.known {
		// A file that does not begin with whose it is has nothing in it.
		*c = contents{known: true, identity: id, job: job}
		if err := j.append(c.first()); err != nil {
			return nil, errors.Join(err, j.remove())
		}
	}
	return e, nil
}

func (s *Store) openMemory(e *entry, id Identity, job bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.memory[e.id]
	if m == nil {
		m = &memory{contents: &contents{known: true, identity: id, job: job}}
		s.memory[e.id] = m
	}
	if m.open {
		return &BusyError{ID: e.id, PID: os.Getpid()}
	}
	m.open, e.contents, e.mu = true, m.contents, &m.mu
	return nil
}

// ID returns the name of the checkpoint.
func (e *entry) ID() string { return e.id }

// Close keeps the checkpoint for another time. One in which nothing was ever
// kept is removed. Closing again does nothing.
func (e *entry) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.end(e.contents.header == nil && e.contents.state == nil)
}

// Remove removes the checkpoint: its transfer is done, or given up. After Close
// it does nothing.
func (e *entry) Remove() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.end(true)
}

func (e *entry) end(remove bool) error {
	if e.closed {
		return nil
	}
	e.closed = true
	if e.journal == nil {
		e.store.closeMemory(e.id, remove)
		return nil
	}
	if remove {
		if err := e.journal.remove(); err != nil {
			return fmt.Errorf("remove checkpoint: %w", err)
		}
		return nil
	}
	if err := e.journal.close(); err != nil {
		return fmt.Errorf("close checkpoint: %w", err)
	}
	return nil
}

func (s *Store) closeMemory(id string, remove bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if remove {
		delete(s.memory, id)
		return
	}
	s.memory[id].open = false
}

// replace writes a record that takes the place of all but the identity: at the
// end of the file, or in a new file once this one is longer than most and than
// four such records.
func (e *entry) replace(kind byte, payload []byte, most int64) error {
	record := appendRecord(nil, kind, payload)
	if after := e.journal.size() + int64(len(record)); after > max(most, 4*int64(len(record))) {
		if e.journal.rewrite(append(e.contents.first(), record...)) == nil {
			return nil
		}
		// Such as for want of room for two files: then it grows.
	}
	return e.journal.append(record)
}
