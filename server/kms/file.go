package kms

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/icos-go/icos/internal/durable"
)

const (
	stateFile = "state.json"
	oldFile   = "state.json.old" // the state before, until it is erased
	tempFiles = "state.json.*.tmp"
)

// readState returns nil without error if there is no state yet. It ends what a crash interrupted.
func readState(dir string) (*record, error) {
	if dir == "" {
		return nil, nil
	}
	if err := cleanUp(dir); err != nil {
		return nil, fmt.Errorf("clean up %s: %w", dir, err)
	}
	name := filepath.Join(dir, stateFile)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rec record
	if err := json.Unmarshal(b, &rec); err != nil {
		// Errors of package json may quote what they met, which may be a key.
		return nil, fmt.Errorf("read %s: it is not what this program writes; restore it from a backup", name)
	}
	if err := rec.check(); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return &rec, nil
}

// writeState replaces the state so that a crash at any moment leaves either the old or the new one whole, readable by the owner
// only. Then it overwrites the old one, so that keys no longer in the state are no longer on the disk, as far as the disk and its file
// system write in place. It does nothing if dir is empty.
func writeState(dir string, rec *record) error {
	if dir == "" {
		return nil
	}
	b, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	name, old := filepath.Join(dir, stateFile), filepath.Join(dir, oldFile)
	// File systems without links cannot be made to erase anything either.
	linked := os.Link(name, old) == nil
	if err := durable.WriteFile(name, append(b, '\n')); err != nil {
		if linked { // not erased, as it is the state, or will be again if the disk forgot the new name
			err = errors.Join(err, os.Remove(old))
		}
		return fmt.Errorf("write state: %w", err)
	}
	if linked {
		if err := erase(old); err != nil {
			return fmt.Errorf("erase the keys before the change: %w", err)
		}
	}
	return nil
}

// erase overwrites a file with zeros and removes it.
func erase(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(make([]byte, info.Size()))
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Remove(name)
}

// cleanUp erases what a crash in the middle of writeState left.
func cleanUp(dir string) error {
	temps, err := filepath.Glob(filepath.Join(dir, tempFiles))
	if err != nil {
		return err
	}
	for _, name := range temps {
		if err := erase(name); err != nil {
			return err
		}
	}
	name, old := filepath.Join(dir, stateFile), filepath.Join(dir, oldFile)
	before, err := os.Stat(old)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	now, err := os.Stat(name)
	switch {
	case err != nil:
		return err
	case os.SameFile(before, now): // the crash came before the rename
		return os.Remove(old)
	}
	return erase(old)
}
