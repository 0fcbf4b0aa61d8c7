package s3

import "context"

// An ObjectID names an object, and a version of it when VersionID is set.
type ObjectID struct {
	Key       string
	VersionID string
}

// DeleteObjectsRequest removes up to 1000 objects.
type DeleteObjectsRequest struct {
	Bucket  string `path:"bucket"`
	Quiet   bool   // report failures only
	Objects []ObjectID

	// BypassGovernanceRetention removes versions that are locked in governance mode, too, which takes a special right.
	BypassGovernanceRetention bool `header:"x-amz-bypass-governance-retention"`
}

// DeleteObjectsResponse says what became of each object. The order is the service's.
type DeleteObjectsResponse struct {
	Deleted []DeletedObject // empty if Quiet
	Errors  []DeleteError
}

// A DeletedObject is one that is gone. It need not have existed.
type DeletedObject struct {
	Key                   string
	VersionID             string
	DeleteMarker          bool
	DeleteMarkerVersionID string
}

// A DeleteError is one object that is still there, and why.
type DeleteError struct {
	Key       string
	VersionID string
	Code      string
	Message   string
}

// DeleteObjects removes up to 1000 objects in one request. The error is nil when
// the request was carried out, even if no object could be removed: look at Errors.
func (c *Client) DeleteObjects(ctx context.Context, r *DeleteObjectsRequest) (*DeleteObjectsResponse, error) {
	return call[DeleteObjectsResponse](ctx, c, operation{name: "DeleteObjects", method: "POST", query: "delete", flags: integrity | idempotent}, r)
}
