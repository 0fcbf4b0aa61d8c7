package server_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/icos-go/icos/server"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newServer(t *testing.T, dir string) *server.Server {
	t.Helper()
	s, err := server.New(server.Config{Dir: dir, Hosts: []string{"cos.test"}, NoSync: true, SigningKey: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// do serves one request; headers alternate names and values.
func do(s http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// login exchanges the first API key for the value of an Authorization header.
func login(t *testing.T, s *server.Server) string {
	t.Helper()
	w := do(s, "POST", "/identity/token",
		"grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&response_type=cloud_iam&apikey="+s.Credential("").APIKey,
		"Content-Type", "application/x-www-form-urlencoded", "Authorization", "Basic Yng6Yng=")
	var token struct {
		Type  string `json:"token_type"`
		Value string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &token); err != nil || w.Code != http.StatusOK {
		t.Fatalf("token = %d %s", w.Code, w.Body)
	}
	return token.Type + " " + token.Value
}

// The requests are those that IBM's Python SDK sends with a token.
func TestPythonSDKsRequests(t *testing.T) {
	s := newServer(t, t.TempDir())
	auth := []string{"Authorization", login(t, s)}
	const ns = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
	steps := []struct {
		method, target, body string
		headers              []string
		status               int
		want                 string // in the answer's body
	}{
		{
			"PUT", "/pictures", `<CreateBucketConfiguration` + ns + `><LocationConstraint>us-south-standard</LocationConstraint></CreateBucketConfiguration>`,
			[]string{"ibm-service-instance-id", s.Credential("").ResourceInstanceID},
			200, "",
		},
		{"GET", "/", "", []string{"ibm-service-instance-id", s.Credential("").InstanceID()}, 200, "<Name>pictures</Name>"},
		{"PUT", "/pictures/k%20y", "hello", []string{"x-amz-checksum-crc32", "NhCmhg==", "x-amz-sdk-checksum-algorithm", "CRC32"}, 200, ""},
		{
			"PUT", "/pictures/tls", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
			[]string{
				"Content-Encoding", "aws-chunked", "X-Amz-Trailer", "x-amz-checksum-crc32",
				"X-Amz-Decoded-Content-Length", "5", "x-amz-sdk-checksum-algorithm", "CRC32",
			},
			200, "",
		},
		{"PUT", "/pictures/bad", "hallo", []string{"x-amz-checksum-crc32", "NhCmhg=="}, 400, "<Code>BadDigest</Code>"},
		{"GET", "/pictures/bad", "", nil, 404, "<Code>NoSuchKey</Code>"},
		{"GET", "/pictures/k%20y", "", []string{"x-amz-checksum-mode", "ENABLED"}, 200, "hello"},
		{"GET", "/pictures/tls", "", nil, 200, "hello"},
		{"GET", "/pictures?list-type=2&continuation-token=&encoding-type=url", "", nil, 200, "<Key>tls</Key>"},
		{"DELETE", "/pictures/k%20y", "", nil, 204, ""},
		{"DELETE", "/pictures", "", nil, 409, "<Code>BucketNotEmpty</Code>"},
	}
	for _, tt := range steps {
		w := do(s, tt.method, tt.target, tt.body, append(tt.headers, auth...)...)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s %s = %d %s, want %d with %q", tt.method, tt.target, w.Code, w.Body, tt.status, tt.want)
		}
	}
	if w := do(s, "HEAD", "/pictures/tls", "", auth...); w.Header().Get("Content-Encoding") != "" {
		t.Errorf("stored Content-Encoding = %q, want none", w.Header().Get("Content-Encoding"))
	}
	if w := do(s, "GET", "/pictures/tls", "", "Authorization", auth[1]+"x"); w.Code != 403 || !strings.Contains(w.Body.String(), "<Code>AccessDenied</Code>") {
		t.Errorf("with a bad token = %d %s", w.Code, w.Body)
	}
	if w := do(s, "GET", "/pictures/tls", ""); w.Code != 403 {
		t.Errorf("anonymous read of a private object = %d, want 403", w.Code)
	}
}

func TestRouting(t *testing.T) {
	s := newServer(t, t.TempDir())
	auth := login(t, s)
	for _, tt := range []struct {
		method, target string
		status         int
		want           string
	}{
		{"GET", "/v2/endpoints", 200, "service-endpoints"},
		{"POST", "/v2/endpoints", 405, ""},
		{"GET", "/identity/keys", 200, `"kty":"RSA"`},
		{"GET", "/oidc/keys", 200, `"kty":"RSA"`},
		{"GET", "/identity/.well-known/openid-configuration", 200, "token_endpoint"},
		{"GET", "/.well-known/openid-configuration", 200, "token_endpoint"},
		{"GET", "/identity/token", 405, ""},
		{"PUT", "/identity", 409, "BucketAlreadyExists"},
		{"PUT", "/oidc", 409, "BucketAlreadyExists"},
		// In a virtual host every path is a key.
		{"GET", "http://pictures.cos.test/identity/token", 404, "NoSuchBucket"},
		{"GET", "http://pictures.cos.test:9000/v2/endpoints", 404, "NoSuchBucket"},
		{"GET", "http://pictures.cos.test./identity/keys", 404, "NoSuchBucket"},
		{"GET", "http://cos.test/v2/endpoints", 200, "service-endpoints"},
	} {
		w := do(s, tt.method, tt.target, "", "Authorization", auth, "ibm-service-instance-id", s.Credential("").InstanceID())
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s %s = %d %s, want %d with %q", tt.method, tt.target, w.Code, w.Body, tt.status, tt.want)
		}
	}
}

func TestEndpointsHaveIBMsShape(t *testing.T) {
	s := newServer(t, t.TempDir())
	w := do(s, "GET", "http://127.0.0.1:9000/v2/endpoints", "")
	var list struct {
		Identity map[string]string `json:"identity-endpoints"`
		// class, region, network, name: host
		Service map[string]map[string]map[string]map[string]string `json:"service-endpoints"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	for _, path := range [][2]string{{"cross-region", "us"}, {"regional", "us-south"}, {"regional", "jp-tok"}, {"single-site", "ams03"}} {
		for _, network := range []string{"public", "private", "direct"} {
			if got := list.Service[path[0]][path[1]][network][path[1]]; got != "127.0.0.1:9000" {
				t.Errorf("%s %s %s = %q, want this server", path[0], path[1], network, got)
			}
		}
	}
	if got := list.Identity["iam-token"]; got != "127.0.0.1:9000" {
		t.Errorf("iam-token = %q, want this server", got)
	}
}

func TestRestartKeepsTokensAndObjects(t *testing.T) {
	dir := t.TempDir()
	open := func() *server.Server {
		s, err := server.New(server.Config{Dir: dir}) // with a key of its own, and syncing
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	cred, auth := s.Credential("http://a"), login(t, s)
	if w := do(s, "PUT", "/kept", "", "Authorization", auth, "ibm-service-instance-id", cred.InstanceID()); w.Code != 200 {
		t.Fatalf("create = %d %s", w.Code, w.Body)
	}
	if w := do(s, "PUT", "/kept/k", "value", "Authorization", auth); w.Code != 200 {
		t.Fatalf("put = %d %s", w.Code, w.Body)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s = open()
	defer s.Close()
	if got := s.Credential("http://a"); got != cred {
		t.Errorf("credential = %v, want %v", got, cred)
	}
	if w := do(s, "GET", "/kept/k", "", "Authorization", auth); w.Code != 200 || w.Body.String() != "value" {
		t.Errorf("get with the token of before = %d %s", w.Code, w.Body)
	}
}

func TestDirectoryBelongsToOneServer(t *testing.T) {
	dir := t.TempDir()
	newServer(t, dir)
	if s, err := server.New(server.Config{Dir: dir}); err == nil {
		t.Error("a second server opened the directory", s.Close())
	}
}

func TestInMemory(t *testing.T) {
	t.Chdir(t.TempDir())
	s, err := server.New(server.Config{FS: vfs.NewMem(), SigningKey: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	auth := login(t, s)
	if w := do(s, "PUT", "/volatile", "", "Authorization", auth, "ibm-service-instance-id", s.Credential("").InstanceID()); w.Code != 200 {
		t.Fatalf("create = %d %s", w.Code, w.Body)
	}
	for _, body := range []string{"small", strings.Repeat("large", 100<<10)} {
		if w := do(s, "PUT", "/volatile/k", body, "Authorization", auth); w.Code != 200 {
			t.Fatalf("put = %d %s", w.Code, w.Body)
		}
		if w := do(s, "GET", "/volatile/k", "", "Authorization", auth); w.Body.String() != body {
			t.Errorf("get = %d, %d bytes, want %d", w.Code, w.Body.Len(), len(body))
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("files on the disk: %v, %v", left, err)
	}
}

func TestNewNeedsDirectory(t *testing.T) {
	if _, err := server.New(server.Config{}); err == nil {
		t.Error("New without a directory: no error")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := server.New(server.Config{Dir: file}); err == nil {
		t.Error("New in a file: no error")
	}
}

func TestDamagedIdentitiesReleaseTheStore(t *testing.T) {
	dir := t.TempDir()
	state := filepath.Join(dir, "iam", "state.json")
	if err := os.MkdirAll(filepath.Dir(state), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(state, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := server.New(server.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), state) {
		t.Fatalf("New = %v, want an error that names %s", err, state)
	}
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	newServer(t, dir) // would fail if the store were still locked
}

func TestSecondInstance(t *testing.T) {
	s := newServer(t, t.TempDir())
	second, err := s.CreateInstance(t.Context(), "second")
	if err != nil {
		t.Fatal(err)
	}
	auth := login(t, s) // of the first
	w := do(s, "PUT", "/not-mine", "", "Authorization", auth, "ibm-service-instance-id", second.ResourceInstanceID)
	if w.Code != 403 {
		t.Errorf("create in another's instance = %d %s, want 403", w.Code, w.Body)
	}
	if w := do(s, "GET", "/", "", "Authorization", auth); w.Code != 400 || !strings.Contains(w.Body.String(), "InvalidArgument") {
		t.Errorf("list without an instance = %d %s, want 400 InvalidArgument", w.Code, w.Body)
	}
}

func TestMalformedRequestsGetCodes(t *testing.T) {
	s := newServer(t, t.TempDir())
	auth := login(t, s)
	for _, tt := range []struct {
		name    string
		headers []string
		code    string
	}{
		{"scheme", []string{"Authorization", "Basic eDp5"}, "InvalidArgument"},
		{"malformed V4", []string{"Authorization", "AWS4-HMAC-SHA256 x"}, "AuthorizationHeaderMalformed"},
		{"MD5", []string{"Authorization", auth, "Content-MD5", "x"}, "InvalidDigest"},
		{"payload hash", []string{"Authorization", auth, "x-amz-content-sha256", "x"}, "InvalidArgument"},
		{"framing", []string{"Authorization", auth, "Content-Encoding", "aws-chunked"}, "IncompleteBody"},
	} {
		if w := do(s, "PUT", "/no-such-bucket-matters", "body", append(tt.headers, "ibm-service-instance-id", s.Credential("").InstanceID())...); !strings.Contains(w.Body.String(), "<Code>"+tt.code+"</Code>") {
			t.Errorf("%s = %d %s, want %s", tt.name, w.Code, w.Body, tt.code)
		}
	}
}
