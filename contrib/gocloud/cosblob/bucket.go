package cosblob

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"

	"github.com/icos-go/icos"
)

// OpenBucket returns the bucket of that name. It does no I/O, and the bucket must
// exist when it is used. The caller must close it; the client is left open.
func OpenBucket(client *icos.Client, name string) *blob.Bucket {
	return blob.NewBucket(openBucket(client, name))
}

func openBucket(client *icos.Client, name string) *bucket {
	return &bucket{b: client.Bucket(name), close: func() error { return nil }}
}

// A bucket implements driver.Bucket.
type bucket struct {
	b     *icos.Bucket
	close func() error // of what belongs to the bucket alone
}

var _ driver.Bucket = (*bucket)(nil)

func (b *bucket) object(key string) *icos.Object { return b.b.Object(escapeKey(key)) }

// Close implements driver.Bucket.
func (b *bucket) Close() error { return b.close() }

// As implements driver.Bucket.
func (b *bucket) As(i any) bool { return as(b.b)(i) }

// ErrorAs implements driver.Bucket.
func (b *bucket) ErrorAs(err error, i any) bool {
	p, ok := i.(**icos.Error)
	return ok && errors.As(err, p)
}

// as returns the function through which callers get v: they hand it a pointer to a
// variable of v's type.
func as[T any](v T) func(any) bool {
	return func(i any) bool {
		p, ok := i.(*T)
		if ok {
			*p = v
		}
		return ok
	}
}

// before calls a hook of the caller, if there is one.
func before(hook func(func(any) bool) error, as func(any) bool) error {
	if hook == nil {
		return nil
	}
	return hook(as)
}

// Attributes implements driver.Bucket.
func (b *bucket) Attributes(ctx context.Context, key string) (*driver.Attributes, error) {
	info, err := b.object(key).Stat(ctx)
	if err != nil {
		return nil, err
	}
	return &driver.Attributes{
		CacheControl:       info.CacheControl,
		ContentDisposition: info.ContentDisposition,
		ContentEncoding:    info.ContentEncoding,
		ContentLanguage:    info.ContentLanguage,
		ContentType:        info.ContentType,
		Metadata:           unescapeMetadata(info.Metadata),
		ModTime:            info.ModTime, // there is no time of creation: objects are replaced, never changed
		Size:               info.Size,
		MD5:                md5Of(&info),
		ETag:               `"` + info.ETag + `"`,
		AsFunc:             as(info),
	}, nil
}

// md5Of returns the MD5 of an object's content, nil if its ETag is not that: it is
// another one if the object was made of parts, and a random one if it is encrypted
// with a key of the caller.
func md5Of(info *icos.ObjectInfo) []byte {
	if info.EncryptedBy == icos.EncryptedByCustomer {
		return nil
	}
	sum, err := hex.DecodeString(info.ETag)
	if err != nil || len(sum) != 16 {
		return nil
	}
	return sum
}

// ListPaged implements driver.Bucket.
func (b *bucket) ListPaged(ctx context.Context, opts *driver.ListOptions) (*driver.ListPage, error) {
	o := &icos.ListOptions{
		Prefix: escapeKey(opts.Prefix), Delimiter: escapeKey(opts.Delimiter),
		PageSize: min(opts.PageSize, maxPage), Token: string(opts.PageToken),
	}
	if err := before(opts.BeforeList, as(o)); err != nil {
		return nil, err
	}
	for page, err := range b.b.Pages(ctx, o) {
		if err != nil {
			return nil, err
		}
		return newListPage(&page), nil
	}
	return &driver.ListPage{}, nil
}

// maxPage is the number of entries that the service puts into an answer at most.
const maxPage = 1000

func newListPage(page *icos.Page) *driver.ListPage {
	p := &driver.ListPage{NextPageToken: []byte(page.Next)}
	for i := range page.Objects {
		info := &page.Objects[i]
		p.Objects = append(p.Objects, &driver.ListObject{
			Key: unescape(info.Key), ModTime: info.ModTime, Size: info.Size, MD5: md5Of(info), AsFunc: as(*info),
		})
	}
	for _, prefix := range page.Prefixes {
		p.Objects = append(p.Objects, &driver.ListObject{Key: unescape(prefix), IsDir: true})
	}
	slices.SortFunc(p.Objects, func(a, b *driver.ListObject) int { return cmp.Compare(a.Key, b.Key) })
	return p
}

// Copy implements driver.Bucket.
func (b *bucket) Copy(ctx context.Context, dstKey, srcKey string, opts *driver.CopyOptions) error {
	o := &icos.CopyOptions{}
	if err := before(opts.BeforeCopy, as(o)); err != nil {
		return err
	}
	_, err := b.object(srcKey).Copy(ctx, b.object(dstKey), o)
	return err
}

// Delete implements driver.Bucket. The service does not say whether there was an
// object, so it is asked before.
func (b *bucket) Delete(ctx context.Context, key string, opts *driver.DeleteOptions) error {
	object := b.object(key)
	found, err := object.Exists(ctx)
	if err != nil {
		return err
	}
	if !found {
		return &fs.PathError{Op: "delete", Path: object.String(), Err: fs.ErrNotExist}
	}
	if err := before(opts.BeforeDelete, as(&object)); err != nil {
		return err
	}
	return object.Delete(ctx)
}

// SignedURL implements driver.Bucket.
func (b *bucket) SignedURL(ctx context.Context, key string, opts *driver.SignedURLOptions) (string, error) {
	if opts.EnforceAbsentContentType && opts.ContentType == "" {
		return "", errAbsentType
	}
	o := &icos.PresignOptions{ContentType: opts.ContentType}
	if err := before(opts.BeforeSign, as(o)); err != nil {
		return "", err
	}
	r, err := b.object(key).Presign(ctx, opts.Method, opts.Expiry, o)
	if err != nil {
		return "", err
	}
	return r.URL, nil
}
