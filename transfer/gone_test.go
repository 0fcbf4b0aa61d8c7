package transfer_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// TestMovedDirectoryIsGone goes on with moves whose directory is not there any more: one from which
// an object has not been moved cannot, while one whose process was killed when it had only to forget the work is over.
func TestMovedDirectoryIsGone(t *testing.T) {
	b := bucket(t, nil)
	dir := filepath.Join(t.TempDir(), "tree")
	write(t, dir, map[string]string{"a": "1", "b": "22"})
	state := t.TempDir()
	m := manager(t, b.Client(), &transfer.Options{StateDir: state})
	w := transfer.Sync{From: transfer.Tree{Dir: dir}, To: transfer.Tree{Bucket: b}, Move: true}

	refused := w
	refused.Put = func(key string) icos.PutOptions {
		if key == "b" {
			return icos.PutOptions{ACL: "nobody knows this one"}
		}
		return icos.PutOptions{}
	}
	var failed *transfer.FailedError
	if _, _, err := do(t, m, refused); !errors.As(err, &failed) {
		t.Fatalf("with an object that is refused: %v", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, _, err := do(t, m, w); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("without the object that was refused: %v", err)
	}

	store, err := checkpoint.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	jobs := func() (jobs []checkpoint.Info) {
		for i, err := range store.List() {
			if err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, i)
		}
		return jobs
	}
	kept := jobs()
	if len(kept) != 1 || !slices.Equal(kept[0].State.Failed, []string{"b"}) {
		t.Fatalf("kept are %+v, want a job of which b has failed", kept)
	}
	job, err := store.Job(kept[0].Identity)
	if err != nil {
		t.Fatal(err)
	}
	s := kept[0].State
	s.Failed, s.FailedCount, s.Objects, s.ObjectsTotal, s.Bytes, s.Total = nil, 0, 2, 2, 3, 3
	if err := errors.Join(job.Save(s), job.Close()); err != nil {
		t.Fatal(err)
	}
	_, tr, err := do(t, m, w)
	if err != nil {
		t.Fatalf("with everything moved: %v", err)
	}
	if p := tr.Progress(); p.Objects != 2 || p.ObjectsTotal != 2 || p.Bytes != 3 || p.Total != 3 {
		t.Errorf("Progress = %+v, want that of 2 objects with 3 bytes", p)
	}
	if left := jobs(); len(left) != 0 {
		t.Errorf("kept are %+v, want none", left)
	}
	if _, _, err := do(t, m, w); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("once more: %v", err)
	}
	if left := jobs(); len(left) != 0 {
		t.Errorf("after that, kept are %+v, want none", left)
	}
}
