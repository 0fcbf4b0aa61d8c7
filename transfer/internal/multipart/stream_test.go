package multipart_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/flaky"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/pace"
)

func TestStream(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	for _, size := range []int{0, 1, 5*mib - 1, 5 * mib, 5*mib + 1, 15 * mib, 23*mib + 1} {
		for _, known := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d/%v", size, known), func(t *testing.T) {
				data := bytesOf(uint64(size), size)
				var sent atomic.Int64
				o := &multipart.Stream{
					Flow:   multipart.Flow{Progress: func(n int64) { sent.Add(n) }},
					Reader: io.MultiReader(bytes.NewReader(data)), To: w.bucket.Object("k"),
				}
				if known {
					o.Put.Size = int64(size)
				}
				r, err := w.env.Stream(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				if !r.Verified || int(r.Info.Size) != size || int(sent.Load()) != size {
					t.Errorf("result %+v, %d bytes sent", r, sent.Load())
				}
				w.holds("k", data)
				if n := w.env.Pool.InUse(); n > w.env.Pool.Limit() {
					t.Errorf("%d bytes of memory in use", n)
				}
			})
		}
	}
}

func TestStreamThroughFaults(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	data := bytesOf(1, 33*mib)
	w.net.SetFaults(flaky.Faults{SlowDown: 0.1, Reset: 0.1, Lost: 0.1, TruncateUp: 0.1, CorruptUp: 0.1})
	o := &multipart.Stream{Reader: io.MultiReader(bytes.NewReader(data)), To: w.bucket.Object("k")}
	if _, err := w.env.Stream(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	w.holds("k", data)
}

func TestStreamThatFails(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	broken := errors.New("broken")
	for _, size := range []int{mib, 12 * mib} {
		o := &multipart.Stream{
			Reader: io.MultiReader(bytes.NewReader(bytesOf(1, size)), iotest.ErrReader(broken)), To: w.bucket.Object("k"),
		}
		if _, err := w.env.Stream(t.Context(), o); !errors.Is(err, broken) {
			t.Errorf("got %v, want %v", err, broken)
		}
		o = &multipart.Stream{Reader: io.MultiReader(bytes.NewReader(bytesOf(1, size))), To: w.bucket.Object("k")}
		o.Put.Size = int64(size) + 1
		if _, err := w.env.Stream(t.Context(), o); !errors.Is(err, icos.ErrChanged) {
			t.Errorf("got %v, want %v", err, icos.ErrChanged)
		}
	}
	if n := w.uploads(); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
	if ok, err := w.bucket.Object("k").Exists(t.Context()); ok || err != nil {
		t.Errorf("the object exists: %v, %v", ok, err)
	}
}

func TestStreamThatDoesNotFit(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	w.env.Pool = pace.NewPool(16 * mib)
	o := &multipart.Stream{Reader: bytes.NewReader(nil), To: w.bucket.Object("k")}
	o.Put.Size = 1 << 40
	if _, err := w.env.Stream(t.Context(), o); err == nil {
		t.Error("parts of 100 MiB fit into 16 MiB")
	}
}

// TestStreamGivesMemoryBack ends a stream when a part has been read and not been sent.
func TestStreamGivesMemoryBack(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	read := &counter{Reader: bytes.NewReader(bytesOf(1, 12*mib)), at: 6 * mib, then: cancel}
	if _, err := w.env.Stream(ctx, &multipart.Stream{Reader: read, To: w.bucket.Object("k")}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	w.env.Pool.Trim()
	if n := w.env.Pool.InUse(); n != 0 {
		t.Errorf("%d bytes of memory are still in use", n)
	}
}

// A counter does something once so many bytes have been read.
type counter struct {
	io.Reader
	at   int
	then func()
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.at -= n; c.at <= 0 {
		c.then()
	}
	return n, err
}
