package tree

import (
	"context"
	"io/fs"
	"os"
	"time"
)

// Root is a directory that objects are written to. Nothing that is asked of it
// reaches outside: not by a hostile key, and not by symbolic links below it, of
// which none is followed. The directory itself may be reached by links. Its
// methods may be called from many goroutines at once.
type Root struct {
	root *os.Root
}

// OpenRoot opens the directory dir for writing, and creates it when it is
// missing. The caller must Close it.
func OpenRoot(dir string) (*Root, error) { return &Root{}, nil }

// OpenFile opens the directory of one file, and returns the key that stands for
// the file in it. The directory must exist. The caller must Close the Root.
func OpenFile(path string) (r *Root, key string, err error) { return &Root{}, "", nil }

// Name returns the path of the directory, as it was given.
func (r *Root) Name() string { return r.root.Name() }

// Path returns where the object of this key is kept, for people and for log
// lines. Opening it by this path is not protected.
func (r *Root) Path(key string) string { return "" }

// Close makes the names of committed files durable and closes the directory.
// Partials must have ended.
func (r *Root) Close() error { return nil }

// Stat describes what is kept at key without following links. The error is
// [fs.ErrNotExist] also when a directory on the way there is missing.
func (r *Root) Stat(key string) (fs.FileInfo, error) { return nil, nil }

// Open opens the file at key for reading. It does not follow links.
func (r *Root) Open(key string) (*os.File, error) { return nil, nil }

// Remove removes the file, link or empty directory at key, and then the
// directories that became empty by it.
func (r *Root) Remove(key string) error { return nil }

// Mkdir makes the directory that key, which may end in a slash, stands for. It
// is no error if it exists.
func (r *Root) Mkdir(key string) error { return nil }

// Symlink makes or replaces the symbolic link at key. A target that leaves the
// root, or that is absolute, is refused.
func (r *Root) Symlink(key, target string) error { return nil }

// Sweep removes partial files that were last written before the given time, and
// returns how many there were. It goes on past what it cannot remove.
func (r *Root) Sweep(ctx context.Context, before time.Time) (removed int, err error) { return 0, nil }
