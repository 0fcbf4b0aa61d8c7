package kms

import "github.com/icos-go/icos/server/iam"

// need is the role that an operation takes, as IBM has it.
type need int

const (
	reader  need = iota // lists, describes, wraps and unwraps
	writer              // also makes and rotates keys, and reads standard keys
	manager             // also disables, enables, deletes and restores keys
)

// has reports whether the caller has a role. The local service has no policies of its own: who has a role on the whole of a COS
// instance has it on the keys of the account, and who may only use some buckets, or some objects, has none.
func (q *request) has(n need) bool {
	at := iam.Resource{Instance: q.who.Instance}
	switch n {
	case reader:
		return q.iam.Allowed(q.who, iam.AccountGetAccountBuckets, at)
	case writer:
		return q.iam.Allowed(q.who, iam.BucketPutBucket, at)
	}
	return q.iam.Manages(q.who, q.who.Instance)
}
