package transfertest

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/icos-go/icos/internal/flaky"
	"github.com/icos-go/icos/transfer"
)

// data says whether a request carries an object's data, and not a token or a
// list.
func data(r *http.Request) bool {
	return strings.Count(strings.Trim(r.URL.Path, "/"), "/") > 0 && !strings.HasPrefix(r.URL.Path, "/identity/")
}

// checkCorruptUpload flips bits on the way up.
func checkCorruptUpload(r *rig) {
	for _, size := range []int64{1000, 3*part + 1} {
		b := content(uint64(size), size)
		path, o := r.file("up", b), r.bucket.Object("k")
		r.net.SetFaults(flaky.Faults{CorruptUp: 1, Only: data})
		if err := r.manager("").Upload(r.Context(), path, o).Wait(r.Context()); err == nil {
			r.Errorf("upload of %d bytes, all corrupted, succeeded", size)
		}
		r.stored(o, nil)
		r.clean(path)
		r.net.SetFaults(flaky.Faults{Seed: 1, CorruptUp: 0.3, Only: data})
		r.must(r.manager("").Upload(r.Context(), path, o))
		r.stored(o, b)
		r.clean(path)
		if err := o.Delete(r.Context()); err != nil {
			r.Fatal(err)
		}
	}
}

// checkCorruptDownload flips bits on the way down.
func checkCorruptDownload(r *rig) {
	for _, size := range []int64{1000, 3*part + 1} {
		b := content(uint64(size), size)
		o, path := r.object("k", b), filepath.Join(r.dir, "down")
		r.net.SetFaults(flaky.Faults{CorruptDown: 1, Only: data})
		if err := r.manager("").Download(r.Context(), o, path).Wait(r.Context()); err == nil {
			r.Errorf("download of %d bytes, all corrupted, succeeded", size)
		}
		r.written(path, nil)
		r.clean()
		// With some answers corrupted it may fail or not, but it may not be wrong.
		for seed := range uint64(4) {
			r.net.SetFaults(flaky.Faults{Seed: seed, CorruptDown: 0.3, Only: data})
			err := r.manager("").Download(r.Context(), o, path).Wait(r.Context())
			if err == nil {
				r.written(path, b)
				continue
			}
			r.Logf("seed %d: %v", seed, err)
		}
		r.net.SetFaults(flaky.Faults{})
		r.must(r.manager("").Download(r.Context(), o, path))
		r.clean(path)
		r.must(r.manager("").Start(r.Context(), transfer.Download{From: o, Path: path, Move: true}))
		r.written(path, b)
		r.stored(o, nil)
		if err := os.Remove(path); err != nil {
			r.Fatal(err)
		}
	}
}

// checkFaults moves objects while requests fail in all the ways that can be
// repaired.
func checkFaults(r *rig) {
	b := content(1, 4*part+1)
	for seed := range uint64(3) {
		r.each(b, func(w transfer.Work) []byte {
			r.net.SetFaults(flaky.Faults{
				Seed: seed, Only: data,
				SlowDown: 0.1, Reset: 0.1, Lost: 0.1, TruncateUp: 0.1, TruncateDown: 0.2,
			})
			r.must(r.manager("").Start(r.Context(), w))
			r.net.SetFaults(flaky.Faults{})
			return b
		})
	}
}
