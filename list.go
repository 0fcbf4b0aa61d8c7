package icos

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/icos-go/icos/s3"
)

// ListOptions select what a list holds. The zero value selects everything.
type ListOptions struct {
	// Prefix limits the list to keys that begin with it.
	Prefix string

	// Delimiter, usually "/", rolls up the keys that have it after the prefix
	// into one entry of [Page].Prefixes.
	Delimiter string

	// StartAfter leaves out the keys up to and including this one, in byte order.
	StartAfter string

	// PageSize is the number of entries asked for in one request. If zero, the
	// service chooses 1,000, which is also its maximum.
	PageSize int

	// Token continues a list where an earlier [Page] ended: it is that page's
	// Next. The other options must be as they were. Only [Bucket.Pages] and
	// [Bucket.Objects] use it.
	Token string
}

// ObjectInfo describes an object.
type ObjectInfo struct {
	Key     string
	Size    int64     // bytes
	ETag    string    // identifies the content, without quotes
	ModTime time.Time // when it was stored

	// Lists leave out all that follows.

	ContentType        string
	CacheControl       string
	ContentDisposition string
	ContentEncoding    string
	ContentLanguage    string
	Metadata           map[string]string // keys are in lower case
	VersionID          string            // "" in a bucket that never had versioning
}

// A Page is the answer to one list request.
type Page struct {
	Objects  []ObjectInfo
	Prefixes []string // keys rolled up by the delimiter
	Next     string   // token of the next page; "" on the last
}

// Objects lists the objects of the bucket in byte order of their keys. With a
// Delimiter, objects that it rolls up are left out; see [Bucket.Pages].
//
// The iterator makes one request for each page, as the loop gets there. An
// error comes last.
func (b *Bucket) Objects(ctx context.Context, o *ListOptions) iter.Seq2[ObjectInfo, error] {
	return func(yield func(ObjectInfo, error) bool) {
		for page, err := range b.Pages(ctx, o) {
			if err != nil {
				yield(ObjectInfo{}, err)
				return
			}
			for _, info := range page.Objects {
				if !yield(info, nil) {
					return
				}
			}
		}
	}
}

// Pages lists the objects of the bucket in pages, each the answer to one
// request. An empty bucket has one empty page. An error comes last.
func (b *Bucket) Pages(ctx context.Context, o *ListOptions) iter.Seq2[Page, error] {
	opts := valueOr(o)
	return func(yield func(Page, error) bool) {
		token := opts.Token
		for {
			page, err := b.page(ctx, &opts, token)
			if err != nil {
				yield(Page{}, fmt.Errorf("list %s: %w", b.name, err))
				return
			}
			if !yield(page, nil) || page.Next == "" {
				return
			}
			if page.Next == token {
				yield(Page{}, fmt.Errorf("list %s: %w", b.name, errSameToken))
				return
			}
			token = page.Next
		}
	}
}

// errSameToken stops a list that a broken server would make endless.
var errSameToken = errors.New("the service sent the same continuation token twice")

func (b *Bucket) page(ctx context.Context, o *ListOptions, token string) (Page, error) {
	wire, err := b.wire(ctx)
	if err != nil {
		return Page{}, err
	}
	resp, err := wire.ListObjectsV2(ctx, &s3.ListObjectsV2Request{
		Bucket: b.name, Prefix: o.Prefix, Delimiter: o.Delimiter,
		StartAfter: o.StartAfter, MaxKeys: o.PageSize, ContinuationToken: token,
	})
	if err != nil {
		return Page{}, b.explain(ctx, err)
	}
	page := Page{Objects: make([]ObjectInfo, len(resp.Contents)), Prefixes: resp.CommonPrefixes}
	for i := range resp.Contents {
		c := &resp.Contents[i]
		page.Objects[i] = ObjectInfo{Key: c.Key, Size: c.Size, ETag: c.ETag, ModTime: c.LastModified}
	}
	if resp.IsTruncated {
		if page.Next = resp.NextContinuationToken; page.Next == "" {
			return Page{}, errors.New("the service says there is more but gave no continuation token")
		}
	}
	return page, nil
}

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
			Key: v.Key, Size: v.Size, ETag: v.ETag, ModTime: v.LastModified, VersionID: v.VersionID,
		},
		Latest:  v.IsLatest,
		Deleted: v.IsDeleteMarker,
	}
}

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

// valueOr returns what o points to, or the zero value. Options are copied so
// that an iterator is not changed by what its maker does afterwards.
func valueOr[T any](o *T) T {
	if o == nil {
		var zero T
		return zero
	}
	return *o
}
