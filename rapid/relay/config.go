package relay

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/icos-go/icos/rapid"
)

// Config is what a [Server] needs to know. Rates are in bits per second.
type Config struct {
	// Listener accepts the sessions. Required. Its options bound sessions and
	// grants that wait for theirs, the streams of a session, and memory, and say
	// which addresses are put into grants; if it listens on all addresses and
	// has none to advertise, a grant names the port only and the client adds the
	// host it has called. The Server shuts it down.
	Listener *rapid.Listener

	// TLS is what grants are handed out over. If nil, plain http, which Serve
	// refuses except on loopback.
	TLS *tls.Config

	// Upstreams are the only places that streams are forwarded to: host:port,
	// or *.domain:port for all names below a domain. A name that leads to an
	// address of this machine, its link or a metadata service is refused, unless that
	// address is itself on the list. Required.
	Upstreams []string

	// Tokens and Issuers say who may use the relay. One of them is required.
	Tokens  []Token
	Issuers []Issuer

	// GrantRate bounds each session, in each direction, and Rate all of them
	// together, in each direction. If zero, there is no such bound.
	GrantRate int64
	Rate      int64

	// Policies are the rate policies that may be used. If empty, all.
	Policies []rapid.Policy

	// GrantsPerMinute is how many grants one caller gets a minute, and as many
	// at once after a pause. If zero, 120.
	GrantsPerMinute int

	// SessionsPerCaller is how many sessions one caller may have at a time, and
	// grants that wait for theirs. If zero, 64.
	SessionsPerCaller int

	// MaxStreams bounds the streams of all sessions together. Each holds two
	// buffers of 64 KiB while bytes pass, besides those of the Listener. If
	// zero, 4096.
	MaxStreams int

	// MaxConns bounds the connections of those who ask for grants. If zero, 1024.
	MaxConns int

	// DialTimeout bounds connecting to an upstream. If zero, 10 s.
	DialTimeout time.Duration

	// IdleTimeout is how long a stream may move no byte in either direction
	// before it is ended. If zero, 5 minutes.
	IdleTimeout time.Duration

	// Drain is how long streams may go on when the Server is told to end. If
	// zero, 30 s; if negative, not at all.
	Drain time.Duration

	// Resolver looks up the names of upstreams. If nil, net.DefaultResolver.
	Resolver *net.Resolver

	// Logger is told of grants, of sessions that ended and of refusals. It gets
	// no secrets. If nil, nothing is logged.
	Logger *slog.Logger
}

// withDefaults checks c and fills in what it leaves open.
func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Listener == nil:
		return Config{}, errors.New("no Listener")
	case len(c.Tokens) == 0 && len(c.Issuers) == 0:
		return Config{}, errors.New("no token and no issuer: nobody could use the relay")
	case len(c.Tokens) > maxTokens:
		return Config{}, fmt.Errorf("%d tokens, at most %d are compared", len(c.Tokens), maxTokens)
	case c.Rate < 0, c.GrantRate < 0:
		return Config{}, errors.New("a rate is negative")
	}
	for _, n := range []struct {
		name  string
		value *int
		def   int
	}{
		{"GrantsPerMinute", &c.GrantsPerMinute, 120},
		{"SessionsPerCaller", &c.SessionsPerCaller, 64},
		{"MaxStreams", &c.MaxStreams, 4096},
		{"MaxConns", &c.MaxConns, 1024},
	} {
		if *n.value < 0 {
			return Config{}, fmt.Errorf("%s is negative", n.name)
		}
		if *n.value == 0 {
			*n.value = n.def
		}
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{
		{&c.DialTimeout, 10 * time.Second},
		{&c.IdleTimeout, 5 * time.Minute},
		{&c.Drain, 30 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
