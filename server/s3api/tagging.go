package s3api

import (
	"net/http"

	"github.com/icos-go/icos/server/store"
)

// newTags reads the tags that a write gives its object.
func (c *call) newTags() ([]store.Tag, error) {
	if c.r.Header["X-Amz-Tagging"] != nil {
		return nil, notImplemented("Object tagging (x-amz-tagging) is not implemented")
	}
	return nil, nil
}

// setTagHeaders says how many tags an object has.
func setTagHeaders(http.Header, *store.Object) {}

func (rs *routes) tagging() {
	rs.missingAll(bucket, "tagging", "BucketTagging", "GET PUT DELETE")
	rs.missingAll(object, "tagging", "ObjectTagging", "GET PUT DELETE")
}
