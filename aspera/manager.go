package aspera

import (
	"errors"
	"fmt"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
)

// NewManager returns a Manager that moves things to and from buckets of c as cfg
// says. The Client stays the caller's. The caller must Close the Manager.
//
// c must have the credentials of an IAM identity, or the error is
// [ErrCredentials], unless there is a [Config].Relay or the engine is [HTTPS]: then
// no transfer service is asked and any credentials will do. A Config that makes no
// sense is a [ConfigError]. Buckets of other Clients than c are reached with their own
// credentials and http.Clients, over HTTPS if those are of no use here. Nothing is asked of anybody before the first transfer.
func NewManager(c *icos.Client, cfg Config) (*transfer.Manager, error) {
	m, err := newManager(c, cfg)
	if err != nil {
		return nil, fmt.Errorf("new aspera manager: %w", err)
	}
	return m, nil
}

func newManager(c *icos.Client, cfg Config) (*transfer.Manager, error) {
	if c == nil {
		return nil, errors.New("no client given")
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	r := newRouter(cfg, c)
	if err := r.parties[whoIs(c)].without; err != nil {
		return nil, err
	}
	o := cfg.Transfer
	o.Transport, o.HTTPClient, o.MaxQueue = r, r.httpClient, cfg.MaxQueue
	if o.Concurrency == 0 {
		o.Concurrency = defaultConcurrency
	}
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	return transfer.NewManager(c, &o)
}
