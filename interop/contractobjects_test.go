package interop

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

const hello = "hello, world"

// helloTag is the MD5 of hello.
const helloTag = `"e4d7f1b4ed2e42d15898f4b27b019da4"`

func contractObjects(s *trial) {
	b := s.create("b")
	tag := either(helloTag, strings.Trim(helloTag, `"`))
	s.okStatus("PutObject", 200, in{
		"Bucket": b, "Key": "dir/k ü", "Body": hello,
		"ContentType": "text/x-test", "CacheControl": "no-cache", "ContentDisposition": `attachment; filename="k"`,
		"ContentEncoding": "identity", "ContentLanguage": "de", "Expires": "2030-01-02T03:04:05Z",
		"Metadata": in{"shape": "round"},
	}, out{"ETag": tag, "VersionId": none, "ServerSideEncryption": none})
	stored := out{
		"ContentLength": len(hello), "ContentType": "text/x-test", "CacheControl": "no-cache",
		"ContentDisposition": `attachment; filename="k"`, "ContentEncoding": "identity", "ContentLanguage": "de",
		"ETag": tag, "LastModified": near(s.server.now()), "AcceptRanges": "bytes",
		"Metadata":  s.metadata("shape", "round"),
		"VersionId": none, "StorageClass": either(none, "STANDARD"), "DeleteMarker": none,
	}
	s.okStatus("HeadObject", 200, in{"Bucket": b, "Key": "dir/k ü"}, stored)
	stored["Body"] = hello
	s.okStatus("GetObject", 200, in{"Bucket": b, "Key": "dir/k ü"}, stored)
	s.ok("wait ObjectExists", in{"Bucket": b, "Key": "dir/k ü"}, nil)
	s.okStatus("GetObject", 206, in{"Bucket": b, "Key": "dir/k ü", "Range": "bytes=7-100"}, out{
		"Body": "world", "ContentLength": 5, "ContentRange": "bytes 7-11/12",
	})
	if !s.is("java") { // it cannot ask for the end
		s.okStatus("GetObject", 206, in{"Bucket": b, "Key": "dir/k ü", "Range": "bytes=-3"}, out{"Body": "rld"})
	}
	s.fails("GetObject", 416, "InvalidRange", in{"Bucket": b, "Key": "dir/k ü", "Range": "bytes=12-"})
	s.ok("GetObject", in{
		"Bucket": b, "Key": "dir/k ü", "ResponseContentType": "text/y", "ResponseCacheControl": "private",
		"ResponseContentDisposition": "inline", "ResponseContentEncoding": "x", "ResponseContentLanguage": "fr",
		"ResponseExpires": "2031-01-02T03:04:05Z",
	}, out{
		"Body": hello, "ContentType": "text/y", "CacheControl": "private", "ContentDisposition": "inline",
		"ContentEncoding": "x", "ContentLanguage": "fr",
	})
	conditionalReads(s, b, "dir/k ü")
	conditionalWrites(s, b)
	s.fails("GetObject", 404, "NoSuchKey", in{"Bucket": b, "Key": "missing"})
	s.fails("HeadObject", 404, "", in{"Bucket": b, "Key": "missing"})
	s.fails("GetObject", 404, "NoSuchBucket", in{"Bucket": b + "-not", "Key": "missing"})
	s.fails("PutObject", 404, "NoSuchBucket", in{"Bucket": b + "-not", "Key": "k", "Body": hello})
	s.fails("PutObject", 400, "KeyTooLong", in{"Bucket": b, "Key": strings.Repeat("k", 1025), "Body": hello})

	s.okStatus("DeleteObject", 204, in{"Bucket": b, "Key": "dir/k ü"}, out{"VersionId": none, "DeleteMarker": none})
	s.okStatus("DeleteObject", 204, in{"Bucket": b, "Key": "dir/k ü"}, nil)
	s.ok("wait ObjectNotExists", in{"Bucket": b, "Key": "dir/k ü"}, nil)
	for _, key := range []string{"1", "2", "3"} {
		s.ok("PutObject", in{"Bucket": b, "Key": key, "Body": key}, nil)
	}
	s.okStatus("DeleteObjects", 200, in{"Bucket": b, "Delete": in{"Objects": []in{{"Key": "1"}, {"Key": "never"}, {"Key": "2"}}}}, out{
		"Deleted": list{out{"Key": "1"}, out{"Key": "never"}, out{"Key": "2"}}, "Errors": none,
	})
	s.ok("DeleteObjects", in{"Bucket": b, "Delete": in{"Quiet": true, "Objects": []in{{"Key": "3"}}}}, out{"Deleted": none, "Errors": none})
	s.ok("ListObjects", in{"Bucket": b}, out{"Contents": none})
	conveniences(s, b)
}

// conveniences are methods of Java's SDK that say the same in other words.
func conveniences(s *trial, b string) {
	s.ok("PutObject", in{"Bucket": b, "Key": "easy", "Body": hello}, nil)
	s.ok("conveniences", in{"Bucket": b, "Key": "easy"}, out{
		"doesBucketExist": true, "doesBucketExistV2": true, "doesObjectExist": true, "getObjectAsString": hello,
		"noBucket": none, "noObject": none, "grants": 1,
	})
	s.ok("follow links", in{"Bucket": b, "Key": "easy", "Body": "followed"}, out{"Body": "followed"})
}

// metadata is one name of metadata with its value. Names go over the wire in lower case; Go's SDK alone changes that.
func (s *trial) metadata(name, value string) out {
	if s.is("go") {
		name = http.CanonicalHeaderKey(name)
	}
	return out{name: value}
}

func conditionalReads(s *trial, b, key string) {
	past, future := "2001-01-01T00:00:00Z", s.server.now().Add(24*time.Hour).UTC().Format(time.RFC3339)
	get := func(name, value string) in { return in{"Bucket": b, "Key": key, name: value} }
	s.ok("GetObject", get("IfMatch", helloTag), out{"Body": hello})
	s.ok("GetObject", get("IfNoneMatch", `"0"`), out{"Body": hello})
	s.ok("GetObject", get("IfModifiedSince", past), out{"Body": hello})
	s.ok("GetObject", get("IfUnmodifiedSince", future), out{"Body": hello})
	if !s.is("java") { // it cannot say so
		s.fails("HeadObject", 412, "", get("IfMatch", `"0"`))
		s.fails("HeadObject", 304, "", get("IfNoneMatch", helloTag))
	}
	s.fails("GetObject", 412, "PreconditionFailed", get("IfMatch", `"0"`))
	s.fails("GetObject", 412, "PreconditionFailed", get("IfUnmodifiedSince", past))
	s.fails("GetObject", 304, "", get("IfNoneMatch", helloTag))
	s.fails("GetObject", 304, "", get("IfModifiedSince", s.server.now().UTC().Format(time.RFC3339)))
}

// conditionalWrites: who says that there must be nothing yet is the first, or fails.
func conditionalWrites(s *trial, b string) {
	if !s.is("node") { // the others cannot say so
		return
	}
	s.ok("PutObject", in{"Bucket": b, "Key": "once", "Body": "first", "IfNoneMatch": "*"}, nil)
	s.fails("PutObject", 412, "PreconditionFailed", in{"Bucket": b, "Key": "once", "Body": "second", "IfNoneMatch": "*"})
	s.ok("GetObject", in{"Bucket": b, "Key": "once"}, out{"Body": "first"})
	s.ok("DeleteObject", in{"Bucket": b, "Key": "once"}, nil)
}

// source names the object to copy. All SDKs but Python's leave it to the caller to escape it.
func (s *trial) source(b, key string) string {
	if s.is("python") {
		return b + "/" + key
	}
	return b + "/" + url.PathEscape(key)
}

func contractCopies(s *trial) {
	b := s.create("b")
	tag := either(helloTag, strings.Trim(helloTag, `"`))
	s.ok("PutObject", in{"Bucket": b, "Key": "from ü", "Body": hello, "ContentType": "text/x-test", "Metadata": in{"shape": "round"}}, nil)
	source := s.source(b, "from ü")
	s.okStatus("CopyObject", 200, in{"Bucket": b, "Key": "same", "CopySource": source}, out{
		"CopyObjectResult": out{"ETag": tag, "LastModified": near(s.server.now())}, "VersionId": none, "CopySourceVersionId": none,
	})
	s.ok("GetObject", in{"Bucket": b, "Key": "same"}, out{"Body": hello, "ContentType": "text/x-test", "Metadata": s.metadata("shape", "round")})
	s.ok("CopyObject", in{
		"Bucket": b, "Key": "other", "CopySource": source, "MetadataDirective": "REPLACE", "ContentType": "text/y",
		"Metadata": in{"shape": "square"},
	}, nil)
	s.ok("GetObject", in{"Bucket": b, "Key": "other"}, out{"Body": hello, "ContentType": "text/y", "Metadata": s.metadata("shape", "square")})
	s.fails("CopyObject", 404, "NoSuchKey", in{"Bucket": b, "Key": "other", "CopySource": b + "/missing"})
	s.fails("CopyObject", 404, "NoSuchBucket", in{"Bucket": b, "Key": "other", "CopySource": b + "-not/missing"})
	s.fails("CopyObject", 400, "InvalidRequest", in{"Bucket": b, "Key": "same", "CopySource": b + "/same"})
	s.ok("CopyObject", in{"Bucket": b, "Key": "if", "CopySource": source, "CopySourceIfMatch": helloTag}, nil)
	s.fails("CopyObject", 412, "PreconditionFailed", in{"Bucket": b, "Key": "if", "CopySource": source, "CopySourceIfNoneMatch": helloTag})
	s.fails("CopyObject", 412, "PreconditionFailed", in{"Bucket": b, "Key": "if", "CopySource": source, "CopySourceIfMatch": `"0"`})
}

func contractListings(s *trial) {
	b := s.create("b")
	keys := []string{"a", "b/1", "b/2", "c d+é", "e"}
	for _, key := range keys {
		s.ok("PutObject", in{"Bucket": b, "Key": key, "Body": hello}, nil)
	}
	entry := func(key string) out {
		return out{"Key": key, "Size": len(hello), "ETag": etag, "LastModified": near(s.server.now()), "StorageClass": "STANDARD"}
	}
	var all, names list
	for _, key := range keys {
		all, names = append(all, entry(key)), append(names, out{"Key": key})
	}
	owned := entry("a")
	owned["Owner"] = out{"ID": some, "DisplayName": some}
	s.okStatus("ListObjects", 200, in{"Bucket": b}, out{
		"Name": b, "Prefix": none, "MaxKeys": 1000, "IsTruncated": none, "Contents": all, "CommonPrefixes": none,
	})
	s.ok("ListObjects", in{"Bucket": b, "MaxKeys": 1}, out{"IsTruncated": true, "Contents": list{owned}})
	s.ok("ListObjects", in{"Bucket": b, "Delimiter": "/", "MaxKeys": 2}, out{
		"IsTruncated": true, "Contents": list{entry("a")}, "CommonPrefixes": list{out{"Prefix": "b/"}}, "NextMarker": "b/",
	})
	s.ok("ListObjects", in{"Bucket": b, "Prefix": "b/", "Marker": "b/1"}, out{
		"Prefix": "b/", "Marker": "b/1", "Contents": list{entry("b/2")},
	})
	s.pages("ListObjects", 2, in{"Bucket": b}, out{"Contents": names})
	s.pages("ListObjects", 2, in{"Bucket": b, "Delimiter": "/"}, out{
		"Contents": list{out{"Key": "a"}, out{"Key": "c d+é"}, out{"Key": "e"}}, "CommonPrefixes": list{out{"Prefix": "b/"}},
	})
	s.okStatus("ListObjectsV2", 200, in{"Bucket": b}, out{
		"Name": b, "Prefix": none, "MaxKeys": 1000, "IsTruncated": none, "KeyCount": 5, "Contents": all, "NextContinuationToken": none,
	})
	s.ok("ListObjectsV2", in{"Bucket": b, "StartAfter": "b/2", "MaxKeys": 1, "FetchOwner": true}, out{
		"IsTruncated": true, "KeyCount": 1, "NextContinuationToken": some, "StartAfter": "b/2",
		"Contents": list{out{"Key": "c d+é", "Owner": out{"ID": some, "DisplayName": some}}},
	})
	s.ok("ListObjectsV2", in{"Bucket": b, "Delimiter": "/", "Prefix": "b/"}, out{"KeyCount": 2, "CommonPrefixes": none})
	s.pages("ListObjectsV2", 2, in{"Bucket": b}, out{"Contents": names})
	s.pages("ListObjectsV2", 1, in{"Bucket": b, "Delimiter": "/"}, out{
		"Contents": list{out{"Key": "a"}, out{"Key": "c d+é"}, out{"Key": "e"}}, "CommonPrefixes": list{out{"Prefix": "b/"}},
	})
}

// contractLinks follows links and posts forms that the SDKs made.
func contractLinks(s *trial) {
	b := s.create("b")
	s.okStatus("presign PutObject", 200, in{"Bucket": b, "Key": "put", "Body": hello}, nil)
	s.okStatus("presign GetObject", 200, in{"Bucket": b, "Key": "put"}, out{"Body": hello})
	if got := s.ok("presign GetObject", in{"Bucket": b, "Key": "missing"}, nil); got != nil && !strings.Contains(got.str("Body"), "<Code>NoSuchKey</Code>") {
		s.Errorf("a link to nothing gave %v", got)
	}
	form := in{"Bucket": b, "Key": "form/k", "Body": hello, "Fields": in{"success_action_status": "201", "Content-Type": "text/x-form"}, "Conditions": []any{
		in{"success_action_status": "201"}, in{"Content-Type": "text/x-form"}, []any{"content-length-range", 1, 100},
	}}
	if s.lacks("post") {
		return
	}
	if got := s.okStatus("post", 201, form, nil); got != nil && !strings.Contains(got.str("Body"), "<Key>form/k</Key>") {
		s.Errorf("a form gave %v", got)
	}
	s.ok("GetObject", in{"Bucket": b, "Key": "form/k"}, out{"Body": hello, "ContentType": "text/x-form"})
	form["Body"] = strings.Repeat("x", 101)
	if got := s.okStatus("post", 400, form, nil); got != nil && !strings.Contains(got.str("Body"), "<Code>EntityTooLarge</Code>") {
		s.Errorf("a form with too much gave %v", got)
	}
	s.okStatus("post", 204, in{"Bucket": b, "Key": "plain", "Body": hello}, nil)
	if !s.is("python") { // which alone signs version 2, and names the file
		return
	}
	s.okStatus("post", 204, in{"Bucket": b, "Key": "v2/${filename}", "Body": hello, "Signature": "s3"}, nil)
	s.ok("GetObject", in{"Bucket": b, "Key": "v2/hello.txt"}, out{"Body": hello})
	s.okStatus("post", 403, in{"Bucket": b, "Key": "k", "Body": hello, "Fields": in{"acl": "public-read"}}, nil) // not in the policy
	s.fails("GetObject", 404, "NoSuchKey", in{"Bucket": b, "Key": "k"})
}
