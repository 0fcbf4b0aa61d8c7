package store

import (
	"context"
	"fmt"
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
	Seal *Seal // encrypts the part, with the key that all parts of the upload have; nil leaves it plain

	// Checksum, if set, is called after the body was read to its end and before the commit.
	Checksum func() Checksum
}

// PutPart stores body as a part of an upload, replacing an earlier one of that number, and returns once it is durable. Errors of
// the body store nothing and are returned wrapped. Its memory is that of Put.
func (s *Store) PutPart(ctx context.Context, bucket, key, id string, number int, body io.Reader, o *PartOptions) (Part, error) {
	b, err := s.partTarget(ctx, bucket, key, id, number)
	if err != nil {
		return Part{}, err
	}
	if o == nil {
		o = &PartOptions{}
	}
	if err := b.admits(o.Seal); err != nil {
		return Part{}, err
	}
	w, err := s.write(ctx, body, o.Seal)
	if err != nil {
		return Part{}, err
	}
	p := partRow{body: w.body, md5: w.md5}
	p.Part = Part{Number: number, Size: w.size, ETag: etag(w.md5, 0)}
	if o.Checksum != nil {
		p.Checksum = o.Checksum()
	}
	err = s.putPartRow(ctx, b, key, id, &p, w)
	s.settle(w, err)
	if err != nil {
		return Part{}, err
	}
	return p.Part, nil
}

// partTarget refuses what putPartRow would refuse in the end, before the body is read.
func (s *Store) partTarget(ctx context.Context, bucket, key, id string, number int) (*bucketState, error) {
	if number < 1 || number > MaxParts {
		return nil, ErrInvalidPartNumber
	}
	if err := s.writable(key); err != nil {
		return nil, err
	}
	b, err := s.bucket(bucket)
	if err != nil {
		return nil, err
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	_, err = s.upload(b, key, id)
	return b, err
}

// putPartRow makes p a part of the upload, with the bytes of w. It sets Modified.
func (s *Store) putPartRow(ctx context.Context, b *bucketState, key, uid string, p *partRow, w *written) error {
	leave, err := s.enterBucket(ctx, b)
	if err != nil {
		return err
	}
	defer leave()
	u, unlock, err := s.lockUpload(b, key, uid)
	if err != nil {
		return err
	}
	defer unlock()

	row := partKey(u.id, p.Number)
	var replaced partRow
	err = s.view(row, func(v []byte) error {
		replaced, err = decodePart(v)
		return err
	})
	if err != nil {
		return fmt.Errorf("part row: %w", err)
	}
	p.Modified = s.now().UTC()
	batch := s.db.NewBatch()
	w.add(batch)
	_ = batch.Set(row, p.encode(nil), nil)
	return s.commit(batch, replaced.body)
}

// CopyPartOptions say what CopyPart copies. A nil *CopyPartOptions means the whole of the source.
type CopyPartOptions struct {
	// SourceVersion is the version to copy, as in OpenVersion.
	SourceVersion string

	// Range, if set, picks the bytes First to Last, both inclusive; they must lie in the source, else ErrInvalidRange.
	Range *ByteRange

	// CheckSource, if set, is called with the source before anything is written; its error is returned as it is.
	CheckSource func(source Object) error

	// Unseal, if set, is called with the source if it is sealed, to give it its key.
	Unseal func(source *Reader) error

	// Seal encrypts the part, with the key that all parts of the upload have; nil leaves it plain.
	Seal *Seal

	// Sum, if set, is called before the bytes are copied; they are written to the writer it returns, and the checksum it
	// returns, called after the last of them, becomes the part's.
	Sum func() (io.Writer, func() Checksum)
}

// ByteRange is a range of bytes, both ends inclusive.
type ByteRange struct{ First, Last int64 }

// CopyPart stores a source object or a range of it as a part of an upload.
func (s *Store) CopyPart(ctx context.Context, srcBucket, srcKey, bucket, key, id string, number int, o *CopyPartOptions) (Part, error) {
	if o == nil {
		o = &CopyPartOptions{}
	}
	r, err := s.OpenVersion(ctx, srcBucket, srcKey, o.SourceVersion)
	if err != nil {
		return Part{}, fmt.Errorf("copy source: %w", err)
	}
	defer r.Close()
	if o.CheckSource != nil {
		if err := o.CheckSource(*r.Object()); err != nil {
			return Part{}, err
		}
	}
	if err := r.unsealBy(o.Unseal); err != nil {
		return Part{}, err
	}
	first, n := int64(0), r.row.Size
	if o.Range != nil {
		first, n = o.Range.First, o.Range.Last-o.Range.First+1
		if first < 0 || n <= 0 || o.Range.Last >= r.row.Size {
			return Part{}, ErrInvalidRange
		}
	}
	src := r.Range(first, n)
	po := PartOptions{Seal: o.Seal}
	if o.Sum != nil {
		var sum io.Writer
		sum, po.Checksum = o.Sum()
		src = io.TeeReader(src, sum)
	}
	return s.PutPart(ctx, bucket, key, id, number, src, &po)
}

// PartPage is one page of parts.
type PartPage struct {
	Parts     []Part // ascending by number
	Next      int    // the last part number of the page, to be the next after; 0 if the page is empty
	Truncated bool
}

// ListParts lists at most limit parts of an upload whose numbers are greater than after.
func (s *Store) ListParts(ctx context.Context, bucket, key, id string, after, limit int) (PartPage, error) {
	var page PartPage
	b, err := s.bucket(bucket)
	if err != nil {
		return page, err
	}
	if err := s.enter(ctx); err != nil {
		return page, err
	}
	defer s.leave()
	u, err := s.upload(b, key, id)
	if err != nil {
		return page, err
	}
	after = min(max(after, 0), MaxParts)
	err = s.parts(u.id, after+1, func(p *partRow) (bool, error) {
		if len(page.Parts) >= limit {
			page.Truncated = limit > 0
			return false, nil
		}
		page.Parts = append(page.Parts, p.Part)
		page.Next = p.Number
		return true, nil
	})
	if err != nil {
		return PartPage{}, fmt.Errorf("list parts: %w", err)
	}
	return page, nil
}

// parts calls each for the parts of an upload from a number on, until it returns false.
func (s *Store) parts(u id, from int, each func(*partRow) (bool, error)) error {
	return s.scan(partKey(u, from), idKey(rowPart, u+1), func(_, v []byte) (bool, error) {
		p, err := decodePart(v)
		if err != nil {
			return false, err
		}
		return each(&p)
	})
}
