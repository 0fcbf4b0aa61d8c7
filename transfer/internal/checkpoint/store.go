package checkpoint

import (
	"fmt"
	"iter"
	"time"
)

// A Store is a directory of checkpoints, or a number of them in memory. It is
// safe for concurrent use.
type Store struct {
	dir string
}

// Open opens the directory of checkpoints, which it creates, readable by the
// user alone. It refuses one that everybody may write to. If dir is empty the
// checkpoints are in memory and end with the Store. A Store holds nothing open
// and needs no Close.
func Open(dir string) (*Store, error) { return &Store{dir: dir}, nil }

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
// If it is open already, here or in another process, the error is a *BusyError.
// The caller must Close or Remove it.
func (s *Store) Object(id Identity) (*Object, error) { return &Object{}, nil }

// Job opens the checkpoint of a tree's transfer, or makes an empty one. If it
// is open already, here or in another process, the error is a *BusyError. The
// caller must Close or Remove it.
func (s *Store) Job(id Identity) (*Job, error) { return &Job{}, nil }

// Info describes a checkpoint from outside.
type Info struct {
	ID       string
	Identity Identity
	Job      bool      // it is a tree's: State counts, and Header does not
	Header   Header    // zero if the object's transfer had not begun
	State    State     // zero if the tree's transfer had not begun
	Pieces   int       // that have arrived
	Bytes    int64     // sum of the lengths of Pieces
	Updated  time.Time // when it was last written to
	Running  bool      // some process has it open
	PID      int       // that process, if Running
	Err      error     // why it cannot be read, such as that a newer icos wrote it; then only ID and Running are set
}

// List goes through the checkpoints, in no particular order, also those that
// are open in some process. The error, if any, comes last.
func (s *Store) List() iter.Seq2[Info, error] { return func(func(Info, error) bool) {} }

// Remove removes the checkpoint of that ID. If it is open the error is a
// *BusyError; if there is none, fs.ErrNotExist.
func (s *Store) Remove(id string) error { return nil }
