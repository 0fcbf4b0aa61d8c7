package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Root is a directory that objects are written to. Nothing that is asked of it
// reaches outside: not by a hostile key, and not by symbolic links below it, of
// which none is followed. The directory itself may be reached by links. Its
// methods may be called from many goroutines at once.
type Root struct {
	root *os.Root
	info fs.FileInfo // of the directory itself
	dirs dirCache
	disk unsynced

	fold caseFold
}

// OpenRoot opens the directory dir for writing, and creates it when it is
// missing. The caller must Close it.
func OpenRoot(dir string) (*Root, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	return openRoot(dir)
}

// OpenFile opens the directory of one file, and returns the key that stands for
// the file in it. The directory must exist. The caller must Close the Root.
func OpenFile(path string) (r *Root, key string, err error) {
	if path == "" || os.IsPathSeparator(path[len(path)-1]) {
		return nil, "", fmt.Errorf("%q is not the name of a file", path)
	}
	key = filepath.Base(path)
	if _, err := LocalName(key); err != nil {
		return nil, "", err
	}
	r, err = openRoot(filepath.Dir(path))
	return r, key, err
}

func openRoot(dir string) (*Root, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	r := &Root{root: root, info: info}
	r.fold.probe = sync.OnceValue(func() bool { return foldsCase(root) })
	return r, nil
}

// Name returns the path of the directory, as it was given.
func (r *Root) Name() string { return r.root.Name() }

// Path returns where the object of this key is kept, for people and for log
// lines. Opening it by this path is not protected.
func (r *Root) Path(key string) string { return filepath.Join(r.Name(), filepath.FromSlash(key)) }

// Close makes the names of committed files durable and closes the directory.
// Partials must have ended.
func (r *Root) Close() error {
	err := r.disk.flush(r.root)
	return errors.Join(err, r.dirs.close(), r.root.Close())
}

// Sync puts the file or link at key on disk, and its name. Whoever removes the
// source of a file after Commit needs it first; others may leave it to Close.
func (r *Root) Sync(key string) error {
	d, base, err := r.parent(key, false)
	if err != nil {
		return err
	}
	defer d.release()
	info, err := d.root.Lstat(base)
	if err == nil && defersSync && info.Mode().IsRegular() { // else Commit did
		err = onDisk(d.root, base, (*os.File).Sync)
	}
	if err == nil && syncsDirs {
		err = onDisk(d.root, ".", (*os.File).Sync)
	}
	if err != nil {
		return r.failed("sync", key, err)
	}
	return nil
}

// Stat describes what is kept at key without following links. The error is
// [fs.ErrNotExist] also when a directory on the way there is missing, or is
// something else than a directory.
func (r *Root) Stat(key string) (fs.FileInfo, error) {
	d, base, err := r.parent(key, false)
	if err != nil {
		return nil, err
	}
	defer d.release()
	info, err := d.root.Lstat(base)
	if err == nil && strings.HasSuffix(key, "/") && !info.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, r.failed("stat", key, err)
	}
	return info, nil
}

// Open opens the file at key for reading. It does not follow links.
func (r *Root) Open(key string) (*os.File, error) {
	d, base, err := r.parent(key, false)
	if err != nil {
		return nil, err
	}
	defer d.release()
	info, err := d.root.Lstat(base)
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, r.failed("open", key, err)
	}
	f, err := d.root.Open(base)
	if err != nil {
		return nil, r.failed("open", key, err)
	}
	return f, nil
}

// Remove removes the file or link at key, or the empty directory if it ends in
// a slash, and then the directories that became empty by it.
func (r *Root) Remove(key string) error {
	d, base, err := r.parent(key, false)
	if err != nil {
		return err
	}
	defer d.release()
	info, err := d.root.Lstat(base)
	switch {
	case err != nil:
	case info.IsDir() && !strings.HasSuffix(key, "/"):
		err = errIsDirectory
	case !info.IsDir() && strings.HasSuffix(key, "/"):
		err = errNotDirectory
	default:
		err = d.root.Remove(base)
	}
	if err != nil {
		return r.failed("remove", key, err)
	}
	r.removeEmpty(d.name)
	return nil
}

// removeEmpty removes a directory and those above it, as far as they are
// empty. That one is not empty is no error, nor is that it cannot be removed:
// nobody asked for it by name.
func (r *Root) removeEmpty(dir string) {
	for dir != "" {
		if r.root.Remove(dir) != nil {
			return
		}
		r.dirs.drop(dir)
		dir, _ = splitName(dir)
	}
}

// removeMade removes the directories that were made to open d, if they are
// empty.
func (r *Root) removeMade(d *dirHandle) {
	for _, dir := range slices.Backward(d.made) {
		if r.root.Remove(dir) != nil {
			return
		}
		r.dirs.drop(dir)
	}
}

// onRootDevice reports whether d is on the file system of the root.
func (r *Root) onRootDevice(d *dirHandle) bool {
	return d.info == nil || sameDevice(d.info, r.info)
}

// Mkdir makes the directory that key, which may end in a slash, stands for. It
// is no error if it exists.
func (r *Root) Mkdir(key string) error {
	name, err := LocalName(key)
	if err != nil {
		return err
	}
	err = insist(func() error {
		d, err := r.dir(name, true)
		if err == nil {
			d.release()
		}
		return err
	})
	if err != nil {
		return r.failed("create", key, err)
	}
	return nil
}

// parent opens the directory that holds key, and returns the name of key in it.
// The caller must release the directory.
func (r *Root) parent(key string, create bool) (d *dirHandle, base string, err error) {
	name, err := LocalName(key)
	if err != nil {
		return nil, "", err
	}
	dir, base := splitName(name)
	if d, err = r.dir(dir, create); err != nil {
		op := "open"
		if create {
			op = "create"
		}
		return nil, "", r.failed(op, key, err)
	}
	return d, base, nil
}

// splitName is [filepath.Split] for the names of LocalName, with "" for the root.
func splitName(name string) (dir, base string) {
	i := strings.LastIndexByte(name, filepath.Separator)
	if i < 0 {
		return "", name
	}
	return name[:i], name[i+1:]
}

// What stands in the way of a file, beside what the system says.
var (
	errIsDirectory  = errors.New("is a directory")
	errNotDirectory = errors.New("is not a directory")
	errNotRegular   = errors.New("is not a regular file")
)

// failed tells what was to be done to which file, and drops the hidden name
// that the system's error is about.
func (r *Root) failed(op, key string, err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	} else if l, ok := errors.AsType[*os.LinkError](err); ok {
		err = l.Err
	}
	return fmt.Errorf("%s %s: %w", op, r.Path(key), err)
}
