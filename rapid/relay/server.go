package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos/rapid"
)

// A Server hands out grants over HTTPS and forwards the streams of the sessions
// that begin with them. Make it with [NewServer] and run it with [Server.Serve].
type Server struct {
	cfg    Config
	log    *slog.Logger
	list   *allowlist
	gate   *gate
	mux    *http.ServeMux
	grants *throttle // by caller
	guests *guests
	quiet  *throttle // log lines about refusals, by who is refused
	tokens atomic.Pointer[[]Token]

	up, down *limit // of all sessions together
	buffers  sync.Pool
	counts   counters
	draining atomic.Bool

	mu    sync.Mutex // guards flows
	flows map[*flow]struct{}
	work  sync.WaitGroup // streams, and what looks after sessions
}

// Bounds on what the Server remembers of its callers.
const (
	callersKnown = 10_000
	// wrongTokens may come from one address at once, and wrongRate a second.
	wrongTokens = 20
	wrongRate   = 0.2
)

// NewServer checks cfg and returns a Server. It does no I/O.
func NewServer(cfg Config) (*Server, error) {
	s, err := newServer(cfg)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	return s, nil
}

func newServer(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg:    cfg,
		log:    cfg.Logger,
		grants: newThrottle(float64(cfg.GrantsPerMinute)/60, float64(cfg.GrantsPerMinute), callersKnown),
		guests: &guests{most: cfg.SessionsPerCaller, n: map[string]int{}},
		quiet:  newThrottle(0.1, 3, callersKnown),
		up:     newLimit(cfg.Rate),
		down:   newLimit(cfg.Rate),
		flows:  map[*flow]struct{}{},
	}
	s.buffers.New = func() any { b := make([]byte, copyBuffer); return &b }
	s.SetTokens(cfg.Tokens)
	if s.list, err = parseAllowlist(cfg.Upstreams); err != nil {
		return nil, err
	}
	s.gate = &gate{
		tokens:   func() []Token { return *s.tokens.Load() },
		failures: newThrottle(wrongRate, wrongTokens, callersKnown),
	}
	for _, i := range cfg.Issuers {
		j, err := newJudge(i)
		if err != nil {
			return nil, err
		}
		s.gate.judges = append(s.gate.judges, j)
	}
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("POST /v1/grants", s.serveGrant)
	s.mux.HandleFunc("GET /v1/health", s.serveHealth)
	s.mux.HandleFunc("GET /metrics", s.serveMetrics)
	return s, nil
}

// SetTokens replaces the relay tokens, while the Server runs. Sessions that have
// begun go on, whatever token they began with.
func (s *Server) SetTokens(tokens []Token) { s.tokens.Store(&tokens) }

// ServeHTTP answers POST /v1/grants, GET /v1/health and GET /metrics. Serve uses
// it; a program that has an HTTP server already may do so too, but still has to
// run Serve for the streams.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Serve hands out grants on ln, and forwards streams, until ctx ends. Then it
// gives no more grants, lets streams go on for Config.Drain or until they have
// been still for a while, ends the rest, and returns nil. It closes ln and the
// Listener in any case, and returns when all that it began has ended.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	if s.cfg.TLS == nil && !onLoopback(ln.Addr()) {
		return errors.Join(
			fmt.Errorf("relay: %w: %s can be reached from other machines, which would send tokens there; set Config.TLS", ErrPlaintext, ln.Addr()),
			ln.Close(), s.cfg.Listener.Close())
	}
	forwarding, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	hs := s.httpServer()
	ended := make(chan error, 2)
	go func() { ended <- s.serveHTTPOn(hs, newConnLimit(ln, s.cfg.MaxConns)) }()
	go func() { ended <- s.accept(forwarding) }()
	s.work.Go(func() { s.reap(forwarding) })

	var err error
	left := 2
	select {
	case err = <-ended: // neither ends unless something is broken
		left--
	case <-ctx.Done():
	}
	s.draining.Store(true)
	if serr := s.drainStreams(err == nil); err == nil {
		err = serr
	}
	cut()
	if herr := endHTTP(hs); err == nil {
		err = herr
	}
	for range left {
		<-ended
	}
	s.work.Wait()
	if err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	return nil
}

// httpGrace is how long requests that are being answered may take when all
// streams have ended.
const httpGrace = 500 * time.Millisecond

func endHTTP(hs *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), httpGrace)
	defer cancel()
	err := hs.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = hs.Close()
	}
	return err
}

// drainStreams ends the Listener: in time if it may, at once otherwise.
func (s *Server) drainStreams(gently bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), max(s.cfg.Drain, 0))
	defer cancel()
	if gently && s.cfg.Drain > 0 {
		s.log.Info("stopping", "drain", s.cfg.Drain)
	} else {
		cancel()
	}
	err := s.cfg.Listener.Shutdown(ctx)
	if ctx.Err() == nil {
		return err
	}
	if gently && s.cfg.Drain > 0 {
		s.log.Warn("ended streams that were not done in time", "after", s.cfg.Drain)
	}
	return nil
}

func (s *Server) httpServer() *http.Server {
	return &http.Server{
		Handler:           s,
		TLSConfig:         s.cfg.TLS,
		ReadHeaderTimeout: 10 * time.Second, // bounds the TLS handshake too
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // the keys of an issuer may have to be fetched
		IdleTimeout:       30 * time.Second, // callers come rarely
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

func (s *Server) serveHTTPOn(hs *http.Server, ln net.Listener) error {
	err := func() error {
		if s.cfg.TLS != nil {
			return hs.ServeTLS(ln, "", "")
		}
		return hs.Serve(ln)
	}()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve grants: %w", err)
}

// accept forwards every stream there is until the Listener is closed.
func (s *Server) accept(ctx context.Context) error {
	for {
		c, err := s.cfg.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept streams: %w", err)
		}
		stream := c.(*rapid.Conn) // as Accept documents
		v, ok := stream.Session().Tag().(*visit)
		if !ok { // a grant of somebody else who uses the Listener
			_ = stream.Reset(rapid.CodeDenied, "this grant is not for relaying")
			continue
		}
		if !v.began.Swap(true) {
			s.work.Go(func() { s.follow(v, stream.Session()) })
		}
		s.work.Go(func() { s.forward(ctx, v, stream) })
	}
}

func onLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback() // other listeners are in this process, or sockets of files
}
