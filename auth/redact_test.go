package auth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/auth"
)

// Nothing that holds a secret prints it: alone, by pointer, inside other things,
// through fmt, slog or JSON.
func TestSecretsArePrintedNowhere(t *testing.T) {
	const secret = "TOP-secret-0123456789"
	iam := &fakeIAM{answer: func(int, url.Values) *http.Response {
		return answer(200, `{"access_token":"`+secret+`","refresh_token":"`+secret+`","token_type":"Bearer","expires_in":3600}`)
	}}
	used := iam.credentials(secret)
	token, err := used.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := auth.Find(&auth.ChainOptions{
		Home: "/home/u", ReadFile: files{}.read,
		Getenv: environment{"ICOS_ACCESS_KEY_ID": "public", "ICOS_SECRET_ACCESS_KEY": secret, "AWS_SECRET_ACCESS_KEY": secret}.get,
	})
	if err != nil {
		t.Fatal(err)
	}
	things := map[string]any{
		"token":           token,
		"IAM":             auth.IAM(secret, nil),
		"IAM, used":       used,
		"trusted profile": auth.TrustedProfile(auth.ProfileOptions{ID: "p", APIKey: secret}),
		"static":          auth.StaticToken(secret),
		"HMAC":            auth.HMAC("id", secret),
		"HMAC, session":   auth.HMAC("id", secret).WithSessionToken(secret),
		"HMAC by value":   *auth.HMAC("id", secret),
		"found":           found,
		"found by value":  *found,
		"profile options": auth.ProfileOptions{ID: "p", APIKey: secret},
	}
	for name, thing := range things {
		var out bytes.Buffer
		for _, thing := range []any{thing, &thing, []any{thing}, map[string]any{"k": thing}, struct{ F any }{thing}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%10.3v"} {
				fmt.Fprintf(&out, verb+"\n", thing)
			}
			fmt.Fprintln(&out, thing)
			for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
				slog.New(handler).Info("m", "thing", thing)
			}
			if err := json.NewEncoder(&out).Encode(thing); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		printed := strings.ToLower(out.String())
		for _, leak := range []string{
			secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))[:12], fmt.Sprint([]byte(secret)[:4])[1:10],
		} {
			if strings.Contains(printed, strings.ToLower(leak)) {
				t.Errorf("%s prints %q", name, leak)
			}
		}
		if !strings.Contains(printed, "redacted") {
			t.Errorf("%s prints no REDACTED", name)
		}
	}
}

func TestTokenLogsItsExpiry(t *testing.T) {
	var out bytes.Buffer
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "token", auth.Token{Value: "secret", Expiry: at})
	if !strings.Contains(out.String(), "2026-01-02T03:04:05Z") {
		t.Errorf("logged %s", &out)
	}
}

// An endpoint that sends our key back does not get it into our error.
func TestErrorsQuoteNoSecret(t *testing.T) {
	const secret = "TOP-secret-0123456789"
	for _, body := range []string{
		`{"errorCode":"E","errorMessage":"no key ` + secret + `","context":{"requestId":"` + secret + `"}}`,
		`{"errorCode":"` + secret + `"}`,
		secret,
	} {
		iam := &fakeIAM{answer: func(int, url.Values) *http.Response { return answer(400, body) }}
		_, err := iam.credentials(secret).Token(t.Context())
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), secret) {
			t.Errorf("%s: error %v", body, err)
		}
	}
	iam := &fakeIAM{answer: func(int, url.Values) *http.Response {
		return answer(400, `{"errorMessage":"red \u001b[31m and `+strings.Repeat("long ", 1000)+`"}`)
	}}
	_, err := iam.credentials(secret).Token(t.Context())
	if err == nil || strings.Contains(err.Error(), "\x1b") || len(err.Error()) > 1000 {
		t.Errorf("error of %d bytes: %.80q", len(err.Error()), err)
	}
}
