package rapid

import (
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/icos-go/icos/rapid/internal/session"
)

// ownMemory is what a session may buffer for certain, in bytes: the credit
// that the protocol gives before a word is said (docs/rapid.md §7.5), and as
// much for sending.
const ownMemory = 8 << 20

// GrantOptions says what a grant lets its holder do.
type GrantOptions struct {
	// Rate is what each side may send, in bits per second. If zero, there is
	// no limit but that of the listener.
	Rate int64
	// Life is how soon the session has to begin. If zero, 30 seconds.
	Life time.Duration
	// Policies are the rate policies that may be used. If empty, all.
	Policies []Policy
	// Allow says whether streams may be opened to a destination, as host:port;
	// an error refuses, and its text is told to the peer. It must not block.
	// If nil, all are accepted and it is for the acceptor to refuse.
	Allow func(destination string) error
	// Tag is what [Session.Tag] returns.
	Tag any
	// MaxStreams is as in [ListenOptions]; if zero, that is used.
	MaxStreams int
}

// granted is a grant as the listener remembers it.
type granted struct {
	GrantOptions
	id      ID
	key     Key
	expires time.Time
	session *Session // made when the first datagram with the id comes
	memory  int64    // bytes promised to the session; the listener's lock guards it
}

// expired reports whether a session may not begin any more.
func (g *granted) expired(now time.Time) bool { return !now.Before(g.expires) }

// Grant makes a grant for one session, and remembers it until it is used or
// expires. It fails with [ErrBusy] if too many sessions live or wait, or if
// there is no memory for one more, and with [net.ErrClosed] after Close.
func (l *Listener) Grant(o GrantOptions) (*Grant, error) {
	if o.Rate < 0 || o.Life < 0 || o.MaxStreams < 0 {
		return nil, fmt.Errorf("grant: negative rate, life or number of streams")
	}
	if o.Life == 0 {
		o.Life = 30 * time.Second
	}
	o.Policies = slices.Clone(o.Policies)
	for i, p := range o.Policies {
		p, err := ParsePolicy(string(p))
		if err != nil {
			return nil, fmt.Errorf("grant: %w", err)
		}
		o.Policies[i] = p
	}
	now := time.Now()
	g := &granted{GrantOptions: o, id: newID(), key: newKey(), expires: now.Add(o.Life), memory: ownMemory}

	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, fmt.Errorf("grant: %w", net.ErrClosed)
	}
	l.expireLocked(now)
	if len(l.grants)+len(l.sessions) >= l.o.MaxSessions || l.memory < g.memory {
		return nil, fmt.Errorf("grant: %w", ErrBusy)
	}
	for l.grants[g.id] != nil || l.sessions[g.id] != nil {
		g.id = newID()
	}
	l.memory -= g.memory
	l.grants[g.id] = g
	if l.expiry.IsZero() || g.expires.Before(l.expiry) {
		l.expiry = g.expires
	}
	return &Grant{
		Addrs: slices.Clone(l.o.Advertise), ID: g.id, Key: g.key,
		Rate: o.Rate, Policies: slices.Clone(o.Policies), Expires: g.expires,
	}, nil
}

// expireLocked forgets grants that nobody may use any more.
func (l *Listener) expireLocked(now time.Time) {
	if l.expiry.IsZero() || now.Before(l.expiry) {
		return
	}
	l.expiry = time.Time{}
	for id, g := range l.grants {
		if g.expired(now) {
			l.memory += g.memory
			delete(l.grants, id)
			continue
		}
		if l.expiry.IsZero() || g.expires.Before(l.expiry) {
			l.expiry = g.expires
		}
	}
}

// more is asked when a session could use more memory.
func (l *Listener) more(g *granted, bytes int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.memory < int64(bytes) {
		return false
	}
	l.memory -= int64(bytes)
	g.memory += int64(bytes)
	return true
}

// clamp returns what our sender does when the peer asks it for r: what the
// grant allows of it. The grant's rate bounds it in any case.
func (g *granted) clamp(r session.Rates) session.Rates {
	r.Policy = policyOf(r.Policy).among(g.Policies).control()
	return r
}
