package store

import (
	"context"
	"io"
	"time"
)

// Part describes an uploaded part.
type Part struct {
	Number   int    // 1 to MaxParts
	Size     int64  // bytes
	ETag     string // hex MD5, without quotes
	Modified time.Time
	Checksum Checksum
}

// PartOptions are what a part is given besides its body. A nil *PartOptions means the zero value.
type PartOptions struct {
	// Checksum, if set, is called after the body was read to its end and before the commit.
	Checksum func() Checksum
}

// PutPart stores body as a part of an upload, replacing an earlier one of that number, and returns once it is durable. Errors of
// the body store nothing and are returned wrapped.
func (s *Store) PutPart(ctx context.Context, bucket, key, id string, number int, body io.Reader, o *PartOptions) (Part, error) {
	return Part{}, ErrNoSuchUpload
}

// CopyPartOptions say what CopyPart copies. A nil *CopyPartOptions means the whole of the source.
type CopyPartOptions struct {
	// Range, if set, picks the bytes First to Last, both inclusive; they must lie in the source, else ErrInvalidRange.
	Range *ByteRange

	// CheckSource, if set, is called with the source before anything is written; its error is returned as it is.
	CheckSource func(source Object) error
}

// ByteRange is a range of bytes, both ends inclusive.
type ByteRange struct{ First, Last int64 }

// CopyPart stores a source object or a range of it as a part of an upload.
func (s *Store) CopyPart(ctx context.Context, srcBucket, srcKey, bucket, key, id string, number int, o *CopyPartOptions) (Part, error) {
	return Part{}, ErrNoSuchUpload
}

// PartPage is one page of parts.
type PartPage struct {
	Parts     []Part // ascending by number
	Next      int    // the last part number of the page, to be the next after; 0 if the page is empty
	Truncated bool
}

// ListParts lists at most limit parts of an upload whose numbers are greater than after.
func (s *Store) ListParts(ctx context.Context, bucket, key, id string, after, limit int) (PartPage, error) {
	return PartPage{}, ErrNoSuchUpload
}
