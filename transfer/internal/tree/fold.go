package tree

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// caseFold guards against file systems for which "A" and "a" are one name. A
// bucket may have both, and the second must not replace the first in silence.
type caseFold struct {
	probe func() bool // does this file system fold case? Asked of the disk once.

	// commit is held while a name is looked up and taken, so that of two keys
	// that arrive together one sees the other.
	commit sync.Mutex

	mu    sync.Mutex
	dir   string              // the directory that was listed last
	names map[string]struct{} // exact names it has, at most maxSpellings
}

// maxSpellings bounds the names of a directory that are remembered. Larger
// directories are listed again for each file that is replaced in them.
const maxSpellings = 100_000

// foldsCase finds out whether the file system of root folds case, by making a
// file and asking for it in other letters. Where no file can be made the
// question does not come up; the error will be that of the file to be made.
func foldsCase(root *os.Root) bool {
	name := partialName("case", "")
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return false
	}
	_, err = root.Lstat(strings.ToUpper(name))
	return errors.Join(f.Close(), root.Remove(name)) == nil && err == nil
}

// take gives the file temp in d the name base, which it takes from the file or
// link that has it, unless that belongs to another key.
func (r *Root) take(d *dirHandle, temp, base string) error {
	if r.fold.probe() {
		r.fold.commit.Lock()
		defer r.fold.commit.Unlock()
		if _, err := d.root.Lstat(base); err == nil {
			if err := r.checkSpelling(d.root, base); err != nil {
				return err
			}
		}
	}
	err := d.root.Rename(temp, base)
	if err != nil {
		if info, serr := d.root.Lstat(base); serr == nil && info.IsDir() {
			return errIsDirectory // which systems say in different ways
		}
	}
	return err
}

// checkSpelling returns an error if name, which exists in root, is there in
// other letters: it belongs to another key.
func (r *Root) checkSpelling(root *os.Root, name string) error {
	if !r.fold.probe() {
		return nil
	}
	r.fold.mu.Lock()
	defer r.fold.mu.Unlock()
	if _, ok := r.fold.names[name]; ok && r.fold.dir == root.Name() {
		return nil
	}
	other, err := r.fold.list(root, name)
	if err != nil {
		return err
	}
	if other != "" {
		return fmt.Errorf("%s exists, and this file system does not tell it from %q", filepath.Join(root.Name(), other), name)
	}
	return nil
}

// list reads the names of root. It returns one that differs from name in case
// only, unless name itself is there.
func (c *caseFold) list(root *os.Root, name string) (other string, err error) {
	c.dir, c.names = root.Name(), make(map[string]struct{})
	dir, err := root.Open(".")
	if err != nil {
		return "", err
	}
	defer dir.Close()
	exact := false
	for {
		names, err := dir.Readdirnames(1024)
		for _, n := range names {
			exact = exact || n == name
			if strings.EqualFold(n, name) {
				other = n
			}
			if len(c.names) < maxSpellings {
				c.names[n] = struct{}{}
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
	}
	if exact {
		return "", nil
	}
	return other, nil
}
