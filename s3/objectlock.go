package s3

import (
	"context"
	"time"
)

// Modes of object lock.
const (
	Governance = "GOVERNANCE" // those with a special right may shorten it and delete the object
	Compliance = "COMPLIANCE" // nobody may
)

// An ObjectLockConfiguration says whether versions of objects in a bucket can be
// locked, and how those are that do not say.
type ObjectLockConfiguration struct {
	Enabled bool
	Mode    string // Governance or Compliance; if empty, new objects are not locked
	Days    int    // for how long: Days or Years
	Years   int
}

// GetObjectLockConfigurationRequest asks how new objects of a bucket are locked.
type GetObjectLockConfigurationRequest struct {
	Bucket string `path:"bucket"`
}

// GetObjectLockConfigurationResponse says how new objects are locked.
type GetObjectLockConfigurationResponse struct {
	ObjectLockConfiguration
	ManagementState string `header:"x-ibm-protection-management-state"`
}

// GetObjectLockConfiguration reads how new objects of a bucket are locked. A bucket
// without object lock gives an error that is fs.ErrNotExist.
func (c *Client) GetObjectLockConfiguration(ctx context.Context, r *GetObjectLockConfigurationRequest) (*GetObjectLockConfigurationResponse, error) {
	return call[GetObjectLockConfigurationResponse](ctx, c, operation{name: "GetObjectLockConfiguration", method: "GET", query: "object-lock"}, r)
}

// PutObjectLockConfigurationRequest sets how new objects of a bucket are locked.
type PutObjectLockConfigurationRequest struct {
	Bucket        string                  `path:"bucket"`
	Configuration ObjectLockConfiguration // Enabled is always sent as true
}

// PutObjectLockConfigurationResponse has nothing to say.
type PutObjectLockConfigurationResponse struct{}

// PutObjectLockConfiguration enables object lock on a bucket with versioning, which cannot be
// undone, and sets how new objects are locked.
func (c *Client) PutObjectLockConfiguration(ctx context.Context, r *PutObjectLockConfigurationRequest) (*PutObjectLockConfigurationResponse, error) {
	return call[PutObjectLockConfigurationResponse](ctx, c, operation{name: "PutObjectLockConfiguration", method: "PUT", query: "object-lock", flags: integrity}, r)
}

// GetObjectRetentionRequest asks how a version of an object is locked.
type GetObjectRetentionRequest struct {
	Bucket    string `path:"bucket"`
	Key       string `path:"key"`
	VersionID string `query:"versionId"`
}

// GetObjectRetentionResponse says how a version is locked.
type GetObjectRetentionResponse struct {
	Mode            string // Governance or Compliance
	RetainUntilDate time.Time
}

// GetObjectRetention reads how a version of an object is locked. One that never was
// gives an error that is fs.ErrNotExist.
func (c *Client) GetObjectRetention(ctx context.Context, r *GetObjectRetentionRequest) (*GetObjectRetentionResponse, error) {
	return call[GetObjectRetentionResponse](ctx, c, operation{name: "GetObjectRetention", method: "GET", query: "retention"}, r)
}

// PutObjectRetentionRequest locks a version of an object.
type PutObjectRetentionRequest struct {
	Bucket    string `path:"bucket"`
	Key       string `path:"key"`
	VersionID string `query:"versionId"`

	Mode            string // Governance or Compliance; if empty, the lock is taken off
	RetainUntilDate time.Time

	// BypassGovernanceRetention shortens or takes off a lock in governance mode, which takes a special right.
	BypassGovernanceRetention bool `header:"x-amz-bypass-governance-retention"`
}

// PutObjectRetentionResponse has nothing to say.
type PutObjectRetentionResponse struct{}

// PutObjectRetention locks a version of an object until a date, or for longer than it is.
func (c *Client) PutObjectRetention(ctx context.Context, r *PutObjectRetentionRequest) (*PutObjectRetentionResponse, error) {
	return call[PutObjectRetentionResponse](ctx, c, operation{name: "PutObjectRetention", method: "PUT", query: "retention", flags: integrity}, r)
}

// GetObjectLegalHoldRequest asks whether a version of an object is held.
type GetObjectLegalHoldRequest struct {
	Bucket    string `path:"bucket"`
	Key       string `path:"key"`
	VersionID string `query:"versionId"`
}

// GetObjectLegalHoldResponse says whether a version is held.
type GetObjectLegalHoldResponse struct {
	Status string // "ON" or "OFF"
}

// GetObjectLegalHold reads whether a version of an object is held. One that never was gives
// an error that is fs.ErrNotExist. The holds of buckets with a retention policy are
// others: see ListLegalHolds.
func (c *Client) GetObjectLegalHold(ctx context.Context, r *GetObjectLegalHoldRequest) (*GetObjectLegalHoldResponse, error) {
	return call[GetObjectLegalHoldResponse](ctx, c, operation{name: "GetObjectLegalHold", method: "GET", query: "legal-hold"}, r)
}

// PutObjectLegalHoldRequest holds a version of an object, or lets it go.
type PutObjectLegalHoldRequest struct {
	Bucket    string `path:"bucket"`
	Key       string `path:"key"`
	VersionID string `query:"versionId"`
	Status    string // "ON" or "OFF"
}

// PutObjectLegalHoldResponse has nothing to say.
type PutObjectLegalHoldResponse struct{}

// PutObjectLegalHold holds a version of an object, which nobody can delete then, or
// lets it go.
func (c *Client) PutObjectLegalHold(ctx context.Context, r *PutObjectLegalHoldRequest) (*PutObjectLegalHoldResponse, error) {
	return call[PutObjectLegalHoldResponse](ctx, c, operation{name: "PutObjectLegalHold", method: "PUT", query: "legal-hold", flags: integrity}, r)
}
