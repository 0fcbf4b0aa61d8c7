package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Info describes a checkpoint from outside.
type Info struct {
	ID       string
	Identity Identity
	Job      bool      // a tree's: State counts, and Header does not
	Header   Header    // zero if the object's transfer had not begun
	State    State     // zero if the tree's transfer had not begun
	Pieces   int       // that have arrived
	Bytes    int64     // sum of the lengths of Pieces
	Updated  time.Time // when it was last written to; zero in memory
	Running  bool      // some process has it open
	PID      int       // that process, if Running
	Err      error     // why it cannot be read, such as a *VersionError; then only ID, Updated, Running and PID are set
}

// List goes through the checkpoints, in no particular order, also those that
// are open in some process. The error, if any, comes last. Files in which a
// crash left nothing at all are removed on the way.
func (s *Store) List() iter.Seq2[Info, error] {
	if s.dir == "" {
		return s.listMemory
	}
	return func(yield func(Info, error) bool) {
		names, err := os.ReadDir(s.dir)
		if err != nil {
			yield(Info{}, fmt.Errorf("list checkpoints: %w", err))
			return
		}
		for _, name := range names {
			id, old := strings.CutSuffix(name.Name(), suffix)
			if !old {
				id, _ = strings.CutSuffix(name.Name(), suffixNew)
			}
			if id == name.Name() || !isID(id) {
				continue
			}
			info, found, err := look(filepath.Join(s.dir, name.Name()), id)
			if err != nil {
				yield(Info{}, fmt.Errorf("list checkpoints: %w", err))
				return
			}
			if found && old && !yield(info, nil) {
				return
			}
		}
	}
}

// look reads a checkpoint that may be open in any process. It removes one that
// is not, if it is empty or was to replace another.
func look(path, id string) (info Info, found bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) { // done since
			return Info{}, false, nil
		}
		return Info{}, false, err
	}
	defer f.Close()
	c, _, pid, readErr := readAll(io.NewSectionReader(f, 0, maxFile))
	info = c.info(id)
	if stat, err := f.Stat(); err == nil {
		info.Updated = stat.ModTime()
	}
	// Last, so that one who wants to open it finds it locked by us for no longer
	// than this.
	free, err := lock(f, true)
	if err != nil {
		return Info{}, false, err
	}
	if !free {
		info.Running, info.PID = true, pid
	}
	if readErr != nil {
		return Info{ID: id, Updated: info.Updated, Running: info.Running, PID: info.PID, Err: readErr}, true, nil
	}
	if c.header == nil && c.state == nil || strings.HasSuffix(path, suffixNew) {
		if free {
			f.Close()
			removeStale(path) // if it does not work it is there next time
		}
		return info, info.Running, nil
	}
	return info, true, nil
}

// removeStale removes a file in which there is nothing, or that was to replace another,
// unless somebody uses it. A shared lock does not do: of two who look, the slower would remove
// what was made after the faster had removed the file.
func removeStale(path string) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return
	}
	if free, err := lock(f, false); err == nil && free && isAt(f, path) {
		c, _, _, err := readAll(io.NewSectionReader(f, 0, maxFile))
		if err == nil && (c.header == nil && c.state == nil || strings.HasSuffix(path, suffixNew)) {
			removeAndClose(f, path)
			return
		}
	}
	f.Close()
}

// isAt reports whether path is the name of f.
func isAt(f *os.File, path string) bool {
	here, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(here, there)
}

func (c *contents) info(id string) Info {
	info := Info{ID: id, Identity: c.identity, Job: c.job, Pieces: len(c.pieces), Bytes: c.bytes}
	if c.header != nil {
		info.Header = *c.header
	}
	if c.state != nil {
		info.State = c.state.clone()
	}
	return info
}

func (s *Store) listMemory(yield func(Info, error) bool) {
	type item struct {
		id   string
		m    *memory
		open bool
	}
	var items []item
	s.mu.Lock()
	for id, m := range s.memory {
		items = append(items, item{id, m, m.open})
	}
	s.mu.Unlock()
	for _, it := range items {
		it.m.mu.Lock()
		info := it.m.contents.info(it.id)
		it.m.mu.Unlock()
		if it.open {
			info.Running, info.PID = true, os.Getpid()
		}
		if !yield(info, nil) {
			return
		}
	}
}
