package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/icos-go/icos/transfer/internal/multipart"
)

// A Transport moves the bytes of one file. It is to a [Manager] what
// http.RoundTripper is to http.Client; most programs do not need it.
//
// A Transport that will not move a file returns [ErrSkipTransport] before it has
// touched anything; the Manager moves that file over HTTP.
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

// ErrSkipTransport is what a [Transport] returns for a file that is to be moved
// over HTTP.
var ErrSkipTransport = errors.New("to be moved over HTTP")

// A File is the local end of a [Job]. That of an upload must only be read.
type File interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
}

// A foreignTransport is one that was given, with HTTP for what it will not move.
type foreignTransport struct {
	Transport
	http httpTransport
}

func (f foreignTransport) Upload(ctx context.Context, j *Job) error {
	err := f.Transport.Upload(ctx, j)
	if errors.Is(err, ErrSkipTransport) {
		return f.http.Upload(ctx, j)
	}
	if err != nil || j.checkpoint == nil {
		return err
	}
	if h, begun := j.checkpoint.Header(); begun {
		// Parts that HTTP has sent before are of no use now, and are paid for.
		return multipart.Forget(ctx, h, j.object)
	}
	return nil
}

func (f foreignTransport) Download(ctx context.Context, j *Job) error {
	if j.checkpoint != nil {
		if err := j.begin(); err != nil {
			return fmt.Errorf("prepare partial file: %w", err)
		}
	}
	err := f.Transport.Download(ctx, j)
	if errors.Is(err, ErrSkipTransport) {
		return f.http.Download(ctx, j)
	}
	return err
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
	// What another program has noted of the partial file is not so any more when
	// requests have written to it.
	if err := j.partial().RemoveSides(); err != nil {
		return fmt.Errorf("prepare partial file: %w", err)
	}
	o := &j.t.m.o
	result, err := h.env.Download(ctx, &multipart.Download{
		Flow: j.flow(), From: j.object, Info: &j.info, Stated: j.stated, Ahead: j.ahead, To: j.file,
		PartSize: o.PartSize, Threshold: o.Threshold,
	})
	j.finish(result)
	if err == nil {
		j.info = result.Info
	}
	return err
}
