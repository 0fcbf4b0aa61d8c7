package authn

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/icos-go/icos/internal/sigv4"
	"github.com/icos-go/icos/server/iam"
)

// maxUndeclared bounds the body of a V4 request that does not declare its
// payload hash, which has to be in memory before the signature can be checked.
const maxUndeclared = 1 << 20

func (v *Verifier) identifyV4Header(r *http.Request, header string) (*claim, *Error) {
	auth, err := sigv4.ParseAuthorization(header)
	if err != nil {
		return nil, headerMalformed(reason(err, sigv4.ErrMalformed))
	}
	if auth.Scope.Service != "s3" {
		return nil, headerMalformed(`incorrect service; this endpoint belongs to "s3".`)
	}
	t, ok := requestTime(r)
	if !ok {
		return nil, missingDate()
	}
	if sigv4.FormatTime(t)[:8] != auth.Scope.Date {
		return nil, headerMalformed("invalid credential date; it is not the date of the request.")
	}
	if skewed(t, v.now()) {
		return nil, tooSkewed()
	}
	secret, p, ok := v.dir.AccessKey(auth.AccessKeyID)
	if !ok {
		return nil, unknownKey()
	}
	c := &claim{principal: p, scheme: SchemeV4, payload: declaredPayload(r)}
	if c.payload == "" {
		if refusal := c.hashUndeclared(r); refusal != nil {
			return nil, refusal
		}
	}
	return c, v.checkV4(r, c, &auth, secret, t)
}

func (v *Verifier) identifyV4Query(r *http.Request) (*claim, *Error) {
	q := r.URL.Query()
	pre, err := sigv4.ParseQuery(q)
	if errors.Is(err, sigv4.ErrScheme) {
		return nil, queryMalformed(`X-Amz-Algorithm only supports "AWS4-HMAC-SHA256".`)
	}
	if err != nil {
		return nil, queryMalformed("The query is not well formed; " + reason(err, sigv4.ErrMalformed))
	}
	if pre.Scope.Service != "s3" {
		return nil, queryMalformed(`Incorrect service; this endpoint belongs to "s3".`)
	}
	switch now := v.now(); {
	case pre.Time.After(now.Add(maxSkew)):
		return nil, accessDenied("Request is not yet valid")
	case now.After(pre.Time.Add(pre.Expires)):
		return nil, requestExpired()
	}
	secret, p, ok := v.dir.AccessKey(pre.AccessKeyID)
	if !ok {
		return nil, unknownKey()
	}
	if keepsLonger(r.Header, pre.SignedHeaders) {
		return nil, notSigned()
	}
	c := &claim{principal: p, scheme: SchemeV4Presigned, payload: declaredPayload(r)}
	if c.payload == "" {
		c.payload = q.Get("X-Amz-Content-Sha256")
	}
	if c.payload == "" {
		c.payload = sigv4.UnsignedPayload
	}
	return c, v.checkV4(r, c, &pre.Authorization, secret, pre.Time)
}

// checkV4 checks the signature and, if it holds, prepares c for the
// signatures of the chunks to come.
func (v *Verifier) checkV4(r *http.Request, c *claim, auth *sigv4.Authorization, secret string, t time.Time) *Error {
	for name := range r.Header {
		// A header that changes what S3 does must be under the signature, or
		// whoever relays the request could add it.
		if strings.HasPrefix(name, "X-Amz-") && !signs(auth.SignedHeaders, name) {
			return notSigned()
		}
	}
	key := v.keys.Key(secret, auth.Scope)
	in := sigv4.FromRequest(r, auth.SignedHeaders, c.payload)
	want := sigv4.Signature(key, in, t, auth.Scope)
	if !sigv4.Equal(want, auth.Signature) && strings.Contains(in.Path, "%2F") {
		// IBM's Java SDK sends the key "a//b" as a/%2Fb and signs it as a//b.
		// Both are the same key, so accepting both gives nothing away.
		in.Path = strings.ReplaceAll(in.Path, "%2F", "/")
		want = sigv4.Signature(key, in, t, auth.Scope)
	}
	if !sigv4.Equal(want, auth.Signature) {
		return signatureMismatch()
	}
	c.chunks = &chunkSigner{key: key, scope: auth.Scope, time: t, previous: want}
	return nil
}

func notSigned() *Error {
	return accessDenied("There were headers present in the request which were not signed")
}

// keepsLonger reports whether a request has one of IBM's headers on how long its
// object is to be kept that is not among the signed ones: who is handed a URL to
// upload by must not make what it uploads stay forever.
func keepsLonger(h http.Header, signed []string) bool {
	for name := range h {
		if strings.HasPrefix(name, "Retention-") && !signs(signed, name) {
			return true
		}
	}
	return false
}

// signs reports whether names, all lower case, has the header name.
func signs(names []string, name string) bool {
	return slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, name) })
}

// hashUndeclared reads the body into memory for its hash, as the signature
// covers it though the request does not say it.
func (c *claim) hashUndeclared(r *http.Request) *Error {
	if r.ContentLength == 0 {
		c.payload = sigv4.EmptySHA256
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, maxUndeclared+1))
	if err != nil {
		return bodyError(err)
	}
	if len(b) > maxUndeclared {
		return invalidRequest("Missing required header for this request: x-amz-content-sha256")
	}
	sum := sha256.Sum256(b)
	c.payload = hex.EncodeToString(sum[:])
	c.body = bytes.NewReader(b)
	return nil
}

func requestExpired() *Error { return accessDenied("Request has expired") }

// reason returns what a parser's error says beyond its kind.
func reason(err, kind error) string {
	return strings.TrimPrefix(err.Error(), kind.Error()+": ") + "."
}

// A chunkSigner checks the chain of signatures of a signed stream: each
// covers the one before, the first being the request's own.
type chunkSigner struct {
	key      sigv4.Key
	scope    sigv4.Scope
	time     time.Time
	previous string
}

func (s *chunkSigner) chunk(signature string, sum [sha256.Size]byte) bool {
	return s.check(signature, sigv4.ChunkStringToSign(s.time, s.scope, s.previous, hex.EncodeToString(sum[:])))
}

func (s *chunkSigner) trailer(signature string, canonical []byte) bool {
	sum := sha256.Sum256(canonical)
	return s.check(signature, sigv4.TrailerStringToSign(s.time, s.scope, s.previous, hex.EncodeToString(sum[:])))
}

func (s *chunkSigner) check(signature string, stringToSign []byte) bool {
	want := s.key.Sign(stringToSign)
	s.previous = want
	return sigv4.Equal(want, signature)
}

var _ Directory = (*iam.Service)(nil)
