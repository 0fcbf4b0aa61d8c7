package authn_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/sigv4"
	"github.com/icos-go/icos/server/authn"
	"github.com/icos-go/icos/server/iam"
)

// The key pair of the examples in the Amazon S3 API reference.
const (
	accessKey = "AKIAIOSFODNN7EXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	token     = "good-token"
)

// exampleTime is the time of those examples.
var exampleTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)

var caller = iam.Principal{ID: "iam-ServiceId-1", Name: "tester", Instance: "i-1"}

// directory knows one identity.
type directory struct{}

func (directory) AccessKey(id string) (string, iam.Principal, bool) {
	if id != accessKey {
		return "", iam.Principal{}, false
	}
	return secretKey, caller, true
}

func (directory) VerifyToken(raw string, _ time.Time) (iam.Principal, error) {
	if raw != token {
		return iam.Principal{}, errors.New("not the token")
	}
	return caller, nil
}

func verifierAt(t time.Time) *authn.Verifier {
	return authn.New(authn.Config{
		Directory: directory{}, Now: func() time.Time { return t }, Hosts: []string{"cos.test"},
	})
}

// request makes a request as a server would receive it. headers alternate
// names and values.
func request(method, target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// signV4 adds an Authorization header for time t, over every header there is.
func signV4(r *http.Request, t time.Time) *http.Request {
	r.Header.Set("X-Amz-Date", sigv4.FormatTime(t))
	scope := sigv4.ScopeAt(t, "us-standard")
	signed := sigv4.SignedHeaders(nil, r)
	in := sigv4.FromRequest(r, signed, r.Header.Get("X-Amz-Content-Sha256"))
	r.Header.Set("Authorization", sigv4.Authorization{
		AccessKeyID: accessKey, Scope: scope, SignedHeaders: signed,
		Signature: sigv4.Signature(sigv4.DeriveKey(secretKey, scope), in, t, scope),
	}.String())
	return r
}

// outcome authenticates r, reads its body and says what happened: the body,
// or the code of the refusal.
func outcome(v *authn.Verifier, r *http.Request) (res *authn.Result, body, code string) {
	res, err := v.Authenticate(r)
	if err != nil {
		return nil, "", codeOf(err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return res, string(b), codeOf(err)
	}
	return res, string(b), ""
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*authn.Error](err); ok {
		return e.Code
	}
	return "not an *authn.Error: " + err.Error()
}

func TestAnonymous(t *testing.T) {
	res, body, code := outcome(verifierAt(exampleTime), request("GET", "/b/k", ""))
	if code != "" || body != "" {
		t.Fatalf("= %q, %s", body, code)
	}
	if !res.Principal.Anonymous || res.Principal.ID != "" || res.Scheme != authn.SchemeAnonymous {
		t.Errorf("principal = %v, scheme %s", res.Principal, res.Scheme)
	}
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer " + token:   "",
		"bearer " + token:   "",
		"BEARER  " + token:  "",
		"Bearer bad":        "AccessDenied",
		"Bearer ":           "AccessDenied",
		"Bearer":            "AccessDenied",
		"Basic " + token:    "InvalidArgument",
		token:               "InvalidArgument",
		"":                  "InvalidArgument",
		"AWS4-ECDSA-P256 x": "InvalidRequest",
	} {
		res, _, code := outcome(verifierAt(exampleTime), request("GET", "/b/k", "", "Authorization", header))
		if code != want {
			t.Errorf("Authorization %q: code %q, want %q", header, code, want)
		}
		if code == "" && (res.Principal != caller || res.Scheme != authn.SchemeBearer) {
			t.Errorf("Authorization %q: %v by %s", header, res.Principal, res.Scheme)
		}
	}
}

func TestOneProofOnly(t *testing.T) {
	const v4, v2 = "X-Amz-Algorithm=AWS4-HMAC-SHA256", "AWSAccessKeyId=a&Signature=b&Expires=1"
	for name, r := range map[string]*http.Request{
		"two headers":     request("GET", "/b/k", "", "Authorization", "Bearer "+token, "Authorization", "Bearer "+token),
		"header and V4":   request("GET", "/b/k?"+v4, "", "Authorization", "Bearer "+token),
		"header and V2":   request("GET", "/b/k?"+v2, "", "Authorization", "Bearer "+token),
		"V4 and V2 query": request("GET", "/b/k?"+v4+"&"+v2, ""),
	} {
		if _, _, code := outcome(verifierAt(exampleTime), r); code != "InvalidArgument" {
			t.Errorf("%s: code %q, want InvalidArgument", name, code)
		}
	}
}

func TestErrorsNameTheirStatus(t *testing.T) {
	_, err := verifierAt(exampleTime).Authenticate(request("GET", "/b/k", "", "Authorization", "Bearer bad"))
	e, ok := errors.AsType[*authn.Error](err)
	if !ok || e.Status != http.StatusForbidden || e.Message == "" || !strings.HasPrefix(e.Error(), "AccessDenied: ") {
		t.Errorf("= %#v", err)
	}
}
