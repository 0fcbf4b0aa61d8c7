package transfertest

import (
	"os"
	"path/filepath"
	"time"

	"github.com/icos-go/icos/transfer"
)

// slack is what requests and answers may take beside data.
const slack = 256 << 10

// checkUploadGoesOn stops an upload and has another Manager go on with it.
func checkUploadGoesOn(r *rig) {
	size := int64(4*part + 100)
	path, o := r.file("up", content(1, size)), r.bucket.Object("k")
	work := transfer.Upload{Path: path, To: o}
	first := r.manager(r.state)
	t := r.partway(r.Context(), first, work, 2*part+part/2)
	id := t.ID()
	r.close(first)
	r.stored(o, nil)

	r.net.Reset()
	t = r.manager(r.state).Start(r.Context(), work)
	report := r.must(t)
	r.stored(o, content(1, size))
	up, _ := r.moved()
	if report.Resumed < 2*part || up > size-report.Resumed+slack {
		r.Errorf("%d of %d bytes were resumed, and %d sent", report.Resumed, size, up)
	}
	if report.Bytes != size || t.ID() != id {
		r.Errorf("%d bytes of %s, want %d of %s", report.Bytes, t.ID(), size, id)
	}
	r.clean(path)
}

// checkDownloadGoesOn stops a download and has another Manager go on with it.
func checkDownloadGoesOn(r *rig) {
	size := int64(4*part + 100)
	o, path := r.object("k", content(1, size)), filepath.Join(r.dir, "down")
	work := transfer.Download{From: o, Path: path}
	first := r.manager(r.state)
	r.partway(r.Context(), first, work, 2*part+part/2)
	r.close(first)
	r.written(path, nil)

	r.net.Reset()
	report := r.must(r.manager(r.state).Start(r.Context(), work))
	_, down := r.moved()
	r.written(path, content(1, size))
	if report.Resumed < 2*part || down > size-report.Resumed+slack {
		r.Errorf("%d of %d bytes were resumed, and %d received", report.Resumed, size, down)
	}
	r.clean(path)
}

// checkChangedFile has the source of a stopped upload change.
func checkChangedFile(r *rig) {
	size := int64(4 * part)
	path, o := r.file("up", content(1, size)), r.bucket.Object("k")
	work := transfer.Upload{Path: path, To: o}
	first := r.manager(r.state)
	r.partway(r.Context(), first, work, 2*part)
	r.close(first)

	r.file("up", content(2, size))
	later := time.Now().Add(2 * time.Second) // on file systems that count seconds too
	if err := os.Chtimes(path, later, later); err != nil {
		r.Fatal(err)
	}
	report := r.must(r.manager(r.state).Start(r.Context(), work))
	r.stored(o, content(2, size))
	if report.Resumed != 0 {
		r.Errorf("%d bytes of another file were resumed", report.Resumed)
	}
	r.clean(path)
}

// checkChangedObject has the source of a stopped download change.
func checkChangedObject(r *rig) {
	size := int64(4 * part)
	o, path := r.object("k", content(1, size)), filepath.Join(r.dir, "down")
	work := transfer.Download{From: o, Path: path}
	first := r.manager(r.state)
	r.partway(r.Context(), first, work, 2*part)
	r.close(first)

	r.object("k", content(2, size))
	report := r.must(r.manager(r.state).Start(r.Context(), work))
	r.written(path, content(2, size))
	if report.Resumed != 0 {
		r.Errorf("%d bytes of another object were resumed", report.Resumed)
	}
	r.clean(path)
}

// checkShrinkingFile truncates a file while it is uploaded: there must not be an
// object that was never a file.
func checkShrinkingFile(r *rig) {
	path, o := r.file("up", content(1, 4*part)), r.bucket.Object("k")
	t := r.partway(r.Context(), r.manager(""), transfer.Upload{Path: path, To: o}, part)
	if err := os.Truncate(path, 3*part-1); err != nil {
		r.Fatal(err)
	}
	if err := t.Wait(r.Context()); err == nil {
		r.Error("the upload of a file that shrank succeeded")
	}
	r.stored(o, nil)
	r.clean(path)
}

// checkDamagedPartial damages what a stopped download has left on disk.
func checkDamagedPartial(r *rig) {
	size := int64(4 * part)
	o, path := r.object("k", content(1, size)), filepath.Join(r.dir, "down")
	work := transfer.Download{From: o, Path: path}
	for name, damage := range map[string]func(path string) error{
		"flipped byte": func(path string) error {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			var b [1]byte
			if _, err := f.ReadAt(b[:], part/2); err != nil {
				return err
			}
			b[0] ^= 1
			_, err = f.WriteAt(b[:], part/2)
			return err
		},
		"truncated": func(path string) error { return os.Truncate(path, part+1) },
		"removed":   os.Remove,
	} {
		first := r.manager(r.state)
		r.partway(r.Context(), first, work, 2*part)
		r.close(first)
		if err := damage(r.partial()); err != nil {
			r.Fatal(err)
		}
		r.must(r.manager(r.state).Start(r.Context(), work))
		r.Log(name)
		r.written(path, content(1, size))
		r.clean(path)
		if err := os.Remove(path); err != nil {
			r.Fatal(err)
		}
	}
}
