package resourceconfig_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/resourceconfig"
	"github.com/icos-go/icos/server/store"
)

// api is the service over a bucket named b, and a token of its owner.
type api struct {
	*resourceconfig.Service
	t     *testing.T
	token string
}

func newAPI(t *testing.T) *api {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := iam.New(iam.Config{SigningKey: key})
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	first := ids.First()
	if err := st.CreateBucket(t.Context(), store.Bucket{Name: "b", Instance: first.InstanceID(), Owner: first.InstanceID(), Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	token, _, err := ids.NewToken("iam-" + first.ServiceIDCRN[strings.LastIndexByte(first.ServiceIDCRN, ':')+1:])
	if err != nil {
		t.Fatal(err)
	}
	return &api{resourceconfig.New(resourceconfig.Config{Store: st, IAM: ids}), t, token}
}

// do sends a request and returns the answer and its document.
func (a *api) do(method, path, body string, headers ...string) (*httptest.ResponseRecorder, map[string]any) {
	a.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "bearer "+a.token)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	doc := map[string]any{}
	if w.Body.Len() > 0 && method != "HEAD" {
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			a.t.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
		}
	}
	return w, doc
}

// IBM's examples send a patch with curl, which says that it is a form.
func TestMergePatch(t *testing.T) {
	a := newAPI(t)
	for _, step := range []struct {
		patch, name string
		want        any
	}{
		{`{"hard_quota": 10000000000}`, "hard_quota", 1e10},
		{`{"firewall": {"allowed_ip": ["10.142.175.0/22", "10.198.243.79"]}}`, "firewall", map[string]any{"allowed_ip": []any{"10.142.175.0/22", "10.198.243.79"}}},
		{`{"firewall": {"denied_ip": ["10.142.175.1"]}}`, "firewall", map[string]any{"allowed_ip": []any{"10.142.175.0/22", "10.198.243.79"}, "denied_ip": []any{"10.142.175.1"}}},
		{`{"firewall": {"allowed_ip": [], "denied_ip": null}}`, "firewall", nil},
		{`{"activity_tracking": {"read_data_events": true, "activity_tracker_crn": "crn:x"}}`, "activity_tracking", map[string]any{"read_data_events": true, "write_data_events": false, "activity_tracker_crn": "crn:x"}},
		{`{"activity_tracking": {"write_data_events": true}}`, "activity_tracking", map[string]any{"read_data_events": true, "write_data_events": true, "activity_tracker_crn": "crn:x"}},
		{`{"activity_tracking": null}`, "activity_tracking", nil},
		{`{"hard_quota": 9007199254740993}`, "hard_quota", 9007199254740993.0},
		{`{"hard_quota": 0}`, "hard_quota", nil},
	} {
		_, before := a.do("GET", "/v1/b/b", "")
		w, doc := a.do("PATCH", "/v1/b/b", step.patch, "Content-Type", "application/x-www-form-urlencoded")
		if w.Code != 200 {
			t.Fatalf("%s = %d %v", step.patch, w.Code, doc)
		}
		g, got := a.do("GET", "/v1/b/b", "")
		want, err := json.Marshal(step.want)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := json.Marshal(got[step.name]); err != nil || string(b) != string(want) {
			t.Errorf("%s: %s is %s (it was %v), want %s", step.patch, step.name, b, before[step.name], want)
		}
		if g.Header().Get("ETag") == "" || g.Header().Get("ETag") != w.Header().Get("ETag") {
			t.Errorf("%s: tags %q and %q", step.patch, w.Header().Get("ETag"), g.Header().Get("ETag"))
		}
	}
}

func TestIfMatch(t *testing.T) {
	a := newAPI(t)
	w, _ := a.do("GET", "/v1/b/b", "")
	tag := w.Header().Get("ETag")
	for _, match := range []string{tag, strings.Trim(tag, `"`), "*", ""} { // SDKs give it back with quotes or without
		if w, doc := a.do("PATCH", "/v1/b/b", `{}`, "If-Match", match); w.Code != 200 {
			t.Errorf("If-Match %s = %d %v", match, w.Code, doc)
		}
	}
	if w, doc := a.do("PATCH", "/v1/b/b", `{"hard_quota":1}`, "If-Match", tag); w.Code != 200 {
		t.Errorf("change = %d %v", w.Code, doc)
	}
	if w, doc := a.do("PATCH", "/v1/b/b", `{"hard_quota":2}`, "If-Match", tag); w.Code != 412 {
		t.Errorf("change of what has changed = %d %v", w.Code, doc)
	}
}

func TestRefusals(t *testing.T) {
	a := newAPI(t)
	for name, test := range map[string]struct {
		method, path, body string
		status             int
	}{
		"not mutable":   {"PATCH", "/v1/b/b", `{"object_count":1}`, 400},
		"unknown":       {"PATCH", "/v1/b/b", `{"firewall":{"allowed":[]}}`, 400},
		"of a type":     {"PATCH", "/v1/b/b", `{"hard_quota":"1"}`, 400},
		"a fraction":    {"PATCH", "/v1/b/b", `{"hard_quota":1.5}`, 400},
		"too large":     {"PATCH", "/v1/b/b", `{"hard_quota":1e30}`, 400},
		"no object":     {"PATCH", "/v1/b/b", `[]`, 400},
		"null":          {"PATCH", "/v1/b/b", `null`, 400},
		"two":           {"PATCH", "/v1/b/b", `{}{}`, 400},
		"network type":  {"PATCH", "/v1/b/b", `{"firewall":{"allowed_network_type":["secret"]}}`, 400},
		"long":          {"PATCH", "/v1/b/b", strings.Repeat(" ", 300<<10), 400},
		"method":        {"PUT", "/v1/b/b", `{}`, 405},
		"absent":        {"GET", "/v1/b/absent", "", 404},
		"change absent": {"PATCH", "/v1/b/absent", `{}`, 404},
		"no bucket":     {"GET", "/v1/b/", "", 404},
	} {
		if w, doc := a.do(test.method, test.path, test.body); w.Code != test.status || doc["errors"] == nil {
			t.Errorf("%s = %d %v, want %d", name, w.Code, doc, test.status)
		}
	}
	for _, authorization := range []string{"", "Bearer x", "Basic Yng6Yng=", "AWS4-HMAC-SHA256 x"} {
		if w, _ := a.do("GET", "/v1/b/b", "", "Authorization", authorization); w.Code != 401 {
			t.Errorf("Authorization %q = %d, want 401", authorization, w.Code)
		}
	}
	if w, _ := a.do("HEAD", "/v1/b/b", ""); w.Code != 200 || w.Header().Get("ETag") == "" {
		t.Errorf("HEAD = %d %v", w.Code, w.Header())
	}
	if !resourceconfig.Serves("/v1/b/x") || resourceconfig.Serves("/v1/policies") {
		t.Error("the paths are not told apart")
	}
}
