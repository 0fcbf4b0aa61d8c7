package icos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/icos-go/icos/internal/wireform"
	"github.com/icos-go/icos/s3"
)

// CopyOptions say how an object is copied.
type CopyOptions struct {
	// Attributes replace those of the source: the content type and its like,
	// Expires, Metadata and Encrypt. If nil, the copy has the same. The other
	// fields of it do not count; those that a copy knows are here.
	Attributes *PutOptions

	// Tags replace those of the source. If nil, the copy has the same.
	Tags map[string]string

	// Retention and Lock keep the copy. If zero, the bucket decides: what keeps the
	// source is not copied.
	Retention Retention
	Lock      Lock

	// KeepRetention gives the copy the retention period of the source, which begins
	// anew, and all its legal holds. The service does so for copies that it makes
	// with one request, up to 5 GB.
	KeepRetention bool

	// ACL of the copy. If empty, private; the ACL of the source is not copied.
	ACL CannedACL

	// IfMatch copies only the version of the source that has this ETag. If
	// empty, whichever there is; it is pinned in any case.
	IfMatch string

	// Threshold is the size in bytes from which on the copy is made of parts. If
	// zero, 5 GB, up to which the service copies an object with one request.
	Threshold int64

	// PartSize is the size of a part in bytes. If zero, 256 MiB; it is adjusted
	// as in [PutOptions].
	PartSize int64

	// Concurrency is the number of parts copied at once. If zero, 4.
	Concurrency int
}

const (
	maxCopySize         = 5_000_000_000 // bytes
	defaultCopyPartSize = 256 << 20     // bytes
)

func (c *CopyOptions) setDefaults() error {
	if c.Threshold < 0 || c.PartSize < 0 || c.Concurrency < 0 {
		return errors.New("an option of CopyOptions is negative")
	}
	if c.Threshold == 0 || c.Threshold > maxCopySize {
		c.Threshold = maxCopySize
	}
	if c.PartSize == 0 {
		c.PartSize = defaultCopyPartSize
	}
	if c.Concurrency == 0 {
		c.Concurrency = defaultConcurrency
	}
	return nil
}

// Copy copies the object to another place in the service, whatever its size,
// without moving its bytes through this machine. If the object is replaced
// meanwhile the error is [ErrChanged]. Copying an object to itself, with new
// Attributes, changes its metadata. What the service does not answer is missing
// from the ObjectInfo; [Object.Stat] has it all.
func (o *Object) Copy(ctx context.Context, to *Object, opts *CopyOptions) (ObjectInfo, error) {
	info, err := o.copy(ctx, to, valueOr(opts))
	if err != nil {
		return ObjectInfo{}, fmt.Errorf("copy: %w", err)
	}
	return info, nil
}

func (o *Object) copy(ctx context.Context, to *Object, opts CopyOptions) (ObjectInfo, error) {
	if err := opts.setDefaults(); err != nil {
		return ObjectInfo{}, err
	}
	src, err := o.Stat(ctx)
	if err != nil {
		return ObjectInfo{}, err
	}
	if opts.IfMatch != "" && opts.IfMatch != src.ETag {
		return ObjectInfo{}, fmt.Errorf("the source %w: its ETag is %s, not %s", ErrChanged, src.ETag, opts.IfMatch)
	}
	if src.Size <= opts.Threshold && src.Size <= maxCopySize {
		return o.copyWhole(ctx, to, src, &opts)
	}
	return o.copyParts(ctx, to, src, &opts)
}

func (o *Object) copyWhole(ctx context.Context, to *Object, src ObjectInfo, opts *CopyOptions) (ObjectInfo, error) {
	wire, err := to.wire(ctx)
	if err != nil {
		return ObjectInfo{}, err
	}
	r := &s3.CopyObjectRequest{
		Bucket: to.bucket.name, Key: to.key,
		SourceBucket: o.bucket.name, SourceKey: o.key, SourceVersionID: o.version,
		SourceIfMatch: src.ETag, ACL: string(opts.ACL),
		CustomerKey: to.customer, SourceCustomerKey: o.customer,
	}
	if a := opts.Attributes; a != nil {
		r.MetadataDirective = "REPLACE"
		r.ServerSideEncryption = wireform.Encryption(a.Encrypt)
		r.ContentType = a.ContentType
		r.CacheControl = a.CacheControl
		r.ContentDisposition = a.ContentDisposition
		r.ContentEncoding = a.ContentEncoding
		r.ContentLanguage = a.ContentLanguage
		r.Expires = a.Expires
		r.Metadata = a.Metadata
	}
	if opts.Tags != nil {
		r.TaggingDirective, r.Tags = "REPLACE", wireform.Tags(opts.Tags)
	}
	if k := opts.Retention; k != (Retention{}) {
		r.RetentionDirective = "REPLACE"
		r.RetentionPeriod, r.RetentionExpirationDate, r.RetentionLegalHoldID = wireform.Seconds(k.For), k.Until, k.Hold
	}
	r.ObjectLockMode, r.ObjectLockRetainUntilDate = string(opts.Lock.Mode), opts.Lock.Until
	r.ObjectLockLegalHold = wireform.LegalHold(opts.Lock.Hold)
	if opts.KeepRetention {
		r.RetentionDirective = "COPY"
	}
	resp, err := wire.CopyObject(ctx, r)
	if err != nil {
		return ObjectInfo{}, archivedIf(changedIf(to.bucket.explain(ctx, err), src.ETag))
	}
	return ObjectInfo{
		Key: to.key, Size: src.Size, ETag: resp.ETag, ModTime: resp.LastModified, VersionID: resp.VersionID,
	}, nil
}

// copyParts copies an object too large for one request. The service does not
// carry the attributes over then, so they are set from what Stat said.
func (o *Object) copyParts(ctx context.Context, to *Object, src ObjectInfo, opts *CopyOptions) (ObjectInfo, error) {
	if opts.KeepRetention {
		return ObjectInfo{}, errors.New("KeepRetention: the object is copied in parts, for which the service does not copy what keeps the source; set Retention")
	}
	wire, err := to.wire(ctx)
	if err != nil {
		return ObjectInfo{}, err
	}
	attributes := PutOptions{
		ContentType:        src.ContentType,
		CacheControl:       src.CacheControl,
		ContentDisposition: src.ContentDisposition,
		ContentEncoding:    src.ContentEncoding,
		ContentLanguage:    src.ContentLanguage,
		Metadata:           src.Metadata,
	}
	if opts.Attributes != nil {
		attributes = *opts.Attributes
	}
	attributes.Tags, attributes.Retention, attributes.Lock = opts.Tags, opts.Retention, opts.Lock
	if attributes.Tags == nil && src.TagCount > 0 {
		if attributes.Tags, err = o.Tags(ctx); err != nil {
			return ObjectInfo{}, err
		}
	}
	attributes.ACL, attributes.Concurrency = opts.ACL, opts.Concurrency
	partSize := partSizeFor(src.Size, opts.PartSize)
	p := &put{object: to, wire: wire, opts: &attributes}
	return p.multipart(ctx, func(_ context.Context, n int) (job, error) {
		off := int64(n-1) * partSize
		if off >= src.Size {
			return nil, errNoMore
		}
		return func(ctx context.Context, u *Upload) (Part, error) {
			return u.CopyPart(ctx, n, o, off, min(partSize, src.Size-off), src.ETag)
		}, nil
	})
}

// rangeHeader asks for length bytes at offset, as HTTP writes it.
func rangeHeader(offset, length int64) string {
	return "bytes=" + strconv.FormatInt(offset, 10) + "-" + strconv.FormatInt(offset+length-1, 10)
}

// changedIf turns the error of a failed precondition into ErrChanged, if the
// condition was on an ETag.
func changedIf(err error, etag string) error {
	e, ok := errors.AsType[*Error](err)
	if ok && e.StatusCode == http.StatusPreconditionFailed && etag != "" {
		return fmt.Errorf("the object %w: its ETag is no longer %s: %w", ErrChanged, etag, err)
	}
	return err
}
