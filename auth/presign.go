package auth

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/icos-go/icos/internal/sigv2"
	"github.com/icos-go/icos/internal/sigv4"
)

// maxExpires is what fits the 32-bit second counts of verifiers. COS documents no
// limit; other stores allow seven days.
const maxExpires = (1<<31 - 1) * time.Second

// Presign implements Presigner with Signature Version 4. Headers of r that proxies
// leave alone are signed and returned; a part of a second in expires is rounded up.
func (c *HMACCredentials) Presign(r *http.Request, expires time.Duration, at time.Time) (*url.URL, http.Header, error) {
	if err := c.check(r); err != nil {
		return nil, nil, err
	}
	seconds, at, err := lifetime(expires, at)
	if err != nil {
		return nil, nil, err
	}
	send := r.Header.Clone()
	for _, name := range []string{"Authorization", headerDate, headerPayload, headerToken} {
		send.Del(name)
	}
	scope := sigv4.ScopeAt(at, c.region)
	u := *r.URL
	u.Host = withoutDefaultPort(&u)
	// A shallow copy: only the header that is signed differs, and the host, which will
	// be the one in the URL.
	unsent := *r
	unsent.Header, unsent.Host = send, u.Host
	in := sigv4.FromRequest(&unsent, sigv4.SignedHeaders(nil, &unsent), sigv4.UnsignedPayload)

	q := url.Values{
		"X-Amz-Algorithm":     {sigv4.Algorithm},
		"X-Amz-Credential":    {c.id + "/" + scope.String()},
		"X-Amz-Date":          {sigv4.FormatTime(at)},
		"X-Amz-Expires":       {strconv.FormatInt(seconds, 10)},
		"X-Amz-SignedHeaders": {strings.Join(in.SignedHeaders, ";")},
	}
	if c.session != "" {
		q.Set(headerToken, c.session)
	}
	in.RawQuery = sigv4.CanonicalQuery(joinQuery(r.URL.RawQuery, q))
	signature := sigv4.Signature(c.keys.Key(c.secret, scope), in, at, scope)

	u.RawQuery = in.RawQuery + "&X-Amz-Signature=" + signature
	return &u, signedOf(send, in.SignedHeaders), nil
}

// PresignV2 is Presign with Signature Version 2, which old clients ask for. The
// bucket must be in the path, not in the host name. Only r's Content-MD5,
// Content-Type and X-Amz headers are signed, and IBM's own sub-resources, such as
// legalHold, are not.
func (c *HMACCredentials) PresignV2(r *http.Request, expires time.Duration, at time.Time) (*url.URL, http.Header, error) {
	if err := c.check(r); err != nil {
		return nil, nil, err
	}
	seconds, at, err := lifetime(expires, at)
	if err != nil {
		return nil, nil, err
	}
	send := make(http.Header)
	for name, values := range r.Header {
		if name == "Content-Md5" || name == "Content-Type" || strings.HasPrefix(name, "X-Amz-") {
			send[name] = slices.Clone(values)
		}
	}
	for _, name := range []string{headerDate, headerPayload, headerToken} {
		send.Del(name)
	}
	q := url.Values{"AWSAccessKeyId": {c.id}, "Expires": {strconv.FormatInt(at.Unix()+seconds, 10)}}
	if c.session != "" {
		q.Set("x-amz-security-token", c.session)
	}
	raw := joinQuery(r.URL.RawQuery, q)
	signature := sigv2.Sign(c.secret, sigv2.CanonicalString(&sigv2.Input{
		Method:   r.Method,
		Path:     r.URL.EscapedPath(),
		RawQuery: raw,
		Header:   send,
		Expires:  q.Get("Expires"),
	}))
	u := *r.URL
	u.RawQuery = raw + "&Signature=" + url.QueryEscape(signature)
	return &u, send, nil
}

// withoutDefaultPort returns u's host as browsers send it: they leave out the port of
// the scheme, and the host is signed.
func withoutDefaultPort(u *url.URL) string {
	port := u.Port()
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return strings.TrimSuffix(u.Host, ":"+port)
	}
	return u.Host
}

// lifetime checks expires and fills in at.
func lifetime(expires time.Duration, at time.Time) (seconds int64, from time.Time, err error) {
	if expires < time.Second || expires > maxExpires {
		return 0, at, fmt.Errorf("presign: a lifetime of %v is not between 1s and %v", expires, maxExpires)
	}
	if at.IsZero() {
		at = time.Now()
	}
	return int64((expires + time.Second - 1) / time.Second), at, nil
}

func joinQuery(raw string, q url.Values) string {
	if raw == "" {
		return q.Encode()
	}
	return raw + "&" + q.Encode()
}

func signedOf(h http.Header, signed []string) http.Header {
	kept := make(http.Header)
	for name, values := range h {
		if slices.Contains(signed, strings.ToLower(name)) {
			kept[name] = values
		}
	}
	return kept
}
