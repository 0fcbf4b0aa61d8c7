package s3api_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/kms"
)

// plaintext is bytes of which every 16 are unlike any other 16.
func plaintext(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "<plain %08x>", i)
	}
	return b.String()[:n]
}

// customerHeaders are those of a key, as names and values in turn.
func customerHeaders(prefix string, fill byte) []string {
	key := bytes.Repeat([]byte{fill}, 32)
	sum := md5.Sum(key)
	return []string{
		prefix + "-customer-algorithm", "AES256",
		prefix + "-customer-key", base64.StdEncoding.EncodeToString(key),
		prefix + "-customer-key-MD5", base64.StdEncoding.EncodeToString(sum[:]),
	}
}

const (
	sse       = "x-amz-server-side-encryption"
	sseSource = "x-amz-copy-source-server-side-encryption"
)

// keyProtect makes a request to Key Protect and returns the answer.
func (s *server) keyProtect(method, path, body string) *httptest.ResponseRecorder {
	s.t.Helper()
	in, _ := s.keys.First()
	r := httptest.NewRequest(method, "/api/v2/keys"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.owner.token)
	r.Header.Set("Bluemix-Instance", in.ID)
	w := httptest.NewRecorder()
	s.keys.ServeHTTP(w, r)
	return w
}

// rootKey returns the id and the CRN of the first root key.
func (s *server) rootKey() (id, crn string) {
	_, crn = s.keys.First()
	return crn[strings.LastIndex(crn, ":")+1:], crn
}

// vault makes a bucket under the first root key.
func (s *server) vault() (id, crn string) {
	s.t.Helper()
	id, crn = s.rootKey()
	s.do(s.owner, "PUT", "/vault", "", "Ibm-Service-Instance-Id", s.owner.instance,
		"ibm-sse-kp-encryption-algorithm", `"AES256"`, "ibm-sse-kp-customer-root-key-crn", `"`+crn+`"`).want(s.t, 200, "")
	return id, crn
}

func TestCreateBucketUnderRootKey(t *testing.T) {
	s := newServer(t, serverOptions{})
	_, crn := s.vault()
	for _, r := range []*response{
		s.do(s.owner, "HEAD", "/vault", ""), s.do(s.owner, "GET", "/vault", ""), s.do(s.owner, "GET", "/vault?list-type=2", ""),
	} {
		h := r.Header
		if r.StatusCode != 200 || h.Get("ibm-sse-kp-enabled") != "true" || h.Get("ibm-sse-kp-crk-id") != crn || h.Get("ibm-sse-kp-customer-root-key-crn") != crn {
			t.Errorf("%s: status %d, headers %v", r.what, r.StatusCode, h)
		}
	}
	if h := s.do(s.owner, "HEAD", "/bucket", "").Header; h["Ibm-Sse-Kp-Enabled"] != nil || h["Ibm-Sse-Kp-Crk-Id"] != nil {
		t.Errorf("headers of a bucket without a root key: %v", h)
	}

	f := strings.Split(crn, ":")
	with := func(field int, value string) string {
		g := append([]string(nil), f...)
		g[field] = value
		return strings.Join(g, ":")
	}
	standard := s.keyProtect("POST", "", `{"resources":[{"name":"standard","extractable":true}]}`)
	tests := []struct {
		name, algorithm, crn, message string
	}{
		{"no algorithm", "", crn, "ibm-sse-kp-encryption-algorithm is missing"},
		{"no key", "AES256", "", "ibm-sse-kp-customer-root-key-crn is missing"},
		{"other algorithm", "AES128", crn, "Supported value: AES256"},
		{"not a CRN", "AES256", "key", `Supported value: "key"`},
		{"other type", "AES256", with(8, "secret"), `Supported value: "key"`},
		{"no type", "AES256", with(8, ""), `Supported value: "key"`},
		{"other service", "AES256", with(4, "cloud-object-storage"), "The Key CRN is not valid"},
		{"other account", "AES256", with(6, "a/00000000000000000000000000000000"), "The Key CRN could not be found"},
		{"other instance", "AES256", with(7, "90b6a1db-0fe1-4fe9-b91e-962c327df531"), "The Key CRN could not be found"},
		{"other region", "AES256", with(5, "eu-de"), "The Key CRN could not be found"},
		{"no such key", "AES256", with(9, "0bc3e33e-a866-40f2-b715-5cba2bc93234"), "The Key CRN could not be found"},
		{"standard key", "AES256", between(standard.Body.String(), `"crn":"`, `"`), "standard key"},
	}
	for _, tt := range tests {
		headers := []string{"Ibm-Service-Instance-Id", s.owner.instance}
		if tt.algorithm != "" {
			headers = append(headers, "ibm-sse-kp-encryption-algorithm", tt.algorithm)
		}
		if tt.crn != "" {
			headers = append(headers, "ibm-sse-kp-customer-root-key-crn", tt.crn)
		}
		r := s.do(s.owner, "PUT", "/refused", "", headers...)
		r.want(t, 400, "InvalidArgument")
		if doc := decode[errorDocument](t, r); !strings.Contains(doc.Message, tt.message) {
			t.Errorf("%s: %q, want %q", tt.name, doc.Message, tt.message)
		}
	}
	s.do(s.owner, "HEAD", "/refused", "").want(t, 404, "")
}

func between(s, begin, end string) string {
	_, s, _ = strings.Cut(s, begin)
	s, _, _ = strings.Cut(s, end)
	return s
}

// TestRootKeyStates: what is encrypted under a key can be read while the key can be used, and never again after it was destroyed.
func TestRootKeyStates(t *testing.T) {
	s := newServer(t, serverOptions{})
	id, crn := s.vault()
	body := plaintext(100 << 10)
	r := s.put("/vault/o", body)
	sum := md5.Sum([]byte(body))
	if etag := r.Header.Get("Etag"); etag != `"`+hex.EncodeToString(sum[:])+`"` {
		t.Errorf("ETag %s", etag)
	}
	if r.Header.Get(sse) != "" {
		t.Errorf("headers of an object under a root key: %v", r.Header)
	}
	readable := func(when string, want bool) {
		t.Helper()
		status, code := 200, ""
		if !want {
			status, code = 403, "AccessDenied"
		}
		for _, r := range []*response{
			s.do(s.owner, "GET", "/vault/o", ""), s.do(s.owner, "HEAD", "/vault/o", ""), s.do(s.owner, "PUT", "/vault/p", "p"),
			s.do(s.owner, "PUT", "/bucket/copy", "", "x-amz-copy-source", "/vault/o"),
			s.do(s.owner, "POST", "/vault/u?uploads", ""),
		} {
			if r.StatusCode != status {
				t.Errorf("%s: status %d, want %d", when, r.StatusCode, status)
			}
			r.want(t, status, code)
		}
		s.do(s.owner, "GET", "/vault", "").want(t, 200, "")
	}
	act := func(path string, status int) {
		t.Helper()
		if w := s.keyProtect("POST", "/"+id+path, ""); w.Code != status {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	readable("active", true)
	act("/actions/rotate", 204)
	readable("rotated", true)
	act("/actions/disable", 204)
	readable("disabled", false)
	s.do(s.owner, "PUT", "/vault2", "", "Ibm-Service-Instance-Id", s.owner.instance,
		"ibm-sse-kp-encryption-algorithm", "AES256", "ibm-sse-kp-customer-root-key-crn", crn).want(t, 400, "InvalidArgument")
	act("/actions/enable", 204)
	readable("enabled", true)
	if w := s.keyProtect("DELETE", "/"+id+"?force=true", ""); w.Code != 204 {
		t.Fatalf("delete: %d %s", w.Code, w.Body)
	}
	readable("destroyed", false)
	s.do(s.owner, "DELETE", "/vault/o", "").want(t, 204, "")
}

func TestUnderRootKeyMultipart(t *testing.T) {
	s := newServer(t, serverOptions{minPart: -1})
	s.vault()
	a, b := plaintext(150<<10), plaintext(70 << 10)[:66<<10]
	id := between(s.do(s.owner, "POST", "/vault/o?uploads", "").body, "<UploadId>", "<")
	var parts string
	for i, body := range []string{a, b} {
		r := s.do(s.owner, "PUT", fmt.Sprintf("/vault/o?partNumber=%d&uploadId=%s", i+1, id), body)
		r.want(t, 200, "")
		sum := md5.Sum([]byte(body))
		if r.Header.Get("Etag") != `"`+hex.EncodeToString(sum[:])+`"` {
			t.Errorf("part %d: ETag %s", i+1, r.Header.Get("Etag"))
		}
		parts += fmt.Sprintf("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i+1, r.Header.Get("Etag"))
	}
	s.do(s.owner, "POST", "/vault/o?uploadId="+id, "<CompleteMultipartUpload>"+parts+"</CompleteMultipartUpload>").want(t, 200, "")
	if r := s.do(s.owner, "GET", "/vault/o", ""); r.body != a+b {
		t.Errorf("%d bytes, want %d", len(r.body), len(a+b))
	}
	if r := s.do(s.owner, "GET", "/vault/o", "", "Range", "bytes=65000-160000"); r.StatusCode != 206 || r.body != (a + b)[65000:160001] {
		t.Errorf("range: status %d, %d bytes", r.StatusCode, len(r.body))
	}
	if r := s.do(s.owner, "GET", "/vault/o?partNumber=2", ""); r.StatusCode != 206 || r.body != b {
		t.Errorf("part 2: status %d, %d bytes", r.StatusCode, len(r.body))
	}
	// The source of a part may be anywhere.
	id = between(s.do(s.owner, "POST", "/bucket/c?uploads", "").body, "<UploadId>", "<")
	r := s.do(s.owner, "PUT", "/bucket/c?partNumber=1&uploadId="+id, "", "x-amz-copy-source", "vault/o", "x-amz-copy-source-range", "bytes=60000-200000")
	r.want(t, 200, "")
	etag := between(r.body, "<ETag>", "<")
	s.do(s.owner, "POST", "/bucket/c?uploadId="+id, "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+etag+"</ETag></Part></CompleteMultipartUpload>").want(t, 200, "")
	if r := s.do(s.owner, "GET", "/bucket/c", ""); r.body != (a + b)[60000:200001] {
		t.Errorf("copied part: %d bytes", len(r.body))
	}
}

func TestCustomerKey(t *testing.T) {
	s := newServer(t, serverOptions{minPart: -1})
	key, wrong := customerHeaders(sse, 1), customerHeaders(sse, 2)
	for _, size := range []int{0, 100, 200 << 10} {
		body := plaintext(size)
		r := s.put("/bucket/o", body, key...)
		sum := md5.Sum([]byte(body))
		if etag := strings.Trim(r.Header.Get("Etag"), `"`); len(etag) != 32 || size > 0 && etag == hex.EncodeToString(sum[:]) {
			t.Errorf("ETag %q says what is in the object", etag)
		}
		if h := r.Header; h.Get(sse+"-customer-algorithm") != "AES256" || h.Get(sse+"-customer-key-MD5") != key[5] || h.Get(sse) != "" {
			t.Errorf("headers of PUT: %v", h)
		}
		r = s.do(s.owner, "GET", "/bucket/o", "", key...)
		if r.want(t, 200, ""); r.body != body || r.Header.Get(sse+"-customer-key-MD5") != key[5] {
			t.Errorf("%d bytes, headers %v", len(r.body), r.Header)
		}
		s.do(s.owner, "HEAD", "/bucket/o", "", key...).want(t, 200, "")
		s.do(s.owner, "GET", "/bucket/o", "").want(t, 400, "InvalidRequest")
		s.do(s.owner, "HEAD", "/bucket/o", "").want(t, 400, "")
		s.do(s.owner, "GET", "/bucket/o", "", wrong...).want(t, 403, "AccessDenied")
		s.do(s.owner, "HEAD", "/bucket/o", "", wrong...).want(t, 403, "")
	}
	s.put("/bucket/plain", "plain")
	s.do(s.owner, "GET", "/bucket/plain", "", key...).want(t, 400, "InvalidRequest")
	s.vault()
	r := s.do(s.owner, "PUT", "/vault/o", "x", key...)
	r.want(t, 400, "BadRequest")
	const message = "Server-Side Encryption with Customer-Provided Keys is not supported while Key Protect is enabled."
	if doc := decode[errorDocument](t, r); doc.Message != message {
		t.Errorf("message %q", doc.Message)
	}
	s.do(s.owner, "POST", "/vault/o?uploads", "", key...).want(t, 400, "BadRequest")
}

func TestMalformedCustomerKey(t *testing.T) {
	s := newServer(t, serverOptions{})
	good := customerHeaders(sse, 1)
	short := base64.StdEncoding.EncodeToString(make([]byte, 31))
	tests := []struct {
		name    string
		headers []string
		code    string
	}{
		{"no algorithm", good[2:], "InvalidArgument"},
		{"other algorithm", append([]string{good[0], "AES128"}, good[2:]...), "InvalidEncryptionAlgorithmError"},
		{"no key", append(append([]string{}, good[:2]...), good[4:]...), "InvalidArgument"},
		{"no digest", good[:4], "InvalidArgument"},
		{"short key", []string{good[0], good[1], good[2], short, good[4], good[5]}, "InvalidArgument"},
		{"not base64", []string{good[0], good[1], good[2], "***", good[4], good[5]}, "InvalidArgument"},
		{"wrong digest", []string{good[0], good[1], good[2], good[3], good[4], customerHeaders(sse, 2)[5]}, "InvalidArgument"},
		{"managed, too", append([]string{sse, "AES256"}, good...), "InvalidArgument"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.do(s.owner, "PUT", "/bucket/o", "x", tt.headers...).want(t, 400, tt.code)
			s.do(s.owner, "HEAD", "/bucket/o", "").want(t, 404, "")
		})
	}
	// Anyone could read it on the way.
	r := httptest.NewRequest("PUT", "/bucket/o", strings.NewReader("x"))
	r.Header.Set("Authorization", "Bearer "+s.owner.token)
	for i := 0; i < len(good); i += 2 {
		r.Header.Set(good[i], good[i+1])
	}
	r.RemoteAddr = "192.0.2.1:1234"
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "secure connection") {
		t.Errorf("over plain http from elsewhere: %d %s", w.Code, w.Body)
	}
}

func TestCustomerKeyMultipart(t *testing.T) {
	s := newServer(t, serverOptions{minPart: -1})
	key, wrong := customerHeaders(sse, 1), customerHeaders(sse, 2)
	r := s.do(s.owner, "POST", "/bucket/o?uploads", "", key...)
	r.want(t, 200, "")
	if r.Header.Get(sse+"-customer-algorithm") != "AES256" {
		t.Errorf("headers %v", r.Header)
	}
	id := between(r.body, "<UploadId>", "<")
	part := "/bucket/o?partNumber=1&uploadId=" + id
	s.do(s.owner, "PUT", part, "x").want(t, 400, "InvalidRequest")
	s.do(s.owner, "PUT", part, "x", wrong...).want(t, 400, "InvalidRequest")
	body := plaintext(100 << 10)
	r = s.do(s.owner, "PUT", part, body, key...)
	r.want(t, 200, "")
	if r.Header.Get(sse+"-customer-key-MD5") != key[5] {
		t.Errorf("headers of a part: %v", r.Header)
	}
	s.do(s.owner, "POST", "/bucket/o?uploadId="+id, "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+r.Header.Get("Etag")+"</ETag></Part></CompleteMultipartUpload>").want(t, 200, "")
	if r := s.do(s.owner, "GET", "/bucket/o", "", append(key, "Range", "bytes=65530-65540")...); r.body != body[65530:65541] {
		t.Errorf("range: %q", r.body)
	}
	// A plain upload takes no such parts.
	id = between(s.do(s.owner, "POST", "/bucket/p?uploads", "").body, "<UploadId>", "<")
	s.do(s.owner, "PUT", "/bucket/p?partNumber=1&uploadId="+id, "x", key...).want(t, 400, "InvalidRequest")
}

func TestCustomerKeyCopy(t *testing.T) {
	s := newServer(t, serverOptions{})
	a, b, source := customerHeaders(sse, 1), customerHeaders(sse, 2), customerHeaders(sseSource, 1)
	body := plaintext(100 << 10)
	s.put("/bucket/o", body, a...)
	from := []string{"x-amz-copy-source", "bucket/o"}
	s.do(s.owner, "PUT", "/bucket/c", "", from...).want(t, 400, "InvalidRequest")
	s.do(s.owner, "PUT", "/bucket/c", "", append(from, customerHeaders(sseSource, 3)...)...).want(t, 403, "AccessDenied")
	// To another key, to none, to the same object, and from an object without a key.
	s.do(s.owner, "PUT", "/bucket/c", "", append(append(from, source...), b...)...).want(t, 200, "")
	if r := s.do(s.owner, "GET", "/bucket/c", "", b...); r.body != body {
		t.Errorf("copy under another key: %d bytes", len(r.body))
	}
	s.do(s.owner, "PUT", "/bucket/d", "", append(from, source...)...).want(t, 200, "")
	sum := md5.Sum([]byte(body))
	if r := s.do(s.owner, "GET", "/bucket/d", ""); r.body != body || r.Header.Get("Etag") != `"`+hex.EncodeToString(sum[:])+`"` {
		t.Errorf("copy without a key: %d bytes, ETag %s", len(r.body), r.Header.Get("Etag"))
	}
	s.do(s.owner, "PUT", "/bucket/o", "", append(append(from, source...), b...)...).want(t, 200, "")
	if r := s.do(s.owner, "GET", "/bucket/o", "", b...); r.body != body {
		t.Errorf("copy onto itself under another key: %d bytes", len(r.body))
	}
	s.do(s.owner, "PUT", "/bucket/e", "", append([]string{"x-amz-copy-source", "bucket/d"}, source...)...).want(t, 400, "InvalidRequest")
}

func TestManagedKey(t *testing.T) {
	s := newServer(t, serverOptions{})
	body := plaintext(100 << 10)
	r := s.put("/bucket/o", body, sse, "AES256")
	sum := md5.Sum([]byte(body))
	if r.Header.Get(sse) != "AES256" || r.Header.Get("Etag") != `"`+hex.EncodeToString(sum[:])+`"` {
		t.Errorf("headers of PUT: %v", r.Header)
	}
	if r := s.do(s.owner, "GET", "/bucket/o", ""); r.body != body || r.Header.Get(sse) != "AES256" {
		t.Errorf("%d bytes, headers %v", len(r.body), r.Header)
	}
	s.do(s.owner, "GET", "/bucket/o", "", customerHeaders(sse, 1)...).want(t, 400, "InvalidRequest")
	s.do(s.owner, "PUT", "/bucket/o", "x", sse, "aws:kms").want(t, 501, "NotImplemented")
	s.do(s.owner, "PUT", "/bucket/o", "x", sse, "ROT13").want(t, 400, "InvalidArgument")
	if found := plainBlocks(t, s.dir, body); found != 0 {
		t.Errorf("%d blocks of plaintext on the disk", found)
	}
}

// TestEncryptByDefault: with Config.Encrypt nothing is in the clear, whoever asked for what.
func TestEncryptByDefault(t *testing.T) {
	s := newServer(t, serverOptions{encrypt: true, minPart: -1})
	body := plaintext(100 << 10)
	s.put("/bucket/small", body[:100])
	s.put("/bucket/o", body)
	s.do(s.owner, "PUT", "/bucket/c", "", "x-amz-copy-source", "bucket/o").want(t, 200, "")
	id := between(s.do(s.owner, "POST", "/bucket/m?uploads", "").body, "<UploadId>", "<")
	s.do(s.owner, "PUT", "/bucket/m?partNumber=1&uploadId="+id, body).want(t, 200, "")
	for _, path := range []string{"/bucket/o", "/bucket/c"} {
		if r := s.do(s.owner, "GET", path, ""); r.body != body {
			t.Errorf("%s: %d bytes", path, len(r.body))
		}
	}
	if found := plainBlocks(t, s.dir, body); found != 0 {
		t.Errorf("%d blocks of plaintext on the disk", found)
	}
}

// TestVersionsUnderRootKey: every version has a key of its own, and keeps it when it becomes the current one.
func TestVersionsUnderRootKey(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.vault()
	const enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
	digest := md5.Sum([]byte(enabled))
	s.do(s.owner, "PUT", "/vault?versioning", enabled, "Content-MD5", base64.StdEncoding.EncodeToString(digest[:])).want(t, 200, "")
	bodies := []string{plaintext(100), plaintext(100 << 10), plaintext(50)}
	var ids []string
	for _, body := range bodies {
		ids = append(ids, s.put("/vault/o", body).Header.Get("X-Amz-Version-Id"))
	}
	for i, id := range ids {
		if r := s.do(s.owner, "GET", "/vault/o?versionId="+id, ""); r.body != bodies[i] {
			t.Errorf("version %d: status %d, %d bytes", i, r.StatusCode, len(r.body))
		}
	}
	s.do(s.owner, "DELETE", "/vault/o?versionId="+ids[2], "").want(t, 204, "")
	if r := s.do(s.owner, "GET", "/vault/o", ""); r.body != bodies[1] {
		t.Errorf("promoted version: status %d, %d bytes", r.StatusCode, len(r.body))
	}
	s.do(s.owner, "PUT", "/vault/copy", "", "x-amz-copy-source", "vault/o?versionId="+ids[0]).want(t, 200, "")
	if r := s.do(s.owner, "GET", "/vault/copy", ""); r.body != bodies[0] {
		t.Errorf("copy of a version: status %d, %d bytes", r.StatusCode, len(r.body))
	}
}

// TestTamperedObject: an object whose bytes were altered is not served as if it were whole.
func TestTamperedObject(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.vault()
	body := plaintext(200 << 10)
	s.put("/vault/o", body)
	files, err := filepath.Glob(filepath.Join(s.dir, "blobs", "*", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-100] ^= 1
	if err := os.WriteFile(files[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := s.try(s.owner, "GET", "/vault/o", ""); err == nil {
		t.Errorf("status %d, %d bytes of an object that was altered", r.StatusCode, len(r.body))
	}
	if r := s.do(s.owner, "GET", "/vault/o", "", "Range", "bytes=0-99"); r.body != body[:100] {
		t.Errorf("a range that was not altered: status %d, %d bytes", r.StatusCode, len(r.body))
	}
	s.do(s.owner, "PUT", "/bucket/c", "", "x-amz-copy-source", "vault/o").want(t, 500, "InternalError")
}

// TestEnvelopesDoNotMove: the key of an object opens under its own name only.
func TestEnvelopesDoNotMove(t *testing.T) {
	s := newServer(t, serverOptions{})
	_, crn := s.rootKey()
	key, wrapped, err := s.keys.NewDataKey(crn, "bucket\x00a")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.keys.DataKey(crn, "bucket\x00a", wrapped); err != nil || got != key {
		t.Errorf("DataKey: %v", err)
	}
	if _, err := s.keys.DataKey(crn, "bucket\x00b", wrapped); err != kms.ErrDataKey {
		t.Errorf("DataKey for another object: %v, want ErrDataKey", err)
	}
}

// plainBlocks counts the pieces of 16 bytes of plain that stand in the files below dir.
func plainBlocks(t *testing.T, dir, plain string) (found int) {
	t.Helper()
	blocks := map[string]bool{}
	for i := 0; i+16 <= len(plain); i += 16 {
		blocks[plain[i:i+16]] = true
	}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		for i := 0; i+16 <= len(b); i++ {
			if blocks[string(b[i:i+16])] {
				found++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
