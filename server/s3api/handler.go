package s3api

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/icos-go/icos/server/authn"
	"github.com/icos-go/icos/server/fault"
	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/journal"
	"github.com/icos-go/icos/server/kms"
	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/replication"
	"github.com/icos-go/icos/server/store"
)

// Config says what a handler serves. Store, IAM and Authn are required.
type Config struct {
	Store *store.Store
	IAM   *iam.Service
	Authn *authn.Verifier

	// Hosts are the names of this endpoint, without ports. A request to bucket.<host> is in virtual-host style; every other
	// request is in path style.
	Hosts []string

	// WebsiteHosts are the names of the endpoint for websites: that of a bucket is served at bucket.<host>.
	WebsiteHosts []string

	// NameHold is how long the name of a deleted bucket cannot be taken, on the clock of objects.
	NameHold time.Duration

	// Location is the region whose standard class a bucket gets that names none. If empty, us-south.
	Location string

	// Reserved are bucket names that count as taken, because the endpoint serves something else at those paths.
	Reserved []string

	// Now is the clock of requests and answers. If nil, time.Now.
	Now func() time.Time

	// Today is the clock of objects: of their dates, retentions and lifecycles. If nil, Now. The store must have the same.
	Today func() time.Time

	// Faults has requests fail on purpose. If nil, none does.
	Faults *fault.Injector

	// Replicator makes the copies that replication rules ask for. If nil, they are left to one that comes later.
	Replicator *replication.Replicator

	// Journal is given every request. If nil, none is kept.
	Journal *journal.Log

	// Keys are what objects are encrypted with. If nil, none can be, but by keys of clients.
	Keys *kms.Service

	// Encrypt encrypts every object that nothing else encrypts, with a key of the server.
	Encrypt bool

	// Logger gets a Debug line for each request and an Error line for each failure of ours. If nil, nothing is logged.
	Logger *slog.Logger
}

// handler serves the S3 API. It is immutable after New, but for what it keeps of the documents of buckets.
type handler struct {
	store    *store.Store
	iam      *iam.Service
	authn    *authn.Verifier
	hosts    authn.Hosts
	location string // constraint of a bucket that names none
	reserved map[string]bool
	now      func() time.Time
	today    func() time.Time
	log      *slog.Logger
	faults   *fault.Injector
	journal  *journal.Log
	routes   routes
	keys     *kms.Service
	encrypt  bool

	lifecycles   parsed[lifecycle.Rules]
	replications parsed[replication.Rules]
	replicator   *replication.Replicator // nil if nothing is replicated
	sites        parsed[*website]
	sitesAt      authn.Hosts
	nameHold     time.Duration
	names        heldNames
	noBucket     store.Bucket // is always empty
	dates        dates
}

// New returns the handler. It never closes what it is given.
func New(c Config) http.Handler {
	h := &handler{
		store: c.Store, iam: c.IAM, authn: c.Authn, now: c.Now, today: c.Today, log: c.Logger,
		faults: c.Faults, journal: c.Journal, keys: c.Keys, encrypt: c.Encrypt, replicator: c.Replicator,
		hosts:    authn.NewHosts(c.Hosts),
		sitesAt:  authn.NewHosts(c.WebsiteHosts),
		nameHold: c.NameHold,
		location: "us-south-standard",
		reserved: make(map[string]bool, len(c.Reserved)),
		routes:   newRoutes(),
	}
	for _, name := range c.Reserved {
		h.reserved[name] = true
	}
	if c.Location != "" {
		h.location = c.Location + "-standard"
	}
	if h.now == nil {
		h.now = time.Now
	}
	if h.today == nil {
		h.today = h.now
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	return h
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{handler: h, w: w, r: r, start: h.now(), info: &h.noBucket}
	if h.journal != nil {
		defer c.watched()()
	}
	c.begin()
	defer c.recover()
	if err := c.serve(); err != nil {
		c.fail(err)
	}
	if c.end != nil {
		c.end()
	}
	if h.log.Enabled(r.Context(), slog.LevelDebug) {
		c.trace()
	}
}

// serve takes a call through its steps: what is asked, who asks, whether they may, and the operation itself.
func (c *call) serve() error {
	if len(c.sitesAt) > 0 && c.sitesAt.Bucket(c.r.Host) != "" {
		return c.serveWebsite()
	}
	if err := c.parse(); err != nil {
		return err
	}
	if c.r.Method == http.MethodOptions {
		return c.preflight()
	}
	c.applyCORS()
	op, err := c.routes.find(c)
	if err != nil {
		return err
	}
	c.op = op
	if c.faults.Active() {
		if err := c.disturb(); err != nil {
			return err
		}
	}
	if err := c.authenticate(); err != nil {
		return err
	}
	if op.serve == nil {
		return notImplemented(op.name + " is not implemented")
	}
	if err := c.authorize(op.need); err != nil {
		return err
	}
	return op.serve(c)
}

// recover turns a panic into an InternalError, or into a broken connection if the answer has begun.
func (c *call) recover() {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	c.log.Error("panic", "id", c.id, "operation", c.name(), "panic", v, "stack", string(debug.Stack()))
	if c.started {
		panic(http.ErrAbortHandler)
	}
	c.fail(newError(codeInternalError))
}

func (c *call) trace() {
	c.log.Debug("request", "id", c.id, "operation", c.name(), "method", c.r.Method, "bucket", c.bucket, "key", c.key,
		"status", c.status, "principal", c.who.ID, "took", c.now().Sub(c.start))
}
