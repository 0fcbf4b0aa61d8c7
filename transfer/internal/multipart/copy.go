package multipart

import (
	"context"
	"errors"

	"github.com/icos-go/icos"
)

// Copy is an object and where it is copied to, within the service.
type Copy struct {
	Flow

	From, To *icos.Object
	Info     *icos.ObjectInfo // what is known of From, as in Download
	Options  icos.CopyOptions // Threshold, PartSize and Concurrency are not used
	PartSize int64            // bytes; if zero, 256 MiB

	// Threshold is the size in bytes above which the copy is made of parts. If zero,
	// 5 GB, up to which the service copies an object with one request.
	Threshold int64
}

// Copy copies an object without moving its bytes through this machine. The
// client of To sends the requests, and must be allowed to read From.
func (e *Env) Copy(ctx context.Context, c *Copy) (Result, error) {
	return Result{}, errors.ErrUnsupported
}
