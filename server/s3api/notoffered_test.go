package s3api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server/clock"
	"github.com/icos-go/icos/server/s3api"
)

// TestWhatIBMDoesNotOffer asks for every operation that is known and not offered.
func TestWhatIBMDoesNotOffer(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/key", "hello")
	missing := 0
	for _, op := range s3api.Operations() {
		if op.Offered {
			continue
		}
		missing++
		method, target, _ := strings.Cut(op.Request, " ")
		if !strings.HasPrefix(op.Name, "List") {
			target += "&id=x"
		}
		r := s.do(s.owner, method, target, "")
		r.want(t, 501, "NotImplemented")
		if !strings.Contains(r.body, op.Name+" ") {
			t.Errorf("%s %s: %s does not name %s", method, target, r.body, op.Name)
		}
	}
	if missing < 45 {
		t.Errorf("%d operations that are not offered; Amazon has more that IBM has not", missing)
	}
	if got := s.do(s.owner, "GET", "/bucket/key", "").body; got != "hello" {
		t.Errorf("the object is %q now", got)
	}
}

func TestDeletedNamesAreHeld(t *testing.T) {
	day := clock.New(nil)
	s := newServer(t, serverOptions{today: day.Now, nameHold: 5 * time.Minute})
	create := func(who user) *response {
		return s.do(who, "PUT", "/fleeting", "", "ibm-service-instance-id", who.instance)
	}
	create(s.owner).want(t, 200, "")
	s.do(s.owner, "DELETE", "/fleeting", "", "aspera-ak-max-tries", "2").want(t, 204, "")
	create(s.owner).want(t, 409, "BucketAlreadyExists")
	create(s.other).want(t, 409, "BucketAlreadyExists")
	s.do(s.owner, "HEAD", "/fleeting", "").want(t, 404, "")
	day.Advance(5 * time.Minute)
	create(s.other).want(t, 200, "")
}

// TestHeadersThatCOSIgnores sends those that its SDKs can send and that say nothing to one site.
func TestHeadersThatCOSIgnores(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "hello")
	for _, path := range []string{"/bucket", "/bucket?uploads", "/bucket/k", "/bucket/k?acl"} {
		s.do(s.owner, "GET", path, "", "Mirror-Destination", "elsewhere", "X-Unheard-Of", "1").want(t, 200, "")
	}
	s.do(s.owner, "HEAD", "/bucket/k", "", "Mirror-Destination", "elsewhere").want(t, 200, "")
}

// TestAnonymousRequestsOverrideNoHeaders keeps a public object from being shown as what it is not.
func TestAnonymousRequestsOverrideNoHeaders(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/k", "<script>", "x-amz-acl", "public-read", "Content-Type", "text/plain")
	const query = "?response-content-type=text%2Fhtml"
	s.do(s.nobody, "GET", "/bucket/k"+query, "").want(t, 400, "InvalidRequest")
	s.do(s.nobody, "HEAD", "/bucket/k"+query, "").want(t, 400, "")
	for _, method := range []string{"GET", "HEAD"} {
		r := s.do(s.owner, method, "/bucket/k"+query, "")
		r.want(t, 200, "")
		if got := r.Header.Get("Content-Type"); got != "text/html" {
			t.Errorf("%s: Content-Type %q", method, got)
		}
	}
}
