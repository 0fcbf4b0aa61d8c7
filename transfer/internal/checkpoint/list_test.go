package checkpoint_test

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// TestListsDoNotRemoveWhatIsOpen lists a directory from several sides while checkpoints in it, which
// are empty at first, come and go.
func TestListsDoNotRemoveWhatIsOpen(t *testing.T) {
	dir := t.TempDir()
	store, err := checkpoint.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	id := checkpoint.Identity{Kind: "upload", Bucket: "b", Key: "k"}
	path := filepath.Join(dir, id.ID()+".checkpoint")
	var over atomic.Bool
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			other, err := checkpoint.Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			for !over.Load() {
				for _, err := range other.List() {
					if err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	lost := 0
	for range 3000 {
		// What a crash leaves behind.
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := store.Object(id)
		if err != nil {
			continue // others look at it
		}
		if err := o.Begin(checkpoint.Header{Size: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			lost++
		}
		_ = o.Remove()
	}
	over.Store(true)
	all.Wait()
	if lost > 0 {
		t.Errorf("%d checkpoints were removed while they were open", lost)
	}
}
