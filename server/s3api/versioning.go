package s3api

func (rs *routes) versioning() {
	rs.missingAll(bucket, "versioning", "BucketVersioning", "GET PUT")
}
