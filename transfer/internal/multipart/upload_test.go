package multipart_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/flaky"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/pace"
)

func TestUpload(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	for _, size := range []int{0, 1, 300_000, 5*mib - 1, 5 * mib, 5*mib + 1, 17 * mib} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			data := bytesOf(uint64(size), size)
			var sent atomic.Int64
			r, err := w.env.Upload(t.Context(), &multipart.Upload{
				Flow: multipart.Flow{Progress: func(n int64) { sent.Add(n) }},
				File: w.file("source", data), To: w.bucket.Object("k"), PartSize: 5 * mib, Threshold: 5 * mib,
				Put: icos.PutOptions{ContentType: "text/plain", Metadata: map[string]string{"a": "b"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if !r.Verified || r.How != "CRC32C" {
				t.Errorf("verified %v with %q, want CRC32C", r.Verified, r.How)
			}
			if int(sent.Load()) != size || int(r.Info.Size) != size {
				t.Errorf("progress of %d bytes and a size of %d, want %d", sent.Load(), r.Info.Size, size)
			}
			w.holds("k", data)
			info, err := w.bucket.Object("k").Stat(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if info.ContentType != "text/plain" || info.Metadata["a"] != "b" || info.ETag != r.Info.ETag {
				t.Errorf("stored as %+v", info)
			}
		})
	}
}

// interrupt uploads until n parts have been acknowledged, and then ends the context.
func (w *world) interrupt(o *multipart.Upload, n int) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	var sent atomic.Int64
	o.Progress = func(d int64) {
		if sent.Add(d) >= int64(n)*5*mib {
			cancel()
		}
	}
	env := &multipart.Env{Gate: pace.NewGate(1), Pool: w.env.Pool} // one after the other, so that those before are acknowledged
	_, err := env.Upload(ctx, o)
	if !errors.Is(err, context.Canceled) {
		w.t.Fatalf("interrupted: %v", err)
	}
	if got := sent.Load(); got%(5*mib) != 0 {
		w.t.Errorf("progress of %d bytes, which is no number of parts", got)
	}
	o.Progress = nil
	w.quiet()
}

func TestUploadGoesOn(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	data := bytesOf(1, 28*mib)
	o := &multipart.Upload{File: w.file("source", data), To: w.bucket.Object("k"), PartSize: 5 * mib}
	o.Checkpoint = w.state("upload", "k")
	w.interrupt(o, 4)
	recorded := o.Checkpoint.Pieces()
	if err := o.Checkpoint.Close(); err != nil {
		t.Fatal(err)
	}
	if len(recorded) < 3 {
		t.Fatalf("%d parts are recorded, want at least 3", len(recorded))
	}

	o.Checkpoint = w.state("upload", "k")
	o.File = w.open("source")
	var sent, resumed atomic.Int64
	o.Progress = func(d int64) { sent.Add(d) }
	o.Resumed = func(d int64) { resumed.Add(d) }
	r, err := w.env.Upload(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.StartedOver != "" || r.Resumed < int64(len(recorded))*5*mib || r.Resumed != resumed.Load() || sent.Load()+resumed.Load() != 28*mib {
		t.Errorf("result %+v after %d parts, sent %d, resumed %d", r, len(recorded), sent.Load(), resumed.Load())
	}
	for p, c := range w.net.Parts() {
		for _, was := range recorded {
			if p.Number == was.Number && c.Received != 1 {
				t.Errorf("part %d was sent %d times", p.Number, c.Received)
			}
		}
	}
	w.holds("k", data)
	if n := w.uploads(); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}

func TestUploadAdoptsWhatArrived(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	data := bytesOf(1, 28*mib)
	o := &multipart.Upload{File: w.file("source", data), To: w.bucket.Object("k"), PartSize: 5 * mib}
	o.Checkpoint = w.state("upload", "k")
	w.interrupt(o, 4)
	// The process ended before it could note any of its parts.
	h, _ := o.Checkpoint.Header()
	if err := o.Checkpoint.Begin(h); err != nil {
		t.Fatal(err)
	}
	// And one part is not what it should be.
	if _, err := w.bucket.Object("k").Upload(h.UploadID).PutPart(t.Context(), 2, newReader(bytesOf(2, 5*mib)), 5*mib, nil); err != nil {
		t.Fatal(err)
	}
	w.net.Reset()
	r, err := w.env.Upload(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Resumed < 2*5*mib || r.StartedOver != "" {
		t.Errorf("result %+v", r)
	}
	for p, c := range w.net.Parts() {
		if p.Number == 1 || p.Number == 3 {
			t.Errorf("part %d was sent again: %+v", p.Number, c)
		}
	}
	w.holds("k", data)
}

func TestUploadStartsOver(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world, o *multipart.Upload)
		why    string
	}{
		{"after the file was written to", func(w *world, o *multipart.Upload) {
			o.File = w.file("source", bytesOf(9, 28*mib))
			later := time.Now().Add(time.Hour)
			if err := os.Chtimes(o.File.(*os.File).Name(), later, later); err != nil {
				w.t.Fatal(err)
			}
		}, "the source changed"},
		{"after the file grew", func(w *world, o *multipart.Upload) {
			o.File = w.file("source", bytesOf(9, 28*mib+1))
		}, "the source had 29360128 bytes and now has 29360129"},
		{"after the upload was aborted", func(w *world, o *multipart.Upload) {
			h, _ := o.Checkpoint.Header()
			if err := w.bucket.Object("k").Upload(h.UploadID).Abort(w.t.Context()); err != nil {
				w.t.Fatal(err)
			}
		}, "the service no longer has the upload"},
		{"with other metadata", func(_ *world, o *multipart.Upload) {
			o.Put.Metadata = map[string]string{"a": "b"}
		}, "the object is to be stored with other attributes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, icostest.Options{})
			o := &multipart.Upload{File: w.file("source", bytesOf(1, 28*mib)), To: w.bucket.Object("k"), PartSize: 5 * mib}
			o.Checkpoint = w.state("upload", "k")
			w.interrupt(o, 2)
			c.change(w, o)
			r, err := w.env.Upload(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if r.StartedOver != c.why || r.Resumed != 0 {
				t.Errorf("started over because %q with %d bytes resumed, want %q", r.StartedOver, r.Resumed, c.why)
			}
			if n := w.uploads(); n != 0 {
				t.Errorf("%d uploads are left", n)
			}
			want, err := os.ReadFile(o.File.(*os.File).Name())
			if err != nil {
				t.Fatal(err)
			}
			w.holds("k", want)
		})
	}
}

func TestUploadThatWasComplete(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	data := bytesOf(1, 12*mib)
	o := &multipart.Upload{File: w.file("source", data), To: w.bucket.Object("k"), PartSize: 5 * mib}
	o.Checkpoint = w.state("upload", "k")
	first, err := w.env.Upload(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	// The process ended before it could remove its checkpoint.
	w.net.Reset()
	r, err := w.env.Upload(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Resumed != 12*mib || r.StartedOver != "" || !r.Verified || r.Info.ETag != first.Info.ETag {
		t.Errorf("result %+v", r)
	}
	if n := len(w.net.Parts()); n != 0 {
		t.Errorf("%d parts were sent again", n)
	}
}

func TestUploadWithoutCheckpointLeavesNothing(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	o := &multipart.Upload{File: w.file("source", bytesOf(1, 28*mib)), To: w.bucket.Object("k"), PartSize: 5 * mib}
	w.interrupt(o, 2)
	if n := w.uploads(); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
	if ok, err := w.bucket.Object("k").Exists(t.Context()); ok || err != nil {
		t.Errorf("object exists: %v, %v", ok, err)
	}
}

func TestOrphanIsSwept(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	o := &multipart.Upload{File: w.file("source", bytesOf(1, 12*mib)), To: w.bucket.Object("k"), PartSize: 5 * mib}
	o.Checkpoint = w.state("upload", "k")
	// The process ended between the upload and the note of its ID.
	if err := o.Checkpoint.Begin(checkpoint.Header{Size: 12 * mib}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"k", "k2"} {
		if _, err := w.bucket.Object(key).NewUpload(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.env.Upload(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if n := w.uploads(); n != 1 { // that of k2, which is not ours
		t.Errorf("%d uploads are left, want 1", n)
	}
}

// TestUploadWithoutTheRightToList goes on as somebody who may store objects and not look at them.
func TestUploadWithoutTheRightToList(t *testing.T) {
	var blind atomic.Bool
	w := newWorld(t, icostest.Options{Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if q := r.URL.Query(); blind.Load() && r.Method == http.MethodGet && (q.Has("uploads") || q.Has("uploadId")) {
				rw.WriteHeader(http.StatusForbidden)
				fmt.Fprint(rw, "<Error><Code>AccessDenied</Code></Error>")
				return
			}
			next.ServeHTTP(rw, r)
		})
	}})
	data := bytesOf(1, 28*mib)
	o := &multipart.Upload{File: w.file("source", data), To: w.bucket.Object("k"), PartSize: 5 * mib}
	o.Checkpoint = w.state("upload", "k")
	w.interrupt(o, 4)
	recorded := int64(len(o.Checkpoint.Pieces()))
	blind.Store(true)
	r, err := w.env.Upload(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.StartedOver != "" || r.Resumed != recorded*5*mib {
		t.Errorf("result %+v, %d parts were recorded", r, recorded)
	}
	w.holds("k", data)

	// The process ended between the upload and the note of its ID.
	if err := o.Checkpoint.Begin(checkpoint.Header{Size: 28 * mib}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.env.Upload(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	blind.Store(false)
	if n := w.uploads(); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}

func TestDiscard(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	o := &multipart.Upload{File: w.file("source", bytesOf(1, 28*mib)), To: w.bucket.Object("k"), PartSize: 5 * mib}
	o.Checkpoint = w.state("upload", "k")
	w.interrupt(o, 2)
	if n := w.uploads(); n != 1 {
		t.Errorf("%d uploads before, want 1", n)
	}
	if err := multipart.Discard(t.Context(), o.Checkpoint, w.bucket.Object("k")); err != nil {
		t.Fatal(err)
	}
	if n := w.uploads(); n != 0 {
		t.Errorf("%d uploads after, want none", n)
	}
}

func TestDiscardWithoutBucket(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	for i, id := range []string{"", "00000100-0000-0002-5294-ea07bea721c9"} {
		o := w.state("upload", fmt.Sprint(i))
		if err := o.Begin(checkpoint.Header{UploadID: id}); err != nil {
			t.Fatal(err)
		}
		if err := multipart.Discard(t.Context(), o, w.cos.Client().Bucket("gone").Object("k")); err != nil {
			t.Errorf("upload %q: %v", id, err)
		}
	}
}

func TestUploadThroughFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults flaky.Faults
	}{
		{"503", flaky.Faults{SlowDown: 0.2}},
		{"resets", flaky.Faults{Reset: 0.2}},
		{"lost answers", flaky.Faults{Lost: 0.2}},
		{"truncated bodies", flaky.Faults{TruncateUp: 0.3}},
		{"flipped bits", flaky.Faults{CorruptUp: 0.2}},
		{"everything", flaky.Faults{SlowDown: 0.05, Reset: 0.05, Lost: 0.05, TruncateUp: 0.05, CorruptUp: 0.05}},
	} {
		for i, how := range []string{"sent by the system", "in memory", "read twice"} {
			t.Run(c.name+"/"+how, func(t *testing.T) {
				w := newWorld(t, icostest.Options{})
				data := bytesOf(1, 33*mib)
				f := c.faults
				f.Seed = uint64(i)
				w.net.SetFaults(f)
				var src multipart.Source = w.file("source", data)
				if i > 0 {
					src = struct{ *os.File }{src.(*os.File)}
				}
				if i > 1 {
					w.env.Pool = pace.NewPool(64 << 10)
				}
				var sent atomic.Int64
				r, err := w.env.Upload(t.Context(), &multipart.Upload{
					Flow: multipart.Flow{Progress: func(n int64) { sent.Add(n) }},
					File: src, To: w.bucket.Object("k"), PartSize: 5 * mib,
				})
				if err != nil {
					t.Fatal(err)
				}
				if !r.Verified || sent.Load() != int64(len(data)) {
					t.Errorf("result %+v, %d bytes sent", r, sent.Load())
				}
				w.holds("k", data)
				if n := w.uploads(); n != 0 {
					t.Errorf("%d uploads are left", n)
				}
			})
		}
	}
}

// changing is a file that is written to while it is read.
type changing struct {
	*os.File
	after  int64 // bytes read, at which it changes
	read   atomic.Int64
	change func()
	done   atomic.Bool
}

func (c *changing) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.File.ReadAt(p, off)
	if c.read.Add(int64(n)) >= c.after && c.done.CompareAndSwap(false, true) {
		c.change()
	}
	return n, err
}

func (c *changing) Stat() (fs.FileInfo, error) { return c.File.Stat() }

func TestUploadOfFileThatChanges(t *testing.T) {
	for _, size := range []int{100_000, 3 * mib, 12 * mib} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			w := newWorld(t, icostest.Options{})
			f := w.file("source", bytesOf(1, size))
			src := &changing{File: f, after: int64(size / 2), change: func() {
				if err := os.Truncate(f.Name(), int64(size-1)); err != nil {
					t.Error(err)
				}
			}}
			o := &multipart.Upload{File: src, To: w.bucket.Object("k"), PartSize: 5 * mib}
			o.Checkpoint = w.state("upload", "k")
			_, err := w.env.Upload(t.Context(), o)
			if !errors.Is(err, icos.ErrChanged) {
				t.Errorf("got %v, want %v", err, icos.ErrChanged)
			}
			if n := w.uploads(); n != 0 {
				t.Errorf("%d uploads are left", n)
			}
		})
	}
}

func TestUploadWithOtherChecksums(t *testing.T) {
	for _, c := range []struct {
		algorithm s3.ChecksumAlgorithm
		how       string
	}{
		{s3.CRC64NVME, "CRC64NVME"},
		{s3.CRC32, "CRC32"},
		{s3.SHA256, "SHA256 of each part"},
		{s3.NoChecksum, "checksums are turned off"},
	} {
		t.Run(string(c.algorithm), func(t *testing.T) {
			w := newWorld(t, icostest.Options{})
			cfg := w.cos.Config()
			cfg.Checksum = c.algorithm
			client, err := icos.NewClient(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			w.bucket = client.Bucket("box")
			data := bytesOf(1, 17*mib)
			o := &multipart.Upload{File: w.file("source", data), To: w.bucket.Object("k"), PartSize: 5 * mib}
			o.Checkpoint = w.state("upload", "k")
			w.interrupt(o, 2)
			r, err := w.env.Upload(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if r.Verified != (c.algorithm != s3.NoChecksum) || r.How != c.how || r.Resumed == 0 {
				t.Errorf("result %+v", r)
			}
			w.holds("k", data)
		})
	}
}
