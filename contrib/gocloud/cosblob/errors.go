package cosblob

import (
	"context"
	"errors"
	"io/fs"
	"net/http"

	"gocloud.dev/gcerrors"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
)

var errAbsentType = errors.New("presigned URLs of COS cannot forbid a Content-Type: set ContentType, or leave EnforceAbsentContentType unset")

// ErrorCode implements driver.Bucket.
func (b *bucket) ErrorCode(err error) gcerrors.ErrorCode {
	if e, ok := errors.AsType[*icos.Error](err); ok {
		switch e.StatusCode {
		case http.StatusPreconditionFailed:
			return gcerrors.FailedPrecondition
		case http.StatusBadRequest, http.StatusRequestedRangeNotSatisfiable:
			return gcerrors.InvalidArgument
		case http.StatusNotImplemented:
			return gcerrors.Unimplemented
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			return gcerrors.ResourceExhausted
		case http.StatusInternalServerError:
			return gcerrors.Internal
		}
	}
	for _, c := range []struct {
		is   error
		code gcerrors.ErrorCode
	}{
		{context.Canceled, gcerrors.Canceled},
		{context.DeadlineExceeded, gcerrors.DeadlineExceeded},
		{fs.ErrNotExist, gcerrors.NotFound},
		{fs.ErrExist, gcerrors.AlreadyExists},
		{fs.ErrPermission, gcerrors.PermissionDenied},
		{icos.ErrChanged, gcerrors.FailedPrecondition},
		{icos.ErrArchived, gcerrors.FailedPrecondition},
		{s3.ErrPresign, gcerrors.Unimplemented},
		{errAbsentType, gcerrors.Unimplemented},
	} {
		if errors.Is(err, c.is) {
			return c.code
		}
	}
	return gcerrors.Unknown
}
