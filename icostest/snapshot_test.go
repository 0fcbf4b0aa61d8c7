package icostest_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
)

// read returns what an object holds.
func read(t *testing.T, b *icos.Bucket, key string) (string, error) {
	t.Helper()
	r, err := b.Object(key).Get(t.Context(), nil)
	if err != nil {
		return "", err
	}
	defer r.Close()
	body, err := io.ReadAll(r)
	return string(body), err
}

func TestSnapshotAndRestore(t *testing.T) {
	ctx := t.Context()
	first := icostest.NewServer(t)
	b := first.Client().Bucket("state")
	if err := b.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB, which is a file of its own
	for key, body := range map[string]string{"small": "before", "big": big} {
		if _, err := b.Object(key).Put(ctx, strings.NewReader(body), nil); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), "a", "snapshot")
	if err := first.COS().Snapshot(ctx, dir); err != nil {
		t.Fatal(err)
	}
	if err := first.COS().Snapshot(ctx, dir); err == nil {
		t.Error("a snapshot was written over another")
	}
	for key := range map[string]bool{"small": true, "big": true} {
		if _, err := b.Object(key).Put(ctx, strings.NewReader("after"), nil); err != nil {
			t.Fatal(err)
		}
	}

	// Two servers begin with the same state, and do not share what they do with it.
	for range 2 {
		s := icostest.NewServer(t, &icostest.Options{Snapshot: dir})
		if s.Credential.APIKey != first.Credential.APIKey {
			t.Error("the snapshot has other identities")
		}
		b := s.Client().Bucket("state")
		for key, want := range map[string]string{"small": "before", "big": big} {
			if got, err := read(t, b, key); err != nil || got != want {
				t.Errorf("%s holds %d bytes, %v, want %d", key, len(got), err, len(want))
			}
			if err := b.Object(key).Delete(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, err := read(t, b, "small"); err != nil || got != "after" {
		t.Errorf("the server that was copied has %q, %v", got, err)
	}
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the snapshot there is %v, %v", entries, err)
	}
	if _, err := icostest.Start(&icostest.Options{Snapshot: filepath.Join(dir, "none")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a server from a snapshot that does not exist: %v", err)
	}
}
