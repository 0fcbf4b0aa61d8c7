package tree

import (
	"errors"
	"io/fs"
	"os"
	"sync"
)

// smallFile is the size in bytes below which a new file is not put on disk by
// itself: on a disk that waits for its platter or its flash, that takes ten
// times as long as all the rest.
const smallFile = 1 << 20

// maxUnsyncedDirs is how many directories are put on disk one by one at the end.
const maxUnsyncedDirs = 64

// unsynced remembers what was committed and may not be on disk yet. A crash of
// the process loses none of it; a power cut may, until flush.
type unsynced struct {
	mu   sync.Mutex
	all  bool                // files too: the whole file system is to be put on disk
	dirs map[string]struct{} // directories with new names in them
}

// committed notes that a file was renamed in dir, and whether its bytes are on disk.
func (u *unsynced) committed(dir string, synced bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all {
		return
	}
	if !synced || defersSync && len(u.dirs) == maxUnsyncedDirs {
		u.all, u.dirs = true, nil
		return
	}
	if !syncsDirs {
		return
	}
	if u.dirs == nil {
		u.dirs = make(map[string]struct{})
	}
	u.dirs[dir] = struct{}{}
}

// flush puts on disk what is not.
func (u *unsynced) flush(root *os.Root) error {
	u.mu.Lock()
	all, dirs := u.all, u.dirs
	u.all, u.dirs = false, nil
	u.mu.Unlock()

	var errs []error
	sync := func(name string, how func(*os.File) error) {
		f, err := root.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return // removed since, and its names with it
		}
		if err == nil {
			err = errors.Join(how(f), f.Close())
		}
		errs = append(errs, err)
	}
	if all {
		sync(".", syncAll)
	}
	for dir := range dirs {
		if dir == "" {
			dir = "."
		}
		sync(dir, (*os.File).Sync)
	}
	return errors.Join(errs...)
}
