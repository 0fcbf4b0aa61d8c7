package authn_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/sigv4"
	"github.com/icos-go/icos/server/authn"
)

// The examples of the Amazon S3 API reference, "Authenticating Requests:
// Using the Authorization Header" and "Using Query Parameters".
func TestV4Examples(t *testing.T) {
	const host = "http://examplebucket.s3.amazonaws.com"
	const credential = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for _, tt := range []struct {
		name   string
		r      *http.Request
		scheme string
	}{
		{"get object", request("GET", host+"/test.txt", "",
			"Range", "bytes=0-9", "x-amz-content-sha256", empty, "x-amz-date", "20130524T000000Z",
			"Authorization", credential+"host;range;x-amz-content-sha256;x-amz-date,"+
				"Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"), authn.SchemeV4},
		{"put object", request("PUT", host+"/test%24file.text", "Welcome to Amazon S3.",
			"Date", "Fri, 24 May 2013 00:00:00 GMT", "x-amz-date", "20130524T000000Z", "x-amz-storage-class", "REDUCED_REDUNDANCY",
			"x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
			"Authorization", credential+"date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"+
				"Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"), authn.SchemeV4},
		{"get lifecycle", request("GET", host+"/?lifecycle", "",
			"x-amz-date", "20130524T000000Z", "x-amz-content-sha256", empty,
			"Authorization", credential+"host;x-amz-content-sha256;x-amz-date,"+
				"Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"), authn.SchemeV4},
		{"list", request("GET", host+"/?max-keys=2&prefix=J", "",
			"x-amz-date", "20130524T000000Z", "x-amz-content-sha256", empty,
			"Authorization", credential+"host;x-amz-content-sha256;x-amz-date,"+
				"Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"), authn.SchemeV4},
		{"presigned", request("GET", host+"/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"+
			"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"+
			"&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"+
			"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404", ""), authn.SchemeV4Presigned},
	} {
		res, _, code := outcome(verifierAt(exampleTime), tt.r)
		if code != "" {
			t.Errorf("%s: refused with %s", tt.name, code)
		} else if res.Principal != caller || res.Scheme != tt.scheme {
			t.Errorf("%s: %v by %s", tt.name, res.Principal, res.Scheme)
		}
	}
}

func TestV4Header(t *testing.T) {
	now := exampleTime.Add(12 * time.Hour)
	const sha = "X-Amz-Content-Sha256"
	put := func() *http.Request {
		return signV4(request("PUT", "/b/k", "data", sha, "UNSIGNED-PAYLOAD", "X-Amz-Acl", "private"), now)
	}
	authorization := put().Header.Get("Authorization")
	replace := func(old, new string) *http.Request {
		r := put()
		r.Header.Set("Authorization", strings.Replace(authorization, old, new, 1))
		return r
	}
	with := func(edit func(*http.Request)) *http.Request {
		r := put()
		edit(r)
		return r
	}
	for _, tt := range []struct {
		name string
		r    *http.Request
		code string
	}{
		{"good", put(), ""},
		{"unknown key", replace(accessKey, "AKIAIOSFODNN7EXAMPLF"), "InvalidAccessKeyId"},
		{"signature of another", replace("Signature=", "Signature=0"), "AuthorizationHeaderMalformed"},
		{"signature changed", replace(authorization[len(authorization)-4:], "0000"), "SignatureDoesNotMatch"},
		{"another region", replace("us-standard", "eu-standard"), "SignatureDoesNotMatch"},
		{"another service", replace("/s3/", "/kms/"), "AuthorizationHeaderMalformed"},
		{"another date in scope", replace("20130524", "20130523"), "AuthorizationHeaderMalformed"},
		{"no terminator", replace("/aws4_request", ""), "AuthorizationHeaderMalformed"},
		{"no credential", replace("Credential=", "X="), "AuthorizationHeaderMalformed"},
		{"nothing after the algorithm", with(func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256") }), "AuthorizationHeaderMalformed"},
		{"host not signed", replace("host;", ""), "AuthorizationHeaderMalformed"},
		{"header not signed", replace("x-amz-acl;", ""), "AccessDenied"},
		{"header added", with(func(r *http.Request) { r.Header.Set("X-Amz-Meta-A", "b") }), "AccessDenied"},
		{"signed header changed", with(func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") }), "SignatureDoesNotMatch"},
		{"signed header removed", with(func(r *http.Request) { r.Header.Del("X-Amz-Acl") }), "SignatureDoesNotMatch"},
		{"another method", with(func(r *http.Request) { r.Method = "POST" }), "SignatureDoesNotMatch"},
		{"another path", with(func(r *http.Request) { r.URL.Path = "/b/l" }), "SignatureDoesNotMatch"},
		{"another query", with(func(r *http.Request) { r.URL.RawQuery = "acl" }), "SignatureDoesNotMatch"},
		{"another host", with(func(r *http.Request) { r.Host = "elsewhere" }), "SignatureDoesNotMatch"},
		{"no date", with(func(r *http.Request) { r.Header.Del("X-Amz-Date") }), "AccessDenied"},
		{"bad date", with(func(r *http.Request) { r.Header.Set("X-Amz-Date", "yesterday") }), "AccessDenied"},
		{"15 minutes late", signV4(request("GET", "/b/k", "", sha, sigv4.EmptySHA256), now.Add(-15*time.Minute)), ""},
		{"later", signV4(request("GET", "/b/k", "", sha, sigv4.EmptySHA256), now.Add(-15*time.Minute-time.Second)), "RequestTimeTooSkewed"},
		{"15 minutes early", signV4(request("GET", "/b/k", "", sha, sigv4.EmptySHA256), now.Add(15*time.Minute)), ""},
		{"earlier", signV4(request("GET", "/b/k", "", sha, sigv4.EmptySHA256), now.Add(15*time.Minute+time.Second)), "RequestTimeTooSkewed"},
		{"payload mode unknown", signV4(request("PUT", "/b/k", "x", sha, "STREAMING-SOMETHING"), now), "InvalidArgument"},
		{"payload hash short", signV4(request("PUT", "/b/k", "x", sha, "e3b0"), now), "InvalidArgument"},
		{"payload hash long", signV4(request("PUT", "/b/k", "x", sha, sigv4.EmptySHA256+"00"), now), "InvalidArgument"},
		{"payload hash right", signV4(request("PUT", "/b/k", "Welcome to Amazon S3.", sha, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"), now), ""},
		{"payload hash wrong", signV4(request("PUT", "/b/k", "x", sha, sigv4.EmptySHA256), now), "XAmzContentSHA256Mismatch"},
		{"payload hash of an empty body wrong", signV4(request("PUT", "/b/k", "", sha, strings.Repeat("0", 64)), now), "XAmzContentSHA256Mismatch"},
		{"chunked transfer is rebuilt", with(chunkedTransfer(now)), ""},
	} {
		if _, _, code := outcome(verifierAt(now), tt.r); code != tt.code {
			t.Errorf("%s: code %q, want %q", tt.name, code, tt.code)
		}
	}
}

// chunkedTransfer signs a Transfer-Encoding header as IBM's Python SDK does
// over TLS, and then hides it as net/http does.
func chunkedTransfer(now time.Time) func(*http.Request) {
	return func(r *http.Request) {
		r.TransferEncoding, r.ContentLength = []string{"chunked"}, -1
		r.Header.Del("Authorization")
		names := []string{"host", "transfer-encoding", "x-amz-acl", "x-amz-content-sha256", "x-amz-date"}
		scope := sigv4.ScopeAt(now, "us-south")
		in := sigv4.FromRequest(r, names, "UNSIGNED-PAYLOAD")
		in.Header = in.Header.Clone()
		in.Header["Transfer-Encoding"] = []string{"chunked"}
		r.Header.Set("Authorization", sigv4.Authorization{
			AccessKeyID: accessKey, Scope: scope, SignedHeaders: names,
			Signature: sigv4.Signature(sigv4.DeriveKey(secretKey, scope), in, now, scope),
		}.String())
	}
}

// IBM's own example of an HMAC signature signs host and x-amz-date only, and
// does not send the hash of the payload that it signs.
func TestV4WithoutDeclaredPayload(t *testing.T) {
	sign := func(r *http.Request, hash string) *http.Request {
		r.Header.Set("X-Amz-Date", sigv4.FormatTime(exampleTime))
		scope := sigv4.ScopeAt(exampleTime, "us-standard")
		names := []string{"host", "x-amz-date"}
		r.Header.Set("Authorization", sigv4.Authorization{
			AccessKeyID: accessKey, Scope: scope, SignedHeaders: names,
			Signature: sigv4.Signature(sigv4.DeriveKey(secretKey, scope), sigv4.FromRequest(r, names, hash), exampleTime, scope),
		}.String())
		return r
	}
	const welcome = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
	for _, tt := range []struct{ name, method, body, hash, code string }{
		{"no body", "GET", "", sigv4.EmptySHA256, ""},
		{"body", "PUT", "Welcome to Amazon S3.", welcome, ""},
		{"body changed", "PUT", "Welcome to Amazon S4.", welcome, "SignatureDoesNotMatch"},
		{"body too long to hold", "PUT", strings.Repeat("x", 1<<20+1), welcome, "InvalidRequest"},
	} {
		_, body, code := outcome(verifierAt(exampleTime), sign(request(tt.method, "/b/k", tt.body), tt.hash))
		if code != tt.code {
			t.Errorf("%s: code %q, want %q", tt.name, code, tt.code)
		}
		if code == "" && body != tt.body {
			t.Errorf("%s: body %q, want %q", tt.name, body, tt.body)
		}
	}
}

// presignV4 returns a URL good for the given seconds from the example time.
func presignV4(method, path, expires string) *http.Request {
	scope := sigv4.ScopeAt(exampleTime, "us-standard")
	q := url.Values{
		"X-Amz-Algorithm": {sigv4.Algorithm}, "X-Amz-Credential": {accessKey + "/" + scope.String()},
		"X-Amz-Date": {sigv4.FormatTime(exampleTime)}, "X-Amz-Expires": {expires}, "X-Amz-SignedHeaders": {"host"},
	}
	r := request(method, path+"?"+q.Encode(), "")
	in := sigv4.FromRequest(r, []string{"host"}, sigv4.UnsignedPayload)
	r.URL.RawQuery += "&X-Amz-Signature=" + sigv4.Signature(sigv4.DeriveKey(secretKey, scope), in, exampleTime, scope)
	return r
}

func TestV4Presigned(t *testing.T) {
	replace := func(old, new string) *http.Request {
		r := presignV4("GET", "/b/k", "60")
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, old, new, 1)
		return r
	}
	for _, tt := range []struct {
		name  string
		r     *http.Request
		after time.Duration
		code  string
	}{
		{"at once", presignV4("GET", "/b/k", "60"), 0, ""},
		{"in the last second", presignV4("GET", "/b/k", "60"), time.Minute, ""},
		{"expired", presignV4("GET", "/b/k", "60"), time.Minute + time.Second, "AccessDenied"},
		{"a month is allowed", presignV4("GET", "/b/k", "2592000"), 29 * 24 * time.Hour, ""},
		{"a little early", presignV4("GET", "/b/k", "60"), -15 * time.Minute, ""},
		{"much too early", presignV4("GET", "/b/k", "60"), -16 * time.Minute, "AccessDenied"},
		{"expiry extended", replace("X-Amz-Expires=60", "X-Amz-Expires=600"), 0, "SignatureDoesNotMatch"},
		{"expiry negative", replace("X-Amz-Expires=60", "X-Amz-Expires=-60"), 0, "AuthorizationQueryParametersError"},
		{"expiry no number", replace("X-Amz-Expires=60", "X-Amz-Expires=soon"), 0, "AuthorizationQueryParametersError"},
		{"expiry overflows", replace("X-Amz-Expires=60", "X-Amz-Expires=99999999999999999999"), 0, "AuthorizationQueryParametersError"},
		{"no expiry", replace("&X-Amz-Expires=60", ""), 0, "AuthorizationQueryParametersError"},
		{"algorithm", replace("HMAC-SHA256", "HMAC-SHA1"), 0, "AuthorizationQueryParametersError"},
		{"no algorithm", replace("X-Amz-Algorithm=AWS4-HMAC-SHA256&", ""), 0, "AuthorizationQueryParametersError"},
		{"another service", replace("%2Fs3%2F", "%2Fkms%2F"), 0, "AuthorizationQueryParametersError"},
		{"date of another day", replace("X-Amz-Date=20130524", "X-Amz-Date=20130525"), 0, "AuthorizationQueryParametersError"},
		{"unknown key", replace(accessKey, "AKIAIOSFODNN7EXAMPLF"), 0, "InvalidAccessKeyId"},
		{"signature twice", replace("X-Amz-Signature", "X-Amz-Signature=0&X-Amz-Signature"), 0, "AuthorizationQueryParametersError"},
		{"sub-resource added", replace("X-Amz-Algorithm", "acl=&X-Amz-Algorithm"), 0, "SignatureDoesNotMatch"},
	} {
		if _, _, code := outcome(verifierAt(exampleTime.Add(tt.after)), tt.r); code != tt.code {
			t.Errorf("%s: code %q, want %q", tt.name, code, tt.code)
		}
	}
	r := presignV4("PUT", "/b/k", "60")
	r.Header.Set("X-Amz-Acl", "public-read")
	if _, _, code := outcome(verifierAt(exampleTime), r); code != "AccessDenied" {
		t.Errorf("header that the URL does not sign: code %q, want AccessDenied", code)
	}
}

// IBM's Java SDK sends /bucket/a/%2Fb and signs /bucket/a//b.
func TestV4EscapedSlash(t *testing.T) {
	for _, tt := range []struct{ signed, sent, code string }{
		{"/bucket/a//b", "/bucket/a/%2Fb", ""},
		{"/bucket/a//b", "/bucket/a/%2fb", ""},
		{"/bucket/a/%2Fb", "/bucket/a/%2Fb", ""},
		{"/bucket/a%2Fb", "/bucket/a/b", "SignatureDoesNotMatch"},
		{"/bucket/a//b", "/bucket/a/b", "SignatureDoesNotMatch"},
	} {
		signed := signV4(request("GET", tt.signed, "", "X-Amz-Content-Sha256", sigv4.EmptySHA256), exampleTime)
		r := request("GET", tt.sent, "")
		r.Header = signed.Header
		if _, _, code := outcome(verifierAt(exampleTime), r); code != tt.code {
			t.Errorf("%s signed as %s: code %q, want %q", tt.sent, tt.signed, code, tt.code)
		}
	}
}

func BenchmarkV4Header(b *testing.B) {
	r := signV4(request("GET", "/bucket/some/key", "", "X-Amz-Content-Sha256", sigv4.EmptySHA256), exampleTime)
	v := verifierAt(exampleTime)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}
