package s3api_test

import (
	"crypto/md5"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// lateBody is a body that the client begins to send only after something else has happened.
type lateBody struct {
	io.Reader
	before func()
}

func (b *lateBody) Read(p []byte) (int, error) {
	if b.before != nil {
		b.before()
		b.before = nil
	}
	return b.Reader.Read(p)
}

// TestBucketOfAnotherByTheEndOfTheBody deletes a bucket while its owner's request is on the way, and lets another instance make a
// bucket of that name: the request must not reach it.
func TestBucketOfAnotherByTheEndOfTheBody(t *testing.T) {
	const (
		remove = `<Delete><Object><Key>k</Key></Object></Delete>`
		cors   = `<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>`
	)
	s := newServer(t, serverOptions{})
	acl := `<AccessControlPolicy><Owner><ID>` + s.other.instance + `</ID></Owner><AccessControlList><Grant><Grantee><ID>` + s.other.instance +
		`</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>`
	transport := &http.Transport{ExpectContinueTimeout: time.Minute} // the server asks for the body once it has authorized the request
	defer transport.CloseIdleConnections()
	for _, test := range []struct{ method, path, body string }{
		{"POST", "?delete", remove},
		{"PUT", "?acl", acl},
		{"PUT", "/k?acl", acl},
		{"PUT", "?cors", cors},
	} {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			s.do(s.other, "PUT", "/taken", "", "Ibm-Service-Instance-Id", s.other.instance).want(t, 200, "")
			s.do(s.other, "PUT", "/taken/k", "old").want(t, 200, "")
			begun := false
			body := &lateBody{Reader: strings.NewReader(test.body), before: func() {
				begun = true
				s.do(s.other, "DELETE", "/taken/k", "").want(t, 204, "")
				s.do(s.other, "DELETE", "/taken", "").want(t, 204, "")
				s.do(s.owner, "PUT", "/taken", "", "Ibm-Service-Instance-Id", s.owner.instance).want(t, 200, "")
				s.do(s.owner, "PUT", "/taken/k", "new").want(t, 200, "")
			}}
			r, err := http.NewRequest(test.method, s.url+"/taken"+test.path, body)
			if err != nil {
				t.Fatal(err)
			}
			sum := md5.Sum([]byte(test.body))
			r.ContentLength = int64(len(test.body))
			r.Header.Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
			r.Header.Set("Authorization", "Bearer "+s.other.token)
			r.Header.Set("Expect", "100-continue")
			res, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if !begun || res.StatusCode != http.StatusForbidden {
				t.Errorf("body asked for: %v, status %d, want %d", begun, res.StatusCode, http.StatusForbidden)
			}
			if got := s.do(s.owner, "GET", "/taken/k", ""); got.body != "new" {
				t.Errorf("the other's object is %d %s", got.StatusCode, got.body)
			}
			s.do(s.other, "GET", "/taken/k", "").want(t, 403, "AccessDenied")
			s.do(s.other, "GET", "/taken", "").want(t, 403, "AccessDenied")
			s.do(s.owner, "GET", "/taken?cors", "").want(t, 404, "NoSuchCORSConfiguration")
			s.do(s.owner, "DELETE", "/taken/k", "").want(t, 204, "")
			s.do(s.owner, "DELETE", "/taken", "").want(t, 204, "")
		})
	}
}
