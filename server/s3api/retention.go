package s3api

import (
	"net/http"

	"github.com/icos-go/icos/server/store"
)

// newRetention reads how long a write has its object kept, or takes the default of the bucket. Uploads in parts get theirs on
// completion.
func (c *call) newRetention() (store.Retention, error) {
	for _, name := range []string{"Retention-Period", "Retention-Expiration-Date", "Retention-Legal-Hold-Id"} {
		if c.r.Header[name] != nil {
			return store.Retention{}, invalidRequest("The bucket has no retention policy: " + name + " is not allowed")
		}
	}
	return store.Retention{}, nil
}

// removable refuses to remove or to overwrite a version that is kept: by a retention, a hold or a lock. It is called under the
// key's lock, and o may be nil.
func (c *call) removable(o *store.Object) error {
	return nil
}

// setRetentionHeaders tells how long an object is kept.
func setRetentionHeaders(http.Header, *store.Object) {}

func (rs *routes) retention() {
	rs.missingAll(bucket, "protection", "BucketProtectionConfiguration", "GET PUT")
	rs.missing(object, "POST", "extendRetention", "ExtendObjectRetention")
	rs.missing(object, "GET", "legalHold", "ListLegalHolds")
	rs.missing(object, "POST", "legalHold", "AddLegalHold and DeleteLegalHold")
}
