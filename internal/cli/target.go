package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// directory is where downloads of many objects go. Every path is opened through
// an [os.Root], so that no key and no link inside it can lead a write outside.
type directory struct{ root *os.Root }

// openDirectory opens dir, creating it when it is not there.
func openDirectory(dir string) (*directory, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &directory{root}, nil
}

func (d *directory) Close() error { return d.root.Close() }

// localName turns a key into a path below the directory, or says why this key
// cannot be a file: two keys must never become one path in silence.
func localName(key string) (string, error) {
	switch {
	case key == "", strings.HasSuffix(key, "/"):
		return "", fmt.Errorf("key %q ends in a slash and cannot be a file", key)
	case strings.Contains(key, "//"), strings.HasPrefix(key, "/"):
		return "", fmt.Errorf("key %q has an empty path element and cannot be a file", key)
	case strings.ContainsRune(key, 0):
		return "", fmt.Errorf("key %q holds a NUL and cannot be a file", key)
	case filepath.Separator != '/' && strings.ContainsRune(key, filepath.Separator):
		return "", fmt.Errorf("key %q holds %q and cannot be a file here", key, filepath.Separator)
	}
	for elem := range strings.SplitSeq(key, "/") {
		if elem == "." || elem == ".." {
			return "", fmt.Errorf("key %q has a %q element and cannot be a file", key, elem)
		}
	}
	name := filepath.FromSlash(key)
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("key %q is not a usable path here", key)
	}
	return name, nil
}

// create starts the file name below the directory.
func (d *directory) create(name string) (*partialFile, error) {
	if dir := filepath.Dir(name); dir != "." {
		if err := d.root.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
	}
	return createPartial(d.root, name)
}

// partialFile is a download in progress. It takes its final name only in
// commit, whole and on disk.
type partialFile struct {
	*os.File
	root *os.Root
	temp string
	name string

	ownsRoot bool
}

// createFile starts the file at path.
func createFile(path string) (*partialFile, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	f, err := createPartial(root, filepath.Base(path))
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	f.ownsRoot = true
	return f, nil
}

func createPartial(root *os.Root, name string) (*partialFile, error) {
	base := filepath.Base(name)
	if len(base) > 200 { // leave room for the suffix in a name of at most 255 bytes
		base = base[:200]
	}
	temp := filepath.Join(filepath.Dir(name), "."+base+"."+strconv.FormatUint(rand.Uint64(), 36)+".partial")
	f, err := root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			err = p.Err // people know nothing of the temporary name
		}
		return nil, fmt.Errorf("create %s: %w", filepath.Join(root.Name(), name), err)
	}
	return &partialFile{File: f, root: root, temp: temp, name: name}, nil
}

// commit gives the file its name. A crash before leaves the old file or none.
func (f *partialFile) commit() error {
	err := f.Sync()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = f.root.Rename(f.temp, f.name)
	}
	if err != nil {
		err = errors.Join(err, f.root.Remove(f.temp))
	}
	return errors.Join(err, f.release())
}

// abandon removes what was written so far.
func (f *partialFile) abandon() error {
	return errors.Join(f.Close(), f.root.Remove(f.temp), f.release())
}

func (f *partialFile) release() error {
	if f.ownsRoot {
		return f.root.Close()
	}
	return nil
}
