package transfertest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/icos-go/icos/transfer"
)

// checkSizes moves objects of sizes around those where something changes, up
// and down.
func checkSizes(r *rig) {
	m := r.manager(r.state)
	for i, size := range []int64{0, 1, 4096, part - 1, part, part + 1, 2*part - 1, 2 * part, 2*part + 1, 3*part + 7} {
		want := content(uint64(i), size)
		path, back := r.file("up", want), filepath.Join(r.dir, "down")
		o := r.bucket.Object(fmt.Sprintf("sizes/%d", size))
		up := r.must(m.Upload(r.Context(), path, o))
		r.stored(o, want)
		down := r.must(m.Download(r.Context(), o, back))
		r.written(back, want)
		for name, report := range map[string]transfer.Report{"upload": up, "download": down} {
			if report.Bytes != size || report.Objects != 1 || report.Resumed != 0 {
				r.Errorf("%s of %d bytes reports %d bytes, %d objects, %d resumed", name, size, report.Bytes, report.Objects, report.Resumed)
			}
			if report.Verified+report.Unverified != 1 {
				r.Errorf("%s of %d bytes reports %d verified and %d not", name, size, report.Verified, report.Unverified)
			}
		}
		r.clean(path, back)
	}
}

// checkOverwriting replaces a longer object and a longer file.
func checkOverwriting(r *rig) {
	m := r.manager(r.state)
	o := r.object("k", content(1, part+9))
	path, back := r.file("up", content(2, 100)), r.file("down", content(3, part))
	r.must(m.Upload(r.Context(), path, o))
	r.must(m.Download(r.Context(), o, back))
	r.stored(o, content(2, 100))
	r.written(back, content(2, 100))
	r.clean(path, back)
}

// checkMissing moves what is not there.
func checkMissing(r *rig) {
	m := r.manager(r.state)
	back := filepath.Join(r.dir, "down")
	if err := m.Download(r.Context(), r.bucket.Object("none"), back).Wait(r.Context()); !errors.Is(err, fs.ErrNotExist) {
		r.Errorf("download of no object: %v", err)
	}
	o := r.bucket.Object("k")
	if err := m.Upload(r.Context(), filepath.Join(r.dir, "none"), o).Wait(r.Context()); !errors.Is(err, fs.ErrNotExist) {
		r.Errorf("upload of no file: %v", err)
	}
	r.stored(o, nil)
	r.clean()
}

// checkObserver watches that progress never goes back and ends at the size.
func checkObserver(r *rig) {
	m := r.manager("")
	size := int64(4*part + 11)
	path := r.file("up", content(1, size))
	o := r.bucket.Object("k")
	for _, w := range []transfer.Work{
		transfer.Upload{Path: path, To: o},
		transfer.Download{From: o, Path: filepath.Join(r.dir, "down")},
	} {
		var calls []string
		var last transfer.Progress
		over := make(chan struct{})
		t := m.Start(r.Context(), w, transfer.Observer{
			Queued: func(*transfer.Transfer) { calls = append(calls, "queued") },
			Progress: func(_ *transfer.Transfer, p transfer.Progress) {
				if p.Bytes < last.Bytes || p.Bytes > size || p.Total != size && p.Total != -1 {
					r.Errorf("%T: %d of %d bytes after %d of %d", w, p.Bytes, p.Total, last.Bytes, last.Total)
				}
				last = p
			},
			Item: func(_ *transfer.Transfer, i transfer.Item) { calls = append(calls, string(i.Op)) },
			Done: func(*transfer.Transfer, error) { calls = append(calls, "done"); close(over) },
		})
		r.must(t)
		<-over
		if got, want := fmt.Sprint(calls), "[queued copied done]"; got != want {
			r.Errorf("%T: calls %s, want %s", w, got, want)
		}
		if last.Bytes != size || last.Total != size || last.Objects != 1 {
			r.Errorf("%T: last progress is %d of %d bytes, %d objects", w, last.Bytes, last.Total, last.Objects)
		}
	}
	os.Remove(filepath.Join(r.dir, "down"))
	r.clean(path)
}
