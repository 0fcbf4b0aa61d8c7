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
	// Next. The other options must be as they were. It is of [Bucket.Pages] and
	// [Bucket.Objects] only.
	Token string
}

// ObjectInfo describes an object.
type ObjectInfo struct {
	Key     string
	Size    int64     // bytes
	ETag    string    // identifies the content, without quotes
	ModTime time.Time // when it was stored

	// StorageClass is ArchiveGlacier or ArchiveAccelerated if the object is
	// archived; else STANDARD in lists, and empty elsewhere.
	StorageClass string

	// Lists leave out all that follows.

	ContentType        string
	CacheControl       string
	ContentDisposition string
	ContentEncoding    string
	ContentLanguage    string
	Metadata           map[string]string // keys are in lower case
	VersionID          string            // "" in a bucket that never had versioning

	// Checksum is what the service keeps, or was sent, to check the whole object with,
	// if it says.
	Checksum s3.Checksum

	EncryptedBy EncryptedBy // who keeps its key; empty if it is not encrypted, or under a root key

	TagCount int  // how many tags it has; see [Object.Tags]
	Lock     Lock // what keeps this version

	// What keeps the object in a bucket with a retention policy.
	RetentionPeriod int64     // seconds, which may be more than a Duration holds, RetainIndefinitely or RetainPermanently
	RetainedUntil   time.Time // when the period ends; zero if there is none, or it does not end
	LegalHolds      int       // see [Object.Holds]

	Archive     Archive           // on the way to the archive and back
	Expires     time.Time         // when a lifecycle rule deletes it; zero for never
	ExpiryRule  string            // ID of that rule
	Replication ReplicationStatus // "" if no rule has it copied
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
	opts := valueOr(o)
	return func(yield func(ObjectInfo, error) bool) {
		for resp, err := range b.responses(ctx, &opts) {
			if err != nil {
				yield(ObjectInfo{}, err)
				return
			}
			for i := range resp.Contents {
				if !yield(listedInfo(&resp.Contents[i]), nil) {
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
		for resp, err := range b.responses(ctx, &opts) {
			if err != nil {
				yield(Page{}, err)
				return
			}
			if !yield(newPage(resp), nil) {
				return
			}
		}
	}
}

// responses lists the objects of the bucket as the service sends them. A response
// is good until the next one.
func (b *Bucket) responses(ctx context.Context, o *ListOptions) iter.Seq2[*s3.ListObjectsV2Response, error] {
	return func(yield func(*s3.ListObjectsV2Response, error) bool) {
		resp, token := new(s3.ListObjectsV2Response), o.Token
		for {
			if err := b.list(ctx, o, token, resp); err != nil {
				yield(nil, fmt.Errorf("list %s: %w", b.name, err))
				return
			}
			next := resp.NextContinuationToken
			if !yield(resp, nil) || next == "" {
				return
			}
			if next == token {
				yield(nil, fmt.Errorf("list %s: %w", b.name, errSameToken))
				return
			}
			token = next
		}
	}
}

// errToken refuses a token where it would be left out, and the list begin anew.
var errToken = errors.New("ListOptions.Token is of Objects and Pages only; use StartAfter")

// errSameToken stops a list that a broken server would make endless.
var errSameToken = errors.New("the service sent the same continuation token twice")

// list makes one request. It uses the memory of resp again: at a million keys,
// collecting the garbage of the pages would cost more than reading them.
func (b *Bucket) list(ctx context.Context, o *ListOptions, token string, resp *s3.ListObjectsV2Response) error {
	wire, err := b.wire(ctx)
	if err != nil {
		return err
	}
	err = wire.ListObjectsV2Into(ctx, &s3.ListObjectsV2Request{
		Bucket: b.name, Prefix: o.Prefix, Delimiter: o.Delimiter,
		StartAfter: o.StartAfter, MaxKeys: o.PageSize, ContinuationToken: token,
	}, resp)
	if err != nil {
		return b.explain(ctx, err)
	}
	switch {
	case !resp.IsTruncated:
		resp.NextContinuationToken = ""
	case resp.NextContinuationToken == "":
		return errors.New("the service says there is more but not how to go on")
	}
	return nil
}

func newPage(resp *s3.ListObjectsV2Response) Page {
	page := Page{
		Objects:  make([]ObjectInfo, len(resp.Contents)),
		Prefixes: resp.CommonPrefixes,
		Next:     resp.NextContinuationToken,
	}
	for i := range resp.Contents {
		page.Objects[i] = listedInfo(&resp.Contents[i])
	}
	return page
}

func listedInfo(o *s3.Object) ObjectInfo {
	return ObjectInfo{Key: o.Key, Size: o.Size, ETag: o.ETag, ModTime: o.LastModified, StorageClass: o.StorageClass}
}
