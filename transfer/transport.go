package transfer

import (
	"context"
	"io"

	"github.com/icos-go/icos"
)

// A Transport moves the bytes of one file. It is to a [Manager] what
// http.RoundTripper is to http.Client; most programs do not need it.
//
// Both methods return when nothing is on its way any more, soon after ctx ends
// if it does. Pausing is not their business: the Manager ends ctx, and calls
// again to go on. They are called by many goroutines at once.
type Transport interface {
	// Upload stores [Job.File], all of it, as [Job.Object].
	Upload(ctx context.Context, j *Job) error

	// Download writes [Job.Object] into [Job.File], which is empty or holds what
	// an earlier attempt left, and truncates it to the object's size. The Manager
	// gives the file its name when Download returns nil.
	Download(ctx context.Context, j *Job) error
}

// A File is the local end of a [Job]. Files to be uploaded are only read.
type File interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
}

// A Job is one file's worth of work, handed to a [Transport].
type Job struct{ _ int }

// Object returns the remote end.
func (j *Job) Object() *icos.Object { return nil }

// Path returns the path of the local end, for messages. The bytes are those of
// File.
func (j *Job) Path() string { return "" }

// File returns the local end. The Manager closes it.
func (j *Job) File() File { return nil }

// Info describes the source: of an upload its Size and ModTime; of a download
// the object as a list or a HEAD has shown it, and as it must be when it is
// read. An empty ETag means that the Manager has not looked.
func (j *Job) Info() icos.ObjectInfo { return icos.ObjectInfo{} }

// PutOptions returns what is to be stored with the object of an upload.
func (j *Job) PutOptions() icos.PutOptions { return icos.PutOptions{} }

// Progress tells the Manager that n more bytes of the object have been moved, or
// found to be there; a negative n takes back what has to be moved again. It is
// cheap and may be called by many goroutines.
func (j *Job) Progress(n int64) {}

// Wait blocks until n bytes may be moved, by the limits of the Manager and of
// the Transfer.
func (j *Job) Wait(ctx context.Context, n int) error { return nil }

// Resumed tells the Manager that n bytes did not have to be moved because an
// earlier attempt had.
func (j *Job) Resumed(n int64) {}

// StartedOver tells the Manager that an earlier attempt was of no use, and why.
func (j *Job) StartedOver(why string) {}

// Verified tells the Manager that the object as a whole was compared with a
// checksum of the service.
func (j *Job) Verified() {}
