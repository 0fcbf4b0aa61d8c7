package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// smallFile is the size in bytes below which a new file is not put on disk by
// itself before it is renamed: on a disk that waits for its platter or its
// flash, that takes ten times as long as all the rest.
const smallFile = 1 << 20

// maxUnsynced is how many files and directories are put on disk one by one at
// the end. More are left to one call for the whole file system, which however waits
// for what others wrote there, too.
const maxUnsynced = 64

// unsynced remembers what was committed and may not be on disk yet. A crash of
// the process loses none of it; a power cut may, until flush.
type unsynced struct {
	mu    sync.Mutex
	all   bool                // too much to remember
	names map[string]struct{} // files, and directories with new names in them
}

// committed notes that the file base has its name in dir, and whether its
// bytes are on disk.
func (u *unsynced) committed(dir, base string, synced bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all || !syncsDirs {
		return
	}
	if u.names == nil {
		u.names = make(map[string]struct{})
	}
	u.names[filepath.Join(".", dir)] = struct{}{}
	if !synced {
		u.names[filepath.Join(dir, base)] = struct{}{}
	}
	if defersSync && len(u.names) > maxUnsynced {
		u.all, u.names = true, nil
	}
}

// flush puts on disk what is not.
func (u *unsynced) flush(root *os.Root) error {
	u.mu.Lock()
	all, names := u.all, u.names
	u.all, u.names = false, nil
	u.mu.Unlock()

	if all {
		return onDisk(root, ".", syncAll)
	}
	var errs []error
	for name := range names {
		errs = append(errs, onDisk(root, name, (*os.File).Sync))
	}
	return errors.Join(errs...)
}

// onDisk opens what is there by this name below root, and syncs it.
func onDisk(root *os.Root, name string, sync func(*os.File) error) error {
	f, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed since
	}
	if err != nil {
		return err
	}
	return errors.Join(sync(f), f.Close())
}
