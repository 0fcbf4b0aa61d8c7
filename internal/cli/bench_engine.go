package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/s3"
)

// A pathEngine is one way to a bucket, and what was measured of it.
type pathEngine struct {
	name   string
	client *icos.Client
	bucket *icos.Bucket
	result pathResult
	err    error // why it cannot be measured

	conns  *connWatch    // of https
	dialer *rapid.Dialer // of rapid
	http   *http.Transport
}

// newHTTPSEngine is what transfers use by default.
func newHTTPSEngine(cfg icos.Config, bucket string) (*pathEngine, error) {
	e := &pathEngine{name: "https", conns: new(connWatch)}
	e.http = s3.NewTransport(&s3.TransportOptions{DialContext: e.conns.dial})
	return e.open(cfg, bucket)
}

type rapidOptions struct {
	grants    rapid.Granter
	via       string
	noOffload bool
}

func newRapidEngine(cfg icos.Config, bucket string, o rapidOptions) (*pathEngine, error) {
	e := &pathEngine{name: "rapid", dialer: &rapid.Dialer{Grants: o.grants, DisableOffload: o.noOffload}}
	e.result.Via = o.via
	// The session has its own congestion control, and it is the relay that dials.
	e.http = s3.NewTransport(&s3.TransportOptions{DialContext: e.dialer.DialContext, Congestion: "system"})
	e.http.Proxy = nil
	return e.open(cfg, bucket)
}

func (e *pathEngine) open(cfg icos.Config, bucket string) (*pathEngine, error) {
	e.result.V, e.result.Type, e.result.Engine = schemaVersion, "path", e.name
	cfg.HTTPClient = &http.Client{Transport: e.http}
	var err error
	if e.client, err = icos.NewClient(cfg); err != nil {
		return nil, err
	}
	e.bucket = e.client.Bucket(bucket)
	return e, nil
}

func (e *pathEngine) close() {
	e.http.CloseIdleConnections()
	if e.dialer != nil {
		_ = e.dialer.Close() // everything was measured
	}
}

// Round trips that are timed.
const (
	requestTimes = 7
	connectTimes = 5
)

// reach asks for the bucket a few times, and times that.
func (e *pathEngine) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var took []time.Duration
	for i := range requestTimes {
		began := time.Now()
		found, err := e.bucket.Exists(ctx)
		if err != nil {
			return err
		}
		if !found {
			return &icos.Error{Op: "HeadBucket", Bucket: e.bucket.Name(), Code: "NoSuchBucket", StatusCode: http.StatusNotFound, Message: "there is no such bucket"}
		}
		if i > 0 { // the first makes the connection, and gets a token
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	e.result.Request = took[len(took)/2].Seconds()
	if e.conns != nil {
		e.result.RTT = e.conns.connectTime(ctx).Seconds()
	}
	return nil
}

// lossOf runs measure and notes which share of the packets sent meanwhile was lost.
func (e *pathEngine) lossOf(measure func() error) error {
	sent, lost := e.packets()
	err := measure()
	allSent, allLost := e.packets()
	if n := allSent - sent; n > 0 {
		share := max(0, float64(allLost-lost)) / float64(n) // a connection that was closed takes its counts with it
		e.result.Loss = &share
	}
	return err
}

// packets counts those sent so far, and those of them that were lost.
func (e *pathEngine) packets() (sent, lost int64) {
	if e.conns != nil {
		return e.conns.packets()
	}
	for _, s := range e.dialer.Stats() {
		sent += s.PacketsSent
		lost += s.PacketsLost
	}
	return sent, lost
}

// finish notes what is known only in the end.
func (e *pathEngine) finish() {
	if e.dialer == nil {
		return
	}
	for _, s := range e.dialer.Stats() {
		if rtt := s.MinRTT.Seconds(); rtt > 0 && (e.result.RTT == 0 || rtt < e.result.RTT) {
			e.result.RTT = rtt
		}
	}
}

// A connWatch makes TCP connections and remembers them. It is safe for concurrent use.
type connWatch struct {
	mu    sync.Mutex // guards conns
	conns []*net.TCPConn
}

func (w *connWatch) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	c, err := d.DialContext(ctx, network, address)
	if tcp, ok := c.(*net.TCPConn); ok {
		w.mu.Lock()
		w.conns = append(w.conns, tcp)
		w.mu.Unlock()
	}
	return c, err
}

// packets counts those of all connections, where the system tells.
func (w *connWatch) packets() (sent, lost int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		s, l := tcpPackets(c)
		sent, lost = sent+s, lost+l
	}
	return sent, lost
}

// connectTime is the least time that it takes to connect to where the latest
// connection goes: a round trip, and nothing that the other end has to think about. It
// is 0 if that cannot be had.
func (w *connWatch) connectTime(ctx context.Context) time.Duration {
	w.mu.Lock()
	if len(w.conns) == 0 {
		w.mu.Unlock()
		return 0
	}
	to := w.conns[len(w.conns)-1].RemoteAddr().String()
	w.mu.Unlock()
	least := time.Duration(0)
	for range connectTimes {
		began := time.Now()
		c, err := (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, "tcp", to)
		if err != nil {
			break // the requests that went well say more than this would
		}
		if took := time.Since(began); least == 0 || took < least {
			least = took
		}
		c.Close()
	}
	return least
}

// serviceGrants asks the transfer service of a bucket for grants. It is nil if the
// bucket has no such service, or one that does not offer rapid, as IBM's.
func serviceGrants(ctx context.Context, client *icos.Client, bucket string) (_ rapid.Granter, via string) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	service, err := aspera.NewService(client, nil)
	if err != nil {
		return nil, "" // the credentials are not of a kind that a transfer service takes
	}
	b := client.Bucket(bucket)
	grants := rapid.GranterFunc(func(ctx context.Context, _, _ string) (*rapid.Grant, error) {
		spec, err := service.Setup(ctx, b, aspera.Send, aspera.Path{Destination: "/"})
		if err != nil {
			return nil, err
		}
		if spec.Grant == nil {
			return nil, errors.New("the transfer service offers no rapid")
		}
		info, err := service.Info(ctx, b)
		if err != nil {
			return nil, err
		}
		for i, a := range spec.Grant.Addrs {
			if host, port, err := net.SplitHostPort(a); err == nil && host == "" {
				spec.Grant.Addrs[i] = net.JoinHostPort(info.Endpoint.Hostname(), port)
			}
		}
		return spec.Grant, nil
	})
	first, err := grants(ctx, "tcp", "")
	if err != nil {
		return nil, ""
	}
	info, err := service.Info(ctx, b)
	if err != nil {
		return nil, ""
	}
	return &startingWith{first: first, next: grants}, fmt.Sprintf("the transfer service at %s", info.Endpoint.Host)
}

// startingWith hands out a grant that there is already, and then asks for others.
type startingWith struct {
	next rapid.Granter

	mu    sync.Mutex // guards first
	first *rapid.Grant
}

func (g *startingWith) Grant(ctx context.Context, network, address string) (*rapid.Grant, error) {
	g.mu.Lock()
	first := g.first
	g.first = nil
	g.mu.Unlock()
	if first != nil && (first.Expires.IsZero() || time.Now().Before(first.Expires)) {
		return first, nil
	}
	return g.next.Grant(ctx, network, address)
}
