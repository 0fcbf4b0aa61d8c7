package s3api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/icos-go/icos/server/authn"
	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

const (
	maxBuckets      = 100      // buckets of one instance
	maxLocationBody = 64 << 10 // bytes of a CreateBucketConfiguration
)

// instance returns the service instance that a request to create or list buckets is about. With an IAM token it is named by
// ibm-service-instance-id, as a CRN or a uuid; a signature implies it, and the header is then ignored.
func (c *call) instance() (string, error) {
	if c.who.Anonymous || c.who.Instance == "" {
		return "", newError(codeAccessDenied)
	}
	if c.auth.Scheme != authn.SchemeBearer {
		return c.who.Instance, c.authorizeInstance(c.who.Instance)
	}
	instance, found := c.iam.Instance(strings.TrimSpace(c.r.Header.Get("Ibm-Service-Instance-Id")))
	if !found {
		e := newError(codeInvalidArgument)
		e.bare = true
		return "", e
	}
	return instance.ID, c.authorizeInstance(instance.ID)
}

// authorizeInstance checks that a role lets the caller do in an instance what it asks for.
func (c *call) authorizeInstance(instance string) error {
	if c.iam.Allowed(c.who, c.action(), iam.Resource{Instance: instance, Bucket: c.bucket}) {
		return nil
	}
	return newError(codeAccessDenied)
}

func (c *call) createBucket() error {
	instance, err := c.instance()
	if err != nil {
		return err
	}
	if err := checkBucketName(c.bucket); err != nil {
		return err
	}
	b := store.Bucket{Name: c.bucket, Instance: instance, Owner: instance, Created: c.today()}
	if strings.EqualFold(c.r.Header.Get("X-Amz-Bucket-Object-Lock-Enabled"), "true") {
		b.ObjectLock.Enabled, b.Versioning = true, store.VersioningEnabled
	}
	if b.RootKey, err = c.bucketEncryption(instance); err != nil {
		return err
	}
	if b.Location, err = c.locationConstraint(); err != nil {
		return err
	}
	if b.ACL, _, err = c.headerACL(instance, bucket); err != nil {
		return err
	}
	if len(b.ACL.Grants) > 0 && !c.iam.Allowed(c.who, iam.BucketPutACL, iam.Resource{Instance: instance, Bucket: c.bucket}) {
		return newError(codeAccessDenied)
	}
	if c.reserved[c.bucket] || c.names.held(c.bucket, c.today()) {
		return newError(codeBucketAlreadyExists)
	}
	ctx := c.r.Context()
	existing, _, err := c.store.Buckets(ctx, instance, "", "", maxBuckets)
	if err != nil {
		return err
	}
	if len(existing) >= maxBuckets {
		if _, err := c.store.Bucket(ctx, c.bucket); errors.Is(err, store.ErrNoSuchBucket) {
			return newError(codeTooManyBuckets)
		}
	}
	if err := c.store.CreateBucket(ctx, b); err != nil {
		return err
	}
	c.w.Header()["Location"] = []string{"/" + c.bucket}
	c.writeStatus(http.StatusOK)
	return nil
}

// locationConstraint reads the body of CreateBucket. Without one, the bucket gets the standard class of this endpoint.
func (c *call) locationConstraint() (string, error) {
	body, err := c.readBody(maxLocationBody)
	if err != nil {
		return "", err
	}
	if len(body) == 0 {
		return c.location, nil
	}
	top, err := parseXML(body, "CreateBucketConfiguration")
	if err != nil {
		return "", err
	}
	constraint := top.value("LocationConstraint")
	if constraint == "" {
		return c.location, nil
	}
	return constraint, checkLocation(constraint)
}

func (c *call) headBucket() error {
	c.setBucketEncryptionHeaders()
	c.writeStatus(http.StatusOK)
	return nil
}

func (c *call) deleteBucket() error {
	if err := c.store.DeleteBucket(c.r.Context(), c.bucket); err != nil {
		return err
	}
	c.forget(c.bucket)
	c.names.hold(c.bucket, c.today(), c.today().Add(c.nameHold))
	c.writeStatus(http.StatusNoContent)
	return nil
}

func (c *call) getLocation() error {
	x := newXML()
	x.root("LocationConstraint")
	x.b = appendEscaped(x.b, c.info.Location)
	x.close("LocationConstraint")
	return c.writeXML(http.StatusOK, x)
}

// owner writes who owns something. COS shows the id of the service instance for a name too.
func (x *xmlWriter) owner(element, instance string) {
	x.open(element)
	x.text("ID", instance)
	x.text("DisplayName", instance)
	x.close(element)
}

func (c *call) listBuckets() error {
	instance, err := c.instance()
	if err != nil {
		return err
	}
	list, _, err := c.store.Buckets(c.r.Context(), instance, "", "", 0)
	if err != nil {
		return err
	}
	x := newXML()
	x.root("ListAllMyBucketsResult")
	x.owner("Owner", instance)
	x.open("Buckets")
	for i := range list {
		x.open("Bucket")
		x.text("Name", list[i].Name)
		x.time("CreationDate", list[i].Created)
		x.close("Bucket")
	}
	x.close("Buckets")
	x.close("ListAllMyBucketsResult")
	return c.writeXML(http.StatusOK, x)
}

// listBucketsExtended is IBM's listing of buckets: by pages, with each bucket's location.
func (c *call) listBucketsExtended() error {
	instance, err := c.instance()
	if err != nil {
		return err
	}
	limit, err := c.query.pageSize("max-keys")
	if err != nil {
		return err
	}
	prefix, marker := c.query.get("prefix"), c.query.get("marker")
	var list []store.Bucket
	var more bool
	if limit > 0 { // to the store, 0 means all
		if list, more, err = c.store.Buckets(c.r.Context(), instance, prefix, marker, limit); err != nil {
			return err
		}
	}
	x := newXML()
	x.root("ListAllMyBucketsResult")
	x.owner("Owner", instance)
	x.bool("IsTruncated", more)
	x.int("MaxKeys", int64(limit))
	x.text("Prefix", prefix)
	x.text("Marker", marker)
	if more && len(list) > 0 {
		x.text("NextMarker", list[len(list)-1].Name)
	}
	x.open("Buckets")
	for i := range list {
		x.open("Bucket")
		x.text("Name", list[i].Name)
		x.time("CreationDate", list[i].Created)
		x.text("LocationConstraint", list[i].Location)
		x.close("Bucket")
	}
	x.close("Buckets")
	x.close("ListAllMyBucketsResult")
	return c.writeXML(http.StatusOK, x)
}
