package aspera

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/icos-go/icos"
)

// retryEngine is how long a bucket's bytes travel over HTTPS because nothing else
// could be had, before that is tried again.
const retryEngine = 5 * time.Minute

// A path is how the bytes of one bucket travel, once that has been decided. It
// sends the requests about the bucket.
type path struct {
	r      *router
	party  *party
	bucket *icos.Bucket  // as the caller has it: requests about it do not come here
	client *http.Client  // whose transport this is
	sem    chan struct{} // held while deciding; guards what follows
	engine Engine        // Auto: not decided yet
	until  time.Time     // when to decide again; zero: never
	spare  *Spec         // with a grant that nobody has used
	air    *air          // nil unless engine is Rapid

	up, down  crowd
	unfitOnce sync.Once // the notice that ascp cannot move some objects
}

func newPath(r *router, y *party, b *icos.Bucket) *path {
	p := &path{r: r, party: y, bucket: b, sem: make(chan struct{}, 1), client: new(http.Client)}
	if given := b.Client().Config().HTTPClient; given != nil {
		*p.client = *given
	}
	p.client.Transport = p
	p.up.p, p.up.d = p, Send
	p.down.p, p.down.d = p, Receive
	return p
}

// crowd returns the small files that move in a direction.
func (p *path) crowd(d Direction) *crowd {
	if d == Send {
		return &p.up
	}
	return &p.down
}

// decide returns how bytes travel. It asks the first time, and again later if the
// answer was only for want of something better.
func (p *path) decide(ctx context.Context) (Engine, *air, error) {
	select {
	case p.sem <- struct{}{}:
	case <-ctx.Done():
		return Auto, nil, context.Cause(ctx)
	}
	defer func() { <-p.sem }()
	if p.engine != Auto && (p.until.IsZero() || time.Now().Before(p.until)) {
		return p.engine, p.air, nil
	}
	engine, why, err := p.find(ctx)
	if err != nil {
		return Auto, nil, err
	}
	if e, ok := errors.AsType[*SpecError](why); ok && e.Reason == "NoSuchBucket" {
		return engine, nil, nil // which the request itself will tell better
	}
	if engine == Rapid && p.air == nil {
		if p.air, err = p.r.airOf(p); err != nil {
			return Auto, nil, err
		}
	}
	if why != nil {
		p.until = time.Now().Add(retryEngine)
		if p.engine != engine {
			p.r.notice(fmt.Sprintf("%s: bytes travel over HTTPS: %v", p.bucket.Name(), why))
		}
	} else {
		p.until = time.Time{}
	}
	if p.engine != engine && engine != Rapid { // of rapid its connections tell
		p.r.using(p.bucket.Name(), engine)
	}
	p.engine = engine
	return engine, p.air, nil
}

// find finds out what can be had. why is the reason when it is HTTPS for want of
// something better.
func (p *path) find(ctx context.Context) (engine Engine, why, err error) {
	wanted := p.r.cfg.Engine
	switch {
	case wanted == HTTPS:
		return HTTPS, nil, nil
	case wanted == Ascp && p.party.service == nil:
		return Auto, nil, p.party.without
	case wanted == Ascp:
		if _, err := p.r.ascp(); err != nil {
			return Auto, nil, err
		}
		return Ascp, nil, nil
	case p.r.cfg.Relay != nil:
		return Rapid, nil, nil
	case p.party.service == nil && wanted == Rapid:
		return Auto, nil, fmt.Errorf("%w: rapid needs a Config.Relay or credentials for a transfer service: %w", ErrNoEngine, p.party.without)
	case p.party.service == nil:
		return HTTPS, p.party.without, nil
	}
	spec, err := p.ask(ctx)
	switch {
	case err == nil && spec.Grant != nil:
		p.spare = spec
		return Rapid, nil, nil
	case ctx.Err() != nil:
		return Auto, nil, context.Cause(ctx)
	case wanted == Rapid && err != nil:
		return Auto, nil, fmt.Errorf("%w: %w", ErrNoEngine, err)
	case wanted == Rapid:
		return Auto, nil, fmt.Errorf("%w: the transfer service of bucket %q does not offer rapid; run a relay near it and set Config.Relay", ErrNoEngine, p.bucket.Name())
	case err != nil:
		return HTTPS, err, nil
	}
	if _, err := p.r.ascp(); err != nil {
		return HTTPS, err, nil
	}
	return Ascp, nil, nil
}

// ask asks the transfer service for a spec of the whole bucket: to read it, or else
// to write to it, for a caller may be allowed only one of them, and of an empty
// bucket nothing can be read.
func (p *path) ask(ctx context.Context) (*Spec, error) {
	spec, err := p.party.service.Setup(ctx, p.bucket, Receive, Path{Source: "/"})
	e, ok := errors.AsType[*SpecError](err)
	if ok && e.Step != stepInfo && (e.StatusCode == http.StatusForbidden || e.StatusCode == http.StatusNotFound) {
		spec, err = p.party.service.Setup(ctx, p.bucket, Send, Path{Destination: "/"})
	}
	return spec, err
}

// RoundTrip sends a request about the bucket.
func (p *path) RoundTrip(r *http.Request) (*http.Response, error) {
	engine, air, err := p.decide(r.Context())
	if err != nil {
		if r.Body != nil {
			err = errors.Join(err, r.Body.Close())
		}
		return nil, err
	}
	if engine == Rapid && !air.avoids(r.URL) {
		return air.RoundTrip(r)
	}
	return p.party.plain.RoundTrip(r)
}

// address is the host and port of a URL.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	return u.Hostname() + ":" + port
}
