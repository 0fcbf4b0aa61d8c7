package multipart

import (
	"context"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// Discard aborts the upload that a checkpoint is about, if any, and removes the
// checkpoint. to is the object being made; for a download it may be nil. That the upload is
// gone is not an error. If it cannot be aborted the checkpoint stays.
func Discard(ctx context.Context, o *checkpoint.Object, to *icos.Object) error {
	return nil
}
