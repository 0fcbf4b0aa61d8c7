// Package rest sends requests with JSON to the services around COS: identities, policies, keys, and the settings of buckets.
package rest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/icos-go/icos/auth"
)

const (
	maxAnswer      = 16 << 20 // bytes; a page of 5000 keys of Key Protect is about 5 MB
	attemptTimeout = 30 * time.Second
)

// A Client talks to one service. It may be used concurrently.
type Client struct {
	// Service is what errors call it, such as "iam".
	Service string
	// Base is the URL that paths are added to, without a slash at its end.
	Base string
	// Header is sent with every request.
	Header      http.Header
	Credentials auth.Credentials
	HTTP        *http.Client // as NewHTTP returns it
	Logger      *slog.Logger // gets a line at debug level for each attempt, without secrets; if nil, none does

	// Refusal makes the error of an answer that says no, which nothing is added to. Its body may be anything.
	Refusal func(r *Request, answer *http.Response, body []byte) error
	// Stale, if not nil, reports whether such an error says that the token has expired, as status 401 does in any case.
	Stale func(error) bool
}

// A Request is what to send. It is sent with one [Client.Do].
type Request struct {
	Op     string // what errors call it, such as "create policy"
	About  string // what it is about, for errors; may be empty
	Method string
	Path   string // escaped, begins with a slash
	Query  url.Values
	Header http.Header
	Body   any // sent as JSON unless nil

	// Repeatable says that carrying it out twice is as good as once. It is taken for granted of GET and HEAD.
	Repeatable bool

	attempts int
	unsure   bool
}

// Unsure reports whether an attempt before the last may have been carried out without our knowing.
func (r *Request) Unsure() bool { return r.unsure }

// Errorf is an error of r, step first.
func (c *Client) Errorf(r *Request, format string, args ...any) error {
	step := c.Service + ": " + r.Op
	if r.About != "" {
		step += " " + r.About
	}
	if r.attempts > 1 {
		step += fmt.Sprintf(": after %d attempts", r.attempts)
	}
	return fmt.Errorf(step+": "+format, args...)
}

// Do sends r, again when that may help and is safe, and reads the answer into the value that into points to, unless that is nil. It
// returns the header of the answer.
func (c *Client) Do(ctx context.Context, r *Request, into any) (http.Header, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = json.Marshal(r.Body); err != nil {
			return nil, c.Errorf(r, "encode request: %w", err)
		}
	}
	refreshed := false
	for {
		r.attempts++
		a := c.attempt(ctx, r, body)
		switch {
		case ctx.Err() != nil && a.err != nil:
			return nil, c.cancelled(ctx, r)
		case a.err == nil:
			return a.header, c.read(r, a, into)
		case !refreshed && c.refresh(a):
			refreshed = true
			continue
		case r.attempts >= maxAttempts || !r.again(a):
			return nil, a.err
		}
		r.unsure = r.unsure || a.status == 0 && !a.unsent || a.status >= http.StatusInternalServerError
		if pause(ctx, r.attempts, a) != nil {
			return nil, c.cancelled(ctx, r)
		}
	}
}

// cancelled is the error when ctx ended: what it says, and why.
func (c *Client) cancelled(ctx context.Context, r *Request) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		return c.Errorf(r, "%w: %w", err, cause)
	}
	return c.Errorf(r, "%w", err)
}

// read unmarshals an answer.
func (c *Client) read(r *Request, a *attempt, into any) error {
	if into != nil && json.Unmarshal(a.body, into) != nil {
		// The text of the error may quote the answer, which may hold a key.
		return c.Errorf(r, "read answer: it is not the JSON that was asked for")
	}
	return nil
}

// An attempt is what became of one.
type attempt struct {
	header http.Header
	body   []byte
	status int    // 0 if there was no answer
	token  string // that was sent
	err    error

	passing bool // the network failed, which may pass
	unsent  bool // it never reached the service
}

// attempt sends r once.
func (c *Client) attempt(ctx context.Context, r *Request, body []byte) *attempt {
	within, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	req, err := c.request(within, r, body)
	if err != nil {
		return &attempt{err: c.Errorf(r, "%w", err)}
	}
	if err := c.Credentials.Authorize(within, req); err != nil {
		return &attempt{err: c.Errorf(r, "%w", err)}
	}
	begun := time.Now()
	a := c.exchange(r, req)
	c.log(ctx, r, req, a, time.Since(begun))
	return a
}

func (c *Client) request(ctx context.Context, r *Request, body []byte) (*http.Request, error) {
	target := c.Base + r.Path
	if len(r.Query) > 0 {
		target += "?" + r.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "icos-go")
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	maps.Copy(req.Header, c.Header)
	maps.Copy(req.Header, r.Header)
	return req, nil
}

// exchange sends a request and takes the answer in.
func (c *Client) exchange(r *Request, req *http.Request) *attempt {
	a := &attempt{token: bearer(req)}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the URL that it adds may hold what is nobody's business
		}
		a.passing, a.unsent = transient(err)
		a.err = c.Errorf(r, "%s: %w", req.URL.Host, err)
		return a
	}
	defer resp.Body.Close()
	a.status, a.header = resp.StatusCode, resp.Header
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		a.status, a.passing = 0, true
		a.err = c.Errorf(r, "read answer of %s: %w", req.URL.Host, err)
	case len(a.body) > maxAnswer:
		a.err = c.Errorf(r, "read answer of %s: it is longer than %d bytes", req.URL.Host, maxAnswer)
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
	default:
		a.err = c.Refusal(r, resp, a.body)
	}
	return a
}

// log writes the record of one attempt: neither header nor document, as both hold secrets.
func (c *Client) log(ctx context.Context, r *Request, req *http.Request, a *attempt, took time.Duration) {
	if c.Logger == nil || !c.Logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("op", r.Op), slog.String("about", r.About), slog.String("method", r.Method), slog.String("host", req.URL.Host),
		slog.String("path", req.URL.EscapedPath()), slog.Int("attempt", r.attempts), slog.Duration("took", took),
	}
	if a.status != 0 {
		attrs = append(attrs, slog.Int("status", a.status))
	}
	if id := cmp.Or(req.Header.Get("Correlation-Id"), requestID(a.header)); id != "" {
		attrs = append(attrs, slog.String("request", id))
	}
	if a.err != nil {
		attrs = append(attrs, slog.String("error", a.err.Error()))
	}
	c.Logger.LogAttrs(ctx, slog.LevelDebug, c.Service+" attempt", attrs...)
}

// NewHTTP returns a client like h, or like http.DefaultClient if that is nil, that does not follow redirects: they would take tokens
// and keys elsewhere.
func NewHTTP(h *http.Client) *http.Client {
	own := new(http.Client)
	if h != nil {
		*own = *h
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return own
}
