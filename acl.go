package icos

import (
	"context"
	"fmt"
	"strings"

	"github.com/icos-go/icos/s3"
)

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

// header writes grantees of a permission as the headers of a request have them.
func header(grants []Grant, permission string) string {
	var list []string
	for _, g := range grants {
		switch {
		case g.Permission != permission:
		case g.Grantee.URI != "":
			list = append(list, `uri="`+g.Grantee.URI+`"`)
		default:
			list = append(list, `id="`+g.Grantee.ID+`"`)
		}
	}
	return strings.Join(list, ", ")
}

// checkGrants refuses grants that a header cannot say.
func checkGrants(grants []Grant) error {
	for _, g := range grants {
		switch g.Permission {
		case "FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP":
		default:
			return fmt.Errorf("there is no permission %q", g.Permission)
		}
		who := g.Grantee.ID + g.Grantee.URI
		if (g.Grantee.ID == "") == (g.Grantee.URI == "") || strings.ContainsAny(who, "\",\r\n") {
			return fmt.Errorf("the grantee %q is neither an ID nor a URI", who)
		}
	}
	return nil
}

// SetGrants replaces the ACL of the bucket by grants, of which there must be some;
// [Bucket.SetACL] with [Private] takes all away. On IBM Cloud, policies do what
// grants did, and only the canned ACLs are documented.
func (b *Bucket) SetGrants(ctx context.Context, grants ...Grant) error {
	if err := checkGrants(grants); err != nil {
		return fmt.Errorf("set bucket ACL: %w", err)
	}
	_, err := call(ctx, b, "set bucket ACL", (*s3.Client).PutBucketACL, &s3.PutBucketACLRequest{
		Bucket: b.name, GrantFullControl: header(grants, "FULL_CONTROL"), GrantRead: header(grants, "READ"),
		GrantWrite: header(grants, "WRITE"), GrantReadACP: header(grants, "READ_ACP"), GrantWriteACP: header(grants, "WRITE_ACP"),
	})
	return err
}

// SetGrants replaces the ACL of the object by grants, of which there must be some;
// [Object.SetACL] with [Private] takes all away.
func (o *Object) SetGrants(ctx context.Context, grants ...Grant) error {
	if err := checkGrants(grants); err != nil {
		return fmt.Errorf("set ACL: %w", err)
	}
	_, err := call(ctx, o, "set ACL", (*s3.Client).PutObjectACL, &s3.PutObjectACLRequest{
		Bucket: o.bucket.name, Key: o.key, VersionID: o.version, GrantFullControl: header(grants, "FULL_CONTROL"), GrantRead: header(grants, "READ"),
		GrantWrite: header(grants, "WRITE"), GrantReadACP: header(grants, "READ_ACP"), GrantWriteACP: header(grants, "WRITE_ACP"),
	})
	return err
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
