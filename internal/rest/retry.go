package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/icos-go/icos/internal/backoff"
)

const (
	maxAttempts = 5
	baseDelay   = 200 * time.Millisecond // bound of the wait before the second attempt; it doubles
	maxDelay    = 10 * time.Second
	maxAsked    = time.Minute // how long a Retry-After is obeyed
)

// pause waits before the next attempt.
func pause(ctx context.Context, attempts int, a *attempt) error {
	asked := backoff.Asked(a.header.Get("Retry-After"), a.header.Get("Date"))
	return backoff.Sleep(ctx, max(backoff.Jitter(baseDelay, maxDelay, attempts), min(asked, maxAsked)))
}

// again reports whether to send r another time, after a failed.
func (r *Request) again(a *attempt) bool {
	repeatable := r.Repeatable || r.Method == http.MethodGet || r.Method == http.MethodHead
	switch a.status {
	case 0:
		return a.unsent || a.passing && repeatable
	case http.StatusTooManyRequests:
		return true // it was turned away before anything was done
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return repeatable
	}
	return false
}

// transient says of an error of the network whether it may pass, and whether it came before anything was sent.
func transient(err error) (passing, unsent bool) {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false, false
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return !dns.IsNotFound, !dns.IsNotFound
	}
	op, ok := errors.AsType[*net.OpError](err)
	return true, ok && op.Op == "dial"
}

// invalidator is implemented by credentials that can replace a token that was refused.
type invalidator interface{ Invalidate(token string) }

// refresh has the credentials replace a token that was refused, and reports whether that makes sense to try.
func (c *Client) refresh(a *attempt) bool {
	cred, ok := c.Credentials.(invalidator)
	if !ok || a.token == "" || a.status != http.StatusUnauthorized && (a.status == 0 || c.Stale == nil || !c.Stale(a.err)) {
		return false
	}
	cred.Invalidate(a.token)
	return true
}

func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}
