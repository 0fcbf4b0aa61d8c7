// Package icostest runs a local COS inside a test.
//
// [NewServer] starts one, with a service instance, an API key and HMAC keys,
// and stops it when the test ends:
//
//	cos := icostest.NewServer(t)
//	bucket := cos.Client().Bucket("pictures")
//
// It is the server that "icos serve" runs, signatures and durability
// included, except that it does not wait for the disk. Programs that are not
// tests, such as examples, use [Start].
package icostest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/server"
	"github.com/icos-go/icos/server/clock"
	"github.com/icos-go/icos/server/fault"
)

// Options change how a Server is started. The zero value is what most tests
// want.
type Options struct {
	// Dir holds the data and is kept when the server stops, so that another
	// server can go on with it. If empty, a temporary directory, which is
	// removed.
	Dir string
	// Snapshot is a directory written by server.Server.Snapshot, or by icos admin
	// snapshot: the server begins with a copy of it, with the same credentials. Dir,
	// if given, must then be empty.
	Snapshot string
	// Location is the region the server plays. If empty, us-south.
	Location string
	// Now is the server's clock. If nil, time.Now.
	Now func() time.Time
	// Clock is the clock of objects, to share or to begin at another time. If
	// nil, one that shows Now. See Server.Advance.
	Clock *clock.Clock
	// TokenTTL is how long access tokens live. If zero, one hour.
	TokenTTL time.Duration
	// Logger gets what the server has to say. If nil, silence.
	Logger *slog.Logger
	// Rapid accepts rapid sessions, too, on a UDP port of the loopback address:
	// what the transfer service answers then carries grants for them.
	Rapid bool
	// RapidConn is what rapid sessions use instead of a UDP port, such as an end
	// of a simulated network. The server closes it. It implies Rapid.
	RapidConn net.PacketConn
	// Faults are rules for requests that are to fail, which Server.Faults can
	// change later; FaultSeed is the seed of their chances.
	Faults    []fault.Rule
	FaultSeed uint64
	// Encrypt encrypts every object that is under no other key, as icos serve
	// --encrypt does.
	Encrypt bool
	// Wrap, if not nil, returns the handler to serve instead of cos, such as
	// one that fails now and then.
	Wrap func(cos http.Handler) http.Handler
}

// A Server is a running local COS on a loopback address.
type Server struct {
	// URL is the base URL: http, an address and a port. It is the endpoint
	// of the S3 API; the token endpoint is URL + "/identity/token".
	URL string
	// Credential is the service credential made at first start. Its JSON
	// form is what IBM's SDKs read as a cos_credentials file.
	Credential server.Credential

	cos     *server.Server
	http    *http.Server
	rapid   *rapid.Listener // nil if there is none
	client  *icos.Client
	hmac    *icos.Client
	serving sync.WaitGroup
	temp    string // removed by Close; "" if none

	mu     sync.Mutex // guards served
	served []error    // why serving ended, if not by Close

	closing sync.Once
	closed  error // guarded by closing
}

// NewServer starts a server and closes it when t ends. It takes at most one
// *Options; nil means none.
func NewServer(t testing.TB, opts ...*Options) *Server {
	t.Helper()
	var o Options
	switch {
	case len(opts) > 1:
		t.Fatalf("NewServer takes one *Options at most, not %d", len(opts))
	case len(opts) == 1 && opts[0] != nil:
		o = *opts[0]
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s, err := Start(&o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Start starts a server, which the caller must close.
func Start(o *Options) (*Server, error) {
	if o == nil {
		o = &Options{}
	}
	s := &Server{}
	if err := s.start(*o); err != nil {
		return nil, fmt.Errorf("icostest: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Server) start(o Options) (err error) {
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "icostest-"); err != nil {
			return err
		}
		s.temp = o.Dir
	}
	if o.Snapshot != "" {
		if err := os.CopyFS(o.Dir, os.DirFS(o.Snapshot)); err != nil {
			return fmt.Errorf("copy snapshot: %w", err)
		}
	}
	key, err := signingKey()
	if err != nil {
		return err
	}
	s.cos, err = server.New(server.Config{
		Dir: o.Dir, Location: o.Location, Now: o.Now, Clock: o.Clock, Logger: o.Logger, TokenTTL: o.TokenTTL,
		NoSync: true, SigningKey: key, Journal: rememberedRequests, Encrypt: o.Encrypt,
	})
	if err != nil {
		return err
	}
	if err := s.cos.Faults().Replace(o.FaultSeed, o.Faults); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.URL = "http://" + ln.Addr().String()
	s.Credential = s.cos.Credential(s.URL)
	var h http.Handler = s.cos
	if o.Wrap != nil {
		h = o.Wrap(h)
	}
	s.http = &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	s.serve(ln)
	if o.Rapid || o.RapidConn != nil {
		if s.rapid, err = listenRapid(o.RapidConn, o.Logger); err != nil {
			return err
		}
		s.cos.OfferRapid(s.rapid)
		s.serve(s.rapid)
	}
	if s.client, err = icos.NewClient(s.Config()); err != nil {
		return err
	}
	s.hmac, err = icos.NewClient(s.HMACConfig())
	return err
}

// listenRapid listens on conn, or on a UDP port of its own if that is nil.
func listenRapid(conn net.PacketConn, log *slog.Logger) (*rapid.Listener, error) {
	o := &rapid.ListenOptions{Logger: log}
	if conn != nil {
		return rapid.NewListener(conn, o)
	}
	return rapid.Listen("udp", "127.0.0.1:0", o)
}

// serve answers what comes through ln until the server stops.
func (s *Server) serve(ln net.Listener) {
	s.serving.Go(func() {
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.served = append(s.served, err)
		}
	})
}

// Client returns a client that uses the credential's API key. It belongs to
// the server, which closes it.
func (s *Server) Client() *icos.Client { return s.client }

// HMACClient returns a client that uses the credential's HMAC keys. It
// belongs to the server, which closes it.
func (s *Server) HMACClient() *icos.Client { return s.hmac }

// Config returns what icos.NewClient needs to reach the server with the
// credential's API key. Every call makes Credentials of its own, with a token
// of their own.
func (s *Server) Config() icos.Config {
	return icos.Config{
		Endpoint:     s.URL,
		EndpointsURL: s.Credential.Endpoints,
		Credentials:  auth.IAM(s.Credential.APIKey, &auth.IAMOptions{Endpoint: s.Credential.AuthEndpoint}),
		InstanceID:   s.Credential.ResourceInstanceID,
	}
}

// HMACConfig returns what icos.NewClient needs to reach the server with the
// credential's HMAC keys.
func (s *Server) HMACConfig() icos.Config {
	k := s.Credential.HMACKeys
	return icos.Config{
		Endpoint:     s.URL,
		EndpointsURL: s.Credential.Endpoints,
		Credentials:  auth.HMAC(k.AccessKeyID, k.SecretAccessKey),
		InstanceID:   s.Credential.ResourceInstanceID,
	}
}

// COS returns the server behind the URL: to make another service instance,
// or to serve it through something else.
func (s *Server) COS() *server.Server { return s.cos }

// Rapid returns the listener for rapid sessions, whose grants open streams to
// the server; nil without Options.Rapid. It belongs to the server.
func (s *Server) Rapid() *rapid.Listener { return s.rapid }

// drainTimeout is how long Close lets running requests go on.
const drainTimeout = 5 * time.Second

// Close closes the clients, lets running requests finish for up to five
// seconds, and stops the server. It may be called more than once.
func (s *Server) Close() error {
	s.closing.Do(func() { s.closed = s.stop() })
	return s.closed
}

func (s *Server) stop() error {
	var errs []error
	for _, c := range []*icos.Client{s.client, s.hmac} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
		defer cancel()
		if s.http.Shutdown(ctx) != nil {
			errs = append(errs, s.http.Close())
		}
		s.serving.Wait()
		errs = append(errs, s.served...)
	}
	if s.cos != nil {
		errs = append(errs, s.cos.Close())
	}
	if s.temp != "" {
		errs = append(errs, os.RemoveAll(s.temp))
	}
	return errors.Join(errs...)
}

// signingKey is shared by all servers of a process: making an RSA key takes a
// hundred times longer than starting a server, and a test's tokens guard
// nothing.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
