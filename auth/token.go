package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// A Token is a bearer token and the moment it stops being one. It prints as
// REDACTED.
type Token struct {
	Value  string
	Expiry time.Time // by the local clock; zero if unknown
}

// Format implements fmt.Formatter.
func (Token) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer; it shows the expiry and not the token.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(slog.String("value", redacted), slog.Time("expiry", t.Expiry))
}

// MarshalText implements encoding.TextMarshaler, so that JSON is redacted too.
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// validAt reports whether t can still be used at now. The wall clock is asked beside
// the monotonic one, because the latter stands still while a computer sleeps.
func (t Token) validAt(now time.Time) bool {
	return t.Value != "" && now.Before(t.Expiry) && now.Round(0).Before(t.Expiry.Round(0))
}

// bearer puts token into r.
func bearer(r *http.Request, token string) error {
	if err := checkTransport(r.URL, "the bearer token"); err != nil {
		return fmt.Errorf("authorize: %w", err)
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// errTokenText does not quote the token, which may be real but for a newline.
var errTokenText = errors.New("the token is empty or has characters that a header cannot carry")

func checkToken(s string) error {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return errTokenText
		}
	}
	if s == "" {
		return errTokenText
	}
	return nil
}

// TokenCredentials send one bearer token. Make them with StaticToken.
type TokenCredentials struct {
	redactor
	token string
}

// StaticToken sends a bearer token obtained elsewhere, for as long as the service
// accepts it. Nothing refreshes it.
func StaticToken(token string) *TokenCredentials { return &TokenCredentials{token: token} }

// Authorize implements Credentials.
func (c *TokenCredentials) Authorize(_ context.Context, r *http.Request) error {
	if err := checkToken(c.token); err != nil {
		return fmt.Errorf("authorize: %w", err)
	}
	return bearer(r, c.token)
}

// Token implements TokenSource. The expiry is zero: it is not known.
func (c *TokenCredentials) Token(context.Context) (Token, error) {
	if err := checkToken(c.token); err != nil {
		return Token{}, err
	}
	return Token{Value: c.token}, nil
}
