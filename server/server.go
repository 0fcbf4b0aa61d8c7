// Package server assembles a local IBM Cloud Object Storage: the S3 API and the
// websites of buckets, the identity service, Key Protect, the Resource
// Configuration API, the transfer service and the endpoint list as one
// http.Handler over one directory.
//
// [New] opens it, [Server.Serve] serves it on a listener until a context
// ends, and [Server.Credential] is the service credential that every IBM SDK
// can be given. Tests use package icostest instead, which does all three.
package server

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/icos-go/icos/server/ats"
	"github.com/icos-go/icos/server/authn"
	"github.com/icos-go/icos/server/clock"
	"github.com/icos-go/icos/server/fault"
	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/journal"
	"github.com/icos-go/icos/server/kms"
	"github.com/icos-go/icos/server/resourceconfig"
)

// Config says where a Server keeps its data and how it presents itself.
type Config struct {
	// Dir holds everything: DIR/store the buckets and objects, DIR/iam the
	// identities and keys, DIR/kms the keys of Key Protect. It is made if
	// missing, and belongs to one Server at a time.
	Dir string
	// Location is the region the server plays, such as us-south, whose
	// standard class a bucket gets that names none. If empty, us-south.
	Location string
	// Hosts are the host names, without ports, under which a bucket may be
	// addressed as bucket.host. If empty, localhost; addressing by path
	// works under every name.
	Hosts []string
	// Now is the clock of tokens, signatures and answers. If nil, time.Now.
	Now func() time.Time
	// Clock is the clock of objects: of their dates, retentions and
	// lifecycles. If nil, one that shows Now. See Server.Advance.
	Clock *clock.Clock
	// Logger gets what goes wrong, and at debug level every request. Keys,
	// tokens and signatures are never logged. If nil, silence.
	Logger *slog.Logger
	// FS is the file system of the store. If nil, the disk. If it is set
	// and Dir is empty, identities and keys are kept in memory too.
	FS vfs.FS
	// NoSync acknowledges writes before they are on the disk: everything
	// survives the end of the process, but not a crash of the machine. It
	// makes tests fast.
	NoSync bool
	// TokenTTL is how long access tokens live. If zero, one hour.
	TokenTTL time.Duration
	// SigningKey signs tokens instead of a key made and kept in Dir. Tests
	// share one, as an RSA key takes long to make.
	SigningKey *rsa.PrivateKey
	// Encrypt encrypts every object that is under no root key and no key of its
	// client with a key of the server, which is kept in DIR/kms.
	Encrypt bool
	// NameHold is how long nobody can take the name of a deleted bucket, on the
	// clock of objects; COS holds them for 5 minutes. If zero, not at all.
	NameHold time.Duration
	// WebsiteHosts are the host names, without ports, under which the website
	// of a bucket is served as bucket.host. If empty, s3-web before each of Hosts,
	// as in s3-web.localhost.
	WebsiteHosts []string
	// SweepEvery is how often Serve does what the lifecycle rules say, and tries
	// again what could not be replicated. If zero, every hour; if negative, only
	// when Server.Sweep or Server.Advance is called.
	SweepEvery time.Duration
	// Journal is how many of the last requests are remembered; see
	// Server.Journal. If zero, none.
	Journal int
}

// Credential is a COS service credential: its JSON form is what IBM Cloud
// hands out, and it prints without its secrets.
type Credential = iam.ServiceCredential

// A Server is a local COS. It is an http.Handler and may be used concurrently.
type Server struct {
	cfg     Config // complete
	hosts   authn.Hosts
	sites   authn.Hosts // of websites
	log     *slog.Logger
	rapid   listeners
	faults  fault.Injector
	journal *journal.Log // nil if none is kept

	gate     gate // passed by all that use state, except to look something up
	state    atomic.Pointer[state]
	exchange exchange // nothing can be restored if dir is empty

	life   sync.Mutex // held by Restore and Close
	ended  bool       // by Close; guarded by life
	stuck  bool       // a restore failed and could not be undone; guarded by life
	closed error      // what Close returned; guarded by life
}

// New opens the server kept in cfg.Dir. On first use that makes a service
// instance with a credential; see Credential.
func New(cfg Config) (*Server, error) {
	if cfg.Dir == "" && cfg.FS == nil {
		return nil, errors.New("server: Config.Dir is empty; name a directory for the data")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if len(cfg.Hosts) == 0 {
		cfg.Hosts = []string{"localhost"}
	}
	if len(cfg.WebsiteHosts) == 0 {
		for _, host := range cfg.Hosts {
			cfg.WebsiteHosts = append(cfg.WebsiteHosts, "s3-web."+host)
		}
	}
	onDisk := cfg.FS == nil
	if cfg.NoSync {
		cfg.FS = withoutSync(cfg.FS)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.New(cfg.Now)
	}
	s := &Server{
		cfg:   cfg,
		hosts: authn.NewHosts(cfg.Hosts),
		sites: authn.NewHosts(cfg.WebsiteHosts),
		log:   cfg.Logger,
		gate:  newGate(),
	}
	if cfg.Journal > 0 {
		s.journal = journal.New(cfg.Journal)
	}
	if onDisk {
		dir, err := filepath.Abs(cfg.Dir)
		if err != nil {
			return nil, fmt.Errorf("server: %w", err)
		}
		s.exchange = exchange{dir: dir, rename: os.Rename}
		if err := s.exchange.recover(); err != nil {
			return nil, fmt.Errorf("server: end an interrupted restore: %w", err)
		}
	}
	d, err := s.beginState()
	if err != nil {
		return nil, err
	}
	s.state.Store(d)
	return s, nil
}

// ServeHTTP serves the identity API below /identity/ and /oidc/, the APIs that
// manage credentials and policies (see [iam.ServesPath]), the settings of
// buckets beside S3 (see [resourceconfig.Serves]), the endpoint
// list at /v2/endpoints, Key Protect where requests are for that (see
// [kms.Serves]), the Node API of the transfer service where requests
// are for that (see [ats.Serves]), and the S3 API everywhere else.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.abort(r)
	w, r, end := guard(w, r)
	defer end()
	if !s.gate.enter() {
		name, _ := s.beside(s.state.Load(), r)
		s.refuseForNow(name, w, r)
		return
	}
	defer s.gate.leave()
	d := s.state.Load()
	if name, h := s.beside(d, r); h != nil {
		s.serveBeside(name, h, w, r)
		return
	}
	d.s3.ServeHTTP(w, r)
}

// beside returns the service of d beside the S3 API that r is for, and its name; nil if it is for the S3 API.
func (s *Server) beside(d *state, r *http.Request) (name string, h http.Handler) {
	switch path := r.URL.Path; {
	case s.hosts.Bucket(r.Host) != "", s.sites.Bucket(r.Host) != "": // every path is a key of the bucket in the host name
		return "", nil
	case strings.HasPrefix(path, "/identity/"), strings.HasPrefix(path, "/oidc/"), strings.HasPrefix(path, "/.well-known/"):
		return "IAM", d.iam
	case path == "/v2/endpoints": // "v2" is too short for a bucket's name
		return "Endpoints", http.HandlerFunc(s.serveEndpoints)
	case kms.Serves(r):
		return "KeyProtect", d.kms
	case iam.ServesPath(path):
		return "Access", d.iam
	case resourceconfig.Serves(path):
		return "ResourceConfiguration", d.config
	case ats.Serves(r):
		return "ATS", d.ats
	}
	return "", nil
}

// abort turns a panic, which is a bug of ours, into a line in the log and a
// dropped connection: the response may have begun, and ending it as if it
// were whole would be worse. Clients repeat the request.
func (s *Server) abort(r *http.Request) {
	switch v := recover(); v {
	case nil:
	case http.ErrAbortHandler:
		panic(v)
	default:
		s.log.Error("panic while serving a request", "method", r.Method, "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
		panic(http.ErrAbortHandler)
	}
}

// Credential returns the credential made at first start, for a client that
// reaches the server at baseURL (scheme and host).
func (s *Server) Credential(baseURL string) Credential {
	d := s.state.Load()
	c := d.iam.First().At(baseURL)
	in, _ := d.kms.First()
	c.KMSEndpoint, c.KMSInstance = c.Endpoint, in.CRN
	return c
}

// CreateInstance makes another service instance, and an instance of Key Protect
// for it, and returns a credential that manages both. Complete that with
// [iam.ServiceCredential.At].
func (s *Server) CreateInstance(ctx context.Context, name string) (Credential, error) {
	if !s.gate.enter() {
		return Credential{}, errRestoring
	}
	defer s.gate.leave()
	d := s.state.Load()
	c, err := d.iam.CreateInstance(ctx, name)
	if err != nil {
		return Credential{}, err
	}
	in, err := d.kms.CreateInstance(ctx, name, c.IAMID())
	if err != nil {
		return Credential{}, fmt.Errorf("server: create instance: %w", err)
	}
	c.KMSInstance = in.CRN
	return c, nil
}

// IAM returns the identity service, for tests and administration. After Restore
// it is another one, and this one must not be used any more.
func (s *Server) IAM() *iam.Service { return s.state.Load().iam }

// Close ends the listeners given to [Server.OfferRapid] and closes the store.
// Requests still running fail; [Server.Serve] returns only when none is. It
// may be called more than once.
func (s *Server) Close() error {
	s.life.Lock()
	defer s.life.Unlock()
	if !s.ended {
		s.ended = true
		s.closed = errors.Join(s.rapid.close(), s.state.Load().close())
	}
	return s.closed
}
