package store

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
)

// CopyOptions say how Copy writes its target. A nil *CopyOptions means the zero value. The embedded options replace all
// attributes, the owner and the ACL of the source; start from CheckSource's object to keep them. If their Checksum is nil, the
// target has the source's checksum, unless that is one over the parts of an upload.
type CopyOptions struct {
	PutOptions

	// SourceVersion is the version to copy, as in OpenVersion.
	SourceVersion string

	// CheckSource, if set, is called with the source before anything is written; its error is returned as it is. It may fill in
	// the PutOptions from what it sees, and may be called more than once.
	CheckSource func(source Object) error

	// Unseal, if set, is called with the source if it is sealed, to give it its key.
	Unseal func(source *Reader) error

	// Sum, if set, is written all bytes of the source before PutOptions.Checksum is called.
	Sum io.Writer
}

// Copy stores the source's body under the destination key with a new Modified and an ETag that is the MD5 of the body, as COS
// does; a replica has the ETag of its source. Large bodies are shared, not copied, unless source or copy is sealed. Source and
// destination may be the same.
func (s *Store) Copy(ctx context.Context, srcBucket, srcKey, dstBucket, dstKey string, o *CopyOptions) (Object, error) {
	if o == nil {
		o = &CopyOptions{}
	}
	if err := s.writable(dstKey); err != nil {
		return Object{}, err
	}
	dst, err := s.bucket(dstBucket)
	if err != nil {
		return Object{}, err
	}
	r, err := s.OpenVersion(ctx, srcBucket, srcKey, o.SourceVersion)
	if err != nil {
		return Object{}, fmt.Errorf("copy source: %w", err)
	}
	defer r.Close()
	if o.CheckSource != nil {
		if err := o.CheckSource(*r.Object()); err != nil {
			return Object{}, err
		}
	}
	if err := dst.admits(o.Seal); err != nil {
		return Object{}, err
	}
	if r.row.sealed() || o.Seal != nil {
		return s.recopy(ctx, r, dst, dstKey, o)
	}
	row := objectRow{md5: r.row.md5}
	if o.Replica == nil || o.Sum != nil {
		if err := s.sumSource(ctx, r, &row, o.Sum); err != nil {
			return Object{}, err
		}
	}
	row.Object = Object{Key: dstKey, Size: r.row.Size, Owner: o.Owner, ACL: o.ACL, Attributes: o.Attributes, State: o.State}
	switch {
	case o.Checksum != nil:
		row.Checksum = o.Checksum()
	case r.row.Checksum.Type != "COMPOSITE":
		row.Checksum = r.row.Checksum
	}
	if o.Replica != nil {
		row.alike(&r.row)
	}

	if err := s.copyRow(ctx, dst, &row, r, &o.PutOptions); err != nil {
		return Object{}, err
	}
	return row.Object, nil
}

// alike gives a replica the ETag and the checksum of the original, also where those are over the parts of an upload.
func (o *objectRow) alike(original *objectRow) {
	o.md5, o.PartCount, o.Checksum = original.md5, original.PartCount, original.Checksum
}

// copyRow makes row the current object of its key, with the bytes of r.
func (s *Store) copyRow(ctx context.Context, dst *bucketState, row *objectRow, r *Reader, o *PutOptions) error {
	if !r.pinned {
		w := &written{size: r.row.Size}
		if r.inline != nil {
			w.body, w.inline = body{bodyInline, s.newID()}, r.inline
		}
		row.body = w.body
		return s.putRow(ctx, dst, row, w, o)
	}
	row.body = r.row.body
	err := s.shareRow(ctx, dst, row, o)
	if !errors.Is(err, errDoomed) {
		return err
	}
	// The source was replaced meanwhile; its bytes stay readable as long as r is open.
	w, err := s.write(ctx, r.Range(0, -1), nil)
	if err != nil {
		return err
	}
	row.body = w.body
	err = s.putRow(ctx, dst, row, w, o)
	s.settle(w, err)
	return err
}

// sumSource reads the source if its MD5 is not known, since it was uploaded in parts, or if the caller wants to see its bytes.
func (s *Store) sumSource(ctx context.Context, r *Reader, row *objectRow, also io.Writer) error {
	var sinks []io.Writer
	h := md5.New()
	if r.row.PartCount > 0 {
		sinks = append(sinks, h)
	}
	if also != nil {
		sinks = append(sinks, also)
	}
	if len(sinks) == 0 {
		return nil
	}
	w := io.MultiWriter(sinks...)
	for off := int64(0); off < r.row.Size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.WriteRangeTo(w, off, 16<<20)
		if err != nil {
			return fmt.Errorf("copy source: %w", err)
		}
		off += n
	}
	if r.row.PartCount > 0 {
		h.Sum(row.md5[:0])
	}
	return nil
}

// shareRow is putRow for a body that another object has. The caller has pinned the body. If that object gave it up meanwhile, the
// error is errDoomed.
func (s *Store) shareRow(ctx context.Context, b *bucketState, row *objectRow, o *PutOptions) error {
	return s.replace(ctx, b, row, o, func(c *change) error { return c.commitShare(row.body) })
}
