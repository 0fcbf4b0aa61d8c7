package relay

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// A gate tells who calls. It is safe for concurrent use.
type gate struct {
	tokens func() []Token
	judges []*judge
	// failures bounds the wrong tokens from one address, each of which may
	// cost a signature check.
	failures *throttle
}

// errTooManyFailures says that an address has sent too many wrong tokens.
type errTooManyFailures struct{ wait time.Duration }

func (*errTooManyFailures) Error() string { return "too many wrong tokens from this address" }

var (
	errNoToken   = errors.New("no token: send Authorization: Bearer TOKEN")
	errUnknown   = errors.New("the token is not one of this relay's")
	errNoIssuers = errors.New("the token is not one of this relay's, and it takes no IAM tokens")
)

// caller returns the name of whoever sent r: "token:" and the name of a relay
// token, or "iam:" and an identity.
func (g *gate) caller(ctx context.Context, r *http.Request, now time.Time) (string, error) {
	secret, err := bearer(r)
	if err != nil {
		return "", err
	}
	// A right relay token is let in before failures are counted, so that
	// somebody behind the same address cannot lock its holder out.
	if t, ok := matchToken(g.tokens(), secret); ok {
		return "token:" + t.Name, nil
	}
	from := network(r.RemoteAddr)
	if wait, yes := g.failures.empty(from, now); yes {
		return "", &errTooManyFailures{wait}
	}
	id, err := g.judge(ctx, secret, now)
	if err != nil {
		if !errors.Is(err, errKeys) {
			g.failures.take(from, now)
		}
		return "", err
	}
	return "iam:" + id, nil
}

// judge asks the issuers in turn, and returns the error that says most.
func (g *gate) judge(ctx context.Context, token string, now time.Time) (id string, err error) {
	switch {
	case len(g.judges) == 0 && looksLikeJWT(token):
		return "", errNoIssuers
	case !looksLikeJWT(token):
		return "", errUnknown
	}
	var best error
	for _, j := range g.judges {
		id, err := j.verify(ctx, token, now)
		if err == nil {
			return id, nil
		}
		if best == nil || errors.Is(best, errToken) {
			best = err
		}
	}
	return "", best
}

// bearer returns the token of r.
func bearer(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", errNoToken
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken {
		return "", errNoToken
	}
	return token, nil
}

// network is whom an address is counted as: itself, or the /64 that one host of
// IPv6 usually has for its own.
func network(remote string) string {
	addr, err := netip.ParseAddrPort(remote)
	if err != nil {
		host, _, _ := net.SplitHostPort(remote)
		return host
	}
	ip := addr.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return p.String()
}
