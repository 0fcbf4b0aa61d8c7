package iam

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos/internal/durable"
)

// DefaultIssuer is the iss claim of tokens when Config does not name one. It
// is IBM's, so that code which looks at tokens sees what it will see in
// production; a token still verifies only with this service's own key.
const DefaultIssuer = "https://iam.cloud.ibm.com/identity"

// Config says where a Service keeps its state and how it tells the time.
type Config struct {
	// Dir is where instances, keys and secrets are kept, in files only the
	// owner may read. It is made if missing. If empty, everything is kept in
	// memory and is gone when the process ends.
	Dir string
	// Now returns the time. If nil, time.Now.
	Now func() time.Time
	// Issuer is the iss claim of tokens. If empty, DefaultIssuer.
	Issuer string
	// TokenTTL is how long an access token lives. If zero, one hour, which
	// is IBM's; at least a second.
	TokenTTL time.Duration
	// SigningKey signs tokens instead of a key kept in Dir. Tests that make
	// many services share one, because making an RSA key takes long.
	SigningKey *rsa.PrivateKey
	// Logger gets what happens to keys, never the keys. If nil, silence.
	Logger *slog.Logger
}

// A Service is the identity provider. All its methods may be called
// concurrently.
type Service struct {
	dir      string
	now      func() time.Time
	issuer   string
	ttl      time.Duration
	log      *slog.Logger
	keys     keyring
	verified tokenCache

	state atomic.Pointer[index] // what lookups read; replaced as a whole
	mu    sync.Mutex            // serialises changes to state and to the file behind it
}

// New opens the service kept in cfg.Dir. On first use it makes an instance
// with a credential, which First returns.
func New(cfg Config) (*Service, error) {
	s := &Service{dir: cfg.Dir, now: cfg.Now, issuer: cfg.Issuer, ttl: cfg.TokenTTL, log: cfg.Logger}
	if s.now == nil {
		s.now = time.Now
	}
	if s.issuer == "" {
		s.issuer = DefaultIssuer
	}
	if s.ttl == 0 {
		s.ttl = time.Hour
	}
	if s.ttl < time.Second {
		return nil, fmt.Errorf("iam: token lifetime %v is below one second", s.ttl)
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.dir != "" {
		if err := durable.MkdirAll(s.dir); err != nil {
			return nil, fmt.Errorf("iam: make directory: %w", err)
		}
	}
	if err := s.keys.open(s.dir, cfg.SigningKey); err != nil {
		return nil, fmt.Errorf("iam: %w", err)
	}
	rec, err := readState(s.dir)
	if err != nil {
		return nil, fmt.Errorf("iam: %w", err)
	}
	if rec != nil {
		s.state.Store(newIndex(rec))
		return s, nil
	}
	rec = &record{Version: stateVersion, Account: randomHex(16), TokenSecret: randomHex(32)}
	rec.addInstance("default", s.now())
	if err := s.commit(rec); err != nil {
		return nil, fmt.Errorf("iam: %w", err)
	}
	s.log.Info("made the first instance and credential", "instance", rec.Instances[0].ID)
	return s, nil
}

// commit makes rec durable and then visible. The caller holds mu, or is New.
func (s *Service) commit(rec *record) error {
	if err := writeState(s.dir, rec); err != nil {
		return err
	}
	s.state.Store(newIndex(rec))
	return nil
}

// ErrNotFound is returned for an instance, identity, profile or policy that
// does not exist.
var ErrNotFound = errors.New("iam: no such instance, identity, profile or policy")

// First returns the credential made at first start. The endpoints in it are
// empty; see [ServiceCredential.At].
func (s *Service) First() ServiceCredential {
	ix := s.state.Load()
	return ix.credential(ix.rec.Identities[0])
}

// Instance returns the instance with the given UUID or CRN.
func (s *Service) Instance(idOrCRN string) (Instance, bool) {
	in, ok := s.state.Load().instances[instanceID(idOrCRN)]
	return in, ok
}

// Instances returns every instance, the oldest first.
func (s *Service) Instances() []Instance {
	ix := s.state.Load()
	list := make([]Instance, 0, len(ix.rec.Instances))
	for _, in := range ix.rec.Instances {
		list = append(list, ix.instances[in.ID])
	}
	return list
}

// AccessKey returns the secret of an HMAC access key and who it belongs to.
func (s *Service) AccessKey(id string) (secret string, p Principal, ok bool) {
	k, ok := s.state.Load().accessKeys[id]
	return k.secret, k.principal, ok
}

// CreateInstance makes a service instance with a first credential, which is a
// Manager of it. It is durable on return.
func (s *Service) CreateInstance(ctx context.Context, name string) (ServiceCredential, error) {
	return s.change(ctx, func(rec *record) (identity, error) {
		return rec.addInstance(name, s.now()), nil
	})
}

// DeleteCredential removes the identity a credential belongs to, given by
// its service ID, IAM ID or CRN, with its API key, HMAC pair, sessions and
// policies.
// Tokens it still holds stop working at once. The first credential cannot be
// removed, as First would have nothing to return.
func (s *Service) DeleteCredential(ctx context.Context, id string) error {
	_, err := s.change(ctx, func(rec *record) (identity, error) { return rec.removeIdentity(id) })
	return err
}

// change applies edit to a copy of the state, makes it durable, and returns
// the credential of the identity that edit returned.
func (s *Service) change(ctx context.Context, edit func(*record) (identity, error)) (ServiceCredential, error) {
	if err := ctx.Err(); err != nil {
		return ServiceCredential{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.state.Load().rec.clone()
	id, err := edit(rec)
	if err != nil {
		return ServiceCredential{}, err
	}
	if err := s.commit(rec); err != nil {
		return ServiceCredential{}, fmt.Errorf("iam: %w", err)
	}
	return s.state.Load().credential(id), nil
}

// hashKey is how API keys are found: looking a digest up in a map tells a
// timing attacker nothing about the key.
func hashKey(apiKey string) [sha256.Size]byte { return sha256.Sum256([]byte(apiKey)) }
