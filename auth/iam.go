package auth

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// IAMOptions configure IAM. The zero value is ready to use.
type IAMOptions struct {
	// Endpoint is where tokens are asked for; default DefaultEndpoint. Without a
	// path it gets /identity/token. It must be https unless it is on this machine.
	Endpoint string

	// HTTPClient sends the requests; default one like http.DefaultClient. Redirects are
	// never followed, because the request carries the key, and connections are not
	// kept, because there is one request an hour.
	HTTPClient *http.Client
}

// IAMCredentials get bearer tokens from IBM Cloud Identity and Access Management and
// keep them fresh. Make them with IAM or TrustedProfile, one for all goroutines.
//
// The first use fetches a token, once however many ask at the same moment. A use
// after about three quarters of its life fetches the next one in the background, and
// is not held up by it. When that fails the token stays in use until it really
// expires, and fetching is tried again at growing pauses. Unused credentials do
// nothing and have no goroutine, so Close is only needed to end a fetch under way.
type IAMCredentials struct {
	redactor
	owner   *owner
	access  *keeper
	session session

	mu        sync.Mutex
	delegated map[string]*keeper // by receivers; guarded by mu
}

// IAM exchanges an API key for bearer tokens. o may be nil. A mistake in the key or
// the options is an error of the first use.
func IAM(apiKey string, o *IAMOptions) *IAMCredentials {
	if o == nil {
		o = new(IAMOptions)
	}
	return newIAM(apiKeyLogin(strings.TrimSpace(apiKey)), newExchanger(o.Endpoint, o.HTTPClient))
}

func newIAM(l login, x *exchanger) *IAMCredentials {
	c := &IAMCredentials{owner: newOwner(), session: session{login: l, exchanger: x}, delegated: make(map[string]*keeper)}
	c.access = &keeper{owner: c.owner, fetch: c.session.fetch}
	return c
}

// Authorize implements Credentials.
func (c *IAMCredentials) Authorize(ctx context.Context, r *http.Request) error {
	// Before anything is fetched for it.
	if err := checkTransport(r.URL, "the bearer token"); err != nil {
		return fmt.Errorf("authorize: %w", err)
	}
	t, err := c.access.get(ctx)
	if err != nil {
		return err
	}
	return bearer(r, t.Value)
}

// Token implements TokenSource. The expiry is ten seconds before IAM's, to leave a
// request time to arrive.
func (c *IAMCredentials) Token(ctx context.Context) (Token, error) { return c.access.get(ctx) }

// Invalidate says that a service refused token although it had not expired: it was
// revoked, or the service's clock is ahead. The next use fetches another. It does
// nothing if token is not the one in use or was fetched within the last five seconds.
func (c *IAMCredentials) Invalidate(token string) { c.access.drop(token) }

// Close ends a fetch that is under way and waits for it. Uses after it are
// ErrClosed. It may be called more than once.
func (c *IAMCredentials) Close() error {
	c.owner.close()
	return nil
}

// DelegatedToken returns a refresh token that is of use only to the services named by
// receivers, which are client ids of IAM; without one, "aspera_ats", the transfer
// service of Aspera. It is given to a service so that it can act for the caller. It
// is kept and renewed as the access token is, and reckoned to live six days.
func (c *IAMCredentials) DelegatedToken(ctx context.Context, receivers ...string) (Token, error) {
	if len(receivers) == 0 {
		receivers = []string{"aspera_ats"}
	}
	receivers = slices.Sorted(slices.Values(receivers))
	name := strings.Join(receivers, ",")

	c.mu.Lock()
	k := c.delegated[name]
	if k == nil {
		k = &keeper{owner: c.owner, fetch: func(ctx context.Context) (Token, error) {
			return c.session.fetchDelegated(ctx, name)
		}}
		c.delegated[name] = k
	}
	c.mu.Unlock()
	return k.get(ctx)
}
