package server_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
)

// A client goes from the bucket to the transfer service as IBM's SDKs do.
func TestFromBucketToTransferSpec(t *testing.T) {
	s := newServer(t, t.TempDir())
	auth := login(t, s)
	instance := s.Credential("").InstanceID()
	// These are names for buckets, as any other.
	for _, bucket := range []string{"files", "info", "media"} {
		if w := do(s, "PUT", "/"+bucket, "", "Authorization", auth, "ibm-service-instance-id", instance); w.Code != 200 {
			t.Fatalf("create %s = %d %s", bucket, w.Code, w.Body)
		}
		if w := do(s, "PUT", "/"+bucket+"/upload_setup", "x", "Authorization", auth); w.Code != 200 {
			t.Fatalf("put = %d %s", w.Code, w.Body)
		}
		if w := do(s, "GET", "/"+bucket, "", "Authorization", auth); w.Code != 200 || !strings.Contains(w.Body.String(), "<Key>upload_setup</Key>") {
			t.Fatalf("list %s = %d %s", bucket, w.Code, w.Body)
		}
	}
	w := do(s, "GET", "http://cos.test:9000/media?faspConnectionInfo", "", "Authorization", auth)
	var info struct {
		ID       string `xml:"AccessKey>Id"`
		Secret   string `xml:"AccessKey>Secret"`
		Endpoint string `xml:"ATSEndpoint"`
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &info); err != nil || info.Endpoint != "http://cos.test:9000" {
		t.Fatalf("connection info = %d %s", w.Code, w.Body)
	}
	w = do(s, "POST", "/identity/token", "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&response_type=delegated_refresh_token"+
		"&receiver_client_ids=aspera_ats&apikey="+s.Credential("").APIKey, "Content-Type", "application/x-www-form-urlencoded")
	var token struct {
		Value string `json:"delegated_refresh_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &token); err != nil || token.Value == "" {
		t.Fatalf("delegated token = %d %s", w.Code, w.Body)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(info.ID+":"+info.Secret))
	setup := func(headers ...string) int {
		w = do(s, "POST", info.Endpoint+"/files/download_setup", `{"transfer_requests":[{"transfer_request":{"paths":[{"source":"upload_setup"}]}}]}`, headers...)
		return w.Code
	}
	if code := setup("Authorization", basic, "X-Aspera-Storage-Credentials", `{"type":"token","token":{"delegated_refresh_token":"`+token.Value+`"}}`); code != http.StatusOK ||
		!strings.Contains(w.Body.String(), `"remote_host":"cos.test"`) {
		t.Errorf("setup = %d %s", code, w.Body)
	}
	if code := setup("Authorization", auth); code != http.StatusUnauthorized {
		t.Errorf("setup with a bearer token = %d %s", code, w.Body)
	}
	if w := do(s, "GET", "/info", "", "Authorization", basic); w.Code != 200 || !strings.Contains(w.Body.String(), `"application":"node"`) {
		t.Errorf("info = %d %s", w.Code, w.Body)
	}
	if w := do(s, "GET", "/files/elsewhere", "", "Authorization", basic); w.Code != 404 {
		t.Errorf("unknown path = %d %s", w.Code, w.Body)
	}
	if w := do(s, "GET", "/media/upload_setup", "", "Authorization", basic); w.Code != 400 {
		t.Errorf("the S3 API with an access key of the transfer service = %d %s", w.Code, w.Body)
	}
}
