package s3api

func (rs *routes) website() {
	rs.missingAll(bucket, "website", "BucketWebsite", "GET PUT DELETE")
	rs.missing(bucket, "POST", withForm, "PostObject")
}
