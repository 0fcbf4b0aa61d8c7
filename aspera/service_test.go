package aspera_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/rapid"
)

func (w *world) service(o *aspera.ServiceOptions) *aspera.Service {
	w.Helper()
	s, err := aspera.NewService(w.cos.Client(), o)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// TestSetup compares a request with what IBM's SDK sends, and reads the answer.
func TestSetup(t *testing.T) {
	w := newWorld(t)
	spec, err := w.service(nil).Setup(t.Context(), w.bucket, aspera.Send, aspera.Path{Source: "/tmp/a", Destination: "k"})
	if err != nil {
		t.Fatal(err)
	}
	got := w.setups[0]
	if got.Path != "/files/upload_setup" || got.User != accessKey || got.Pass != secretKey {
		t.Errorf("%+v", got)
	}
	var credentials map[string]any
	if err := json.Unmarshal([]byte(got.Header), &credentials); err != nil {
		t.Fatal(err)
	}
	token, _ := credentials["token"].(map[string]any)
	if credentials["type"] != "token" || len(token) != 1 || len(fmt.Sprint(token["delegated_refresh_token"])) < 10 {
		t.Errorf("storage credentials are %s", got.Header)
	}
	want := map[string]any{"transfer_requests": []any{map[string]any{"transfer_request": map[string]any{
		"paths": []any{map[string]any{"source": "/tmp/a", "destination": "k"}},
		"tags":  map[string]any{"aspera": map[string]any{"node": map[string]any{"storage_credentials": credentials}}},
	}}}}
	if diff := cmp.Diff(want, got.Body); diff != "" {
		t.Error(diff)
	}
	if spec.Direction != aspera.Send || spec.RemoteHost != w.gateway.Host || spec.SSHPort != w.gateway.Port || spec.FaspPort != 33001 ||
		string(spec.Token) != "transfer-token" || spec.Cipher != "aes-128" || spec.TargetRate != 1_000_000 {
		t.Errorf("spec is %+v", *spec)
	}
	spec.Grant = &rapid.Grant{Key: rapid.Key([]byte("grant-key-grant-key-grant-key-xx"))}
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "spec", spec, "copy", *spec, "token", spec.Token, "tags", spec.Tags)
	for _, shown := range []string{string(text), log.String(), fmt.Sprintf("%v %+v %#v %s %x", spec, spec, *spec, *spec, spec.Token)} {
		for _, secret := range []string{"transfer-token", "c00kie", accessKey, "7472616e73666572", "grant-key", "Z3JhbnQt"} {
			if strings.Contains(shown, secret) {
				t.Errorf("%q is shown: %s", secret, shown)
			}
		}
	}
}

// TestInfoIsRemembered asks once for each bucket, and again when it is time, when
// there is no room, and when the key pair was refused.
func TestInfoIsRemembered(t *testing.T) {
	w := newWorld(t)
	other := w.cos.Client().Bucket("other")
	ask := func(s *aspera.Service, b *icos.Bucket, want int) {
		t.Helper()
		info, err := s.Info(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if info.AccessKeyID != accessKey || string(info.AccessKeySecret) != secretKey || info.Endpoint.String() != w.cos.URL {
			t.Errorf("info is %q, %q", info.AccessKeyID, info.Endpoint)
		}
		if shown := fmt.Sprintf("%v %+v %#v", info, info, info); strings.Contains(shown, secretKey) || strings.Contains(shown, accessKey) {
			t.Errorf("info is shown: %s", shown)
		}
		if w.info != want {
			t.Errorf("%d requests, want %d", w.info, want)
		}
	}
	s := w.service(nil)
	ask(s, w.bucket, 1)
	ask(s, w.bucket, 1)
	ask(s, other, 2)
	ask(s, w.bucket, 2)

	one := w.service(&aspera.ServiceOptions{CacheSize: 1})
	ask(one, w.bucket, 3)
	ask(one, other, 4)
	ask(one, other, 4)
	ask(one, w.bucket, 5)

	short := w.service(&aspera.ServiceOptions{CacheTime: time.Nanosecond})
	ask(short, w.bucket, 6)
	ask(short, w.bucket, 7)

	// The service refuses the key pair, once: it is asked for again.
	w.answer = func(_ *setup, rw http.ResponseWriter, _ *http.Request) bool {
		if len(w.setups) == 1 {
			rw.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	}
	if _, err := s.Setup(t.Context(), w.bucket, aspera.Receive, aspera.Path{Source: "k"}); err != nil || w.info != 8 || len(w.setups) != 2 {
		t.Errorf("after a refusal: %v, %d requests for info, %d setups", err, w.info, len(w.setups))
	}
	// It always does: that is the answer.
	w.answer = func(_ *setup, rw http.ResponseWriter, _ *http.Request) bool {
		rw.WriteHeader(http.StatusForbidden)
		return true
	}
	if _, err := s.Setup(t.Context(), w.bucket, aspera.Receive, aspera.Path{Source: "k"}); !errors.Is(err, fs.ErrPermission) || len(w.setups) != 4 {
		t.Errorf("after refusals: %v, %d setups", err, len(w.setups))
	}
}

// TestSetupFails reads answers that say no, in all the places where they do, and
// others that say nothing.
func TestSetupFails(t *testing.T) {
	w := newWorld(t)
	s := w.service(nil)
	for _, tt := range []struct {
		name   string
		status int
		body   string
		code   int
		text   string // in the error
		is     error
		tries  int
	}{
		{"an error in place of the spec", 200, `{"transfer_specs":[{"error":{"code":403,"reason":"Forbidden","user_message":"no access"}}]}`, 403, `403 "no access"`, fs.ErrPermission, 2},
		{"an error in the spec", 200, `{"transfer_specs":[{"transfer_spec":{"error":{"code":404,"reason":"not found"}}}]}`, 404, `404 "not found"`, fs.ErrNotExist, 1},
		{"an error beside the specs", 200, `{"error":{"code":400,"reason":"bad","user_message":"Wrong client id"}}`, 400, "the API key must", nil, 1},
		{"an error by its status", 400, `{"error":{"code":7,"reason":"bad path"}}`, 400, `400 "bad path"`, nil, 1},
		{"a page of a proxy", 502, `<html>bad gateway</html>`, 502, "502", nil, 3},
		{"too many requests", 429, ``, 429, "429", nil, 3},
		{"no specs", 200, `{"transfer_specs":[]}`, 0, "0 transfer specs", nil, 1},
		{"two specs", 200, `{"transfer_specs":[{},{}]}`, 0, "2 transfer specs", nil, 1},
		{"an empty element", 200, `{"transfer_specs":[{}]}`, 0, "no transfer spec", nil, 1},
		{"no host", 200, `{"transfer_specs":[{"transfer_spec":{"direction":"receive"}}]}`, 0, "no remote_host", nil, 1},
		{"the other direction", 200, `{"transfer_specs":[{"transfer_spec":{"direction":"send","remote_host":"h"}}]}`, 0, "a spec to upload", nil, 1},
		{"no JSON", 200, `secret-token`, 0, "not the JSON", nil, 1},
		{"another type", 200, `{"transfer_specs":[{"transfer_spec":{"remote_host":"h","token":{"secret-token":1}}}]}`, 0, "not the JSON", nil, 1},
		{"too long", 200, `{"x":"` + strings.Repeat("x", 5<<20) + `"}`, 0, "longer than", nil, 1},
		{"a redirect", 307, ``, 307, "redirects are not followed", nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.setups = nil
			w.answer = func(_ *setup, rw http.ResponseWriter, _ *http.Request) bool {
				rw.Header().Set("Content-Type", "application/json")
				rw.Header().Set("Location", "/elsewhere")
				rw.WriteHeader(tt.status)
				io.WriteString(rw, tt.body)
				return true
			}
			_, err := s.Setup(t.Context(), w.bucket, aspera.Receive, aspera.Path{Source: "k"})
			e, ok := errors.AsType[*aspera.SpecError](err)
			if !ok || e.StatusCode != tt.code || e.Bucket != "fast" || e.Step != "set up download" || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error is %v", err)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error is not %v: %v", tt.is, err)
			}
			if strings.Contains(err.Error(), "secret-token") {
				t.Errorf("the body is in the error: %v", err)
			}
			if len(w.setups) != tt.tries {
				t.Errorf("%d requests, want %d", len(w.setups), tt.tries)
			}
		})
	}
}

// TestSecretsComeBack has the service repeat in an error what it was sent.
func TestSecretsComeBack(t *testing.T) {
	w := newWorld(t)
	w.answer = func(s *setup, rw http.ResponseWriter, _ *http.Request) bool {
		rw.Header().Set("Content-Type", "application/json")
		json.NewEncoder(rw).Encode(map[string]any{"error": map[string]any{"code": 400, "reason": "x", "user_message": s.Header + s.Pass + "\x00\n" + strings.Repeat("y", 2000)}})
		return true
	}
	_, err := w.service(nil).Setup(t.Context(), w.bucket, aspera.Send, aspera.Path{Destination: "k"})
	var sent struct {
		Token struct {
			Value string `json:"delegated_refresh_token"`
		} `json:"token"`
	}
	if jerr := json.Unmarshal([]byte(w.setups[0].Header), &sent); jerr != nil || sent.Token.Value == "" {
		t.Fatal(jerr)
	}
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); err == nil || strings.Contains(text, sent.Token.Value) || strings.Contains(text, secretKey) {
		t.Errorf("secrets are in the error: %s", text)
	}
	if n := len(err.Error()); n > 1000 {
		t.Errorf("the error has %d bytes", n)
	}
}

// TestNotEnabled has a bucket that is not for Aspera.
func TestNotEnabled(t *testing.T) {
	w := newWorld(t)
	w.noAspera = true
	_, err := w.service(nil).Setup(t.Context(), w.bucket, aspera.Send, aspera.Path{Destination: "k"})
	e, ok := errors.AsType[*aspera.SpecError](err)
	if !ok || e.Step != "get connection info" || e.StatusCode != 403 || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "get_fasp_connection_info") {
		t.Errorf("error is %v", err)
	}
}

// TestEndpoints refuses to send secrets where others could read them.
func TestEndpoints(t *testing.T) {
	for endpoint, ok := range map[string]bool{
		"https://ats.example.com:443":      true,
		"ats.example.com":                  true,
		"http://127.0.0.1:1":               true,
		"http://localhost:1":               true,
		"http://ats.example.com":           false,
		"ftp://ats.example.com":            false,
		"https://user:pw@ats.example.com":  false,
		"https://ats.example.com?x=y":      false,
		"https://":                         false,
		"http://127.0.0.1.example.com:443": false,
	} {
		client, err := icos.NewClient(icos.Config{
			Endpoint:    "https://s3.example.com",
			Credentials: auth.IAM("key", &auth.IAMOptions{HTTPClient: &http.Client{Transport: answers(`{"access_token":"t","token_type":"Bearer","expires_in":3600}`)}}),
			HTTPClient: &http.Client{Transport: answers(`<X><AccessKey><Id>a</Id><Secret>s</Secret></AccessKey><ATSEndpoint>` +
				strings.ReplaceAll(endpoint, "&", "&amp;") + `</ATSEndpoint></X>`)},
		})
		if err != nil {
			t.Fatal(err)
		}
		s, err := aspera.NewService(client, nil)
		if err != nil {
			t.Fatal(err)
		}
		info, err := s.Info(t.Context(), client.Bucket("bucket"))
		if ok != (err == nil) {
			t.Errorf("%s: %v", endpoint, err)
		}
		if ok && info.Endpoint.Host == "" {
			t.Errorf("%s: no host", endpoint)
		}
		if err != nil && strings.Contains(err.Error(), "user:pw") {
			t.Errorf("%s: password in %v", endpoint, err)
		}
	}
}

// answers is one answer to all requests.
type answers string

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(string(a))), ContentLength: int64(len(a)), Request: r,
	}, nil
}
