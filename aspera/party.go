package aspera

import (
	"net/http"
	"reflect"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
)

// A party is what the paths of Clients with the same credentials and the same
// http.Client have in common: who asks for transfers to and from their buckets, and
// what sends requests over TCP. A Manager is mostly about one. What another may do is
// none of its business, and the other way round: the service of a bucket gets tokens
// of its own Client only.
type party struct {
	service *Service // nil if none is needed, or if there is no identity for one
	without error    // why there is no identity
	plain   http.RoundTripper
	relay   *air // through Config.Relay; nil until it is needed; guarded by the mu of the router
}

// newParty returns the party of a Client. own is the transport of Clients that have
// none.
func newParty(cfg *Config, c *icos.Client, own *http.Transport) *party {
	y := &party{plain: own}
	if hc := c.Config().HTTPClient; hc != nil {
		y.plain = hc.Transport
		if y.plain == nil {
			y.plain = http.DefaultTransport
		}
	}
	if cfg.Engine != HTTPS && (cfg.Relay == nil || cfg.Engine == Ascp) {
		y.service, y.without = NewService(c, &ServiceOptions{CacheSize: cfg.CacheSize, HTTPClient: &http.Client{Transport: y.plain}})
	}
	return y
}

// partyLocked returns the party of a Client. r.mu is held.
func (r *router) partyLocked(c *icos.Client) *party {
	who := whoIs(c)
	y := r.parties[who]
	if y == nil {
		y = newParty(&r.cfg, c, r.own)
		r.parties[who] = y
	}
	return y
}

// whoIs returns what tells a Client from those of other parties.
func whoIs(c *icos.Client) any {
	cfg := c.Config()
	if !reflect.ValueOf(cfg.Credentials).Comparable() {
		return c
	}
	return struct {
		credentials auth.Credentials
		http        *http.Client
	}{cfg.Credentials, cfg.HTTPClient}
}
