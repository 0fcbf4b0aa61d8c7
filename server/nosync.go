package server

import "github.com/cockroachdb/pebble/v2/vfs"

// withoutSync returns fs, or the disk if fs is nil, without waiting for data
// to reach the device.
func withoutSync(fs vfs.FS) vfs.FS {
	if fs == nil {
		fs = vfs.Default
	}
	return unsyncedFS{fs}
}

type unsyncedFS struct{ vfs.FS }

// Create implements vfs.FS.
func (fs unsyncedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return unsynced(fs.FS.Create(name, category))
}

// OpenReadWrite implements vfs.FS.
func (fs unsyncedFS) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return unsynced(fs.FS.OpenReadWrite(name, category, opts...))
}

// OpenDir implements vfs.FS.
func (fs unsyncedFS) OpenDir(name string) (vfs.File, error) { return unsynced(fs.FS.OpenDir(name)) }

// ReuseForWrite implements vfs.FS.
func (fs unsyncedFS) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return unsynced(fs.FS.ReuseForWrite(oldname, newname, category))
}

// Unwrap implements vfs.FS.
func (fs unsyncedFS) Unwrap() vfs.FS { return fs.FS }

func unsynced(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}

type unsyncedFile struct{ vfs.File }

// Sync implements vfs.File.
func (unsyncedFile) Sync() error { return nil }

// SyncData implements vfs.File.
func (unsyncedFile) SyncData() error { return nil }

// SyncTo implements vfs.File.
func (unsyncedFile) SyncTo(int64) (bool, error) { return true, nil }
