package kms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos/internal/durable"
	"github.com/icos-go/icos/server/iam"
)

// Config says where a Service keeps its keys and whom it knows.
type Config struct {
	// Dir is where keys are kept, in files only the owner may read. It is made if missing. If empty, keys are kept in memory
	// and are gone when the process ends.
	Dir string
	// Now is the clock of the dates and expirations of keys. If nil, time.Now.
	Now func() time.Time
	// TokenNow is the clock that tokens are verified by. If nil, time.Now.
	TokenNow func() time.Time
	// IAM knows who a bearer token belongs to. Required.
	IAM *iam.Service
	// Region is the region in the CRNs of keys. If empty, us-south.
	Region string
	// Registrations lists the resources that a root key, named by its CRN, protects. If nil, there are none.
	Registrations func(ctx context.Context, crn string) ([]Registration, error)
	// Logger gets what happens to keys, never the keys. If nil, silence.
	Logger *slog.Logger
}

// A Registration says that a resource is encrypted under a root key.
type Registration struct {
	Resource  string // CRN of the resource
	CreatedBy string // CRN of the service instance
	Created   time.Time
	// Prevent keeps the key from being deleted, even by force: the resource retains its contents.
	Prevent bool
}

// A Service is the key management service. Its methods may be called concurrently.
type Service struct {
	dir           string
	now, tokenNow func() time.Time
	iam           *iam.Service
	registrations func(ctx context.Context, crn string) ([]Registration, error)
	log           *slog.Logger

	state atomic.Pointer[index] // what lookups read; replaced as a whole
	mu    sync.Mutex            // serialises changes to state and to the file behind it
}

// index is a record prepared for lookups. It is never changed.
type index struct {
	rec  *record
	keys map[string]*key // by id
}

func newIndex(rec *record) *index {
	ix := &index{rec: rec, keys: make(map[string]*key, len(rec.Keys))}
	for _, k := range rec.Keys {
		ix.keys[k.ID] = k
	}
	return ix
}

// New opens the service kept in cfg.Dir. On first use it makes an instance with one root key.
func New(cfg Config) (*Service, error) {
	s := &Service{
		dir: cfg.Dir, now: cfg.Now, tokenNow: cfg.TokenNow, iam: cfg.IAM, registrations: cfg.Registrations, log: cfg.Logger,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.tokenNow == nil {
		s.tokenNow = time.Now
	}
	if s.registrations == nil {
		s.registrations = func(context.Context, string) ([]Registration, error) { return nil, nil }
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if cfg.IAM == nil {
		return nil, errors.New("kms: Config.IAM is nil")
	}
	if cfg.Region == "" {
		cfg.Region = "us-south"
	}
	if s.dir != "" {
		if err := durable.MkdirAll(s.dir); err != nil {
			return nil, fmt.Errorf("kms: make directory: %w", err)
		}
	}
	rec, err := readState(s.dir)
	if err != nil {
		return nil, fmt.Errorf("kms: %w", err)
	}
	if rec == nil {
		rec = newRecord(accountOf(cfg.IAM), cfg.Region, s.now().UTC().Truncate(time.Second))
		if err := s.commit(rec); err != nil {
			return nil, fmt.Errorf("kms: %w", err)
		}
		s.log.Info("made the first Key Protect instance and root key", "instance", rec.Instances[0].ID, "key", rec.Keys[0].ID)
	}
	s.state.Store(newIndex(rec))
	for _, in := range rec.Instances { // those of before IAM knew of instances, and the first
		if err := s.iam.AddKeyProtect(context.Background(), in.ID, in.Name, ""); err != nil {
			return nil, fmt.Errorf("kms: %w", err)
		}
	}
	return s, nil
}

func accountOf(ids *iam.Service) string {
	list := ids.Instances()
	return list[0].AccountID // there is always a first one
}

// commit makes rec durable and then visible. The caller holds mu, or is New.
func (s *Service) commit(rec *record) error {
	if err := writeState(s.dir, rec); err != nil {
		return err
	}
	s.state.Store(newIndex(rec))
	return nil
}

// change applies edit to a copy of the state and makes it durable. An error of edit changes nothing and is returned as it is.
func (s *Service) change(edit func(rec *record, now time.Time) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.state.Load().rec.clone()
	if err := edit(rec, s.now().UTC().Truncate(time.Second)); err != nil {
		return err
	}
	if err := s.commit(rec); err != nil {
		return fmt.Errorf("kms: %w", err)
	}
	return nil
}

// An Instance is an instance of the service, which keys belong to.
type Instance struct {
	ID  string // UUID, as the header Bluemix-Instance carries it
	CRN string
}

// First returns the instance made at first start, and the CRN of the root key made with it, even if that was deleted since.
func (s *Service) First() (in Instance, rootKey string) {
	rec := s.state.Load().rec
	in = rec.instance(rec.Instances[0].ID)
	for _, k := range rec.Keys {
		if k.Instance == in.ID {
			return in, rec.crn(k)
		}
	}
	return in, ""
}

// CreateInstance makes another instance, without keys. Its owner, an IAM ID, is a Manager of it, and the owner's instance of COS may use
// its root keys; if empty, it is the first identity. It is durable on return.
func (s *Service) CreateInstance(ctx context.Context, name, owner string) (Instance, error) {
	if err := ctx.Err(); err != nil {
		return Instance{}, err
	}
	id := newUUID()
	// IAM comes first: that it knows of an instance which is not there does no harm.
	if err := s.iam.AddKeyProtect(ctx, id, name, owner); err != nil {
		return Instance{}, fmt.Errorf("kms: %w", err)
	}
	if err := s.change(func(rec *record, now time.Time) error {
		rec.addInstance(id, name, now)
		return nil
	}); err != nil {
		return Instance{}, err
	}
	return s.state.Load().rec.instance(id), nil
}

func (r *record) instance(id string) Instance {
	return Instance{id, instanceCRN(r.Region, r.Account, id)}
}

func (r *record) hasInstance(id string) bool {
	return slices.ContainsFunc(r.Instances, func(in instance) bool { return in.ID == id })
}

func (r *record) crn(k *key) string { return crn{r.Region, r.Account, k.Instance, k.ID}.String() }
