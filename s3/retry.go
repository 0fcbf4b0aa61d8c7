package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/internal/backoff"
)

// A RetryPolicy says how often and how fast failed requests are repeated. The
// zero value means the defaults.
type RetryPolicy struct {
	// MaxAttempts is how often a request is sent at most, the first time
	// included. If zero, 6; if negative, 1.
	MaxAttempts int

	// BaseDelay is the bound of the wait before the first retry; it doubles
	// with each one. The wait is drawn evenly from below the bound. If zero, 100 ms.
	BaseDelay time.Duration

	// MaxDelay bounds the bound, and also how long a Retry-After of the service
	// is obeyed. If zero, 20 s.
	MaxDelay time.Duration

	// Budget is how many retries the client makes in a row, over all its
	// requests, when nothing succeeds. Each retry takes one from the
	// budget, and ten requests that succeed give one back. If zero, 500; if
	// negative, there is no limit.
	Budget int
}

func (p *RetryPolicy) setDefaults() {
	if p.MaxAttempts == 0 {
		p.MaxAttempts = 6
	}
	if p.BaseDelay <= 0 {
		p.BaseDelay = 100 * time.Millisecond
	}
	if p.MaxDelay <= 0 {
		p.MaxDelay = 20 * time.Second
	}
	if p.Budget == 0 {
		p.Budget = 500
	}
}

// budget is the token bucket of RetryPolicy.Budget, in tenths of a retry.
type budget struct {
	left atomic.Int64
	size int64 // if negative, no limit
}

func (b *budget) success() {
	if n := b.left.Load(); n < b.size {
		b.left.CompareAndSwap(n, n+1) // one lost in a race does not matter
	}
}

func (b *budget) take() bool {
	if b.size < 0 {
		return true
	}
	if b.left.Add(-10) < 0 {
		b.left.Add(10)
		return false
	}
	return true
}

// do carries x out: it repeats attempts until one succeeds, or another would be
// useless or unsafe.
func (c *Client) do(ctx context.Context, x *exchange) (*http.Response, error) {
	var once struct{ skew, token bool }
	redirects := 0
	for {
		x.attempts++
		r, err := c.attempt(ctx, x)
		if err == nil {
			c.budget.success()
			return r, nil
		}
		if ctx.Err() != nil {
			return nil, x.cancelled(ctx, err)
		}
		e, answered := errors.AsType[*Error](err)
		if !answered {
			x.unsure = x.unsure || x.hint.sent
		}
		if final, ok := errors.AsType[errFinal](err); ok {
			return nil, x.wrap(final.error)
		}
		if !x.repeatable() {
			return nil, x.wrap(err)
		}
		// Three answers are cured by changing the request, at once and outside of the budget.
		if answered {
			switch {
			case x.unsure && x.op.flags&goneIsDone != 0 && e.StatusCode == http.StatusNotFound,
				x.unsure && x.op.flags&takenIsDone != 0 && e.StatusCode == http.StatusConflict:
				return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody}, nil
			case !once.skew && c.learnSkew(x, e):
				once.skew = true
				continue
			case !once.token && c.refreshToken(ctx, x, e):
				once.token = true
				continue
			case e.StatusCode < 400 && e.StatusCode != http.StatusNotModified && x.hint.location != "":
				if redirects++; redirects > maxRedirects {
					return nil, x.wrap(fmt.Errorf("more than %d redirects, the last to %.200q", maxRedirects, x.hint.location))
				}
				if err := x.redirect(); err != nil {
					return nil, x.wrap(err)
				}
				continue
			}
		}
		if x.attempts >= c.retry.MaxAttempts || !x.transient(err, e) {
			return nil, x.lastError(err)
		}
		if answered && e.StatusCode >= 500 {
			x.unsure = true
		}
		if !c.budget.take() {
			return nil, fmt.Errorf("%w; not repeated, because the retry budget of the client is spent", x.lastError(err))
		}
		wait := max(backoff.Jitter(c.retry.BaseDelay, c.retry.MaxDelay, x.attempts), min(backoff.Asked(x.hint.retryAfter, x.hint.date), c.retry.MaxDelay))
		if backoff.Sleep(ctx, wait) != nil {
			return nil, x.cancelled(ctx, err)
		}
	}
}

// repeatable says whether carrying x out twice is as good as once, and possible.
func (x *exchange) repeatable() bool {
	if x.op.method == http.MethodPost && x.op.flags&idempotent == 0 {
		return false
	}
	return x.body == nil || x.body.replayable()
}

// transient says whether the same request may well succeed later. e is the answer in err, if it is one.
func (x *exchange) transient(err error, e *Error) bool {
	switch {
	case e == nil:
		return transientNetwork(err)
	case e.Code == "BadDigest":
		return x.computed // damaged on the way, unless the caller gave a wrong checksum
	}
	return e.transient()
}

// Transient reports whether a request that failed with err may well succeed if it is made again
// later: the service was busy or out of order, or the network was. The methods of a [Client] have repeated
// it already, as its RetryPolicy says. This is a low-level function that most users won't need.
func Transient(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.transient()
	}
	return transientNetwork(err)
}

func (e *Error) transient() bool {
	switch e.Code {
	case "RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "TooManyRequests", "Throttling":
		return true
	}
	switch e.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// transientNetwork says whether err, of a transport, may pass. Most do; the
// exceptions are those that will be the same next time.
func transientNetwork(err error) bool {
	var (
		dns      *net.DNSError
		cert     *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		checksum = errors.Is(err, ErrChecksum)
	)
	switch {
	case checksum, errors.As(err, &cert), errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return false
	case errors.Is(err, errors.ErrUnsupported): // said by an http.RoundTripper of the caller's
		return false
	case errors.As(err, &dns):
		return !dns.IsNotFound
	}
	return true
}

// lastError is err, with how often it was tried if more than once.
func (x *exchange) lastError(err error) error {
	if _, ok := err.(*Error); ok || x.attempts == 1 {
		return x.wrap(err)
	}
	return x.wrap(fmt.Errorf("after %d attempts: %w", x.attempts, err))
}

// cancelled is the error when ctx ended the call. It is the cause of that and ctx.Err(), and
// tells what had failed before, if something had.
func (x *exchange) cancelled(ctx context.Context, last error) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	if e, ok := errors.AsType[*Error](last); ok {
		err = fmt.Errorf("%w, after the service answered %s", err, e.Code)
	} else if !errors.Is(last, ctx.Err()) && x.attempts > 1 {
		err = fmt.Errorf("%w, after %w", err, last)
	}
	return x.wrap(err)
}

// learnSkew corrects the clock by that of the service if e says that it is wrong, or may say so:
// answers to HEAD have no code. It reports whether it did.
func (c *Client) learnSkew(x *exchange, e *Error) bool {
	if e.StatusCode != http.StatusForbidden || e.Code != codeSkewed && x.op.method != http.MethodHead {
		return false
	}
	at, err := http.ParseTime(x.hint.date)
	if err != nil {
		return false
	}
	skew := time.Until(at)
	if off := skew - time.Duration(c.skew.Load()); off.Abs() < time.Minute || skew.Abs() > maxSkew {
		return false // that is not what it is about, or not to be believed
	}
	c.skew.Store(int64(skew))
	return true
}

// maxSkew is how wrong a clock can be believed to be. One that was never set is decades off.
const maxSkew = 100 * 365 * 24 * time.Hour

// invalidator is implemented by credentials that can replace a token that was
// refused. Invalidate does nothing if token is not the current one.
type invalidator interface{ Invalidate(token string) }

// refreshToken has the credentials replace a token that e says, or the clock of the
// service shows, to be expired. It reports whether that makes sense to try.
func (c *Client) refreshToken(ctx context.Context, x *exchange, e *Error) bool {
	cred, ok := c.credentials.(invalidator)
	if !ok || x.hint.token == "" {
		return false
	}
	switch {
	case e.StatusCode == http.StatusUnauthorized:
	case e.Code == "ExpiredToken", e.Code == "InvalidToken", e.Code == "TokenRefreshRequired", e.Code == "InvalidSecurity":
	case e.StatusCode == http.StatusForbidden:
		// COS says AccessDenied for an expired token and for a lack of rights. Only the
		// first is worth an exchange.
		src, ok := c.credentials.(auth.TokenSource)
		if !ok {
			return false
		}
		t, err := src.Token(ctx)
		now, dateErr := http.ParseTime(x.hint.date)
		if err != nil || dateErr != nil || t.Expiry.IsZero() || now.Before(t.Expiry) {
			return false
		}
	default:
		return false
	}
	cred.Invalidate(x.hint.token)
	return true
}
