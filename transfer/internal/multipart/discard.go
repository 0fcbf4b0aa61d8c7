package multipart

import (
	"context"
	"errors"
	"fmt"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// Discard aborts the upload that a checkpoint is about, if any, and removes the
// checkpoint. to is the object being made; for a download it may be nil. That the upload is
// gone is not an error. If it cannot be aborted the checkpoint stays.
func Discard(ctx context.Context, o *checkpoint.Object, to *icos.Object) error {
	if h, ok := o.Header(); ok && h.Kind != "download" {
		if err := Forget(ctx, h, to); err != nil {
			return err
		}
	}
	return o.Remove()
}

// Forget aborts the upload that the header of a checkpoint is about, if any. That it is
// gone is not an error.
func Forget(ctx context.Context, h checkpoint.Header, to *icos.Object) error {
	if err := forget(ctx, h, to); err != nil {
		return fmt.Errorf("discard: %w", err)
	}
	return nil
}

func forget(ctx context.Context, h checkpoint.Header, to *icos.Object) error {
	switch {
	case to == nil && h.UploadID == "":
		return nil // it was not begun, as far as can be told
	case to == nil:
		return errors.New("the upload " + h.UploadID + " of " + h.Bucket + "/" + h.Key + " cannot be aborted without a client")
	case h.UploadID == "":
		return sweep(ctx, to, h, unknown)
	}
	return abort(ctx, to.Upload(h.UploadID))
}
