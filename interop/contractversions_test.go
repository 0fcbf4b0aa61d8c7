package interop

func contractVersions(s *trial) {
	b := s.create("b")
	k := in{"Bucket": b, "Key": "k"}
	s.ok("GetBucketVersioning", in{"Bucket": b}, out{"Status": either(none, "Off")}) // Java's name for none
	s.ok("PutObject", in{"Bucket": b, "Key": "k", "Body": "zero"}, out{"VersionId": none})
	s.okStatus("PutBucketVersioning", 200, in{"Bucket": b, "VersioningConfiguration": in{"Status": "Enabled"}}, nil)
	s.okStatus("GetBucketVersioning", 200, in{"Bucket": b}, out{"Status": "Enabled"})
	one := s.ok("PutObject", in{"Bucket": b, "Key": "k", "Body": "one"}, out{"VersionId": version}).str("VersionId")
	two := s.ok("PutObject", in{"Bucket": b, "Key": "k", "Body": "two"}, out{"VersionId": version}).str("VersionId")
	at := func(id string) in { return in{"Bucket": b, "Key": "k", "VersionId": id} }
	s.ok("GetObject", k, out{"Body": "two", "VersionId": two})
	s.ok("GetObject", at(one), out{"Body": "one", "VersionId": one})
	s.ok("GetObject", at("null"), out{"Body": "zero", "VersionId": "null"})
	s.ok("HeadObject", at(one), out{"ContentLength": 3, "VersionId": one})
	s.fails("GetObject", 404, "NoSuchVersion", at("3e2f9a00-0000-0000-0000-000000000000"))

	marker := s.okStatus("DeleteObject", 204, k, out{"DeleteMarker": either(true, none), "VersionId": either(version, none)}).str("VersionId")
	s.fails("GetObject", 404, "NoSuchKey", k)
	got := s.okStatus("ListObjectVersions", 200, in{"Bucket": b}, out{
		"Name": b, "IsTruncated": none, "MaxKeys": 1000,
		"Versions": list{
			out{"Key": "k", "VersionId": two, "IsLatest": none, "Size": 3, "ETag": etag, "LastModified": near(s.server.now()), "StorageClass": "STANDARD", "Owner": out{"ID": some, "DisplayName": some}},
			out{"Key": "k", "VersionId": one, "IsLatest": none},
			out{"Key": "k", "VersionId": "null", "IsLatest": none, "Size": 4},
		},
		"DeleteMarkers": list{
			out{"Key": "k", "VersionId": version, "IsLatest": true, "LastModified": near(s.server.now()), "Owner": out{"ID": some}},
		},
	})
	if markers, _ := got["DeleteMarkers"].([]any); len(markers) == 1 {
		id := markers[0].(map[string]any)["VersionId"].(string)
		if marker != "" && marker != id {
			s.Errorf("DeleteObject made marker %s, and %s is listed", marker, id)
		}
		marker = id
	}
	s.fails("GetObject", 405, "MethodNotAllowed", at(marker))
	s.okStatus("DeleteObject", 204, at(marker), out{"VersionId": either(marker, none), "DeleteMarker": either(true, none)})
	s.ok("GetObject", k, out{"Body": "two"})
	s.pages("ListObjectVersions", 1, in{"Bucket": b}, out{
		"Versions": list{out{"VersionId": two, "IsLatest": true}, out{"VersionId": one}, out{"VersionId": "null"}}, "DeleteMarkers": none,
	})
	s.ok("ListObjectVersions", in{"Bucket": b, "MaxKeys": 1}, out{
		"IsTruncated": true, "NextKeyMarker": "k", "NextVersionIdMarker": two, "Versions": ofLength(1),
	})
	s.ok("ListObjectVersions", in{"Bucket": b, "KeyMarker": "k", "VersionIdMarker": two}, out{
		"KeyMarker": "k", "VersionIdMarker": two, "Versions": list{out{"VersionId": one}, out{"VersionId": "null"}},
	})
	s.ok("CopyObject", in{"Bucket": b, "Key": "back", "CopySource": b + "/k?versionId=" + one}, out{"VersionId": version})
	s.ok("GetObject", in{"Bucket": b, "Key": "back"}, out{"Body": "one"})
	versionTags(s, b, one)
	suspended(s, b)
	s.fails("DeleteBucket", 409, "BucketNotEmpty", in{"Bucket": b})
	s.ok("DeleteObjects", in{"Bucket": b, "Delete": in{"Objects": []any{
		in{"Key": "k", "VersionId": one}, in{"Key": "k", "VersionId": two},
	}}}, out{"Errors": none, "Deleted": list{out{"Key": "k", "VersionId": one}, out{"Key": "k", "VersionId": two}}})
	s.ok("DeleteObjects", in{"Bucket": b, "Delete": in{"Objects": []any{in{"Key": "back"}}}}, out{"Deleted": list{
		out{"Key": "back", "DeleteMarker": true, "DeleteMarkerVersionId": version},
	}})
}

// versionTags: each version has tags of its own.
func versionTags(s *trial, b, id string) {
	at := in{"Bucket": b, "Key": "k", "VersionId": id}
	tags := in{"TagSet": []any{in{"Key": "of", "Value": "one"}}}
	s.ok("PutObjectTagging", in{"Bucket": b, "Key": "k", "VersionId": id, "Tagging": tags}, out{"VersionId": id})
	s.ok("GetObjectTagging", at, out{"VersionId": id, "TagSet": list{out{"Key": "of", "Value": "one"}}})
	s.ok("GetObjectTagging", in{"Bucket": b, "Key": "k"}, out{"TagSet": none})
	s.okStatus("DeleteObjectTagging", 204, at, out{"VersionId": id})
	s.ok("GetObjectTagging", at, out{"TagSet": none})
}

func suspended(s *trial, b string) {
	k := in{"Bucket": b, "Key": "k"}
	s.ok("PutBucketVersioning", in{"Bucket": b, "VersioningConfiguration": in{"Status": "Suspended"}}, nil)
	s.ok("GetBucketVersioning", in{"Bucket": b}, out{"Status": "Suspended"})
	s.ok("PutObject", in{"Bucket": b, "Key": "k", "Body": "null again"}, out{"VersionId": either("null", none)})
	s.ok("GetObject", k, out{"Body": "null again", "VersionId": "null"})
	s.ok("ListObjectVersions", in{"Bucket": b, "Prefix": "k"}, out{"Versions": list{
		out{"VersionId": "null", "IsLatest": true, "Size": 10}, out{"VersionId": version}, out{"VersionId": version},
	}})
}
