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

// maxDirs is how many directories below a root stay open for the next file in
// them, beside those of partials on their way.
const maxDirs = 16

// dirHandle is an open directory below a Root. Whoever gets one must release it.
type dirHandle struct {
	name string      // below the root, as LocalName gives it; "" for the root itself
	root *os.Root    // of the directory
	info fs.FileInfo // what the directory was when it was opened

	made  []string // the directories that were created to open it, outermost first
	cache *dirCache
	users int // guarded by cache.mu; the cache itself is one
}

// release ends one use of the directory.
func (d *dirHandle) release() {
	if d.cache == nil {
		return // the root itself
	}
	d.cache.mu.Lock()
	defer d.cache.mu.Unlock()
	d.cache.unuse(d)
}

// dirCache keeps the directories used last, so that a file in a directory ten
// levels down does not open ten directories for each of its steps.
type dirCache struct {
	mu   sync.Mutex
	open []*dirHandle // latest last
	err  error        // of closing
}

// unuse takes one user from d, and closes it after the last.
func (c *dirCache) unuse(d *dirHandle) {
	d.users--
	if d.users == 0 {
		c.err = errors.Join(c.err, d.root.Close())
	}
}

// get returns the open directory of this name, or nil.
func (c *dirCache) get(name string) *dirHandle {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.open, func(d *dirHandle) bool { return d.name == name })
	if i < 0 {
		return nil
	}
	d := c.open[i]
	copy(c.open[i:], c.open[i+1:])
	c.open[len(c.open)-1] = d
	d.users++
	return d
}

// put keeps d, which its caller goes on using.
func (c *dirCache) put(d *dirHandle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d.cache, d.users = c, 2
	if len(c.open) == maxDirs {
		c.unuse(c.open[0])
		c.open = slices.Delete(c.open, 0, 1)
	}
	c.open = append(c.open, d)
}

// drop forgets the directory of this name.
func (c *dirCache) drop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = slices.DeleteFunc(c.open, func(d *dirHandle) bool {
		if d.name != name {
			return false
		}
		c.unuse(d)
		return true
	})
}

// close closes what is kept.
func (c *dirCache) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.open {
		c.unuse(d)
	}
	c.open = nil
	return c.err
}

// insist makes something in a directory, again if the directory is gone by
// then: Remove and Abandon take away those that became empty, and may do so
// just after it was made for another.
func insist(make func() error) error {
	for try := 1; ; try++ {
		if err := make(); try == 50 || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

// dir opens the directory of this name below the root. Missing ones are made if
// create is set. A directory that is still open from before is used only if it
// still is what its name leads to: it may have been replaced by a link since.
func (r *Root) dir(name string, create bool) (*dirHandle, error) {
	if name == "" {
		return &dirHandle{root: r.root}, nil
	}
	if d := r.dirs.get(name); d != nil {
		info, err := r.root.Lstat(name)
		if err == nil && os.SameFile(info, d.info) {
			return d, nil
		}
		d.release()
		r.dirs.drop(name)
	}
	d := &dirHandle{name: name, root: r.root}
	for end := 0; end < len(name); end++ { // past the separator
		start := end
		if n := strings.IndexByte(name[start:], filepath.Separator); n >= 0 {
			end = start + n
		} else {
			end = len(name)
		}
		next, made, err := r.descend(d.root, name[start:end], create)
		if err != nil {
			return nil, errors.Join(err, r.closeUnlessRoot(d.root))
		}
		if made {
			d.made = append(d.made, name[:end])
		}
		err = r.closeUnlessRoot(d.root)
		d.root = next
		if err != nil {
			return nil, errors.Join(err, next.Close())
		}
	}
	var err error
	if d.info, err = d.root.Stat("."); err != nil {
		return nil, errors.Join(err, d.root.Close())
	}
	r.dirs.put(d)
	return d, nil
}

// descend opens the directory elem in root, or makes it.
func (r *Root) descend(root *os.Root, elem string, create bool) (next *os.Root, made bool, err error) {
	info, err := root.Lstat(elem)
	if create && errors.Is(err, fs.ErrNotExist) {
		err = root.Mkdir(elem, 0o777)
		made = err == nil
		if err == nil || errors.Is(err, fs.ErrExist) {
			info, err = root.Lstat(elem)
		}
	}
	path := filepath.Join(root.Name(), elem)
	switch {
	case err != nil:
		return nil, false, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, false, fmt.Errorf("%s is a symbolic link, and nothing below a link is read or written; remove it to go on", path)
	case !info.IsDir() && create:
		return nil, false, fmt.Errorf("%s %w, and a directory is needed there", path, errNotDirectory)
	case !info.IsDir():
		return nil, false, fs.ErrNotExist
	}
	if create && !made {
		if err := r.checkSpelling(root, elem); err != nil {
			return nil, false, err
		}
	}
	next, err = root.OpenRoot(elem)
	return next, made, err
}

func (r *Root) closeUnlessRoot(root *os.Root) error {
	if root == r.root {
		return nil
	}
	return root.Close()
}
