package s3api

import (
	"net/http"

	"github.com/icos-go/icos/server/store"
)

// newArchive says when a new object goes to the archive of the bucket.
func (c *call) newArchive() store.Archive { return store.Archive{} }

// readable refuses to read the bytes of an object that lies in an archive.
func (c *call) readable(*store.Object) error { return nil }

// setArchiveHeaders tells where an object is on its way to the archive and back.
func (c *call) setArchiveHeaders(http.Header, *store.Object) {}

func (rs *routes) lifecycle() {
	rs.missingAll(bucket, "lifecycle", "BucketLifecycleConfiguration", "GET PUT DELETE")
	rs.missing(object, "POST", "restore", "RestoreObject")
}
