package cosblob

import (
	"bytes"
	"context"
	"io"

	"gocloud.dev/blob/driver"

	"github.com/icos-go/icos"
)

// A writer implements driver.Writer. What is written goes through a pipe to
// Object.Put, which runs from the first Write to Close.
type writer struct {
	ctx    context.Context // that of NewTypedWriter, because io.Writer has no place for it
	object *icos.Object
	opts   *icos.PutOptions

	pipe   *io.PipeWriter // nil until the first Write
	stored chan error     // gets what Put returned
	sent   bool           // by Upload
}

var (
	_ driver.Writer   = (*writer)(nil)
	_ driver.Uploader = (*writer)(nil)
)

// NewTypedWriter implements driver.Bucket.
func (b *bucket) NewTypedWriter(ctx context.Context, key, contentType string, opts *driver.WriterOptions) (driver.Writer, error) {
	o := &icos.PutOptions{
		ContentType:        contentType,
		CacheControl:       opts.CacheControl,
		ContentDisposition: opts.ContentDisposition,
		ContentEncoding:    opts.ContentEncoding,
		ContentLanguage:    opts.ContentLanguage,
		Metadata:           escapeMetadata(opts.Metadata),
		PartSize:           int64(opts.BufferSize),
		Concurrency:        opts.MaxConcurrency,
	}
	if opts.IfNotExist {
		o.IfNoneMatch = "*"
	}
	if err := before(opts.BeforeWrite, as(o)); err != nil {
		return nil, err
	}
	return &writer{ctx: ctx, object: b.object(key), opts: o, stored: make(chan error, 1)}, nil
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	if w.pipe == nil {
		r, pipe := io.Pipe()
		w.pipe = pipe
		go func() {
			err := w.put(r)
			r.CloseWithError(err) // so that nobody waits in Write
			w.stored <- err
		}()
	}
	return w.pipe.Write(p)
}

// Upload implements driver.Uploader. A file is read in place, in parts side by side.
func (w *writer) Upload(r io.Reader) error {
	w.sent = true
	return w.put(r)
}

// Close implements io.Closer: it returns when the object is stored or nothing is.
func (w *writer) Close() error {
	switch {
	case w.sent:
		return nil
	case w.pipe == nil:
		return w.put(bytes.NewReader(nil))
	}
	var end error // io.EOF
	if err := w.ctx.Err(); err != nil {
		end = err // what has come so far is not all
	}
	w.pipe.CloseWithError(end)
	return <-w.stored
}

func (w *writer) put(r io.Reader) error {
	_, err := w.object.Put(w.ctx, r, w.opts)
	return err
}
