package multipart_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/flaky"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/pace"
)

func TestDownload(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	for _, size := range []int{0, 1, 300_000, 5*mib - 1, 5 * mib, 5*mib + 1, 17 * mib} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			data := bytesOf(uint64(size), size)
			info := w.put("k", data)
			for _, known := range []*icos.ObjectInfo{nil, {Size: info.Size, ETag: info.ETag}} {
				target := w.file("target", bytesOf(99, 20*mib)) // something longer is in the way
				var got atomic.Int64
				r, err := w.env.Download(t.Context(), &multipart.Download{
					Flow: multipart.Flow{Progress: func(n int64) { got.Add(n) }},
					From: w.bucket.Object("k"), To: target, Info: known, PartSize: 2 * mib, Threshold: 5 * mib,
				})
				if err != nil {
					t.Fatal(err)
				}
				if !r.Verified || r.How != "CRC32C" || int(got.Load()) != size || r.Info.ETag != info.ETag || r.Info.ModTime.IsZero() {
					t.Errorf("result %+v after %d bytes", r, got.Load())
				}
				w.fileHolds("target", data)
			}
			if size < 5*mib && w.net.Requests() != 3 { // HEAD and GET, and GET alone
				t.Errorf("%d requests, want 3", w.net.Requests())
			}
		})
	}
}

// cutShort downloads until n bytes have arrived, and then ends the context.
func (w *world) cutShort(o *multipart.Download, n int64) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	var got atomic.Int64
	o.Progress = func(d int64) {
		if got.Add(d) >= n {
			cancel()
		}
	}
	_, err := w.env.Download(ctx, o)
	if !errors.Is(err, context.Canceled) {
		w.t.Fatalf("interrupted: %v", err)
	}
	o.Progress = nil
	w.quiet()
}

func TestDownloadGoesOn(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	data := bytesOf(1, 28*mib)
	w.put("k", data)
	o := &multipart.Download{From: w.bucket.Object("k"), To: w.open("target"), PartSize: 8 * mib}
	o.Checkpoint = w.state("download", "k")
	w.cutShort(o, 10*mib+12345)
	var there int64
	for _, p := range o.Checkpoint.Pieces() {
		there += p.Length
	}
	if there < 10*mib+12345 {
		t.Errorf("the checkpoint has %d bytes of at least %d that arrived", there, 10*mib+12345)
	}
	if err := o.Checkpoint.Close(); err != nil {
		t.Fatal(err)
	}
	w.net.Reset()

	o.Checkpoint, o.To = w.state("download", "k"), w.open("target")
	var got, resumed atomic.Int64
	o.Progress = func(d int64) { got.Add(d) }
	o.Resumed = func(d int64) { resumed.Add(d) }
	r, err := w.env.Download(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Resumed != there || resumed.Load() != there || got.Load() != int64(len(data))-there || r.StartedOver != "" || !r.Verified {
		t.Errorf("result %+v: %d bytes came, %d were there, want %d", r, got.Load(), resumed.Load(), there)
	}
	var sent int64
	for _, s := range w.net.Ranges() {
		sent += s.Sent
	}
	if sent != int64(len(data))-there {
		t.Errorf("the server sent %d bytes, want %d", sent, int64(len(data))-there)
	}
	w.fileHolds("target", data)
}

func TestDownloadFetchesWhatIsWrongOnDisk(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	data := bytesOf(1, 28*mib)
	w.put("k", data)
	w.env.Gate = pace.NewGate(1)
	o := &multipart.Download{From: w.bucket.Object("k"), To: w.open("target"), PartSize: 4 * mib}
	o.Checkpoint = w.state("download", "k")
	w.cutShort(o, 17*mib)
	w.net.Reset()
	if _, err := o.To.WriteAt([]byte{data[5*mib] ^ 1}, 5*mib); err != nil {
		t.Fatal(err)
	}
	r, err := w.env.Download(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Resumed < 12*mib || r.Resumed >= 17*mib {
		t.Errorf("result %+v", r)
	}
	for _, s := range w.net.Ranges() {
		if s.Offset != 4*mib && s.Offset < 16*mib {
			t.Errorf("range at %d was fetched again", s.Offset)
		}
	}
	w.fileHolds("target", data)
}

func TestDownloadOfObjectThatChanges(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	w.put("k", bytesOf(1, 28*mib))
	after := bytesOf(2, 29*mib)
	for _, c := range []struct {
		name      string
		threshold int64
		why       string
	}{
		{"between two runs", 0, "the object was replaced"},
		{"while it is fetched", 0, "the object was replaced meanwhile"},
		{"after it was listed", 100 * mib, "the object was replaced meanwhile"},
	} {
		t.Run(c.name, func(t *testing.T) {
			info := w.put("k", bytesOf(1, 28*mib))
			o := &multipart.Download{From: w.bucket.Object("k"), To: w.open(t.Name()[len("TestDownloadOfObjectThatChanges/"):]), PartSize: 4 * mib, Threshold: c.threshold}
			o.Checkpoint = w.state("download", c.name)
			switch c.why {
			case "the object was replaced":
				w.cutShort(o, 9*mib)
				w.put("k", after)
			case "the object was replaced meanwhile":
				var once atomic.Bool
				o.Info = &icos.ObjectInfo{Size: info.Size, ETag: info.ETag}
				change := func() {
					if once.CompareAndSwap(false, true) {
						w.put("k", after)
					}
				}
				if c.threshold > 0 {
					change()
				} else {
					w.env.Gate = pace.NewGate(1) // or else all is fetched before the change
					o.Progress = func(int64) { change() }
				}
			}
			r, err := w.env.Download(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if r.StartedOver != c.why || r.Resumed != 0 {
				t.Errorf("started over because %q, want %q; resumed %d bytes", r.StartedOver, c.why, r.Resumed)
			}
			w.fileHolds(t.Name()[len("TestDownloadOfObjectThatChanges/"):], after)
		})
	}
}

func TestDownloadThroughFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults flaky.Faults
	}{
		{"503", flaky.Faults{SlowDown: 0.2}},
		{"resets", flaky.Faults{Reset: 0.2, Lost: 0.2}},
		{"truncated bodies", flaky.Faults{TruncateDown: 0.5}},
		{"flipped bits", flaky.Faults{CorruptDown: 0.2}},
		{"everything", flaky.Faults{SlowDown: 0.05, Reset: 0.05, Lost: 0.05, TruncateDown: 0.1, CorruptDown: 0.05}},
	} {
		for _, size := range []int{3 * mib, 33 * mib} {
			for seed := range uint64(3) {
				t.Run(fmt.Sprintf("%s/%d/%d", c.name, size, seed), func(t *testing.T) {
					w := newWorld(t, icostest.Options{})
					data := bytesOf(1, size)
					w.put("k", data)
					f := c.faults
					f.Seed = seed
					w.net.SetFaults(f)
					var got atomic.Int64
					r, err := w.env.Download(t.Context(), &multipart.Download{
						Flow: multipart.Flow{Progress: func(n int64) { got.Add(n) }},
						From: w.bucket.Object("k"), To: w.open("target"), PartSize: 2 * mib,
					})
					if err != nil {
						t.Fatal(err)
					}
					if !r.Verified || got.Load() != int64(size) {
						t.Errorf("result %+v, %d bytes came", r, got.Load())
					}
					w.fileHolds("target", data)
				})
			}
		}
	}
}

// plain stores an object of which the service keeps only an MD5, as its ETag, or another one.
func (w *world) plain(key string, data []byte, sum s3.ChecksumAlgorithm, part int64) {
	w.t.Helper()
	cfg := w.cos.Config()
	cfg.Checksum = sum
	client, err := icos.NewClient(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Bucket("box").Object(key).Put(w.t.Context(), bytes.NewReader(data), &icos.PutOptions{PartSize: part, Threshold: part}); err != nil {
		w.t.Fatal(err)
	}
	w.net.Reset()
}

func TestDownloadComparesWithWhatThereIs(t *testing.T) {
	for _, c := range []struct {
		name     string
		sum      s3.ChecksumAlgorithm
		part     int64
		verified bool
		how      string
	}{
		{"MD5", s3.NoChecksum, 100 * mib, true, "MD5"},
		{"nothing", s3.NoChecksum, 5 * mib, false, "the service keeps no checksum of the whole object"},
		{"SHA256", s3.SHA256, 100 * mib, true, "SHA256"},
		{"composite", s3.SHA256, 5 * mib, false, "the service keeps no checksum of the whole object"},
		{"CRC64NVME", s3.CRC64NVME, 5 * mib, true, "CRC64NVME"},
	} {
		for _, threshold := range []int64{1, 100 * mib} { // in ranges, and whole
			t.Run(fmt.Sprintf("%s/%d", c.name, threshold), func(t *testing.T) {
				w := newWorld(t, icostest.Options{})
				data := bytesOf(1, 21*mib)
				w.plain("k", data, c.sum, c.part)
				for _, corrupt := range []float64{0, 0.2} {
					if !c.verified {
						corrupt = 0
					}
					w.net.SetFaults(flaky.Faults{CorruptDown: corrupt, Seed: 3})
					r, err := w.env.Download(t.Context(), &multipart.Download{
						From: w.bucket.Object("k"), To: w.open("target"), PartSize: 2 * mib, Threshold: threshold,
					})
					if err != nil {
						t.Fatal(err)
					}
					if r.Verified != c.verified || r.How != c.how {
						t.Errorf("verified %v, %q; want %v, %q", r.Verified, r.How, c.verified, c.how)
					}
					w.fileHolds("target", data)
				}
			})
		}
	}
}

func TestDownloadOfETagThatIsNoMD5(t *testing.T) {
	for _, threshold := range []int64{1, 100 * mib} {
		w := newWorld(t, icostest.Options{Wrap: func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Del("If-Match")
				h.ServeHTTP(&retagged{w}, r)
			})
		}})
		data := bytesOf(1, 9*mib)
		w.plain("k", data, s3.NoChecksum, 100*mib)
		r, err := w.env.Download(t.Context(), &multipart.Download{
			From: w.bucket.Object("k"), To: w.open("target"), PartSize: 2 * mib, Threshold: threshold,
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Verified || r.How != "the ETag is not an MD5, and the service keeps no checksum" {
			t.Errorf("verified %v, %q", r.Verified, r.How)
		}
		w.fileHolds("target", data)
	}
}

// retagged answers with an ETag that looks like an MD5, as stores do that encrypt.
type retagged struct{ http.ResponseWriter }

func (r *retagged) WriteHeader(code int) {
	if r.Header().Get("ETag") != "" {
		r.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
	}
	r.ResponseWriter.WriteHeader(code)
}

// fullDisk has no room after some bytes.
type fullDisk struct {
	*os.File
	after int64
}

func (f *fullDisk) WriteAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.after {
		return 0, &os.PathError{Op: "write", Path: "target", Err: syscall.ENOSPC}
	}
	return f.File.WriteAt(p, off)
}

func TestDownloadToFullDisk(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	w.put("k", bytesOf(1, 20*mib))
	for _, threshold := range []int64{1, 100 * mib} {
		_, err := w.env.Download(t.Context(), &multipart.Download{
			From: w.bucket.Object("k"), To: &fullDisk{w.open("target"), 7 * mib}, PartSize: 2 * mib, Threshold: threshold,
		})
		if !errors.Is(err, multipart.ErrFull) {
			t.Errorf("got %v, want %v", err, multipart.ErrFull)
		}
	}
	// Before the first byte.
	_, err := w.env.Download(t.Context(), &multipart.Download{
		From: w.bucket.Object("k"), To: &tiny{w.open("target")}, PartSize: 2 * mib,
	})
	if !errors.Is(err, multipart.ErrFull) {
		t.Errorf("got %v, want %v", err, multipart.ErrFull)
	}
}

// tiny cannot hold much.
type tiny struct{ *os.File }

func (*tiny) Truncate(int64) error {
	return &os.PathError{Op: "truncate", Path: "target", Err: syscall.ENOSPC}
}

func TestDownloadOfMissingObject(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	_, err := w.env.Download(t.Context(), &multipart.Download{From: w.bucket.Object("none"), To: w.open("target")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want %v", err, os.ErrNotExist)
	}
}
