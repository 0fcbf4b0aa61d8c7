package server_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/icos-go/icos/server/kms"
)

// A snapshot has the keys that there are, and none of those that a crash left on their way to being erased.
func TestSnapshotHasNoErasedKeys(t *testing.T) {
	dir := t.TempDir()
	s := newServer(t, dir)
	for _, name := range []string{"state.json.old", "state.json.1.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, "kms", name), []byte("erased key"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	to := filepath.Join(t.TempDir(), "snapshot")
	if err := s.Snapshot(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the snapshot: %v, %v; want 0700", info.Mode(), err)
	}
	err := filepath.WalkDir(to, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("erased key")) {
			t.Errorf("%s has an erased key", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(to, "kms", "state.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("keys in the snapshot: %v, %v; want them with mode 0600", info, err)
	}
	restored := newServer(t, to)
	_, key := s.KMS().First()
	if err := restored.KMS().Check(key); err != nil {
		t.Errorf("the root key in the snapshot: %v", err)
	}
	if err := restored.KMS().Check(key + "x"); !errors.Is(err, kms.ErrNotFound) {
		t.Errorf("another key: %v", err)
	}
}
