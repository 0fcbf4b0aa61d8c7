package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/icos-go/icos/server/clock"
	"github.com/icos-go/icos/server/fault"
	"github.com/icos-go/icos/server/journal"
)

// Bounds of requests and answers.
const (
	maxBody     = 1 << 20 // bytes
	maxWait     = time.Minute
	maxRequests = 1000 // in one answer
)

// A Server is what is steered; *server.Server is one.
type Server interface {
	Faults() *fault.Injector
	Journal() *journal.Log // nil if none is kept
	Clock() *clock.Clock
	// Advance moves the clock and does what is due by then.
	Advance(ctx context.Context, d time.Duration) error
	// Snapshot writes the state to a directory that does not exist, or is empty.
	Snapshot(ctx context.Context, dir string) error
	// Restore goes back to such a directory, or else changes nothing.
	Restore(ctx context.Context, dir string) error
}

// Config says what a handler steers, and for whom.
type Config struct {
	Server Server
	// Token is what callers must show as "Authorization: Bearer TOKEN".
	Token string
	// Hosts are the names, without ports, under which callers may address the
	// handler, besides localhost and addresses. Other names are those of a
	// web page whose owner had them point here.
	Hosts []string
	// Logger gets failures. If nil, silence.
	Logger *slog.Logger
}

type handler struct {
	server Server
	token  [sha256.Size]byte
	hosts  []string
	log    *slog.Logger
	mux    *http.ServeMux
}

// New returns the handler. It panics without a token.
func New(cfg Config) http.Handler {
	if cfg.Token == "" {
		panic("admin: Config.Token is empty")
	}
	h := &handler{server: cfg.Server, token: sha256.Sum256([]byte(cfg.Token)), hosts: cfg.Hosts, log: cfg.Logger, mux: http.NewServeMux()}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	for pattern, serve := range map[string]func(*http.Request) (any, error){
		"GET /v1/faults":         h.faults,
		"POST /v1/faults":        h.addFault,
		"PUT /v1/faults":         h.setFaults,
		"DELETE /v1/faults":      h.clearFaults,
		"DELETE /v1/faults/{id}": h.removeFault,
		"GET /v1/clock":          h.clock,
		"POST /v1/clock":         h.moveClock,
		"GET /v1/requests":       h.requests,
		"DELETE /v1/requests":    h.clearRequests,
		"POST /v1/snapshot":      h.snapshot,
		"POST /v1/restore":       h.restore,
	} {
		h.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			answer, err := serve(r)
			if err != nil {
				h.fail(w, r, err)
				return
			}
			h.write(w, http.StatusOK, answer)
		})
	}
	return h
}

// problem is an error that is the caller's.
type problem struct {
	status int
	err    error
}

func (p *problem) Error() string { return p.err.Error() }

func (p *problem) Unwrap() error { return p.err }

func badRequest(err error) error { return &problem{http.StatusBadRequest, err} }

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.admit(r); err != nil {
		h.fail(w, r, err)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// admit refuses web pages and those who do not have the token.
func (h *handler) admit(r *http.Request) error {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host != "localhost" && net.ParseIP(host) == nil && !slices.Contains(h.hosts, host) {
		return &problem{http.StatusMisdirectedRequest, errors.New("this is not the host of that name; use the address that icos serve printed")}
	}
	if r.Header["Origin"] != nil {
		return &problem{http.StatusForbidden, errors.New("web pages have no business here")}
	}
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(token))
	if !found || subtle.ConstantTimeCompare(sum[:], h.token[:]) != 1 {
		return &problem{http.StatusUnauthorized, errors.New("the admin token is missing or wrong; it is in the file admin_token of the data directory")}
	}
	return nil
}

func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	if p, ok := errors.AsType[*problem](err); ok {
		status = p.status
	} else if r.Context().Err() == nil {
		h.log.Error("admin", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	h.write(w, status, failure{err.Error()})
}

func (h *handler) write(w http.ResponseWriter, status int, answer any) {
	b, err := json.Marshal(answer)
	if err != nil {
		h.log.Error("admin: encode answer", "err", err)
		status, b = http.StatusInternalServerError, []byte(`{"error":"internal error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // the caller that does not read it has gone
}

// read decodes the body of a request, strictly: a member that is misspelled is refused and not ignored.
func read(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badRequest(fmt.Errorf("read request: %w", err))
	}
	return nil
}

func (h *handler) faults(*http.Request) (any, error) {
	in := h.server.Faults()
	f := Faults{Seed: in.Seed(), Rules: in.Rules()}
	if f.Rules == nil {
		f.Rules = []fault.Status{}
	}
	return f, nil
}

func (h *handler) addFault(r *http.Request) (any, error) {
	var rule fault.Rule
	if err := read(r, &rule); err != nil {
		return nil, err
	}
	id, err := h.server.Faults().Add(rule)
	if err != nil {
		return nil, badRequest(err)
	}
	return added{id}, nil
}

func (h *handler) setFaults(r *http.Request) (any, error) {
	var f newFaults
	if err := read(r, &f); err != nil {
		return nil, err
	}
	if err := h.server.Faults().Replace(f.Seed, f.Rules); err != nil {
		return nil, badRequest(err)
	}
	return h.faults(r)
}

func (h *handler) clearFaults(r *http.Request) (any, error) {
	in := h.server.Faults()
	in.Reset(in.Seed())
	return h.faults(r)
}

func (h *handler) removeFault(r *http.Request) (any, error) {
	err := h.server.Faults().Remove(r.PathValue("id"))
	if errors.Is(err, fault.ErrNoRule) {
		return nil, &problem{http.StatusNotFound, err}
	}
	if err != nil {
		return nil, err
	}
	return h.faults(r)
}

func (h *handler) clock(*http.Request) (any, error) {
	c := h.server.Clock()
	return Clock{Now: c.Now().UTC(), Offset: c.Offset().String()}, nil
}

func (h *handler) moveClock(r *http.Request) (any, error) {
	var m moveClock
	if err := read(r, &m); err != nil {
		return nil, err
	}
	var d time.Duration
	var err error
	switch {
	case (m.Advance == "") == (m.Set == nil):
		return nil, badRequest(errors.New(`give "advance" or "set"`))
	case m.Set != nil:
		now := h.server.Clock().Now()
		if d = m.Set.Sub(now); !now.Add(d).Equal(*m.Set) {
			return nil, badRequest(fmt.Errorf("set: %w", clock.ErrRange))
		}
	default:
		if d, err = time.ParseDuration(m.Advance); err != nil {
			return nil, badRequest(fmt.Errorf("advance: %w", err))
		}
	}
	if err := h.server.Advance(r.Context(), d); errors.Is(err, clock.ErrRange) {
		return nil, badRequest(clock.ErrRange)
	} else if err != nil {
		return nil, err
	}
	return h.clock(r)
}

func (h *handler) requests(r *http.Request) (any, error) {
	j := h.server.Journal()
	if j == nil {
		return nil, &problem{http.StatusNotFound, errors.New("this server keeps no journal of requests")}
	}
	q := r.URL.Query()
	var after, limit int64
	var wait time.Duration
	var errs [3]error
	if v := q.Get("after"); v != "" {
		after, errs[0] = strconv.ParseInt(v, 10, 64)
	}
	if v := q.Get("limit"); v != "" {
		limit, errs[1] = strconv.ParseInt(v, 10, 32)
	}
	if v := q.Get("wait"); v != "" {
		wait, errs[2] = time.ParseDuration(v)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, badRequest(fmt.Errorf("read request: %w", err))
	}
	if limit <= 0 || limit > maxRequests {
		limit = maxRequests
	}
	if wait > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), min(wait, maxWait))
		defer cancel()
		if err := j.Wait(ctx, after); err != nil && r.Context().Err() != nil {
			return nil, err
		}
	}
	return Requests{j.After(after, int(limit))}, nil
}

func (h *handler) clearRequests(*http.Request) (any, error) {
	if j := h.server.Journal(); j != nil {
		j.Clear()
	}
	return struct{}{}, nil
}

func (h *handler) snapshot(r *http.Request) (any, error) { return withDirectory(r, h.server.Snapshot) }

func (h *handler) restore(r *http.Request) (any, error) { return withDirectory(r, h.server.Restore) }

// withDirectory does what a request wants done with a directory.
func withDirectory(r *http.Request, do func(context.Context, string) error) (any, error) {
	var s snapshot
	if err := read(r, &s); err != nil {
		return nil, err
	}
	if !filepath.IsAbs(s.Directory) {
		return nil, badRequest(fmt.Errorf("directory %q is not an absolute path", s.Directory))
	}
	if err := do(r.Context(), s.Directory); err != nil {
		return nil, &problem{http.StatusConflict, err}
	}
	return s, nil
}
