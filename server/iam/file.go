package iam

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
	keyFile   = "signing-key.pem"
)

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

// writeFile replaces a file in dir. It does nothing if dir is empty.
func writeFile(dir, name string, content []byte) error {
	if dir == "" {
		return nil
	}
	if err := durable.WriteFile(filepath.Join(dir, name), content); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
