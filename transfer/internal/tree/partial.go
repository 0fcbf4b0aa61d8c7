package tree

import (
	"io/fs"
	"os"
	"time"
)

// Partial is a file that is being fetched. It stands beside its target under a
// hidden name, and takes the name of its target only in Commit, whole and on
// disk. It ends with one of Commit, Keep and Abandon. ReadAt and WriteAt may be called from
// many goroutines at once.
type Partial struct {
	file *os.File
}

// Partial opens the partial file of key, or creates it and the directories it
// needs. The same key and tag always find the same file, so that a later
// process goes on with it; if tag is empty, the file is new and no other call finds it.
// Two at once for the same key and tag are the caller's to prevent. What may be
// known before a byte is fetched is an error here: a key that cannot be a file,
// a directory in its place, a file or a link where a directory must be.
func (r *Root) Partial(key, tag string) (*Partial, error) { return &Partial{}, nil }

// Path returns where the partial file is, as far as it has a name.
func (p *Partial) Path() string { return p.file.Name() }

// Size returns the size of the file in bytes: more than zero only if an earlier Partial was kept.
func (p *Partial) Size() (int64, error) { return 0, nil }

// ReadAt reads from the file at an offset.
func (p *Partial) ReadAt(b []byte, off int64) (int, error) { return p.file.ReadAt(b, off) }

// WriteAt writes to the file at an offset.
func (p *Partial) WriteAt(b []byte, off int64) (int, error) { return p.file.WriteAt(b, off) }

// Write appends to what was written by Write before.
func (p *Partial) Write(b []byte) (int, error) { return p.file.Write(b) }

// Truncate changes the size of the file.
func (p *Partial) Truncate(size int64) error { return p.file.Truncate(size) }

// Sync puts what was written on disk, which a checkpoint needs before it may
// say that it is there.
func (p *Partial) Sync() error { return p.file.Sync() }

// Commit puts the file on disk, gives it its time of modification (unless zero) and its
// permissions (unless nil: those of the file it replaces, or else those of the
// umask; never setuid, setgid or sticky), and renames it to its target, which it replaces.
// On an error the partial file is kept.
func (p *Partial) Commit(mtime time.Time, mode *fs.FileMode) error { return nil }

// Keep closes the file and leaves it for a later Partial of the same key and tag.
func (p *Partial) Keep() error { return nil }

// Abandon removes the file, and the directories that were created for it if
// they are empty.
func (p *Partial) Abandon() error { return nil }
