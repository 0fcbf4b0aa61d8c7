package iam_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server/iam"
)

func TestAPIKeyGrant(t *testing.T) {
	c := &clock{start}
	s := newService(t, t.TempDir(), c)
	// The body is byte for byte what IBM's Python SDK sends.
	form := "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&response_type=cloud_iam&apikey=" + s.First().APIKey
	for _, path := range []string{"/identity/token", "/oidc/token"} {
		status, body := post(t, s, path, form, true)
		if status != http.StatusOK {
			t.Fatalf("POST %s = %d %v", path, status, body)
		}
		if got := body["token_type"]; got != "Bearer" {
			t.Errorf("token_type = %v, want Bearer", got)
		}
		if got := body["expires_in"]; got != 3600.0 {
			t.Errorf("expires_in = %v, want 3600", got)
		}
		if got, want := body["expiration"], float64(start.Add(time.Hour).Unix()); got != want {
			t.Errorf("expiration = %v, want %v", got, want)
		}
		if got := body["scope"]; got != "ibm openid" {
			t.Errorf("scope = %v, want ibm openid", got)
		}
		p, err := s.VerifyToken(body["access_token"].(string), c.now())
		if err != nil {
			t.Fatalf("VerifyToken: %v", err)
		}
		if got, want := p.Instance, s.First().InstanceID(); got != want {
			t.Errorf("principal's instance = %q, want %q", got, want)
		}
		if !strings.HasPrefix(p.ID, "iam-ServiceId-") {
			t.Errorf("principal's ID = %q, want iam-ServiceId-…", p.ID)
		}
	}
}

func TestRefreshToken(t *testing.T) {
	c := &clock{start}
	s := newService(t, t.TempDir(), c)
	_, body := post(t, s, "/identity/token", apikeyForm(s.First().APIKey), true)
	form := "grant_type=refresh_token&response_type=cloud_iam&refresh_token=" + url.QueryEscape(body["refresh_token"].(string))

	c.t = start.Add(50 * time.Minute)
	status, renewed := post(t, s, "/identity/token", form, true)
	if status != http.StatusOK {
		t.Fatalf("refresh = %d %v", status, renewed)
	}
	if _, err := s.VerifyToken(renewed["access_token"].(string), start.Add(100*time.Minute)); err != nil {
		t.Errorf("renewed token: %v", err)
	}
	if _, err := s.VerifyToken(body["access_token"].(string), start.Add(100*time.Minute)); err != iam.ErrTokenExpired {
		t.Errorf("first token after an hour: %v, want ErrTokenExpired", err)
	}

	c.t = start.Add(72 * time.Hour)
	if status, e := post(t, s, "/identity/token", form, true); status != http.StatusBadRequest || e["errorCode"] != "BXNIM0408E" {
		t.Errorf("refresh after 72 hours = %d %v, want 400 BXNIM0408E", status, e["errorCode"])
	}
}

func TestRefreshTokenNeedsClient(t *testing.T) {
	s := newService(t, t.TempDir(), &clock{start})
	_, body := post(t, s, "/identity/token", apikeyForm(s.First().APIKey), false)
	if got := body["refresh_token"]; got != "not_supported" {
		t.Errorf("refresh_token without a Basic header = %v, want not_supported", got)
	}
}

func TestRefreshAfterRestart(t *testing.T) {
	dir, c := t.TempDir(), &clock{start}
	s := newService(t, dir, c)
	_, body := post(t, s, "/identity/token", apikeyForm(s.First().APIKey), true)
	again := newService(t, dir, c)
	status, e := post(t, again, "/identity/token", "grant_type=refresh_token&refresh_token="+url.QueryEscape(body["refresh_token"].(string)), true)
	if status != http.StatusOK {
		t.Errorf("refresh after restart = %d %v", status, e)
	}
}

func TestDelegatedRefreshToken(t *testing.T) {
	c := &clock{start}
	s := newService(t, t.TempDir(), c)
	form := "grant_type=" + url.QueryEscape(apikeyGrant) +
		"&response_type=delegated_refresh_token&receiver_client_ids=aspera_ats&apikey=" + s.First().APIKey
	status, body := post(t, s, "/identity/token", form, true)
	if status != http.StatusOK {
		t.Fatalf("delegated = %d %v", status, body)
	}
	raw := body["delegated_refresh_token"].(string)
	p, err := s.VerifyDelegated(raw, "aspera_ats", c.now())
	if err != nil || p.Instance != s.First().InstanceID() {
		t.Errorf("VerifyDelegated = %v, %v", p, err)
	}
	if _, err := s.VerifyDelegated(raw, "someone_else", c.now()); err == nil {
		t.Error("VerifyDelegated for another receiver: no error")
	}
	if _, err := s.VerifyDelegated(raw, "aspera_ats", start.Add(6*24*time.Hour)); err == nil {
		t.Error("VerifyDelegated after six days: no error")
	}
	if _, err := s.VerifyToken(raw, c.now()); err == nil {
		t.Error("a delegated refresh token passes as access token")
	}
	if status, e := post(t, s, "/identity/token", "grant_type=refresh_token&refresh_token="+raw, true); status != 400 || e["errorCode"] != "BXNIM0407E" {
		t.Errorf("a delegated refresh token as refresh token = %d %v, want 400 BXNIM0407E", status, e["errorCode"])
	}
}

func TestTrustedProfile(t *testing.T) {
	c := &clock{start}
	s := newService(t, t.TempDir(), c)
	p, err := s.CreateProfile(t.Context(), s.First().ResourceInstanceID, "builder")
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.CreateProfile(t.Context(), p.Instance, "other")
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.NewResourceToken(p.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	access, _, err := s.NewToken("iam-" + p.ID)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := s.CreateInstance(t.Context(), "elsewhere")
	if err != nil {
		t.Fatal(err)
	}
	_, body := post(t, s, "/identity/token", apikeyForm(elsewhere.APIKey), false)
	stranger := body["access_token"].(string)
	holder := accessToken(t, s)
	in, _ := s.Instance(p.Instance)
	const assume = "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aassume&access_token="
	const grant = "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Acr-token&cr_token="
	for _, tt := range []struct {
		name, form, code string
		after            time.Duration
	}{
		{"by id", grant + token + "&profile_id=" + p.ID, "", 0},
		{"by name", grant + token + "&profile_name=builder", "", 0},
		{"neither", grant + token, "BXNIM0400E", 0},
		{"no token", "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Acr-token&profile_name=builder", "BXNIM0400E", 0},
		{"another profile", grant + token + "&profile_id=" + other.ID, "BXNIM0407E", 0},
		{"access token as compute resource token", grant + access + "&profile_id=" + p.ID, "BXNIM0407E", 0},
		{"expired", grant + token + "&profile_id=" + p.ID, "BXNIM0407E", time.Hour},
		{"in the account", grant + token + "&profile_name=builder&account=" + in.AccountID, "", 0},
		{"in another account", grant + token + "&profile_name=builder&account=0", "BXNIM0407E", 0},
		{"assumed by id", assume + holder + "&profile_id=" + p.ID, "", 0},
		{"assumed by name", assume + holder + "&profile_name=builder&account=" + in.AccountID, "", 0},
		{"assumed from another instance", assume + stranger + "&profile_id=" + p.ID, "BXNIM0407E", 0},
		{"assumed without a token", assume + "&profile_id=" + p.ID, "BXNIM0400E", 0},
		{"assumed with a compute resource token", assume + token + "&profile_id=" + p.ID, "BXNIM0407E", 0},
		{"assumed though unknown", assume + holder + "&profile_id=Profile-0", "BXNIM0407E", 0},
		{"assumed late", assume + holder + "&profile_id=" + p.ID, "BXNIM0407E", time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c.t = start.Add(tt.after)
			status, body := post(t, s, "/identity/token", tt.form, false)
			if tt.code != "" {
				if status != 400 || body["errorCode"] != tt.code {
					t.Errorf("= %d %v, want 400 %s", status, body["errorCode"], tt.code)
				}
				return
			}
			who, err := s.VerifyToken(body["access_token"].(string), c.now())
			if err != nil || who.ID != "iam-"+p.ID {
				t.Errorf("principal = %v, %v, want %s", who, err, p.ID)
			}
		})
	}
	if _, err := s.VerifyToken(token, start); err == nil {
		t.Error("a compute resource token passes as access token")
	}
}

func TestTokenErrors(t *testing.T) {
	s := newService(t, t.TempDir(), &clock{start})
	key := s.First().APIKey
	good := apikeyForm(key)
	_, body := post(t, s, "/identity/token", good, true)
	refresh := body["refresh_token"].(string)
	for _, tt := range []struct {
		name, form, code, media string
	}{
		{"unknown key", apikeyForm("nope"), "BXNIM0415E", ""},
		{"key with a change", apikeyForm(key[:len(key)-1] + "~"), "BXNIM0415E", ""},
		{"no key", "grant_type=" + url.QueryEscape(apikeyGrant), "BXNIM0400E", ""},
		{"no grant", "apikey=" + key, "BXNIM0400E", ""},
		{"unknown grant", "grant_type=password&apikey=" + key, "BXNIM0400E", ""},
		{"key twice", good + "&apikey=" + key, "BXNIM0400E", ""},
		{"unknown response type", strings.Replace(good, "cloud_iam", "code", 1), "BXNIM0400E", ""},
		{"delegated without receivers", strings.Replace(good, "cloud_iam", "delegated_refresh_token", 1), "BXNIM0400E", ""},
		{"bad escape", "grant_type=%zz", "BXNIM0400E", ""},
		{"empty form", "", "BXNIM0400E", ""},
		{"form too long", good + "&x=" + strings.Repeat("y", 64<<10), "BXNIM0400E", ""},
		{"JSON", `{"apikey":"k"}`, "BXNIM0400E", "application/json"},
		{"no refresh token", "grant_type=refresh_token", "BXNIM0400E", ""},
		{"refresh token made up", "grant_type=refresh_token&refresh_token=abc.def", "BXNIM0407E", ""},
		{"refresh token without MAC", "grant_type=refresh_token&refresh_token=abc", "BXNIM0407E", ""},
		{"refresh token cut", "grant_type=refresh_token&refresh_token=" + refresh[:len(refresh)-2], "BXNIM0407E", ""},
		{"refresh token changed", "grant_type=refresh_token&refresh_token=A" + refresh[1:], "BXNIM0407E", ""},
		{"not_supported as refresh token", "grant_type=refresh_token&refresh_token=not_supported", "BXNIM0407E", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "http://cos.test/identity/token", strings.NewReader(tt.form))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if tt.media != "" {
				r.Header.Set("Content-Type", tt.media)
			}
			r.Header.Set("User-Agent", "tester/1")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			e := decode(t, w.Body)
			if w.Code != http.StatusBadRequest || e["errorCode"] != tt.code {
				t.Fatalf("= %d %v, want 400 %s", w.Code, e["errorCode"], tt.code)
			}
			if m, _ := e["errorMessage"].(string); m == "" || strings.Contains(m, key) {
				t.Errorf("errorMessage = %q", m)
			}
			context, _ := e["context"].(map[string]any)
			for name, want := range map[string]string{
				"requestType": "incoming.Identity_Token", "userAgent": "tester/1", "url": "http://cos.test/identity/token",
				"startTime": "01.09.2026 12:00:00:000 UTC", "locale": "en_US",
			} {
				if got := context[name]; got != want {
					t.Errorf("context %s = %v, want %s", name, got, want)
				}
			}
			if context["requestId"] == "" {
				t.Error("context has no requestId")
			}
		})
	}
}

// The texts by which IBM's SDKs recognise that asking again is useless.
func TestErrorTextsThatSDKsLookFor(t *testing.T) {
	s := newService(t, t.TempDir(), &clock{start})
	for form, want := range map[string]string{
		apikeyForm("nope"):                           "provided api key could not be found",
		"grant_type=refresh_token&refresh_token=a.b": "supplied token failed to validate",
	} {
		_, e := post(t, s, "/identity/token", form, true)
		if got := strings.ToLower(e["errorMessage"].(string)); !strings.Contains(got, want) {
			t.Errorf("errorMessage = %q, want %q in it", got, want)
		}
	}
}

func TestKeyInQueryIsNotRead(t *testing.T) {
	s := newService(t, t.TempDir(), &clock{start})
	status, e := post(t, s, "/identity/token?"+apikeyForm(s.First().APIKey), "", true)
	if status != 400 || e["errorCode"] != "BXNIM0400E" {
		t.Errorf("= %d %v, want 400 BXNIM0400E", status, e["errorCode"])
	}
}

func TestRoutes(t *testing.T) {
	s := newService(t, t.TempDir(), &clock{start})
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/identity/token", 405},
		{"PUT", "/oidc/token", 405},
		{"POST", "/identity/keys", 405},
		{"GET", "/identity/keys", 200},
		{"HEAD", "/identity/keys", 200},
		{"GET", "/oidc/jwks", 200},
		{"GET", "/identity/.well-known/openid-configuration", 200},
		{"GET", "/.well-known/openid-configuration", 200},
		{"GET", "/identity/elsewhere", 404},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		if w.Code != tt.status {
			t.Errorf("%s %s = %d, want %d", tt.method, tt.path, w.Code, tt.status)
		}
	}
}

func TestBasicHeader(t *testing.T) {
	s := newService(t, t.TempDir(), &clock{start})
	for header, status := range map[string]int{
		"": 200, "Basic Yng6Yng=": 200, "Basic !!": 400, "Bearer x": 400, "Basic OnB3": 400, // ":pw"
	} {
		r := httptest.NewRequest(http.MethodPost, "/identity/token", strings.NewReader(apikeyForm(s.First().APIKey)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("Authorization %q = %d, want %d", header, w.Code, status)
		}
	}
}
