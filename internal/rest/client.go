// Package rest sends requests with JSON to the services around COS: identities, policies, and the settings of buckets.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/icos-go/icos/auth"
)

const (
	maxAnswer      = 16 << 20 // bytes
	attempts       = 3
	pause          = 300 * time.Millisecond // before the second attempt; twice that before the third
	attemptTimeout = 30 * time.Second
)

// A Client talks to one service. It may be used concurrently.
type Client struct {
	// Service is what errors call it, such as "iam".
	Service string
	// Base is the URL that paths are added to, without a slash at its end.
	Base        string
	Credentials auth.Credentials
	HTTP        *http.Client // if nil, http.DefaultClient
	Logger      *slog.Logger // gets a line at debug level for each request, without secrets; if nil, none does
}

// A Request is what to send.
type Request struct {
	Op     string // what errors call it, such as "create policy"
	Method string
	Path   string // escaped, begins with a slash
	Query  url.Values
	Header http.Header
	Body   any // sent as JSON unless nil
}

// Do sends r and reads the answer into the value that into points to, unless that is nil. A GET is tried again when that may help.
// What the service refuses is an *Error.
func (c *Client) Do(ctx context.Context, r *Request, into any) (http.Header, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = json.Marshal(r.Body); err != nil {
			return nil, fmt.Errorf("%s: %s: encode request: %w", c.Service, r.Op, err)
		}
	}
	for attempt := 1; ; attempt++ {
		h, err := c.attempt(ctx, r, body, into)
		if err == nil || r.Method != http.MethodGet || attempt == attempts || ctx.Err() != nil || !passing(err) {
			return h, err
		}
		wait := pause << (attempt - 1)
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %s: %w", c.Service, r.Op, ctx.Err())
		}
	}
}

// passing reports whether the same request may succeed later.
func passing(err error) bool {
	e, refused := errors.AsType[*Error](err)
	if refused {
		return e.StatusCode == http.StatusTooManyRequests || e.StatusCode >= 500 && e.StatusCode != http.StatusNotImplemented
	}
	urlError, network := errors.AsType[*url.Error](err)
	return network && !urlError.Timeout()
}

func (c *Client) attempt(ctx context.Context, r *Request, body []byte, into any) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	target := c.Base + r.Path
	if len(r.Query) > 0 {
		target += "?" + r.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", c.Service, r.Op, err)
	}
	req.Header.Set("Accept", "application/json")
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	if err := c.Credentials.Authorize(ctx, req); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", c.Service, r.Op, err)
	}
	resp, err := c.http().Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", c.Service, r.Op, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if c.Logger != nil {
		c.Logger.DebugContext(ctx, "request", "service", c.Service, "op", r.Op, "method", r.Method, "url", target, "status", resp.StatusCode)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %s: read answer: %w", c.Service, r.Op, err)
	case len(answer) > maxAnswer:
		return nil, fmt.Errorf("%s: %s: the answer is longer than %d bytes", c.Service, r.Op, maxAnswer)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, newError(c.Service, r.Op, resp, answer)
	case into == nil:
		return resp.Header, nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		// The text of err may quote the answer, which may hold a key.
		return nil, fmt.Errorf("%s: %s: the answer of %s is not the JSON that was asked for", c.Service, r.Op, req.URL.Host)
	}
	return resp.Header, nil
}

// http is the client to use, which does not follow redirects: they would take the token elsewhere.
func (c *Client) http() *http.Client {
	h := new(http.Client)
	if c.HTTP != nil {
		*h = *c.HTTP
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return h
}

// Base returns the URL that a configured endpoint stands for, or preset if there is none: with https unless it says otherwise, and
// with path if it names none of its own.
func Base(endpoint, preset, path string) (string, error) {
	if endpoint == "" {
		endpoint = preset
	}
	if !strings.Contains(endpoint, "://") {
		endpoint = "https://" + endpoint
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", errors.New("the endpoint is not a URL with http or https")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = path
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return strings.TrimRight(u.String(), "/"), nil
}
