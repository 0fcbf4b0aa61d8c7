package netsim

import (
	"container/heap"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// direction is the link one way. The lock of its network guards all of it.
//
// A packet waits in queue until it was sent, then travels in flight until it
// arrives. Both are brought up to date by advanceLocked, whenever something is
// sent and when the timer for the next change fires.
type direction struct {
	net   *Network
	side  Side // that sends
	link  Link
	rand  *rand.Rand
	stats Stats

	queue  []*packet // in order; the first is being sent
	queued int       // their bytes
	depart time.Time // when the first of them will have been sent
	flight flight
	number uint64    // of packets that entered flight: those that arrive at the same time keep their order
	last   time.Time // the latest arrival so far of packets in order

	timer *time.Timer // for the next change; nil before the first packet
	wake  time.Time   // when timer fires; zero if it is not set
}

func newDirection(n *Network, l Link, side Side) *direction {
	return &direction{net: n, side: side, link: l, rand: random(l.Seed, side)}
}

func random(seed uint64, side Side) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(side)+1)) }

// packet is a datagram and its way.
type packet struct {
	from, to netip.AddrPort
	data     *[]byte
	size     int // bytes of the IP packet
	arrive   time.Time
	number   uint64
}

// buffers are of *[]byte. A network in a test moves many gigabytes.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func newPacket(from, to netip.AddrPort, data []byte) *packet {
	const udp, ipv4, ipv6 = 8, 20, 40
	b := buffers.Get().(*[]byte)
	*b = append((*b)[:0], data...)
	p := &packet{from: from, to: to, data: b, size: len(data) + udp + ipv4}
	if to.Addr().Unmap().Is6() {
		p.size += ipv6 - ipv4
	}
	return p
}

func (p *packet) free() {
	buffers.Put(p.data)
	p.data = nil
}

func (d *direction) setLocked(l Link, now time.Time) {
	d.advanceLocked(now)
	old := d.link
	d.link = l
	if l.Seed != old.Seed {
		d.rand = random(l.Seed, d.side)
	}
	if len(d.queue) > 0 && old.Rate != l.Rate {
		// What is left of the packet being sent goes at the new rate.
		left := float64(d.depart.Sub(now)) / float64(max(1, old.sending(d.queue[0].size)))
		d.depart = now.Add(time.Duration(left * float64(l.sending(d.queue[0].size))))
	}
	d.advanceLocked(now)
}

func (d *direction) sendLocked(p *packet, now time.Time) {
	d.advanceLocked(now)
	d.stats.Sent++
	d.stats.SentBytes += int64(p.size)
	switch {
	case d.link.Blocked:
		d.stats.Blocked++
		p.free()
		return
	case p.size > d.link.mtu():
		d.stats.TooBig++
		p.free()
		return
	case d.link.Rate > 0 && len(d.queue) > 0 && d.queued+p.size > d.link.queue():
		d.stats.QueueDrops++
		p.free()
		return
	}
	if len(d.queue) == 0 {
		d.depart = now.Add(d.link.sending(p.size))
	}
	d.queue = append(d.queue, p)
	d.queued += p.size
	d.stats.PeakQueue = max(d.stats.PeakQueue, d.queued)
	d.advanceLocked(now)
}

// advanceLocked does everything that was due until now, and sets the timer.
func (d *direction) advanceLocked(now time.Time) {
	for len(d.queue) > 0 && !d.depart.After(now) {
		p := d.queue[0]
		d.queue[0] = nil
		d.queue = d.queue[1:]
		d.queued -= p.size
		d.travel(p)
		if len(d.queue) > 0 {
			d.depart = d.depart.Add(d.link.sending(d.queue[0].size))
		}
	}
	for len(d.flight) > 0 && !d.flight[0].arrive.After(now) {
		d.arrive(heap.Pop(&d.flight).(*packet))
	}
	d.schedule(now)
}

// travel takes a packet that left the queue at d.depart.
func (d *direction) travel(p *packet) {
	// Every packet takes the same numbers, whatever becomes of it and however
	// the link is set: changing one setting does not change what the others do.
	loss, dup, late, by, jitter := d.rand.Float64(), d.rand.Float64(), d.rand.Float64(), d.rand.Float64(), d.rand.Float64()
	if loss < d.link.Loss {
		d.stats.RandomDrops++
		p.free()
		return
	}
	p.arrive = d.depart.Add(d.link.Delay + time.Duration(jitter*float64(d.link.Jitter)))
	if p.arrive.Before(d.last) {
		p.arrive = d.last
	}
	d.last = p.arrive
	if late < d.link.Reorder {
		p.arrive = p.arrive.Add(time.Duration((1 - by) * float64(d.link.late())))
	}
	d.fly(p)
	if dup < d.link.Duplicate {
		d.stats.Duplicated++
		twin := newPacket(p.from, p.to, *p.data)
		twin.arrive = p.arrive
		d.fly(twin)
	}
}

func (d *direction) fly(p *packet) {
	d.number++
	p.number = d.number
	heap.Push(&d.flight, p)
}

func (d *direction) arrive(p *packet) {
	c := d.net.conns[p.to]
	switch {
	case c == nil:
		d.stats.Unreachable++
		p.free()
	case !c.deliver(p):
		d.stats.Overflow++
	default:
		d.stats.Delivered++
		d.stats.DeliveredBytes += int64(p.size)
	}
}

// schedule has the timer fire at the next change.
func (d *direction) schedule(now time.Time) {
	var next time.Time
	if len(d.queue) > 0 {
		next = d.depart
	}
	if len(d.flight) > 0 && (next.IsZero() || d.flight[0].arrive.Before(next)) {
		next = d.flight[0].arrive
	}
	if next.IsZero() || next.Equal(d.wake) {
		return
	}
	d.wake = next
	if d.timer == nil {
		d.timer = time.AfterFunc(next.Sub(now), d.fire)
		return
	}
	d.timer.Reset(next.Sub(now))
}

func (d *direction) fire() {
	d.net.mu.Lock()
	defer d.net.mu.Unlock()
	if d.net.closed {
		return
	}
	d.wake = time.Time{}
	d.advanceLocked(time.Now())
}

func (d *direction) stopLocked() {
	if d.timer != nil {
		d.timer.Stop()
	}
	d.queue, d.queued, d.flight = nil, 0, nil
}

// flight is a heap of packets by their arrival.
type flight []*packet

func (f flight) Len() int { return len(f) }

func (f flight) Less(i, j int) bool {
	if f[i].arrive.Equal(f[j].arrive) {
		return f[i].number < f[j].number
	}
	return f[i].arrive.Before(f[j].arrive)
}

func (f flight) Swap(i, j int) { f[i], f[j] = f[j], f[i] }

func (f *flight) Push(x any) { *f = append(*f, x.(*packet)) }

func (f *flight) Pop() any {
	old := *f
	p := old[len(old)-1]
	old[len(old)-1] = nil
	*f = old[:len(old)-1]
	return p
}
