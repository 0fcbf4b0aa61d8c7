package icos

import (
	"context"
	"fmt"
	"iter"

	"github.com/icos-go/icos/s3"
)

// VersionInfo describes one version of an object, or the mark of its deletion.
type VersionInfo struct {
	ObjectInfo
	Latest  bool
	Deleted bool // a delete marker: it has no bytes
}

// Versions lists the versions of the objects of the bucket: keys in byte order,
// the newest version of each key first. A bucket without versioning has one
// version of each object, whose VersionID is "null". An error comes last.
func (b *Bucket) Versions(ctx context.Context, o *ListOptions) iter.Seq2[VersionInfo, error] {
	opts := valueOr(o)
	return func(yield func(VersionInfo, error) bool) {
		for v, err := range b.versions(ctx, &opts) {
			if err != nil {
				err = fmt.Errorf("list versions in %s: %w", b.name, err)
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

func (b *Bucket) versions(ctx context.Context, o *ListOptions) iter.Seq2[VersionInfo, error] {
	return func(yield func(VersionInfo, error) bool) {
		if o.Token != "" {
			yield(VersionInfo{}, errToken)
			return
		}
		wire, err := b.wire(ctx)
		if err != nil {
			yield(VersionInfo{}, err)
			return
		}
		r := &s3.ListObjectVersionsRequest{
			Bucket: b.name, Prefix: o.Prefix, Delimiter: o.Delimiter,
			KeyMarker: o.StartAfter, MaxKeys: o.PageSize,
		}
		for {
			resp, err := wire.ListObjectVersions(ctx, r)
			if err != nil {
				yield(VersionInfo{}, b.explain(ctx, err))
				return
			}
			for i := range resp.Versions {
				if !yield(newVersionInfo(&resp.Versions[i]), nil) {
					return
				}
			}
			if !resp.IsTruncated {
				return
			}
			if resp.NextKeyMarker == r.KeyMarker && resp.NextVersionIDMarker == r.VersionIDMarker {
				yield(VersionInfo{}, errSameToken)
				return
			}
			r.KeyMarker, r.VersionIDMarker = resp.NextKeyMarker, resp.NextVersionIDMarker
		}
	}
}

func newVersionInfo(v *s3.ObjectVersion) VersionInfo {
	return VersionInfo{
		ObjectInfo: ObjectInfo{
			Key: v.Key, Size: v.Size, ETag: v.ETag, ModTime: v.LastModified, VersionID: v.VersionID, StorageClass: v.StorageClass,
		},
		Latest:  v.IsLatest,
		Deleted: v.IsDeleteMarker,
	}
}
