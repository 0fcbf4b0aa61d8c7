package s3api

import (
	"strings"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

// A request is let through in this order: the bucket's firewall lets its address in; then policies give the caller a role that has
// the operation's action, or give it to everybody; or else an ACL grants it. An ACL never takes away what a role gives.
//
// The owner of a bucket, and of every object in it, is the service instance the bucket belongs to, whoever wrote them: that is
// what COS shows as Owner. What the identities of that instance may do is decided by their roles alone, and not by the owner's
// grant in an ACL.

// permission is what an operation needs of an ACL. Those that an ACL can grant are spelled as in ACLs.
type permission string

const (
	needNothing  permission = ""       // the operation decides, and may not even have a bucket
	needBucket   permission = "bucket" // the bucket must exist; the operation looks at the object's ACL
	needOwner    permission = "owner"  // no ACL is enough
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
	info, err := c.store.BucketNow(c.r.Context(), c.bucket)
	if err != nil {
		return err
	}
	c.info = info
	if err := c.admit(info); err != nil {
		return err
	}
	c.byRole = c.allowed(c.action())
	if c.byRole || need == needBucket || need != needOwner && !c.removesVersion() && c.granted(c.info, c.info.ACL, need) {
		return nil
	}
	if c.op.access.each && c.iam.AllowedSome(c.who, c.op.access.action, c.target(c.info)) {
		return nil
	}
	return newError(codeAccessDenied)
}

// removesVersion reports whether the call is to remove a version for good, which no ACL is enough for: the versions of a bucket that
// is open to everybody are what its owner gets back from what they did.
func (c *call) removesVersion() bool { return c.action() == iam.ObjectDeleteVersion }

// admit refuses a request whose address the firewall of the bucket does not let in, whatever the caller may do and even if the
// bucket is public.
func (c *call) admit(b *store.Bucket) error {
	if b.LetsIn(c.r.RemoteAddr) {
		return nil
	}
	return newError(codeAccessDenied)
}

// action is the IAM action of the operation.
func (c *call) action() iam.Action {
	if a := c.op.access.version; a != 0 && c.query.has("versionId") {
		return a
	}
	return c.op.access.action
}

// target is what the request is about, in a bucket that is not its own if it is the source of a copy.
func (c *call) target(b *store.Bucket) iam.Resource {
	r := iam.Resource{Instance: b.Instance, Bucket: b.Name, Path: c.key}
	if c.key == "" {
		r.Prefix, r.Delimiter = c.query.get("prefix"), c.query.get("delimiter")
	}
	return r
}

// allowed reports whether the caller's roles let it do something to the bucket or the object of the request.
func (c *call) allowed(a iam.Action) bool { return c.iam.Allowed(c.who, a, c.target(c.info)) }

// owns reports whether the caller may do what it asks for by a role, and not only because an ACL opens the bucket to it.
func (c *call) owns() bool { return c.byRole }

// mayObject reports whether the caller has a permission on an object of the request's bucket.
func (c *call) mayObject(o *store.Object, need permission) bool {
	return c.byRole || c.granted(c.info, o.ACL, need)
}

// authorizeSource looks at what roles let the caller do with the source of a copy. Without one, the object's ACL decides.
func (c *call) authorizeSource(s *copySource) error {
	if err := c.admit(&s.info); err != nil {
		return err
	}
	a := iam.ObjectCopyGet
	versioned := strings.Contains(c.r.Header.Get("X-Amz-Copy-Source"), "?versionId=")
	switch part := c.query.has("uploadId"); {
	case part && versioned:
		a = iam.ObjectCopyPartGetVersion
	case part:
		a = iam.ObjectCopyPartGet
	case versioned:
		a = iam.ObjectCopyGetVersion
	}
	s.byRole = c.iam.Allowed(c.who, a, iam.Resource{Instance: s.info.Instance, Bucket: s.info.Name, Path: s.key})
	return nil
}

// mayList reports whether the caller may learn which keys there are below a prefix of a bucket.
func (c *call) mayList(b *store.Bucket, prefix string) bool {
	return mayList(c.iam, c.who, b, prefix)
}

// mayDelete is for each of the keys of a DeleteObjects, which needs the actions of a request for that key as well as its own.
func (c *call) mayDelete(key string, version bool) error {
	one := iam.ObjectDelete
	if version {
		one = iam.ObjectDeleteVersion
	}
	r := iam.Resource{Instance: c.info.Instance, Bucket: c.info.Name, Path: key}
	if c.iam.Allowed(c.who, iam.ObjectPostMultiDelete, r) && c.iam.Allowed(c.who, one, r) ||
		!version && c.granted(c.info, c.info.ACL, needWrite) {
		return nil
	}
	return newError(codeAccessDenied)
}

// granted reports whether an ACL in the bucket b gives the caller a permission.
func (c *call) granted(b *store.Bucket, acl store.ACL, need permission) bool {
	return granted(c.who, b, acl, need)
}

func granted(who iam.Principal, b *store.Bucket, acl store.ACL, need permission) bool {
	for i := range acl.Grants {
		g := &acl.Grants[i]
		if b.PublicAccess.IgnoreACLs && g.Grantee.URI != "" {
			continue
		}
		if (g.Permission == string(need) || g.Permission == fullControl) && isGrantee(who, g.Grantee, b.Instance) {
			return true
		}
	}
	return false
}

// isGrantee reports whether a grant in an ACL is for who. A grant for the owner is for nobody: its identities have roles.
func isGrantee(who iam.Principal, g store.Grantee, owner string) bool {
	switch {
	case g.URI == groupAll:
		return true
	case who.Anonymous || g.URI != "" && g.URI != groupAuthenticated:
		return false
	case g.URI == groupAuthenticated:
		return true
	}
	return g.ID != "" && g.ID != owner && (g.ID == who.Instance || g.ID == who.ID)
}

// mayBypass reports whether the request asks to go around governance retention, and a role lets it.
func (c *call) mayBypass() bool {
	return strings.EqualFold(c.r.Header.Get("X-Amz-Bypass-Governance-Retention"), "true") && c.allowed(iam.ObjectBypassGovernanceRetention)
}

// hidden is the answer for an object that is not there: those who may not list the bucket do not learn that.
func (c *call) hidden(err error) error {
	if absent(err) && !c.mayList(c.info, c.key) {
		return newError(codeAccessDenied)
	}
	return err
}

// absent reports whether an error says that an object is not there, or that it is and only a version of it is not.
func absent(err error) bool {
	code := storeCode(err)
	return code == codeNoSuchKey || code == codeNoSuchVersion
}
