package rapid

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
	"github.com/icos-go/icos/rapid/internal/session"
	"github.com/icos-go/icos/rapid/internal/udp"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// How a session is begun (docs/rapid.md R8.3, R8.4): a packet goes out each
// interval, to one address more each time, until one has answered.
const (
	helloInterval = 250 * time.Millisecond
	helloTimeout  = 3 * time.Second
)

// open asks for a grant and opens its session, which is one that has heard
// from the server.
func (d *Dialer) open(ctx context.Context, network, address string) (*Session, error) {
	g, err := d.Grants.Grant(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("ask for a grant: %w", err)
	}
	if g == nil {
		return nil, errors.New("ask for a grant: got none")
	}
	if err := g.check(time.Now()); err != nil {
		return nil, err
	}
	if !d.isNew(g.ID) {
		return nil, fmt.Errorf("grant %v was used before: each has to be asked for anew, past any cache", g.ID)
	}
	addrs, err := resolve(ctx, g.Addrs)
	if err != nil {
		return nil, fmt.Errorf("find the server of the grant: %w", err)
	}
	socket, err := d.listen(ctx)
	if err != nil {
		return nil, err
	}
	s := newSession(socket, session.Config{
		Client:   true,
		ID:       wire.ID(g.ID),
		Key:      g.Key,
		Peer:     addrs[0],
		CC:       d.control(g),
		PeerRate: float64(g.Rate) / 8,
		Limits:   session.Limits{StreamWindow: d.MaxStreamWindow, SessionWindow: d.MaxSessionWindow, SendBuffer: d.MaxSessionWindow},
	})
	s.trying, s.policies = addrs[:1:1], g.Policies
	log, server := d.logger(), g.Addrs[0] // the session outlives the grant, and its key
	d.running.Go(func() {
		var reading sync.WaitGroup
		reading.Go(s.read)
		s.run(&d.lend, nil)
		_ = socket.Close() // nothing is lost by it
		reading.Wait()
		d.ended(s, server)
		close(s.gone)
		st := s.Stats()
		log.Debug("rapid session ended", "id", s.id, "remote", st.Remote, "sent", st.Sent, "received", st.Received, "reason", s.Err())
	})
	if err := s.meet(ctx, addrs); err != nil {
		s.fail(err)
		<-s.gone
		return nil, err
	}
	log.Debug("rapid session begins", "id", s.id, "remote", s.RemoteAddr())
	d.running.Go(func() { d.watch(s, network, address) })
	return s, nil
}

// maxUsed is how many grants a Dialer remembers to have used.
const maxUsed = 1024

// isNew reports whether a grant was not used before. A second session with one
// would seal other packets with the same key and the same numbers.
func (d *Dialer) isNew(id ID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, again := d.used[id]; again {
		return false
	}
	if d.used == nil {
		d.used = map[ID]struct{}{}
	}
	for old := range d.used {
		if len(d.used) < maxUsed {
			break
		}
		delete(d.used, old)
	}
	d.used[id] = struct{}{}
	return true
}

// control returns how the sender of a session with a grant begins.
func (d *Dialer) control(g *Grant) cc.Config {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, _ := d.ratesLocked() // checked before
	return cc.Config{
		Policy: r.Policy.among(g.Policies).control(), Target: float64(r.Target) / 8, Min: float64(r.Min) / 8, Cap: float64(g.Rate) / 8,
		Seed: rand.Uint64(), Resume: d.paths.recall(g.Addrs[0], time.Now()),
	}
}

// meet waits until the server has answered.
func (s *Session) meet(ctx context.Context, addrs []netip.AddrPort) error {
	ctx, cancel := context.WithTimeoutCause(ctx, helloTimeout, ErrBlocked)
	defer cancel()
	again := time.NewTicker(helloInterval)
	defer again.Stop()
	for tried := 1; ; {
		select {
		case <-s.heard:
			return nil
		case <-s.done:
			return s.Err()
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-again.C:
		}
		tried = min(tried+1, len(addrs))
		s.mu.Lock()
		if s.trying != nil {
			s.trying = addrs[:tried]
			s.machine.Ping()
			s.settle()
		}
		s.mu.Unlock()
	}
}

// read takes in the datagrams of a client's session until its socket is
// closed.
func (s *Session) read() {
	var in inbox
	buf := make([]byte, udp.MaxBatch)
	for faults := 0; ; {
		n, segment, from, err := s.socket.Read(buf)
		if err != nil {
			if !again(err, &faults) {
				return
			}
			continue
		}
		faults = 0
		for rest := buf[:n]; len(rest) > 0; {
			datagram := rest[:min(segment, len(rest))]
			rest = rest[len(datagram):]
			if id, ok := wire.PeekID(datagram); !ok || ID(id) != s.id {
				continue
			}
			if pk, err := s.machine.Decrypt(datagram); err == nil {
				in.packets = append(in.packets, pk)
			}
		}
		in.deliver(s, from) // servers open no streams
	}
}

// listen opens the socket of a session.
func (d *Dialer) listen(ctx context.Context) (*udp.Conn, error) {
	o := udp.Options{DisableOffload: d.DisableOffload}
	if d.ListenPacket == nil {
		return udp.Listen(ctx, "udp", ":0", o)
	}
	pc, err := d.ListenPacket(ctx, "udp", ":0")
	if err != nil {
		return nil, err
	}
	socket, err := udp.New(pc, o)
	if err != nil {
		_ = pc.Close()
		return nil, err
	}
	return socket, nil
}

func (d *Dialer) logger() *slog.Logger {
	if d.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return d.Logger
}

// resolve finds the addresses of a grant, in its order and at most maxAddrs.
// One name that is not found does not matter if there are others.
func resolve(ctx context.Context, hostports []string) ([]netip.AddrPort, error) {
	var addrs []netip.AddrPort
	var failed error
	for _, hp := range hostports {
		if ap, err := netip.ParseAddrPort(hp); err == nil {
			addrs = append(addrs, netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
			continue
		}
		host, service, err := net.SplitHostPort(hp)
		if err == nil && host == "" {
			err = fmt.Errorf("address %q has no host", hp)
		}
		port, perr := strconv.ParseUint(service, 10, 16)
		if err = errors.Join(err, perr); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		failed = errors.Join(failed, err)
		for _, ip := range ips {
			addrs = append(addrs, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
		}
	}
	if len(addrs) == 0 {
		return nil, failed
	}
	return addrs[:min(len(addrs), maxAddrs)], nil
}
