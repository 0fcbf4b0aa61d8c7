package s3api_test

import "testing"

func TestCopyOntoItself(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "hello", "x-amz-meta-a", "b")
	copied := func(headers ...string) *response {
		return s.do(s.owner, "PUT", "/bucket/k", "", append(headers, "x-amz-copy-source", "/bucket/k")...)
	}
	copied().want(t, 400, "InvalidRequest")
	copied("x-amz-metadata-directive", "COPY").want(t, 400, "InvalidRequest")
	copied("x-amz-storage-class", "STANDARD").want(t, 200, "")
	copied("x-amz-website-redirect-location", "/new").want(t, 200, "")
	if r := s.do(s.owner, "GET", "/bucket/k", ""); r.body != "hello" || r.Header.Get("X-Amz-Meta-A") != "b" || r.Header.Get("X-Amz-Website-Redirect-Location") != "/new" {
		t.Errorf("after two copies: %q, %v", r.body, r.Header)
	}
	copied("x-amz-metadata-directive", "REPLACE").want(t, 200, "")
	if r := s.do(s.owner, "GET", "/bucket/k", ""); r.body != "hello" || r.Header.Get("X-Amz-Meta-A") != "" {
		t.Errorf("after its metadata was replaced: %q, %v", r.body, r.Header)
	}
}
