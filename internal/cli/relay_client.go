package cli

import (
	"context"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/rapid/relay"
)

// relay is the relay that ICOS_RELAY names, or nil if it is not set. It is told
// ICOS_RELAY_TOKEN or, without that, the IAM token of cfg's credentials, which
// relays that were started with --iam-account or --iam-id take.
func (a *app) relay(cfg icos.Config) *relay.Client {
	url := a.getenv("ICOS_RELAY")
	if url == "" {
		return nil
	}
	c := &relay.Client{URL: url, Token: a.getenv("ICOS_RELAY_TOKEN")}
	if source, ok := cfg.Credentials.(auth.TokenSource); ok && c.Token == "" {
		c.TokenSource = func(ctx context.Context) (string, error) {
			t, err := source.Token(ctx)
			return t.Value, err
		}
	}
	return c
}
