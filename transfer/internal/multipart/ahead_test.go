package multipart_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/pace"
)

// farTuner returns a Tuner that knows a path of 40 MB/s and 200 ms, which all connections share: two parts of 8 MiB are
// asked for ahead.
func farTuner(t *testing.T) (tuner *pace.Tuner) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		meter := pace.NewMeter(nil)
		tuner = pace.NewTuner(pace.TunerOptions{Gate: pace.NewGate(4), Meter: meter, Path: func() (pace.PathInfo, bool) {
			return pace.PathInfo{RTT: 200 * time.Millisecond, MinRTT: 200 * time.Millisecond, Conns: 1, Shared: true}, true
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		var running sync.WaitGroup
		running.Go(func() { tuner.Run(ctx) })
		for ctx.Err() == nil {
			meter.Moved(4e6)
			time.Sleep(100 * time.Millisecond)
		}
		running.Wait()
	})
	if n, part := tuner.Ahead(); n != 2 || part != 8*mib {
		t.Fatalf("%d parts of %d bytes are asked for ahead, want 2 of 8 MiB", n, part)
	}
	return tuner
}

// What was asked for before the object was known is not asked for again, be it all of it, some, or nothing of use.
func TestAhead(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	w.env.Tuner = farTuner(t)
	object := w.bucket.Object("k")
	for _, c := range []struct {
		name     string
		size     int
		partSize int64
		replaced bool
		requests int // with HEAD, and the two ahead
	}{
		{name: "empty", requests: 4},
		{name: "small", size: 300_000, requests: 3},
		{name: "a part", size: 8 * mib, requests: 3},
		{name: "two parts", size: 12 * mib, requests: 3},
		{name: "more", size: 29 * mib, requests: 5},
		{name: "parts that were chosen", size: 17 * mib, partSize: 6 * mib, requests: 4},
		{name: "replaced", size: 17 * mib, replaced: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := bytesOf(uint64(c.size), c.size)
			w.put("k", data)
			ahead := w.env.Ahead(t.Context(), object, pace.NewMeter(nil), c.partSize)
			defer ahead.Close()
			if c.replaced {
				for w.net.Requests() < 2 {
					runtime.Gosched()
				}
				data = bytesOf(5, c.size)
				w.put("k", data)
			}
			info, err := object.Stat(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got atomic.Int64
			r, err := w.env.Download(t.Context(), &multipart.Download{
				Flow: multipart.Flow{Progress: func(n int64) { got.Add(n) }},
				From: object, Info: &info, Stated: true, Ahead: ahead, To: w.file("target", bytesOf(99, 20*mib)), PartSize: c.partSize,
			})
			if err != nil {
				t.Fatal(err)
			}
			if !r.Verified || r.How != "CRC32C" || int(got.Load()) != c.size {
				t.Errorf("result %+v after %d bytes", r, got.Load())
			}
			w.fileHolds("target", data)
			ahead.Close()
			w.quiet()
			if got := int(w.net.Requests()); !c.replaced && got != c.requests {
				t.Errorf("%d requests, want %d", got, c.requests)
			}
		})
	}
}

// Nothing goes on after Close, whether or not it was of use.
func TestAheadInVain(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	w.env.Tuner = farTuner(t)
	w.put("k", bytesOf(1, 17*mib))
	for _, key := range []string{"k", "none"} {
		ahead := w.env.Ahead(t.Context(), w.bucket.Object(key), pace.NewMeter(nil), 0)
		ahead.Close()
		w.quiet()
	}
	w.env.Tuner = nil
	if w.env.Ahead(t.Context(), w.bucket.Object("k"), pace.NewMeter(nil), 0) != nil {
		t.Error("something was asked for over a path of which nothing is known")
	}
}

// A file that would be there before an upload in parts has begun goes in one request, unless there is a reason for parts.
func TestUploadInOneRequest(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	far := farTuner(t)
	const size = 12 * mib
	data := bytesOf(3, size)
	for i, c := range []struct {
		name  string
		tuner *pace.Tuner
		set   func(u *multipart.Upload)
		whole bool
	}{
		{"a path that is not known", nil, func(*multipart.Upload) {}, false},
		{"a long path", far, func(*multipart.Upload) {}, true},
		{"parts that were chosen", far, func(u *multipart.Upload) { u.PartSize = 5 * mib }, false},
		{"a threshold that was chosen", far, func(u *multipart.Upload) { u.Threshold = 5 * mib }, false},
		{"a rate", far, func(u *multipart.Upload) { u.Limiters = []*pace.Limiter{pace.NewLimiter(1 << 30)} }, false},
		{"a new checkpoint", far, func(u *multipart.Upload) { u.Checkpoint = w.state("up", "new") }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.env.Tuner = c.tuner
			key := fmt.Sprint("k", i)
			u := &multipart.Upload{File: w.file(key, data), To: w.bucket.Object(key), Put: icos.PutOptions{}}
			c.set(u)
			r, err := w.env.Upload(t.Context(), u)
			if err != nil {
				t.Fatal(err)
			}
			if whole := r.Parts == 1; whole != c.whole {
				t.Errorf("went in %d parts", r.Parts)
			}
			w.holds(key, data)
		})
	}
}

// An upload that was begun in parts goes on in parts.
func TestUploadStaysInParts(t *testing.T) {
	w := newWorld(t, icostest.Options{})
	const size = 17 * mib
	data := bytesOf(4, size)
	u := &multipart.Upload{File: w.file("f", data), To: w.bucket.Object("k")}
	u.Checkpoint = w.state("up", "k")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var sent atomic.Int64
	u.Progress = func(d int64) {
		if sent.Add(d) > 12*mib {
			cancel()
		}
	}
	if _, err := w.env.Upload(ctx, u); err == nil {
		t.Fatal("was not interrupted")
	}
	u.Progress = nil
	w.env.Tuner = farTuner(t)
	r, err := w.env.Upload(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	if r.Parts == 1 || r.StartedOver != "" {
		t.Errorf("went in %d parts; started over: %q", r.Parts, r.StartedOver)
	}
	w.holds("k", data)
}
