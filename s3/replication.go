package s3

import (
	"context"
	"time"
)

// A ReplicationRule has new objects of a bucket copied to another one. Both
// buckets need versioning.
type ReplicationRule struct {
	ID       string // unique in the bucket; letters, digits and !_.*'()-; if empty, the service makes one
	Disabled bool
	Priority int               // of rules with the same destination, the highest decides
	Filter   ReplicationFilter // which objects
	Bucket   string            // CRN of the destination

	// DeleteMarkers has delete markers copied, too. Removing a version never is.
	DeleteMarkers bool
}

// A ReplicationFilter chooses objects: those that meet all its conditions. The
// zero value chooses all.
type ReplicationFilter struct {
	Prefix string
	Tags   []Tag
}

// GetBucketReplicationRequest asks for the replication rules.
type GetBucketReplicationRequest struct {
	Bucket string `path:"bucket"`
}

// GetBucketReplicationResponse is the rules.
type GetBucketReplicationResponse struct {
	Rules []ReplicationRule
}

// GetBucketReplication reads the replication rules. A bucket without any gives
// an error that is fs.ErrNotExist.
func (c *Client) GetBucketReplication(ctx context.Context, r *GetBucketReplicationRequest) (*GetBucketReplicationResponse, error) {
	return call[GetBucketReplicationResponse](ctx, c, operation{name: "GetBucketReplication", method: "GET", query: "replication"}, r)
}

// PutBucketReplicationRequest replaces the replication rules.
type PutBucketReplicationRequest struct {
	Bucket string            `path:"bucket"`
	Rules  []ReplicationRule // 1–1000
}

// PutBucketReplicationResponse has nothing to say.
type PutBucketReplicationResponse struct{}

// PutBucketReplication replaces the replication rules. They concern what is
// written from then on.
func (c *Client) PutBucketReplication(ctx context.Context, r *PutBucketReplicationRequest) (*PutBucketReplicationResponse, error) {
	return call[PutBucketReplicationResponse](ctx, c, operation{name: "PutBucketReplication", method: "PUT", query: "replication", flags: integrity}, r)
}

// DeleteBucketReplicationRequest removes the replication rules.
type DeleteBucketReplicationRequest struct {
	Bucket string `path:"bucket"`
}

// DeleteBucketReplicationResponse has nothing to say.
type DeleteBucketReplicationResponse struct{}

// DeleteBucketReplication removes the replication rules. What was copied stays.
func (c *Client) DeleteBucketReplication(ctx context.Context, r *DeleteBucketReplicationRequest) (*DeleteBucketReplicationResponse, error) {
	return call[DeleteBucketReplicationResponse](ctx, c, operation{name: "DeleteBucketReplication", method: "DELETE", query: "replication"}, r)
}

// ListBucketReplicationFailuresRequest lists what could not be replicated.
type ListBucketReplicationFailuresRequest struct {
	Bucket            string `path:"bucket"`
	ContinuationToken string `query:"continuation-token"` // NextContinuationToken of the page before
	MaxKeys           int    `query:"max-keys"`           // 1–1000; if zero, 1000

	// FirstSyncAttemptedBefore leaves out what was first tried later, in
	// milliseconds since 1970; 0 leaves out nothing.
	FirstSyncAttemptedBefore int64 `query:"first-sync-attempted-before"`
}

// ListBucketReplicationFailuresResponse is one page, what was tried last first.
type ListBucketReplicationFailuresResponse struct {
	Name                     string
	FirstSyncAttemptedBefore int64
	ContinuationToken        string
	NextContinuationToken    string // empty on the last page
	KeyCount                 int
	MaxKeys                  int
	IsTruncated              bool
	Failures                 []ReplicationFailure
}

// A ReplicationFailure is a version that could not be replicated.
type ReplicationFailure struct {
	Key            string
	VersionID      string
	SyncType       string // content, metadata or delete
	FirstAttempted time.Time
	LastAttempted  time.Time
	Cause          string // may be empty
}

// ListBucketReplicationFailures lists one page of what could not be replicated.
// It is an operation of IBM Cloud Object Storage that other S3 stores do not have.
func (c *Client) ListBucketReplicationFailures(ctx context.Context, r *ListBucketReplicationFailuresRequest) (*ListBucketReplicationFailuresResponse, error) {
	return call[ListBucketReplicationFailuresResponse](ctx, c, operation{
		name: "ListBucketReplicationFailures", method: "GET", query: "ibm-replication-failures&encoding-type=url",
	}, r)
}

// PutBucketReplicationReattemptRequest has everything tried again that could not
// be replicated.
type PutBucketReplicationReattemptRequest struct {
	Bucket string `path:"bucket"`
}

// PutBucketReplicationReattemptResponse has nothing to say.
type PutBucketReplicationReattemptResponse struct{}

// PutBucketReplicationReattempt has everything tried again that could not be
// replicated. It does not wait. It is an operation of IBM Cloud Object Storage
// that other S3 stores do not have.
func (c *Client) PutBucketReplicationReattempt(ctx context.Context, r *PutBucketReplicationReattemptRequest) (*PutBucketReplicationReattemptResponse, error) {
	return call[PutBucketReplicationReattemptResponse](ctx, c, operation{
		name: "PutBucketReplicationReattempt", method: "PUT", query: "ibm-replication-reattempt",
	}, r)
}
