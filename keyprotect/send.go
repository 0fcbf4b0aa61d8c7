package keyprotect

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/icos-go/icos/auth"
)

const (
	maxAttempts = 5
	baseDelay   = 200 * time.Millisecond // bound of the wait before the first retry; it doubles
	maxDelay    = 10 * time.Second
	maxAnswer   = 16 << 20 // bytes; a page of 5000 keys is about 5 MB

	typeKey    = "application/vnd.ibm.kms.key+json"
	typeAction = "application/vnd.ibm.kms.key_action+json"
)

// call is one request on its way.
type call struct {
	op     string // for errors
	key    string
	method string
	path   []string // after /api/v2/
	query  url.Values
	prefer string
	kind   string // content type of body
	body   any    // nil: none
	twice  bool   // carrying it out twice is as good as once

	attempts int
	unsure   bool // an attempt may have been carried out without our knowing
}

// do carries a call out and reads the answer into out, unless that is nil. It returns the header of the answer.
func (c *Client) do(ctx context.Context, x *call, out any) (http.Header, error) {
	var doc []byte
	if x.body != nil {
		var err error
		if doc, err = json.Marshal(x.body); err != nil {
			return nil, x.wrap(fmt.Errorf("encode request: %w", err))
		}
	}
	refreshed := false
	for {
		x.attempts++
		r, answer, err := c.attempt(ctx, x, doc)
		if err == nil {
			if out != nil {
				if err := json.Unmarshal(answer, out); err != nil {
					return nil, x.wrap(errors.New("read answer: it is not what Key Protect answers"))
				}
			}
			return r.Header, nil
		}
		if ctx.Err() != nil {
			return nil, x.wrap(context.Cause(ctx))
		}
		e, answered := errors.AsType[*Error](err)
		if answered && !refreshed && c.refresh(e, r) {
			refreshed = true
			continue
		}
		if x.attempts >= maxAttempts || !x.retryable(err, e) {
			return nil, err
		}
		if !answered || e.StatusCode >= 500 {
			x.unsure = true
		}
		if sleep(ctx, max(delay(x.attempts), retryAfter(r))) != nil {
			return nil, x.wrap(context.Cause(ctx))
		}
	}
}

// attempt sends the request once. Its error is an *Error if there was an answer.
func (c *Client) attempt(ctx context.Context, x *call, doc []byte) (*http.Response, []byte, error) {
	u := *c.base
	u.RawPath = u.EscapedPath() + "/api/v2"
	u.Path += "/api/v2"
	for _, element := range x.path {
		u.Path += "/" + element
		u.RawPath += "/" + url.PathEscape(element)
	}
	u.RawQuery = x.query.Encode()
	req, err := http.NewRequestWithContext(ctx, x.method, u.String(), bytes.NewReader(doc))
	if err != nil {
		return nil, nil, x.wrap(err)
	}
	req.Header.Set("Accept", typeKey)
	req.Header.Set("Bluemix-Instance", c.instance)
	req.Header.Set("Correlation-Id", correlation())
	req.Header.Set("User-Agent", "icos-go")
	if doc != nil {
		req.Header.Set("Content-Type", x.kind)
	}
	if x.prefer != "" {
		req.Header.Set("Prefer", "return="+x.prefer)
	}
	if err := c.credentials.Authorize(ctx, req); err != nil {
		return nil, nil, x.wrap(err)
	}
	start := time.Now()
	r, err := c.http.Do(req)
	c.log(ctx, x, req, r, err, time.Since(start))
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err // the URL it adds is in our own words already
		}
		return nil, nil, x.wrap(&networkError{err})
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	switch {
	case err != nil:
		return r, nil, x.wrap(&networkError{fmt.Errorf("read answer: %w", err)})
	case len(answer) > maxAnswer:
		return r, nil, x.wrap(fmt.Errorf("read answer: more than the %d bytes allowed", maxAnswer))
	case r.StatusCode >= 300:
		return r, nil, newError(x.op, x.key, r, answer)
	}
	return r, answer, nil
}

// networkError is a failure on the way, which may pass.
type networkError struct{ error }

func (e *networkError) Unwrap() error { return e.error }

// retryable reports whether to send the request again. e is the answer in err, if it is one.
func (x *call) retryable(err error, e *Error) bool {
	if e != nil {
		// Too many requests are turned away before anything is done.
		return e.StatusCode == http.StatusTooManyRequests || e.transient() && x.twice
	}
	if _, ok := errors.AsType[*networkError](err); !ok {
		return false
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true // it never arrived
	}
	return x.twice
}

// invalidator is implemented by credentials that can replace a token that was refused.
type invalidator interface{ Invalidate(token string) }

// refresh has the credentials replace a token that was refused, and reports whether that makes sense to try.
func (c *Client) refresh(e *Error, r *http.Response) bool {
	cred, ok := c.credentials.(invalidator)
	if !ok || e.StatusCode != http.StatusUnauthorized && !e.Has("BEARER_SUB_EXTRACTION_ERR") {
		return false
	}
	token, ok := strings.CutPrefix(r.Request.Header.Get("Authorization"), "Bearer ")
	if ok {
		cred.Invalidate(token)
	}
	return ok
}

var _ invalidator = (*auth.IAMCredentials)(nil)

func (x *call) wrap(err error) error {
	what := x.op
	if x.key != "" {
		what += " " + x.key
	}
	if x.attempts > 1 {
		return fmt.Errorf("keyprotect: %s: after %d attempts: %w", what, x.attempts, err)
	}
	return fmt.Errorf("keyprotect: %s: %w", what, err)
}

// log writes the record of one attempt: no header and no document, as both hold secrets.
func (c *Client) log(ctx context.Context, x *call, req *http.Request, r *http.Response, err error, took time.Duration) {
	if c.logger == nil || !c.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("op", x.op), slog.String("key", x.key), slog.String("method", req.Method), slog.String("host", req.URL.Host),
		slog.Int("attempt", x.attempts), slog.Duration("took", took), slog.String("correlation", req.Header.Get("Correlation-Id")),
	}
	if r != nil {
		attrs = append(attrs, slog.Int("status", r.StatusCode))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	c.logger.LogAttrs(ctx, slog.LevelDebug, "keyprotect attempt", attrs...)
}

// delay draws the wait before the attempt that follows the given number of them: full jitter.
func delay(attempts int) time.Duration { return mathrand.N(min(maxDelay, baseDelay<<(attempts-1))) }

// retryAfter reads how long the service asks to wait, in seconds; r may be nil.
func retryAfter(r *http.Response) time.Duration {
	if r == nil {
		return 0
	}
	n, err := strconv.ParseUint(r.Header.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return min(maxDelay, time.Duration(n)*time.Second)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// correlation returns an id that the answer, and IBM's support, name the request by.
func correlation() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
