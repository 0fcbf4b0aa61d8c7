package icos

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/icos-go/icos/s3"
)

// UploadInfo describes a multipart upload that was begun and is neither
// complete nor aborted. Its parts take up space that is paid for.
type UploadInfo struct {
	Key     string
	ID      string
	Created time.Time
}

// Uploads lists the multipart uploads in progress in the bucket, in byte order
// of their keys. [Object.Upload] is the handle of one. An error comes last.
func (b *Bucket) Uploads(ctx context.Context, o *ListOptions) iter.Seq2[UploadInfo, error] {
	opts := valueOr(o)
	return func(yield func(UploadInfo, error) bool) {
		for u, err := range b.uploads(ctx, &opts) {
			if err != nil {
				err = fmt.Errorf("list uploads in %s: %w", b.name, err)
			}
			if !yield(u, err) {
				return
			}
		}
	}
}

func (b *Bucket) uploads(ctx context.Context, o *ListOptions) iter.Seq2[UploadInfo, error] {
	return func(yield func(UploadInfo, error) bool) {
		if o.Token != "" {
			yield(UploadInfo{}, errToken)
			return
		}
		wire, err := b.wire(ctx)
		if err != nil {
			yield(UploadInfo{}, err)
			return
		}
		r := &s3.ListMultipartUploadsRequest{
			Bucket: b.name, Prefix: o.Prefix, Delimiter: o.Delimiter,
			KeyMarker: o.StartAfter, MaxUploads: o.PageSize,
		}
		for {
			resp, err := wire.ListMultipartUploads(ctx, r)
			if err != nil {
				yield(UploadInfo{}, b.explain(ctx, err))
				return
			}
			for _, u := range resp.Uploads {
				if !yield(UploadInfo{Key: u.Key, ID: u.UploadID, Created: u.Initiated}, nil) {
					return
				}
			}
			if !resp.IsTruncated {
				return
			}
			if resp.NextKeyMarker == r.KeyMarker && resp.NextUploadIDMarker == r.UploadIDMarker {
				yield(UploadInfo{}, errSameToken)
				return
			}
			r.KeyMarker, r.UploadIDMarker = resp.NextKeyMarker, resp.NextUploadIDMarker
		}
	}
}
