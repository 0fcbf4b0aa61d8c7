package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/server/admin"
)

// A contractServer is the server that all SDKs are judged with. It speaks TLS, because the SDKs refuse to send keys without,
// and send bodies with checksums in trailers only with.
type contractServer struct {
	*cos
	http  *http.Client
	token string // of the service credential
	admin admin.Client
	ahead time.Duration // of the clock of objects
}

func startContract(t *testing.T) *contractServer {
	t.Helper()
	s := &contractServer{cos: startCOSWith(t, "https", "--tls", "--admin", freeAddr(t))}
	s.http = s.client(t)
	s.admin = admin.Client{URL: s.file(t, "admin_url"), Token: s.file(t, "admin_token"), HTTP: s.http}
	form := url.Values{"grant_type": {"urn:ibm:params:oauth:grant-type:apikey"}, "apikey": {s.credential.APIKey}}
	var got struct {
		AccessToken string `json:"access_token"`
	}
	s.do(t, "POST", "/identity/token", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), &got)
	s.token = got.AccessToken
	return s
}

// file reads one of the files that the server leaves beside its credential.
func (s *contractServer) file(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(filepath.Dir(s.credentialFile), name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// do asks for something outside the S3 API.
func (s *contractServer) do(t *testing.T, method, path, contentType string, body io.Reader, result any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
		r.Header.Set("Bluemix-Instance", s.credential.KMSInstance)
	}
	resp, err := s.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s: %s", method, path, resp.Status, b)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(b, result); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, b)
	}
}

// now is the time that objects have.
func (s *contractServer) now() time.Time { return time.Now().Add(s.ahead) }

// advance lets time pass for the objects, and waits until what is due has been done.
func (s *contractServer) advance(t *testing.T, d time.Duration) {
	t.Helper()
	if _, err := s.admin.Advance(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	s.ahead += d
}

// bucketCRN is the name of a bucket among all of IBM Cloud's resources.
func (s *contractServer) bucketCRN(bucket string) string {
	return strings.TrimSuffix(s.credential.InstanceID, "::") + ":bucket:" + bucket
}

// rootKey makes a root key in Key Protect and returns its CRN.
func (s *contractServer) rootKey(t *testing.T, name string) string {
	t.Helper()
	doc, err := json.Marshal(map[string]any{
		"metadata":  map[string]any{"collectionType": "application/vnd.ibm.kms.key+json", "collectionTotal": 1},
		"resources": []any{map[string]any{"type": "application/vnd.ibm.kms.key+json", "name": name, "extractable": false}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Resources []struct{ CRN string } }
	s.do(t, "POST", "/api/v2/keys", "application/vnd.ibm.kms.key+json", bytes.NewReader(doc), &got)
	if len(got.Resources) != 1 || got.Resources[0].CRN == "" {
		t.Fatalf("creating a root key gave %+v", got)
	}
	return got.Resources[0].CRN
}

// deleteKey deletes a root key for good, though buckets use it.
func (s *contractServer) deleteKey(t *testing.T, crn string) {
	t.Helper()
	id := crn[strings.LastIndexByte(crn, ':')+1:]
	s.do(t, "DELETE", fmt.Sprintf("/api/v2/keys/%s?force=true", id), "application/json", nil, nil)
}
