package iam_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/server/iam"
)

func TestCredentialHasIBMsForm(t *testing.T) {
	s := newService(t, t.TempDir(), &clock{start})
	b, err := json.Marshal(s.First().At("http://127.0.0.1:9000/"))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	const uuid = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	for name, form := range map[string]string{
		"apikey":               `[A-Za-z0-9_-]{44}`,
		"endpoints":            `http://127\.0\.0\.1:9000/v2/endpoints`,
		"iam_auth_endpoint":    `http://127\.0\.0\.1:9000/identity/token`,
		"iam_apikey_name":      `auto-generated-apikey-` + uuid,
		"iam_role_crn":         `crn:v1:bluemix:public:iam::::serviceRole:Manager`,
		"iam_serviceid_crn":    `crn:v1:bluemix:public:iam-identity::a/[0-9a-f]{32}::serviceid:ServiceId-` + uuid,
		"resource_instance_id": `crn:v1:bluemix:public:cloud-object-storage:global:a/[0-9a-f]{32}:` + uuid + `::`,
	} {
		if got, _ := m[name].(string); !regexp.MustCompile(`^` + form + `$`).MatchString(got) {
			t.Errorf("%s = %q, want %s", name, got, form)
		}
	}
	hmac, _ := m["cos_hmac_keys"].(map[string]any)
	for name, digits := range map[string]string{"access_key_id": "32", "secret_access_key": "48"} {
		if got, _ := hmac[name].(string); !regexp.MustCompile(`^[0-9a-f]{` + digits + `}$`).MatchString(got) {
			t.Errorf("%s = %q, want %s hexadecimal digits", name, got, digits)
		}
	}
}

func TestCredentialHidesSecrets(t *testing.T) {
	s := newService(t, t.TempDir(), &clock{start})
	c := s.First()
	var log strings.Builder
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("made", "credential", c, "keys", c.HMACKeys)
	printed := fmt.Sprintf("%v %+v %#v %s %q %x %v", c, c, c, c, &c, c, c.HMACKeys) + log.String()
	for _, secret := range []string{c.APIKey, c.HMACKeys.SecretAccessKey} {
		if strings.Contains(printed, secret) {
			t.Errorf("a secret was printed: %s", printed)
		}
	}
	if !strings.Contains(printed, c.HMACKeys.AccessKeyID) {
		t.Error("the access key ID, which is no secret, was not printed")
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	dir, c := t.TempDir(), &clock{start}
	// Without a shared key, so that the one on disk is at stake.
	open := func() *iam.Service {
		s, err := iam.New(iam.Config{Dir: dir, Now: c.now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	second, err := s.CreateInstance(t.Context(), "second")
	if err != nil {
		t.Fatal(err)
	}
	token := accessToken(t, s)

	again := open()
	if got, want := again.First(), s.First(); got != want {
		t.Errorf("first credential = %v, want %v", got, want)
	}
	if _, err := again.VerifyToken(token, start); err != nil {
		t.Errorf("token of before the restart: %v", err)
	}
	secret, p, ok := again.AccessKey(second.HMACKeys.AccessKeyID)
	if !ok || secret != second.HMACKeys.SecretAccessKey || p.Instance != second.InstanceID() {
		t.Errorf("AccessKey of the second instance = %v, %v", p, ok)
	}
	if n := len(again.Instances()); n != 2 {
		t.Errorf("%d instances, want 2", n)
	}
	for _, name := range []string{"state.json", "signing-key.pem"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, got)
		}
	}
	temps, err := fs.Glob(os.DirFS(dir), "*.tmp")
	if err != nil || len(temps) > 0 {
		t.Errorf("left over: %v, %v", temps, err)
	}
}

func TestDamagedStateIsReported(t *testing.T) {
	for name, content := range map[string]string{
		"no JSON": "{", "empty": "", "future version": `{"version":99}`, "no identities": `{"version":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "state.json")
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := iam.New(iam.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), file) {
				t.Errorf("New = %v, want an error that names %s", err, file)
			}
			if b, err := os.ReadFile(file); err != nil || string(b) != content {
				t.Errorf("the file was changed: %q, %v", b, err)
			}
		})
	}
	t.Run("key", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "signing-key.pem"), []byte("no key"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := iam.New(iam.Config{Dir: dir}); err == nil {
			t.Error("New: no error")
		}
	})
}

func TestInstanceByAnyName(t *testing.T) {
	s := newService(t, "", &clock{start})
	crn := s.First().ResourceInstanceID
	uuid := s.First().InstanceID()
	for _, name := range []string{crn, uuid} {
		in, ok := s.Instance(name)
		if !ok || in.ID != uuid || in.CRN != crn {
			t.Errorf("Instance(%q) = %v, %v", name, in, ok)
		}
	}
	for _, name := range []string{
		"", "x", "crn:", crn + ":x", strings.Replace(crn, "cloud-object-storage", "kms", 1), strings.TrimSuffix(crn, "::"),
	} {
		if in, ok := s.Instance(name); ok {
			t.Errorf("Instance(%q) = %v, want none", name, in)
		}
	}
}

func TestDeletedCredentialStopsWorking(t *testing.T) {
	c := &clock{start}
	s := newService(t, t.TempDir(), c)
	cred, err := s.CreateCredential(t.Context(), s.First().InstanceID(), "short-lived")
	if err != nil {
		t.Fatal(err)
	}
	_, body := post(t, s, "/identity/token", apikeyForm(cred.APIKey), true)
	token := body["access_token"].(string)
	if _, err := s.VerifyToken(token, start); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteCredential(t.Context(), cred.ServiceIDCRN); err != nil {
		t.Fatal(err)
	}
	if _, err := s.VerifyToken(token, start); err == nil {
		t.Error("its token still verifies")
	}
	if _, _, ok := s.AccessKey(cred.HMACKeys.AccessKeyID); ok {
		t.Error("its access key still works")
	}
	if _, e := post(t, s, "/identity/token", apikeyForm(cred.APIKey), true); e["errorCode"] != "BXNIM0415E" {
		t.Errorf("its API key = %v, want BXNIM0415E", e["errorCode"])
	}
	refresh := "grant_type=refresh_token&refresh_token=" + body["refresh_token"].(string)
	if _, e := post(t, s, "/identity/token", refresh, true); e["errorCode"] != "BXNIM0439E" {
		t.Errorf("its refresh token = %v, want BXNIM0439E", e["errorCode"])
	}
	if err := s.DeleteCredential(t.Context(), cred.ServiceIDCRN); !errors.Is(err, iam.ErrNotFound) {
		t.Errorf("deleting it again = %v, want ErrNotFound", err)
	}
	if err := s.DeleteCredential(t.Context(), s.First().ServiceIDCRN); err == nil {
		t.Error("the first credential was deleted")
	}
}

func TestUnknownNames(t *testing.T) {
	s := newService(t, "", &clock{start})
	if _, err := s.CreateCredential(t.Context(), "nowhere", "x"); !errors.Is(err, iam.ErrNotFound) {
		t.Errorf("CreateCredential = %v, want ErrNotFound", err)
	}
	if _, err := s.CreateProfile(t.Context(), "nowhere", "x"); !errors.Is(err, iam.ErrNotFound) {
		t.Errorf("CreateProfile = %v, want ErrNotFound", err)
	}
	if _, err := s.NewResourceToken("Profile-x", time.Hour); !errors.Is(err, iam.ErrNotFound) {
		t.Errorf("NewResourceToken = %v, want ErrNotFound", err)
	}
	if _, _, err := s.NewToken("iam-x"); !errors.Is(err, iam.ErrNotFound) {
		t.Errorf("NewToken = %v, want ErrNotFound", err)
	}
}

// Lookups go on while identities come and go.
func TestConcurrentUse(t *testing.T) {
	s := newService(t, t.TempDir(), &clock{start})
	key := s.First().HMACKeys.AccessKeyID
	token := accessToken(t, s)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				cred, err := s.CreateCredential(t.Context(), s.First().InstanceID(), "x")
				if err != nil {
					t.Error(err)
				}
				if err := s.DeleteCredential(t.Context(), cred.ServiceIDCRN); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 200 {
				if _, _, ok := s.AccessKey(key); !ok {
					t.Error("the first access key is gone")
				}
				if _, err := s.VerifyToken(token, start); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestUnwritableDirectoryChangesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "iam")
	s := newService(t, dir, &clock{start})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateInstance(t.Context(), "lost"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("CreateInstance = %v, want ErrNotExist", err)
	}
	if n := len(s.Instances()); n != 1 {
		t.Errorf("%d instances after a change that was not written, want 1", n)
	}
}
