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

// A storer is a Transport that stores files in its own way.
type storer struct{}

func (storer) Upload(ctx context.Context, j *transfer.Job) error {
	b, err := os.ReadFile(j.Path())
	if err != nil {
		return err
	}
	_, err = j.Object().Put(ctx, bytes.NewReader(b), nil)
	return err
}

func (storer) Download(context.Context, *transfer.Job) error { return transfer.ErrSkipTransport }

// TestTransportGoesOnAfterHTTP interrupts an upload in parts, and has a Transport
// store the file. The parts, which cost money, are not left.
func TestTransportGoesOnAfterHTTP(t *testing.T) {
	b := bucket(t, nil)
	o := b.Object("k")
	path := file(t, 1, 20<<20)
	state := t.TempDir()

	m := manager(t, b.Client(), &transfer.Options{StateDir: state, Threshold: 5 << 20, PartSize: 5 << 20, Connections: 1, Rate: 10 << 20})
	moving := make(chan struct{}, 1)
	tr := m.Start(t.Context(), transfer.Upload{Path: path, To: o}, transfer.Observer{Progress: func(_ *transfer.Transfer, p transfer.Progress) {
		if p.Bytes > 6<<20 {
			select {
			case moving <- struct{}{}:
			default:
			}
		}
	}})
	select {
	case <-moving:
	case <-tr.Done():
		t.Fatalf("%v is over: %v", tr, tr.Wait(t.Context()))
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	uploads := func() (n int) {
		for _, err := range b.Uploads(t.Context(), nil) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if n := uploads(); n != 1 {
		t.Fatalf("%d uploads were begun, want 1", n)
	}
	m = manager(t, b.Client(), &transfer.Options{StateDir: state, Threshold: 5 << 20, Transport: storer{}})
	if err := m.Upload(t.Context(), path, o).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := uploads(); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}

// TestHTTPGoesOnAfterTransport has a program leave a file beside a partial one. HTTP
// completes that without the Transport that called the program.
func TestHTTPGoesOnAfterTransport(t *testing.T) {
	b := bucket(t, nil)
	o := b.Object("k")
	want := fill(1, 20<<20)
	if _, err := o.Put(t.Context(), bytes.NewReader(want), nil); err != nil {
		t.Fatal(err)
	}
	failing := errors.New("half way")
	leave := &program{func(j *transfer.Job) error {
		return errors.Join(os.WriteFile(j.Local()+".ckpt", []byte("state"), 0o600), failing)
	}}
	dir, state := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "k")
	m := manager(t, b.Client(), &transfer.Options{Transport: leave, StateDir: state})
	if err := m.Download(t.Context(), o, path).Wait(t.Context()); !errors.Is(err, failing) {
		t.Fatal(err)
	}
	m = manager(t, b.Client(), &transfer.Options{StateDir: state})
	if err := m.Download(t.Context(), o, path).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes: %v", len(got), err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("files are left: %v %v", list, err)
	}
}
