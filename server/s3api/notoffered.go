package s3api

import "strings"

// listing is put before a sub-resource of which a bucket has several: without an id, a GET lists them.
const listing = "\x00list "

// notOffered declares the operations of S3 that IBM does not offer, so that the answer can name them: some are in the models of
// its SDKs, others only in those of Amazon.
func (rs *routes) notOffered() {
	for _, m := range []struct{ sub, noun, methods string }{
		{"accelerate", "BucketAccelerateConfiguration", "GET PUT"},
		{"abac", "BucketAbac", "GET PUT"},
		{"encryption", "BucketEncryption", "GET PUT DELETE"},
		{"logging", "BucketLogging", "GET PUT"},
		{"metadataConfiguration", "BucketMetadataConfiguration", "GET POST DELETE"},
		{"metadataTable", "BucketMetadataTableConfiguration", "GET POST DELETE"},
		{"notification", "BucketNotificationConfiguration", "GET PUT"},
		{"ownershipControls", "BucketOwnershipControls", "GET PUT DELETE"},
		{"policy", "BucketPolicy", "GET PUT DELETE"},
		{"policyStatus", "BucketPolicyStatus", "GET"},
		{"requestPayment", "BucketRequestPayment", "GET PUT"},
	} {
		rs.missingAll(bucket, m.sub, m.noun, m.methods)
	}
	for _, m := range []struct{ sub, noun string }{
		{"analytics", "BucketAnalyticsConfiguration"},
		{"intelligent-tiering", "BucketIntelligentTieringConfiguration"},
		{"inventory", "BucketInventoryConfiguration"},
		{"metrics", "BucketMetricsConfiguration"},
	} {
		rs.missingAll(bucket, m.sub, m.noun, "GET PUT DELETE")
		rs.missing(bucket, "GET", listing+m.sub, "List"+m.noun+"s")
		rs.listings[m.sub] = true
	}
	rs.missing(bucket, "PUT", "metadataInventoryTable", "UpdateBucketMetadataInventoryTableConfiguration")
	rs.missing(bucket, "PUT", "metadataJournalTable", "UpdateBucketMetadataJournalTableConfiguration")
	rs.missing(bucket, "GET", "session", "CreateSession")

	rs.missing(object, "GET", "attributes", "GetObjectAttributes")
	rs.missing(object, "GET", "torrent", "GetObjectTorrent")
	rs.missing(object, "POST", "select", "SelectObjectContent")
	rs.missing(object, "PUT", "encryption", "UpdateObjectEncryption")
	rs.missing(object, "PUT", "renameObject", "RenameObject")
}

// missing declares an operation that is not offered.
func (rs *routes) missing(l level, method, sub, name string) {
	rs.add(l, method, sub, name, needNothing, nil)
}

// missingAll declares operations on a noun, named as in GetBucketPolicy.
func (rs *routes) missingAll(l level, sub, noun, methods string) {
	verbs := map[string]string{"GET": "Get", "PUT": "Put", "POST": "Create", "DELETE": "Delete"}
	for method := range strings.FieldsSeq(methods) {
		rs.missing(l, method, sub, verbs[method]+noun)
	}
}
