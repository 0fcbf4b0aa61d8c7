package s3api

func (rs *routes) publicAccess() {
	rs.missingAll(bucket, "publicAccessBlock", "PublicAccessBlock", "GET PUT DELETE")
}
