package transfer

import (
	"context"
	"io"

	"github.com/icos-go/icos/transfer/internal/multipart"
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

// A File is the local end of a [Job]. That of an upload must only be read.
type File interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
}

// httpTransport sends requests: one for what is small, several side by side for
// what is not.
type httpTransport struct{ env *multipart.Env }

func (h httpTransport) Upload(ctx context.Context, j *Job) error {
	o := &j.t.m.o
	result, err := h.env.Upload(ctx, &multipart.Upload{
		Flow: j.flow(), File: j.source(), Info: j.stat, To: j.object, Put: j.put,
		PartSize: o.PartSize, Threshold: o.Threshold,
	})
	j.finish(result)
	return err
}

func (h httpTransport) Download(ctx context.Context, j *Job) error {
	o := &j.t.m.o
	result, err := h.env.Download(ctx, &multipart.Download{
		Flow: j.flow(), From: j.object, Info: &j.info, To: j.file,
		PartSize: o.PartSize, Threshold: o.Threshold,
	})
	j.finish(result)
	if err == nil {
		j.info = result.Info
	}
	return err
}
