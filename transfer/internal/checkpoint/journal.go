package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// suffix of the names of checkpoints; suffixNew is that of the next one while
// it is written.
const (
	suffix    = ".checkpoint"
	suffixNew = ".checkpoint-new"
)

// errFull is returned when a checkpoint has reached its bounds.
var errFull = errors.New("checkpoint is full")

// errSwept is returned when a file to write in was taken for a stale one.
var errSwept = errors.New("file is being removed")

// A disk is what a journal writes to: its file, or one that fails in a test.
type disk interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
}

// A journal is the open and locked file of a checkpoint. It is not safe for
// concurrent use. A nil one forgets: its checkpoint is in memory.
type journal struct {
	path string
	file *os.File // nil if closed
	disk disk     // the file, to write to
	end  int64    // where the next record goes
}

// openJournal opens a checkpoint, or makes an empty one, and cuts off what a
// crash has left half written.
func openJournal(path, id string) (*journal, *contents, error) {
	f, err := openLocked(path, id)
	if err != nil {
		return nil, nil, err
	}
	c, end, _, err := readAll(io.NewSectionReader(f, 0, maxFile))
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	j := &journal{path: path, file: f, disk: f, end: end}
	if err := j.start(); err != nil {
		if end == 0 {
			return nil, nil, errors.Join(err, j.remove())
		}
		return nil, nil, errors.Join(err, j.close())
	}
	return j, c, nil
}

// openLocked opens a file, made if need be, and locks it.
func openLocked(path, id string) (*os.File, error) {
	for try := 0; ; try++ {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open checkpoint: %w", err)
		}
		ok, err := lock(f, false)
		if err != nil {
			f.Close()
			return nil, err
		}
		if !ok {
			pid := preamblePID(f)
			f.Close()
			if try < 5 { // somebody may be looking whether it is locked
				time.Sleep(5 * time.Millisecond)
				continue
			}
			return nil, &BusyError{ID: id, PID: pid}
		}
		// Between open and lock the file may have been removed, or replaced by
		// a shorter one. Then this lock is one on nothing.
		if isAt(f, path) {
			return f, nil
		}
		f.Close()
		if try > 100 {
			return nil, fmt.Errorf("open checkpoint: %s is no longer what it was, again and again", path)
		}
	}
}

func preamblePID(f *os.File) int {
	var b [preambleSize]byte
	if _, err := f.ReadAt(b[:], 0); err != nil || string(b[:len(magic)]) != magic {
		return 0
	}
	return int(binary.LittleEndian.Uint32(b[8:]))
}

func preamble() []byte {
	b := append([]byte(magic), version)
	b = binary.LittleEndian.AppendUint32(b, uint32(os.Getpid()))
	return append(b, 0, 0, 0, 0)
}

// start says in the preamble whose the file is now, and cuts off its bad end.
func (j *journal) start() error {
	if _, err := j.disk.WriteAt(preamble(), 0); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	j.end = max(j.end, preambleSize)
	if err := j.disk.Truncate(j.end); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return nil
}

// append writes records. If that fails, as on a full disk, those before it
// stand, and the next append may work.
func (j *journal) append(records []byte) error {
	if j == nil {
		return nil
	}
	if j.file == nil {
		return fs.ErrClosed
	}
	if j.end+int64(len(records)) > maxFile {
		return errFull
	}
	if _, err := j.disk.WriteAt(records, j.end); err != nil {
		// What was written of it is overwritten by the next append, or cut off
		// by the next process; this only gives the space back.
		return fmt.Errorf("write checkpoint: %w", errors.Join(err, j.disk.Truncate(j.end)))
	}
	j.end += int64(len(records))
	return nil
}

func (j *journal) sync() error {
	if j == nil {
		return nil
	}
	if j.file == nil {
		return fs.ErrClosed
	}
	if err := j.disk.Sync(); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return nil
}

// size returns the length of the file.
func (j *journal) size() int64 {
	if j == nil {
		return 0
	}
	return j.end
}

// rewrite replaces the whole file by one with these records, in one step.
func (j *journal) rewrite(records []byte) error {
	if j == nil {
		return nil
	}
	if j.file == nil {
		return fs.ErrClosed
	}
	name := j.path[:len(j.path)-len(suffix)] + suffixNew
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("rewrite checkpoint: %w", err)
	}
	next := &journal{path: j.path, file: f, disk: f}
	if ok, err := lock(f, false); err != nil {
		return fmt.Errorf("rewrite checkpoint: %w", errors.Join(err, f.Close()))
	} else if !ok { // somebody sweeps it
		return fmt.Errorf("rewrite checkpoint: %w", errors.Join(errSwept, f.Close()))
	}
	if err := errors.Join(next.start(), next.append(records)); err != nil {
		return fmt.Errorf("rewrite checkpoint: %w", errors.Join(err, removeAndClose(f, name)))
	}
	f, err = replaceAndClose(j.file, f, j.path)
	if err != nil {
		j.file, j.disk = f, f
		return fmt.Errorf("rewrite checkpoint: %w", err)
	}
	j.file, j.disk, j.end = f, f, next.end
	return nil
}

func (j *journal) close() error {
	if j == nil || j.file == nil {
		return nil
	}
	f := j.file
	j.file = nil
	return f.Close()
}

func (j *journal) remove() error {
	if j == nil || j.file == nil {
		return nil
	}
	f := j.file
	j.file = nil
	return removeAndClose(f, j.path)
}
