package s3

import "context"

// A Tag is a label of an object or a bucket. An object has at most ten, whose
// keys are unique.
type Tag struct {
	Key   string // 1–128 characters, not beginning with "ibm:"
	Value string // at most 256 characters
}

// GetObjectTaggingRequest asks for the tags of an object.
type GetObjectTaggingRequest struct {
	Bucket    string `path:"bucket"`
	Key       string `path:"key"`
	VersionID string `query:"versionId"`
}

// GetObjectTaggingResponse has the tags, none if the object has none.
type GetObjectTaggingResponse struct {
	Tags      []Tag
	VersionID string `header:"x-amz-version-id"`
}

// GetObjectTagging reads the tags of an object.
func (c *Client) GetObjectTagging(ctx context.Context, r *GetObjectTaggingRequest) (*GetObjectTaggingResponse, error) {
	return call[GetObjectTaggingResponse](ctx, c, operation{name: "GetObjectTagging", method: "GET", query: "tagging"}, r)
}

// PutObjectTaggingRequest replaces the tags of an object.
type PutObjectTaggingRequest struct {
	Bucket    string `path:"bucket"`
	Key       string `path:"key"`
	VersionID string `query:"versionId"`
	Tags      []Tag
}

// PutObjectTaggingResponse says which version was tagged.
type PutObjectTaggingResponse struct {
	VersionID string `header:"x-amz-version-id"`
}

// PutObjectTagging replaces the tags of an object.
func (c *Client) PutObjectTagging(ctx context.Context, r *PutObjectTaggingRequest) (*PutObjectTaggingResponse, error) {
	return call[PutObjectTaggingResponse](ctx, c, operation{name: "PutObjectTagging", method: "PUT", query: "tagging", flags: integrity}, r)
}

// DeleteObjectTaggingRequest removes the tags of an object.
type DeleteObjectTaggingRequest struct {
	Bucket    string `path:"bucket"`
	Key       string `path:"key"`
	VersionID string `query:"versionId"`
}

// DeleteObjectTaggingResponse says which version has none any more.
type DeleteObjectTaggingResponse struct {
	VersionID string `header:"x-amz-version-id"`
}

// DeleteObjectTagging removes the tags of an object. That it has none is no error.
func (c *Client) DeleteObjectTagging(ctx context.Context, r *DeleteObjectTaggingRequest) (*DeleteObjectTaggingResponse, error) {
	return call[DeleteObjectTaggingResponse](ctx, c, operation{name: "DeleteObjectTagging", method: "DELETE", query: "tagging"}, r)
}

// GetBucketTaggingRequest asks for the tags of a bucket.
type GetBucketTaggingRequest struct {
	Bucket string `path:"bucket"`
}

// GetBucketTaggingResponse has the tags.
type GetBucketTaggingResponse struct {
	Tags []Tag
}

// GetBucketTagging reads the tags of a bucket. If it has none the error is
// fs.ErrNotExist, with the code NoSuchTagSet.
func (c *Client) GetBucketTagging(ctx context.Context, r *GetBucketTaggingRequest) (*GetBucketTaggingResponse, error) {
	return call[GetBucketTaggingResponse](ctx, c, operation{name: "GetBucketTagging", method: "GET", query: "tagging"}, r)
}

// PutBucketTaggingRequest replaces the tags of a bucket.
type PutBucketTaggingRequest struct {
	Bucket string `path:"bucket"`
	Tags   []Tag
}

// PutBucketTaggingResponse has nothing to say.
type PutBucketTaggingResponse struct{}

// PutBucketTagging replaces the tags of a bucket.
func (c *Client) PutBucketTagging(ctx context.Context, r *PutBucketTaggingRequest) (*PutBucketTaggingResponse, error) {
	return call[PutBucketTaggingResponse](ctx, c, operation{name: "PutBucketTagging", method: "PUT", query: "tagging", flags: integrity}, r)
}

// DeleteBucketTaggingRequest removes the tags of a bucket.
type DeleteBucketTaggingRequest struct {
	Bucket string `path:"bucket"`
}

// DeleteBucketTaggingResponse has nothing to say.
type DeleteBucketTaggingResponse struct{}

// DeleteBucketTagging removes the tags of a bucket. That it has none is no error.
func (c *Client) DeleteBucketTagging(ctx context.Context, r *DeleteBucketTaggingRequest) (*DeleteBucketTaggingResponse, error) {
	return call[DeleteBucketTaggingResponse](ctx, c, operation{name: "DeleteBucketTagging", method: "DELETE", query: "tagging"}, r)
}
