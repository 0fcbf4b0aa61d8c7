package iam_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/iam"
)

// TestPoliciesOnKeyProtect manages them over the wire, as IBM's tools do.
func TestPoliciesOnKeyProtect(t *testing.T) {
	s := newService(t, "", &clock{start})
	const mine, theirs = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	other, err := s.CreateInstance(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddKeyProtect(t.Context(), mine, "mine", ""); err != nil {
		t.Fatal(err)
	}
	if err := s.AddKeyProtect(t.Context(), theirs, "theirs", other.IAMID()); err != nil {
		t.Fatal(err)
	}
	reader, err := s.CreateCredential(t.Context(), s.First().InstanceID(), "reader", &iam.CredentialOptions{WithoutRole: true})
	if err != nil {
		t.Fatal(err)
	}
	account := s.Instances()[0].AccountID
	ask := func(who iam.ServiceCredential, method, path, body string) (int, map[string]any) {
		token, _, err := s.NewToken(who.IAMID())
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var doc map[string]any
		if w.Body.Len() > 0 {
			if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
				t.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
			}
		}
		return w.Code, doc
	}
	policy := func(subject, role, instance, more string) string {
		return `{"type":"access","subject":{"attributes":[{"key":"iam_id","operator":"stringEquals","value":"` + subject + `"}]},` +
			`"control":{"grant":{"roles":[{"role_id":"crn:v1:bluemix:public:iam::::serviceRole:` + role + `"}]}},"resource":{"attributes":[` +
			`{"key":"accountId","operator":"stringEquals","value":"` + account + `"},{"key":"serviceName","operator":"stringEquals","value":"kms"},` +
			`{"key":"serviceInstance","operator":"stringEquals","value":"` + instance + `"}` + more + `]}}`
	}
	_, p, _ := s.AccessKey(reader.HMACKeys.AccessKeyID)
	for _, tt := range []struct {
		name string
		who  iam.ServiceCredential
		body string
		want int
	}{
		{"by the Manager of another instance", other, policy(reader.IAMID(), "Reader", mine, ""), 403},
		{"for oneself on another's", other, policy(other.IAMID(), "Manager", mine, ""), 403},
		{"by nobody", reader, policy(reader.IAMID(), "Reader", mine, ""), 403},
		{"on all of the account", s.First(), strings.Replace(policy(reader.IAMID(), "Reader", mine, ""), `"`+mine+`"`, `""`, 1), 403},
		{"on a bucket", s.First(), policy(reader.IAMID(), "Reader", mine, `,{"key":"resourceType","value":"bucket"},{"key":"resource","value":"b"}`), 400},
		{"a CRN of COS", s.First(), policy(reader.IAMID(), "Reader", s.First().ResourceInstanceID, ""), 403},
		{"no such instance", s.First(), policy(reader.IAMID(), "Reader", "33333333-3333-4333-8333-333333333333", ""), 403},
		{"by its Manager", s.First(), policy(reader.IAMID(), "Reader", mine, ""), 201},
	} {
		before := s.KeyProtectRole(p, mine)
		code, doc := ask(tt.who, "POST", "/v2/policies", tt.body)
		if code != tt.want {
			t.Errorf("%s: %d %v, want %d", tt.name, code, doc, tt.want)
		}
		if code != 201 && s.KeyProtectRole(p, mine) != before {
			t.Errorf("%s: what was refused gave a role", tt.name)
		}
	}
	if got := s.KeyProtectRole(p, mine); got != iam.Reader {
		t.Errorf("the role is %v, want Reader", got)
	}
	if s.Allowed(p, iam.AccountGetAccountBuckets, iam.Resource{Instance: mine}) || s.Allowed(p, iam.BucketGet, iam.Resource{Instance: s.First().InstanceID(), Bucket: "b"}) {
		t.Error("a policy on Key Protect gives something on COS")
	}

	// An authorization lets an instance of COS use root keys of another's.
	grant := `{"type":"authorization","subjects":[{"attributes":[{"name":"serviceName","value":"cloud-object-storage"},{"name":"serviceInstance","value":"` +
		other.InstanceID() + `"}]}],"roles":[{"role_id":"crn:v1:bluemix:public:iam::::serviceRole:Reader"}],"resources":[{"attributes":[` +
		`{"name":"accountId","value":"` + account + `"},{"name":"serviceName","value":"kms"},{"name":"serviceInstance","value":"` + mine + `"}]}]}`
	if code, doc := ask(other, "POST", "/v1/policies", grant); code != 403 || s.Authorized(other.InstanceID(), mine) {
		t.Errorf("authorized by those who gain by it: %d %v", code, doc)
	}
	for _, bad := range []string{
		strings.Replace(grant, `"kms"`, `"cloud-object-storage"`, 1), strings.Replace(grant, "Reader", "Manager", 1),
		strings.Replace(grant, `"cloud-object-storage"`, `"databases"`, 1), strings.Replace(grant, `"name":"serviceInstance"`, `"name":"iam_id"`, 1),
	} {
		if code, doc := ask(s.First(), "POST", "/v1/policies", bad); code != 400 {
			t.Errorf("%s: %d %v, want 400", bad, code, doc)
		}
	}
	code, doc := ask(s.First(), "POST", "/v1/policies", grant)
	if code != 201 || doc["type"] != "authorization" || !s.Authorized(other.InstanceID(), mine) {
		t.Fatalf("authorization: %d %v", code, doc)
	}
	id, _ := doc["id"].(string)
	if code, _ := ask(other, "DELETE", "/v1/policies/"+id, ""); code != 404 {
		t.Errorf("removed by another's Manager: %d", code)
	}
	if code, _ := ask(s.First(), "DELETE", "/v1/policies/"+id, ""); code != 204 || s.Authorized(other.InstanceID(), mine) {
		t.Errorf("removed: %d", code)
	}
}
