package auth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/internal/sigv4"
)

// The key pair and the moment of Amazon's published examples.
const (
	awsID     = "AKIAIOSFODNN7EXAMPLE"
	awsSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

var awsTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)

func request(method, target string, header ...string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.Body = nil
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func TestHMACPublishedExample(t *testing.T) {
	keys := auth.HMAC(awsID, awsSecret).WithRegion("us-east-1")
	r := request("GET", "https://examplebucket.s3.amazonaws.com/test.txt", "Range", "bytes=0-9", "X-Amz-Date", "20130524T000000Z")
	if err := keys.Authorize(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	const want = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, " +
		"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, " +
		"Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("Authorization = %s\nwant %s", got, want)
	}
}

func TestHMACFillsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tests := []struct {
			name        string
			body        bool
			header      []string
			wantPayload string
			wantDate    string
		}{
			{"no body", false, nil, sigv4.EmptySHA256, "20000101T000000Z"},
			{"body", true, nil, "UNSIGNED-PAYLOAD", "20000101T000000Z"},
			{"digest given", true, []string{"X-Amz-Content-Sha256", "abc"}, "abc", "20000101T000000Z"},
			{"date given", false, []string{"X-Amz-Date", "20200202T020202Z"}, sigv4.EmptySHA256, "20200202T020202Z"},
		}
		for _, test := range tests {
			r := request("PUT", "https://s3.example/b/k", test.header...)
			if test.body {
				r.Body = http.NoBody
				r = httptest.NewRequest("PUT", "https://s3.example/b/k", strings.NewReader("x"))
				for i := 0; i < len(test.header); i += 2 {
					r.Header.Set(test.header[i], test.header[i+1])
				}
			}
			if err := auth.HMAC("id", "secret").Authorize(t.Context(), r); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			if got := r.Header.Get("X-Amz-Content-Sha256"); got != test.wantPayload {
				t.Errorf("%s: payload %s, want %s", test.name, got, test.wantPayload)
			}
			if got := r.Header.Get("X-Amz-Date"); got != test.wantDate {
				t.Errorf("%s: date %s, want %s", test.name, got, test.wantDate)
			}
			a, err := sigv4.ParseAuthorization(r.Header.Get("Authorization"))
			if err != nil || a.Scope != (sigv4.Scope{Date: test.wantDate[:8], Region: "us-standard", Service: "s3"}) {
				t.Errorf("%s: authorization %+v, %v", test.name, a, err)
			}
		}
	})
}

// A retry signs the request that was signed before.
func TestHMACAuthorizesAgain(t *testing.T) {
	keys := auth.HMAC("id", "secret")
	r := request("GET", "https://s3.example/b/k", "X-Amz-Date", "20200202T020202Z")
	var got [2]string
	for i := range got {
		if err := keys.Authorize(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		got[i] = r.Header.Get("Authorization")
	}
	if got[0] != got[1] {
		t.Errorf("first %s\nthen %s", got[0], got[1])
	}
}

func TestHMACSessionToken(t *testing.T) {
	plain := auth.HMAC("id", "secret")
	r := request("GET", "https://s3.example/b/k")
	if err := plain.WithSessionToken("session").Authorize(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if r.Header.Get("X-Amz-Security-Token") != "session" ||
		!strings.Contains(r.Header.Get("Authorization"), ";x-amz-security-token,") {
		t.Errorf("header = %v", r.Header)
	}
	r = request("GET", "https://s3.example/b/k")
	if err := plain.Authorize(t.Context(), r); err != nil || r.Header.Get("X-Amz-Security-Token") != "" {
		t.Errorf("the copy changed the original: %v, %v", r.Header, err)
	}
}

func TestHMACRefuses(t *testing.T) {
	if err := auth.HMAC("", "secret").Authorize(t.Context(), request("GET", "https://h/")); err == nil {
		t.Error("no error without an access key")
	}
	if err := auth.HMAC("id", "").Authorize(t.Context(), request("GET", "https://h/")); err == nil {
		t.Error("no error without a secret key")
	}
	if err := auth.HMAC("id", "s").Authorize(t.Context(), request("GET", "https://h/", "X-Amz-Date", "yesterday")); err == nil {
		t.Error("no error for a date that is none")
	}
}

func TestPresignPublishedExample(t *testing.T) {
	keys := auth.HMAC(awsID, awsSecret).WithRegion("us-east-1")
	u, header, err := keys.Presign(request("GET", "https://examplebucket.s3.amazonaws.com/test.txt"), 24*time.Hour, awsTime)
	if err != nil {
		t.Fatal(err)
	}
	const want = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z" +
		"&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
		"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
	if u.String() != want || len(header) != 0 {
		t.Errorf("presigned %s, header %v\nwant %s", u, header, want)
	}
}

func TestPresignSignsHeadersAndQuery(t *testing.T) {
	keys := auth.HMAC("id", "secret").WithSessionToken("session")
	r := request("PUT", "https://s3.example/b/k?partNumber=1&uploadId=a+b", "Content-Type", "text/plain", "User-Agent", "x", "Authorization", "old")
	u, header, err := keys.Presign(r, 90*time.Second+1, awsTime)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("X-Amz-Expires") != "91" || q.Get("X-Amz-SignedHeaders") != "content-type;host" ||
		q.Get("X-Amz-Security-Token") != "session" || q.Get("uploadId") != "a b" || q.Get("partNumber") != "1" {
		t.Errorf("presigned %s", u)
	}
	if len(header) != 1 || header.Get("Content-Type") != "text/plain" {
		t.Errorf("headers to send = %v, want Content-Type alone", header)
	}
	if r.URL.RawQuery != "partNumber=1&uploadId=a+b" || r.Header.Get("Authorization") != "old" {
		t.Errorf("the request was changed: %s %v", r.URL, r.Header)
	}
	p, err := sigv4.ParseQuery(q)
	if err != nil {
		t.Fatal(err)
	}
	sent := request("PUT", u.String(), "Content-Type", "text/plain")
	in := sigv4.FromRequest(sent, p.SignedHeaders, sigv4.UnsignedPayload)
	if want := sigv4.Signature(sigv4.DeriveKey("secret", p.Scope), in, p.Time, p.Scope); p.Signature != want {
		t.Errorf("signature %s, a verifier gets %s", p.Signature, want)
	}
}

// A browser sends no default port, and sends the host of the URL and no other.
func TestPresignSignsTheHostThatIsSent(t *testing.T) {
	keys := auth.HMAC("id", "secret")
	for target, want := range map[string]string{
		"https://h.example:443/b/k": "https://h.example/b/k", "https://h.example:9443/b/k": "https://h.example:9443/b/k",
		"http://[::1]:80/b/k": "http://[::1]/b/k", "http://127.0.0.1:443/b/k": "http://127.0.0.1:443/b/k",
	} {
		r := request("GET", target)
		r.Host = "another.example"
		u, _, err := keys.Presign(r, time.Hour, awsTime)
		if err != nil {
			t.Fatal(err)
		}
		plain, _, err := keys.Presign(request("GET", want), time.Hour, awsTime)
		if err != nil || u.String() != plain.String() {
			t.Errorf("%s: presigned %s\nwant %s, %v", target, u, plain, err)
		}
	}
}

// The developer guide's example of a URL signed with Version 2.
func TestPresignV2PublishedExample(t *testing.T) {
	keys := auth.HMAC(awsID, awsSecret)
	u, header, err := keys.PresignV2(request("GET", "https://s3.amazonaws.com/johnsmith/photos/puppy.jpg"), time.Minute, time.Unix(1175139620-60, 0))
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"AWSAccessKeyId": {awsID}, "Expires": {"1175139620"}, "Signature": {"NpgCjnDzrM+WFzoENXmpNDUsSn8="}}
	if got := u.Query().Encode(); got != want.Encode() || len(header) != 0 {
		t.Errorf("query %s, header %v\nwant %s", got, header, want.Encode())
	}
}

func TestPresignV2SignsSubResourcesAndHeaders(t *testing.T) {
	keys := auth.HMAC("id", "secret")
	signature := func(target string, header ...string) string {
		u, _, err := keys.PresignV2(request("PUT", target, header...), time.Hour, awsTime)
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("Signature")
	}
	plain := signature("https://h/b/k")
	if signature("https://h/b/k?legalHold") != plain {
		t.Error("legalHold is signed; IBM's SDKs do not sign it")
	}
	if signature("https://h/b/k?uploadId=u") == plain {
		t.Error("uploadId is not signed")
	}
	if signature("https://h/b/k", "Content-Type", "text/plain") == plain || signature("https://h/b/k", "X-Amz-Acl", "private") == plain {
		t.Error("headers are not signed")
	}
}

func TestPresignRefuses(t *testing.T) {
	keys := auth.HMAC("id", "secret")
	for _, expires := range []time.Duration{-time.Hour, 0, time.Millisecond, 100 * 365 * 24 * time.Hour} {
		if _, _, err := keys.Presign(request("GET", "https://h/b/k"), expires, awsTime); err == nil {
			t.Errorf("Presign for %v: no error", expires)
		}
		if _, _, err := keys.PresignV2(request("GET", "https://h/b/k"), expires, awsTime); err == nil {
			t.Errorf("PresignV2 for %v: no error", expires)
		}
	}
	if _, _, err := keys.Presign(request("GET", "http://h.example/b/k"), time.Hour, awsTime); !errors.Is(err, auth.ErrPlaintext) {
		t.Errorf("plain http: %v", err)
	}
}
