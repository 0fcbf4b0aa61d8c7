package authn_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/sigv2"
	"github.com/icos-go/icos/server/authn"
)

// v2Time is the time of the examples in the S3 developer guide, "Signing and
// authenticating REST requests".
var v2Time = time.Date(2007, 3, 27, 19, 36, 42, 0, time.UTC)

func TestV2Examples(t *testing.T) {
	v := authn.New(authn.Config{
		Directory: directory{}, Now: func() time.Time { return v2Time }, Hosts: []string{"s3.us-west-1.amazonaws.com"},
	})
	for _, tt := range []struct {
		name string
		r    *http.Request
	}{
		{"get", request("GET", "http://awsexamplebucket1.s3.us-west-1.amazonaws.com/photos/puppy.jpg", "",
			"Date", "Tue, 27 Mar 2007 19:36:42 +0000", "Authorization", "AWS AKIAIOSFODNN7EXAMPLE:qgk2+6Sv9/oM7G3qLEjTH1a1l1g=")},
		{"get in path style", request("GET", "http://localhost/awsexamplebucket1/photos/puppy.jpg", "",
			"Date", "Tue, 27 Mar 2007 19:36:42 +0000", "Authorization", "AWS AKIAIOSFODNN7EXAMPLE:qgk2+6Sv9/oM7G3qLEjTH1a1l1g=")},
	} {
		res, _, code := outcome(v, tt.r)
		if code != "" || res.Scheme != authn.SchemeV2 || res.Principal != caller {
			t.Errorf("%s: refused with %q", tt.name, code)
		}
	}
}

func signV2(r *http.Request, t time.Time) *http.Request {
	r.Header.Set("Date", t.UTC().Format(http.TimeFormat))
	r.Header.Set("Authorization", sigv2.Authorization{AccessKeyID: accessKey, Signature: sigv2.Sign(secretKey,
		sigv2.CanonicalString(&sigv2.Input{Method: r.Method, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Header: r.Header}))}.String())
	return r
}

func TestV2Header(t *testing.T) {
	with := func(edit func(*http.Request)) *http.Request {
		r := signV2(request("GET", "/b/k?acl", "", "X-Amz-Meta-A", "b"), v2Time)
		edit(r)
		return r
	}
	for _, tt := range []struct {
		name, code string
		edit       func(*http.Request)
	}{
		{"good", "", func(*http.Request) {}},
		{"unsigned query parameter", "", func(r *http.Request) { r.URL.RawQuery += "&x=y" }},
		{"header changed", "SignatureDoesNotMatch", func(r *http.Request) { r.Header.Set("X-Amz-Meta-A", "c") }},
		{"header added", "SignatureDoesNotMatch", func(r *http.Request) { r.Header.Set("X-Amz-Acl", "private") }},
		{"sub-resource removed", "SignatureDoesNotMatch", func(r *http.Request) { r.URL.RawQuery = "" }},
		{"path", "SignatureDoesNotMatch", func(r *http.Request) { r.URL.Path = "/b/l" }},
		{"method", "SignatureDoesNotMatch", func(r *http.Request) { r.Method = "PUT" }},
		{"bucket in the host", "SignatureDoesNotMatch", func(r *http.Request) { r.Host = "c.cos.test" }},
		{"no date", "AccessDenied", func(r *http.Request) { r.Header.Del("Date") }},
		{"late", "RequestTimeTooSkewed", func(r *http.Request) { signV2(r, v2Time.Add(-16*time.Minute)) }},
		{"early", "RequestTimeTooSkewed", func(r *http.Request) { signV2(r, v2Time.Add(16*time.Minute)) }},
		{"unknown key", "InvalidAccessKeyId", func(r *http.Request) { r.Header.Set("Authorization", "AWS nobody:c2ln") }},
		{"no signature", "InvalidArgument", func(r *http.Request) { r.Header.Set("Authorization", "AWS "+accessKey) }},
		{"signed stream", "InvalidRequest", func(r *http.Request) {
			r.Header.Set("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
			r.Header.Set("X-Amz-Decoded-Content-Length", "0")
			signV2(r, v2Time)
		}},
	} {
		if _, _, code := outcome(verifierAt(v2Time), with(tt.edit)); code != tt.code {
			t.Errorf("%s: code %q, want %q", tt.name, code, tt.code)
		}
	}
}

// IBM's Python SDK signs the resource of a bucket with a slash that it does
// not send.
func TestV2BucketWithoutSlash(t *testing.T) {
	for path, want := range map[string]string{"/bucket": "", "/bucket/key": "SignatureDoesNotMatch"} {
		r := signV2(request("PUT", path+"/", ""), v2Time)
		r.URL.Path = path
		if _, _, code := outcome(verifierAt(v2Time), r); code != want {
			t.Errorf("%s signed as %s/: code %q, want %q", path, path, code, want)
		}
	}
}

func TestV2Presigned(t *testing.T) {
	expires := strconv.FormatInt(v2Time.Add(time.Minute).Unix(), 10)
	good := func() *http.Request {
		sig := sigv2.Sign(secretKey, sigv2.CanonicalString(&sigv2.Input{Method: "GET", Path: "/b/k", Expires: expires, Header: http.Header{}}))
		return request("GET", "/b/k?AWSAccessKeyId="+accessKey+"&Expires="+expires+"&Signature="+url.QueryEscape(sig), "")
	}
	replace := func(old, new string) *http.Request {
		r := good()
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, old, new, 1)
		return r
	}
	for _, tt := range []struct {
		name  string
		r     *http.Request
		after time.Duration
		code  string
	}{
		{"good", good(), 0, ""},
		{"last second", good(), time.Minute, ""},
		{"expired", good(), time.Minute + time.Second, "AccessDenied"},
		{"extended", replace("Expires="+expires, "Expires="+expires+"0"), 0, "SignatureDoesNotMatch"},
		{"no expiry", replace("&Expires="+expires, ""), 0, "AccessDenied"},
		{"expiry no number", replace("Expires="+expires, "Expires=soon"), 0, "AccessDenied"},
		{"no signature", replace("&Signature=", "&S="), 0, "AccessDenied"},
		{"unknown key", replace(accessKey, "nobody"), 0, "InvalidAccessKeyId"},
		{"sub-resource added", replace("AWSAccessKeyId", "acl&AWSAccessKeyId"), 0, "SignatureDoesNotMatch"},
		// IBM's sub-resources are not covered by Version 2 signatures.
		{"legalHold added", replace("AWSAccessKeyId", "legalHold&AWSAccessKeyId"), 0, ""},
	} {
		res, _, code := outcome(verifierAt(v2Time.Add(tt.after)), tt.r)
		if code != tt.code {
			t.Errorf("%s: code %q, want %q", tt.name, code, tt.code)
		} else if code == "" && res.Scheme != authn.SchemeV2Presigned {
			t.Errorf("%s: scheme %s", tt.name, res.Scheme)
		}
	}
}
