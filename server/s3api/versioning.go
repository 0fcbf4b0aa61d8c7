package s3api

import (
	"errors"
	"net/http"

	"github.com/icos-go/icos/server/store"
)

const maxVersioningBody = 64 << 10 // bytes of a VersioningConfiguration

func (rs *routes) versioning() {
	rs.add(bucket, "GET", "versioning", "GetBucketVersioning", needOwner, (*call).getVersioning)
	rs.add(bucket, "PUT", "versioning", "PutBucketVersioning", needOwner, (*call).putVersioning)
}

// getVersioning answers with an empty document for a bucket that never had versioning.
func (c *call) getVersioning() error {
	x := newXML()
	x.root("VersioningConfiguration")
	x.optional("Status", c.info.Versioning)
	x.close("VersioningConfiguration")
	return c.writeXML(http.StatusOK, x)
}

func (c *call) putVersioning() error {
	if err := c.needDigest(); err != nil {
		return err
	}
	top, err := c.document(maxVersioningBody, "VersioningConfiguration")
	if err != nil {
		return err
	}
	status, err := parseVersioning(top)
	if err != nil {
		return err
	}
	if _, err := c.store.UpdateBucket(c.r.Context(), c.bucket, func(b *store.Bucket) error {
		if err := mayVersion(b, status); err != nil {
			return err
		}
		b.Versioning = status
		return nil
	}); err != nil {
		return err
	}
	c.writeStatus(http.StatusOK)
	return nil
}

func parseVersioning(top *element) (status string, err error) {
	if err := top.only("Status", "MfaDelete"); err != nil {
		return "", err
	}
	switch top.value("MfaDelete") {
	case "", "Disabled":
	default:
		return "", notImplemented("MFA delete is not implemented")
	}
	switch status := top.value("Status"); status {
	case store.VersioningEnabled, store.VersioningSuspended:
		return status, nil
	}
	return "", malformedXML("the Status of a VersioningConfiguration is Enabled or Suspended")
}

// mayVersion refuses a state of versioning that another feature of the bucket rules out.
func mayVersion(b *store.Bucket, status string) error {
	switch {
	case b.Protection.Enabled:
		return invalidBucketState("Versioning cannot be configured on a bucket with a retention policy")
	case status == store.VersioningSuspended && b.ObjectLock.Enabled:
		return invalidBucketState("Versioning cannot be suspended on a bucket with object lock")
	case status == store.VersioningSuspended && b.Documents["replication"] != nil:
		return invalidBucketState("Versioning cannot be suspended on a bucket with a replication configuration")
	}
	return nil
}

// namedVersion reads versionId, "" if there is none.
func (c *call) namedVersion() (string, error) {
	version, found := c.query.lookup("versionId")
	return version, checkVersion(version, found)
}

// checkVersion refuses a version id that says nothing.
func checkVersion(id string, found bool) error {
	if found && id == "" {
		return invalidArgument("Version id cannot be the empty string")
	}
	return nil
}

// checkDeletedVersion refuses ids that no version ever has. That there is no version of a good one is no error of a deletion: it may
// have been deleted by an earlier attempt, whose answer was lost.
func checkDeletedVersion(id string, found bool) error {
	if err := checkVersion(id, found); err != nil {
		return err
	}
	if found && !store.ValidVersionID(id) {
		return newError(codeNoSuchVersion)
	}
	return nil
}

// setVersion says which version the answer is about, where objects have versions.
func (c *call) setVersion(o *store.Object) {
	if c.info.Versioning != "" {
		c.w.Header()["X-Amz-Version-Id"] = []string{o.VersionID()}
	}
}

// setDeleted says which version a deletion removed, or which delete marker it added.
func (c *call) setDeleted(d *store.Deleted, version string) {
	if c.info.Versioning == "" {
		return
	}
	h := c.w.Header()
	if d.MarkerMade {
		version = d.MarkerVersion
	}
	if version != "" {
		h["X-Amz-Version-Id"] = []string{version}
	}
	if d.MarkerMade || d.DeleteMarker {
		h["X-Amz-Delete-Marker"] = []string{"true"}
	}
}

// markerError is the answer where a delete marker is asked for what only an object has.
func markerError(e *store.MarkerError) *apiError {
	answer := newError(codeNoSuchKey)
	if e.Named {
		answer = newError(codeMethodNotAllowed)
		answer.headers = []string{"Allow", http.MethodDelete, "Last-Modified", e.Marker.Modified.UTC().Format(http.TimeFormat)}
	}
	answer.cause = e
	answer.headers = append(answer.headers, "X-Amz-Delete-Marker", "true", "X-Amz-Version-Id", e.Marker.VersionID())
	return answer
}

// setSourceVersion says which version was copied, where the source has versions.
func (c *call) setSourceVersion(s *copySource) {
	if s.info.Versioning != "" {
		c.w.Header()["X-Amz-Copy-Source-Version-Id"] = []string{s.copied}
	}
}

// sourceMarker turns the error of copying a delete marker into what the service says about that.
func sourceMarker(err error) error {
	e, ok := errors.AsType[*store.MarkerError](err)
	switch {
	case !ok:
		return err
	case e.Named:
		return invalidRequest("The source of a copy request may not specifically refer to a delete marker by version id.")
	}
	return newError(codeNoSuchKey)
}
