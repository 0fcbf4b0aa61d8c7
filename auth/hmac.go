package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/icos-go/icos/internal/sigv4"
)

// defaultRegion is what COS documents in signatures. The service accepts any.
const defaultRegion = "us-standard"

// Headers of Signature Version 4.
const (
	headerDate    = "X-Amz-Date"
	headerPayload = "X-Amz-Content-Sha256"
	headerToken   = "X-Amz-Security-Token"
)

// HMACCredentials sign requests with Signature Version 4. Make them with HMAC.
type HMACCredentials struct {
	redactor
	id, secret string
	region     string
	session    string
	keys       *sigv4.KeyCache
}

// HMAC signs requests with an access key and a secret key, as found in the
// cos_hmac_keys of a service credential.
func HMAC(accessKeyID, secretAccessKey string) *HMACCredentials {
	return &HMACCredentials{id: accessKeyID, secret: secretAccessKey, region: defaultRegion, keys: new(sigv4.KeyCache)}
}

// AccessKeyID returns the public half of the pair.
func (c *HMACCredentials) AccessKeyID() string { return c.id }

// WithRegion returns a copy of c that signs for region. COS accepts any region and
// the default is "us-standard"; other stores want their own.
func (c *HMACCredentials) WithRegion(region string) *HMACCredentials {
	d := *c
	d.region = region
	return &d
}

// WithSessionToken returns a copy of c that sends and signs a session token, which
// temporary keys of other stores come with. COS has none.
func (c *HMACCredentials) WithSessionToken(token string) *HMACCredentials {
	d := *c
	d.session = token
	return &d
}

// Authorize implements Credentials. It signs every header that proxies leave alone,
// so it must come last. A caller may set X-Amz-Content-Sha256 before (default: the
// digest of nothing without a body, UNSIGNED-PAYLOAD with one) and X-Amz-Date
// (default: now), which is how a client corrects a wrong clock.
func (c *HMACCredentials) Authorize(_ context.Context, r *http.Request) error {
	if err := c.check(r); err != nil {
		return err
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	at := time.Now()
	if date := r.Header.Get(headerDate); date != "" {
		var err error
		if at, err = sigv4.ParseTime(date); err != nil {
			return fmt.Errorf("sign: %s is not %s", headerDate, sigv4.TimeFormat)
		}
	} else {
		r.Header.Set(headerDate, sigv4.FormatTime(at))
	}
	payload := r.Header.Get(headerPayload)
	if payload == "" {
		payload = sigv4.UnsignedPayload
		if r.Body == nil || r.Body == http.NoBody {
			payload = sigv4.EmptySHA256
		}
		r.Header.Set(headerPayload, payload)
	}
	if c.session != "" {
		r.Header.Set(headerToken, c.session)
	}

	var room [16]string
	in := sigv4.FromRequest(r, sigv4.SignedHeaders(room[:0], r), payload)
	scope := sigv4.ScopeAt(at, c.region)
	r.Header.Set("Authorization", sigv4.Authorization{
		AccessKeyID:   c.id,
		Scope:         scope,
		SignedHeaders: in.SignedHeaders,
		Signature:     sigv4.Signature(c.keys.Key(c.secret, scope), in, at, scope),
	}.String())
	return nil
}

var errNoKeys = errors.New("sign: the access key or the secret key is empty")

func (c *HMACCredentials) check(r *http.Request) error {
	if c.id == "" || c.secret == "" {
		return errNoKeys
	}
	if err := checkTransport(r.URL, "what is signed"); err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	return nil
}
