package s3

import (
	"context"
	"fmt"
)

// A VersioningStatus says what becomes of an object of a bucket that is
// overwritten or deleted.
type VersioningStatus string

// The states of versioning. It cannot be taken back, only suspended.
const (
	VersioningNever     VersioningStatus = ""          // it never was enabled: what is overwritten or deleted is gone
	VersioningEnabled   VersioningStatus = "Enabled"   // every write makes a new version, a deletion a delete marker
	VersioningSuspended VersioningStatus = "Suspended" // versions stay, but new ones replace each other
)

// NullVersion is the VersionID of objects stored while their bucket did not have versioning enabled.
const NullVersion = "null"

// GetBucketVersioningRequest asks whether a bucket keeps versions.
type GetBucketVersioningRequest struct {
	Bucket string `path:"bucket"`
}

// GetBucketVersioningResponse says whether a bucket keeps versions.
type GetBucketVersioningResponse struct {
	Status VersioningStatus
}

// GetBucketVersioning asks whether a bucket keeps versions of its objects.
func (c *Client) GetBucketVersioning(ctx context.Context, r *GetBucketVersioningRequest) (*GetBucketVersioningResponse, error) {
	return call[GetBucketVersioningResponse](ctx, c, operation{name: "GetBucketVersioning", method: "GET", query: "versioning"}, r)
}

// PutBucketVersioningRequest has a bucket keep versions, or no longer.
type PutBucketVersioningRequest struct {
	Bucket string           `path:"bucket"`
	Status VersioningStatus // VersioningEnabled or VersioningSuspended
}

// PutBucketVersioningResponse has nothing to say.
type PutBucketVersioningResponse struct{}

// PutBucketVersioning has a bucket keep versions of its objects, or no longer. It
// is refused, as InvalidBucketState, for a bucket with a retention policy, and
// suspending it for one with object lock or a replication configuration.
func (c *Client) PutBucketVersioning(ctx context.Context, r *PutBucketVersioningRequest) (*PutBucketVersioningResponse, error) {
	return call[PutBucketVersioningResponse](ctx, c, operation{name: "PutBucketVersioning", method: "PUT", query: "versioning", flags: integrity}, r)
}

func (r *PutBucketVersioningRequest) document() ([]byte, error) {
	if r.Status != VersioningEnabled && r.Status != VersioningSuspended {
		return nil, fmt.Errorf("versioning status %q: it is %s or %s", r.Status, VersioningEnabled, VersioningSuspended)
	}
	var w xmlWriter
	w.root("VersioningConfiguration")
	w.text("Status", string(r.Status))
	w.end("VersioningConfiguration")
	return w.b, nil
}

func (r *GetBucketVersioningResponse) parse(s *scanner) error {
	if err := s.root("VersioningConfiguration"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		if string(s.name()) == "Status" {
			r.Status = VersioningStatus(s.str())
		}
	}
	return s.err
}
