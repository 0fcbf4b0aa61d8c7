package iam_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/iam"
)

// api sends a request to manage something, as one who has the IAM ID, and returns the status and the document of the answer.
func api(t *testing.T, s *iam.Service, iamID, method, path, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if iamID != "" {
		token, _, err := s.NewToken(iamID)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	doc := map[string]any{}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
		}
	}
	return w.Code, doc
}

// The documents here are IBM's own examples, with the names that this service has.
func TestPoliciesOverHTTP(t *testing.T) {
	s, first, instance := newMemory(t)
	account := s.Instances()[0].AccountID
	reader, err := s.CreateCredential(t.Context(), instance, "r", &iam.CredentialOptions{WithoutRole: true})
	if err != nil {
		t.Fatal(err)
	}
	who := principal(t, s, reader)
	v1 := `{"type":"access","description":"test","subjects":[{"attributes":[{"name":"iam_id","value":"` + who.ID + `"}]}],
		"roles":[{"role_id":"crn:v1:bluemix:public:cloud-object-storage::::serviceRole:ObjectReader"}],
		"resources":[{"attributes":[{"name":"accountId","value":"` + account + `"},{"name":"serviceName","value":"cloud-object-storage"},
		{"name":"serviceInstance","value":"` + instance + `"},{"name":"resourceType","value":"bucket"},{"name":"resource","value":"b"}]}]}`
	status, made := api(t, s, first.ID, "POST", "/v1/policies", v1)
	if status != 201 || made["state"] != "active" || made["created_by_id"] != first.ID || made["id"] == "" {
		t.Fatalf("create = %d %v", status, made)
	}
	if !s.Allowed(who, iam.ObjectGet, iam.Resource{Instance: instance, Bucket: "b", Path: "k"}) {
		t.Error("the policy has no effect")
	}
	if status, got := api(t, s, first.ID, "GET", "/v1/policies/"+made["id"].(string), ""); status != 200 || got["description"] != "test" {
		t.Errorf("get = %d %v", status, got)
	}
	v2 := `{"type":"access","subject":{"attributes":[{"key":"iam_id","operator":"stringEquals","value":"` + who.ID + `"}]},
		"resource":{"attributes":[{"key":"serviceName","operator":"stringEquals","value":"cloud-object-storage"},
		{"key":"serviceInstance","operator":"stringEquals","value":"` + instance + `"},{"key":"accountId","operator":"stringEquals","value":"` + account + `"},
		{"key":"resourceType","operator":"stringEquals","value":"bucket"},{"key":"resource","operator":"stringEquals","value":"c"}]},
		"control":{"grant":{"roles":[{"role_id":"crn:v1:bluemix:public:iam::::serviceRole:Writer"}]}},
		"rule":{"operator":"or","conditions":[{"key":"{{resource.attributes.path}}","operator":"stringMatch","value":"f/*"},
		{"key":"{{resource.attributes.prefix}}","operator":"stringMatch","value":"f/*"}]},
		"pattern":"attribute-based-condition:resource:literal-and-wildcard"}`
	status, second := api(t, s, first.ID, "POST", "/v2/policies", v2)
	if status != 201 || second["rule"] == nil || second["pattern"] != "attribute-based-condition:resource:literal-and-wildcard" {
		t.Fatalf("create = %d %v", status, second)
	}
	count := func(id, path string) int {
		t.Helper()
		status, got := api(t, s, id, "GET", path, "")
		if status != 200 {
			t.Fatalf("GET %s = %d %v", path, status, got)
		}
		return len(got["policies"].([]any))
	}
	for path, want := range map[string]int{
		"/v2/policies?account_id=" + account:                                    3,
		"/v2/policies?account_id=" + account + "&iam_id=" + who.ID:              2,
		"/v1/policies?account_id=" + account:                                    2, // which has no word for a condition
		"/v2/policies?access_group_id=" + iam.PublicAccess:                      0,
		"/v2/policies?account_id=" + account + "&iam_id=iam-ServiceId-somebody": 0,
	} {
		if got := count(first.ID, path); got != want {
			t.Errorf("GET %s: %d policies, want %d", path, got, want)
		}
	}
	if got := count(who.ID, "/v2/policies"); got != 2 { // one's own
		t.Errorf("the subject sees %d policies, want its 2", got)
	}
	for name, test := range map[string]struct {
		id, method, path, body string
		status                 int
	}{
		"no token":                  {"", "GET", "/v2/policies", "", 401},
		"create as no manager":      {who.ID, "POST", "/v2/policies", v2, 403},
		"delete as no manager":      {who.ID, "DELETE", "/v2/policies/" + second["id"].(string), "", 403},
		"another account":           {first.ID, "GET", "/v2/policies?account_id=0", "", 403},
		"another account's":         {first.ID, "POST", "/v1/policies", strings.Replace(v1, account, "0", 1), 403},
		"another service":           {first.ID, "POST", "/v2/policies", strings.Replace(v2, `"cloud-object-storage"`, `"kms"`, 1), 400},
		"platform role":             {first.ID, "POST", "/v2/policies", strings.Replace(v2, "serviceRole:Writer", "role:Viewer", 1), 400},
		"all of the account":        {first.ID, "POST", "/v1/policies", strings.Replace(v1, `{"name":"serviceInstance","value":"`+instance+`"},`, "", 1), 403},
		"wildcard":                  {first.ID, "POST", "/v2/policies", strings.Replace(v2, `"key":"resource","operator":"stringEquals"`, `"key":"resource","operator":"stringMatch"`, 1), 400},
		"authorization":             {first.ID, "POST", "/v2/policies", strings.Replace(v2, `"access"`, `"authorization"`, 1), 400},
		"time":                      {first.ID, "POST", "/v2/policies", strings.Replace(v2, "resource.attributes.path", "environment.attributes.current_time", 1), 400},
		"no JSON":                   {first.ID, "POST", "/v2/policies", "x", 400},
		"long":                      {first.ID, "POST", "/v2/policies", strings.Repeat(" ", 65<<10), 400},
		"condition in first form":   {first.ID, "GET", "/v1/policies/" + second["id"].(string), "", 404},
		"missing":                   {first.ID, "GET", "/v2/policies/0", "", 404},
		"delete missing":            {first.ID, "DELETE", "/v1/policies/0", "", 404},
		"replace":                   {first.ID, "PUT", "/v1/policies/" + made["id"].(string), v1, 405},
		"delete all":                {first.ID, "DELETE", "/v1/policies", "", 405},
		"resource without its type": {first.ID, "POST", "/v1/policies", strings.Replace(v1, `{"name":"resourceType","value":"bucket"},`, "", 1), 400},
	} {
		status, got := api(t, s, test.id, test.method, test.path, test.body)
		if status != test.status || got["errors"] == nil || got["trace"] == "" {
			t.Errorf("%s = %d %v, want %d", name, status, got, test.status)
		}
	}
	for _, id := range []any{made["id"], second["id"]} {
		if status, got := api(t, s, first.ID, "DELETE", "/v2/policies/"+id.(string), ""); status != 204 {
			t.Errorf("delete = %d %v", status, got)
		}
	}
	if got := count(first.ID, "/v2/policies"); got != 1 {
		t.Errorf("%d policies are left, want 1", got)
	}
}

func TestResourceKeysOverHTTP(t *testing.T) {
	s, first, instance := newMemory(t)
	crn := s.Instances()[0].CRN
	create := `{"name":"reports","source":"` + crn + `","role":"Writer","parameters":{"HMAC":true}}`
	status, made := api(t, s, first.ID, "POST", "/v2/resource_keys", create)
	credentials, _ := made["credentials"].(map[string]any)
	if status != 201 || made["name"] != "reports" || made["source_crn"] != crn || made["role"] != iam.Writer.CRN() || credentials["apikey"] == "" ||
		credentials["iam_role_crn"] != iam.Writer.CRN() || credentials["cos_hmac_keys"] == nil || made["state"] != "active" {
		t.Fatalf("create = %d %v", status, made)
	}
	guid := made["guid"].(string)
	if want := strings.TrimSuffix(crn, "::") + ":resource-key:" + guid; made["id"] != want || made["crn"] != want {
		t.Errorf("id = %v, want %s", made["id"], want)
	}
	p, _, found := principalOf(s, credentials)
	if !found || !s.Allowed(p, iam.BucketPutCORS, iam.Resource{Instance: instance, Bucket: "b"}) || s.Allowed(p, iam.BucketPutACL, iam.Resource{Instance: instance, Bucket: "b"}) {
		t.Error("the credential is no Writer")
	}
	_, plain := api(t, s, first.ID, "POST", "/v2/resource_keys", `{"name":"plain","source":"`+instance+`"}`)
	if c, _ := plain["credentials"].(map[string]any); c == nil || c["cos_hmac_keys"] != nil || plain["role"] != nil {
		t.Errorf("a key without HMAC and role: %v", plain)
	}
	for path, want := range map[string]float64{
		"/v2/resource_keys": 3, "/v2/resource_keys?name=reports": 1, "/v2/resource_keys?guid=" + guid: 1,
		"/v2/resource_keys?resource_id=" + instance: 3, "/v2/resource_keys?resource_id=0": 0, "/v2/resource_keys?source_crn=" + crn: 3,
	} {
		if status, got := api(t, s, first.ID, "GET", path, ""); status != 200 || got["rows_count"] != want {
			t.Errorf("GET %s = %d %v, want %v rows", path, status, got["rows_count"], want)
		}
	}
	if status, got := api(t, s, first.ID, "GET", "/v2/resource_keys/"+guid, ""); status != 200 || got["guid"] != guid {
		t.Errorf("get = %d %v", status, got)
	}
	_, list := api(t, s, p.ID, "GET", "/v2/resource_keys", "") // a Writer sees nobody's secrets, not even its own
	if list["rows_count"] != 0.0 {
		t.Errorf("a Writer lists %v", list)
	}
	var root string
	_, all := api(t, s, first.ID, "GET", "/v2/resource_keys", "")
	for _, k := range all["resources"].([]any) {
		if k := k.(map[string]any); k["name"] == "default" {
			root = k["guid"].(string)
		}
	}
	for name, test := range map[string]struct {
		id, method, path, body string
		status                 int
	}{
		"no token":             {"", "GET", "/v2/resource_keys", "", 401},
		"create as no manager": {p.ID, "POST", "/v2/resource_keys", create, 403},
		"get as no manager":    {p.ID, "GET", "/v2/resource_keys/" + guid, "", 404},
		"delete as no manager": {p.ID, "DELETE", "/v2/resource_keys/" + guid, "", 404},
		"no name":              {first.ID, "POST", "/v2/resource_keys", strings.Replace(create, "reports", "", 1), 400},
		"no instance":          {first.ID, "POST", "/v2/resource_keys", strings.Replace(create, crn, "0", 1), 404},
		"platform role":        {first.ID, "POST", "/v2/resource_keys", strings.Replace(create, "Writer", "Administrator", 1), 400},
		"existing service ID":  {first.ID, "POST", "/v2/resource_keys", strings.Replace(create, `"HMAC":true`, `"serviceid_crn":"crn:"`, 1), 501},
		"missing":              {first.ID, "GET", "/v2/resource_keys/0", "", 404},
		"the first":            {first.ID, "DELETE", "/v2/resource_keys/" + root, "", 409},
		"update":               {first.ID, "PATCH", "/v2/resource_keys/" + guid, "{}", 405},
	} {
		status, got := api(t, s, test.id, test.method, test.path, test.body)
		if status != test.status || got["message"] == nil || got["status_code"] != float64(test.status) || got["transaction_id"] == "" {
			t.Errorf("%s = %d %v, want %d", name, status, got, test.status)
		}
	}
	if status, got := api(t, s, first.ID, "DELETE", "/v2/resource_keys/"+made["id"].(string), ""); status != 204 {
		t.Errorf("delete by CRN = %d %v", status, got)
	}
	if _, _, found := principalOf(s, credentials); found {
		t.Error("the keys still work")
	}
}

// principalOf returns who the HMAC keys of a credential in JSON belong to.
func principalOf(s *iam.Service, credentials map[string]any) (p iam.Principal, secret string, found bool) {
	keys, _ := credentials["cos_hmac_keys"].(map[string]any)
	id, _ := keys["access_key_id"].(string)
	secret, p, found = s.AccessKey(id)
	return p, secret, found
}

func TestServesPath(t *testing.T) {
	for path, want := range map[string]bool{
		"/v1/policies": true, "/v2/policies/": true, "/v2/policies/x": true, "/v2/resource_keys": true,
		"/v1/policiesx": false, "/v2/endpoints": false, "/v1/b/x": false, "/": false,
	} {
		if got := iam.ServesPath(path); got != want {
			t.Errorf("ServesPath(%q) = %v, want %v", path, got, want)
		}
	}
}
