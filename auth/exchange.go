package auth

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/icos-go/icos/internal/backoff"
)

// DefaultEndpoint is where IBM Cloud gives tokens for API keys.
const DefaultEndpoint = "https://iam.cloud.ibm.com/identity/token"

// Bounds of one exchange.
const (
	exchangeAttempts = 3
	exchangeTimeout  = 10 * time.Second // of one attempt
	exchangePause    = 500 * time.Millisecond
	maxRetryAfter    = 10 * time.Second
	maxTokenResponse = 256 << 10
	// maxLifetime is what a server may claim for a token. Delegated ones live six
	// days; a claim beyond is cut, not believed.
	maxLifetime = 7 * 24 * time.Hour
)

// A form is what is sent to the token endpoint, and which of it is secret.
type form struct {
	values  url.Values
	secrets []string
	// client says that the request names the client "bx", as those must that use or
	// lead to a refresh token.
	client bool
}

// A grant is what the token endpoint answers.
type grant struct {
	AccessToken    string      `json:"access_token"`
	RefreshToken   string      `json:"refresh_token"`
	DelegatedToken string      `json:"delegated_refresh_token"`
	TokenType      string      `json:"token_type"`
	ExpiresIn      json.Number `json:"expires_in"`

	arrived time.Time // by the local clocks, monotonic and wall
}

// An exchanger talks to one token endpoint.
type exchanger struct {
	endpoint string
	client   *http.Client
}

func newExchanger(endpoint string, client *http.Client) *exchanger {
	endpoint = cmp.Or(endpoint, DefaultEndpoint)
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" && (u.Path == "" || u.Path == "/") {
		endpoint = u.JoinPath("/identity/token").String()
	}
	c := new(http.Client)
	if client != nil {
		*c = *client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Jar = nil
	return &exchanger{endpoint: endpoint, client: c}
}

// exchange sends f until it is answered, refused, or has been tried often enough.
// What may pass is tried again, after a pause: connections that break, 408, 429 and
// 5xx. What will not pass is an error at once: an API key that was not found above
// all.
func (x *exchanger) exchange(ctx context.Context, f form) (*grant, error) {
	u, err := url.Parse(x.endpoint)
	if err != nil {
		return nil, errors.New("get token: the token endpoint is not a URL") // err would quote it, user info and all
	}
	if err := checkTransport(u, "the API key"); err != nil {
		return nil, fmt.Errorf("get token: %w", err)
	}
	for attempt := 1; ; attempt++ {
		g, wait, err := x.attempt(ctx, u, f)
		if err == nil || attempt == exchangeAttempts || ctx.Err() != nil || !passing(err) {
			return g, err
		}
		pause := exchangePause << (attempt - 1)
		if err := backoff.Sleep(ctx, max(wait, pause/2+rand.N(pause))); err != nil {
			return nil, fmt.Errorf("get token: %w", err)
		}
	}
}

// errResponse is in the chain of errors about an answer that makes no sense. Asking
// again might: it is what a captive portal or a half-dead proxy produces.
var errResponse = errors.New("unusable answer")

func passing(err error) bool {
	var refusal *IAMError
	if errors.As(err, &refusal) {
		return refusal.Temporary()
	}
	var untrusted *tls.CertificateVerificationError
	return !errors.As(err, &untrusted)
}

// attempt sends f once. wait is how long the server asked to be left alone.
func (x *exchanger) attempt(ctx context.Context, u *url.URL, f form) (g *grant, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(f.values.Encode()))
	if err != nil {
		return nil, 0, fmt.Errorf("get token: %w", err)
	}
	r.Close = true
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Cache-Control", "no-cache")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if f.client {
		r.SetBasicAuth("bx", "bx") // public: the client id of IBM's command line and SDKs
	}
	resp, err := x.client.Do(r)
	if err != nil {
		return nil, 0, fmt.Errorf("get token: %w", err)
	}
	defer resp.Body.Close()
	arrived := time.Now()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenResponse+1))
	if err != nil {
		return nil, 0, fmt.Errorf("get token: read answer of %s: %w", u.Redacted(), err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, min(backoff.Asked(resp.Header.Get("Retry-After"), resp.Header.Get("Date")), maxRetryAfter), newIAMError(u.Redacted(), resp, body[:min(len(body), maxTokenResponse)], f.secrets)
	}
	if len(body) > maxTokenResponse {
		return nil, 0, fmt.Errorf("get token: %w of %s: longer than %d bytes", errResponse, u.Redacted(), maxTokenResponse)
	}
	g = &grant{arrived: arrived}
	if err := json.Unmarshal(body, g); err != nil {
		// The text of err may quote the body, which may hold a token.
		return nil, 0, fmt.Errorf("get token: %w of %s: not the JSON of a token", errResponse, u.Redacted())
	}
	return g, 0, nil
}

// access returns the access token of g. Its lifetime is counted by the local clock
// from the moment the answer arrived: the server's own clock, in "expiration", may
// be hours from ours.
func (g *grant) access() (Token, error) {
	switch {
	case g.AccessToken == "":
		return Token{}, fmt.Errorf("get token: %w: no access_token", errResponse)
	case checkToken(g.AccessToken) != nil:
		return Token{}, fmt.Errorf("get token: %w: access_token has characters that a header cannot carry", errResponse)
	case g.TokenType == "":
		return Token{}, fmt.Errorf("get token: %w: no token_type", errResponse)
	case !strings.EqualFold(g.TokenType, "Bearer"):
		return Token{}, fmt.Errorf("get token: %w: token_type %q is not Bearer", errResponse, quiet(g.TokenType, 32, nil))
	case g.ExpiresIn == "":
		return Token{}, fmt.Errorf("get token: %w: no expires_in", errResponse)
	}
	seconds, err := g.ExpiresIn.Float64()
	if err != nil {
		return Token{}, fmt.Errorf("get token: %w: expires_in is not a number", errResponse)
	}
	if seconds <= 0 {
		return Token{}, fmt.Errorf("get token: %w: the token had expired when it arrived (expires_in %v)", errResponse, seconds)
	}
	life := time.Duration(min(seconds, maxLifetime.Seconds()) * float64(time.Second))
	return Token{Value: g.AccessToken, Expiry: g.arrived.Add(life)}, nil
}

// delegated returns the delegated refresh token of g. IAM does not say how long it
// lives; IBM's SDKs reckon with six days.
func (g *grant) delegated() (Token, error) {
	if checkToken(g.DelegatedToken) != nil {
		return Token{}, fmt.Errorf("get delegated token: %w: no delegated_refresh_token", errResponse)
	}
	return Token{Value: g.DelegatedToken, Expiry: g.arrived.Add(delegatedLifetime)}, nil
}

const delegatedLifetime = 6 * 24 * time.Hour

// refresh returns the refresh token of g, if it is one: for service ids IAM writes
// words in its place.
func (g *grant) refresh() string {
	if g.RefreshToken == "not_supported" || checkToken(g.RefreshToken) != nil {
		return ""
	}
	return g.RefreshToken
}
