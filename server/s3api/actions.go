package s3api

import "github.com/icos-go/icos/server/iam"

// access is what roles must let a caller do for an operation. An operation that has none is for Managers.
type access struct {
	action  iam.Action
	version iam.Action // instead, if the request names a version; 0 if that makes no difference
	each    bool       // the operation asks again for each key that the request names
}

// accesses tells the IAM action of every operation that is served. Where IBM documents none, it is that of the nearest
// operation: deleting the lifecycle is writing it, as for S3, and what failed to replicate is part of the replication.
func accesses() map[string]access {
	needs := func(a iam.Action) access { return access{action: a} }
	versioned := func(a, version iam.Action) access { return access{action: a, version: version} }
	return map[string]access{
		"ListBuckets":         needs(iam.AccountGetAccountBuckets),
		"ListBucketsExtended": needs(iam.AccountGetAccountBuckets),

		"CreateBucket":                     needs(iam.BucketPutBucket),
		"DeleteBucket":                     needs(iam.BucketDeleteBucket),
		"HeadBucket":                       needs(iam.BucketHead),
		"ListObjects":                      needs(iam.BucketGet),
		"ListObjectsV2":                    needs(iam.BucketGet),
		"ListObjectVersions":               needs(iam.BucketGetVersions),
		"ListMultipartUploads":             needs(iam.BucketGetUploads),
		"GetBucketLocation":                needs(iam.BucketGetLocation),
		"GetBucketAcl":                     needs(iam.BucketGetACL),
		"PutBucketAcl":                     needs(iam.BucketPutACL),
		"GetBucketCors":                    needs(iam.BucketGetCORS),
		"PutBucketCors":                    needs(iam.BucketPutCORS),
		"DeleteBucketCors":                 needs(iam.BucketDeleteCORS),
		"GetBucketWebsite":                 needs(iam.BucketGetWebsite),
		"PutBucketWebsite":                 needs(iam.BucketPutWebsite),
		"DeleteBucketWebsite":              needs(iam.BucketDeleteWebsite),
		"GetBucketVersioning":              needs(iam.BucketGetVersioning),
		"PutBucketVersioning":              needs(iam.BucketPutVersioning),
		"GetBucketLifecycleConfiguration":  needs(iam.BucketGetLifecycle),
		"PutBucketLifecycleConfiguration":  needs(iam.BucketPutLifecycle),
		"DeleteBucketLifecycle":            needs(iam.BucketPutLifecycle),
		"GetBucketReplication":             needs(iam.BucketGetReplication),
		"PutBucketReplication":             needs(iam.BucketPutReplication),
		"DeleteBucketReplication":          needs(iam.BucketDeleteReplication),
		"ListBucketReplicationFailures":    needs(iam.BucketGetReplication),
		"PutBucketReplicationReattempt":    needs(iam.BucketPutReplication),
		"GetBucketTagging":                 needs(iam.BucketGetTagging),
		"PutBucketTagging":                 needs(iam.BucketPutTagging),
		"DeleteBucketTagging":              needs(iam.BucketDeleteTagging),
		"GetBucketProtectionConfiguration": needs(iam.BucketGetProtection),
		"PutBucketProtectionConfiguration": needs(iam.BucketPutProtection),
		"GetObjectLockConfiguration":       needs(iam.BucketGetObjectLockConfiguration),
		"PutObjectLockConfiguration":       needs(iam.BucketPutObjectLockConfiguration),
		"GetPublicAccessBlock":             needs(iam.BucketGetPublicAccessBlock),
		"PutPublicAccessBlock":             needs(iam.BucketPutPublicAccessBlock),
		"DeletePublicAccessBlock":          needs(iam.BucketDeletePublicAccessBlock),
		"GetBucketAspera":                  needs(iam.BucketGetFASPConnectionInfo),
		"DeleteObjects":                    {action: iam.ObjectPostMultiDelete, each: true},
		"PostObject":                       needs(iam.ObjectPost),

		"GetObject":               versioned(iam.ObjectGet, iam.ObjectGetVersion),
		"HeadObject":              versioned(iam.ObjectHead, iam.ObjectHeadVersion),
		"PutObject":               needs(iam.ObjectPut),
		"CopyObject":              needs(iam.ObjectCopy),
		"DeleteObject":            versioned(iam.ObjectDelete, iam.ObjectDeleteVersion),
		"GetObjectAcl":            versioned(iam.ObjectGetACL, iam.ObjectGetACLVersion),
		"PutObjectAcl":            versioned(iam.ObjectPutACL, iam.ObjectPutACLVersion),
		"CreateMultipartUpload":   needs(iam.ObjectPostInitiateUpload),
		"UploadPart":              needs(iam.ObjectPutPart),
		"UploadPartCopy":          needs(iam.ObjectCopyPart),
		"CompleteMultipartUpload": needs(iam.ObjectPostCompleteUpload),
		"AbortMultipartUpload":    needs(iam.ObjectDeleteUpload),
		"ListParts":               needs(iam.ObjectGetUploads),
		"RestoreObject":           versioned(iam.ObjectRestore, iam.ObjectRestoreVersion),
		"GetObjectTagging":        versioned(iam.ObjectGetTagging, iam.ObjectGetTaggingVersion),
		"PutObjectTagging":        versioned(iam.ObjectPutTagging, iam.ObjectPutTaggingVersion),
		"DeleteObjectTagging":     versioned(iam.ObjectDeleteTagging, iam.ObjectDeleteTaggingVersion),
		"GetObjectRetention":      versioned(iam.ObjectGetObjectLockRetention, iam.ObjectGetObjectLockRetentionVersion),
		"PutObjectRetention":      versioned(iam.ObjectPutObjectLockRetention, iam.ObjectPutObjectLockRetentionVersion),
		"GetObjectLegalHold":      versioned(iam.ObjectGetObjectLockLegalHold, iam.ObjectGetObjectLockLegalHoldVersion),
		"PutObjectLegalHold":      versioned(iam.ObjectPutObjectLockLegalHold, iam.ObjectPutObjectLockLegalHoldVersion),
		"ListLegalHolds":          needs(iam.ObjectGetLegalHold),
		"AddLegalHold":            needs(iam.ObjectPostLegalHold),
		"DeleteLegalHold":         needs(iam.ObjectPostLegalHold),
		"ExtendObjectRetention":   needs(iam.ObjectPostExtendRetention),
	}
}
