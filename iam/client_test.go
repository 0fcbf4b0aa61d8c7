package iam_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/iam"
	"github.com/icos-go/icos/icostest"
)

// newClient returns a client of a server, which it manages.
func newClient(t *testing.T, cos *icostest.Server) *iam.Client {
	t.Helper()
	c, err := iam.New(iam.Config{Endpoint: cos.URL, Credentials: cos.Config().Credentials})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A key without a role and a policy with a prefix make a credential that can use one folder, as they do on IBM Cloud.
func TestKeyForAFolder(t *testing.T) {
	cos := icostest.NewServer(t)
	ctx := t.Context()
	client := newClient(t, cos)
	instance := cos.Credential.ResourceInstanceID
	if err := cos.Client().Bucket("reports").Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateKey(ctx, instance, "june", &iam.CreateKeyOptions{HMAC: true})
	if err != nil {
		t.Fatal(err)
	}
	if key.Name != "june" || key.Instance != instance || key.Role != "" || key.IAMID() == "" || key.Credentials.SecretAccessKey == "" {
		t.Errorf("key = %+v", key)
	}
	policy, err := client.CreatePolicy(ctx, &iam.Policy{
		Subject: key.IAMID(), Roles: []iam.Role{iam.Writer}, Instance: instance, Bucket: "reports", Prefix: "june/", Description: "for June",
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.Policy(ctx, policy.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Prefix != "june/" || got.Bucket != "reports" || got.Instance != instance || got.Subject != key.IAMID() || len(got.Roles) != 1 || got.Roles[0] != iam.Writer ||
		got.Description != "for June" || got.Created.IsZero() {
		t.Errorf("policy = %+v", got)
	}
	theirs, err := icos.NewClient(icos.Config{
		Endpoint: cos.URL, Credentials: auth.HMAC(key.Credentials.AccessKeyID, key.Credentials.SecretAccessKey),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	bucket := theirs.Bucket("reports")
	if _, err := bucket.Object("june/1").Put(ctx, strings.NewReader("text"), nil); err != nil {
		t.Error(err)
	}
	refused := func(err error) bool {
		var e *icos.Error
		return errors.As(err, &e) && e.Code == "AccessDenied"
	}
	if _, err := bucket.Object("july/1").Put(ctx, strings.NewReader("text"), nil); !refused(err) {
		t.Errorf("put in another folder: %v", err)
	}
	if err := client.DeletePolicy(ctx, policy.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Object("june/2").Put(ctx, strings.NewReader("text"), nil); !refused(err) {
		t.Errorf("put without the policy: %v", err)
	}
	if err := client.DeleteKey(ctx, key.ID); err != nil {
		t.Fatal(err)
	}
	_, err = client.Key(ctx, key.CRN)
	var e *iam.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusNotFound || !errors.Is(err, fs.ErrNotExist) || e.Op == "" || e.RequestID == "" {
		t.Errorf("get deleted key: %v", err)
	}
}

func TestKeysAndPoliciesAreListed(t *testing.T) {
	cos := icostest.NewServer(t)
	ctx := t.Context()
	client := newClient(t, cos)
	instance := cos.Credential.ResourceInstanceID
	for _, role := range iam.Roles() {
		if _, err := client.CreateKey(ctx, instance, string(role), &iam.CreateKeyOptions{Role: role}); err != nil {
			t.Fatal(err)
		}
	}
	var roles []iam.Role
	for key, err := range client.Keys(ctx, instance) {
		if err != nil {
			t.Fatal(err)
		}
		roles = append(roles, key.Role)
		if got, err := client.Key(ctx, key.ID); err != nil || got.Name != key.Name || got.Credentials.APIKey != key.Credentials.APIKey {
			t.Errorf("key %s = %+v, %v", key.Name, got, err)
		}
	}
	if got, want := fmt.Sprint(roles), fmt.Sprint(append([]iam.Role{iam.Manager}, iam.Roles()...)); got != want {
		t.Errorf("roles of the keys: %s, want %s", got, want)
	}
	if _, err := client.CreatePolicy(ctx, &iam.Policy{Subject: iam.PublicAccess, Roles: []iam.Role{iam.ObjectReader}, Instance: instance, Bucket: "b"}); err != nil {
		t.Fatal(err)
	}
	account := strings.TrimPrefix(strings.Split(instance, ":")[6], "a/")
	count := func(in *iam.PoliciesOptions) int {
		t.Helper()
		n := 0
		for p, err := range client.Policies(ctx, in) {
			if err != nil {
				t.Fatal(err)
			}
			if p.Account != account {
				t.Errorf("policy of account %q, want %q", p.Account, account)
			}
			n++
		}
		return n
	}
	if all, public := count(&iam.PoliciesOptions{Account: account}), count(&iam.PoliciesOptions{Subject: iam.PublicAccess}); all != 9 || public != 1 {
		t.Errorf("%d policies, %d of them public; want 9, one of them on Key Protect, and 1", all, public)
	}
	for _, err := range client.Keys(ctx, "crn:v1:bluemix:public:kms:us-south:a/1:2::") {
		if err == nil {
			t.Error("keys of an instance of another service are listed")
		}
	}
}

// A key prints without its secrets, except as the document it came in, which is what to save.
func TestKeyHidesSecrets(t *testing.T) {
	cos := icostest.NewServer(t)
	client := newClient(t, cos)
	key, err := client.CreateKey(t.Context(), cos.Credential.ResourceInstanceID, "k", &iam.CreateKeyOptions{Role: iam.Reader, HMAC: true})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "credentials", key.Credentials, "key", key)
	secrets := []string{key.Credentials.APIKey, key.Credentials.SecretAccessKey}
	for _, text := range []string{fmt.Sprint(key), fmt.Sprintf("%v %+v %#v %s", key, key, *key, key.Credentials), log.String()} {
		for _, secret := range secrets {
			if secret == "" || strings.Contains(text, secret) {
				t.Errorf("a secret is in %s", text)
			}
		}
	}
	b, err := json.Marshal(key.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		if !strings.Contains(string(b), secret) {
			t.Error("the document to save lacks a secret")
		}
	}
	if found := strings.Contains(string(b), "cos_hmac_keys"); !found {
		t.Errorf("the document is not IBM's: %s", b)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]iam.Config{
		"nobody":       {},
		"HMAC keys":    {Credentials: auth.HMAC("a", "b")},
		"no URL":       {Credentials: auth.StaticToken("t"), Endpoint: "::"},
		"no HTTP":      {Credentials: auth.StaticToken("t"), Endpoint: "ftp://example.com"},
		"no other URL": {Credentials: auth.StaticToken("t"), ResourceController: "http://"},
	} {
		if _, err := iam.New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPolicyInputIsChecked(t *testing.T) {
	client, err := iam.New(iam.Config{Credentials: auth.StaticToken("t"), Endpoint: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	const crn = "crn:v1:bluemix:public:cloud-object-storage:global:a/1:2::"
	role := []iam.Role{iam.Reader}
	for name, p := range map[string]iam.Policy{
		"no subject":            {Roles: role, Instance: crn},
		"no role":               {Subject: "iam-1", Instance: crn},
		"no account":            {Subject: "iam-1", Roles: role, Instance: "2"},
		"prefix without bucket": {Subject: "iam-1", Roles: role, Instance: crn, Prefix: "a/"},
		"prefix and rule":       {Subject: "iam-1", Roles: role, Instance: crn, Bucket: "b", Prefix: "a/", Rule: &iam.Rule{}},
		"wildcard":              {Subject: "iam-1", Roles: role, Instance: crn, Bucket: "b", Prefix: "a*"},
		"another service":       {Subject: "iam-1", Roles: role, Instance: strings.Replace(crn, "cloud-object-storage", "kms", 1)},
	} {
		_, err := client.CreatePolicy(t.Context(), &p)
		var network *iam.Error
		if err == nil || errors.As(err, &network) || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: %v, want an error before anything is sent", name, err)
		}
	}
}

// What passes is tried again when it is a question, and never when it makes something; a page's end may be on another page; and no
// answer takes the token elsewhere.
func TestAnswers(t *testing.T) {
	var asked, elsewhere int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch {
		case r.Method == "POST":
			http.Error(w, "busy", http.StatusServiceUnavailable)
		case asked == 1:
			http.Error(w, "<html>", http.StatusBadGateway)
		case r.URL.Query().Get("start") == "":
			_, _ = w.Write([]byte(`{"next_url":"` + other.URL + `/v2/resource_keys?start=2","resources":[{"name":"a","source_crn":"x:2:y"}]}`))
		case r.URL.Query().Get("start") == "2":
			_, _ = w.Write([]byte(`{"next_url":null,"resources":[{"name":"b","source_crn":"x:2:y"},{"name":"c","source_crn":"x:3:y"}]}`))
		}
	}))
	defer ts.Close()
	client, err := iam.New(iam.Config{Credentials: auth.StaticToken("secret-token"), Endpoint: ts.URL})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for key, err := range client.Keys(t.Context(), "2") {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, key.Name)
	}
	if got := strings.Join(names, " "); got != "a b" || asked != 3 || elsewhere != 0 {
		t.Errorf("keys %q in %d requests, %d of them elsewhere", got, asked, elsewhere)
	}
	asked = 0
	_, err = client.CreateKey(t.Context(), "2", "k", nil)
	var e *iam.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusServiceUnavailable || asked != 1 || strings.Contains(err.Error(), "secret-token") {
		t.Errorf("create at a busy service: %v after %d requests", err, asked)
	}
	// A service that sends its first page for ever would be listed without end.
	circle := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"next_url":"/v2/resource_keys?resource_id=2","resources":[]}`))
	}))
	defer circle.Close()
	if client, err = iam.New(iam.Config{Credentials: auth.StaticToken("t"), Endpoint: circle.URL}); err != nil {
		t.Fatal(err)
	}
	err = nil
	for _, err = range client.Keys(t.Context(), "2") {
	}
	if err == nil {
		t.Error("a list that goes round in circles ended without an error")
	}
	redirecting := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer redirecting.Close()
	if client, err = iam.New(iam.Config{Credentials: auth.StaticToken("secret-token"), Endpoint: redirecting.URL}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Key(t.Context(), "k"); err == nil || elsewhere != 0 {
		t.Errorf("a redirect: %v, and %d requests elsewhere", err, elsewhere)
	}
}

// What the environment says is enough, and a local server has everything in one place.
func TestLoadConfig(t *testing.T) {
	cos := icostest.NewServer(t)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("USERPROFILE", t.TempDir())
	t.Setenv("ICOS_API_KEY", cos.Credential.APIKey)
	t.Setenv("ICOS_AUTH_ENDPOINT", cos.Credential.AuthEndpoint)
	cfg, err := iam.LoadConfig()
	if err != nil || cfg.Endpoint != cos.URL {
		t.Fatalf("endpoint %q, %v; want %s", cfg.Endpoint, err, cos.URL)
	}
	client, err := iam.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for key, err := range client.Keys(t.Context(), cos.Credential.ResourceInstanceID) {
		if err != nil || key.ID == "" {
			t.Errorf("%v, %v", key, err)
		}
	}
	t.Setenv("ICOS_API_KEY", "")
	t.Setenv("ICOS_AUTH_ENDPOINT", "")
	if _, err := iam.LoadConfig(); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("without credentials: %v", err)
	}
}
