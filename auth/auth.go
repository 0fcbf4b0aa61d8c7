// Package auth says who is calling: it authorizes requests to IBM Cloud Object
// Storage and the services around it.
//
// [Find] looks for credentials where IBM's and AWS's tools keep them, and is what
// most programs use. The rest is for those who have credentials in hand: [IAM]
// exchanges an API key for bearer tokens and keeps them fresh, [TrustedProfile]
// does so for a workload that has an identity instead of a key, [HMAC] signs with a
// key pair and makes presigned URLs, [StaticToken] sends a token obtained
// elsewhere, and [Anonymous] sends requests as they are.
//
// Tokens and signatures are refused over plain http except to this machine, and
// nothing here prints a secret, whatever the verb.
package auth

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Credentials authorize one outgoing request, by signing it or by adding a bearer
// token. Authorize changes only r's headers, replaces an earlier authorization, and
// must be called again for each attempt. ctx bounds the waiting for a token.
// Implementations are safe for concurrent use.
type Credentials interface {
	Authorize(ctx context.Context, r *http.Request) error
}

// A TokenSource is implemented by Credentials that can hand out the bearer token
// itself: those of IAM and StaticToken. HMAC keys are not one.
type TokenSource interface {
	Token(ctx context.Context) (Token, error)
}

// A Presigner is implemented by Credentials that can put their authorization into a
// URL, for use by someone who has none: those of HMAC. COS has no such thing for IAM
// tokens.
type Presigner interface {
	// Presign returns r's URL, authorized from the time at (the zero time is now)
	// and for expires, which is at least a second, and the headers which the user of
	// the URL must send with it, often none. r's method and headers are part of what
	// is authorized; its body is not.
	Presign(r *http.Request, expires time.Duration, at time.Time) (*url.URL, http.Header, error)
}

// Anonymous sends requests as they are, for public buckets.
var Anonymous Credentials = anonymous{}

type anonymous struct{}

// Authorize removes an authorization that is there.
func (anonymous) Authorize(_ context.Context, r *http.Request) error {
	r.Header.Del("Authorization")
	return nil
}

func (anonymous) String() string { return "anonymous" }
