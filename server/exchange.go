package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/icos-go/icos/internal/durable"
)

// essentials are files that a complete snapshot has.
var essentials = [...]string{"store/FORMAT", "store/db/MANIFEST-*", "iam/state.json", "kms/state.json"}

// parts are the directories of a server's data that a restore replaces. The certificates stay, as the listeners go on with theirs.
var parts = [...]string{"store", "iam", "kms"}

// An exchange puts other data in the place of a server's. All that it has to do with is on one file system, so that renaming
// does it: the new data is in DIR/.restoring/new first, the data that there was goes to DIR/.restoring/old, and the new data to where
// it was. What counts until DIR/.restoring is renamed to DIR/.restored is the old data, wherever it is; from then on, the new.
type exchange struct {
	dir    string                      // absolute
	rename func(from, to string) error // os.Rename, except in tests
}

func (x *exchange) at(elem ...string) string {
	return filepath.Join(append([]string{x.dir}, elem...)...)
}

// checkSnapshot reports what is missing in a snapshot.
func checkSnapshot(dir string) error {
	root := os.DirFS(dir)
	for _, pattern := range essentials {
		found, err := fs.Glob(root, pattern)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("%s is not a complete snapshot: %s is missing", dir, pattern)
		}
	}
	return nil
}

// sameDir reports whether two names are those of one directory.
func sameDir(a, b string) (bool, error) {
	one, err := os.Stat(a)
	if err != nil {
		return false, err
	}
	other, err := os.Stat(b)
	if err != nil {
		return false, err
	}
	return os.SameFile(one, other), nil
}

// lock keeps others from starting on the directory in the midst of it.
func (x *exchange) lock() (unlock func() error, err error) {
	lock, err := vfs.Default.Lock(x.at(".restore.lock"))
	if err != nil {
		return nil, fmt.Errorf("another server is restoring a snapshot in %s: %w", x.dir, err)
	}
	return lock.Close, nil
}

// stage copies a snapshot to where the server's data is.
func (x *exchange) stage(ctx context.Context, from string) (err error) {
	if from, err = filepath.Abs(from); err != nil { // locks go by name within a process
		return err
	}
	if err := checkSnapshot(from); err != nil {
		return err
	}
	if same, err := sameDir(from, x.dir); err != nil {
		return err
	} else if same {
		return fmt.Errorf("%s is in use by this server", from)
	}
	// It may be the directory of a server that was begun on it, which must not be running.
	used := filepath.Join(from, "store", "LOCK")
	if _, serr := os.Stat(used); serr == nil {
		lock, lerr := vfs.Default.Lock(used)
		if lerr != nil {
			return fmt.Errorf("%s is in use by a server: %w", from, lerr)
		}
		defer func() { err = errors.Join(err, lock.Close()) }()
	}
	for _, name := range []string{".restoring", ".restored"} {
		if err := os.RemoveAll(x.at(name)); err != nil {
			return err
		}
	}
	for _, elem := range [][]string{{".restoring"}, {".restoring", "old"}, {".restoring", "new"}} {
		if err := os.Mkdir(x.at(elem...), 0o700); err != nil {
			return err
		}
	}
	for _, part := range parts {
		if err := copyTree(ctx, x.at(".restoring", "new", part), filepath.Join(from, part), part == "store"); err != nil {
			return fmt.Errorf("copy %s: %w", part, err)
		}
	}
	return x.sync([]string{".restoring", "new"}, []string{".restoring"}, nil)
}

// swap puts the data aside and what was staged in its place. If it fails, undo makes good for it.
func (x *exchange) swap() error {
	for _, part := range parts {
		if err := x.rename(x.at(part), x.at(".restoring", "old", part)); err != nil {
			return fmt.Errorf("put the data aside: %w", err)
		}
	}
	if err := x.sync([]string{".restoring", "old"}, nil); err != nil {
		return err
	}
	for _, part := range parts {
		if err := x.rename(x.at(".restoring", "new", part), x.at(part)); err != nil {
			return fmt.Errorf("put the snapshot in place: %w", err)
		}
	}
	return x.sync([]string{".restoring", "new"}, nil)
}

// commit has the new data count, also after a power loss: what is acknowledged from then on is in it.
func (x *exchange) commit() error {
	before, after := x.at(".restoring"), x.at(".restored")
	if err := x.rename(before, after); err != nil {
		return err
	}
	if err := x.sync(nil); err != nil {
		return errors.Join(err, x.rename(after, before))
	}
	return nil
}

// clear removes what was put aside.
func (x *exchange) clear() error {
	return errors.Join(x.sync(nil), os.RemoveAll(x.at(".restored")))
}

// undo puts the old data back, if the new one does not count yet. It can be done over if it fails.
func (x *exchange) undo() error {
	for _, part := range parts {
		old := x.at(".restoring", "old", part)
		if _, err := os.Stat(old); errors.Is(err, fs.ErrNotExist) {
			continue // it is where it was
		} else if err != nil {
			return err
		}
		if err := os.RemoveAll(x.at(part)); err != nil {
			return err
		}
		if err := x.rename(old, x.at(part)); err != nil {
			return fmt.Errorf("put the old data back: %w", err)
		}
	}
	if err := x.sync(nil); err != nil {
		return err
	}
	return os.RemoveAll(x.at(".restoring"))
}

// recover ends what a crash has interrupted, one way or the other.
func (x *exchange) recover() (err error) {
	found := false
	for _, name := range []string{".restoring", ".restored"} {
		if _, err := os.Stat(x.at(name)); err == nil {
			found = true
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if !found {
		return nil
	}
	unlock, err := x.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := x.undo(); err != nil {
		return err
	}
	return x.clear()
}

// sync has the disk keep the names in directories below that of the data; nil is that one itself.
func (x *exchange) sync(dirs ...[]string) error {
	for _, elem := range dirs {
		if err := durable.SyncDir(x.at(elem...)); err != nil {
			return err
		}
	}
	return nil
}

// copyTree copies a directory and what is below. If link is set, files that are written once and never again are linked where
// that can be done: those of bodies.
func copyTree(ctx context.Context, to, from string, link bool) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		a, b := filepath.Join(to, e.Name()), filepath.Join(from, e.Name())
		switch {
		case e.Name() == "LOCK": // of who had it open
		case e.IsDir():
			err = copyTree(ctx, a, b, link && e.Name() != "db")
		case !e.Type().IsRegular():
			err = fmt.Errorf("%s is neither a file nor a directory", b)
		case link && filepath.Base(from) != "store" && os.Link(b, a) == nil:
		default:
			err = copyFile(a, b)
		}
		if err != nil {
			return err
		}
	}
	return durable.SyncDir(to)
}
