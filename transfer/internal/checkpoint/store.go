package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// A Store is a directory of checkpoints, or a number of them in memory. It is
// safe for concurrent use.
type Store struct {
	dir string // empty: memory

	mu     sync.Mutex
	memory map[string]*memory // by ID; guarded by mu
}

// A memory is a checkpoint that is not on disk.
type memory struct {
	mu       sync.Mutex // guards contents
	contents *contents
	open     bool // guarded by Store.mu
}

// Open opens the directory of checkpoints. It makes it if need be, for the user
// alone, and refuses one that everybody may write to. If dir is empty the
// checkpoints are in memory and end with the Store. A Store holds nothing open
// and needs no Close.
func Open(dir string) (*Store, error) {
	if dir == "" {
		return &Store{memory: map[string]*memory{}}, nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open checkpoints: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open checkpoints: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("open checkpoints: %w", err)
	}
	// What is read from there says which files to write and which uploads to
	// abort. Windows has no such bits.
	if info.Mode().Perm()&0o002 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("open checkpoints: everybody may write to %s: chmod o-w it, or use another directory", dir)
	}
	return &Store{dir: dir}, nil
}

// BusyError is returned for a checkpoint that is open already.
type BusyError struct {
	ID  string // of the checkpoint
	PID int    // of the process that has it open, 0 if it did not say
}

// Error names the process.
func (e *BusyError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("transfer %s is running in another process", e.ID)
	}
	return fmt.Sprintf("transfer %s is running in process %d", e.ID, e.PID)
}

// Object opens the checkpoint of one object's transfer, or makes an empty one.
// If it is open already, here or in another process, the error is a
// *BusyError; if a newer icos wrote it, a *VersionError. The caller must Close
// or Remove it.
func (s *Store) Object(id Identity) (*Object, error) {
	e, err := s.open(id, false)
	if err != nil {
		return nil, err
	}
	return &Object{entry: e}, nil
}

// Job opens the checkpoint of a tree's transfer, or makes an empty one. Errors
// and duties are those of Object.
func (s *Store) Job(id Identity) (*Job, error) {
	e, err := s.open(id, true)
	if err != nil {
		return nil, err
	}
	return &Job{entry: e}, nil
}

// Remove removes the checkpoint of that ID. If it is open the error is a
// *BusyError; if there is none, fs.ErrNotExist.
func (s *Store) Remove(id string) error {
	missing := fmt.Errorf("remove checkpoint %q: %w", id, fs.ErrNotExist)
	if s.dir == "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		m := s.memory[id]
		if m == nil {
			return missing
		}
		if m.open {
			return &BusyError{ID: id, PID: os.Getpid()}
		}
		delete(s.memory, id)
		return nil
	}
	if !isID(id) {
		return missing
	}
	path := s.path(id)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return missing
	}
	f, err := openLocked(path, id)
	if err != nil {
		return err
	}
	return removeAndClose(f, path)
}

func (s *Store) path(id string) string { return filepath.Join(s.dir, id+suffix) }

// isID keeps names that users type from being paths.
func isID(s string) bool {
	if len(s) != 2*idSize {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
