package aspera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/s3"
)

// A Delegator is implemented by credentials that can be delegated to a transfer
// service: those of auth.IAM and auth.TrustedProfile.
type Delegator interface {
	DelegatedToken(ctx context.Context, receivers ...string) (auth.Token, error)
}

// ServiceOptions say how a [Service] works. The zero value is ready to use.
type ServiceOptions struct {
	// CacheSize is for how many buckets is remembered where their transfer service
	// is. If zero, 1000.
	CacheSize int

	// CacheTime is for how long. If zero, one hour.
	CacheTime time.Duration

	// HTTPClient sends the requests to transfer services. If nil, that of the
	// icos.Client, or one of the Service's own.
	HTTPClient *http.Client
}

// A Service asks the transfer services of Aspera-enabled buckets. It is safe for
// concurrent use.
type Service struct {
	client   *icos.Client
	delegate Delegator
	http     *http.Client

	mu    sync.Mutex
	infos *cache // guarded by mu
}

const defaultCacheTime = time.Hour

// NewService returns a Service for the buckets of c, whose credentials must be
// those of an IAM identity: HMAC keys, tokens from elsewhere and anonymous
// requests are [ErrCredentials]. o may be nil.
func NewService(c *icos.Client, o *ServiceOptions) (*Service, error) {
	if c == nil {
		return nil, errors.New("new aspera service: no client given")
	}
	if o == nil {
		o = new(ServiceOptions)
	}
	if o.CacheSize < 0 || o.CacheTime < 0 {
		return nil, errors.New("new aspera service: a bound of the cache is negative")
	}
	cfg := c.Config()
	d, err := delegator(cfg.Credentials)
	if err != nil {
		return nil, fmt.Errorf("new aspera service: %w", err)
	}
	s := &Service{client: c, delegate: d}
	size, life := o.CacheSize, o.CacheTime
	if size == 0 {
		size = defaultCache
	}
	if life == 0 {
		life = defaultCacheTime
	}
	s.infos = newCache(size, life)
	s.http = serviceClient(o.HTTPClient, cfg.HTTPClient)
	return s, nil
}

// delegator returns credentials as what can be delegated, or says why it cannot.
func delegator(c auth.Credentials) (Delegator, error) {
	if d, ok := c.(Delegator); ok {
		return d, nil
	}
	what := fmt.Sprintf("%T", c)
	switch c.(type) {
	case *auth.HMACCredentials:
		what = "HMAC keys"
	case *auth.TokenCredentials:
		what = "a token from elsewhere"
	}
	if c == auth.Anonymous {
		what = "anonymous requests"
	}
	return nil, fmt.Errorf("%w: the transfer service needs a token that only an IAM API key or a trusted profile can ask for, and the client has %s; make the client with auth.IAM", ErrCredentials, what)
}

// serviceClient returns what sends requests to transfer services: without
// following redirects, because they carry secrets, and without cookies.
func serviceClient(given ...*http.Client) *http.Client {
	c := &http.Client{}
	found := false
	for _, g := range given {
		if g != nil && !found {
			*c = *g
			found = true
		}
	}
	if !found {
		c.Transport = s3.NewTransport(nil)
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Jar = nil
	return c
}

// ConnectionInfo is where the transfer service of a bucket is, and the key pair
// that it knows the bucket by.
type ConnectionInfo struct {
	Endpoint        *url.URL
	AccessKeyID     string
	AccessKeySecret Secret
}

// Format prints what is no secret, whatever the verb.
func (i ConnectionInfo) Format(f fmt.State, _ rune) { io.WriteString(f, i.Endpoint.Host) }

// LogValue implements slog.LogValuer.
func (i ConnectionInfo) LogValue() slog.Value { return slog.StringValue(i.Endpoint.Host) }

// Names of the steps in a [SpecError].
const (
	stepInfo  = "get connection info"
	stepToken = "get delegated token"
)

// Info asks where the transfer service of a bucket is, once: the answer is
// remembered, and forgotten when the service refuses the key pair in it. The
// error is a [SpecError]; of a bucket that is not enabled for Aspera it is what
// COS says then, commonly fs.ErrPermission or a bad request.
func (s *Service) Info(ctx context.Context, b *icos.Bucket) (*ConnectionInfo, error) {
	key := b.Client().Endpoint() + "/" + b.Name()
	s.mu.Lock()
	info := s.infos.get(key, time.Now())
	s.mu.Unlock()
	if info != nil {
		return info, nil
	}
	info, err := s.ask(ctx, b)
	if err != nil {
		e := &SpecError{Step: stepInfo, Bucket: b.Name(), Err: err}
		if answer, ok := errors.AsType[*icos.Error](err); ok {
			e.StatusCode, e.Reason = answer.StatusCode, answer.Code
		}
		return nil, e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.infos.put(key, info, time.Now())
	return info, nil
}

// ask asks the bucket.
func (s *Service) ask(ctx context.Context, b *icos.Bucket) (*ConnectionInfo, error) {
	wire, err := b.S3(ctx)
	if err != nil {
		return nil, err
	}
	r, err := wire.GetBucketAspera(ctx, &s3.GetBucketAsperaRequest{Bucket: b.Name()})
	if err != nil {
		return nil, err
	}
	u, err := endpoint(r.ATSEndpoint)
	if err != nil {
		return nil, err
	}
	return &ConnectionInfo{Endpoint: u, AccessKeyID: r.AccessKeyID, AccessKeySecret: Secret(r.AccessKeySecret)}, nil
}

// forget forgets where the transfer service of a bucket is, if that is still what
// was known when the service refused.
func (s *Service) forget(b *icos.Bucket, refused *ConnectionInfo) {
	key := b.Client().Endpoint() + "/" + b.Name()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.infos.get(key, time.Now()) == refused {
		s.infos.remove(key)
	}
}
