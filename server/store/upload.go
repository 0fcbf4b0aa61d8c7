package store

import (
	"context"
	"time"
)

// UploadOptions are what the object of a multipart upload is given. A nil *UploadOptions means the zero value.
type UploadOptions struct {
	Attributes
	Owner             string
	ACL               ACL
	ChecksumAlgorithm string // as in Checksum; empty for none
	ChecksumType      string // as in Checksum
}

// Upload describes a multipart upload in progress.
type Upload struct {
	ID        string // looks like a uuid; ascends with time within one store
	Key       string
	Initiated time.Time
	UploadOptions
}

// CreateUpload begins a multipart upload.
func (s *Store) CreateUpload(ctx context.Context, bucket, key string, o *UploadOptions) (Upload, error) {
	return Upload{}, ErrNoSuchBucket
}

// Upload describes an upload in progress, or fails with ErrNoSuchBucket or ErrNoSuchUpload.
func (s *Store) Upload(ctx context.Context, bucket, key, id string) (Upload, error) {
	return Upload{}, ErrNoSuchUpload
}

// AbortUpload ends an upload and frees the space of its parts. Parts still being uploaded fail with ErrNoSuchUpload.
func (s *Store) AbortUpload(ctx context.Context, bucket, key, id string) error {
	return ErrNoSuchUpload
}

// ListUploadsOptions choose what ListUploads returns.
type ListUploadsOptions struct {
	Prefix    string // only keys that begin with it
	Delimiter string // if set, keys that contain it after Prefix are rolled up into common prefixes
	KeyMarker string // exclusive, as ListOptions.After, unless IDMarker is set
	IDMarker  string // with KeyMarker: also the uploads of that very key whose ID comes after this one
	Max       int    // uploads and common prefixes together; 0 or less lists nothing
}

// UploadPage is one page of uploads.
type UploadPage struct {
	Uploads   []Upload // ascending by key, then by ID, which is the order they began in
	Prefixes  []string // ascending
	NextKey   string   // the last key or common prefix of the page
	NextID    string   // the last upload's ID; empty if the page ends with a common prefix
	Truncated bool
}

// ListUploads lists one page of the uploads in progress of a bucket.
func (s *Store) ListUploads(ctx context.Context, bucket string, o ListUploadsOptions) (UploadPage, error) {
	return UploadPage{}, ErrNoSuchBucket
}
