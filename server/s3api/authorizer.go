package s3api

import (
	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

// An Authorizer tells a service beside the S3 API what requests to that would be allowed to do, by roles or by ACLs. The firewall of the
// bucket is asked apart, as it comes before.
type Authorizer struct{ iam *iam.Service }

// NewAuthorizer returns an Authorizer.
func NewAuthorizer(ids *iam.Service) *Authorizer { return &Authorizer{ids} }

// MayGet reports whether who may read an object of b, as by GetObject and HeadObject.
func (a *Authorizer) MayGet(who iam.Principal, b *store.Bucket, o *store.Object) bool {
	r := iam.Resource{Instance: b.Instance, Bucket: b.Name, Path: o.Key}
	return a.iam.Allowed(who, iam.ObjectGet, r) && a.iam.Allowed(who, iam.ObjectHead, r) || granted(who, b, o.ACL, needRead)
}

// MayList reports whether who may list the keys of b below a prefix, as by ListObjects, and so learn which there are.
func (a *Authorizer) MayList(who iam.Principal, b *store.Bucket, prefix string) bool {
	return mayList(a.iam, who, b, prefix)
}

// MayPut reports whether who may write an object of b, as by PutObject and by an upload in parts.
func (a *Authorizer) MayPut(who iam.Principal, b *store.Bucket, key string) bool {
	r := iam.Resource{Instance: b.Instance, Bucket: b.Name, Path: key}
	return a.iam.Allowed(who, iam.ObjectPut, r) && a.iam.Allowed(who, iam.ObjectPutPart, r) || granted(who, b, b.ACL, needWrite)
}

func mayList(ids *iam.Service, who iam.Principal, b *store.Bucket, prefix string) bool {
	return ids.Allowed(who, iam.BucketGet, iam.Resource{Instance: b.Instance, Bucket: b.Name, Prefix: prefix}) ||
		granted(who, b, b.ACL, needRead)
}
