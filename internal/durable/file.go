// Package durable writes small files that outlive a loss of power: what a function of it has returned without an error is on the
// disk, as far as the disk tells the truth.
package durable

import (
	"os"
	"path/filepath"
)

// WriteFile replaces the file called name, or makes it, readable by its owner only, so that a crash at any moment leaves either the
// old content or the new one, whole. What a crash interrupted stays beside it, and matches name.*.tmp.
func WriteFile(name string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error is the one to tell
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(name))
}

// MkdirAll makes the directory called name for its owner only, and those above it that there are not. Without the name of a
// directory on the disk, all that is later written into it could be gone.
func MkdirAll(name string) error {
	missing := 0
	for dir := filepath.Clean(name); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			break
		}
		missing++
	}
	if err := os.MkdirAll(name, 0o700); err != nil {
		return err
	}
	dir := filepath.Clean(name)
	for range max(missing, 1) { // a crash may have come between making it and this
		dir = filepath.Dir(dir)
		if err := SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}
