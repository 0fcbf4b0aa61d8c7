package s3

import (
	"context"
	"time"
)

// A LifecycleRule says what becomes of objects as they grow old. It has at least
// one action.
type LifecycleRule struct {
	ID       string // unique in the bucket; letters, digits and !_.*'()-; if empty, the service makes one
	Disabled bool
	Filter   LifecycleFilter

	Transition           *LifecycleTransition // at most one in a bucket, with an empty Filter
	Expiration           *LifecycleExpiration
	NoncurrentExpiration *NoncurrentVersionExpiration

	// AbortDays is how many days a multipart upload may take, at least 1; 0 for
	// as long as it likes.
	AbortDays int
}

// A LifecycleFilter chooses objects: those that meet all its conditions. The zero
// value chooses all.
type LifecycleFilter struct {
	Prefix      string
	Tags        []Tag
	LargerThan  *int64 // bytes; nil for any size
	SmallerThan *int64 // bytes; nil for any size
}

// A LifecycleTransition moves objects to an archive. It concerns objects that are
// written after it was set.
type LifecycleTransition struct {
	Days         int       // after the object was written; 0 is at once. Not used with Date
	Date         time.Time // for all objects; in the future
	StorageClass string    // GLACIER or ACCELERATED
}

// A LifecycleExpiration deletes objects, or, in a bucket with versioning, hides
// them with delete markers. It has one of its fields.
type LifecycleExpiration struct {
	Days                      int       // after the object was written, rounded up to midnight UTC
	Date                      time.Time // for all objects
	ExpiredObjectDeleteMarker bool      // remove delete markers that hide nothing any more
}

// A NoncurrentVersionExpiration removes versions that newer ones took the place of.
type NoncurrentVersionExpiration struct {
	Days int // since the newer version was written, rounded up to midnight UTC
	Keep int // the newest so many are kept; at most 100
}

// GetBucketLifecycleRequest asks for the lifecycle rules.
type GetBucketLifecycleRequest struct {
	Bucket string `path:"bucket"`
}

// GetBucketLifecycleResponse is the rules.
type GetBucketLifecycleResponse struct {
	Rules []LifecycleRule
}

// GetBucketLifecycle reads the lifecycle rules (GetBucketLifecycleConfiguration).
// A bucket without any gives an error that is fs.ErrNotExist.
func (c *Client) GetBucketLifecycle(ctx context.Context, r *GetBucketLifecycleRequest) (*GetBucketLifecycleResponse, error) {
	return call[GetBucketLifecycleResponse](ctx, c, operation{name: "GetBucketLifecycle", method: "GET", query: "lifecycle"}, r)
}

// PutBucketLifecycleRequest replaces the lifecycle rules.
type PutBucketLifecycleRequest struct {
	Bucket string          `path:"bucket"`
	Rules  []LifecycleRule // 1–1000
}

// PutBucketLifecycleResponse has nothing to say.
type PutBucketLifecycleResponse struct{}

// PutBucketLifecycle replaces the lifecycle rules (PutBucketLifecycleConfiguration).
func (c *Client) PutBucketLifecycle(ctx context.Context, r *PutBucketLifecycleRequest) (*PutBucketLifecycleResponse, error) {
	return call[PutBucketLifecycleResponse](ctx, c, operation{name: "PutBucketLifecycle", method: "PUT", query: "lifecycle", flags: integrity}, r)
}

// DeleteBucketLifecycleRequest removes the lifecycle rules.
type DeleteBucketLifecycleRequest struct {
	Bucket string `path:"bucket"`
}

// DeleteBucketLifecycleResponse has nothing to say.
type DeleteBucketLifecycleResponse struct{}

// DeleteBucketLifecycle removes the lifecycle rules. A bucket without any gives
// an error that is fs.ErrNotExist.
func (c *Client) DeleteBucketLifecycle(ctx context.Context, r *DeleteBucketLifecycleRequest) (*DeleteBucketLifecycleResponse, error) {
	return call[DeleteBucketLifecycleResponse](ctx, c, operation{name: "DeleteBucketLifecycle", method: "DELETE", query: "lifecycle", flags: goneIsDone}, r)
}

// RestoreObjectRequest asks for a copy of an archived object that can be read.
type RestoreObjectRequest struct {
	Bucket    string `path:"bucket"`
	Key       string `path:"key"`
	VersionID string `query:"versionId"`
	Days      int    // how long the copy can be read, at least 1
	Tier      string // Bulk for GLACIER, Accelerated for ACCELERATED; if empty, that of the archive
}

// RestoreObjectResponse says how far it is.
type RestoreObjectResponse struct {
	// StatusCode is 202 if the copy was asked for, and 200 if there is one
	// already, which can now be read for so many days from now.
	StatusCode int
	VersionID  string `header:"x-amz-version-id"`
}

// RestoreObject asks for a copy of an archived object that can be read for some
// days. It takes hours; HeadObject tells when it is done. Asking while one is
// made is refused with RestoreAlreadyInProgress.
func (c *Client) RestoreObject(ctx context.Context, r *RestoreObjectRequest) (*RestoreObjectResponse, error) {
	return call[RestoreObjectResponse](ctx, c, operation{name: "RestoreObject", method: "POST", query: "restore", flags: integrity}, r)
}

func (r *RestoreObjectResponse) status(code int) { r.StatusCode = code }
