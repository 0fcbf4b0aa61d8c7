package ats_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzSetup sends documents that nobody would. Whatever they are, the answer is one of the Node API, and does not show the
// token that came along.
func FuzzSetup(f *testing.F) {
	s := newService(f)
	credentials := s.credentials(s.owner, "aspera_ats")
	_, token, _ := strings.Cut(credentials, `delegated_refresh_token": "`)
	token, _, _ = strings.Cut(token, `"`)
	for _, seed := range []string{
		goodSetup,
		`{"transfer_requests":[{"transfer_request":{"paths":[{"source":"photos","destination":"/x"}],"source_root":"/a/","tags":{"aspera":{}}}}]}`,
		`{"transfer_requests":[{"transfer_request":{"paths":[{"source":"\ud800","destination":"..\u0000"}],"rate_policy":"low"}},{}]}`,
		`{"transfer_requests":[{"transfer_request":{"paths":[{}],"multi_session":1e3,"token_life_seconds":9223372036854775807}}]}`,
		`[[[[`,
	} {
		f.Add(true, seed)
		f.Add(false, seed)
	}
	f.Fuzz(func(t *testing.T, up bool, body string) {
		path := "/files/download_setup"
		if up {
			path = "/files/upload_setup"
		}
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.SetBasicAuth(s.key.ID, s.key.Secret)
		r.Header.Set("X-Aspera-Storage-Credentials", credentials)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if !json.Valid(w.Body.Bytes()) || strings.Contains(w.Body.String(), token) {
			t.Fatalf("%q: the answer is not JSON, or holds the token: %s", body, w.Body)
		}
		switch w.Code {
		case http.StatusOK:
			for _, e := range elements(t, w) {
				if e.Spec != nil && e.Spec["token"] == "" {
					t.Errorf("%q: a spec without a token", body)
				}
			}
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			wantRefused(t, "setup", w, w.Code)
		default:
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	})
}
