package s3api

import (
	"net/http"

	"github.com/icos-go/icos/server/store"
)

// newReplication says whether a new object is to be copied to another bucket.
func (c *call) newReplication(string, []store.Tag) store.Replication { return store.Replication{} }

// replicate has a stored object copied, if that is pending. It does not wait.
func (c *call) replicate(*store.Object) {}

// setReplicationHeaders tells what became of the copy of an object.
func setReplicationHeaders(http.Header, *store.Object) {}

func (rs *routes) replication() {
	rs.missingAll(bucket, "replication", "BucketReplication", "GET PUT DELETE")
	rs.missing(bucket, "GET", "ibm-replication-failures", "ListBucketReplicationFailures")
	rs.missing(bucket, "PUT", "ibm-replication-reattempt", "PutBucketReplicationReattempt")
}
