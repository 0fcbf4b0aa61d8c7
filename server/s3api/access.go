package s3api

import (
	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

// The owner of a bucket, and of every object in it, is the service instance the bucket belongs to, whoever wrote them: that
// is what COS shows as Owner. The principals of that instance may do everything; others what an ACL grants them.

// permission is what an operation needs on its bucket. Those that an ACL can grant are spelled as in ACLs.
type permission string

const (
	needNothing  permission = ""       // the operation decides, and may not even have a bucket
	needBucket   permission = "bucket" // the bucket must exist; the operation looks at the object's ACL
	needOwner    permission = "owner"
	needRead     permission = "READ"
	needWrite    permission = "WRITE"
	needReadACP  permission = "READ_ACP"
	needWriteACP permission = "WRITE_ACP"

	fullControl = "FULL_CONTROL"
)

// Groups that an ACL can name.
const (
	groupAll           = "http://acs.amazonaws.com/groups/global/AllUsers"
	groupAuthenticated = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
)

// authorize looks up the bucket and checks what the caller needs on it.
func (c *call) authorize(need permission) error {
	if need == needNothing {
		return nil
	}
	info, err := c.store.Bucket(c.r.Context(), c.bucket)
	if err != nil {
		return err
	}
	c.info = info
	if need != needBucket && !c.may(need) {
		return newError(codeAccessDenied)
	}
	return nil
}

// may reports whether the caller has a permission on the bucket.
func (c *call) may(need permission) bool {
	return c.owns(c.info) || need != needOwner && granted(c.who, c.info.ACL, need)
}

// mayObject reports whether the caller has a permission on an object of the bucket b.
func (c *call) mayObject(b store.Bucket, o *store.Object, need permission) bool {
	return c.owns(b) || granted(c.who, o.ACL, need)
}

func (c *call) owns(b store.Bucket) bool {
	return !c.who.Anonymous && c.who.Instance != "" && c.who.Instance == b.Instance
}

// granted reports whether acl gives who a permission.
func granted(who iam.Principal, acl store.ACL, need permission) bool {
	for _, g := range acl.Grants {
		if (g.Permission == string(need) || g.Permission == fullControl) && isGrantee(who, g.Grantee) {
			return true
		}
	}
	return false
}

func isGrantee(who iam.Principal, g store.Grantee) bool {
	switch {
	case g.URI == groupAll:
		return true
	case who.Anonymous || g.URI != "" && g.URI != groupAuthenticated:
		return false
	case g.URI == groupAuthenticated:
		return true
	}
	return g.ID != "" && (g.ID == who.Instance || g.ID == who.ID)
}

// hidden is the answer for an object that is not there: those who may not list the bucket do not learn that.
func (c *call) hidden(err error) error {
	if storeCode(err) == codeNoSuchKey && !c.may(needRead) {
		return newError(codeAccessDenied)
	}
	return err
}

// checkVersion accepts the only version that objects of an unversioned bucket have.
func (c *call) checkVersion() error {
	return checkVersion(c.query.lookup("versionId"))
}

func checkVersion(id string, found bool) error {
	switch {
	case !found || id == "null":
		return nil
	case id == "":
		return invalidArgument("Version id cannot be the empty string")
	}
	return newError(codeNoSuchVersion)
}
