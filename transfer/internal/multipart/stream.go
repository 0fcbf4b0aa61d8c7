package multipart

import (
	"context"
	"errors"
	"io"

	"github.com/icos-go/icos"
)

// Stream is a reader of any length and where it goes. It cannot be resumed.
type Stream struct {
	Flow

	Reader io.Reader
	To     *icos.Object
	Put    icos.PutOptions // Size, if positive, is how many bytes there will be

	PartSize  int64 // bytes of the first parts; if zero, 5 MiB
	Threshold int64 // bytes from which parts are used; if zero, PartSize
}

// Stream stores all that a reader has as an object. Parts wait in memory of the
// Pool until the service has them. They grow with their number, as far as the Pool
// allows, so that 10,000 are enough.
func (e *Env) Stream(ctx context.Context, s *Stream) (Result, error) {
	return Result{}, errors.ErrUnsupported
}
