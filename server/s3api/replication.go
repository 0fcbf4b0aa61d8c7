package s3api

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/kms"
	"github.com/icos-go/icos/server/replication"
	"github.com/icos-go/icos/server/store"
)

const (
	maxReplicationRules = 1000
	maxReplicationBody  = 4 << 20 // bytes: a thousand rules with a long prefix and some tags

	codeNoSuchReplication  code = "ReplicationConfigurationNotFoundError"
	codeInvalidBucketState code = "InvalidBucketState"
)

func (rs *routes) replication() {
	rs.add(bucket, "GET", "replication", "GetBucketReplication", needOwner, (*call).getReplication)
	rs.add(bucket, "PUT", "replication", "PutBucketReplication", needOwner, (*call).putReplication)
	rs.add(bucket, "DELETE", "replication", "DeleteBucketReplication", needOwner, (*call).deleteReplication)
	rs.add(bucket, "GET", "ibm-replication-failures", "ListBucketReplicationFailures", needOwner, (*call).listReplicationFailures)
	rs.add(bucket, "PUT", "ibm-replication-reattempt", "PutBucketReplicationReattempt", needOwner, (*call).reattemptReplication)
}

// stamp gives an object that is about to be stored, or a delete marker, what follows from its date and tags: when it is archived, and
// whether it is to be copied to other buckets. It is called under the key's lock, and stored afterwards.
func (c *call) stamp(o *store.Object) {
	if c.info.Documents["lifecycle"] != nil && !o.DeleteMarker {
		o.Archive = c.rules().Archives(o.Modified)
	}
	c.pend(o)
}

// stored tells when a new object expires, and has it copied to other buckets if that is pending. It does not wait.
func (c *call) stored(o *store.Object) {
	c.setExpirationHeader(c.w.Header(), o)
	c.replicator.Add(c.bucket, o)
}

// restamp has the copies of an object brought up to date, of which tags or other attributes are about to change. It is called under
// the key's lock, and stored afterwards. What was stored before there were rules has no copies.
func (c *call) restamp(o *store.Object) {
	if o.Replication.Status != "" {
		c.pend(o)
	}
}

// pend gives an object the status that has it copied to other buckets, if rules say so. A replica is never copied on.
func (c *call) pend(o *store.Object) {
	document := c.info.Documents["replication"]
	if document == nil || o.Replication.Status == replication.Replica {
		return
	}
	rules, err := c.replications.of(c.bucket, document, replication.Parse)
	if err != nil {
		c.log.Error("replication", "bucket", c.bucket, "err", err) // it was checked before it was stored
		return
	}
	if len(rules.Destinations(o)) > 0 {
		o.Replication = store.Replication{Status: replication.Pending}
	}
}

// setReplicationHeaders tells what became of the copies of an object.
func setReplicationHeaders(h http.Header, o *store.Object) {
	if s := o.Replication.Status; s != "" {
		h["X-Amz-Replication-Status"] = []string{s}
	}
}

func (c *call) getReplication() error {
	if c.info.Documents["replication"] == nil {
		return noReplication()
	}
	return c.getConfiguration("replication", codeNoSuchReplication)
}

func noReplication() error {
	return &apiError{code: codeNoSuchReplication, status: http.StatusNotFound, message: "The replication configuration was not found"}
}

func (c *call) putReplication() error {
	if err := c.needDigest(); err != nil {
		return err
	}
	top, err := c.document(maxReplicationBody, "ReplicationConfiguration")
	if err != nil {
		return err
	}
	rules, err := parseReplication(top)
	if err != nil {
		return err
	}
	for i := range rules {
		if err := c.checkDestination(rules[i].Destination); err != nil {
			return err
		}
	}
	x := newXML()
	x.replication(rules)
	return c.setConfiguration("replication", x.take(), http.StatusOK, func(b *store.Bucket) error {
		switch {
		case b.Versioning != store.VersioningEnabled:
			return invalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration")
		case b.ObjectLock.Enabled || b.Protection.Enabled:
			return &apiError{
				code: codeInvalidBucketState, status: http.StatusConflict,
				message: "Replication cannot be enabled on a bucket with object lock or a retention policy",
			}
		}
		return nil
	})
}

// checkDestination checks that a CRN names another bucket, which the caller may write to and which has versioning enabled. That is
// looked at again when something is copied.
func (c *call) checkDestination(crn string) error {
	name, instance, ok := replication.Bucket(crn)
	if !ok {
		return invalidArgument("The Destination must be the CRN of a bucket: " + crn)
	}
	if name == c.bucket {
		return invalidRequest("Destination bucket cannot be the same as the source bucket.")
	}
	b, err := c.store.Bucket(c.r.Context(), name)
	switch {
	case errors.Is(err, store.ErrNoSuchBucket) || err == nil && b.Instance != instance:
		return invalidRequest("Destination bucket must exist.")
	case err != nil:
		return err
	case !c.iam.Allowed(c.who, iam.ObjectPut, iam.Resource{Instance: b.Instance, Bucket: b.Name}):
		return newError(codeAccessDenied)
	case b.Versioning != store.VersioningEnabled:
		return invalidRequest("Versioning must be 'Enabled' on the destination bucket, too, to apply a replication configuration")
	}
	return nil
}

func (c *call) deleteReplication() error {
	return c.setConfiguration("replication", nil, http.StatusNoContent, nil)
}

func (c *call) reattemptReplication() error {
	if c.info.Documents["replication"] == nil {
		return noReplication()
	}
	c.replicator.Reattempt(c.bucket)
	c.writeStatus(http.StatusOK)
	return nil
}

// listReplicationFailures lists what could not be copied, what was tried last first.
func (c *call) listReplicationFailures() error {
	limit, err := c.query.pageSize("max-keys")
	if err != nil {
		return err
	}
	url, err := c.query.urlEncoding()
	if err != nil {
		return err
	}
	before, token := c.query.get("first-sync-attempted-before"), c.query.get("continuation-token")
	o := replication.FailureOptions{Max: limit}
	if before != "" {
		if o.Before, err = strconv.ParseInt(before, 10, 64); err != nil || o.Before < 0 {
			return invalidArgument("first-sync-attempted-before must be a number of milliseconds since 1970")
		}
	}
	if token != "" {
		if o.After, err = c.parseToken(token); err != nil {
			return err
		}
	}
	page, err := replication.Failures(c.r.Context(), c.store, c.bucket, o)
	if err != nil {
		return err
	}
	x := newXML()
	x.url = url
	x.root("ListReplicationFailureResult")
	x.text("Name", c.bucket)
	x.optional("FirstSyncAttemptedBefore", before)
	x.int("MaxKeys", int64(limit))
	if url {
		x.text("EncodingType", "url")
	}
	x.int("KeyCount", int64(len(page.Failures)))
	x.optional("ContinuationToken", token)
	if page.Next != "" {
		x.text("NextContinuationToken", c.newToken(page.Next))
	}
	x.bool("IsTruncated", page.Next != "")
	for i := range page.Failures {
		f := &page.Failures[i]
		x.open("Contents")
		x.key("Key", f.Key)
		x.text("VersionId", f.Version)
		x.text("SyncType", f.Sync)
		x.time("FirstSyncAttempted", f.First)
		x.time("LastSyncAttempted", f.Last)
		x.optional("SyncFailureCause", f.Cause)
		x.close("Contents")
	}
	x.close("ListReplicationFailureResult")
	return c.writeXML(http.StatusOK, x)
}

// Sealer encrypts and opens objects that no client has a key for, as requests do.
type Sealer struct{ h handler }

// NewSealer returns a Sealer. Encrypt is as in Config.
func NewSealer(keys *kms.Service, encrypt bool) *Sealer {
	return &Sealer{handler{keys: keys, encrypt: encrypt}}
}

// Seal returns what a new object of a bucket is encrypted with, nil if it is not. Managed asks for a key of the service.
func (s *Sealer) Seal(bucket *store.Bucket, key string, managed bool) (*store.Seal, error) {
	return s.h.newSealFor(bucket, key, managed)
}

// Open returns the key of an object.
func (s *Sealer) Open(bucket, key string, e *store.Encryption) ([32]byte, error) {
	return s.h.openKey(bucket, key, e)
}
