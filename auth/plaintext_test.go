package auth_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/icos-go/icos/auth"
)

func TestPlaintextIsForThisMachineOnly(t *testing.T) {
	iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
	all := map[string]auth.Credentials{
		"IAM": iam.credentials("key"), "static token": auth.StaticToken("token"), "HMAC": auth.HMAC("id", "secret"),
	}
	tests := []struct {
		target string
		ok     bool
	}{
		{"https://s3.us-south.example/b", true},
		{"https://10.1.2.3/b", true},
		{"http://127.0.0.1:9000/b", true},
		{"http://127.8.8.8/b", true},
		{"http://localhost:9000/b", true},
		{"http://LOCALHOST./b", true},
		{"http://bucket.localhost:9000/b", true},
		{"http://[::1]:9000/b", true},
		{"http://[::ffff:127.0.0.1]:9000/b", true},
		{"http://s3.us-south.example/b", false},
		{"http://10.1.2.3/b", false},
		{"http://0.0.0.0:9000/b", false},
		{"http://[fe80::1]/b", false},
		{"http://localhost.example/b", false},
		{"http://127.0.0.1.example/b", false},
		{"http://notlocalhost/b", false},
		{"http:///b", false},
	}
	for name, c := range all {
		for _, test := range tests {
			u, err := url.Parse(test.target)
			if err != nil {
				t.Fatal(err)
			}
			r := &http.Request{Method: "GET", URL: u, Header: http.Header{}}
			before := iam.count()
			err = c.Authorize(t.Context(), r)
			if ok := err == nil; ok != test.ok {
				t.Errorf("%s to %s: %v", name, test.target, err)
			}
			if test.ok {
				continue
			}
			if r.Header.Get("Authorization") != "" || iam.count() != before {
				t.Errorf("%s to %s: refused, but header %v", name, test.target, r.Header)
			}
			if u.Host != "" && (!errors.Is(err, auth.ErrPlaintext) || !strings.Contains(err.Error(), "use https://"+u.Host)) {
				t.Errorf("%s to %s: error %q does not say what to do", name, test.target, err)
			}
		}
	}
}

func TestOtherSchemesAreRefused(t *testing.T) {
	r := &http.Request{Method: "GET", URL: &url.URL{Scheme: "ftp", Host: "h", Path: "/"}}
	if err := auth.StaticToken("t").Authorize(t.Context(), r); err == nil {
		t.Error("no error for ftp")
	}
	r.URL = nil
	if err := auth.StaticToken("t").Authorize(t.Context(), r); err == nil {
		t.Error("no error for no URL")
	}
}

func TestAnonymous(t *testing.T) {
	r := request("GET", "http://public.example/b/k", "Authorization", "old")
	if err := auth.Anonymous.Authorize(t.Context(), r); err != nil || len(r.Header) != 0 {
		t.Errorf("header %v, %v", r.Header, err)
	}
	if err := auth.Anonymous.Authorize(t.Context(), &http.Request{}); err != nil {
		t.Error(err)
	}
}

func TestStaticToken(t *testing.T) {
	token, err := auth.StaticToken("abc").Token(t.Context())
	if err != nil || token.Value != "abc" || !token.Expiry.IsZero() {
		t.Errorf("token %q until %v, %v", token.Value, token.Expiry, err)
	}
	r := &http.Request{Method: "GET", URL: &url.URL{Scheme: "https", Host: "h"}}
	if err := auth.StaticToken("abc").Authorize(t.Context(), r); err != nil || r.Header.Get("Authorization") != "Bearer abc" {
		t.Errorf("header %v, %v", r.Header, err)
	}
	for _, bad := range []string{"", "a b", "a\n", "é"} {
		if err := auth.StaticToken(bad).Authorize(t.Context(), r); err == nil {
			t.Errorf("Authorize with %q: no error", bad)
		}
		if _, err := auth.StaticToken(bad).Token(t.Context()); err == nil {
			t.Errorf("Token of %q: no error", bad)
		}
	}
}
