package cc

import "time"

// A Controller steers one direction of one session. Make one with [New].
type Controller struct {
	cfg      Config
	inflight int
}

// New returns a Controller that has seen nothing yet.
func New(cfg Config) *Controller {
	return &Controller{cfg: cfg}
}

// Sent records that p, of size bytes, went out at now and is in flight until
// Acked, Lost or Forget. The owner keeps p at the same address until then.
func (c *Controller) Sent(now time.Duration, p *Packet, size int) {}

// Ack begins an event at now: an ACK frame, or a timer that finds losses.
// Acked, Lost, Late, Forget and HostDropped follow in any order, then Done.
func (c *Controller) Ack(now time.Duration) {}

// Acked tells that p arrived.
func (c *Controller) Acked(p *Packet) {}

// Lost tells that p is taken for lost.
func (c *Controller) Lost(p *Packet) {}

// Late tells that p, which was reported Lost before, arrived after all: it
// was delayed or reordered, and its loss is taken back.
func (c *Controller) Late(p *Packet) {}

// Forget takes p out of flight without any conclusion: a lost probe of a
// larger packet size, say.
func (c *Controller) Forget(p *Packet) {}

// HostDropped tells that the receiving host, not the path, dropped n packets
// more than it had reported before. It is called between Ack and Done.
func (c *Controller) HostDropped(n int) {}

// Done ends an event. rtt is the round trip of the newest packet that the ACK
// acknowledged first, less the delay that the peer reports; zero if the ACK
// gives no new sample.
func (c *Controller) Done(now, rtt time.Duration) {}

// AppLimited tells that there is nothing to send although Window and pacing
// allow it, so that what is measured now says nothing about the path.
func (c *Controller) AppLimited() {}

// Window returns the bytes that may be in flight. Probes of a loss timer may
// go beyond it.
func (c *Controller) Window() int { return 32 * 1452 }

// Inflight returns the bytes that are in flight.
func (c *Controller) Inflight() int { return c.inflight }

// Rate returns the pacing rate in bytes a second. It is never zero.
func (c *Controller) Rate() float64 { return 1e6 }

// Quantum returns the bytes that may leave in one burst, at least two
// datagrams and at most 64 KiB.
func (c *Controller) Quantum() int { return 2 * 1452 }

// Set changes policy, target and minimum while running; zeros mean none.
func (c *Controller) Set(p Policy, target, least float64) {}

// SetCap changes the rate that the peer granted; zero means none.
func (c *Controller) SetCap(rate float64) {}

// SetWeight changes the part of one session's share, as Config.Weight.
func (c *Controller) SetWeight(w float64) {}

// SetDatagram changes the size of a full packet.
func (c *Controller) SetDatagram(size int) {}

// Timeout tells that nothing has been acknowledged for several timeouts in a
// row although packets are in flight. What is known of the path is kept, but
// sending starts again with half of it when the silence ends. It may be called
// repeatedly.
func (c *Controller) Timeout(now time.Duration) {}

// PathChanged tells that packets take another path now, of which nothing is
// known.
func (c *Controller) PathChanged(now time.Duration) {}

// Stats describes the Controller now. It allocates nothing.
func (c *Controller) Stats() Stats { return Stats{} }

// Path returns what a later session to the same peer may use as
// Config.Resume. Its Rate is zero while nothing is known.
func (c *Controller) Path() Path { return Path{} }
