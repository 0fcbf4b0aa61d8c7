package icos

import "github.com/icos-go/icos/s3"

// An ACL says who may do what with a bucket or an object, as the service
// reports it.
type ACL struct {
	Owner  Grantee
	Grants []Grant
}

// A Grant gives one permission to one grantee.
type Grant struct {
	Grantee    Grantee
	Permission string // FULL_CONTROL, READ, WRITE, READ_ACP or WRITE_ACP
}

// A Grantee is a user, by ID, or a group of users, by URI.
type Grantee struct {
	ID          string
	DisplayName string
	URI         string // "" unless it is a group
}

func newACL(owner s3.Owner, grants []s3.Grant) *ACL {
	acl := &ACL{
		Owner:  Grantee{ID: owner.ID, DisplayName: owner.DisplayName},
		Grants: make([]Grant, len(grants)),
	}
	for i, g := range grants {
		acl.Grants[i] = Grant{
			Grantee:    Grantee{ID: g.Grantee.ID, DisplayName: g.Grantee.DisplayName, URI: g.Grantee.URI},
			Permission: g.Permission,
		}
	}
	return acl
}

// String returns what people call the grantee: everyone, the display name, or
// failing that the ID.
func (g Grantee) String() string {
	switch {
	case g.URI == AllUsers:
		return "everyone"
	case g.DisplayName != "":
		return g.DisplayName
	case g.ID != "":
		return g.ID
	}
	return g.URI
}

// AllUsers is the URI of the group that everybody is in.
const AllUsers = "http://acs.amazonaws.com/groups/global/AllUsers"

// Public reports whether anyone, without credentials, may read.
func (a *ACL) Public() bool {
	for _, g := range a.Grants {
		if g.Grantee.URI == AllUsers && (g.Permission == "READ" || g.Permission == "FULL_CONTROL") {
			return true
		}
	}
	return false
}

// A CannedACL is an access control list that has a name. COS knows no others.
type CannedACL string

// The canned ACLs of COS.
const (
	Private         CannedACL = "private"           // the owner only; what buckets and objects start with
	PublicRead      CannedACL = "public-read"       // anyone may read
	PublicReadWrite CannedACL = "public-read-write" // anyone may read and write; buckets only, and not everywhere
)
