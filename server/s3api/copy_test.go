package s3api_test

import (
	"testing"
)

func TestCopyObject(t *testing.T) {
	s := newServer(t, serverOptions{})
	const key = "a%20b%2Bc%25"
	s.put("/bucket/"+key, "hello", "Content-Type", "text/plain", "x-amz-meta-k", "v", "X-Amz-Acl", "public-read")
	for _, source := range []string{"bucket/" + key, "/bucket/" + key, "bucket/" + key + "?versionId=null", "bucket%2F" + key} {
		r := s.do(s.owner, "PUT", "/bucket/copy", "", "X-Amz-Copy-Source", source)
		r.want(t, 200, "")
		result := decode[struct{ ETag, LastModified string }](t, r)
		if result.ETag != `"5d41402abc4b2a76b9719d911017c592"` || r.Header.Get("ETag") != result.ETag || result.LastModified == "" {
			t.Errorf("copy of %s: %+v, ETag header %s", source, result, r.Header.Get("ETag"))
		}
		got := s.do(s.owner, "GET", "/bucket/copy", "")
		if got.body != "hello" || got.Header.Get("Content-Type") != "text/plain" || got.Header.Get("X-Amz-Meta-K") != "v" {
			t.Errorf("copy of %s: %q %v", source, got.body, got.Header)
		}
	}
	// The ACL is not copied.
	s.do(s.nobody, "GET", "/bucket/copy", "").want(t, 403, "AccessDenied")

	s.do(s.owner, "PUT", "/bucket/copy", "", "X-Amz-Copy-Source", "bucket/"+key, "X-Amz-Metadata-Directive", "REPLACE", "x-amz-meta-new", "w").want(t, 200, "")
	got := s.do(s.owner, "HEAD", "/bucket/copy", "").Header
	if got.Get("X-Amz-Meta-New") != "w" || got.Get("X-Amz-Meta-K") != "" || got.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("after REPLACE: %v", got)
	}
	s.do(s.owner, "PUT", "/bucket/copy", "", "X-Amz-Copy-Source", "bucket/copy").want(t, 400, "InvalidRequest")
	s.do(s.owner, "PUT", "/bucket/copy", "", "X-Amz-Copy-Source", "bucket/copy", "X-Amz-Metadata-Directive", "REPLACE", "x-amz-meta-self", "y").want(t, 200, "")
	if got := s.do(s.owner, "GET", "/bucket/copy", ""); got.body != "hello" || got.Header.Get("X-Amz-Meta-Self") != "y" {
		t.Errorf("after self copy: %q %v", got.body, got.Header)
	}
	r := s.do(s.owner, "PUT", "/bucket/copy", "", "X-Amz-Copy-Source", "bucket/"+key, "X-Amz-Checksum-Algorithm", "CRC32")
	r.want(t, 200, "")
	if got := decode[struct{ ChecksumCRC32, ChecksumType string }](t, r); got.ChecksumCRC32 != crc32Base64("hello") || got.ChecksumType != "FULL_OBJECT" {
		t.Errorf("checksum of copy %+v", got)
	}
}

func TestCopyErrors(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "hello")
	tests := []struct {
		source string
		extra  []string
		status int
		code   string
	}{
		{"", nil, 400, "InvalidArgument"},
		{"bucket", nil, 400, "InvalidArgument"},
		{"bucket/", nil, 400, "InvalidArgument"},
		{"/", nil, 400, "InvalidArgument"},
		{"//k", nil, 400, "InvalidArgument"},
		{"bucket/%zz", nil, 400, "InvalidArgument"},
		{"bucket/%ff", nil, 400, "InvalidURI"},
		{"b!cket/k", nil, 400, "InvalidArgument"},
		{"bucket/k?versionId=123", nil, 404, "NoSuchVersion"},
		{"bucket/none", nil, 404, "NoSuchKey"},
		{"nosuchbucket/k", nil, 404, "NoSuchBucket"},
		{"bucket/k", []string{"X-Amz-Metadata-Directive", "MERGE"}, 400, "InvalidArgument"},
		{"bucket/k", []string{"X-Amz-Checksum-Algorithm", "MD4"}, 400, "InvalidRequest"},
		{"bucket/k", []string{"If-None-Match", "*"}, 412, "PreconditionFailed"},
	}
	s.put("/bucket/target", "kept")
	for _, test := range tests {
		r := s.do(s.owner, "PUT", "/bucket/target", "", append(test.extra, "X-Amz-Copy-Source", test.source)...)
		r.want(t, test.status, test.code)
	}
	if got := s.do(s.owner, "GET", "/bucket/target", "").body; got != "kept" {
		t.Errorf("target is %q after refused copies", got)
	}
}

func TestCopyNeedsReadOfSource(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.do(s.other, "PUT", "/theirs", "", "ibm-service-instance-id", s.other.instance).want(t, 200, "")
	s.put("/bucket/secret", "x")
	s.put("/bucket/open", "y", "X-Amz-Acl", "public-read")
	s.do(s.other, "PUT", "/theirs/k", "", "X-Amz-Copy-Source", "bucket/secret").want(t, 403, "AccessDenied")
	s.do(s.other, "PUT", "/theirs/k", "", "X-Amz-Copy-Source", "bucket/none").want(t, 403, "AccessDenied")
	s.do(s.other, "PUT", "/theirs/k", "", "X-Amz-Copy-Source", "bucket/open").want(t, 200, "")
	u := decode[struct{ UploadId string }](t, s.do(s.other, "POST", "/theirs/m?uploads", "")).UploadId //nolint:revive // as in the document
	s.do(s.other, "PUT", "/theirs/m?partNumber=1&uploadId="+u, "", "X-Amz-Copy-Source", "bucket/secret").want(t, 403, "AccessDenied")
}
