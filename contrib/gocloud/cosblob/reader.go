package cosblob

import (
	"bytes"
	"context"
	"io"

	"gocloud.dev/blob/driver"

	"github.com/icos-go/icos"
)

// A reader implements driver.Reader.
type reader struct {
	io.ReadCloser
	attributes driver.ReaderAttributes
	as         func(any) bool
}

var (
	_ driver.Reader     = (*reader)(nil)
	_ driver.Downloader = (*reader)(nil)
)

// NewRangeReader implements driver.Bucket.
func (b *bucket) NewRangeReader(ctx context.Context, key string, offset, length int64, opts *driver.ReaderOptions) (driver.Reader, error) {
	o := &icos.GetOptions{Offset: offset, Length: max(length, 0)}
	if err := before(opts.BeforeRead, as(o)); err != nil {
		return nil, err
	}
	if length == 0 { // what HTTP has no range for
		info, err := b.object(key).Stat(ctx)
		if err != nil {
			return nil, err
		}
		nothing := func(any) bool { return false }
		return &reader{io.NopCloser(bytes.NewReader(nil)), readerAttributes(&info), nothing}, nil
	}
	r, err := b.object(key).Get(ctx, o)
	if err != nil {
		return nil, err
	}
	info := r.Info()
	return &reader{r, readerAttributes(&info), as(r)}, nil
}

func readerAttributes(info *icos.ObjectInfo) driver.ReaderAttributes {
	return driver.ReaderAttributes{ContentType: info.ContentType, ModTime: info.ModTime, Size: info.Size}
}

// Attributes implements driver.Reader.
func (r *reader) Attributes() *driver.ReaderAttributes { return &r.attributes }

// As implements driver.Reader.
func (r *reader) As(i any) bool { return r.as(i) }

// Download implements driver.Downloader.
func (r *reader) Download(w io.Writer) error {
	_, err := io.Copy(w, r.ReadCloser)
	return err
}
