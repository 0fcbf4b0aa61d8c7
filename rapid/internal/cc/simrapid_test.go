package cc_test

import (
	"math"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
)

// A rapidFlow is a session with one stream that always has data, unless busy
// says otherwise: the Controller with the loss detection of RFC 9002 and the
// acknowledgement policy of rapid.
type rapidFlow struct {
	c    *cc.Controller
	more time.Duration // delay of its own, each way

	object int                                   // bytes to deliver, 0 without end
	busy   func(now time.Duration) bool          // whether the application has data
	stall  func(now time.Duration) time.Duration // how long the host sleeps yet
	host   float64                               // bytes a second that the receiving host takes, 0 any

	recs    []rec // by packet number
	low     int   // all below are settled
	largest int
	logPos  int
	srtt    time.Duration
	rttvar  time.Duration
	ptos    int
	ptoAt   time.Duration
	lossAt  time.Duration
	timerAt time.Duration
	sendAt  time.Duration // pacing allows from then on
	armed   bool

	unsent    int
	delivered int // unique bytes
	dup       int
	sent      int // packets
	thresh    int // packets of reordering that are no loss

	rx       receiver
	tokens   float64
	tokensAt time.Duration
	hostLost int // packets that the receiving host dropped
	told     int // of them, to the controller
}

type rec struct {
	p     cc.Packet
	size  int32
	state uint8 // 0 in flight, 1 acked, 2 lost
	at    time.Duration
}

func newRapid(cfg cc.Config) *rapidFlow {
	cfg.Datagram = datagram
	return &rapidFlow{c: cc.New(cfg), thresh: 3, largest: -1}
}

func (f *rapidFlow) extra() time.Duration { return f.more }

func (f *rapidFlow) start(w *world) {
	f.unsent = f.object
	if f.object == 0 {
		f.unsent = math.MaxInt / 2
	}
	f.sendAt = w.now
	f.fill(w)
}

// fill sends what window and pacing allow.
func (f *rapidFlow) fill(w *world) {
	if f.stall != nil {
		if d := f.stall(w.now); d > 0 {
			f.wake(w, w.now+d)
			return
		}
	}
	for {
		if f.unsent <= 0 || f.busy != nil && !f.busy(w.now) {
			f.c.AppLimited()
			if f.unsent > 0 {
				f.wake(w, w.now+time.Millisecond)
			}
			break
		}
		if f.c.Inflight()+datagram > f.c.Window() {
			break
		}
		if f.sendAt > w.now {
			f.wake(w, f.sendAt)
			break
		}
		// A burst of a quantum, then the pause that it costs.
		n := f.c.Quantum()
		burst := 0
		for burst+datagram <= n && f.c.Inflight()+datagram <= f.c.Window() && f.unsent > 0 {
			burst += f.transmit(w)
		}
		d := time.Duration(float64(burst) / f.c.Rate() * 1e9)
		// Lateness is made up for up to two quanta.
		f.sendAt = max(f.sendAt, w.now-2*d) + d
	}
	f.arm(w)
}

func (f *rapidFlow) transmit(w *world) int {
	size := min(datagram, max(f.unsent, 1))
	f.unsent -= size
	f.recs = append(f.recs, rec{size: int32(size), at: w.now})
	f.c.Sent(w.now, &f.recs[len(f.recs)-1].p, size)
	f.sent++
	w.send(f, len(f.recs)-1, size)
	return size
}

func (f *rapidFlow) wake(w *world, t time.Duration) {
	if f.armed {
		return
	}
	f.armed = true
	w.at(t, func() { f.armed = false; f.fill(w) })
}

func (f *rapidFlow) arm(w *world) {
	t := f.lossAt
	if t == 0 {
		if f.c.Inflight() == 0 {
			return
		}
		pto := f.srtt + max(4*f.rttvar, time.Millisecond) + 10*time.Millisecond
		if f.srtt == 0 {
			pto = time.Second
		}
		t = f.ptoAt + min(pto<<min(f.ptos, 10), 2*time.Second)
	}
	if f.timerAt > w.now && f.timerAt <= t {
		return
	}
	f.timerAt = t
	w.at(t, func() {
		if w.now == f.timerAt {
			f.timerAt = 0
			f.timer(w)
		}
	})
}

func (f *rapidFlow) timer(w *world) {
	if f.lossAt > 0 && w.now >= f.lossAt {
		f.c.Ack(w.now)
		f.detect(w)
		f.c.Done(w.now, 0)
		f.fill(w)
		return
	}
	pto := f.srtt + max(4*f.rttvar, time.Millisecond) + 10*time.Millisecond
	if f.srtt == 0 {
		pto = time.Second
	}
	if f.lossAt == 0 && f.c.Inflight() > 0 && w.now >= f.ptoAt+min(pto<<min(f.ptos, 10), 2*time.Second) {
		f.ptos++
		if f.ptos >= 3 {
			f.c.Timeout(w.now)
		}
		f.ptoAt = w.now
		if f.unsent <= 0 {
			// Nothing new: the oldest again.
			for i := f.low; i < len(f.recs); i++ {
				if f.recs[i].state == 0 {
					f.unsent += int(f.recs[i].size)
					f.dup += int(f.recs[i].size)
					break
				}
			}
		}
		f.transmit(w)
	}
	f.arm(w)
}

func (f *rapidFlow) arrive(w *world, p *packet) {
	r := &f.rx
	if f.host > 0 {
		f.tokens = min(200e3, f.tokens+(w.now-f.tokensAt).Seconds()*f.host)
		f.tokensAt = w.now
		if f.tokens < float64(p.size) {
			f.hostLost++
			return
		}
		f.tokens -= float64(p.size)
	}
	r.take(w, p.pn)
	if !r.timer {
		r.timer = true
		wait := max(time.Millisecond, min(f.srtt/8, 10*time.Millisecond))
		w.at(w.now+wait, func() { r.timer = false; f.ack(w) })
	}
}

func (f *rapidFlow) ack(w *world) {
	r := &f.rx
	to, delay, lost := len(r.log), w.now-r.newAt, f.hostLost
	r.pending = 0
	w.back(f, func() { f.acked(w, to, lost, delay) })
}

func (f *rapidFlow) acked(w *world, to, hostLost int, delay time.Duration) {
	if f.stall != nil {
		if d := f.stall(w.now); d > 0 {
			w.at(w.now+d, func() { f.acked(w, to, hostLost, delay) })
			return
		}
	}
	if to <= f.logPos {
		return
	}
	f.c.Ack(w.now)
	f.c.HostDropped(max(0, hostLost-f.told))
	f.told = max(f.told, hostLost)
	newest := -1
	for _, pn := range f.rx.log[f.logPos:to] {
		r := &f.recs[pn]
		switch r.state {
		case 0:
			r.state = 1
			f.c.Acked(&r.p)
			f.delivered += int(r.size)
			newest = max(newest, int(pn))
		case 2:
			r.state = 1
			f.dup += int(r.size)
			f.c.Late(&r.p)
			f.thresh = min(f.thresh*2, 256)
		}
	}
	f.logPos = to
	var rtt time.Duration
	if newest > f.largest {
		f.largest = newest
		rtt = w.now - f.recs[newest].at - delay
		if f.srtt == 0 {
			f.srtt, f.rttvar = rtt, rtt/2
		} else {
			f.rttvar += ((f.srtt - rtt).Abs() - f.rttvar) / 4
			f.srtt += (rtt - f.srtt) / 8
		}
	}
	f.ptos, f.ptoAt = 0, w.now
	f.detect(w)
	f.c.Done(w.now, rtt)
	f.fill(w)
}

func (f *rapidFlow) detect(w *world) {
	f.lossAt = 0
	late := f.srtt + f.srtt/8
	late = max(late, time.Millisecond)
	for f.low < len(f.recs) && f.recs[f.low].state != 0 {
		f.low++
	}
	for i := f.low; i < f.largest; i++ {
		r := &f.recs[i]
		if r.state != 0 {
			continue
		}
		if f.largest-i >= f.thresh || w.now-r.at >= late {
			r.state = 2
			f.c.Lost(&r.p)
			f.unsent += int(r.size)
		} else {
			f.lossAt = r.at + late
			break
		}
	}
}
