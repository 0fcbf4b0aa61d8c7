package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/pace"
	"github.com/icos-go/icos/transfer/internal/tree"
)

// A Job is one file's worth of work, handed to a [Transport].
type Job struct {
	t      *Transfer
	active *active

	object *icos.Object
	path   string
	file   File
	stat   fs.FileInfo // of the source of an upload
	info   icos.ObjectInfo
	put    icos.PutOptions
	stated bool             // info is what the service has said just now
	ahead  *multipart.Ahead // of a download; nil: nothing was asked for

	lane       pace.Lane
	limiters   [2]*pace.Limiter
	checkpoint *checkpoint.Object // nil: it is not worth one
	record     func()             // of a tree: writes down that the object is done; nil otherwise
	header     checkpoint.Header
	outcome    outcome
}

// job returns a Job that lacks what depends on the direction.
func (t *Transfer) job(a *active, o *icos.Object, path, parent string) *Job {
	return &Job{
		t: t, active: a, object: o, path: path,
		limiters: [2]*pace.Limiter{t.m.limiter, t.limiter},
		header:   checkpoint.Header{Parent: parent, Label: t.plan.label},
	}
}

// open opens the checkpoint if the object is large enough for one.
func (j *Job) open(id checkpoint.Identity, from int64) error {
	if j.info.Size < from {
		return nil
	}
	c, err := j.t.m.store.Object(id)
	if err != nil {
		return busy(err)
	}
	j.checkpoint = c
	return nil
}

// close ends the use of the checkpoint: it is kept if the work failed. A tree knows
// that the object is done before the checkpoint goes: a process that is killed in
// between does not move it again.
func (j *Job) close(err error) error {
	switch {
	case j.checkpoint == nil:
		return err
	case err != nil:
		for _, p := range j.checkpoint.Pieces() {
			j.active.kept += p.Length
		}
		return errors.Join(err, j.checkpoint.Close())
	}
	if j.record != nil {
		j.record()
	}
	if err := j.checkpoint.Remove(); err != nil {
		return fmt.Errorf("remove checkpoint: %w", err)
	}
	return nil
}

// begin begins the checkpoint of a download for a [Transport] of somebody else, which
// may go on with a partial file only if that is of the same version.
func (j *Job) begin() error {
	p := j.partial()
	h, begun := j.checkpoint.Header()
	if begun && h.Size == j.info.Size && h.ETag == j.info.ETag && h.VersionID == j.info.VersionID {
		return nil
	}
	if err := errors.Join(p.Truncate(0), p.RemoveSides()); err != nil {
		return err
	}
	h = j.header
	h.Size, h.ModTime, h.ETag, h.VersionID = j.info.Size, j.info.ModTime, j.info.ETag, j.info.VersionID
	return j.checkpoint.Begin(h)
}

// worthKeeping reports whether the partial file of a download may be gone on with. If
// the checkpoint does not tell of it, nobody would find it again to remove it.
func (j *Job) worthKeeping() bool {
	h, begun := j.checkpoint.Header()
	return begun && h.Partial != ""
}

// busy gives the error of a checkpoint that is in use its public form.
func busy(err error) error {
	if b, ok := errors.AsType[*checkpoint.BusyError](err); ok {
		return &BusyError{PID: b.PID}
	}
	return fmt.Errorf("open checkpoint: %w", err)
}

// flow says how an object of this Transfer is carried.
func (t *Transfer) flow(a *active) multipart.Flow {
	return multipart.Flow{
		Limiters: []*pace.Limiter{t.m.limiter, t.limiter}, Meter: t.meter,
		Progress: a.add, Resumed: a.resume,
	}
}

func (j *Job) flow() multipart.Flow {
	return multipart.Flow{
		Lane: &j.lane, Limiters: j.limiters[:], Meter: j.t.meter,
		Progress: j.active.add, Resumed: j.active.resume,
		Checkpoint: j.checkpoint, Header: j.header,
	}
}

// finish keeps what HTTP has to tell at the end.
func (j *Job) finish(r multipart.Result) { j.outcome = outcomeOf(r) }

// source returns the file of an upload as what it is.
func (j *Job) source() *os.File { return j.file.(*os.File) }

// partial returns the file of a download as what it is.
func (j *Job) partial() *tree.Partial { return j.file.(*tree.Partial) }

// Object returns the remote end.
func (j *Job) Object() *icos.Object { return j.object }

// Path returns the path of the local end, for messages. The bytes are those of
// File.
func (j *Job) Path() string { return j.path }

// File returns the local end. The Manager closes it.
func (j *Job) File() File { return j.file }

// Local returns the path of File, for a [Transport] that has another program read
// or write it. That of a download is a temporary one. The program may put files
// beside it whose names begin with this path and go on with a dot, such as
// ".aspera-ckpt": they stay for as long as the temporary file does, and are removed
// with it.
func (j *Job) Local() string {
	p, ok := j.file.(*tree.Partial)
	if !ok {
		return j.path
	}
	p.HasSides()
	return p.Path()
}

// Reopen goes on with the file that is at Local now, if a program has replaced the
// File of a download. It must be a regular file.
func (j *Job) Reopen() error { return j.partial().Reopen() }

// Kept reports whether the File of a download holds what an earlier attempt at this
// version of the object has left, and whether it will be kept if this one fails. If
// not, what is in it is to be written over.
func (j *Job) Kept() bool { return j.checkpoint != nil }

// Info describes the source: of an upload its Size and ModTime; of a download
// the object as a list or a HEAD has shown it, and as it must be when it is
// read.
func (j *Job) Info() icos.ObjectInfo { return j.info }

// SetInfo tells the Manager more about the object of a download, which it needs
// to preserve times and modes: its Metadata above all.
func (j *Job) SetInfo(info icos.ObjectInfo) { j.info = info }

// PutOptions returns what is to be stored with the object of an upload.
func (j *Job) PutOptions() icos.PutOptions { return j.put }

// Progress tells the Manager that n more bytes of the object have been moved; a
// negative n takes back what has to be moved again. It is cheap and may be called
// by many goroutines.
func (j *Job) Progress(n int64) { j.active.add(n) }

// Resumed tells the Manager that n bytes did not have to be moved because an
// earlier attempt had moved them. They do not count in Progress.
func (j *Job) Resumed(n int64) { j.active.resume(n) }

// Wait blocks until n bytes may be moved, by the limits of the Manager and of
// the Transfer, or ctx ends.
func (j *Job) Wait(ctx context.Context, n int) error {
	return j.t.meter.Wait(ctx, j.limiters[:], n)
}

// Rate returns the lower one of the limits of the Manager and of the Transfer, in
// bytes per second; 0 if there is none. It may change at any time. It is for a
// [Transport] that cannot Wait.
func (j *Job) Rate() int64 {
	var rate int64
	for _, l := range j.limiters {
		if r := l.Rate(); r > 0 && (rate == 0 || r < rate) {
			rate = r
		}
	}
	return rate
}

// StartedOver tells the Manager that an earlier attempt was of no use, and why.
func (j *Job) StartedOver(why string) { j.outcome.reason = why }

// Verified tells the Manager that the object as a whole was compared with a
// checksum of the service.
func (j *Job) Verified() { j.outcome.verified = true }
