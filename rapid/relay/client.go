package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/icos-go/icos/internal/loopback"
	"github.com/icos-go/icos/rapid"
)

// requestTimeout bounds one call of a relay. Several fit before whoever waits
// for a connection gives up.
const requestTimeout = 10 * time.Second

// A Client asks a relay for grants. It is a [rapid.Granter]. Its fields are set
// before its first use and not changed then; it may be used by many goroutines.
// It prints as its URL.
type Client struct {
	// URL is where the relay listens, such as https://relay.example:33001.
	// Plain http is refused except to loopback, since it would show the token.
	URL string

	// Token proves who asks: a relay token, or an IAM access token of an
	// account that the relay serves.
	Token string `json:"-"`

	// TokenSource, if not nil, is asked before each call instead of Token. For
	// an IAM API key:
	//
	//	func(ctx context.Context) (string, error) {
	//		t, err := credentials.Token(ctx)
	//		return t.Value, err
	//	}
	TokenSource func(context.Context) (string, error) `json:"-"`

	// HTTPClient makes the calls. If nil, one with http.DefaultTransport.
	// Redirects are not followed: they would take the token elsewhere.
	HTTPClient *http.Client `json:"-"`
}

var _ rapid.Granter = (*Client)(nil)

// Grant asks for a grant whose first stream will go to address. Refusals are of
// type *[Error]; see [ErrDenied] and the others. It takes 10 seconds at most.
func (c *Client) Grant(ctx context.Context, _, address string) (*rapid.Grant, error) {
	g, err := c.grant(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("relay: grant: %w", err)
	}
	return g, nil
}

func (c *Client) grant(ctx context.Context, address string) (*rapid.Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	base, err := c.base()
	if err != nil {
		return nil, err
	}
	token, err := c.token(ctx)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(grantRequest{Destination: address})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base.JoinPath("v1", "grants").String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	// Lets net/http ask again when a kept connection proves to be dead, as it is
	// after a restart of the relay. A grant that nobody uses expires.
	r.Header["Idempotency-Key"] = nil
	answer, skew, err := c.do(r)
	if err != nil {
		return nil, err
	}
	g := new(rapid.Grant)
	if err := json.Unmarshal(answer, g); err != nil {
		// The error of encoding/json may quote the key.
		return nil, errors.New("the answer is no grant; is ICOS_RELAY or Client.URL the address of a relay?")
	}
	return g, complete(g, base.Hostname(), skew)
}

// complete puts host where the grant has only a port, and the expiry by the
// clock of this machine, which is behind that of the relay by skew.
func complete(g *rapid.Grant, host string, skew time.Duration) error {
	for i, a := range g.Addrs {
		h, port, err := net.SplitHostPort(a)
		if err != nil {
			return fmt.Errorf("address of the grant: %w", err)
		}
		if h == "" {
			g.Addrs[i] = net.JoinHostPort(host, port)
		}
	}
	if !g.Expires.IsZero() && skew.Abs() > dateResolution {
		g.Expires = g.Expires.Add(-skew)
	}
	return nil
}

// dateResolution is how far two equal clocks may seem apart: a Date header has
// whole seconds, and it took a while to arrive.
const dateResolution = 2 * time.Second

// Reachable reports whether the relay answers over HTTPS and gives grants. A nil
// error while its UDP port is silent means that UDP is blocked on the way.
func (c *Client) Reachable(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	base, err := c.base()
	if err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("v1", "health").String(), nil)
	if err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	if _, _, err := c.do(r); err != nil {
		return fmt.Errorf("relay: health: %w", err)
	}
	return nil
}

// do returns the body of a good answer, and how far the clock of the relay is
// ahead of ours, 0 if it does not say.
func (c *Client) do(r *http.Request) (body []byte, skew time.Duration, err error) {
	var hc http.Client
	if c.HTTPClient != nil {
		hc = *c.HTTPClient
	}
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := hc.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		skew = time.Until(date)
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("read answer: %w", err)
	case len(body) > maxAnswer:
		return nil, 0, fmt.Errorf("the answer is longer than %d bytes; is there a relay at this URL?", maxAnswer)
	case resp.StatusCode != http.StatusOK:
		return nil, 0, refused(resp, body, skew)
	}
	return body, skew, nil
}

// refused is the error of an answer other than 200, whoever gave it.
func refused(resp *http.Response, body []byte, skew time.Duration) error {
	e := &Error{StatusCode: resp.StatusCode}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err == nil && kind == "application/json" {
		var doc refusal
		if json.Unmarshal(body, &doc) == nil { // otherwise it is no relay's answer, and the status has to do
			e.Code, e.Message = doc.Error.Code, oneLine(doc.Error.Message)
		}
	}
	if e.Code == "" && (e.StatusCode == http.StatusTooManyRequests || e.StatusCode >= http.StatusBadGateway) {
		e.Code = codeBusy // a gateway before the relay
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		e.RetryAfter = time.Duration(min(s, 3600)) * time.Second
	}
	if (e.Code == codeDenied || e.Code == codeClock) && skew.Abs() > clockLeeway {
		e.Code = codeClock
		e.Message += fmt.Sprintf("; the clock of the relay is %v %s that of this machine", skew.Abs().Round(time.Second),
			map[bool]string{true: "ahead of", false: "behind"}[skew > 0])
	}
	return e
}

// oneLine makes what another machine says fit to print: one line of at most 300 bytes.
func oneLine(s string) string {
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "?")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

// base is the URL of the relay, once it is fit to send a token to.
func (c *Client) base() (*url.URL, error) {
	if c.URL == "" {
		return nil, errors.New("no URL: give that of a relay, such as https://relay.example:33001")
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, errors.New("the URL cannot be read; write https://HOST:PORT") // url.Error quotes it, and it may hold a secret
	case u.User != nil:
		return nil, errors.New("a token does not belong in the URL; use Client.Token or ICOS_RELAY_TOKEN")
	case u.Scheme == "http" && !loopback.Host(u.Hostname()):
		return nil, fmt.Errorf("%w: anyone on the way to %s could read the token; use https", ErrPlaintext, u.Host)
	case u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "", u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("the URL %q is not of the form https://HOST:PORT", c.URL)
	}
	return u, nil
}

func (c *Client) token(ctx context.Context) (string, error) {
	token := c.Token
	if c.TokenSource != nil {
		var err error
		if token, err = c.TokenSource(ctx); err != nil {
			return "", fmt.Errorf("get a token: %w", err)
		}
	}
	if token == "" {
		return "", errors.New("no token: set Client.Token, or ICOS_RELAY_TOKEN for the command")
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] >= 0x7f {
			return "", errors.New("the token has characters that a header cannot carry; was a line break copied with it?")
		}
	}
	return token, nil
}

// Format implements fmt.Formatter; it does not show the token.
func (c Client) Format(f fmt.State, _ rune) { io.WriteString(f, "relay "+c.shown()) }

// LogValue implements slog.LogValuer; it does not show the token.
func (c Client) LogValue() slog.Value { return slog.StringValue(c.shown()) }

// shown is the URL without what does not belong there.
func (c Client) shown() string {
	u, err := url.Parse(c.URL)
	if err != nil {
		return "(unreadable URL)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
