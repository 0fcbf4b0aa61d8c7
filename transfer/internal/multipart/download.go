package multipart

import (
	"context"
	"errors"
	"io"

	"github.com/icos-go/icos"
)

// Target is a partial file. An *os.File is one. If it also has the method
// SyscallConn, the room on its disk is looked at before the first byte.
type Target interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
}

// Download is an object and the file that it goes to.
type Download struct {
	Flow

	From *icos.Object

	// Info is what is known of the object already, such as from a list. If its ETag
	// is not empty, that version is fetched, and a small object takes one request. If nil, the
	// service is asked.
	Info *icos.ObjectInfo

	To Target

	PartSize  int64 // bytes; if zero, chosen by Env.Tuner
	Threshold int64 // bytes from which ranges are used; if zero, 16 MiB
}

// Download writes an object to a file, and compares what it wrote with the
// checksum that the service keeps. To then has the object's bytes and its length; to
// sync and to rename it is left to the caller.
//
// A checkpoint is used from Threshold on. What is on disk already is compared with the
// checksums in the checkpoint, and only the rest is fetched. If the object is not
// that of the checkpoint, or changes while it is fetched, the download starts over.
func (e *Env) Download(ctx context.Context, d *Download) (Result, error) {
	return Result{}, errors.ErrUnsupported
}
