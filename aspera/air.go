package aspera

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/s3"
)

// air sends requests through rapid sessions.
type air struct {
	dialer *rapid.Dialer
	http   *http.Transport
	plain  http.RoundTripper
	notice func(string)
	strict bool // there is no other way

	shunned sync.Map     // address → struct{}: the relay does not dial it
	proxied atomic.Int64 // until when requests have to go by a proxy, in Unix nanoseconds

	using func(Engine)
	last  atomic.Value // the Engine that using was told of last
}

// errProxy says that a connection cannot be made in the place of a stream.
var errProxy = errors.New("a proxy is between us and the service")

// newAir returns an air whose sessions begin with grants. Requests are otherwise
// sent as plain would. The bucket is what they are about, if it is one.
func newAir(r *router, plain http.RoundTripper, grants rapid.Granter, bucket string) *air {
	a := &air{
		plain: plain, notice: r.notice, strict: r.cfg.Engine == Rapid,
		using: func(e Engine) { r.using(bucket, e) },
	}
	a.dialer = &rapid.Dialer{
		Grants: grants,
		Policy: r.cfg.RatePolicy, TargetRate: r.cfg.targetRate(), MinRate: r.cfg.minRate(),
		Sessions:       r.cfg.rapidSessions(),
		DisableOffload: r.cfg.DisableOffload,
		Logger:         r.cfg.Transfer.Logger,
	}
	if !a.strict {
		a.dialer.Fallback = a.dialPlain
		a.dialer.Notice = func(reason error) {
			if reason == nil {
				a.notice("bytes travel over rapid again")
				return
			}
			a.notice(fmt.Sprintf("bytes travel over HTTPS: %v", reason))
		}
	}
	// The session has its own congestion control, and a proxy makes no sense in it.
	a.http = s3.NewTransport(&s3.TransportOptions{DialContext: a.dial, Congestion: "system"})
	a.http.Proxy = nil
	if of, ok := plain.(*http.Transport); ok && of.TLSClientConfig != nil {
		a.http.TLSClientConfig = of.TLSClientConfig.Clone()
		a.http.TLSClientConfig.NextProtos = nil // HTTP/1.1: one stream for each request
	}
	return a
}

// dial opens a connection in a session, or one that stands in for it.
func (a *air) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := a.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	e := HTTPS
	if _, ok := c.(*rapid.Conn); ok {
		e = Rapid
	}
	if a.last.Swap(e) != e {
		a.using(e)
	}
	return c, nil
}

// dialPlain makes a connection in the place of a stream, as plain would. Where that
// has to ask a proxy, requests are left to it for a while.
func (a *air) dialPlain(ctx context.Context, network, address string) (net.Conn, error) {
	dial := (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	of, ok := a.plain.(*http.Transport)
	if ok && of.DialContext != nil {
		dial = of.DialContext
	}
	if ok && of.Proxy != nil {
		for _, scheme := range []string{"https", "http"} {
			via, err := of.Proxy(&http.Request{URL: &url.URL{Scheme: scheme, Host: address}})
			if err != nil || via != nil {
				a.proxied.Store(time.Now().Add(retryEngine).UnixNano())
				return nil, errors.Join(errProxy, err)
			}
		}
	}
	return dial(ctx, network, address)
}

// RoundTrip sends a request. What the relay will not dial goes another way the next
// time, unless there shall be none.
func (a *air) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.http.RoundTrip(r)
	if refused, ok := errors.AsType[*rapid.ResetError](err); ok && refused.Code == rapid.CodeDenied && !a.strict {
		to := address(r.URL)
		if _, known := a.shunned.LoadOrStore(to, struct{}{}); !known {
			a.notice(fmt.Sprintf("bytes to and from %s travel over HTTPS: %v", to, refused))
		}
	}
	return resp, err
}

// avoids reports whether requests to u have to go another way.
func (a *air) avoids(u *url.URL) bool {
	if until := a.proxied.Load(); until != 0 && time.Now().UnixNano() < until {
		return true
	}
	_, shunned := a.shunned.Load(address(u))
	return shunned
}

// close ends the sessions.
func (a *air) close() error {
	a.http.CloseIdleConnections()
	return a.dialer.Close()
}

// specGrants asks the transfer service of a bucket for grants.
type specGrants struct{ p *path }

// Grant implements rapid.Granter.
func (g specGrants) Grant(ctx context.Context, _, _ string) (*rapid.Grant, error) {
	spec, err := g.p.spareSpec(ctx)
	if err == nil && spec == nil {
		spec, err = g.p.ask(ctx)
	}
	if err != nil {
		return nil, err
	}
	if spec.Grant == nil {
		return nil, fmt.Errorf("%w: the transfer service of bucket %q does not offer rapid any more", ErrNoEngine, g.p.bucket.Name())
	}
	info, err := g.p.party.service.Info(ctx, g.p.bucket)
	if err != nil {
		return nil, err
	}
	for i, at := range spec.Grant.Addrs {
		spec.Grant.Addrs[i] = hostPort(at, info.Endpoint.Hostname())
	}
	return spec.Grant, nil
}

// Reachable finds out whether the transfer service answers at all, whatever it says.
func (g specGrants) Reachable(ctx context.Context) error {
	s := g.p.party.service
	info, err := s.Info(ctx, g.p.bucket)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, info.Endpoint.String(), nil)
	if err != nil {
		return err
	}
	resp, err := s.http.Do(r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// spareSpec returns the spec by which the engine was decided, to the first who
// asks and if it is good still; nil otherwise.
func (p *path) spareSpec(ctx context.Context) (*Spec, error) {
	select {
	case p.sem <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-p.sem }()
	spec := p.spare
	p.spare = nil
	if spec != nil && !spec.Grant.Expires.IsZero() && time.Until(spec.Grant.Expires) < spareLife {
		return nil, nil
	}
	return spec, nil
}

// spareLife is how long a grant must be good for to be worth trying.
const spareLife = 10 * time.Second
