package auth

import (
	"context"
	"net/http"
)

// IAMOptions configure IAM. The zero value is ready to use.
type IAMOptions struct {
	// Endpoint is where tokens are asked for; default
	// https://iam.cloud.ibm.com/identity/token. Without a path it gets
	// /identity/token. It must be https unless it is on this machine.
	Endpoint string

	// Client sends the requests; default one like http.DefaultClient. Redirects are
	// never followed, because the request carries the key, and connections are not
	// kept, because there is one request an hour.
	Client *http.Client
}

// IAMCredentials get bearer tokens from IBM Cloud Identity and Access Management and
// keep them fresh. Make them with IAM or TrustedProfile.
type IAMCredentials struct{ redactor }

// IAM exchanges an API key for bearer tokens. o may be nil.
func IAM(apiKey string, o *IAMOptions) *IAMCredentials { return &IAMCredentials{} }

// Authorize implements Credentials.
func (c *IAMCredentials) Authorize(ctx context.Context, r *http.Request) error {
	t, err := c.Token(ctx)
	if err != nil {
		return err
	}
	return bearer(r, t.Value)
}

// Token implements TokenSource.
func (c *IAMCredentials) Token(ctx context.Context) (Token, error) { return Token{}, ErrClosed }

// DelegatedToken returns a refresh token that only the named services can use.
func (c *IAMCredentials) DelegatedToken(ctx context.Context, receivers ...string) (Token, error) {
	return Token{}, ErrClosed
}

// Close implements io.Closer.
func (c *IAMCredentials) Close() error { return nil }
