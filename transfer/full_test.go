package transfer_test

import (
	"errors"
	"io"
	"testing"

	"github.com/icos-go/icos/transfer"
)

// TestMaxQueue fills a queue behind a transfer that does not end by itself.
func TestMaxQueue(t *testing.T) {
	b := bucket(t, nil)
	m := manager(t, b.Client(), &transfer.Options{Concurrency: 1, MaxQueue: 2})
	r, w := io.Pipe()
	running := m.UploadReader(t.Context(), r, b.Object("running"))
	path := file(t, 1, 10)
	first := m.Upload(t.Context(), path, b.Object("first"))
	second := m.Upload(t.Context(), path, b.Object("second"))

	if err := m.Upload(t.Context(), path, b.Object("third")).Wait(t.Context()); !errors.Is(err, transfer.ErrQueueFull) {
		t.Errorf("a third one that would wait: %v", err)
	}
	// A place in the queue becomes free, and one that is paused has none, but gets one
	// when it goes on.
	if err := first.Pause(); err != nil {
		t.Fatal(err)
	}
	fourth := m.Upload(t.Context(), path, b.Object("fourth"))
	if err := first.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tr := range []*transfer.Transfer{running, first, second, fourth} {
		if err := tr.Wait(t.Context()); err != nil {
			t.Errorf("%v: %v", tr, err)
		}
	}
}

// A closing is a Transport that counts how often it is closed.
type closing struct {
	transfer.Transport
	n int
}

func (c *closing) Close() error {
	c.n++
	return errors.ErrUnsupported
}

func TestCloseTransport(t *testing.T) {
	c := new(closing)
	m, err := transfer.NewManager(bucket(t, nil).Client(), &transfer.Options{Transport: c})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Close(); !errors.Is(err, errors.ErrUnsupported) || c.n != 1 {
		t.Errorf("closed %d times, with %v", c.n, err)
	}
	if m.Close(); c.n != 1 {
		t.Errorf("closed %d times by closing the Manager twice", c.n)
	}
}
