package s3api

import (
	"net/http"
	"strings"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

const (
	maxGrants  = 100
	maxACLBody = 256 << 10 // bytes
)

// grantHeaders are the headers that grant a permission each.
var grantHeaders = []struct{ header, permission string }{
	{"X-Amz-Grant-Full-Control", fullControl},
	{"X-Amz-Grant-Read", string(needRead)},
	{"X-Amz-Grant-Write", string(needWrite)},
	{"X-Amz-Grant-Read-Acp", string(needReadACP)},
	{"X-Amz-Grant-Write-Acp", string(needWriteACP)},
}

// headerACL reads an ACL from x-amz-acl or the x-amz-grant-* headers. Given is false if there are none.
func (c *call) headerACL(owner string, l level) (acl store.ACL, given bool, err error) {
	h := c.r.Header
	for _, g := range grantHeaders {
		for _, value := range h[g.header] {
			given = true
			if err := c.addGrants(&acl, value, g.permission); err != nil {
				return acl, true, err
			}
		}
	}
	if len(acl.Grants) > maxGrants {
		return acl, true, invalidArgument("An ACL has at most 100 grants")
	}
	canned, found := h["X-Amz-Acl"]
	if !found {
		return acl, given, nil
	}
	if given {
		return acl, true, invalidRequest("Specifying both Canned ACLs and Header Grants is not allowed")
	}
	acl, err = cannedACL(strings.Join(canned, ","), owner, l)
	return acl, true, err
}

// cannedACL is the ACL of a name. An empty name is private: that is how COS takes back public access.
func cannedACL(name, owner string, l level) (store.ACL, error) {
	grants := []store.Grant{{Grantee: store.Grantee{ID: owner}, Permission: fullControl}}
	group := func(uri string, permissions ...permission) (store.ACL, error) {
		for _, p := range permissions {
			grants = append(grants, store.Grant{Grantee: store.Grantee{URI: uri}, Permission: string(p)})
		}
		return store.ACL{Grants: grants}, nil
	}
	switch name {
	case "", "private":
		return store.ACL{}, nil
	case "public-read":
		return group(groupAll, needRead)
	case "public-read-write":
		return group(groupAll, needRead, needWrite)
	case "authenticated-read":
		return group(groupAuthenticated, needRead)
	case "bucket-owner-read", "bucket-owner-full-control":
		if l == object { // whose owner is the bucket's
			return store.ACL{}, nil
		}
	case "aws-exec-read", "log-delivery-write":
		return store.ACL{}, notImplemented("The canned ACL " + name + " is not implemented")
	}
	return store.ACL{}, invalidArgument("x-amz-acl: there is no canned ACL of that name")
}

// addGrants reads a grant header: id="…", uri="…", separated by commas.
func (c *call) addGrants(acl *store.ACL, value, permission string) error {
	for item := range strings.SplitSeq(value, ",") {
		kind, who, found := strings.Cut(strings.TrimSpace(item), "=")
		if !found {
			return invalidArgument(`Argument format not recognized: a grant is id="…" or uri="…"`)
		}
		who = strings.Trim(strings.TrimSpace(who), `"`)
		var g store.Grantee
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "id":
			g.ID = who
		case "uri":
			g.URI = who
		case "emailaddress":
			return newErrorMessage(codeUnresolvableGrant, "The email address you provided does not match any account on record")
		default:
			return invalidArgument(`Argument format not recognized: a grant is id="…" or uri="…"`)
		}
		if err := c.checkGrantee(&g); err != nil {
			return err
		}
		acl.Grants = append(acl.Grants, store.Grant{Grantee: g, Permission: permission})
	}
	return nil
}

// checkGrantee refuses identities that do not exist, and brings the id of an instance given as a CRN to its uuid.
func (c *call) checkGrantee(g *store.Grantee) error {
	switch {
	case g.URI == groupAll, g.URI == groupAuthenticated:
		return nil
	case g.URI != "":
		return invalidArgument("Invalid group uri")
	}
	if g.ID == c.info.Owner && g.ID != "" {
		return nil
	}
	instance, found := c.iam.Instance(g.ID)
	if !found {
		return invalidArgument("Invalid id")
	}
	g.ID = instance.ID
	return nil
}

// newObjectACL reads the ACL of a new object. To open it to others takes the role that it takes to do so afterwards.
func (c *call) newObjectACL() (store.ACL, error) {
	acl, _, err := c.headerACL(c.info.Owner, object)
	if err == nil && len(acl.Grants) > 0 && !c.allowed(iam.ObjectPutACL) {
		err = newError(codeAccessDenied)
	}
	if err == nil {
		err = c.admitACL(acl)
	}
	return acl, err
}

// readACL reads the ACL of a PUT ?acl, from headers or from a document.
func (c *call) readACL(l level) (store.ACL, error) {
	body, err := c.readBody(maxACLBody)
	if err != nil {
		return store.ACL{}, err
	}
	acl, given, err := c.headerACL(c.info.Owner, l)
	switch {
	case err != nil:
		return acl, err
	case given && len(body) > 0:
		return acl, newError(codeUnexpectedContent)
	case given:
		return acl, nil
	case len(body) == 0:
		return acl, newError(codeMissingBody)
	}
	if err := c.needDigest(); err != nil {
		return acl, err
	}
	top, err := parseXML(body, "AccessControlPolicy")
	if err != nil {
		return acl, err
	}
	owner, acl, err := parseACL(top)
	if err != nil {
		return acl, err
	}
	if owner != c.info.Owner {
		return acl, newError(codeAccessDenied)
	}
	for i := range acl.Grants {
		if err := c.checkGrantee(&acl.Grants[i].Grantee); err != nil {
			return acl, err
		}
	}
	return acl, nil
}

// parseACL reads an AccessControlPolicy document.
func parseACL(top *element) (owner string, acl store.ACL, err error) {
	malformed := func(why string) (string, store.ACL, error) {
		e := newErrorMessage(codeMalformedACL, "The XML you provided was not well-formed or did not validate against our published schema: "+why)
		return "", store.ACL{}, e
	}
	if err := top.only("Owner", "AccessControlList"); err != nil {
		return "", store.ACL{}, err
	}
	who, list := top.child("Owner"), top.child("AccessControlList")
	if who == nil || list == nil {
		return malformed("an AccessControlPolicy has an Owner and an AccessControlList")
	}
	if err := list.only("Grant"); err != nil {
		return "", store.ACL{}, err
	}
	if len(list.children) > maxGrants {
		return malformed("more than 100 grants")
	}
	for _, e := range list.children {
		grantee := e.child("Grantee")
		if grantee == nil {
			return malformed("a Grant without Grantee")
		}
		g := store.Grant{Permission: e.value("Permission")}
		switch g.Permission {
		case fullControl, string(needRead), string(needWrite), string(needReadACP), string(needWriteACP):
		default:
			return malformed("unknown Permission")
		}
		id, uri := grantee.value("ID"), grantee.value("URI")
		switch {
		case grantee.kind == "AmazonCustomerByEmail" || grantee.child("EmailAddress") != nil:
			return "", store.ACL{}, newErrorMessage(codeUnresolvableGrant, "The email address you provided does not match any account on record")
		case grantee.kind == "Group" || grantee.kind == "" && uri != "":
			g.Grantee.URI = uri
		case grantee.kind == "CanonicalUser" || grantee.kind == "":
			g.Grantee.ID = id
		default:
			return malformed("unknown type of Grantee")
		}
		if g.Grantee == (store.Grantee{}) {
			return malformed("a Grantee has an ID or a URI")
		}
		acl.Grants = append(acl.Grants, g)
	}
	return who.value("ID"), acl, nil
}

func (c *call) getBucketACL() error { return c.writeACL(c.info.ACL) }

func (c *call) putBucketACL() error {
	acl, err := c.readACL(bucket)
	if err != nil {
		return err
	}
	if err := c.admitACL(acl); err != nil {
		return err
	}
	if _, err := c.store.UpdateBucket(c.r.Context(), c.bucket, func(b *store.Bucket) error {
		b.ACL = acl
		return nil
	}); err != nil {
		return err
	}
	c.writeStatus(http.StatusOK)
	return nil
}

func (c *call) getObjectACL() error {
	o, err := c.statVersion()
	if err != nil {
		return err
	}
	if !c.mayObject(&o, needReadACP) {
		return newError(codeAccessDenied)
	}
	return c.writeACL(o.ACL)
}

func (c *call) putObjectACL() error {
	// Who may not write the ACL is told that, and not what is wrong with the ACL.
	o, err := c.statVersion()
	if err != nil {
		return err
	}
	if !c.mayObject(&o, needWriteACP) {
		return newError(codeAccessDenied)
	}
	acl, err := c.readACL(object)
	if err != nil {
		return err
	}
	if err := c.admitACL(acl); err != nil {
		return err
	}
	err = c.updateVersion(func(o *store.Object) error {
		if !c.mayObject(o, needWriteACP) {
			return newError(codeAccessDenied)
		}
		o.ACL = acl
		return nil
	})
	if err != nil {
		return err
	}
	c.writeStatus(http.StatusOK)
	return nil
}

// writeACL answers with an ACL. The zero ACL shows what it means: full control for the owner.
func (c *call) writeACL(acl store.ACL) error {
	grants := acl.Grants
	if len(grants) == 0 {
		grants = []store.Grant{{Grantee: store.Grantee{ID: c.info.Owner}, Permission: fullControl}}
	}
	x := newXML()
	x.root("AccessControlPolicy")
	x.owner("Owner", c.info.Owner)
	x.open("AccessControlList")
	for _, g := range grants {
		x.open("Grant")
		x.grantee(g.Grantee)
		x.text("Permission", g.Permission)
		x.close("Grant")
	}
	x.close("AccessControlList")
	x.close("AccessControlPolicy")
	return c.writeXML(http.StatusOK, x)
}

// grantee writes a Grantee. A group has its URI and no DisplayName: IBM's SDK for Java breaks on one.
func (x *xmlWriter) grantee(g store.Grantee) {
	kind := "CanonicalUser"
	if g.URI != "" {
		kind = "Group"
	}
	x.b = append(x.b, `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="`+kind+`">`...)
	if g.URI != "" {
		x.text("URI", g.URI)
	} else {
		x.text("ID", g.ID)
		x.text("DisplayName", g.ID)
	}
	x.close("Grantee")
}
