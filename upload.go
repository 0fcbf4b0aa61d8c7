package icos

import (
	"context"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/icos-go/icos/internal/wireform"
	"github.com/icos-go/icos/s3"
)

// An Upload is a handle of a multipart upload in progress: an object that is
// made out of parts sent in any order, side by side, even by several machines.
// [Object.Put] does this by itself; an Upload is for those who need to continue
// one later.
//
// Parts have numbers from 1 to 10,000 and 5 MiB to 5 GiB each, except the last,
// which may be smaller. The parts of an upload that is neither completed nor
// aborted are kept, and paid for, without end.
type Upload struct {
	object *Object
	id     string
}

// A Part is one part of an [Upload].
type Part struct {
	Number   int
	Size     int64 // bytes
	ETag     string
	ModTime  time.Time
	Checksum s3.Checksum // as the service computed it, if it did
}

// NewUpload begins a multipart upload. Of the options, those that say what is
// stored count: the content type and its like, Metadata, Expires, ACL, Tags and
// Lock. A Retention is that of [CompleteOptions].
func (o *Object) NewUpload(ctx context.Context, opts *PutOptions) (*Upload, error) {
	wire, err := o.wire(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin upload: %w", err)
	}
	p := valueOr(opts)
	r := &s3.CreateMultipartUploadRequest{
		Bucket:             o.bucket.name,
		Key:                o.key,
		ContentType:        p.ContentType,
		CacheControl:       p.CacheControl,
		ContentDisposition: p.ContentDisposition,
		ContentEncoding:    p.ContentEncoding,
		ContentLanguage:    p.ContentLanguage,
		Expires:            p.Expires,
		Metadata:           p.Metadata,
		ACL:                string(p.ACL),

		ServerSideEncryption: wireform.Encryption(p.Encrypt),
		CustomerKey:          o.customer,

		Tags:                      wireform.Tags(p.Tags),
		ObjectLockMode:            string(p.Lock.Mode),
		ObjectLockRetainUntilDate: p.Lock.Until,
		ObjectLockLegalHold:       wireform.LegalHold(p.Lock.Hold),
	}
	r.ChecksumAlgorithm, r.ChecksumType = o.bucket.client.uploadChecksum()
	resp, err := wire.CreateMultipartUpload(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("begin upload: %w", o.bucket.explain(ctx, err))
	}
	return o.Upload(resp.UploadID), nil
}

// uploadChecksum says how a multipart upload is to be checked. The CRCs of the
// parts make the CRC of the whole, which is checked again by whoever reads the
// object; other checksums cannot be put together that way.
func (c *Client) uploadChecksum() (algorithm s3.ChecksumAlgorithm, kind string) {
	switch algorithm = c.Checksum(); algorithm {
	case s3.NoChecksum:
		return "", ""
	case s3.SHA1, s3.SHA256:
		return algorithm, s3.Composite
	}
	return algorithm, s3.FullObject
}

// Upload returns a handle of the multipart upload of that ID, which
// [Bucket.Uploads] lists. It does no I/O.
func (o *Object) Upload(id string) *Upload { return &Upload{object: o, id: id} }

// ID returns what names the upload, beside the key.
func (u *Upload) ID() string { return u.id }

// Object returns the object that the upload makes.
func (u *Upload) Object() *Object { return u.object }

// PartOptions refine [Upload.PutPart].
type PartOptions struct {
	// Progress is called with the number of bytes of the part sent so far, as
	// [PutOptions].Progress is.
	Progress func(sent int64)

	// Checksum of the part, if it is known already. Otherwise it is computed, for which
	// a body that is not in memory is read twice.
	Checksum s3.Checksum
}

// PutPart sends part number, which is the next size bytes of body. A part of the
// same number is replaced. If body is an io.Seeker or an io.ReaderAt, the part is
// sent again when the connection breaks.
func (u *Upload) PutPart(ctx context.Context, number int, body io.Reader, size int64, opts *PartOptions) (Part, error) {
	o := valueOr(opts)
	part, err := u.putPart(ctx, number, body, size, o.Checksum, newMeter(o.Progress))
	if err != nil {
		return Part{}, fmt.Errorf("upload part %d: %w", number, err)
	}
	return part, nil
}

func (u *Upload) putPart(ctx context.Context, number int, body io.Reader, size int64, sum s3.Checksum, m *meter) (Part, error) {
	wire, err := u.object.wire(ctx)
	if err != nil {
		return Part{}, err
	}
	resp, err := wire.UploadPart(ctx, &s3.UploadPartRequest{
		Bucket: u.object.bucket.name, Key: u.object.key, UploadID: u.id,
		PartNumber: number, Body: body, ContentLength: size, Checksum: sum, Sent: m.hook(), CustomerKey: u.object.customer,
	})
	if err != nil {
		return Part{}, u.object.bucket.explain(ctx, err)
	}
	return Part{Number: number, Size: size, ETag: resp.ETag, Checksum: resp.Checksum}, nil
}

// CopyPart makes part number out of length bytes at offset of another object,
// without moving them through this machine. The source must be the version whose
// ETag is etag, unless that is empty.
func (u *Upload) CopyPart(ctx context.Context, number int, src *Object, offset, length int64, etag string) (Part, error) {
	wire, err := u.object.wire(ctx)
	if err != nil {
		return Part{}, fmt.Errorf("copy part %d: %w", number, err)
	}
	resp, err := wire.UploadPartCopy(ctx, &s3.UploadPartCopyRequest{
		Bucket: u.object.bucket.name, Key: u.object.key, UploadID: u.id, PartNumber: number,
		SourceBucket: src.bucket.name, SourceKey: src.key, SourceVersionID: src.version,
		SourceRange: rangeHeader(offset, length), SourceIfMatch: etag,
		CustomerKey: u.object.customer, SourceCustomerKey: src.customer,
	})
	if err != nil {
		return Part{}, fmt.Errorf("copy part %d: %w", number, archivedIf(changedIf(err, etag)))
	}
	return Part{Number: number, Size: length, ETag: resp.ETag, ModTime: resp.LastModified, Checksum: resp.Checksum}, nil
}

// Parts lists the parts that have arrived, by number. An error comes last.
func (u *Upload) Parts(ctx context.Context) iter.Seq2[Part, error] {
	return func(yield func(Part, error) bool) {
		wire, err := u.object.wire(ctx)
		if err != nil {
			yield(Part{}, fmt.Errorf("list parts: %w", err))
			return
		}
		r := &s3.ListPartsRequest{Bucket: u.object.bucket.name, Key: u.object.key, UploadID: u.id}
		for {
			resp, err := wire.ListParts(ctx, r)
			if err != nil {
				yield(Part{}, fmt.Errorf("list parts: %w", u.object.bucket.explain(ctx, err)))
				return
			}
			for _, p := range resp.Parts {
				if !yield(Part{
					Number: p.PartNumber, Size: p.Size, ETag: p.ETag, ModTime: p.LastModified, Checksum: p.Checksum,
				}, nil) {
					return
				}
			}
			if !resp.IsTruncated {
				return
			}
			if resp.NextPartNumberMarker <= r.PartNumberMarker {
				yield(Part{}, fmt.Errorf("list parts: %w", errSameToken))
				return
			}
			r.PartNumberMarker = resp.NextPartNumberMarker
		}
	}
}

// CompleteOptions refine [Upload.Complete].
type CompleteOptions struct {
	IfMatch     string // replace only the object with this ETag
	IfNoneMatch string // "*": only if there is no object yet

	// Checksum of the whole object, which the service then compares with its own. Its
	// algorithm must be that of the upload. If its Value is empty, none is sent.
	Checksum s3.Checksum

	// Retention says how long the object is kept, in a bucket with a retention policy.
	Retention Retention
}

// Complete makes the object out of parts, which must be in order of their
// numbers. Parts that were sent but are not in the list are dropped. If the
// service says which checksum the object has, and it is not that of the options,
// the error is [ErrChecksum]; the object is there all the same.
func (u *Upload) Complete(ctx context.Context, parts []Part, opts *CompleteOptions) (ObjectInfo, error) {
	wire, err := u.object.wire(ctx)
	if err != nil {
		return ObjectInfo{}, fmt.Errorf("complete upload: %w", err)
	}
	c := valueOr(opts)
	r := &s3.CompleteMultipartUploadRequest{
		Bucket: u.object.bucket.name, Key: u.object.key, UploadID: u.id,
		Parts:   make([]s3.CompletedPart, len(parts)),
		IfMatch: c.IfMatch, IfNoneMatch: c.IfNoneMatch, CustomerKey: u.object.customer,

		RetentionPeriod:         wireform.Seconds(c.Retention.For),
		RetentionExpirationDate: c.Retention.Until,
		RetentionLegalHoldID:    c.Retention.Hold,
	}
	if c.Checksum.Value != "" {
		r.Checksum = c.Checksum
	}
	var size int64
	for i, p := range parts {
		r.Parts[i] = s3.CompletedPart{PartNumber: p.Number, ETag: p.ETag, Checksum: p.Checksum}
		size += p.Size
	}
	resp, err := wire.CompleteMultipartUpload(ctx, r)
	if err != nil {
		return ObjectInfo{}, fmt.Errorf("complete upload: %w", u.object.bucket.explain(ctx, err))
	}
	info := ObjectInfo{Key: u.object.key, Size: size, ETag: resp.ETag, VersionID: resp.VersionID, Checksum: resp.Checksum}
	got, want := resp.Checksum, c.Checksum
	if want.Value != "" && got.Algorithm == want.Algorithm && got.Type == want.Type && got.Value != want.Value {
		return info, fmt.Errorf("complete upload: %w: the service stored an object with %s %s, sent was one with %s",
			ErrChecksum, got.Algorithm, got.Value, want.Value)
	}
	return info, nil
}

// Abort gives the upload up and frees its parts. Parts still on their way may
// arrive after that and stay; wait for them first.
func (u *Upload) Abort(ctx context.Context) error {
	_, err := call(ctx, u.object, "abort upload", (*s3.Client).AbortMultipartUpload, &s3.AbortMultipartUploadRequest{
		Bucket: u.object.bucket.name, Key: u.object.key, UploadID: u.id,
	})
	return err
}
