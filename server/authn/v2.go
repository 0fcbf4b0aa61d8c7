package authn

import (
	"errors"
	"net/http"
	"strings"

	"github.com/icos-go/icos/internal/sigv2"
)

func (v *Verifier) identifyV2Header(r *http.Request, header string) (*claim, *Error) {
	auth, err := sigv2.ParseAuthorization(header)
	if err != nil {
		return nil, invalidArgument("AWS authorization header is invalid. Expected AccessKeyId:signature")
	}
	t, ok := requestTime(r)
	if !ok {
		return nil, missingDate()
	}
	if skewed(t, v.now()) {
		return nil, tooSkewed()
	}
	return v.checkV2(r, SchemeV2, auth, "")
}

func (v *Verifier) identifyV2Query(r *http.Request) (*claim, *Error) {
	pre, err := sigv2.ParseQuery(r.URL.Query())
	if errors.Is(err, sigv2.ErrScheme) {
		return nil, accessDenied("Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters")
	}
	if err != nil {
		return nil, accessDenied("Query-string authentication is not well formed; " + reason(err, sigv2.ErrMalformed))
	}
	if v.now().After(pre.Expires) {
		return nil, requestExpired()
	}
	if keepsLonger(r.Header, nil) {
		return nil, notSigned()
	}
	return v.checkV2(r, SchemeV2Presigned, pre.Authorization, pre.RawExpires)
}

// Covers reports whether a proof of that scheme covers a query parameter, which
// otherwise whoever was handed a presigned URL can add to it.
func Covers(scheme, parameter string) bool {
	return scheme != SchemeV2Presigned || sigv2.Signed(parameter)
}

func (v *Verifier) checkV2(r *http.Request, scheme string, auth sigv2.Authorization, expires string) (*claim, *Error) {
	secret, p, ok := v.dir.AccessKey(auth.AccessKeyID)
	if !ok {
		return nil, unknownKey()
	}
	path := r.URL.EscapedPath()
	if bucket := v.hosts.Bucket(r.Host); bucket != "" {
		// V2 signs it as part of the resource, unlike V4, which signs the host.
		path = "/" + bucket + path
	}
	in := &sigv2.Input{Method: r.Method, Path: path, RawQuery: r.URL.RawQuery, Header: r.Header, Expires: expires}
	ok = sigv2.Equal(sigv2.Sign(secret, sigv2.CanonicalString(in)), auth.Signature)
	if !ok && bareBucket(path) {
		// IBM's Python SDK asks for /bucket and signs /bucket/, which is the
		// same resource.
		in.Path += "/"
		ok = sigv2.Equal(sigv2.Sign(secret, sigv2.CanonicalString(in)), auth.Signature)
	}
	if !ok {
		return nil, signatureMismatch()
	}
	return &claim{principal: p, scheme: scheme, payload: declaredPayload(r)}, nil
}

// bareBucket reports whether path is a bucket without a slash after it.
func bareBucket(path string) bool { return strings.LastIndexByte(path, '/') == 0 && len(path) > 1 }
