package ats_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/server/ats"
	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/s3api"
	"github.com/icos-go/icos/server/store"
)

// signingKey is made once: it is the slowest thing here.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// service is a transfer service with a bucket "media", which holds photos/a.jpg and film.mov and belongs to owner.
type service struct {
	*ats.Service
	t     testing.TB
	store *store.Store
	iam   *iam.Service
	log   *bytes.Buffer
	now   time.Time

	owner, other iam.ServiceCredential
	key          iam.AsperaKey
}

func newService(t testing.TB) *service {
	t.Helper()
	signing, err := signingKey()
	if err != nil {
		t.Fatal(err)
	}
	s := &service{t: t, log: new(bytes.Buffer), now: time.Now()}
	clock := func() time.Time { return s.now }
	if s.store, err = store.Open(t.TempDir(), &store.Options{Now: clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	if s.iam, err = iam.New(iam.Config{SigningKey: signing, Now: clock}); err != nil {
		t.Fatal(err)
	}
	s.owner = s.iam.First()
	if s.other, err = s.iam.CreateInstance(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	s.key = s.bucket("media", s.owner)
	for _, key := range []string{"photos/a.jpg", "film.mov", "odd\nname", "folder/"} {
		if _, err := s.store.Put(t.Context(), "media", key, strings.NewReader("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
	s.Service = ats.New(ats.Config{
		Store: s.store, IAM: s.iam, Access: s3api.NewAuthorizer(s.iam), Now: clock,
		Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	return s
}

// bucket makes a bucket of an identity's instance, and returns its access key.
func (s *service) bucket(name string, owner iam.ServiceCredential) iam.AsperaKey {
	s.t.Helper()
	if err := s.store.CreateBucket(s.t.Context(), store.Bucket{Name: name, Instance: owner.InstanceID(), Location: "us-south-standard"}); err != nil {
		s.t.Fatal(err)
	}
	b, err := s.store.Bucket(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	key, err := s.iam.AsperaKey(name, b.Instance, b.Created)
	if err != nil {
		s.t.Fatal(err)
	}
	return key
}

// credentials are storage credentials with a delegated token that the identity gives to receiver.
func (s *service) credentials(c iam.ServiceCredential, receiver string) string {
	s.t.Helper()
	r := httptest.NewRequest("POST", "/identity/token", strings.NewReader(url.Values{
		"grant_type":    {"urn:ibm:params:oauth:grant-type:apikey"},
		"response_type": {"delegated_refresh_token"}, "receiver_client_ids": {receiver}, "apikey": {c.APIKey},
	}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.iam.ServeHTTP(w, r)
	var doc struct {
		Token string `json:"delegated_refresh_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || doc.Token == "" {
		s.t.Fatalf("delegated token: %d %s", w.Code, w.Body)
	}
	return `{"type": "token", "token": {"delegated_refresh_token": "` + doc.Token + `"}}`
}

// ask sends a request with the bucket's access key.
func (s *service) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.askAs(s.key, method, path, body, headers...)
}

// askAs sends a request with an access key, none if that is zero. Headers are names and values in turn.
func (s *service) askAs(key iam.AsperaKey, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, "http://cos.example:9000"+path, strings.NewReader(body))
	if key != (iam.AsperaKey{}) {
		r.SetBasicAuth(key.ID, key.Secret)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// setup asks for one transfer with good credentials.
func (s *service) setup(action, request string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.ask("POST", "/files/"+action, `{"transfer_requests":[{"transfer_request":`+request+`}]}`,
		"X-Aspera-Storage-Credentials", s.credentials(s.owner, "aspera_ats"))
}

// apiError is an error as the Node API words it.
type apiError struct {
	Code        int
	Reason      string
	UserMessage string `json:"user_message"`
}

// element is one element of the answer to a setup.
type element struct {
	Spec  map[string]any `json:"transfer_spec"`
	Error *apiError
}

// elements reads the answer to a setup that was served.
func elements(t testing.TB, w *httptest.ResponseRecorder) []element {
	t.Helper()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("setup = %d %v %s", w.Code, w.Header(), w.Body)
	}
	var doc struct {
		Specs []element `json:"transfer_specs"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("setup: %v in %s", err, w.Body)
	}
	for _, e := range doc.Specs {
		if (e.Spec == nil) == (e.Error == nil) {
			t.Fatalf("an element is not either a spec or an error: %s", w.Body)
		}
		if e.Error != nil && (e.Error.Code < 400 || e.Error.Reason == "" || e.Error.UserMessage == "") {
			t.Fatalf("an error says too little: %s", w.Body)
		}
	}
	return doc.Specs
}

// only reads an answer with one element.
func only(t testing.TB, w *httptest.ResponseRecorder) element {
	t.Helper()
	list := elements(t, w)
	if len(list) != 1 {
		t.Fatalf("%d elements, want 1: %s", len(list), w.Body)
	}
	return list[0]
}

// wantRefused checks an answer that is an error as a whole.
func wantRefused(t testing.TB, what string, w *httptest.ResponseRecorder, code int) {
	t.Helper()
	var doc struct{ Error *apiError }
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || doc.Error == nil {
		t.Errorf("%s: %d %s is not an error", what, w.Code, w.Body)
		return
	}
	if w.Code != code || doc.Error.Code != code || doc.Error.Reason == "" || doc.Error.UserMessage == "" {
		t.Errorf("%s: %d %s, want %d", what, w.Code, w.Body, code)
	}
	if w.Code == http.StatusUnauthorized && !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("%s: WWW-Authenticate is %q", what, w.Header().Get("WWW-Authenticate"))
	}
}
