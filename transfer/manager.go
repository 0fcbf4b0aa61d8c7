package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/multipart"
	"github.com/icos-go/icos/transfer/internal/pace"
)

// Bounds of a Manager where Options do not say otherwise.
const (
	defaultConcurrency = 16
	maxConnections     = 64
	defaultMemory      = 16 << 20
	uploadThreshold    = 8 << 20
	downloadThreshold  = 16 << 20
)

// A Manager moves files and trees in the background, within bounds that all its
// transfers share. It is safe for concurrent use; one is enough for a program.
type Manager struct {
	client    *icos.Client
	o         Options
	store     *checkpoint.Store
	transport Transport
	routes    routes
	env       multipart.Env
	limiter   *pace.Limiter
	meter     *pace.Meter
	slots     chan struct{} // one for each object that is being moved

	release func() error       // closes the transport, the first time
	stop    context.CancelFunc // ends the tuner
	tuned   sync.WaitGroup

	mu        sync.Mutex // guards what follows
	idle      sync.Cond  // something below became less
	closed    bool
	started   int64               // transfers, ever
	live      map[*Transfer]int64 // those that are not over, with their number
	queue     []*Transfer         // those that wait for their turn
	running   int                 // those that have it
	observing int                 // goroutines that call observers
}

// NewManager returns a Manager that moves things to and from buckets of c. The
// Client stays the caller's. The caller must Close the Manager.
func NewManager(c *icos.Client, o *Options) (*Manager, error) {
	m := &Manager{client: c, live: map[*Transfer]int64{}, meter: pace.NewMeter(nil)}
	if o != nil {
		m.o = *o
	}
	m.idle.L = &m.mu
	m.routes.choose = m.o.HTTPClient
	if err := m.o.check(); err != nil {
		return nil, fmt.Errorf("new manager: %w", err)
	}
	var err error
	if m.store, err = checkpoint.Open(m.o.StateDir); err != nil {
		return nil, fmt.Errorf("open state directory: %w", err)
	}
	m.o.fill()
	m.slots = make(chan struct{}, m.o.Concurrency)
	m.limiter = pace.NewLimiter(m.o.Rate)

	gate := pace.NewGate(m.o.Concurrency)
	tuning := pace.TunerOptions{Gate: gate, Meter: m.meter, Max: maxConnections, Logger: m.o.Logger}
	if n := m.o.Connections; n > 0 {
		tuning.Min, tuning.Max = n, n
	}
	tuner := pace.NewTuner(tuning)
	m.env = multipart.Env{Gate: gate, Pool: pace.NewPool(m.o.Memory), Tuner: tuner, Logger: m.o.Logger, Patience: m.o.Patience}
	m.release = sync.OnceValue(func() error {
		if c, ok := m.o.Transport.(io.Closer); ok {
			return c.Close()
		}
		return nil
	})
	m.transport = httpTransport{&m.env}
	if m.o.Transport != nil {
		m.transport = foreignTransport{m.o.Transport, httpTransport{&m.env}}
	}

	ctx, cancel := context.WithCancel(context.Background())
	m.stop = cancel
	m.tuned.Go(func() { tuner.Run(ctx) })
	return m, nil
}

// check finds what can be wrong about options.
func (o *Options) check() error {
	for _, f := range []struct {
		name string
		n    int64
	}{
		{"PartSize", o.PartSize},
		{"Threshold", o.Threshold},
		{"Concurrency", int64(o.Concurrency)},
		{"MaxQueue", int64(o.MaxQueue)},
		{"Connections", int64(o.Connections)},
		{"Memory", o.Memory},
		{"Rate", o.Rate},
	} {
		if f.n < 0 {
			return fmt.Errorf("%s is negative: %d", f.name, f.n)
		}
	}
	if n := o.PartSize; n != 0 && (n < 5<<20 || n > 5<<30) {
		return fmt.Errorf("PartSize is %d bytes: parts have between 5 MiB and 5 GiB", n)
	}
	if len(o.Label) > checkpoint.MaxLabel {
		return fmt.Errorf("label has %d bytes: at most %d are kept", len(o.Label), checkpoint.MaxLabel)
	}
	return nil
}

// fill puts the defaults in place of zeros. The thresholds stay, for they depend
// on the direction.
func (o *Options) fill() {
	if o.Concurrency == 0 {
		o.Concurrency = defaultConcurrency
	}
	if o.Memory == 0 {
		o.Memory = defaultMemory
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Upload stores the file at path as an object. The Content-Type follows from the
// key.
func (m *Manager) Upload(ctx context.Context, path string, to *icos.Object, obs ...Observer) *Transfer {
	return m.Start(ctx, Upload{Path: path, To: to}, obs...)
}

// UploadReader stores what r holds as an object. See [Stream].
func (m *Manager) UploadReader(ctx context.Context, r io.Reader, to *icos.Object, obs ...Observer) *Transfer {
	return m.Start(ctx, Stream{Reader: r, To: to}, obs...)
}

// Download writes an object to the file at path, whose directory must exist.
func (m *Manager) Download(ctx context.Context, from *icos.Object, path string, obs ...Observer) *Transfer {
	return m.Start(ctx, Download{From: from, Path: path}, obs...)
}

// Copy copies an object inside the service. See the type [Copy].
func (m *Manager) Copy(ctx context.Context, from, to *icos.Object, obs ...Observer) *Transfer {
	return m.Start(ctx, Copy{From: from, To: to}, obs...)
}

// UploadDir stores the files of a directory as objects whose keys begin with
// prefix.
func (m *Manager) UploadDir(ctx context.Context, dir string, to *icos.Bucket, prefix string, obs ...Observer) *Transfer {
	return m.Start(ctx, Sync{From: Tree{Dir: dir}, To: Tree{Bucket: to, Prefix: prefix}}, obs...)
}

// DownloadDir writes the objects whose keys begin with prefix as files below a
// directory, which is made if need be. Nothing is written outside of it,
// whatever the keys are.
func (m *Manager) DownloadDir(ctx context.Context, from *icos.Bucket, prefix, dir string, obs ...Observer) *Transfer {
	return m.Start(ctx, Sync{From: Tree{Bucket: from, Prefix: prefix}, To: Tree{Dir: dir}}, obs...)
}

// Start puts work in the queue and returns at once. The Transfer ends when ctx
// does: what has arrived is then kept for another attempt if there is a state
// directory, and discarded otherwise. Work that cannot be done, such as a Sync
// between two directories, ends with an error.
func (m *Manager) Start(ctx context.Context, w Work, obs ...Observer) *Transfer {
	t := &Transfer{
		m: m, work: w, done: make(chan struct{}),
		limiter: pace.NewLimiter(0), meter: pace.NewMeter(m.meter),
	}
	routed, err := m.routes.work(w)
	if perr := t.prepare(routed); err == nil {
		err = perr
	}
	t.ctx, t.end = context.WithCancelCause(ctx)

	m.mu.Lock()
	if m.closed && err == nil {
		err = ErrClosed
	}
	m.started++
	m.live[t] = m.started
	m.mu.Unlock()

	t.notify = newNotifier(t, obs, m.o.Logger, m.beginObserving, m.endObserving)
	t.mu.Lock()
	t.stop = context.AfterFunc(t.ctx, func() { m.expire(t) })
	t.mu.Unlock()
	t.notify.open()
	if err == nil {
		err = m.admit(t)
	}
	if err != nil {
		if _, ok := t.start(Queued); ok {
			t.settle(err, false)
		}
	}
	return t
}

// SetRate bounds the bytes per second of all transfers together. Zero means no
// limit. It takes effect at once.
func (m *Manager) SetRate(bytesPerSecond int64) { m.limiter.SetRate(bytesPerSecond) }

// Rate returns the bound of all transfers together, in bytes per second; 0 if
// there is none.
func (m *Manager) Rate() int64 { return m.limiter.Rate() }

// Close stops what still runs, as the end of its context would, and waits until
// nothing does, calls of observers included. It must not be called by an
// observer. It may be called more than once.
func (m *Manager) Close() error {
	m.mu.Lock()
	m.closed = true
	live := make([]*Transfer, 0, len(m.live))
	for t := range m.live {
		live = append(live, t)
	}
	m.mu.Unlock()

	for _, t := range live {
		t.end(ErrClosed)
	}
	m.mu.Lock()
	for len(m.live) > 0 || m.running > 0 || m.observing > 0 {
		m.idle.Wait()
	}
	m.mu.Unlock()
	m.stop()
	m.tuned.Wait()

	// That a transfer was stopped is its own error. What could not be cleaned
	// up is the Manager's too, for it may cost money.
	var errs []error
	errs = append(errs, m.release())
	for _, t := range live {
		if left, ok := errors.AsType[*leftError](t.err); ok {
			errs = append(errs, left)
		}
	}
	return errors.Join(errs...)
}
