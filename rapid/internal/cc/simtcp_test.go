package cc_test

import (
	"math"
	"time"
)

// A cubicFlow is TCP with CUBIC as RFC 9438 has it, with fast convergence, SACK
// and one reduction for a round of losses. It is clocked by acknowledgements and
// not paced. Slow start goes on until packets are lost, unless hystart is set.
type cubicFlow struct {
	cwnd, ssthresh float64 // packets
	wmax, k, west  float64
	epoch          time.Duration
	recover        int // packet number that ends the recovery

	recs     []tcpRec
	low      int
	largest  int
	logPos   int
	inflight int
	srtt     time.Duration
	rttvar   time.Duration
	progress time.Duration
	rtos     int
	every    int // packets an acknowledgement, 0 means 2; more as with GRO

	stopped bool // nothing more is sent

	hystart bool          // slow start ends when the round trip grows
	samples int           // of this round of slow start
	round   int           // packet number that ends it
	least   time.Duration // round trip of this round
	base    time.Duration // … of all

	delivered int
	rx        receiver
}

type tcpRec struct {
	at    time.Duration
	state uint8
}

func newCubic() *cubicFlow {
	return &cubicFlow{cwnd: 10, ssthresh: math.Inf(1), largest: -1, recover: -1}
}

func (f *cubicFlow) extra() time.Duration { return 0 }

func (f *cubicFlow) start(w *world) {
	f.progress = w.now
	f.fill(w)
	f.watch(w)
}

// watch is the retransmission timer, looked at now and then.
func (f *cubicFlow) watch(w *world) {
	rto := max(f.srtt+4*f.rttvar, 200*time.Millisecond)
	if f.srtt == 0 {
		rto = time.Second
	}
	if f.inflight > 0 && w.now-f.progress > rto<<min(f.rtos, 6) {
		f.rtos++
		f.progress = w.now
		for i := f.low; i < len(f.recs); i++ {
			if f.recs[i].state == 0 {
				f.recs[i].state = 2
			}
		}
		f.inflight = 0
		f.ssthresh = max(f.cwnd*0.7, 2)
		f.wmax, f.epoch = f.cwnd, 0
		f.cwnd = 1
		f.recover = len(f.recs) - 1
		f.fill(w)
	}
	w.at(w.now+20*time.Millisecond, func() { f.watch(w) })
}

func (f *cubicFlow) fill(w *world) {
	for !f.stopped && float64(f.inflight)+1 <= f.cwnd {
		f.recs = append(f.recs, tcpRec{at: w.now})
		f.inflight++
		w.send(f, len(f.recs)-1, datagram)
	}
}

func (f *cubicFlow) arrive(w *world, p *packet) {
	r := &f.rx
	gap := p.pn != r.newest+1
	r.take(w, p.pn)
	if gap || r.pending >= max(f.every, 2) {
		f.ack(w)
	} else if !r.timer {
		r.timer = true
		w.at(w.now+f.delayed(), func() {
			r.timer = false
			if r.pending > 0 {
				f.ack(w)
			}
		})
	}
}

// delayed is how long an acknowledgement waits: GRO holds packets for a
// millisecond at most, delayed acknowledgements for 40.
func (f *cubicFlow) delayed() time.Duration {
	if f.every > 2 {
		return time.Millisecond
	}
	return 40 * time.Millisecond
}

func (f *cubicFlow) ack(w *world) {
	to := len(f.rx.log)
	f.rx.pending = 0
	w.back(f, func() { f.acked(w, to) })
}

func (f *cubicFlow) acked(w *world, to int) {
	if to <= f.logPos {
		return
	}
	f.progress, f.rtos = w.now, 0
	acked := 0
	for _, pn := range f.rx.log[f.logPos:to] {
		r := &f.recs[pn]
		if r.state == 0 {
			f.inflight--
		}
		if r.state != 1 {
			r.state = 1
			f.delivered += datagram
			acked++
		}
		if int(pn) > f.largest {
			f.largest = int(pn)
			rtt := w.now - r.at
			f.slowStart(rtt)
			if f.srtt == 0 {
				f.srtt, f.rttvar = rtt, rtt/2
			} else {
				f.rttvar += ((f.srtt - rtt).Abs() - f.rttvar) / 4
				f.srtt += (rtt - f.srtt) / 8
			}
		}
	}
	f.logPos = to
	for f.low < len(f.recs) && f.recs[f.low].state != 0 {
		f.low++
	}
	for i := f.low; i <= f.largest-3; i++ {
		r := &f.recs[i]
		if r.state != 0 {
			continue
		}
		r.state = 2
		f.inflight--
		if i > f.recover {
			f.reduce()
		}
	}
	if f.largest > f.recover {
		f.grow(w, float64(acked))
	}
	f.fill(w)
}

// slowStart ends it when the least round trip of a round is an eighth more than
// the least of all, and 4 to 16 ms: the delay part of HyStart, as Linux has it.
func (f *cubicFlow) slowStart(rtt time.Duration) {
	if !f.hystart || f.cwnd >= f.ssthresh || f.cwnd < 16 {
		return
	}
	if f.base == 0 {
		f.base = rtt
	}
	f.base = min(f.base, rtt)
	if f.largest > f.round {
		f.round, f.least, f.samples = len(f.recs)-1, rtt, 0
	}
	f.samples++
	f.least = min(f.least, rtt)
	if f.samples >= 8 && f.least > f.base+min(max(f.base/8, 4*time.Millisecond), 16*time.Millisecond) {
		f.ssthresh = f.cwnd
	}
}

func (f *cubicFlow) reduce() {
	f.recover = len(f.recs) - 1
	f.epoch = 0
	if f.cwnd < f.wmax {
		f.wmax = f.cwnd * (1 + 0.7) / 2
	} else {
		f.wmax = f.cwnd
	}
	f.cwnd = max(f.cwnd*0.7, 2)
	f.ssthresh = f.cwnd
}

func (f *cubicFlow) grow(w *world, acked float64) {
	if f.cwnd < f.ssthresh {
		f.cwnd += acked
		return
	}
	if f.epoch == 0 {
		f.epoch = w.now
		f.k = math.Cbrt(max(0, f.wmax-f.cwnd) / 0.4)
		f.west = f.cwnd
		if f.wmax < f.cwnd {
			f.wmax = f.cwnd
		}
	}
	t := (w.now - f.epoch + f.srtt).Seconds()
	target := f.wmax + 0.4*math.Pow(t-f.k, 3)
	target = min(max(target, f.cwnd), 1.5*f.cwnd)
	f.west += 3 * (1 - 0.7) / (1 + 0.7) * acked / f.cwnd
	f.cwnd += (target - f.cwnd) / f.cwnd * acked
	f.cwnd = max(f.cwnd, f.west)
}
