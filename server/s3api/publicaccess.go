package s3api

import (
	"net/http"

	"github.com/icos-go/icos/server/store"
)

const maxPublicAccessBody = 4 << 10 // bytes

func (rs *routes) publicAccess() {
	rs.add(bucket, "GET", "publicAccessBlock", "GetPublicAccessBlock", needOwner, (*call).getPublicAccess)
	rs.add(bucket, "PUT", "publicAccessBlock", "PutPublicAccessBlock", needOwner, (*call).putPublicAccess)
	rs.add(bucket, "DELETE", "publicAccessBlock", "DeletePublicAccessBlock", needOwner, (*call).deletePublicAccess)
}

// admitACL refuses an ACL that is for everybody where the bucket's public access block blocks those. It asks for no role, and
// public access by a policy is none of its business.
func (c *call) admitACL(acl store.ACL) error {
	if !c.info.PublicAccess.BlockACLs {
		return nil
	}
	for i := range acl.Grants {
		if acl.Grants[i].Grantee.URI != "" {
			return newErrorMessage(codeAccessDenied, "Access Denied because the bucket's public access block blocks public ACLs.")
		}
	}
	return nil
}

func (c *call) getPublicAccess() error {
	p := c.info.PublicAccess
	if !p.Set {
		return newError(codeNoSuchPublicAccessBlock)
	}
	x := newXML()
	x.root("PublicAccessBlockConfiguration")
	x.bool("BlockPublicAcls", p.BlockACLs)
	x.bool("IgnorePublicAcls", p.IgnoreACLs)
	x.close("PublicAccessBlockConfiguration")
	return c.writeXML(http.StatusOK, x)
}

// putPublicAccess replaces the block. What it leaves out is off. COS offers two of the four settings of S3; to accept the others
// would promise what nothing keeps.
func (c *call) putPublicAccess() error {
	top, err := c.document(maxPublicAccessBody, "PublicAccessBlockConfiguration")
	if err != nil {
		return err
	}
	for _, name := range []string{"BlockPublicPolicy", "RestrictPublicBuckets"} {
		on, err := top.boolean(name)
		if err != nil {
			return err
		}
		if on {
			return notImplemented(name + " is not implemented: buckets have no policies of their own")
		}
	}
	if err := top.only("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"); err != nil {
		return err
	}
	p := store.PublicAccess{Set: true}
	if p.BlockACLs, err = top.boolean("BlockPublicAcls"); err != nil {
		return err
	}
	if p.IgnoreACLs, err = top.boolean("IgnorePublicAcls"); err != nil {
		return err
	}
	return c.setPublicAccess(p, http.StatusOK)
}

// deletePublicAccess answers as S3 does: also if there was none.
func (c *call) deletePublicAccess() error {
	return c.setPublicAccess(store.PublicAccess{}, http.StatusNoContent)
}

func (c *call) setPublicAccess(p store.PublicAccess, status int) error {
	_, err := c.store.UpdateBucket(c.r.Context(), c.bucket, func(b *store.Bucket) error {
		b.PublicAccess = p
		return nil
	})
	if err != nil {
		return err
	}
	c.writeStatus(status)
	return nil
}
