package s3api

import (
	"net/http"

	"github.com/icos-go/icos/server/store"
)

// newLock reads the object lock that a write gives its object, or takes the default of the bucket.
func (c *call) newLock() (store.Lock, error) {
	h := c.r.Header
	if h["X-Amz-Object-Lock-Mode"] != nil || h["X-Amz-Object-Lock-Retain-Until-Date"] != nil || h["X-Amz-Object-Lock-Legal-Hold"] != nil {
		return store.Lock{}, invalidRequest("Bucket is missing Object Lock Configuration")
	}
	return store.Lock{}, nil
}

// setLockHeaders tells the lock of an object.
func setLockHeaders(http.Header, *store.Object) {}

func (rs *routes) objectLock() {
	rs.missingAll(bucket, "object-lock", "ObjectLockConfiguration", "GET PUT")
	rs.missingAll(object, "retention", "ObjectRetention", "GET PUT")
	rs.missingAll(object, "legal-hold", "ObjectLegalHold", "GET PUT")
}
