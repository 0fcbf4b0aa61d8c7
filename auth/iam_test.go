package auth_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/auth"
)

func TestExchangeIsWhatIBMsSDKsSend(t *testing.T) {
	iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
	c := iam.credentials(" my/key+=\n")
	r := httptest.NewRequest("GET", "https://s3.us-south.example/b", nil)
	r.Header.Set("Authorization", "AWS old")
	if err := c.Authorize(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got, want := r.Header["Authorization"], []string{"Bearer token-1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("Authorization = %q, want %q", got, want)
	}
	sent := iam.requests[0]
	if sent.Method != "POST" || sent.URL.String() != "https://iam.cloud.ibm.com/identity/token" {
		t.Errorf("sent %s %s", sent.Method, sent.URL)
	}
	for name, want := range map[string]string{
		"Accept": "application/json", "Authorization": "Basic Yng6Yng=", "Cache-Control": "no-cache",
		"Content-Type": "application/x-www-form-urlencoded",
	} {
		if got := sent.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	want := url.Values{
		"grant_type": {"urn:ibm:params:oauth:grant-type:apikey"}, "response_type": {"cloud_iam"}, "apikey": {"my/key+="},
	}
	if !reflect.DeepEqual(iam.forms[0], want) {
		t.Errorf("form = %v, want %v", iam.forms[0], want)
	}
}

func TestEndpoint(t *testing.T) {
	tests := []struct{ endpoint, want string }{
		{"", "https://iam.cloud.ibm.com/identity/token"},
		{"https://iam.test.example", "https://iam.test.example/identity/token"},
		{"https://iam.test.example/", "https://iam.test.example/identity/token"},
		{"https://iam.ng.bluemix.net/oidc/token", "https://iam.ng.bluemix.net/oidc/token"},
		{"http://127.0.0.1:9000/identity/token", "http://127.0.0.1:9000/identity/token"},
	}
	for _, test := range tests {
		iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
		c := auth.IAM("key", &auth.IAMOptions{Endpoint: test.endpoint, HTTPClient: &http.Client{Transport: iam}})
		if _, err := c.Token(t.Context()); err != nil {
			t.Errorf("%q: %v", test.endpoint, err)
			continue
		}
		if got := iam.requests[0].URL.String(); got != test.want {
			t.Errorf("%q: asked %s, want %s", test.endpoint, got, test.want)
		}
	}
}

// The refresh token comes first; when it is refused, the API key; when the answer
// brings none, the API key again.
func TestRefreshTokenThenAPIKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(n int, form url.Values) *http.Response {
			switch n {
			case 3:
				return answer(400, `{"errorCode":"BXNIM0439E","errorMessage":"Session not valid."}`)
			case 5:
				return answer(200, `{"access_token":"t","token_type":"bearer","expires_in":"3600"}`)
			case 6:
				return answer(200, `{"access_token":"t","token_type":"Bearer","expires_in":3600,"refresh_token":"not_supported"}`)
			}
			return granted(n)
		}}
		c := iam.credentials("key")
		for range 6 {
			if _, err := c.Token(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Hour)
		}
		const want = "apikey refresh_token refresh_token apikey refresh_token apikey apikey"
		if got := iam.grants(); got != want {
			t.Errorf("grants: %s, want %s", got, want)
		}
		if got := iam.forms[2].Get("refresh_token"); got != "refresh-2" {
			t.Errorf("third exchange used %q, want the rotated refresh-2", got)
		}
	})
}

func TestUnknownKeyIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(int, url.Values) *http.Response { return answer(400, keyNotFound) }}
		start := time.Now()
		_, err := iam.credentials("s3cr3t-key").Token(t.Context())
		if waited := time.Since(start); waited != 0 || iam.count() != 1 {
			t.Errorf("%d exchanges in %v, want 1 at once", iam.count(), waited)
		}
		var refusal *auth.IAMError
		if !errors.As(err, &refusal) {
			t.Fatalf("error = %v, want an *IAMError", err)
		}
		want := auth.IAMError{
			StatusCode: 400, Code: "BXNIM0415E", Message: "Provided API key could not be found.",
			RequestID: "req-1", Endpoint: "https://iam.cloud.ibm.com/identity/token",
		}
		if *refusal != want {
			t.Errorf("error = %+v, want %+v", *refusal, want)
		}
		if !errors.Is(err, fs.ErrPermission) {
			t.Error("a refusal is not fs.ErrPermission")
		}
		for _, part := range []string{"BXNIM0415E", "could not be found", "req-1", "check that the API key"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q lacks %q", err, part)
			}
		}
	})
}

func TestPassingTroubleIsRetried(t *testing.T) {
	tests := []struct {
		name    string
		trouble func() *http.Response
	}{
		{"connection broken", func() *http.Response { return nil }},
		{"500", func() *http.Response { return answer(500, "{}") }},
		{"503 of a proxy", func() *http.Response { return answer(503, "<html>") }},
		{"429", func() *http.Response { return answer(429, "") }},
		{"408", func() *http.Response { return answer(408, "") }},
		{"a page that is no JSON", func() *http.Response { return answer(200, "<html>log in to the wifi</html>") }},
		{"no answer", func() *http.Response { return hang }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response {
					if n < 3 {
						return test.trouble()
					}
					return granted(n)
				}}
				start := time.Now()
				token, err := iam.credentials("key").Token(t.Context())
				if err != nil || token.Value != "token-3" {
					t.Errorf("token %q, %v", token.Value, err)
				}
				if waited := time.Since(start); waited < 750*time.Millisecond || waited > 23*time.Second {
					t.Errorf("two retries took %v", waited)
				}
			})
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response {
			if n == 1 {
				resp := answer(429, "")
				resp.Header.Set("Retry-After", "7")
				return resp
			}
			return granted(n)
		}}
		start := time.Now()
		if _, err := iam.credentials("key").Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != 7*time.Second {
			t.Errorf("waited %v, want 7s", waited)
		}
	})
}

func TestTroubleThatStaysIsTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(int, url.Values) *http.Response { return answer(503, "<html>") }}
		_, err := iam.credentials("key").Token(t.Context())
		var refusal *auth.IAMError
		if !errors.As(err, &refusal) || refusal.StatusCode != 503 || !refusal.Temporary() || errors.Is(err, fs.ErrPermission) {
			t.Errorf("error = %v", err)
		}
		if n := iam.count(); n != 3 {
			t.Errorf("%d attempts, want 3", n)
		}
	})
}

// A lifetime is counted from when the answer arrived. What the server thinks the time
// is does not matter.
func TestServersClockDoesNotMatter(t *testing.T) {
	for _, expiration := range []int64{0, 1, 4102444800} {
		synctest.Test(t, func(t *testing.T) {
			iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response {
				time.Sleep(8 * time.Second)
				return answer(200, fmt.Sprintf(`{"access_token":"t","token_type":"Bearer","expires_in":100,"expiration":%d}`, expiration))
			}}
			start := time.Now()
			token, err := iam.credentials("key").Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if life := token.Expiry.Sub(start); life != 98*time.Second { // 8 + 100, less a margin of a tenth
				t.Errorf("expiration %d: token lives %v, want 98s", expiration, life)
			}
		})
	}
}

func TestUnusableAnswersAreRefused(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"no token", `{"token_type":"Bearer","expires_in":3600}`, "no access_token"},
		{"no type", `{"access_token":"t","expires_in":3600}`, "no token_type"},
		{"other type", `{"access_token":"t","token_type":"mac","expires_in":3600}`, "not Bearer"},
		{"no lifetime", `{"access_token":"t","token_type":"Bearer"}`, "no expires_in"},
		{"lifetime of null", `{"access_token":"t","token_type":"Bearer","expires_in":null}`, "no expires_in"},
		{"expired on arrival", `{"access_token":"t","token_type":"Bearer","expires_in":0}`, "had expired"},
		{"expired before", `{"access_token":"t","token_type":"Bearer","expires_in":-5}`, "had expired"},
		{"header injection", `{"access_token":"t\r\nX: y","token_type":"Bearer","expires_in":3600}`, "a header cannot carry"},
		{"empty", ``, "not the JSON of a token"},
		{"list", `[]`, "not the JSON of a token"},
		{"endless", `{"access_token":"` + strings.Repeat("x", 1<<20) + `"}`, "longer than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				iam := &fakeIAM{answer: func(int, url.Values) *http.Response { return answer(200, test.body) }}
				token, err := iam.credentials("key").Token(t.Context())
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("token %q, error %v; want one about %q", token.Value, err, test.want)
				}
			})
		})
	}
}

func TestAbsurdLifetimeIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(int, url.Values) *http.Response {
			return answer(200, `{"access_token":"t","token_type":"Bearer","expires_in":1e300}`)
		}}
		token, err := iam.credentials("key").Token(t.Context())
		if life := time.Until(token.Expiry); err != nil || life > 7*24*time.Hour || life < 6*24*time.Hour {
			t.Errorf("token lives %v, %v", life, err)
		}
	})
}

// The key must not reach a place that was not named, nor a plain connection.
func TestKeyGoesNowhereElse(t *testing.T) {
	iam := &fakeIAM{answer: func(int, url.Values) *http.Response {
		resp := answer(307, "")
		resp.Header.Set("Location", "https://elsewhere.example/identity/token")
		return resp
	}}
	_, err := iam.credentials("key").Token(t.Context())
	var refusal *auth.IAMError
	if !errors.As(err, &refusal) || refusal.StatusCode != 307 || iam.count() != 1 {
		t.Errorf("redirect: %d requests, error %v", iam.count(), err)
	}

	for _, endpoint := range []string{"http://iam.example/identity/token", "http://10.0.0.1", "ftp://iam.example", "iam.example", "http://[::1"} {
		iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
		c := auth.IAM("s3cr3t", &auth.IAMOptions{Endpoint: endpoint, HTTPClient: &http.Client{Transport: iam}})
		_, err := c.Token(t.Context())
		if err == nil || iam.count() != 0 || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %d requests, error %v", endpoint, iam.count(), err)
		}
		if strings.HasPrefix(endpoint, "http://i") && !errors.Is(err, auth.ErrPlaintext) {
			t.Errorf("%s: error %v, want ErrPlaintext", endpoint, err)
		}
	}
}

func TestEmptyKey(t *testing.T) {
	iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
	if _, err := iam.credentials(" ").Token(t.Context()); err == nil || iam.count() != 0 {
		t.Errorf("%d requests, error %v", iam.count(), err)
	}
}

func TestDelegatedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(n int, form url.Values) *http.Response {
			return answer(200, `{"delegated_refresh_token":"for-`+form.Get("receiver_client_ids")+fmt.Sprint("-", n)+`"}`)
		}}
		c := iam.credentials("key")
		defer c.Close()
		for range 2 { // the second from memory
			token, err := c.DelegatedToken(t.Context())
			if err != nil || token.Value != "for-aspera_ats-1" {
				t.Errorf("token %q, %v", token.Value, err)
			}
			if life := time.Until(token.Expiry); life != 6*24*time.Hour-10*time.Second {
				t.Errorf("token lives %v", life)
			}
		}
		want := url.Values{
			"grant_type": {"urn:ibm:params:oauth:grant-type:apikey"}, "response_type": {"delegated_refresh_token"},
			"receiver_client_ids": {"aspera_ats"}, "apikey": {"key"},
		}
		if !reflect.DeepEqual(iam.forms[0], want) {
			t.Errorf("form = %v, want %v", iam.forms[0], want)
		}
		token, err := c.DelegatedToken(t.Context(), "b", "a")
		if err != nil || token.Value != "for-a,b-2" {
			t.Errorf("token %q, %v", token.Value, err)
		}
	})
}

func TestDelegatedTokenRefused(t *testing.T) {
	iam := &fakeIAM{answer: func(int, url.Values) *http.Response { return answer(400, keyNotFound) }}
	if _, err := iam.credentials("key").DelegatedToken(t.Context()); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("refused key: %v", err)
	}
	if _, err := iam.credentials("").DelegatedToken(t.Context()); err == nil || iam.count() != 1 {
		t.Errorf("empty key: %v after %d requests", err, iam.count())
	}
}

func TestDelegatedTokenMustBeThere(t *testing.T) {
	iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
	if _, err := iam.credentials("key").DelegatedToken(t.Context()); err == nil {
		t.Error("no error for an answer without delegated_refresh_token")
	}
}

// Over a real socket, with the server's own idea of HTTP.
func TestIAMOverLoopback(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("apikey") != "key" || !r.Close {
			w.WriteHeader(http.StatusBadRequest)
		}
		fmt.Fprint(w, `{"access_token":"t","token_type":"Bearer","expires_in":3600}`)
	}))
	defer server.Close()
	c := auth.IAM("key", &auth.IAMOptions{Endpoint: server.URL})
	defer c.Close()
	if token, err := c.Token(t.Context()); err != nil || token.Value != "t" {
		t.Errorf("token %q, %v", token.Value, err)
	}
}

func TestUntrustedCertificateIsNotRetried(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it would report our refusal
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	defer server.Close()
	_, err := auth.IAM("key", &auth.IAMOptions{Endpoint: server.URL}).Token(t.Context())
	var untrusted *tls.CertificateVerificationError
	if !errors.As(err, &untrusted) || connections.Load() != 1 {
		t.Errorf("%d connections, error %v", connections.Load(), err)
	}
}

// Every refusal that a user can do something about says what.
func TestIAMErrorSaysWhatToDo(t *testing.T) {
	tests := []struct {
		err  auth.IAMError
		want string
	}{
		{auth.IAMError{StatusCode: 400, Code: "BXNIM0415E"}, "check that the API key is whole"},
		{auth.IAMError{StatusCode: 400, Code: "BXNIM0407E"}, "check that the token is whole"},
		{auth.IAMError{StatusCode: 302}, "redirects are not followed"},
		{auth.IAMError{StatusCode: 404}, "check the token endpoint"},
		{auth.IAMError{StatusCode: 405}, "check the token endpoint"},
		{auth.IAMError{StatusCode: 429}, "share one client"},
	}
	for _, test := range tests {
		test.err.Endpoint = "https://iam.example/t"
		if got := test.err.Error(); !strings.Contains(got, test.want) || !strings.Contains(got, "https://iam.example/t") {
			t.Errorf("%+v says %q, want %q in it", test.err, got, test.want)
		}
	}
}
