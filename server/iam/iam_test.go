package iam_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/server/iam"
)

// testKey is shared by the tests, because making one takes long.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// clock is a settable time.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newService(t *testing.T, dir string, c *clock) *iam.Service {
	t.Helper()
	s, err := iam.New(iam.Config{Dir: dir, Now: c.now, SigningKey: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var start = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

const apikeyGrant = "urn:ibm:params:oauth:grant-type:apikey"

// post sends a form as IBM's SDKs do and returns the status and the JSON.
func post(t *testing.T, h http.Handler, path, form string, basic bool) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	if basic {
		r.Header.Set("Authorization", "Basic Yng6Yng=")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, decode(t, w.Body)
}

func decode(t *testing.T, r io.Reader) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.NewDecoder(r).Decode(&m); err != nil {
		t.Fatalf("answer is not JSON: %v", err)
	}
	return m
}

func apikeyForm(key string) string {
	return "grant_type=" + url.QueryEscape(apikeyGrant) + "&response_type=cloud_iam&apikey=" + url.QueryEscape(key)
}
