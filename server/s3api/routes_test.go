package s3api_test

import (
	"strings"
	"testing"
)

// TestNotImplemented asks for every operation of the COS API that is left out, and for sub-resources that nobody knows.
func TestNotImplemented(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "hello")
	tests := []struct{ method, path, name string }{
		{"GET", "/bucket?analytics&id=x", "GetBucketAnalyticsConfiguration"},
		{"DELETE", "/bucket?policy", "DeleteBucketPolicy"},
		{"GET", "/bucket?logging", "GetBucketLogging"},
		{"POST", "/bucket/k?select&select-type=2", "SelectObjectContent"},
		{"GET", "/bucket/k?torrent", "GetObjectTorrent"},
		{"GET", "/bucket/k?attributes", "GetObjectAttributes"},
		{"GET", "/bucket?frobnicate", "frobnicate"},
		{"GET", "/bucket/k?frobnicate=", "frobnicate"},
		{"PUT", "/bucket/k?frobnicate", "frobnicate"},
		{"DELETE", "/bucket/k?frobnicate", "frobnicate"},
		{"DELETE", "/bucket?lifecycleX", "lifecycleX"},
		{"GET", "/?frobnicate", "frobnicate"},
	}
	for _, test := range tests {
		r := s.do(s.owner, test.method, test.path, "")
		r.want(t, 501, "NotImplemented")
		if !strings.Contains(r.body, test.name) {
			t.Errorf("%s %s: %s does not name %s", test.method, test.path, r.body, test.name)
		}
	}
	if got := s.do(s.owner, "GET", "/bucket/k", "").body; got != "hello" {
		t.Errorf("object is %q after requests that were not implemented", got)
	}
	// Parameters that choose nothing are ignored, as S3 does.
	for _, path := range []string{"/bucket/k?x-id=GetObject", "/bucket/k?_=123", "/bucket?prefix="} {
		s.do(s.owner, "GET", path, "").want(t, 200, "")
	}
}

func TestMethodNotAllowed(t *testing.T) {
	s := newServer(t, serverOptions{})
	for _, test := range []struct{ method, path, allow string }{
		{"PATCH", "/bucket/k", "GET, HEAD, PUT, DELETE"},
		{"POST", "/bucket/k", "GET, HEAD, PUT, DELETE"},
		{"POST", "/bucket", "GET, HEAD, PUT, DELETE"},
		{"PUT", "/bucket?location", "GET"},
		{"DELETE", "/bucket?acl", "GET, PUT"},
		{"GET", "/bucket/k?uploads", "POST"},
		{"DELETE", "/", "GET"},
		{"FROB", "/bucket", "GET, HEAD, PUT, DELETE"},
	} {
		r := s.do(s.owner, test.method, test.path, "")
		r.want(t, 405, "MethodNotAllowed")
		if got := r.Header.Get("Allow"); got != test.allow {
			t.Errorf("%s %s: Allow %q, want %q", test.method, test.path, got, test.allow)
		}
	}
}
