package kms_test

import (
	"bytes"
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

// TestRoles: what a role on the whole of an instance gives, and that a role on a bucket gives nothing.
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
	instance := g.iam.Instances()[0].ID
	rank := map[string]int{"none": 0, "reader": 1, "writer": 2, "manager": 3}
	for _, as := range []struct {
		has string
		o   iam.CredentialOptions
	}{
		{"none", iam.CredentialOptions{Role: iam.Manager, Bucket: "bucket"}},
		{"none", iam.CredentialOptions{Role: iam.ContentReader}},
		{"reader", iam.CredentialOptions{Role: iam.Reader}},
		{"writer", iam.CredentialOptions{Role: iam.Writer}},
		{"manager", iam.CredentialOptions{Role: iam.Manager}},
	} {
		c, err := g.iam.CreateCredential(t.Context(), instance, as.has, &as.o)
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := g.iam.NewToken("iam-" + c.ServiceIDCRN[strings.LastIndex(c.ServiceIDCRN, ":")+1:])
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

// TestInstances: keys of one instance are not seen from another.
func TestInstances(t *testing.T) {
	g := newRig(t)
	id, crn := g.create(`{"name":"mine","aliases":["alias-1"]}`)
	other, err := g.CreateInstance(t.Context(), "other")
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

func TestWrap(t *testing.T) {
	g := newRig(t)
	id, _ := g.create(`{"name":"k"}`)
	other, _ := g.create(`{"name":"other"}`)
	key := base64.StdEncoding.EncodeToString([]byte("a key of mine"))
	w := g.do("POST", "/keys/"+id+"/actions/wrap", `{"plaintext":"`+key+`","aad":["one","two"]}`).want(t, "wrap", 200, "")
	if w.Plaintext != "" || w.KeyVersion.ID == "" {
		t.Errorf("wrap: %s", w.body)
	}
	var parts map[string]any
	if b, err := base64.StdEncoding.DecodeString(w.Ciphertext); err != nil || json.Unmarshal(b, &parts) != nil || parts["version"] != "4.0.0" || parts["handle"] != w.KeyVersion.ID || parts["iv"] == "" {
		t.Errorf("ciphertext %s", w.Ciphertext)
	}
	unwrap := func(key, ciphertext, aad string) *reply {
		return g.do("POST", "/keys/"+key+"/actions/unwrap", `{"ciphertext":"`+ciphertext+`","aad":`+aad+`}`)
	}
	if r := unwrap(id, w.Ciphertext, `["one","two"]`).want(t, "unwrap", 200, ""); r.Plaintext != key || r.Ciphertext != "" || r.KeyVersion.ID != w.KeyVersion.ID {
		t.Errorf("unwrap: %s", r.body)
	}
	const code = "UNPROCESSABLE_CIPHERTEXT_ERR"
	for _, aad := range []string{`[]`, `["one"]`, `["two","one"]`, `["onetwo"]`, `["one","two",""]`} {
		unwrap(id, w.Ciphertext, aad).want(t, "aad "+aad, 422, code)
	}
	unwrap(other, w.Ciphertext, `["one","two"]`).want(t, "another key", 422, code)
	for i := range w.Ciphertext {
		if i%37 == 0 && w.Ciphertext[i] != 'A' {
			altered := w.Ciphertext[:i] + "A" + w.Ciphertext[i+1:]
			if r := unwrap(id, altered, `["one","two"]`); r.status != 422 && r.Plaintext != key {
				t.Errorf("altered at %d: %d %s", i, r.status, r.body)
			}
		}
	}
	unwrap(id, "***", "[]").want(t, "no base64", 422, code)
	unwrap(id, "", "[]").want(t, "no ciphertext", 400, "INVALID_FIELD_ERR")
	g.do("POST", "/keys/"+id+"/actions/unwrap", "").want(t, "no body", 400, "NO_BODY_ERR")
	g.do("POST", "/keys/"+id+"/actions/wrap", `{"aad":["`+strings.Repeat("x", 256)+`"]}`).want(t, "long aad", 400, "INVALID_FIELD_ERR")

	// Without a key, one is made. The old form of actions still works.
	fresh := g.do("POST", "/keys/"+id+"?action=wrap", "").want(t, "wrap", 200, "")
	if b, err := base64.StdEncoding.DecodeString(fresh.Plaintext); err != nil || len(b) != 32 {
		t.Errorf("new key %q", fresh.Plaintext)
	}
	if r := g.do("POST", "/keys/"+id+"?action=unwrap", `{"ciphertext":"`+fresh.Ciphertext+`"}`); r.Plaintext != fresh.Plaintext {
		t.Errorf("unwrap: %s", r.body)
	}
}

func TestRotate(t *testing.T) {
	g := newRig(t)
	id, crn := g.create(`{"name":"k"}`)
	w := g.do("POST", "/keys/"+id+"/actions/wrap", "").want(t, "wrap", 200, "")
	data, wrapped, err := g.NewDataKey(crn, "p")
	if err != nil {
		t.Fatal(err)
	}
	g.now = g.now.Add(time.Minute)
	g.do("POST", "/keys/"+id+"/actions/rotate", "").want(t, "rotate", 204, "")
	g.do("POST", "/keys/"+id+"/actions/rotate", `{"payload":"`+material+`"}`).want(t, "rotate with material", 400, "INVALID_FIELD_ERR")
	u := g.do("POST", "/keys/"+id+"/actions/unwrap", `{"ciphertext":"`+w.Ciphertext+`"}`).want(t, "unwrap", 200, "")
	if u.Plaintext != w.Plaintext || u.KeyVersion.ID != w.KeyVersion.ID || u.Ciphertext == "" || u.Rewrapped.ID == w.KeyVersion.ID {
		t.Errorf("unwrap after rotate: %s", u.body)
	}
	r := g.do("POST", "/keys/"+id+"/actions/rewrap", `{"ciphertext":"`+w.Ciphertext+`"}`).want(t, "rewrap", 200, "")
	if r.Plaintext != "" || r.Rewrapped.ID != u.Rewrapped.ID {
		t.Errorf("rewrap: %s", r.body)
	}
	again := g.do("POST", "/keys/"+id+"/actions/unwrap", `{"ciphertext":"`+r.Ciphertext+`"}`)
	if again.Plaintext != w.Plaintext || again.Ciphertext != "" || again.KeyVersion.ID != u.Rewrapped.ID {
		t.Errorf("unwrap after rewrap: %s", again.body)
	}
	if got, err := g.DataKey(crn, "p", wrapped); err != nil || got != data {
		t.Errorf("data key after rotate: %v", err)
	}
	v := g.do("GET", "/keys/"+id+"/versions", "").want(t, "versions", 200, "")
	if len(v.Resources) != 2 || v.Resources[0].ID != u.Rewrapped.ID || v.Resources[1].ID != w.KeyVersion.ID {
		t.Errorf("versions: %s", v.body)
	}
	imported, _ := g.create(`{"name":"imported","payload":"` + material + `"}`)
	g.do("POST", "/keys/"+imported+"/actions/rotate", "").want(t, "rotate", 400, "KEY_PAYLOAD_REQ_ERR")
	g.do("POST", "/keys/"+imported+"/actions/rotate", `{"payload":"`+base64.StdEncoding.EncodeToString([]byte("fedcba9876543210"))+`"}`).want(t, "rotate", 204, "")
}

// TestStates goes through the table of what each state allows.
func TestStates(t *testing.T) {
	g := newRig(t)
	const ok, bad, gone = "", "KEY_ACTION_INVALID_STATE_ERR", "KEY_DELETED_ERR"
	tests := []struct {
		state  string
		number int
		want   map[string]string
	}{
		{"active", 1, map[string]string{"wrap": ok, "unwrap": ok, "rewrap": ok, "enable": bad, "disable": ok}},
		{"suspended", 2, map[string]string{"wrap": bad, "unwrap": bad, "rewrap": bad, "rotate": bad, "disable": bad, "enable": ok}},
		{"deactivated", 3, map[string]string{"wrap": bad, "unwrap": ok, "rewrap": ok, "disable": bad, "enable": bad, "rotate": ok}},
		{"destroyed", 5, map[string]string{"wrap": gone, "unwrap": gone, "rewrap": gone, "disable": gone, "enable": gone, "rotate": gone}},
	}
	for _, tt := range tests {
		for action, code := range tt.want {
			id, _ := g.create(`{"name":"k","expirationDate":"` + g.now.Add(time.Minute).Format(time.RFC3339) + `"}`)
			w := g.do("POST", "/keys/"+id+"/actions/wrap", "").want(t, "wrap", 200, "")
			switch tt.state {
			case "suspended":
				g.do("POST", "/keys/"+id+"/actions/disable", "").want(t, "disable", 204, "")
			case "deactivated":
				g.now = g.now.Add(2 * time.Minute)
				g.token = g.newToken()
			case "destroyed":
				g.do("DELETE", "/keys/"+id, "").want(t, "delete", 204, "")
			}
			what := action + " while " + tt.state
			if k := g.do("GET", "/keys/"+id, "").want(t, what, 200, "").Resources[0]; k.State != tt.number || k.Deleted != (tt.number == 5) {
				t.Errorf("%s: state %d, deleted %v", what, k.State, k.Deleted)
			}
			r := g.do("POST", "/keys/"+id+"/actions/"+action, `{"ciphertext":"`+w.Ciphertext+`"}`)
			status := map[string]int{ok: 200, bad: 409, gone: 410}[code]
			if code == ok && (action == "disable" || action == "enable" || action == "rotate") {
				status = 204
			}
			r.want(t, what, status, code)
		}
	}
	id, _ := g.create(`{"name":"k"}`)
	g.do("DELETE", "/keys/"+id, "", "Prefer", "return=representation").want(t, "delete", 200, "")
	g.do("DELETE", "/keys/"+id, "").want(t, "delete again", 410, "KEY_DELETED_ERR")
}

// TestDestroy: the material of a destroyed key is nowhere, and nothing opens what it has wrapped.
func TestDestroy(t *testing.T) {
	g := newRig(t)
	secret := []byte("this material must be gone 12345")
	id, crn := g.create(`{"name":"k","payload":"` + base64.StdEncoding.EncodeToString(secret) + `"}`)
	data, wrapped, err := g.NewDataKey(crn, "p")
	if err != nil {
		t.Fatal(err)
	}
	if !inFiles(t, g.dir, secret) {
		t.Fatal("the material is not on the disk: the test looks in the wrong place")
	}
	g.do("DELETE", "/keys/"+id, "").want(t, "delete", 204, "")
	if inFiles(t, g.dir, secret) {
		t.Error("the material is on the disk after the key was destroyed")
	}
	g.open()
	if _, err := g.DataKey(crn, "p", wrapped); !errors.Is(err, kms.ErrDestroyed) {
		t.Errorf("DataKey: %v, want ErrDestroyed", err)
	}
	if _, _, err := g.NewDataKey(crn, "p"); !errors.Is(err, kms.ErrDestroyed) {
		t.Errorf("NewDataKey: %v, want ErrDestroyed", err)
	}

	// Its owner can bring it back; nobody else, and not for ever.
	restore := func(payload string) *reply {
		return g.do("POST", "/keys/"+id+"/restore", `{"metadata":{"collectionTotal":1},"resources":[{"payload":"`+payload+`"}]}`)
	}
	g.do("POST", "/keys/"+id+"/restore", "").want(t, "restore without material", 400, "KEY_PAYLOAD_REQ_ERR")
	restore(material).want(t, "restore with other material", 400, "INVALID_FIELD_ERR")
	restore(base64.StdEncoding.EncodeToString(secret)).want(t, "restore", 201, "")
	if got, err := g.DataKey(crn, "p", wrapped); err != nil || got != data {
		t.Errorf("DataKey after restore: %v", err)
	}
	restore(base64.StdEncoding.EncodeToString(secret)).want(t, "restore again", 409, "KEY_ACTION_INVALID_STATE_ERR")
	g.do("DELETE", "/keys/"+id, "").want(t, "delete", 204, "")
	g.now = g.now.Add(31 * 24 * time.Hour)
	g.token = g.newToken()
	restore(base64.StdEncoding.EncodeToString(secret)).want(t, "restore too late", 409, "KEY_RESTORE_EXPIRED")

	made, _ := g.create(`{"name":"made"}`)
	g.do("DELETE", "/keys/"+made, "").want(t, "delete", 204, "")
	g.do("POST", "/keys/"+made+"/restore", "").want(t, "restore a key made here", 400, "KEY_IMPT_REQ_ERR")
}

// inFiles reports whether b, or its base64, stands in a file below dir.
func inFiles(t *testing.T, dir string, b []byte) bool {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, b) || bytes.Contains(content, []byte(base64.StdEncoding.EncodeToString(b))) {
			return true
		}
	}
	return false
}

func TestRegistrations(t *testing.T) {
	g := newRig(t)
	id, _ := g.create(`{"name":"k"}`)
	bucket := "crn:v1:bluemix:public:cloud-object-storage:global:a/1:2:bucket:b"
	g.registrations = []kms.Registration{{Resource: bucket, Created: start}}
	for _, path := range []string{"/keys/" + id + "/registrations", "/keys/registrations"} {
		r := g.do("GET", path, "").want(t, path, 200, "")
		if len(r.Resources) == 0 || r.Resources[0].ResourceCRN != bucket || r.Resources[0].Prevent {
			t.Errorf("%s: %s", path, r.body)
		}
	}
	g.do("DELETE", "/keys/"+id, "").want(t, "delete", 409, "PROTECTED_RESOURCE_ERR")
	g.do("DELETE", "/keys/"+id+"?force=maybe", "").want(t, "delete", 400, "INVALID_QUERY_PARAM_ERR")
	g.registrations[0].Prevent = true
	g.do("DELETE", "/keys/"+id, "").want(t, "delete", 409, "PROTECTED_RESOURCE_ERR")
	g.do("DELETE", "/keys/"+id+"?force=true", "").want(t, "delete by force", 409, "PREV_KEY_DEL_ERR")
	g.registrations[0].Prevent = false
	g.do("DELETE", "/keys/"+id+"?force=true", "").want(t, "delete by force", 204, "")
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

// TestDamagedState: a state that cannot be read is an error that quotes none of it, and is not replaced.
func TestDamagedState(t *testing.T) {
	g := newRig(t)
	name := filepath.Join(g.dir, "state.json")
	for _, content := range []string{"", "{", `{"version":9}`, `{"version":1,"keys":["secret"]}`} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := kms.New(kms.Config{Dir: g.dir, IAM: g.iam})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", content, err)
		}
		if b, err := os.ReadFile(name); err != nil || string(b) != content {
			t.Errorf("%q became %q, %v", content, b, err)
		}
	}
}

// TestCrashWhileWriting: what an interrupted change has left is erased on the next start.
func TestCrashWhileWriting(t *testing.T) {
	g := newRig(t)
	_, crn := g.First()
	name := filepath.Join(g.dir, "state.json")
	for _, left := range []string{"state.json.123.tmp", "state.json.old"} {
		if err := os.WriteFile(filepath.Join(g.dir, left), []byte("old keys"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g.open()
	if inFiles(t, g.dir, []byte("old keys")) {
		t.Error("old keys are on the disk")
	}
	if err := os.Link(name, name+".old"); err != nil {
		t.Fatal(err)
	}
	g.open() // the crash came before the rename: both names are of the state
	if err := g.Check(crn); err != nil {
		t.Error(err)
	}
}

func TestConcurrentChanges(t *testing.T) {
	g := newRig(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			g.do("POST", "/keys", fmt.Sprintf(`{"resources":[{"name":"k%d"}]}`, i)).want(t, "create", 201, "")
			g.do("GET", "/keys", "").want(t, "list", 200, "")
		})
	}
	wg.Wait()
	g.open()
	if r := g.do("GET", "/keys", ""); len(r.Resources) != 9 {
		t.Errorf("%d keys, want 9", len(r.Resources))
	}
}
