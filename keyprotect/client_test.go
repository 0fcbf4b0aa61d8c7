package keyprotect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/keyprotect"
)

const uuid = "90b6a1db-0fe1-4fe9-b91e-962c327df531"

func TestConfig(t *testing.T) {
	token := auth.StaticToken("token")
	crn := "crn:v1:bluemix:public:kms:eu-de:a/3d624cd74a0dea86ed8efe3101341742:" + uuid + "::"
	tests := []struct {
		name string
		cfg  keyprotect.Config
		want string // in the error; "" for none
	}{
		{"CRN", keyprotect.Config{Instance: crn, Credentials: token}, ""},
		{"UUID", keyprotect.Config{Instance: uuid, Endpoint: "us-south.kms.cloud.ibm.com", Credentials: token}, ""},
		{"this machine", keyprotect.Config{Instance: uuid, Endpoint: "http://[::1]:9000", Credentials: token}, ""},
		{"no instance", keyprotect.Config{Credentials: token}, "Instance is empty"},
		{"other CRN", keyprotect.Config{Instance: strings.Replace(crn, ":kms:", ":cloud-object-storage:", 1), Credentials: token}, "not the CRN of a Key Protect instance"},
		{"not a UUID", keyprotect.Config{Instance: "a b", Credentials: token}, "neither a CRN nor a UUID"},
		{"no region", keyprotect.Config{Instance: uuid, Credentials: token}, "Endpoint is empty"},
		{"no credentials", keyprotect.Config{Instance: crn}, "Credentials is nil"},
		{"plain http", keyprotect.Config{Instance: crn, Endpoint: "http://kms.example", Credentials: token}, "plain http"},
		{"key in the URL", keyprotect.Config{Instance: crn, Endpoint: "https://key@kms.example", Credentials: token}, "do not belong in the URL"},
		{"other scheme", keyprotect.Config{Instance: crn, Endpoint: "ftp://kms.example", Credentials: token}, "neither https nor http"},
	}
	for _, tt := range tests {
		_, err := keyprotect.New(tt.cfg)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// roundTripper answers requests in order, the last answer for ever.
type roundTripper struct {
	answers []func(*http.Request) (*http.Response, error)
	seen    []*http.Request
	bodies  []string
}

func (r *roundTripper) RoundTrip(q *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	r.seen, r.bodies = append(r.seen, q), append(r.bodies, string(b))
	return r.answers[min(len(r.seen), len(r.answers))-1](q)
}

func answer(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(q *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Correlation-Id": {"id-1"}}, Body: io.NopCloser(strings.NewReader(body)), Request: q}, nil
	}
}

func lost(*http.Request) (*http.Response, error) { return nil, errors.New("connection lost") }

func refusal(status int, code string) func(*http.Request) (*http.Response, error) {
	return answer(status, fmt.Sprintf(`{"resources":[{"errorMsg":"No","reasons":[{"code":%q,"message":"Because.","status":%d}]}]}`, code, status))
}

func newClient(t *testing.T, answers ...func(*http.Request) (*http.Response, error)) (*keyprotect.Client, *roundTripper) {
	t.Helper()
	rt := &roundTripper{answers: answers}
	c, err := keyprotect.New(keyprotect.Config{
		Instance: uuid, Endpoint: "https://kms.example/", Credentials: auth.StaticToken("token"), HTTPClient: &http.Client{Transport: rt},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, rt
}

const oneKey = `{"metadata":{"collectionTotal":1},"resources":[{"id":"1","name":"n","state":2}]}`

// TestRetries: only what may be done twice is tried again after an attempt of unknown outcome.
func TestRetries(t *testing.T) {
	type fn = func(*http.Request) (*http.Response, error)
	wrapped := answer(200, `{"ciphertext":"c","keyVersion":{"id":"v"}}`)
	tests := []struct {
		name     string
		answers  []fn
		do       func(context.Context, *keyprotect.Client) error
		requests int
		fails    bool
	}{
		{"get", []fn{lost, answer(503, ""), answer(200, oneKey)}, get, 3, false},
		{"get in vain", []fn{answer(500, "")}, get, 5, true},
		{"get of no key", []fn{refusal(404, "KEY_NOT_FOUND_ERR")}, get, 1, true},
		{"wrap", []fn{lost, wrapped}, func(ctx context.Context, c *keyprotect.Client) error {
			_, err := c.Wrap(ctx, "1", nil)
			return err
		}, 2, false},
		{"create", []fn{lost, answer(201, oneKey)}, create, 1, true},
		{"create when busy", []fn{answer(429, ""), answer(201, oneKey)}, create, 2, false},
		{"create when broken", []fn{answer(503, ""), answer(201, oneKey)}, create, 1, true},
		{"rotate", []fn{lost}, func(ctx context.Context, c *keyprotect.Client) error { return c.Rotate(ctx, "1", nil) }, 1, true},
		{"delete twice", []fn{lost, refusal(410, "KEY_DELETED_ERR")}, remove, 2, false},
		{"delete of a deleted key", []fn{refusal(410, "KEY_DELETED_ERR")}, remove, 1, true},
		{"disable twice", []fn{lost, refusal(409, "KEY_ACTION_INVALID_STATE_ERR"), answer(200, oneKey)}, disable, 3, false},
		{"disable of a disabled key", []fn{refusal(409, "KEY_ACTION_INVALID_STATE_ERR")}, disable, 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, rt := newClient(t, tt.answers...)
				err := tt.do(t.Context(), c)
				if (err != nil) != tt.fails || len(rt.seen) != tt.requests {
					t.Errorf("%v after %d requests, want %d", err, len(rt.seen), tt.requests)
				}
			})
		})
	}
}

func get(ctx context.Context, c *keyprotect.Client) error { _, err := c.Get(ctx, "1"); return err }

func create(ctx context.Context, c *keyprotect.Client) error {
	_, err := c.Create(ctx, "n", nil)
	return err
}

func remove(ctx context.Context, c *keyprotect.Client) error { return c.Delete(ctx, "1", nil) }

func disable(ctx context.Context, c *keyprotect.Client) error { return c.Disable(ctx, "1") }

func TestRequest(t *testing.T) {
	c, rt := newClient(t, answer(204, ""))
	if err := c.Delete(t.Context(), "a/b ?", &keyprotect.DeleteOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	q := rt.seen[0]
	if got := q.URL.String(); got != "https://kms.example/api/v2/keys/a%2Fb%20%3F?force=true" {
		t.Errorf("URL %s", got)
	}
	h := q.Header
	if h.Get("Authorization") != "Bearer token" || h.Get("Bluemix-Instance") != uuid || len(h.Get("Correlation-Id")) != 36 {
		t.Errorf("headers %v", h)
	}
}

func TestErrors(t *testing.T) {
	c, _ := newClient(t, refusal(409, "PROTECTED_RESOURCE_ERR"))
	err := c.Delete(t.Context(), "k", nil)
	if want := "keyprotect: delete key k: Because (PROTECTED_RESOURCE_ERR, correlation id id-1)"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	c, _ = newClient(t, answer(401, `{"resources":[{"errorMsg":"Unauthorized: no."}]}`))
	err = get(t.Context(), c)
	if want := "keyprotect: get key 1: Unauthorized: no (401, correlation id id-1)"; err == nil || err.Error() != want || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v, want %s", err, want)
	}
	c, _ = newClient(t, answer(418, "<html>teapot</html>"))
	if err := get(t.Context(), c); err == nil || !strings.Contains(err.Error(), "418") {
		t.Errorf("error %v", err)
	}
	c, _ = newClient(t, answer(302, ""))
	if err := get(t.Context(), c); err == nil {
		t.Error("a redirect was followed")
	}
	for _, body := range []string{"", "null", "[]", `{"resources":[]}`, strings.Repeat("x", 17<<20)} {
		c, _ = newClient(t, answer(200, body))
		if err := get(t.Context(), c); err == nil {
			t.Errorf("answer %.20q is no error", body)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c, _ = newClient(t, lost)
	if err := get(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestSecrets: no material in errors, logs and whatever prints.
func TestSecrets(t *testing.T) {
	secret := keyprotect.Secret("0123456789abcdef0123456789abcdef")
	var log bytes.Buffer
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		http.Error(w, "refused "+string(b), http.StatusBadRequest)
	}))
	defer ts.Close()
	c, err := keyprotect.New(keyprotect.Config{
		Instance: uuid, Endpoint: ts.URL, Credentials: auth.StaticToken("s3cr3t-token"),
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Import(t.Context(), "k", secret, nil)
	if err == nil {
		t.Fatal("no error")
	}
	w := &keyprotect.Wrapped{Plaintext: secret}
	doc, jsonErr := json.Marshal(w)
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", secret)
	text := err.Error() + log.String() + fmt.Sprintf("%v %+v %#v %s %q %x %d", secret, w, w, secret, secret, secret, secret) + string(doc)
	for _, leak := range []string{"0123456789abcdef", "MDEyMzQ1", "30313233", "s3cr3t", "48 49 50"} {
		if strings.Contains(text, leak) {
			t.Errorf("%q is in %s", leak, text)
		}
	}
	if log.Len() == 0 {
		t.Error("nothing was logged")
	}
	if _, err := keyprotect.ParseSecret("***secret***"); err == nil || strings.Contains(err.Error(), "secret***") {
		t.Errorf("ParseSecret: %v", err)
	}
	if s, err := keyprotect.ParseSecret(secret.Base64()); err != nil || !bytes.Equal(s, secret) {
		t.Errorf("ParseSecret: %v", err)
	}
}
