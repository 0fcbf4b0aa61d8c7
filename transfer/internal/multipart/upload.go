package multipart

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/icos-go/icos"
)

// Source is a file to upload. An *os.File is one.
type Source interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// Upload is a file and where it goes.
type Upload struct {
	Flow

	File Source
	Info fs.FileInfo // File's, from before: what it must still be at the end; if nil, File is asked
	To   *icos.Object

	// Put says what is stored. Its Size, Threshold, PartSize, Concurrency and
	// Progress do not count.
	Put icos.PutOptions

	PartSize  int64 // bytes; if zero, chosen by Env.Tuner
	Threshold int64 // bytes from which parts are used; if zero, 8 MiB
}

// Upload stores a file as an object. The file is read in place; that it
// changes meanwhile is an error, icos.ErrChanged.
//
// A checkpoint is used from Threshold on. If the file is not the one of the
// checkpoint, or the service has forgotten the upload, it starts over and
// Result.StartedOver says why.
func (e *Env) Upload(ctx context.Context, u *Upload) (Result, error) {
	return Result{}, errors.ErrUnsupported
}
