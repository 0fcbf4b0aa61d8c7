package cli

import (
	"net/http"
	"strings"
	"sync"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer"
)

// manager returns what moves things to and from buckets of client, and what to
// call when nothing moves any more. A manager that several commands share tells
// the traveller of the first how bytes travel.
func (a *app) manager(client *icos.Client, o *transfer.Options, x *acceleration, t traveller) (_ *transfer.Manager, release func(), err error) {
	if a.shared != nil {
		m, err := a.shared.manager(a, o, x, t)
		return m, func() {}, err
	}
	m, err := a.newManager(client, o, x, t)
	if err != nil {
		return nil, nil, err
	}
	stop := a.steerable(m, a.commandLine())
	return m, func() {
		stop()
		// Everything has ended, so there is nothing left to fail.
		_ = m.Close()
	}, nil
}

// commandLine is the command as it was given, without secrets.
func (a *app) commandLine() string {
	words := []string{"icos"}
	for _, arg := range a.args {
		words = append(words, shellQuote(withoutUser(arg)))
	}
	return strings.Join(words, " ")
}

// sharing is what the commands of one run have in common: connections,
// credentials and managers, which take longer to make than a small object to
// move, and one display.
type sharing struct {
	display *display
	http    *http.Client
	rate    rateFlag // of all lines together, but for those with other flags of this kind

	look sync.Once // fills left
	left map[string]transfer.JobInfo

	mu       sync.Mutex // guards all below
	configs  map[globalFlags]icos.Config
	managers map[sharedKey]*transfer.Manager
	closers  []func()
	sum      reports
	failed   int64
}

type sharedKey struct {
	flags        globalFlags
	tuning       tuning
	acceleration acceleration
}

func newSharing(rate rateFlag) *sharing {
	return &sharing{
		rate:     rate,
		http:     &http.Client{Transport: s3.NewTransport(nil)},
		configs:  map[globalFlags]icos.Config{},
		managers: map[sharedKey]*transfer.Manager{},
	}
}

// config returns what find finds for these flags, once.
func (s *sharing) config(flags globalFlags, find func() (icos.Config, error)) (icos.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cfg, ok := s.configs[flags]; ok {
		return cfg, nil
	}
	cfg, err := find()
	if err != nil {
		return icos.Config{}, err
	}
	cfg.HTTPClient = s.http
	s.configs[flags] = cfg
	return cfg, nil
}

func (s *sharing) manager(a *app, o *transfer.Options, x *acceleration, t traveller) (*transfer.Manager, error) {
	key := sharedKey{flags: a.flags, acceleration: *x, tuning: tuning{
		jobs: o.Concurrency, connections: o.Connections, partSize: sizeFlag(o.PartSize), threshold: sizeFlag(o.Threshold),
		memory: sizeFlag(o.Memory), rate: rateFlag(o.Rate), noResume: o.StateDir == "",
	}}
	client, err := a.client()
	if err != nil {
		return nil, err
	}
	if s.rate > 0 && (o.Rate == 0 || o.Rate > int64(s.rate)) {
		o.Rate = int64(s.rate)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.managers[key]; ok {
		return m, client.Close()
	}
	m, err := a.newManager(client, o, x, t)
	if err != nil {
		return nil, err
	}
	stop := a.steerable(m, a.commandLine())
	s.closers = append(s.closers, func() {
		stop()
		// Everything has ended, so there is nothing left to fail.
		_, _ = m.Close(), client.Close()
	})
	s.managers[key] = m
	return m, nil
}

// add counts a command that has ended.
func (s *sharing) add(r *reports, failed int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	longest := s.sum.longest
	s.sum.add(r.Report)
	s.sum.addWays(r.ways...)
	s.sum.longest = max(longest, r.longest)
	s.failed += failed
}

// close releases what was shared.
func (s *sharing) close() {
	for _, c := range s.closers {
		c()
	}
	s.http.CloseIdleConnections()
}
