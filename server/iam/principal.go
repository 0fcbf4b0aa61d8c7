package iam

// A Principal is who a request turned out to come from.
type Principal struct {
	ID       string // IAM ID, such as iam-ServiceId-<uuid>; empty when Anonymous
	Name     string // for display; never used to decide anything
	Instance string // UUID of the service instance the identity belongs to
	// Anonymous is true for a request that carried no proof of identity at
	// all, as reads of public objects do. All other fields are then empty.
	Anonymous bool
}

// An Instance is a service instance: the owner of buckets.
type Instance struct {
	ID        string // UUID
	AccountID string // 32 hexadecimal digits
	CRN       string // full CRN, as the header ibm-service-instance-id carries it
	Name      string
}
