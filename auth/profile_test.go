package auth_test

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/auth"
)

// The platform renews the file, so each exchange reads it.
func TestTrustedProfileReadsTheTokenFileEachTime(t *testing.T) {
	name := filepath.Join(t.TempDir(), "token")
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
		c := auth.TrustedProfile(auth.ProfileOptions{ID: "Profile-1", TokenFile: name, HTTPClient: &http.Client{Transport: iam}})
		for _, text := range []string{"first\n", "second"} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Token(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Hour)
		}
		want := url.Values{
			"grant_type": {"urn:ibm:params:oauth:grant-type:cr-token"}, "response_type": {"cloud_iam"},
			"profile_id": {"Profile-1"}, "cr_token": {"first"},
		}
		if !reflect.DeepEqual(iam.forms[0], want) {
			t.Errorf("form = %v, want %v", iam.forms[0], want)
		}
		want.Set("cr_token", "second")
		if !reflect.DeepEqual(iam.forms[1], want) {
			t.Errorf("second form = %v, want %v", iam.forms[1], want)
		}
	})
}

func TestTrustedProfileByName(t *testing.T) {
	name := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(name, []byte("cr"), 0o600); err != nil {
		t.Fatal(err)
	}
	iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
	c := auth.TrustedProfile(auth.ProfileOptions{
		Name: "reader", AccountID: "acc", TokenFile: name, HTTPClient: &http.Client{Transport: iam},
	})
	if _, err := c.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := iam.forms[0]; f.Get("profile_name") != "reader" || f.Get("account") != "acc" || f.Has("profile_id") {
		t.Errorf("form = %v", f)
	}
}

func TestTrustedProfileAssumedWithAKey(t *testing.T) {
	iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
	c := auth.TrustedProfile(auth.ProfileOptions{ID: "Profile-1", APIKey: "key", HTTPClient: &http.Client{Transport: iam}})
	token, err := c.Token(t.Context())
	if err != nil || token.Value != "token-2" {
		t.Errorf("token %q, %v", token.Value, err)
	}
	want := url.Values{
		"grant_type": {"urn:ibm:params:oauth:grant-type:assume"}, "response_type": {"cloud_iam"},
		"profile_id": {"Profile-1"}, "access_token": {"token-1"},
	}
	if iam.grants() != "apikey assume" || !reflect.DeepEqual(iam.forms[1], want) {
		t.Errorf("grants %s, second form %v, want %v", iam.grants(), iam.forms[1], want)
	}
}

func TestTrustedProfileRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": " \n", "binary": "a\x00b", "huge": strings.Repeat("x", 2<<20)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
	for name, o := range map[string]auth.ProfileOptions{
		"no profile": {TokenFile: filepath.Join(dir, "empty")},
		"empty":      {ID: "p", TokenFile: filepath.Join(dir, "empty")},
		"binary":     {ID: "p", TokenFile: filepath.Join(dir, "binary")},
		"huge":       {ID: "p", TokenFile: filepath.Join(dir, "huge")},
	} {
		o.HTTPClient = &http.Client{Transport: iam}
		if _, err := auth.TrustedProfile(o).Token(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, name := range []string{filepath.Join(dir, "missing"), ""} {
		_, err := auth.TrustedProfile(auth.ProfileOptions{ID: "p", TokenFile: name, HTTPClient: &http.Client{Transport: iam}}).Token(t.Context())
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("file %q: error %v, want fs.ErrNotExist", name, err)
		}
	}
	if n := iam.count(); n != 0 {
		t.Errorf("%d exchanges, want none", n)
	}
}
