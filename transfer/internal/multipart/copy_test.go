package multipart_test

import (
	"context"
	"errors"
	"io/fs"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/flaky"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/pace"
)

func TestCopy(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	data := bytesOf(1, 17*mib)
	src := w.bucket.Object("source")
	info, err := src.Put(t.Context(), newReader(data), &icos.PutOptions{ContentType: "text/plain", Metadata: map[string]string{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		threshold int64
		known     *icos.ObjectInfo
		how       string
	}{
		{"whole", 0, nil, "CRC32C"},
		{"whole, listed", 0, &icos.ObjectInfo{Size: info.Size, ETag: info.ETag}, "the service made the copy, and keeps no checksums to compare"},
		{"parts", mib, nil, "CRC32C"},
		{"parts, listed", mib, &icos.ObjectInfo{Size: info.Size, ETag: info.ETag}, "CRC32C"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var moved atomic.Int64
			r, err := w.env.Copy(t.Context(), &multipart.Copy{
				Flow: multipart.Flow{Progress: func(n int64) { moved.Add(n) }},
				From: src, To: w.bucket.Object("target"), Info: c.known, PartSize: 5 * mib, Threshold: c.threshold,
			})
			if err != nil {
				t.Fatal(err)
			}
			if r.How != c.how || moved.Load() != 17*mib {
				t.Errorf("result %+v, %d bytes", r, moved.Load())
			}
			w.holds("target", data)
			got, err := w.bucket.Object("target").Stat(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.ContentType != "text/plain" || got.Metadata["a"] != "b" {
				t.Errorf("stored as %+v", got)
			}
		})
	}
}

func TestCopyGoesOn(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	data := bytesOf(1, 28*mib)
	w.put("source", data)
	w.env.Gate = pace.NewGate(1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var moved atomic.Int64
	o := &multipart.Copy{From: w.bucket.Object("source"), To: w.bucket.Object("target"), PartSize: 5 * mib, Threshold: mib}
	o.Checkpoint = w.state("copy", "target")
	o.Progress = func(n int64) {
		if moved.Add(n) >= 15*mib {
			cancel()
		}
	}
	if _, err := w.env.Copy(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	o.Progress = nil
	r, err := w.env.Copy(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Resumed < 15*mib || r.StartedOver != "" || !r.Verified {
		t.Errorf("result %+v", r)
	}
	w.holds("target", data)

	// Another source: what was copied is of no use.
	moved.Store(0)
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	o.Checkpoint = w.state("copy", "target2")
	o.To = w.bucket.Object("target2")
	o.Progress = func(n int64) {
		if moved.Add(n) == 10*mib {
			cancel()
		}
	}
	if _, err := w.env.Copy(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	after := bytesOf(2, 28*mib)
	w.put("source", after)
	o.Progress = nil
	r, err = w.env.Copy(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Resumed != 0 || r.StartedOver != "the source changed" {
		t.Errorf("result %+v", r)
	}
	w.holds("target2", after)
	if n := w.uploads(); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}

func TestCopyOfObjectThatChanges(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	info := w.put("source", bytesOf(1, 6*mib))
	after := bytesOf(2, 12*mib)
	w.put("source", after)
	for _, threshold := range []int64{0, mib} {
		o := &multipart.Copy{
			From: w.bucket.Object("source"), To: w.bucket.Object("target"), PartSize: 5 * mib, Threshold: threshold,
			Info: &icos.ObjectInfo{Size: info.Size, ETag: info.ETag},
		}
		if _, err := w.env.Copy(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		w.holds("target", after)
		o.Options.IfMatch = info.ETag
		if _, err := w.env.Copy(t.Context(), o); !errors.Is(err, icos.ErrChanged) {
			t.Errorf("got %v, want %v", err, icos.ErrChanged)
		}
	}
}

func TestCopyThroughFaults(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	data := bytesOf(1, 28*mib)
	w.put("source", data)
	w.net.SetFaults(flaky.Faults{SlowDown: 0.1, Reset: 0.1, Lost: 0.1})
	o := &multipart.Copy{From: w.bucket.Object("source"), To: w.bucket.Object("target"), PartSize: 5 * mib, Threshold: mib}
	if _, err := w.env.Copy(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	w.holds("target", data)
}

func TestCopyOfMissingObject(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	o := &multipart.Copy{From: w.bucket.Object("none"), To: w.bucket.Object("target")}
	if _, err := w.env.Copy(t.Context(), o); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}
