package aspera

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera/internal/ascp"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer"
)

// A router has the paths of all buckets of a Manager. It is the Manager's
// transport: it moves what goes by ascp, and leaves the rest to requests, which
// the paths send.
type router struct {
	cfg  Config
	own  *http.Transport // of Clients that have none
	ascp func() (*ascpProgram, error)

	slots     *semaphore.Weighted // places for ascp processes
	processes atomic.Int64        // that run
	timing    ascp.Timing
	lookup    func(ctx context.Context, host string) ([]string, error)

	mu      sync.Mutex
	paths   map[pathKey]*path // guarded by mu
	parties map[any]*party    // by whoIs; guarded by mu
	over    bool              // close was called; guarded by mu
}

// A pathKey tells the buckets of a Manager apart. Two Clients may have different
// rights to one bucket.
type pathKey struct {
	party            *party
	endpoint, bucket string
}

func newRouter(cfg Config, c *icos.Client) *router {
	r := &router{
		cfg: cfg, own: s3.NewTransport(nil), paths: map[pathKey]*path{}, parties: map[any]*party{},
		slots: semaphore.NewWeighted(int64(cfg.MaxSessions)), lookup: lookupHost,
	}
	r.partyLocked(c) // nobody else has r yet
	r.ascp = sync.OnceValues(func() (*ascpProgram, error) { return findAscp(context.Background(), &r.cfg) })
	return r
}

// notice tells the user something.
func (r *router) notice(text string) {
	switch {
	case r.cfg.Notice != nil:
		r.cfg.Notice(text)
	case r.cfg.Transfer.Logger != nil:
		r.cfg.Transfer.Logger.Warn(text)
	}
}

// using tells the user which way bytes travel.
func (r *router) using(bucket string, e Engine) {
	if r.cfg.Using != nil {
		r.cfg.Using(bucket, e)
	}
}

func (r *router) logger() *slog.Logger {
	if l := r.cfg.Transfer.Logger; l != nil {
		return l
	}
	return slog.New(slog.DiscardHandler)
}

// httpClient is what sends the requests about a bucket.
func (r *router) httpClient(b *icos.Bucket) *http.Client {
	if r.cfg.Engine == HTTPS {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	y := r.partyLocked(b.Client())
	key := pathKey{y, b.Client().Endpoint(), b.Name()}
	p := r.paths[key]
	if p == nil {
		p = newPath(r, y, b)
		r.paths[key] = p
	}
	return p.client
}

// pathOf returns the path of a bucket as a Job has it: its Client is one whose
// requests the path sends.
func pathOf(b *icos.Bucket) *path {
	if hc := b.Client().Config().HTTPClient; hc != nil {
		if p, ok := hc.Transport.(*path); ok {
			return p
		}
	}
	return nil
}

// airOf returns what sends the requests of a path through rapid sessions. There is
// one for all paths of a party through a relay, and one for each bucket with a service.
func (r *router) airOf(p *path) (*air, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return nil, transfer.ErrClosed
	}
	if r.cfg.Relay == nil {
		return newAir(r, p.party.plain, specGrants{p}, p.bucket.Name()), nil
	}
	if p.party.relay == nil {
		p.party.relay = newAir(r, p.party.plain, r.cfg.Relay, "")
	}
	return p.party.relay, nil
}

// Upload implements transfer.Transport.
func (r *router) Upload(ctx context.Context, j *transfer.Job) error {
	p, err := byAscp(ctx, j)
	if err != nil {
		return err
	}
	return p.ascpUpload(ctx, j)
}

// Download implements transfer.Transport.
func (r *router) Download(ctx context.Context, j *transfer.Job) error {
	p, err := byAscp(ctx, j)
	if err != nil {
		return err
	}
	return p.ascpDownload(ctx, j)
}

// byAscp returns the path of a job that travels by ascp. All others are
// requests, over whatever connections: transfer.ErrSkipTransport.
func byAscp(ctx context.Context, j *transfer.Job) (*path, error) {
	p := pathOf(j.Object().Bucket())
	if p == nil {
		return nil, transfer.ErrSkipTransport
	}
	engine, _, err := p.decide(ctx)
	if err != nil {
		return nil, err
	}
	if engine != Ascp {
		return nil, transfer.ErrSkipTransport
	}
	return p, nil
}

// Close ends the sessions. The Manager calls it when nothing moves any more.
func (r *router) Close() error {
	r.mu.Lock()
	r.over = true
	// More may be added, of which nothing comes.
	paths, parties := slices.Collect(maps.Values(r.paths)), slices.Collect(maps.Values(r.parties))
	r.mu.Unlock()

	var errs []error
	for _, p := range paths {
		p.sem <- struct{}{}
		if p.air != nil && r.cfg.Relay == nil {
			errs = append(errs, p.air.close())
		}
		<-p.sem
		p.up.close()
		p.down.close()
	}
	for _, y := range parties {
		if y.relay != nil { // which airOf does not make any more
			errs = append(errs, y.relay.close())
		}
	}
	r.own.CloseIdleConnections()
	return errors.Join(errs...)
}
