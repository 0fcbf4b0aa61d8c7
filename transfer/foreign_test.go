package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/icos-go/icos/transfer"
)

// A program is a Transport that moves files as another program would: by their
// paths, with a file of its own beside that which it writes.
type program struct {
	write func(j *transfer.Job) error // what it does for a download
}

func (p *program) Upload(context.Context, *transfer.Job) error { return transfer.ErrSkipTransport }

func (p *program) Download(_ context.Context, j *transfer.Job) error { return p.write(j) }

// TestForeignFiles has a program write files: in place of the one that there is,
// and with another beside it, which is never left.
func TestForeignFiles(t *testing.T) {
	const size = 20 << 20 // there is a checkpoint
	b := bucket(t, nil)
	o := b.Object("k")
	want := fill(1, size)
	if _, err := o.Put(t.Context(), bytes.NewReader(want), nil); err != nil {
		t.Fatal(err)
	}
	replace := func(j *transfer.Job) error {
		if err := os.Remove(j.Local()); err != nil {
			return err
		}
		if err := os.WriteFile(j.Local(), want, 0o600); err != nil {
			return err
		}
		if err := os.WriteFile(j.Local()+".ckpt", []byte("state"), 0o600); err != nil {
			return err
		}
		j.Progress(size)
		return j.Reopen()
	}
	failing := errors.New("half way")
	leave := func(j *transfer.Job) error {
		if !j.Kept() {
			t.Error("what is written will not be kept")
		}
		return errors.Join(os.WriteFile(j.Local()+".ckpt", []byte("state"), 0o600), failing)
	}
	dir, state := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "k")
	files := func() int {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	run := func(stateDir string, write func(*transfer.Job) error) (*transfer.Transfer, error) {
		m := manager(t, b.Client(), &transfer.Options{Transport: &program{write}, StateDir: stateDir})
		tr := m.Download(t.Context(), o, path)
		err := tr.Wait(t.Context())
		if cerr := m.Close(); cerr != nil {
			t.Error(cerr)
		}
		return tr, err
	}

	// What fails is kept with a state directory, and gone without.
	if _, err := run("", leave); !errors.Is(err, failing) || files() != 0 {
		t.Errorf("without a state directory: %v, and %d files are left", err, files())
	}
	tr, err := run(state, leave)
	if !errors.Is(err, failing) || files() != 2 {
		t.Errorf("with one: %v, and %d files are left, want 2", err, files())
	}
	if err := transfer.RemoveJob(t.Context(), state, tr.ID(), b.Client()); err != nil || files() != 0 {
		t.Errorf("after removing the job: %v, and %d files are left", err, files())
	}
	// A directory in which there is such a file is synced without it.
	if _, err := run(state, leave); !errors.Is(err, failing) {
		t.Error(err)
	}
	m := manager(t, b.Client(), nil)
	up := m.UploadDir(t.Context(), dir, b, "tree/")
	if err := up.Wait(t.Context()); err != nil || up.Report().Objects != 0 {
		t.Errorf("upload of partial files: %v, %d objects", err, up.Report().Objects)
	}
	// Over HTTP it goes on, or over.
	tr, err = run(state, func(*transfer.Job) error { return transfer.ErrSkipTransport })
	if got, rerr := os.ReadFile(path); err != nil || rerr != nil || !bytes.Equal(got, want) || files() != 1 {
		t.Errorf("over HTTP: %v, %v, %d bytes, %d files", err, rerr, len(got), files())
	}
	if tr.Report().Objects != 1 {
		t.Errorf("over HTTP: %d objects", tr.Report().Objects)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := run(state, replace); err != nil {
		t.Errorf("a replaced file: %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) || files() != 1 {
		t.Errorf("a replaced file: %v, %d bytes, %d files", err, len(got), files())
	}
}
