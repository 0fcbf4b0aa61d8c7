package kms_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/kms"
)

// signingKey is shared by the tests, because making one takes long.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var start = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// rig is a service with an identity to call it.
type rig struct {
	t *testing.T
	*kms.Service
	iam           *iam.Service
	dir           string
	now           time.Time
	token         string
	instance      string
	registrations []kms.Registration
}

func newRig(t *testing.T) *rig {
	t.Helper()
	g := &rig{t: t, dir: filepath.Join(t.TempDir(), "kms"), now: start}
	var err error
	if g.iam, err = iam.New(iam.Config{SigningKey: signingKey(), Now: g.clock}); err != nil {
		t.Fatal(err)
	}
	g.open()
	in, _ := g.First()
	g.instance = in.ID
	g.token = g.newToken()
	return g
}

func (g *rig) clock() time.Time { return g.now }

func (g *rig) open() {
	g.t.Helper()
	var err error
	g.Service, err = kms.New(kms.Config{
		Dir: g.dir, Now: g.clock, TokenNow: g.clock, IAM: g.iam,
		Registrations: func(context.Context, string) ([]kms.Registration, error) { return g.registrations, nil },
	})
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g *rig) newToken() string {
	g.t.Helper()
	token, _, err := g.iam.NewToken("iam-" + strings.TrimPrefix(g.iam.First().ServiceIDCRN[strings.LastIndex(g.iam.First().ServiceIDCRN, ":")+1:], "iam-"))
	if err != nil {
		g.t.Fatal(err)
	}
	return token
}

// reply is an answer, as much of it as the tests look at.
type reply struct {
	status   int
	header   http.Header
	body     string
	Metadata struct {
		Type  string `json:"collectionType"`
		Total int    `json:"collectionTotal"`
	} `json:"metadata"`
	Resources []struct {
		ID, Name, CRN, Description string
		Aliases                    []string
		State                      int
		Extractable, Imported      bool
		Deleted                    bool
		Payload                    string
		KeyVersion                 struct{ ID string }
		AlgorithmType              string
		ResourceCRN                string `json:"resourceCrn"`
		Prevent                    bool   `json:"preventKeyDeletion"`
		ErrorMsg                   string `json:"errorMsg"`
		Reasons                    []struct {
			Code, Message string
			Status        int
			Target        struct{ Type, Name string }
		}
	}
	Plaintext, Ciphertext string
	KeyVersion            struct{ ID string }
	Rewrapped             struct{ ID string } `json:"rewrappedKeyVersion"`
}

func (g *rig) do(method, path, body string, headers ...string) *reply {
	g.t.Helper()
	r := httptest.NewRequest(method, "/api/v2"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+g.token)
	r.Header.Set("Bluemix-Instance", g.instance)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	if !kms.Serves(r) {
		g.t.Fatalf("%s %s is not for Key Protect", method, path)
	}
	g.ServeHTTP(w, r)
	out := &reply{status: w.Code, header: w.Header(), body: w.Body.String()}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			g.t.Fatalf("%s %s: %v in %s", method, path, err, out.body)
		}
	}
	return out
}

// want checks the status and the code of an error; "" for none.
func (r *reply) want(t *testing.T, what string, status int, code string) *reply {
	t.Helper()
	got := ""
	if len(r.Resources) > 0 && len(r.Resources[0].Reasons) > 0 {
		reason := r.Resources[0].Reasons[0]
		got = reason.Code
		if reason.Status != r.status || reason.Message == "" || !strings.Contains(r.Resources[0].ErrorMsg, "("+got+")") || r.Metadata.Type != "application/vnd.ibm.kms.error+json" {
			t.Errorf("%s: error body %s", what, r.body)
		}
	}
	if r.status != status || got != code {
		t.Errorf("%s: %d %s, want %d %s: %s", what, r.status, got, status, code, r.body)
	}
	return r
}

func (g *rig) create(resource string) (id, crn string) {
	g.t.Helper()
	r := g.do("POST", "/keys", `{"metadata":{"collectionType":"application/vnd.ibm.kms.key+json","collectionTotal":1},"resources":[`+resource+`]}`)
	r.want(g.t, "create", 201, "")
	if len(r.Resources) != 1 {
		g.t.Fatal(r.body)
	}
	return r.Resources[0].ID, r.Resources[0].CRN
}

var material = base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))

func TestFirstStart(t *testing.T) {
	g := newRig(t)
	in, crn := g.First()
	r := g.do("GET", "/keys", "").want(t, "list", 200, "")
	if len(r.Resources) != 1 || r.Metadata.Total != 1 {
		t.Fatal(r.body)
	}
	k := r.Resources[0]
	account := g.iam.Instances()[0].AccountID
	if want := "crn:v1:bluemix:public:kms:us-south:a/" + account + ":" + in.ID + ":key:" + k.ID; k.CRN != want || crn != want {
		t.Errorf("CRN %s and %s, want %s", k.CRN, crn, want)
	}
	if k.State != 1 || k.Extractable || k.Imported || k.AlgorithmType != "Deprecated" || k.Payload != "" || k.KeyVersion.ID == "" {
		t.Errorf("first key: %s", r.body)
	}
	if r.header.Get("Correlation-Id") == "" {
		t.Error("no correlation id")
	}
	g.open()
	if again, key := g.First(); again != in || key != crn {
		t.Error("another instance or key after a restart")
	}
	info, err := os.Stat(filepath.Join(g.dir, "state.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("state: %v, %v", info.Mode(), err)
	}
}

func TestAuthentication(t *testing.T) {
	g := newRig(t)
	g.do("GET", "/keys", "", "Authorization", "").want(t, "without a token", 401, "UNAUTHORIZED_ERR")
	g.do("GET", "/keys", "", "Authorization", "Basic eDp5").want(t, "another scheme", 401, "UNAUTHORIZED_ERR")
	g.do("GET", "/keys", "", "Authorization", "Bearer junk").want(t, "no token", 400, "BEARER_SUB_EXTRACTION_ERR")
	g.do("GET", "/keys", "", "Authorization", "Bearer "+g.token[:len(g.token)-4]+"AAAA").want(t, "altered", 400, "BEARER_SUB_EXTRACTION_ERR")
	g.do("GET", "/keys", "", "Bluemix-Instance", "90b6a1db-0fe1-4fe9-b91e-962c327df531").want(t, "another instance", 401, "UNAUTHORIZED_ERR")
	in, _ := g.First()
	g.do("GET", "/keys", "", "Bluemix-Instance", in.CRN).want(t, "CRN", 200, "")
	g.now = g.now.Add(2 * time.Hour)
	g.do("GET", "/keys", "").want(t, "expired", 401, "UNAUTHORIZED_ERR")
}

// TestRoles: what a role on an instance of Key Protect gives, and that roles on COS, or on another instance, give nothing.
func TestRoles(t *testing.T) {
	g := newRig(t)
	id, _ := g.create(`{"name":"k"}`)
	standard, _ := g.create(`{"name":"s","extractable":true}`)
	operations := []struct{ method, path, body, role string }{
		{"GET", "/keys", "", "reader"},
		{"GET", "/keys/" + id, "", "reader"},
		{"GET", "/keys/" + standard + "/metadata", "", "reader"},
		{"GET", "/keys/" + standard, "", "writer"},
		{"POST", "/keys/" + id + "/actions/wrap", "", "reader"},
		{"POST", "/keys", `{"resources":[{"name":"x"}]}`, "writer"},
		{"POST", "/keys/" + id + "/actions/rotate", "", "writer"},
		{"POST", "/keys/" + id + "/actions/disable", "", "manager"},
		{"POST", "/keys/" + id + "/actions/enable", "", "manager"},
		{"DELETE", "/keys/" + id + "?force=true", "", "manager"},
	}
	other, err := g.CreateInstance(t.Context(), "other", "")
	if err != nil {
		t.Fatal(err)
	}
	instance := g.iam.Instances()[0].ID
	rank := map[string]int{"none": 0, "reader": 1, "writer": 2, "manager": 3}
	for _, as := range []struct {
		has string
		o   iam.CredentialOptions
		p   iam.Policy
	}{
		{"none", iam.CredentialOptions{Role: iam.Manager}, iam.Policy{}},
		{"none", iam.CredentialOptions{Role: iam.Manager, Bucket: "bucket"}, iam.Policy{}},
		{"none", iam.CredentialOptions{Role: iam.Manager}, iam.Policy{Roles: []iam.Role{iam.Manager}, Instance: other.CRN}},
		{"reader", iam.CredentialOptions{WithoutRole: true}, iam.Policy{Roles: []iam.Role{iam.Reader}, Instance: g.instance}},
		{"writer", iam.CredentialOptions{Role: iam.Reader}, iam.Policy{Roles: []iam.Role{iam.Reader, iam.Writer}, Instance: g.instance}},
		{"manager", iam.CredentialOptions{WithoutRole: true}, iam.Policy{Roles: []iam.Role{iam.Manager}, Instance: g.instance}},
		{"manager", iam.CredentialOptions{WithoutRole: true}, iam.Policy{Roles: []iam.Role{iam.Manager}}},
	} {
		c, err := g.iam.CreateCredential(t.Context(), instance, as.has, &as.o)
		if err != nil {
			t.Fatal(err)
		}
		if as.p.Subject, as.p.Service = c.IAMID(), iam.KeyProtect; as.p.Roles != nil {
			if _, err := g.iam.CreatePolicy(t.Context(), as.p, ""); err != nil {
				t.Fatal(err)
			}
		}
		token, _, err := g.iam.NewToken(c.IAMID())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range operations {
			r := g.do(o.method, o.path, o.body, "Authorization", "Bearer "+token)
			if allowed := r.status != 401; allowed != (rank[as.has] >= rank[o.role]) {
				t.Errorf("%s %s as %s of %+v: %d", o.method, o.path, as.has, as.o, r.status)
			}
		}
	}
}

// TestTenants: the Manager of another instance of COS can do nothing to keys, until a policy lets it.
func TestTenants(t *testing.T) {
	g := newRig(t)
	id, _ := g.create(`{"name":"mine"}`)
	tenant, err := g.iam.CreateInstance(t.Context(), "tenant")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := g.CreateInstance(t.Context(), "theirs", tenant.IAMID())
	if err != nil {
		t.Fatal(err)
	}
	raw, _, err := g.iam.NewToken(tenant.IAMID())
	if err != nil {
		t.Fatal(err)
	}
	token := "Bearer " + raw
	for _, path := range []string{"/keys", "/keys/" + id, "/keys/" + id + "/metadata", "/keys/registrations"} {
		g.do("GET", path, "", "Authorization", token).want(t, path, 401, "UNAUTHORIZED_ERR")
	}
	g.do("DELETE", "/keys/"+id+"?force=true", "", "Authorization", token).want(t, "delete", 401, "UNAUTHORIZED_ERR")
	g.do("DELETE", "/keys/"+id+"?force=true", "", "Authorization", token, "Bluemix-Instance", theirs.ID).want(t, "by another instance", 404, "KEY_NOT_FOUND_ERR")
	g.do("POST", "/keys", `{"resources":[{"name":"x"}]}`, "Authorization", token, "Bluemix-Instance", theirs.ID).want(t, "own", 201, "")
	g.do("GET", "/keys", "", "Bluemix-Instance", theirs.ID).want(t, "the first identity", 401, "UNAUTHORIZED_ERR")

	home := g.iam.First().InstanceID()
	for _, pair := range []struct {
		cos, keyProtect string
		want            bool
	}{{home, g.instance, true}, {tenant.InstanceID(), theirs.ID, true}, {tenant.InstanceID(), g.instance, false}, {home, theirs.ID, false}, {"", g.instance, false}} {
		if got := g.iam.Authorized(pair.cos, pair.keyProtect); got != pair.want {
			t.Errorf("Authorized(%q, %q) = %v", pair.cos, pair.keyProtect, got)
		}
	}
	if _, err := g.CreateInstance(t.Context(), "nobody's", "iam-ServiceId-0"); !errors.Is(err, iam.ErrNotFound) {
		t.Errorf("an instance of nobody: %v", err)
	}
	g.open() // nothing is given twice
	if n := len(g.iam.Policies()); n != 6 {
		t.Errorf("%d policies, want 6: two of COS, and two for each instance of Key Protect", n)
	}
}

// TestInstances: keys of one instance are not seen from another.
func TestInstances(t *testing.T) {
	g := newRig(t)
	id, crn := g.create(`{"name":"mine","aliases":["alias-1"]}`)
	other, err := g.CreateInstance(t.Context(), "other", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/keys/" + id, "/keys/alias-1", "/keys/" + id + "/metadata", "/keys/" + id + "/versions"} {
		g.do("GET", path, "", "Bluemix-Instance", other.ID).want(t, path, 404, "KEY_NOT_FOUND_ERR")
		g.do("GET", path, "").want(t, path, 200, "")
	}
	g.do("POST", "/keys/"+id+"/actions/wrap", "", "Bluemix-Instance", other.ID).want(t, "wrap", 404, "KEY_NOT_FOUND_ERR")
	if r := g.do("GET", "/keys", "", "Bluemix-Instance", other.ID); r.Metadata.Total != 0 {
		t.Errorf("list: %s", r.body)
	}
	if err := g.Check(strings.Replace(crn, g.instance, other.ID, 1)); !errors.Is(err, kms.ErrNotFound) {
		t.Errorf("Check of a CRN with another instance: %v", err)
	}
	g.do("GET", "/keys/"+id, "", "X-Kms-Key-Ring", "other").want(t, "another key ring", 404, "KEY_NOT_FOUND_ERR")
}

func TestCreate(t *testing.T) {
	g := newRig(t)
	long := strings.Repeat("x", 300)
	g.create(`{"name":"taken","aliases":["taken"]}`)
	tests := []struct{ name, body, code string }{
		{"no body", "", "NO_BODY_ERR"},
		{"not JSON", "{", "BAD_BODY_ERR"},
		{"no resources", `{"resources":[]}`, "BAD_BODY_ERR"},
		{"two", `{"resources":[{"name":"a"},{"name":"b"}]}`, "BAD_BODY_ERR"},
		{"wrong total", `{"metadata":{"collectionTotal":2},"resources":[{"name":"a"}]}`, "COLLECTION_TOTAL_MISMATCH_ERR"},
		{"no name", `{"resources":[{}]}`, "INVALID_FIELD_ERR"},
		{"long name", `{"resources":[{"name":"` + long + `"}]}`, "INVALID_FIELD_ERR"},
		{"long description", `{"resources":[{"name":"a","description":"` + long + `"}]}`, "INVALID_FIELD_ERR"},
		{"other type", `{"resources":[{"name":"a","type":"x"}]}`, "INVALID_FIELD_ERR"},
		{"short payload", `{"resources":[{"name":"a","payload":"AAEC"}]}`, "INVALID_FIELD_ERR"},
		{"zero payload", `{"resources":[{"name":"a","payload":"AAAAAAAAAAAAAAAAAAAAAA=="}]}`, "INVALID_FIELD_ERR"},
		{"payload not base64", `{"resources":[{"name":"a","payload":"***"}]}`, "BAD_BODY_ERR"},
		{"past", `{"resources":[{"name":"a","expirationDate":"2026-08-31T00:00:00Z"}]}`, "INVALID_FIELD_ERR"},
		{"alias like an id", `{"resources":[{"name":"a","aliases":["0bc3e33e-a866-40f2-b715-5cba2bc93234"]}]}`, "INVALID_FIELD_ERR"},
		{"import token", `{"resources":[{"name":"a","encryptedNonce":"x","payload":"` + material + `"}]}`, "INVALID_FIELD_ERR"},
		{"too long", `{"resources":[{"name":"a","payload":"` + strings.Repeat("A", 70<<10) + `"}]}`, "BAD_BODY_ERR"},
	}
	for _, tt := range tests {
		g.do("POST", "/keys", tt.body).want(t, tt.name, 400, tt.code)
	}
	g.do("POST", "/keys", `{"resources":[{"name":"a","aliases":["taken"]}]}`).want(t, "alias taken", 409, "KEY_ALIAS_NOT_UNIQUE_ERR")

	r := g.do("POST", "/keys", `{"resources":[{"name":"imported","payload":"`+material+`"}]}`, "Prefer", "return=minimal").want(t, "import", 201, "")
	if k := r.Resources[0]; k.ID == "" || k.State != 0 || strings.Contains(r.body, "createdBy\":\"iam") {
		t.Errorf("minimal answer %s", r.body)
	}
	if k := g.do("GET", "/keys/"+r.Resources[0].ID, "").Resources[0]; !k.Imported || k.Payload != "" {
		t.Errorf("imported key %+v", k)
	}
	id, _ := g.create(`{"name":"standard","extractable":true,"payload":"` + material + `"}`)
	if k := g.do("GET", "/keys/"+id, "").Resources[0]; k.Payload != material || !k.Extractable {
		t.Errorf("standard key %+v", k)
	}
	if r := g.do("GET", "/keys/"+id+"/metadata", ""); strings.Contains(r.body, "payload") {
		t.Errorf("metadata %s", r.body)
	}
	for _, action := range []string{"wrap", "unwrap", "rewrap", "rotate", "disable", "enable"} {
		g.do("POST", "/keys/"+id+"/actions/"+action, "").want(t, action, 400, "KEY_ROOT_REQ_ERR")
	}
}

func TestList(t *testing.T) {
	g := newRig(t)
	ids := map[string]string{}
	for _, name := range []string{"delta", "alpha", "charlie", "bravo"} {
		g.now = g.now.Add(time.Second)
		id, _ := g.create(`{"name":"` + name + `","aliases":["alias-` + name + `"],"extractable":` + fmt.Sprint(name == "charlie") + `}`)
		ids[name] = id
	}
	g.do("DELETE", "/keys/"+ids["delta"], "").want(t, "delete", 204, "")
	g.do("POST", "/keys/"+ids["bravo"]+"/actions/disable", "").want(t, "disable", 204, "")
	tests := []struct{ query, want string }{
		{"", "root-key alpha charlie bravo"},
		{"?limit=2", "root-key alpha"},
		{"?limit=2&offset=2", "charlie bravo"},
		{"?offset=9", ""},
		{"?state=5", "delta"},
		{"?state=1,2&extractable=false", "root-key alpha bravo"},
		{"?extractable=true", "charlie"},
		{"?sort=name", "alpha bravo charlie root-key"},
		{"?sort=-name&limit=2", "root-key charlie"},
		{"?sort=state,-creationDate", "charlie alpha root-key bravo"},
		{"?search=name:a", "alpha charlie bravo"},
		{"?search=name:lph", "alpha"},
		{"?search=exact:alpha", "alpha"},
		{"?search=exact:name:alph", ""},
		{"?search=not:name:a", "root-key"},
		{"?search=alias:alias-b", "bravo"},
		{"?search=escape:name:x", ""},
		{"?search=" + ids["alpha"], "alpha"},
	}
	for _, tt := range tests {
		r := g.do("GET", "/keys"+tt.query, "").want(t, tt.query, 200, "")
		var names []string
		for _, k := range r.Resources {
			names = append(names, k.Name)
		}
		if got := strings.Join(names, " "); got != tt.want || r.Metadata.Total != len(names) {
			t.Errorf("%s: %q of %d, want %q", tt.query, got, r.Metadata.Total, tt.want)
		}
	}
	for _, query := range []string{"limit=0", "limit=5001", "limit=x", "offset=-1", "state=4", "state=x", "extractable=maybe", "sort=color", "filter=x"} {
		r := g.do("GET", "/keys?"+query, "").want(t, query, 400, "INVALID_QUERY_PARAM_ERR")
		if target := r.Resources[0].Reasons[0].Target; target.Type != "query_param" || !strings.HasPrefix(query, target.Name) {
			t.Errorf("%s: target %+v", query, target)
		}
	}
	if r := g.do("HEAD", "/keys?extractable=false", ""); r.status != 200 || r.header.Get("Key-Total") != "3" {
		t.Errorf("HEAD: %d, %s", r.status, r.header.Get("Key-Total"))
	}
}

func TestAliases(t *testing.T) {
	g := newRig(t)
	id, _ := g.create(`{"name":"k"}`)
	g.do("POST", "/keys/"+id+"/aliases/one", "").want(t, "create", 201, "")
	g.do("POST", "/keys/"+id+"/aliases/one", "").want(t, "create again", 409, "KEY_ALIAS_NOT_UNIQUE_ERR")
	g.do("POST", "/keys/"+id+"/aliases/a%2Fb", "").want(t, "bad", 400, "INVALID_FIELD_ERR")
	g.do("GET", "/keys/one", "").want(t, "get by alias", 200, "")
	g.do("DELETE", "/keys/one/aliases/one", "").want(t, "delete", 204, "")
	g.do("GET", "/keys/one", "").want(t, "get by alias", 404, "KEY_NOT_FOUND_ERR")
	g.do("DELETE", "/keys/"+id+"/aliases/one", "").want(t, "delete again", 404, "KEY_NOT_FOUND_ERR")
}

func TestNotImplemented(t *testing.T) {
	g := newRig(t)
	id, _ := g.create(`{"name":"k"}`)
	for _, path := range []string{"/import_token", "/keys/" + id + "/policies", "/keys/" + id + "/a/b/c", "/key_rings"} {
		g.do("GET", path, "").want(t, path, 501, "NOT_IMPLEMENTED_ERR")
	}
	g.do("PATCH", "/keys/"+id, "{}").want(t, "patch", 501, "NOT_IMPLEMENTED_ERR")
	g.do("POST", "/keys/"+id+"/actions/juggle", "").want(t, "action", 501, "NOT_IMPLEMENTED_ERR")
}
