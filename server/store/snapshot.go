package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strconv"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Snapshot writes a copy of the store to dir, which must not exist and which Open can open: all that was acknowledged before the
// call, and nothing by halves. The store goes on meanwhile, and only frees no space. On one file system the copy shares the space
// of all files; elsewhere it takes the space of the store. An error leaves nothing at dir.
func (s *Store) Snapshot(ctx context.Context, dir string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if err := s.guard.failure(); err != nil {
		return err
	}
	if err := s.snapshot(ctx, dir); err != nil {
		return fmt.Errorf("snapshot to %s: %w", dir, err)
	}
	return nil
}

func (s *Store) snapshot(ctx context.Context, dir string) (err error) {
	fsys := s.files.fs
	partial := dir + ".partial"
	for _, name := range []string{dir, partial} {
		if _, err := fsys.Stat(name); err == nil {
			return fmt.Errorf("%s: %w; remove it or choose another name", name, fs.ErrExist)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := makeFolder(fsys, partial); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, fsys.RemoveAll(partial))
		}
	}()
	if err := s.copyState(ctx, partial); err != nil {
		return err
	}
	if err := writeFile(fsys, partial, "FORMAT", layoutPrefix+strconv.Itoa(layoutVersion)); err != nil {
		return err
	}
	if err := fsys.Rename(partial, dir); err != nil {
		return err
	}
	return syncFolder(fsys, fsys.PathDir(dir))
}

// copyState copies the database and then the files that its rows refer to. No file is freed between the two: what the copy of
// the database refers to is still there, and what was added since is superfluous, and swept when the copy is opened.
func (s *Store) copyState(ctx context.Context, dir string) error {
	s.freeing.Lock()
	defer s.freeing.Unlock()
	if err := s.checkpoint(s.files.fs.PathJoin(dir, "db")); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	to := newFiles(s.files.fs, s.files.fs.PathJoin(dir, "blobs"), false)
	err := s.scan([]byte{rowFile}, []byte{rowFile + 1}, func(key, _ []byte) (bool, error) {
		i, err := parseIDKey(key)
		if err != nil {
			return false, err
		}
		if s.closed.Load() {
			return false, ErrClosed
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		return true, s.files.link(i, to)
	})
	if err != nil {
		return fmt.Errorf("copy files: %w", err)
	}
	return to.syncFolders()
}

// checkpoint copies the database. Pebble panics with the error of a folder of the copy that it can not sync, and holds nothing then;
// that is no reason to end the process.
func (s *Store) checkpoint(dir string) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case runtime.Error:
			panic(v)
		case error:
			err = v
		default:
			panic(v)
		}
	}()
	return s.db.Checkpoint(dir, pebble.WithFlushedWAL())
}

// link makes a file one of another folder too, or copies it there.
func (f *files) link(i id, to *files) error {
	if err := to.folder(i).make(to); err != nil {
		return err
	}
	return vfs.LinkOrCopy(f.fs, f.path(i), to.path(i))
}

// syncFolders makes the names of all files durable.
func (f *files) syncFolders() error {
	for i := range f.folders {
		if f.folders[i].made {
			if err := syncFolder(f.fs, f.folders[i].path); err != nil {
				return err
			}
		}
	}
	return nil
}
