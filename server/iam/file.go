package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	stateFile = "state.json"
	keyFile   = "signing-key.pem"
)

func makeDir(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	// Without its name on disk, what is written into it may be gone after a power loss, and with it who owns the buckets.
	if err := syncDir(filepath.Dir(dir)); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	return nil
}

// readState returns nil without error if there is no state yet.
func readState(dir string) (*record, error) {
	b, err := readFile(dir, stateFile)
	if err != nil || b == nil {
		return nil, err
	}
	var rec record
	if err := json.Unmarshal(b, &rec); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, stateFile), err)
	}
	upgraded := rec.upgrade()
	if err := rec.check(); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, stateFile), err)
	}
	if upgraded { // at once, as the new policies have IDs
		return &rec, writeState(dir, &rec)
	}
	return &rec, nil
}

func writeState(dir string, rec *record) error {
	b, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return writeFile(dir, stateFile, append(b, '\n'))
}

// readFile returns nil without error if the file, or dir, does not exist.
func readFile(dir, name string) ([]byte, error) {
	if dir == "" {
		return nil, nil
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// writeFile replaces a file so that a crash at any moment leaves either the
// old or the new content whole, readable by the owner only. It does nothing
// if dir is empty.
func writeFile(dir, name string, content []byte) (err error) {
	if dir == "" {
		return nil
	}
	f, err := os.CreateTemp(dir, name+".*.tmp") // made with mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
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
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err = os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err = syncDir(dir); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// syncDir makes a rename in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}
