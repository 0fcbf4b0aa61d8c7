package icos

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/icos-go/icos/s3"
)

// Copying what is written to another bucket.
type (
	// A ReplicationRule has new objects of a bucket copied to another one.
	ReplicationRule = s3.ReplicationRule
	// A ReplicationFilter chooses the objects that a rule is about.
	ReplicationFilter = s3.ReplicationFilter
	// A ReplicationFailure is a version that could not be copied.
	ReplicationFailure = s3.ReplicationFailure
)

// A ReplicationStatus says what became of the copies of an object.
type ReplicationStatus string

// The states of an object that rules have copied.
const (
	ReplicationPending   ReplicationStatus = "PENDING"   // still to be copied
	ReplicationCompleted ReplicationStatus = "COMPLETED" // copied
	ReplicationFailed    ReplicationStatus = "FAILED"    // it is tried again; see [Bucket.ReplicationFailures]
	ReplicationReplica   ReplicationStatus = "REPLICA"   // it is a copy itself
)

// newReplicationStatus reads the header, of which the SDKs know another spelling.
func newReplicationStatus(header string) ReplicationStatus {
	if header == "COMPLETE" {
		return ReplicationCompleted
	}
	return ReplicationStatus(header)
}

// CRN returns the Cloud Resource Name of the bucket, by which replication rules
// name it. It takes a CRN as Config.InstanceID, that of the instance that the bucket is in.
func (b *Bucket) CRN() (string, error) {
	instance := b.client.cfg.InstanceID
	rest, ok := strings.CutSuffix(instance, "::")
	if !ok || !strings.HasPrefix(instance, "crn:") {
		return "", fmt.Errorf("CRN of bucket %s: Config.InstanceID must be the CRN of the service instance", b.name)
	}
	return rest + ":bucket:" + b.name, nil
}

// Replication returns the replication rules, none if the bucket has none.
func (b *Bucket) Replication(ctx context.Context) ([]ReplicationRule, error) {
	resp, err := call(ctx, b, "get replication rules", (*s3.Client).GetBucketReplication, &s3.GetBucketReplicationRequest{Bucket: b.name})
	if hasCode(err, "ReplicationConfigurationNotFoundError") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return resp.Rules, nil
}

// SetReplication replaces the replication rules. They concern what is written
// from now on. Both buckets need versioning. An empty list is refused; use
// [Bucket.DeleteReplication].
func (b *Bucket) SetReplication(ctx context.Context, rules []ReplicationRule) error {
	_, err := call(ctx, b, "set replication rules", (*s3.Client).PutBucketReplication, &s3.PutBucketReplicationRequest{Bucket: b.name, Rules: rules})
	return err
}

// DeleteReplication removes the replication rules. What was copied stays.
func (b *Bucket) DeleteReplication(ctx context.Context) error {
	_, err := call(ctx, b, "delete replication rules", (*s3.Client).DeleteBucketReplication, &s3.DeleteBucketReplicationRequest{Bucket: b.name})
	return err
}

// ReplicationFailures lists the versions that could not be copied, those tried
// last first. An error comes last.
func (b *Bucket) ReplicationFailures(ctx context.Context) iter.Seq2[ReplicationFailure, error] {
	return func(yield func(ReplicationFailure, error) bool) {
		fail := func(err error) { yield(ReplicationFailure{}, fmt.Errorf("list replication failures: %w", err)) }
		wire, err := b.wire(ctx)
		if err != nil {
			fail(err)
			return
		}
		r := &s3.ListBucketReplicationFailuresRequest{Bucket: b.name}
		for {
			resp, err := wire.ListBucketReplicationFailures(ctx, r)
			if err != nil {
				fail(b.explain(ctx, err))
				return
			}
			for _, f := range resp.Failures {
				if !yield(f, nil) {
					return
				}
			}
			switch next := resp.NextContinuationToken; {
			case !resp.IsTruncated || next == "":
				return
			case next == r.ContinuationToken:
				fail(errSameToken)
				return
			default:
				r.ContinuationToken = next
			}
		}
	}
}

// RetryReplication has all that could not be copied tried again. It does not wait.
func (b *Bucket) RetryReplication(ctx context.Context) error {
	_, err := call(ctx, b, "retry replication", (*s3.Client).PutBucketReplicationReattempt, &s3.PutBucketReplicationReattemptRequest{Bucket: b.name})
	return err
}
