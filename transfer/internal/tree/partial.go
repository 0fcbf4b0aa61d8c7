package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// Partial is a file that is being fetched. It stands beside its target under a
// hidden name, and takes the name of its target only in Commit. It ends with a
// successful Commit, with Keep or with Abandon; what of these is called after
// that does nothing. ReadAt and WriteAt may be called from many goroutines at once.
type Partial struct {
	root *Root
	key  string
	dir  *dirHandle
	base string // of the target
	temp string // of the file, until it is committed

	file    *os.File
	resumed bool         // kept by an earlier Partial
	foreign bool         // may be written by another program, or may have been
	end     atomic.Int64 // where what was written ends, at least
	perm    *fs.FileMode // of the file that is replaced; nil if there is none
	state   partialState
}

type partialState uint8

const (
	partialOpen   partialState = iota
	partialClosed              // Commit failed: the file is closed and kept
	partialEnded
)

// Partial opens the partial file of key, or creates it and the directories it
// needs. The same key and tag always find the same file, so that a later
// process goes on with it; if tag is empty, the file is new and no other call
// finds it. While one of the same key and tag is open, in any process, another
// gets a new file, where the system can tell.
// What may be known before a byte is fetched is an error here: a key that
// cannot be a file, a directory in its place, a file or a link where a
// directory must be.
func (r *Root) Partial(key, tag string) (p *Partial, err error) {
	err = insist(func() error {
		p, err = r.partial(key, tag)
		return err
	})
	return p, err
}

func (r *Root) partial(key, tag string) (_ *Partial, err error) {
	if strings.HasSuffix(key, "/") {
		return nil, r.failed("create", key, errIsDirectory)
	}
	dir, base, err := r.parent(key, true)
	if err != nil {
		return nil, err
	}
	p := &Partial{root: r, key: key, dir: dir, base: base, temp: partialName(key, tag)}
	defer func() {
		if err != nil {
			dir.release()
			err = r.failed("create", key, err)
		}
	}()
	info, err := dir.root.Lstat(base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errIsDirectory
	case info.Mode().IsRegular():
		p.perm = new(info.Mode().Perm())
	case info.Mode()&fs.ModeSymlink == 0:
		return nil, errNotRegular // a device or a pipe, which must not become a file
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	return p, nil
}

// open creates the file, or opens it if it is there from before. What else is
// there under its name was not put there by a Partial, and is replaced: a link,
// or a file with a second name, would lead the writes elsewhere.
func (p *Partial) open() error {
	perm := fs.FileMode(0o666)
	if p.perm != nil {
		perm = *p.perm | 0o600 // what it replaces may be secret
	}
	for range 3 {
		f, err := p.dir.root.OpenFile(p.temp, os.O_CREATE|os.O_EXCL|os.O_RDWR, perm)
		if err == nil && !claim(f) { // another found it at once
			err = errors.Join(errClaimed, f.Close())
		}
		if err == nil {
			p.file = f
			return nil
		}
		if errors.Is(err, fs.ErrExist) {
			if f, err = reopen(p.dir.root, p.temp); err == nil {
				p.file, p.resumed, p.foreign = f, true, true // as far as can be told
				return nil
			}
		} else if !errors.Is(err, errClaimed) {
			return err
		}
		if errors.Is(err, errClaimed) {
			p.temp = partialName(p.key, "")
			continue
		}
		if err := p.dir.root.Remove(p.temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fmt.Errorf("%s is made again by someone each time it is removed", p.Path())
}

// reopen opens a partial file for more. It must be a regular file with one name.
func reopen(root *os.Root, name string) (*os.File, error) {
	before, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, errNotRegular
	}
	f, err := root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := isOurs(root, name, before, f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// isOurs returns an error if f, opened as name, is another file than before, or one that
// somebody else may be writing to.
func isOurs(root *os.Root, name string, before fs.FileInfo, f *os.File) error {
	after, err := f.Stat()
	if err != nil {
		return err
	}
	dir, err := root.Stat(".")
	if err != nil {
		return err
	}
	const others = 0o022 // who may write to a directory, beside its owner
	switch {
	case !os.SameFile(before, after), links(after) > 1, dir.Mode()&others != 0 && !mine(after):
		return errNotRegular
	case !claim(f):
		return errClaimed
	}
	// Until it was claimed its name may have become that of its target.
	if now, err := root.Lstat(name); err != nil || !os.SameFile(now, after) {
		return errClaimed
	}
	return nil
}

// errClaimed says that somebody else is at a partial file.
var errClaimed = errors.New("is being written")

// Path returns where the partial file is.
func (p *Partial) Path() string { return p.root.Path(p.dir.name + "/" + p.temp) }

// Size returns the size of the file in bytes: more than zero at first only if
// an earlier Partial was kept.
func (p *Partial) Size() (int64, error) {
	info, err := p.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// ReadAt reads from the file at an offset.
func (p *Partial) ReadAt(b []byte, off int64) (int, error) { return p.file.ReadAt(b, off) }

// WriteAt writes to the file at an offset.
func (p *Partial) WriteAt(b []byte, off int64) (int, error) {
	n, err := p.file.WriteAt(b, off)
	for end := off + int64(n); ; {
		if old := p.end.Load(); old >= end || p.end.CompareAndSwap(old, end) {
			return n, err
		}
	}
}

// Write appends to what was written by Write before.
func (p *Partial) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	p.end.Add(int64(n))
	return n, err
}

// Reopen goes on with the file that is under the name of the partial file now: a
// program that was to write it may have put another in its place.
func (p *Partial) Reopen() error {
	p.resumed = true // not all of it was written by us
	now, err := p.dir.root.Lstat(p.temp)
	if err != nil {
		return p.root.failed("open", p.key, err)
	}
	was, err := p.file.Stat()
	if err != nil {
		return p.root.failed("open", p.key, err)
	}
	if os.SameFile(now, was) {
		return nil
	}
	f, err := reopen(p.dir.root, p.temp)
	if err != nil {
		return p.root.failed("open", p.key, err)
	}
	err = p.file.Close()
	p.file = f
	if err != nil {
		return p.root.failed("write", p.key, err)
	}
	return nil
}

// RemoveSides removes the files beside the partial file that belong to it: their
// names are its own and go on with a dot.
func (p *Partial) RemoveSides() error {
	if !p.foreign {
		return nil // saves reading a directory for each file
	}
	dir, err := p.dir.root.Open(".")
	if err != nil {
		return p.root.failed("look beside", p.key, err)
	}
	names, err := dir.Readdirnames(-1)
	if err = errors.Join(err, dir.Close()); err != nil {
		return p.root.failed("look beside", p.key, err)
	}
	var errs []error
	for _, name := range names {
		if !strings.HasPrefix(name, p.temp+".") {
			continue
		}
		if err := p.dir.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, p.root.failed("remove what is beside", p.key, err))
		}
	}
	return errors.Join(errs...)
}

// HasSides says that another program writes the file, and may put others beside it.
func (p *Partial) HasSides() { p.foreign = true }

// RemovePartial removes the partial file of that path and what is beside it.
// That there is none is not an error.
func RemovePartial(path string) error {
	var errs []error
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	dir, base := filepath.Split(path)
	list, err := os.ReadDir(filepath.Clean(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	for _, e := range list {
		if isPartialName(base) && strings.HasPrefix(e.Name(), base+".") {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// Truncate changes the size of the file.
func (p *Partial) Truncate(size int64) error { return p.file.Truncate(size) }

// Sync puts what was written on disk, which a checkpoint needs before it may
// say that it is there.
func (p *Partial) Sync() error { return p.file.Sync() }

// Commit gives the file its time of modification (unless it is zero) and its
// permissions (unless nil: then those of the file it replaces, or else those of
// the umask; never setuid, setgid or sticky), and renames it to its target,
// which it replaces. On an error the file is closed, and one of Keep and Abandon
// must follow.
//
// The bytes are on disk before the rename. Small new files are excepted where
// the system can put many on disk at once: those are safe from a crash of the
// process at once, and from a power cut when the Root is closed.
func (p *Partial) Commit(mtime time.Time, mode *fs.FileMode) error {
	if p.state != partialOpen {
		return p.root.failed("write", p.key, fs.ErrClosed)
	}
	p.state = partialClosed
	if err := p.commit(mtime, mode); err != nil {
		return p.root.failed("write", p.key, err)
	}
	p.state = partialEnded
	err := p.RemoveSides()
	p.dir.release()
	return err
}

func (p *Partial) commit(mtime time.Time, mode *fs.FileMode) error {
	if mode == nil {
		mode = p.perm
	}
	var err error
	if mode != nil {
		err = p.file.Chmod(mode.Perm())
	}
	synced := !p.defersSync()
	if err == nil && synced {
		err = p.file.Sync()
	}
	defer hold(p.file)() // until it has its name
	if cerr := p.file.Close(); err == nil {
		err = cerr
	}
	if err == nil && !mtime.IsZero() {
		err = p.dir.root.Chtimes(p.temp, time.Time{}, mtime)
	}
	if err == nil {
		err = p.root.take(p.dir, p.temp, p.base)
	}
	if err != nil {
		return err
	}
	p.root.disk.committed(p.dir.name, p.base, synced)
	return nil
}

// defersSync reports whether the file may be put on disk with all others when
// the root is closed.
func (p *Partial) defersSync() bool {
	return defersSync && p.perm == nil && !p.resumed && p.end.Load() < smallFile && p.root.onRootDevice(p.dir)
}

// Keep closes the file and leaves it for a later Partial of the same key and
// tag.
func (p *Partial) Keep() error {
	var err error
	switch p.state {
	case partialEnded:
		return nil
	case partialOpen:
		err = p.file.Close()
	case partialClosed:
	}
	p.state = partialEnded
	p.dir.release()
	if err != nil {
		return p.root.failed("write", p.key, err)
	}
	return nil
}

// Abandon removes the file, and the directories that were created for it if
// they are empty.
func (p *Partial) Abandon() error {
	var err error
	switch p.state {
	case partialEnded:
		return nil
	case partialOpen:
		defer hold(p.file)() // until it is gone
		err = p.file.Close()
	case partialClosed:
	}
	p.state = partialEnded
	if rerr := p.dir.root.Remove(p.temp); !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	err = errors.Join(err, p.RemoveSides())
	if len(p.dir.made) > 0 {
		p.root.removeMade(p.dir)
	}
	p.dir.release()
	if err != nil {
		return p.root.failed("remove", p.key, err)
	}
	return nil
}
