package ats_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server/ats"
	"github.com/icos-go/icos/server/iam"
)

const goodSetup = `{"transfer_requests":[{"transfer_request":{"paths":[{"source":"film.mov"}]}}]}`

func TestAccessKeys(t *testing.T) {
	s := newService(t)
	credentials := s.credentials(s.owner, "aspera_ats")
	foreign := s.bucket("theirs", s.other)
	last := len(s.key.Secret) - 1
	for name, key := range map[string]iam.AsperaKey{
		"none":              {},
		"no secret":         {ID: s.key.ID},
		"another secret":    {ID: s.key.ID, Secret: foreign.Secret},
		"secret cut short":  {ID: s.key.ID, Secret: s.key.Secret[:last]},
		"secret with more":  {ID: s.key.ID, Secret: s.key.Secret + "A"},
		"another bucket's":  {ID: foreign.ID, Secret: s.key.Secret},
		"no such bucket":    {ID: base64.RawURLEncoding.EncodeToString([]byte("123456789missing")), Secret: s.key.Secret},
		"ID of its own":     {ID: base64.RawURLEncoding.EncodeToString([]byte("123456789media")), Secret: s.key.Secret},
		"ID without bucket": {ID: "MTIzNDU2Nzg5", Secret: s.key.Secret},
		"not base64":        {ID: "med*ia", Secret: s.key.Secret},
		"HMAC keys":         {ID: s.owner.HMACKeys.AccessKeyID, Secret: s.owner.HMACKeys.SecretAccessKey},
		"API key":           {ID: "apikey", Secret: s.owner.APIKey},
		"very long":         {ID: strings.Repeat("A", 60_000), Secret: s.key.Secret},
	} {
		wantRefused(t, name, s.askAs(key, "POST", "/files/upload_setup", goodSetup, "X-Aspera-Storage-Credentials", credentials), 401)
		wantRefused(t, name+", info", s.askAs(key, "GET", "/info", ""), 401)
	}
	w := s.askAs(iam.AsperaKey{}, "POST", "/files/upload_setup", goodSetup, "X-Aspera-Storage-Credentials", credentials, "Authorization", "Bearer x")
	wantRefused(t, "bearer token", w, 401)
}

func TestAccessKeyEndsWithItsBucket(t *testing.T) {
	s := newService(t)
	old := s.bucket("brief", s.owner)
	if w := s.askAs(old, "GET", "/info", ""); w.Code != 200 {
		t.Fatalf("info = %d %s", w.Code, w.Body)
	}
	if err := s.store.DeleteBucket(t.Context(), "brief"); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "the bucket is gone", s.askAs(old, "GET", "/info", ""), 401)
	s.now = s.now.Add(time.Second)
	fresh := s.bucket("brief", s.owner)
	wantRefused(t, "another bucket of its name", s.askAs(old, "GET", "/info", ""), 401)
	if w := s.askAs(fresh, "GET", "/info", ""); w.Code != 200 || fresh.Secret == old.Secret || fresh.ID == old.ID {
		t.Errorf("the new bucket's key: %d %s", w.Code, w.Body)
	}
}

func TestStorageCredentials(t *testing.T) {
	s := newService(t)
	good := s.credentials(s.owner, "aspera_ats")
	for _, tt := range []struct {
		name, value string
		code        int
	}{
		{"another client's", s.credentials(s.owner, "somebody_else"), 401},
		{"forged", strings.Replace(good, `token": "`, `token": "eyJ9.`, 1), 401},
		{"an API key", `{"type":"token","token":{"delegated_refresh_token":"` + s.owner.APIKey + `"}}`, 401},
		{"empty token", `{"type":"token","token":{"delegated_refresh_token":""}}`, 400},
		{"another type", strings.Replace(good, `"type": "token"`, `"type": "basic"`, 1), 400},
		{"a string", `"token"`, 400},
		{"not JSON", `token`, 400},
		{"a list", `[]`, 400},
		{"null", `null`, 400},
	} {
		wantRefused(t, tt.name, s.ask("POST", "/files/upload_setup", goodSetup, "X-Aspera-Storage-Credentials", tt.value), tt.code)
	}
	wantRefused(t, "none", s.ask("POST", "/files/upload_setup", goodSetup), 401)
	wantRefused(t, "twice", s.ask("POST", "/files/upload_setup", goodSetup, "X-Aspera-Storage-Credentials", good, "X-Aspera-Storage-Credentials", good), 401)

	s.now = s.now.Add(7 * 24 * time.Hour)
	wantRefused(t, "expired", s.ask("POST", "/files/upload_setup", goodSetup, "X-Aspera-Storage-Credentials", good), 401)
}

func TestMalformedSetups(t *testing.T) {
	s := newService(t)
	credentials := s.credentials(s.owner, "aspera_ats")
	request := `{"transfer_request":{"paths":[{"source":"film.mov"}]}}`
	path := `{"source":"film.mov"}`
	for _, tt := range []struct {
		name, body string
		code       int
	}{
		{"empty", ``, 400},
		{"not JSON", `paths=film.mov`, 400},
		{"cut short", goodSetup[:len(goodSetup)-1], 400},
		{"more behind it", goodSetup + `{}`, 400},
		{"a list", `[]`, 400},
		{"null", `null`, 400},
		{"no transfers", `{"transfer_requests":[]}`, 400},
		{"no request", `{"transfer_requests":[{}]}`, 400},
		{"null request", `{"transfer_requests":[null]}`, 400},
		{"paths of strings", `{"transfer_requests":[{"transfer_request":{"paths":["film.mov"]}}]}`, 400},
		{"rate in words", `{"transfer_requests":[{"transfer_request":{"paths":[],"target_rate_kbps":"fast"}}]}`, 400},
		{"rate beyond numbers", `{"transfer_requests":[{"transfer_request":{"paths":[],"target_rate_kbps":1e400}}]}`, 400},
		{"deep", strings.Repeat(`[`, 100_000), 400},
		{"101 transfers", `{"transfer_requests":[` + strings.Repeat(request+",", 100) + request + `]}`, 400},
		{"10,001 paths", `{"transfer_requests":[{"transfer_request":{"paths":[` + strings.Repeat(path+",", 10_000) + path + `]}}]}`, 400},
		{"too long", goodSetup + strings.Repeat(" ", 1<<20), 413},
	} {
		w := s.ask("POST", "/files/download_setup", tt.body, "X-Aspera-Storage-Credentials", credentials)
		wantRefused(t, tt.name, w, tt.code)
		if strings.Contains(w.Body.String(), "delegated") {
			t.Errorf("%s: the answer repeats the request: %s", tt.name, w.Body)
		}
	}
	list := elements(t, s.ask("POST", "/files/download_setup", `{"transfer_requests":[`+strings.Repeat(request+",", 99)+request+`]}`,
		"X-Aspera-Storage-Credentials", credentials))
	if len(list) != 100 {
		t.Errorf("100 transfers gave %d elements", len(list))
	}
}

func TestPathsAndMethods(t *testing.T) {
	s := newService(t)
	for _, path := range []string{"/files", "/files/", "/files/upload", "/files/upload_setup/", "/files/1/contents", "/ops/transfers", "/info/", "/"} {
		wantRefused(t, path, s.ask("POST", path, goodSetup), 404)
	}
	for _, tt := range []struct{ method, path, allow string }{
		{"GET", "/files/upload_setup", "POST"},
		{"PUT", "/files/download_setup", "POST"},
		{"POST", "/info", "GET"},
	} {
		w := s.ask(tt.method, tt.path, "")
		wantRefused(t, tt.method+" "+tt.path, w, 405)
		if got := w.Header().Get("Allow"); got != tt.allow {
			t.Errorf("%s %s: Allow is %q, want %q", tt.method, tt.path, got, tt.allow)
		}
	}
	w := s.ask("GET", "/info", "")
	var info struct {
		Application string
		AccessKey   struct{ ID string } `json:"access_key"`
		Storage     struct{ Bucket string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &info); err != nil || w.Code != 200 {
		t.Fatalf("info = %d %s", w.Code, w.Body)
	}
	if info.Application != "node" || info.AccessKey.ID != s.key.ID || info.Storage.Bucket != "media" {
		t.Errorf("info = %s", w.Body)
	}
}

func TestServes(t *testing.T) {
	for _, tt := range []struct {
		method, target, auth string
		want                 bool
	}{
		{"POST", "/files/upload_setup", "", true},
		{"POST", "/files/download_setup", "Bearer x", true},
		{"GET", "/files/upload_setup", "Basic eDp5", true},
		{"GET", "/info", "Basic eDp5", true},
		{"GET", "/files/x/contents", "Basic eDp5", true},
		// The S3 API's: buckets may have these names.
		{"GET", "/info", "", false},
		{"GET", "/info", "Bearer x", false},
		{"GET", "/files/upload_setup", "Bearer x", false},
		{"PUT", "/files/upload_setup", "Bearer x", false},
		{"POST", "/files/upload_setup?uploads", "Bearer x", false},
		{"POST", "/files/other", "Bearer x", false},
		{"GET", "/files", "Basic eDp5", false},
		{"GET", "/filesystem/x", "Basic eDp5", false},
		{"GET", "/", "Basic eDp5", false},
	} {
		r := httptest.NewRequest(tt.method, tt.target, nil)
		if tt.auth != "" {
			r.Header.Set("Authorization", tt.auth)
		}
		if got := ats.Serves(r); got != tt.want {
			t.Errorf("Serves(%s %s with %q) = %v, want %v", tt.method, tt.target, tt.auth, got, tt.want)
		}
	}
}

// TestNothingSecretIsLogged serves good and bad requests with all logging on.
func TestNothingSecretIsLogged(t *testing.T) {
	s := newService(t)
	credentials := s.credentials(s.owner, "aspera_ats")
	var doc struct{ Token map[string]string }
	if err := json.Unmarshal([]byte(credentials), &doc); err != nil {
		t.Fatal(err)
	}
	token := doc.Token["delegated_refresh_token"]
	s.ask("POST", "/files/download_setup", goodSetup, "X-Aspera-Storage-Credentials", credentials)
	s.ask("POST", "/files/download_setup", goodSetup, "X-Aspera-Storage-Credentials", credentials[1:])
	s.ask("POST", "/files/nowhere", "")
	log := s.log.String()
	if !strings.Contains(log, "/files/download_setup") {
		t.Errorf("requests are not logged: %q", log)
	}
	for name, secret := range map[string]string{"access key": s.key.Secret, "delegated token": token} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if out := fmt.Sprintf(format, s.key); strings.Contains(out, s.key.Secret) || !strings.Contains(out, s.key.ID) {
			t.Errorf("%s prints the access key as %s", format, out)
		}
	}
}
