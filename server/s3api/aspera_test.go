package s3api_test

import (
	"encoding/xml"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/iam"
)

// connectionInfo is the document as IBM's SDKs read it.
type connectionInfo struct {
	XMLName   xml.Name
	AccessKey struct{ Id, Secret string } //nolint:revive // as in the document
	Endpoint  string                      `xml:"ATSEndpoint"`
}

func TestGetBucketAspera(t *testing.T) {
	s := newServer(t, serverOptions{hosts: []string{"cos.test"}})
	r := s.do(s.owner, "GET", "/bucket?faspConnectionInfo", "", "Accept", "application/xml")
	r.want(t, 200, "")
	info := decode[connectionInfo](t, r)
	if info.XMLName.Local != "FASPConnectionInfo" || len(info.AccessKey.Secret) < 40 || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("connection info: %v %s", r.Header, r.body)
	}
	if bucket, ok := iam.AsperaBucket(info.AccessKey.Id); !ok || bucket != "bucket" {
		t.Errorf("the access key is of bucket %q", bucket)
	}
	if info.Endpoint != s.url {
		t.Errorf("ATSEndpoint is %q, want %q", info.Endpoint, s.url)
	}
	// It stays the same, however the bucket is addressed.
	again := decode[connectionInfo](t, s.do(s.owner, "GET", "/?faspConnectionInfo=", "", "Host", "BUCKET.cos.test:9000"))
	if again.AccessKey != info.AccessKey || again.Endpoint != "http://cos.test:9000" {
		t.Errorf("by virtual host: another key, or endpoint %q", again.Endpoint)
	}
	s.do(s.owner, "PUT", "/second", "", "Ibm-Service-Instance-Id", s.owner.instance).want(t, 200, "")
	second := decode[connectionInfo](t, s.do(s.owner, "GET", "/second?faspConnectionInfo", ""))
	if second.AccessKey.Id == info.AccessKey.Id || second.AccessKey.Secret == info.AccessKey.Secret {
		t.Error("two buckets share an access key")
	}
}

func TestGetBucketAsperaIsForTheInstance(t *testing.T) {
	s := newServer(t, serverOptions{})
	// That everybody may read and write a bucket is by its ACL, which does not give out keys.
	s.do(s.owner, "PUT", "/bucket?acl", "", "X-Amz-Acl", "public-read-write").want(t, 200, "")
	s.do(s.other, "GET", "/bucket?faspConnectionInfo", "").want(t, 403, "AccessDenied")
	s.do(s.nobody, "GET", "/bucket?faspConnectionInfo", "").want(t, 403, "AccessDenied")
	s.do(s.owner, "GET", "/missing?faspConnectionInfo", "").want(t, 404, "NoSuchBucket")
	s.do(s.owner, "PUT", "/bucket?faspConnectionInfo", "").want(t, 405, "MethodNotAllowed")
	s.do(s.owner, "DELETE", "/bucket?faspConnectionInfo", "").want(t, 405, "MethodNotAllowed")
	s.do(s.owner, "GET", "/bucket?faspConnectionInfo&acl", "").want(t, 400, "InvalidArgument")
}

func TestGetBucketAsperaOverTLS(t *testing.T) {
	s := newServer(t, serverOptions{})
	ts := httptest.NewTLSServer(s.handler)
	defer ts.Close()
	s.url, s.host, s.client = ts.URL, strings.TrimPrefix(ts.URL, "https://"), ts.Client().Transport
	if got := decode[connectionInfo](t, s.do(s.owner, "GET", "/bucket?faspConnectionInfo", "")).Endpoint; got != ts.URL {
		t.Errorf("ATSEndpoint is %q, want %q", got, ts.URL)
	}
}
