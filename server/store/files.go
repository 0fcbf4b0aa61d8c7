package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// files are the bodies that are files: blobs/xx/<id in hex>.
type files struct {
	fs      vfs.FS
	dir     string
	onDisk  bool // fs is the disk, so that reading may bypass it
	folders [256]folder
	root    folder
}

func newFiles(fsys vfs.FS, dir string, onDisk bool) *files {
	f := &files{fs: fsys, dir: dir, onDisk: onDisk}
	f.root.path = dir
	for i := range f.folders {
		f.folders[i].path = fsys.PathJoin(dir, fmt.Sprintf("%02x", i))
	}
	return f
}

// folder returns the folder of a file. A thousand ids in a row share one, so that writers at work at the same time share its
// fsync.
func (f *files) folder(i id) *folder { return &f.folders[i>>10&0xff] }

func (f *files) path(i id) string {
	return f.fs.PathJoin(f.folder(i).path, fmt.Sprintf("%016x", uint64(i)))
}

// writeback is how many bytes are written before the disk is told to start on them, so that the last sync has little left to do.
const writeback = 4 << 20

// create creates the file of a new id. Ids are not used twice (beginRun), so that it never meets an old file.
func (f *files) create(i id) (vfs.File, error) {
	if err := f.folder(i).make(f); err != nil {
		return nil, fmt.Errorf("create folder: %w", err)
	}
	w, err := f.fs.Create(f.path(i), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, fmt.Errorf("create file: %w", err)
	}
	return vfs.NewSyncingFile(w, vfs.SyncingFileOptions{BytesPerSync: writeback, NoSyncOnClose: true}), nil
}

// finish makes a file written whole durable, with its name, and closes it.
func (f *files) finish(i id, w vfs.File) error {
	err := w.SyncData()
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = f.folder(i).sync(f.fs)
	}
	if err != nil {
		return fmt.Errorf("sync file: %w", err)
	}
	return nil
}

// reader is what files are read through. On disk it is an *os.File, which a network connection can send from directly.
type reader interface {
	io.ReaderAt
	io.ReadCloser
}

func (f *files) open(i id) (r reader, err error) {
	if f.onDisk {
		r, err = os.Open(f.path(i))
	} else {
		r, err = f.fs.Open(f.path(i))
	}
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	return r, nil
}

func (f *files) remove(i id) error {
	if err := f.fs.Remove(f.path(i)); err != nil {
		return fmt.Errorf("remove file: %w", err)
	}
	return nil
}

// each calls do for every file.
func (f *files) each(do func(id) error) error {
	for i := range f.folders {
		names, err := f.fs.List(f.folders[i].path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("list folder: %w", err)
		}
		for _, name := range names {
			n, err := strconv.ParseUint(name, 16, 64)
			if err != nil || len(name) != 16 {
				continue // not ours
			}
			if err := do(id(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// folder shares the fsyncs of a folder among those who wait for one.
type folder struct {
	path string

	making sync.Mutex
	made   bool

	mu      sync.Mutex
	running bool
	next    *folderSync // the sync that begins after the running one; nil if nobody waits for it
}

type folderSync struct {
	lead chan struct{} // gives one of the waiters the sync to do
	done chan struct{}
	err  error
}

// make creates the folder, durably, unless it did so before.
func (d *folder) make(f *files) error {
	d.making.Lock()
	defer d.making.Unlock()
	if d.made {
		return nil
	}
	if err := f.fs.MkdirAll(d.path, 0o700); err != nil {
		return err
	}
	if d != &f.root {
		if err := f.root.make(f); err != nil {
			return err
		}
		if err := f.root.sync(f.fs); err != nil {
			return err
		}
	} else if err := syncFolder(f.fs, f.fs.PathDir(f.dir)); err != nil {
		return err
	}
	d.made = true
	return nil
}

// sync returns after an fsync of the folder that began after the call. Callers that wait meanwhile share the next one.
func (d *folder) sync(fsys vfs.FS) error {
	d.mu.Lock()
	if d.next == nil {
		d.next = &folderSync{lead: make(chan struct{}, 1), done: make(chan struct{})}
	}
	mine := d.next
	if !d.running {
		d.running = true
		mine.lead <- struct{}{}
	}
	d.mu.Unlock()
	select {
	case <-mine.done:
		return mine.err
	case <-mine.lead:
	}

	d.mu.Lock()
	d.next = nil // later callers need a later sync
	d.mu.Unlock()
	mine.err = syncFolder(fsys, d.path)
	close(mine.done)

	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running = d.next != nil; d.running {
		d.next.lead <- struct{}{}
	}
	return mine.err
}
