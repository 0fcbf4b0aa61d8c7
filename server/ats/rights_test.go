package ats_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

// TestRightsOfTransfers asks for both directions as identities of every kind. What S3 would refuse is refused, and those who may not
// list are told the same of what is there and of what is not.
func TestRightsOfTransfers(t *testing.T) {
	s := newService(t)
	credential := func(o *iam.CredentialOptions) string {
		c, err := s.iam.CreateCredential(t.Context(), s.owner.InstanceID(), "c", o)
		if err != nil {
			t.Fatal(err)
		}
		return s.credentials(c, "aspera_ats")
	}
	who := map[string]string{
		"Manager":       credential(&iam.CredentialOptions{Role: iam.Manager}),
		"Reader":        credential(&iam.CredentialOptions{Role: iam.Reader}),
		"ObjectReader":  credential(&iam.CredentialOptions{Role: iam.ObjectReader}),
		"ObjectWriter":  credential(&iam.CredentialOptions{Role: iam.ObjectWriter}),
		"photos":        credential(&iam.CredentialOptions{Role: iam.Writer, Bucket: "media", Prefix: "photos/"}),
		"film":          credential(&iam.CredentialOptions{Role: iam.Writer, Bucket: "media", Prefix: "film.mov/"}),
		"another's":     s.credentials(s.other, "aspera_ats"),
		"without roles": credential(&iam.CredentialOptions{WithoutRole: true}),
	}
	codes := func(credentials, action string, paths ...string) string {
		var got []string
		for _, path := range paths {
			request := `{"paths":[{"source":"` + path + `"}]}`
			if action == "upload_setup" {
				request = `{"paths":[{"source":"/x","destination":"` + path + `"}]}`
			}
			e := only(t, s.ask("POST", "/files/"+action, `{"transfer_requests":[{"transfer_request":`+request+`}]}`, "X-Aspera-Storage-Credentials", credentials))
			if e.Error == nil {
				got = append(got, "200")
			} else {
				got = append(got, fmt.Sprint(e.Error.Code))
			}
		}
		return strings.Join(got, " ")
	}
	for name, want := range map[string][2]string{
		//                 film.mov photos/ photos/a.jpg / missing      film.mov photos photos/b.jpg
		"Manager":       {"200 200 200 200 404", "200 200 200"},
		"Reader":        {"200 200 200 200 404", "403 403 403"},
		"ObjectReader":  {"200 403 200 403 403", "403 403 403"},
		"ObjectWriter":  {"403 403 403 403 403", "200 200 200"},
		"photos":        {"403 200 200 403 403", "403 200 200"},
		"film":          {"404 403 403 403 403", "200 403 403"}, // as if there were no film.mov beside film.mov/
		"another's":     {"403 403 403 403 403", "403 403 403"},
		"without roles": {"403 403 403 403 403", "403 403 403"},
	} {
		if got := codes(who[name], "download_setup", "film.mov", "photos/", "photos/a.jpg", "/", "missing"); got != want[0] {
			t.Errorf("%s: downloads are %s, want %s", name, got, want[0])
		}
		if got := codes(who[name], "upload_setup", "film.mov", "photos", "photos/b.jpg"); got != want[1] {
			t.Errorf("%s: uploads are %s, want %s", name, got, want[1])
		}
	}
	// What an ACL gives, S3 would give.
	if _, err := s.store.Update(t.Context(), "media", "film.mov", func(o *store.Object) error {
		o.ACL.Grants = []store.Grant{{Grantee: store.Grantee{ID: s.other.InstanceID()}, Permission: "READ"}}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := codes(who["another's"], "download_setup", "film.mov", "photos/a.jpg"); got != "200 403" {
		t.Errorf("with an ACL, another's downloads are %s, want 200 403", got)
	}
}

func TestFirewallOfTransfers(t *testing.T) {
	s := newService(t)
	credentials := s.credentials(s.owner, "aspera_ats")
	if _, err := s.store.UpdateBucket(t.Context(), "media", func(b *store.Bucket) error {
		b.Firewall = []string{"198.51.100.0/24", "!198.51.100.7"}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	from := func(addr, method, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(goodSetup))
		r.RemoteAddr = addr
		r.SetBasicAuth(s.key.ID, s.key.Secret)
		r.Header.Set("X-Aspera-Storage-Credentials", credentials)
		r.Header.Set("X-Forwarded-For", "198.51.100.1")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	for _, addr := range []string{"192.0.2.1:1234", "198.51.100.7:1234", "[2001:db8::1]:1", "pipe"} {
		wantRefused(t, "upload from "+addr, from(addr, "POST", "/files/upload_setup"), 403)
		wantRefused(t, "download from "+addr, from(addr, "POST", "/files/download_setup"), 403)
		wantRefused(t, "info from "+addr, from(addr, "GET", "/info"), 403)
	}
	if w := from("198.51.100.8:1234", "POST", "/files/download_setup"); w.Code != 200 || only(t, w).Spec == nil {
		t.Errorf("from an address that is let in: %d %s", w.Code, w.Body)
	}
}

// A bucket that got a retention policy after its access key was handed out is closed to transfers too.
func TestTransfersOfKeptBuckets(t *testing.T) {
	s := newService(t)
	if _, err := s.store.UpdateBucket(t.Context(), "media", func(b *store.Bucket) error {
		b.Protection = store.Protection{Enabled: true, Max: 1}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "upload", s.setup("upload_setup", `{"paths":[{"source":"a"}]}`), 403)
}
