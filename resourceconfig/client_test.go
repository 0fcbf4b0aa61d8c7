package resourceconfig_test

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/resourceconfig"
)

func newClient(t *testing.T, cos *icostest.Server, credentials auth.Credentials) *resourceconfig.Client {
	t.Helper()
	c, err := resourceconfig.New(resourceconfig.Config{Endpoint: cos.URL, Credentials: credentials})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func refusedWith(err error, status int) bool {
	var e *resourceconfig.Error
	return errors.As(err, &e) && e.StatusCode == status
}

func TestBucketSettings(t *testing.T) {
	cos := icostest.NewServer(t)
	ctx := t.Context()
	bucket := cos.Client().Bucket("settings")
	if err := bucket.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Object("k").Put(ctx, strings.NewReader("12345678"), nil); err != nil {
		t.Fatal(err)
	}
	client := newClient(t, cos, cos.Config().Credentials)
	b, err := client.Bucket(ctx, "settings")
	if err != nil {
		t.Fatal(err)
	}
	instance := cos.Credential.ResourceInstanceID
	if b.Name != "settings" || b.CRN != strings.TrimSuffix(instance, "::")+":bucket:settings" || b.InstanceCRN != instance || b.InstanceID != cos.Credential.InstanceID() ||
		b.Objects != 1 || b.Bytes != 8 || b.Quota != 0 || b.Firewall != nil || b.Created.IsZero() || b.ETag == "" {
		t.Errorf("bucket = %+v", b)
	}

	if err := client.SetQuota(ctx, "settings", 10); err != nil {
		t.Fatal(err)
	}
	var refused *icos.Error
	if _, err := bucket.Object("l").Put(ctx, strings.NewReader("123"), nil); !errors.As(err, &refused) || refused.Code != "QuotaExceeded" {
		t.Errorf("put beyond the quota: %v", err)
	}
	if err := client.Update(ctx, "settings", resourceconfig.Patch{IfMatch: b.ETag}); !refusedWith(err, http.StatusPreconditionFailed) {
		t.Errorf("update of what has changed: %v", err)
	}
	if err := client.SetFirewall(ctx, "settings", "192.0.2.0/24", "2001:db8::1"); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Object("k").Stat(ctx); !errors.As(err, &refused) || refused.StatusCode != http.StatusForbidden {
		t.Errorf("read through the firewall: %v", err)
	}
	if b, err = client.Bucket(ctx, "settings"); err != nil { // which is open to those outside, too
		t.Fatal(err)
	}
	if b.Quota != 10 || b.Firewall == nil || strings.Join(b.Firewall.Allowed, " ") != "192.0.2.0/24 2001:db8::1" || b.Updated.Before(b.Created) {
		t.Errorf("bucket = %+v, firewall %+v", b, b.Firewall)
	}
	patch := resourceconfig.Patch{
		Firewall: &resourceconfig.Firewall{Denied: []string{"192.0.2.7"}, Networks: []string{"public"}},
		Tracking: &resourceconfig.Tracking{Writes: true, CRN: "crn:t"}, Metrics: &resourceconfig.Metrics{Usage: true, CRN: "crn:m"}, IfMatch: b.ETag,
	}
	if err := client.Update(ctx, "settings", patch); err != nil {
		t.Fatal(err)
	}
	if b, err = client.Bucket(ctx, "settings"); err != nil {
		t.Fatal(err)
	}
	if len(b.Firewall.Allowed) != 2 || len(b.Firewall.Denied) != 1 || len(b.Firewall.Networks) != 1 || !b.Tracking.Writes || b.Tracking.Reads || b.Tracking.CRN != "crn:t" ||
		!b.Metrics.Usage || b.Quota != 10 {
		t.Errorf("bucket = %+v, firewall %+v", b, b.Firewall)
	}
	if err := client.SetFirewall(ctx, "settings"); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Object("k").Stat(ctx); err != nil {
		t.Errorf("read without the firewall: %v", err)
	}
	if err := client.SetQuota(ctx, "settings", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Object("l").Put(ctx, strings.NewReader("123"), nil); err != nil {
		t.Errorf("put without a quota: %v", err)
	}
}

// Each setting takes an action of its own, and shows itself only to those who have the one to read it.
func TestRolesForSettings(t *testing.T) {
	cos := icostest.NewServer(t)
	ctx := t.Context()
	if err := cos.Client().Bucket("settings").Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	owner := newClient(t, cos, cos.Config().Credentials)
	firewall := &resourceconfig.Firewall{Allowed: []string{"127.0.0.1"}}
	quota := int64(100)
	if err := owner.Update(ctx, "settings", resourceconfig.Patch{Quota: &quota, Firewall: firewall, Tracking: &resourceconfig.Tracking{Reads: true}}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		role                    string
		read, quota, firewall   bool // shown
		setQuota, setTracking   bool
		setFirewall, setNothing bool
	}{
		{"Manager", true, true, true, true, true, true, true},
		{"Writer", true, true, false, false, true, false, true},
		{"Reader", true, false, false, false, false, false, true},
		{"ContentReader", false, false, false, false, false, false, false},
		{"ObjectReader", false, false, false, false, false, false, false},
		{"ObjectWriter", false, false, false, false, false, false, false},
	} {
		client := newClient(t, cos, cos.ConfigOf(cos.NewCredential(t, test.role)).Credentials)
		b, err := client.Bucket(ctx, "settings")
		if (err == nil) != test.read {
			t.Errorf("%s reads: %v", test.role, err)
		}
		if err == nil && ((b.Quota != 0) != test.quota || (b.Firewall != nil) != test.firewall || b.Tracking == nil) {
			t.Errorf("%s is shown %+v", test.role, b)
		}
		for name, try := range map[string]struct {
			patch resourceconfig.Patch
			want  bool
		}{
			"quota": {resourceconfig.Patch{Quota: &quota}, test.setQuota}, "firewall": {resourceconfig.Patch{Firewall: firewall}, test.setFirewall},
			"tracking": {resourceconfig.Patch{Tracking: &resourceconfig.Tracking{Reads: true}}, test.setTracking}, "nothing": {resourceconfig.Patch{}, test.setNothing},
		} {
			if err := client.Update(ctx, "settings", try.patch); (err == nil) != try.want || err != nil && !refusedWith(err, http.StatusForbidden) {
				t.Errorf("%s sets %s: %v", test.role, name, err)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	cos := icostest.NewServer(t)
	ctx := t.Context()
	if err := cos.Client().Bucket("settings").Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	client := newClient(t, cos, cos.Config().Credentials)
	if _, err := client.Bucket(ctx, "absent"); !refusedWith(err, http.StatusNotFound) {
		t.Errorf("absent bucket: %v", err)
	}
	for _, network := range []string{"somewhere", "192.0.2.0/33", "fe80::1%eth0", ""} {
		if err := client.SetFirewall(ctx, "settings", network); !refusedWith(err, http.StatusBadRequest) {
			t.Errorf("firewall %q: %v", network, err)
		}
	}
	if err := client.SetFirewall(ctx, "settings", make([]string, 1001)...); !refusedWith(err, http.StatusBadRequest) {
		t.Errorf("firewall of 1001 lines: %v", err)
	}
	if err := client.SetQuota(ctx, "settings", -1); !refusedWith(err, http.StatusBadRequest) {
		t.Errorf("negative quota: %v", err)
	}
	if _, err := newClient(t, cos, auth.StaticToken("x")).Bucket(ctx, "settings"); !refusedWith(err, http.StatusUnauthorized) {
		t.Errorf("a token of nobody: %v", err)
	}
	for name, cfg := range map[string]resourceconfig.Config{
		"nobody": {}, "HMAC keys": {Credentials: auth.HMAC("a", "b")}, "no URL": {Credentials: auth.StaticToken("t"), Endpoint: "::"},
	} {
		if _, err := resourceconfig.New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// What the environment says is enough, and a local server has everything in one place.
func TestLoadConfig(t *testing.T) {
	cos := icostest.NewServer(t)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("USERPROFILE", t.TempDir())
	t.Setenv("ICOS_API_KEY", cos.Credential.APIKey)
	t.Setenv("ICOS_AUTH_ENDPOINT", cos.Credential.AuthEndpoint)
	cfg, err := resourceconfig.LoadConfig()
	if err != nil || cfg.Endpoint != cos.URL {
		t.Fatalf("endpoint %q, %v; want %s", cfg.Endpoint, err, cos.URL)
	}
	client, err := resourceconfig.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Bucket(t.Context(), "absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent bucket: %v", err)
	}
	t.Setenv("ICOS_API_KEY", "")
	t.Setenv("ICOS_AUTH_ENDPOINT", "")
	if _, err := resourceconfig.LoadConfig(); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("without credentials: %v", err)
	}
}
