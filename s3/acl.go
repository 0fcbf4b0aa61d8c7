package s3

import "context"

// GetBucketACLRequest asks who may do what with a bucket.
type GetBucketACLRequest struct {
	Bucket string `path:"bucket"`
}

// GetBucketACLResponse is the owner and the grants.
type GetBucketACLResponse struct {
	Owner  Owner
	Grants []Grant
}

// GetBucketACL reads the access control list of a bucket.
func (c *Client) GetBucketACL(ctx context.Context, r *GetBucketACLRequest) (*GetBucketACLResponse, error) {
	return call[GetBucketACLResponse](ctx, c, operation{name: "GetBucketACL", method: "GET", query: "acl"}, r)
}

// PutBucketACLRequest replaces an access control list: by one of the
// ready-made ones in ACL, or by Owner and Grants.
type PutBucketACLRequest struct {
	Bucket string `path:"bucket"`
	ACL    string `header:"x-amz-acl"` // "private" or "public-read"; if set, Owner and Grants are not sent
	Owner  Owner
	Grants []Grant
	// Each of these gives a permission: grantees as id="…" or uri="…", separated by commas. They take the place of ACL and Grants.
	GrantFullControl string `header:"x-amz-grant-full-control"`
	GrantRead        string `header:"x-amz-grant-read"`
	GrantWrite       string `header:"x-amz-grant-write"`
	GrantReadACP     string `header:"x-amz-grant-read-acp"`
	GrantWriteACP    string `header:"x-amz-grant-write-acp"`
}

// PutBucketACLResponse has nothing to say.
type PutBucketACLResponse struct{}

// PutBucketACL replaces the access control list of a bucket.
func (c *Client) PutBucketACL(ctx context.Context, r *PutBucketACLRequest) (*PutBucketACLResponse, error) {
	return call[PutBucketACLResponse](ctx, c, operation{name: "PutBucketACL", method: "PUT", query: "acl", flags: integrity}, r)
}

// GetObjectACLRequest asks who may do what with an object.
type GetObjectACLRequest struct {
	Bucket    string `path:"bucket"`
	Key       string `path:"key"`
	VersionID string `query:"versionId"`
}

// GetObjectACLResponse is the owner and the grants.
type GetObjectACLResponse struct {
	Owner     Owner
	Grants    []Grant
	VersionID string `header:"x-amz-version-id"`
}

// GetObjectACL reads the access control list of an object.
func (c *Client) GetObjectACL(ctx context.Context, r *GetObjectACLRequest) (*GetObjectACLResponse, error) {
	return call[GetObjectACLResponse](ctx, c, operation{name: "GetObjectACL", method: "GET", query: "acl"}, r)
}

// PutObjectACLRequest replaces an access control list: by one of the
// ready-made ones in ACL, or by Owner and Grants. COS itself accepts ACL only.
type PutObjectACLRequest struct {
	Bucket    string `path:"bucket"`
	Key       string `path:"key"`
	VersionID string `query:"versionId"`
	ACL       string `header:"x-amz-acl"` // "private" or "public-read"; if set, Owner and Grants are not sent
	Owner     Owner
	Grants    []Grant
	// Each of these gives a permission: grantees as id="…" or uri="…", separated by commas. They take the place of ACL and Grants.
	GrantFullControl string `header:"x-amz-grant-full-control"`
	GrantRead        string `header:"x-amz-grant-read"`
	GrantWrite       string `header:"x-amz-grant-write"`
	GrantReadACP     string `header:"x-amz-grant-read-acp"`
	GrantWriteACP    string `header:"x-amz-grant-write-acp"`
}

// PutObjectACLResponse has nothing to say.
type PutObjectACLResponse struct{}

// PutObjectACL replaces the access control list of an object.
func (c *Client) PutObjectACL(ctx context.Context, r *PutObjectACLRequest) (*PutObjectACLResponse, error) {
	return call[PutObjectACLResponse](ctx, c, operation{name: "PutObjectACL", method: "PUT", query: "acl", flags: integrity}, r)
}
