package server_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/sigv4"
	"github.com/icos-go/icos/server"
)

// forge returns a token with another header, or payload, under the given MAC or none.
func forge(t *testing.T, token, header string, alter func(map[string]any), mac func(signed string) []byte) string {
	t.Helper()
	parts := strings.Split(strings.TrimPrefix(token, "Bearer "), ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if alter != nil {
		var claims map[string]any
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatal(err)
		}
		alter(claims)
		if payload, err = json.Marshal(claims); err != nil {
			t.Fatal(err)
		}
	}
	if header != "" {
		parts[0] = base64.RawURLEncoding.EncodeToString([]byte(header))
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(payload)
	signature := parts[2]
	if mac != nil {
		signature = base64.RawURLEncoding.EncodeToString(mac(parts[0] + "." + parts[1]))
	}
	return "Bearer " + parts[0] + "." + parts[1] + "." + signature
}

func TestForgedTokens(t *testing.T) {
	s := newServer(t, t.TempDir())
	token := login(t, s)
	if w := do(s, "PUT", "/mine", "", "Authorization", token, "ibm-service-instance-id", s.Credential("").InstanceID()); w.Code != 200 {
		t.Fatalf("create = %d %s", w.Code, w.Body)
	}
	elsewhere, err := server.New(server.Config{Dir: t.TempDir(), NoSync: true}) // with a key of its own
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	none := func(string) []byte { return nil }
	keys := do(s, "GET", "/identity/keys", "").Body.String()
	underPublicKey := func(signed string) []byte {
		h := hmac.New(sha256.New, []byte(keys))
		h.Write([]byte(signed))
		return h.Sum(nil)
	}
	later := func(c map[string]any) { c["exp"] = time.Now().Add(1000 * time.Hour).Unix() }
	for name, forged := range map[string]string{
		"another server's":       login(t, elsewhere),
		"without a signature":    forge(t, token, "", nil, none),
		"alg none":               forge(t, token, `{"alg":"none","typ":"JWT"}`, later, none),
		"alg None":               forge(t, token, `{"alg":"None","typ":"JWT"}`, later, none),
		"HMAC by the public key": forge(t, token, `{"alg":"HS256","typ":"JWT"}`, later, underPublicKey),
		"kid of a file":          forge(t, token, `{"alg":"RS256","kid":"../../../../dev/null"}`, nil, nil),
		"key of its own":         forge(t, token, `{"alg":"RS256","jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"}}`, nil, nil),
		"key elsewhere":          forge(t, token, `{"alg":"RS256","jku":"http://127.0.0.1:1/keys"}`, nil, nil),
		"critical extension":     forge(t, token, `{"alg":"RS256","crit":["b64"],"b64":false}`, nil, nil),
		"later expiry":           forge(t, token, "", later, nil),
		"empty":                  "Bearer ",
		"dots":                   "Bearer ..",
		"endless":                "Bearer " + strings.Repeat("a", 60<<10),
		"for another receiver":   "Bearer " + delegated(t, s),
		"for a compute resource": "Bearer " + resourceToken(t, s),
		"an API key":             "Bearer " + s.Credential("").APIKey,
		"followed by more":       token + " x",
		"padded":                 token + "=",
	} {
		if w := do(s, "GET", "/mine", "", "Authorization", forged); w.Code != 403 || !strings.Contains(w.Body.String(), "<Code>AccessDenied</Code>") {
			t.Errorf("%s = %d %s, want 403 AccessDenied", name, w.Code, w.Body)
		}
	}
}

// delegated returns a token that is good for the transfer service, and for nobody else.
func delegated(t *testing.T, s *server.Server) string {
	t.Helper()
	form := url.Values{
		"grant_type": {"urn:ibm:params:oauth:grant-type:apikey"}, "apikey": {s.Credential("").APIKey},
		"response_type": {"delegated_refresh_token"}, "receiver_client_ids": {"aspera_ats"},
	}
	w := do(s, "POST", "/identity/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Token string `json:"delegated_refresh_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Token == "" {
		t.Fatalf("delegated token = %d %s", w.Code, w.Body)
	}
	return answer.Token
}

// resourceToken returns a token that logs into a trusted profile, and does nothing else.
func resourceToken(t *testing.T, s *server.Server) string {
	t.Helper()
	p, err := s.IAM().CreateProfile(t.Context(), s.Credential("").ResourceInstanceID, "test")
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.IAM().NewResourceToken(p.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// The caches of tokens and signing keys must not grow with what clients send.
func TestManyIdentitiesCostLittle(t *testing.T) {
	s := newServer(t, t.TempDir())
	token := login(t, s)
	cred := s.Credential("")
	before := allocated()
	const n = 10_000
	for i := range n {
		do(s, "GET", "/none", "", "Authorization", fmt.Sprint(token, i))
		do(s, "GET", "/none", "", "Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s/region%d/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=%064x", cred.HMACKeys.AccessKeyID, time.Now().UTC().Format("20060102"), i, i), "X-Amz-Date", sigv4.FormatTime(time.Now()))
		do(s, "GET", fmt.Sprint("/bucket-", i, "/key"), "", "Authorization", token)
	}
	if grown := allocated() - before; grown > 4<<20 {
		t.Errorf("%d forged identities left %d KiB", n, grown>>10)
	}
}

// presign returns a presigned URL for a key of the first credential.
func presign(s *server.Server, method, path string, at time.Time, expires string, more url.Values) string {
	cred := s.Credential("").HMACKeys
	scope := sigv4.ScopeAt(at, "us-standard")
	q := url.Values{
		"X-Amz-Algorithm": {sigv4.Algorithm}, "X-Amz-Credential": {cred.AccessKeyID + "/" + scope.String()},
		"X-Amz-Date": {sigv4.FormatTime(at)}, "X-Amz-Expires": {expires}, "X-Amz-SignedHeaders": {"host"},
	}
	for name, values := range more {
		q[name] = append(q[name], values...)
	}
	r := httptest.NewRequest(method, path+"?"+q.Encode(), nil)
	in := sigv4.FromRequest(r, []string{"host"}, sigv4.UnsignedPayload)
	return path + "?" + q.Encode() + "&X-Amz-Signature=" + sigv4.Signature(sigv4.DeriveKey(cred.SecretAccessKey, scope), in, at, scope)
}

func TestHostilePresignedURLs(t *testing.T) {
	s := newServer(t, t.TempDir())
	token := login(t, s)
	if w := do(s, "PUT", "/mine", "", "Authorization", token, "ibm-service-instance-id", s.Credential("").InstanceID()); w.Code != 200 {
		t.Fatalf("create = %d %s", w.Code, w.Body)
	}
	if w := do(s, "PUT", "/mine/k", "value", "Authorization", token); w.Code != 200 {
		t.Fatalf("put = %d %s", w.Code, w.Body)
	}
	now := time.Now()
	good := presign(s, "GET", "/mine/k", now, "60", nil)
	for _, tt := range []struct {
		name, method, target string
		headers              []string
		want                 string
	}{
		{"good", "GET", good, nil, "200 value"},
		{"with a token too", "GET", good, []string{"Authorization", token}, "400 InvalidArgument"},
		{"another key", "GET", strings.Replace(good, "/mine/k", "/mine/l", 1), nil, "403 SignatureDoesNotMatch"},
		{"another method", "DELETE", good, nil, "403 SignatureDoesNotMatch"},
		{"a parameter more", "GET", good + "&response-content-type=text/html", nil, "403 SignatureDoesNotMatch"},
		{"a sub-resource more", "GET", good + "&acl", nil, "403 SignatureDoesNotMatch"},
		{"two expiries", "GET", good + "&X-Amz-Expires=604800", nil, "400 AuthorizationQueryParametersError"},
		{"two expiries, signed", "GET", presign(s, "GET", "/mine/k", now, "60", url.Values{"X-Amz-Expires": {"61"}}), nil, "400 AuthorizationQueryParametersError"},
		{"two signatures", "GET", good + "&X-Amz-Signature=" + strings.Repeat("0", 64), nil, "400 AuthorizationQueryParametersError"},
		{"signature of V2 too", "GET", good + "&Signature=x&AWSAccessKeyId=y&Expires=99999999999", nil, "400 InvalidArgument"},
		{"expiry overflowing", "GET", presign(s, "GET", "/mine/k", now, "99999999999999999999", nil), nil, "400 AuthorizationQueryParametersError"},
		{"expiry negative", "GET", presign(s, "GET", "/mine/k", now, "-1", nil), nil, "400 AuthorizationQueryParametersError"},
		{"expired", "GET", presign(s, "GET", "/mine/k", now.Add(-2*time.Minute), "60", nil), nil, "403 AccessDenied"},
		{"of tomorrow", "GET", presign(s, "GET", "/mine/k", now.Add(24*time.Hour), "60", nil), nil, "403 AccessDenied"},
		{"of 1970", "GET", presign(s, "GET", "/mine/k", time.Unix(0, 0), "60", nil), nil, "403 AccessDenied"},
		{"of 9999", "GET", presign(s, "GET", "/mine/k", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), "60", nil), nil, "403 AccessDenied"},
		{"a header that means something", "GET", good, []string{"X-Amz-Copy-Source", "/mine/k"}, "403 AccessDenied"},
		{"cut off", "GET", good[:len(good)-1], nil, "400 AuthorizationQueryParametersError"},
		{"V2 expiry overflowing", "GET", "/mine/k?AWSAccessKeyId=" + s.Credential("").HMACKeys.AccessKeyID + "&Signature=x&Expires=99999999999999999999", nil, "403 AccessDenied"},
		{"V2 expiry near the end of time", "GET", "/mine/k?AWSAccessKeyId=" + s.Credential("").HMACKeys.AccessKeyID + "&Signature=x&Expires=9223372036854775807", nil, "403"},
	} {
		w := do(s, tt.method, tt.target, "", tt.headers...)
		got := fmt.Sprint(w.Code, " ", w.Body)
		if _, after, found := strings.Cut(got, "<Code>"); found {
			code, _, _ := strings.Cut(after, "<")
			got = fmt.Sprint(w.Code, " ", code)
		}
		if got != tt.want && !(len(tt.want) == 3 && strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s = %s, want %s", tt.name, got, tt.want)
		}
	}
}

// A server whose clock is far off answers; it neither panics nor takes what it should refuse.
func TestClocksFarOff(t *testing.T) {
	for _, now := range []time.Time{time.Unix(1, 0), time.Date(9999, 12, 31, 23, 59, 58, 0, time.UTC), {}} {
		s, err := server.New(server.Config{Dir: t.TempDir(), NoSync: true, SigningKey: testKey(), Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		target := presign(s, "GET", "/none/k", now, "60", nil)
		if w := do(s, "GET", target, ""); w.Code != 404 && now.Year() < 9999 {
			t.Errorf("presigned now, in %v = %d %s, want 404", now, w.Code, w.Body)
		}
		if w := do(s, "GET", presign(s, "GET", "/none/k", time.Now(), "60", nil), ""); w.Code != 403 {
			t.Errorf("presigned today, in %v = %d %s, want 403", now, w.Code, w.Body)
		}
		login(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// allocated is what is in use on the heap, in bytes, garbage not counted.
func allocated() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // empties the pools
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
