package cc_test

import (
	"math/rand/v2"
	"time"
)

// This file is a discrete-event simulator of one bottleneck: packets of
// several flows go through one drop-tail queue into one link, may be lost by
// chance behind it, and are acknowledged over a path without a bottleneck.
// It has no clock and no goroutine, and the same seed gives the same run.

// headers is what IP, UDP and TCP add to a datagram as the link counts it.
const headers = 28

// datagram is the payload of a full packet: 1500 bytes of IP.
const datagram = 1500 - headers

// A link is the bottleneck. Its fields may be changed while the run goes on.
type link struct {
	rate    float64 // bytes a second, as IP counts them
	delay   time.Duration
	queue   int     // bytes
	loss    float64 // of packets that leave the queue, each for itself
	ackLoss float64

	jitter  time.Duration // uniform, after the link, order is kept
	reorder float64       // part of packets that is 2 ms late
	down    bool          // everything is lost, both ways

	// Gilbert-Elliott: in the bad state everything is lost with burstLoss.
	burstEvery, burstLength time.Duration
	burstLoss               float64

	// A token bucket that drops what is too much and delays nothing.
	police      float64 // bytes a second, 0 none
	policeBurst float64
	// Acknowledgements are held and released together, as Wi-Fi does.
	aggregate time.Duration

	backlog  int
	fifo     []*packet
	head     int
	lastOut  time.Duration
	tokens   float64
	tokensAt time.Duration
	bad      bool
	badTill  time.Duration

	passed, dropped, random, policed int // packets
	area                             float64
	areaAt                           time.Duration
	peak                             int
}

type packet struct {
	flow flow
	pn   int
	size int // as IP counts it
}

// A flow is an end-to-end pair of a sender and a receiver.
type flow interface {
	start(w *world)
	arrive(w *world, p *packet) // at the receiver
	extra() time.Duration       // of delay, each way
}

type event struct {
	at  time.Duration
	seq int
	do  func()
	pkt *packet // without do: it arrives
}

type world struct {
	now    time.Duration
	link   *link
	rng    *rand.Rand
	events []event
	seq    int
	free   []*packet
}

func newWorld(seed uint64, l *link) *world {
	return &world{link: l, rng: rand.New(rand.NewPCG(seed, 1))}
}

func (w *world) push(e event) {
	w.seq++
	e.seq = w.seq
	h := append(w.events, e)
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(&h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
	w.events = h
}

func (e *event) before(f *event) bool { return e.at < f.at || e.at == f.at && e.seq < f.seq }

func (w *world) pop() event {
	h := w.events
	e := h[0]
	n := len(h) - 1
	h[0] = h[n]
	h[n] = event{}
	h = h[:n]
	for i := 0; ; {
		k := 2*i + 1
		if k >= n {
			break
		}
		if k+1 < n && h[k+1].before(&h[k]) {
			k++
		}
		if !h[k].before(&h[i]) {
			break
		}
		h[i], h[k] = h[k], h[i]
		i = k
	}
	w.events = h
	return e
}

func (w *world) at(t time.Duration, do func()) { w.push(event{at: max(t, w.now), do: do}) }

func (w *world) run(until time.Duration) {
	for len(w.events) > 0 && w.events[0].at <= until {
		e := w.pop()
		w.now = e.at
		if e.do != nil {
			e.do()
		} else {
			e.pkt.flow.arrive(w, e.pkt)
			w.free = append(w.free, e.pkt)
		}
	}
	w.now = until
}

// send puts a datagram of size bytes into the queue.
func (w *world) send(f flow, pn, size int) {
	l := w.link
	size += headers
	if l.police > 0 {
		l.tokens = min(l.policeBurst, l.tokens+(w.now-l.tokensAt).Seconds()*l.police)
		l.tokensAt = w.now
		if l.tokens < float64(size) {
			l.policed++
			return
		}
		l.tokens -= float64(size)
	}
	w.measure()
	if l.backlog+size > l.queue+2*1500 {
		l.dropped++
		return
	}
	l.backlog += size
	l.peak = max(l.peak, l.backlog)
	var p *packet
	if n := len(w.free); n > 0 {
		p, w.free = w.free[n-1], w.free[:n-1]
	} else {
		p = new(packet)
	}
	*p = packet{f, pn, size}
	l.fifo = append(l.fifo, p)
	if len(l.fifo)-l.head == 1 {
		w.serve()
	}
}

func (w *world) serve() {
	l := w.link
	if l.head == len(l.fifo) {
		l.fifo, l.head = l.fifo[:0], 0
		return
	}
	p := l.fifo[l.head]
	d := time.Duration(float64(p.size) / l.rate * 1e9)
	w.at(w.now+d, w.depart)
}

func (w *world) depart() {
	l := w.link
	w.measure()
	p := l.fifo[l.head]
	l.fifo[l.head] = nil
	l.head++
	if l.head > 4096 && l.head*2 > len(l.fifo) {
		l.fifo = l.fifo[:copy(l.fifo, l.fifo[l.head:])]
		l.head = 0
	}
	l.backlog -= p.size
	w.serve()
	l.passed++
	if l.down || w.rng.Float64() < l.loss || w.burst() {
		l.random++
		w.free = append(w.free, p)
		return
	}
	at := w.now + l.delay + p.flow.extra()
	if l.jitter > 0 {
		at += time.Duration(w.rng.Int64N(int64(l.jitter)))
		at = max(at, l.lastOut)
		l.lastOut = at
	}
	if l.reorder > 0 && w.rng.Float64() < l.reorder {
		at += 2 * time.Millisecond
	}
	w.push(event{at: at, pkt: p})
}

func (w *world) burst() bool {
	l := w.link
	if l.burstEvery == 0 {
		return false
	}
	for w.now >= l.badTill {
		l.bad = !l.bad
		mean := l.burstEvery
		if l.bad {
			mean = l.burstLength
		}
		l.badTill += time.Duration(w.rng.ExpFloat64() * float64(mean))
	}
	return l.bad && w.rng.Float64() < l.burstLoss
}

// back carries an acknowledgement.
func (w *world) back(f flow, do func()) {
	l := w.link
	if l.down || l.ackLoss > 0 && w.rng.Float64() < l.ackLoss {
		return
	}
	at := w.now + l.delay + f.extra()
	if l.aggregate > 0 {
		at = (at/l.aggregate + 1) * l.aggregate
	}
	w.at(at, do)
}

func (w *world) measure() {
	l := w.link
	l.area += float64(l.backlog) * (w.now - l.areaAt).Seconds()
	l.areaAt = w.now
}

// clear forgets the counters, so that what follows is measured alone.
func (w *world) clear() {
	w.measure()
	l := w.link
	l.passed, l.dropped, l.random, l.policed, l.area, l.peak = 0, 0, 0, 0, 0, l.backlog
}

// receiver is what rapid and TCP receivers share: a log of what came, in the
// order in which it came. An acknowledgement is a length of the log, so that a
// lost one is made up for by the next, as with ranges.
type receiver struct {
	log     []int32
	newest  int
	newAt   time.Duration
	pending int
	timer   bool
}

func (r *receiver) take(w *world, pn int) {
	r.log = append(r.log, int32(pn))
	r.pending++
	if pn > r.newest || len(r.log) == 1 {
		r.newest, r.newAt = pn, w.now
	}
}
