package pace_test

import (
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/transfer/internal/pace"
)

// world is a simulated machine, path and service. Zero means: no such limit.
type world struct {
	name string
	best int // the fixed limit that does the most work, of 2, 4, 8 … 128

	rate     float64       // of the path, bytes/s
	rtt      time.Duration // of the path
	perConn  float64       // what one connection can have in flight, bytes per round trip
	loss     float64       // what a connection more than needed wastes of the path, share
	disk     float64       // bytes/s of the disk
	seek     float64       // share of the disk's rate that each reader beyond four costs
	service  time.Duration // time of the service for one request
	requests float64       // a second that the service admits; it refuses more with 503
	flaky    float64       // share of the requests that are refused whatever the load
	cores    float64       // seconds of processor time a second
	cpu      time.Duration // of that for one request
	object   int64         // bytes of one request
	horizon  time.Duration
	bbr      bool
	logger   *slog.Logger
}

// flow is one request that moves its bytes.
type flow struct {
	left   float64
	window float64 // bytes per round trip, of its connection
	done   chan struct{}
}

// conn is a connection, which keeps the window it has reached.
type conn struct{ window float64 }

// network shares the rates among the flows.
type network struct {
	world
	meter *pace.Meter

	mu     sync.Mutex
	flows  map[*flow]struct{}
	idle   []*conn
	tokens float64
	chance *rand.Rand
	sent   int64
	queue  []chan struct{}
}

const step = 20 * time.Millisecond

// run moves all flows on, until ctx ends.
func (n *network) run(ctx context.Context) {
	tick := time.NewTicker(step)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			n.move(step.Seconds())
		}
	}
}

func (n *network) move(dt float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.requests > 0 {
		n.tokens = min(n.tokens+n.requests*dt, n.requests/10)
	}
	for budget := n.cores * dt; len(n.queue) > 0 && (n.cores == 0 || budget >= n.cpu.Seconds()); {
		budget -= n.cpu.Seconds()
		close(n.queue[0])
		n.queue = n.queue[1:]
	}
	total := math.Inf(1)
	if n.rate > 0 {
		total = n.rate
		if n.loss > 0 && n.perConn > 0 {
			needed := math.Ceil(n.rate * n.rtt.Seconds() / n.perConn)
			total *= 1 - min(0.5, n.loss*max(0, float64(len(n.flows))-needed))
		}
	}
	if n.disk > 0 {
		total = min(total, n.disk/(1+n.seek*max(0, float64(len(n.flows))-4)))
	}
	// Water filling: each gets what it can take, and the rest is shared by the others.
	type share struct {
		f   *flow
		can float64
	}
	var open []share
	for f := range n.flows {
		can := math.Inf(1)
		if n.rtt > 0 {
			can = f.window / n.rtt.Seconds()
		}
		open = append(open, share{f, can})
	}
	got := make(map[*flow]float64, len(open))
	for left := total; len(open) > 0; {
		even := left / float64(len(open))
		var rest []share
		for _, s := range open {
			if s.can <= even {
				got[s.f] = s.can
				left -= s.can
			} else {
				rest = append(rest, s)
			}
		}
		if len(rest) == len(open) {
			for _, s := range open {
				got[s.f] = even
			}
			break
		}
		open = rest
	}
	for f, rate := range got {
		b := min(rate*dt, f.left)
		f.left -= b
		n.meter.Moved(int64(b))
		n.sent += int64(b)
		if n.rtt > 0 {
			f.window = min(f.window*math.Pow(2, dt/n.rtt.Seconds()), max(n.perConn, 64<<10))
		}
		if f.left < 1 {
			delete(n.flows, f)
			close(f.done)
		}
	}
}

// request makes one request, and repeats it until it is admitted.
func (n *network) request(ctx context.Context) {
	n.mu.Lock()
	var c *conn
	if k := len(n.idle); k > 0 {
		c, n.idle = n.idle[k-1], n.idle[:k-1]
		n.mu.Unlock()
	} else {
		c = &conn{window: 14600}
		n.mu.Unlock()
		time.Sleep(3 * n.rtt) // TCP and TLS
	}
	defer func() {
		n.mu.Lock()
		n.idle = append(n.idle, c)
		n.mu.Unlock()
	}()
	for try := 0; ctx.Err() == nil; try++ {
		n.mu.Lock()
		refused := n.requests > 0 && n.tokens < 1
		if n.requests > 0 && !refused {
			n.tokens--
		}
		if n.flaky > 0 {
			refused = refused || n.chance.Float64() < n.flaky
		}
		n.mu.Unlock()
		if refused {
			time.Sleep(n.rtt)
			n.meter.Answered(n.rtt)
			n.meter.Throttled()
			time.Sleep(100 * time.Millisecond << min(try, 6) / 2)
			continue
		}
		if n.cpu > 0 {
			turn := make(chan struct{})
			n.mu.Lock()
			n.queue = append(n.queue, turn)
			n.mu.Unlock()
			select {
			case <-turn:
			case <-ctx.Done():
				return
			}
		}
		f := &flow{left: float64(n.object), window: c.window, done: make(chan struct{})}
		n.mu.Lock()
		n.flows[f] = struct{}{}
		n.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return
		}
		c.window = f.window
		time.Sleep(n.rtt + n.service)
		n.meter.Answered(n.rtt + n.service)
		return
	}
}

// path is what TCP_INFO would say.
func (n *network) path() (pace.PathInfo, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := pace.PathInfo{RTT: n.rtt, MinRTT: n.rtt, Congestion: "cubic", Sent: n.sent / 1400, Conns: 1}
	if n.bbr {
		p.Congestion = "bbr"
	}
	var windows float64
	full := 0
	for f := range n.flows {
		if windows += f.window; n.perConn > 0 && f.window >= n.perConn {
			full++
		}
	}
	switch {
	case n.object < 1<<20:
	case windows > 1.2*n.rate*n.rtt.Seconds():
		p.RTT *= 2 // the queue of the path is full
	case full > len(n.flows)/2:
		p.Buffers = 1
	}
	return p, n.rtt > 0
}

// outcome is what came of a run.
type outcome struct {
	work      float64 // bytes, or requests for small objects, a second
	late      float64 // the same, of the second half
	limit     int     // in the end
	low, high int     // limits of the last third
	changes   int     // of the limit in the last third
	refused   int64
	maxInUse  int
	partSize  int64
	stall     time.Duration
}

// run does work for w.horizon with limits between low and high.
func (w world) run(t *testing.T, low, high int) outcome {
	var out outcome
	ctx, cancel := context.WithTimeout(t.Context(), w.horizon)
	defer cancel()
	meter := pace.NewMeter(nil)
	gate := pace.NewGate(1)
	n := &network{world: w, meter: meter, flows: map[*flow]struct{}{}, chance: rand.New(rand.NewPCG(1, 2))}
	tuner := pace.NewTuner(pace.TunerOptions{Gate: gate, Meter: meter, Min: low, Max: high, Path: n.path, Logger: w.logger})
	var all sync.WaitGroup
	all.Go(func() { n.run(ctx) })
	all.Go(func() { tuner.Run(ctx) })
	for range high + 8 {
		all.Go(func() {
			var lane pace.Lane
			enter, leave := gate.EnterBulk, gate.LeaveBulk
			if w.object < 1<<20 {
				enter, leave = gate.Enter, gate.Leave
			}
			for enter(ctx, &lane) == nil {
				n.request(ctx)
				leave(&lane)
			}
		})
	}
	var half pace.Sums
	limit := gate.Bulk
	if w.object < 1<<20 {
		limit = gate.Limit
	}
	last := limit()
	out.low, out.high = high, low
	for at := time.Duration(0); at < w.horizon-step; at += 100 * time.Millisecond {
		time.Sleep(100 * time.Millisecond)
		if at < w.horizon/2 {
			half = meter.Sum()
		}
		now := limit()
		if at > w.horizon*2/3 {
			if out.low, out.high = min(out.low, now), max(out.high, now); now != last {
				out.changes++
			}
		}
		out.maxInUse = max(out.maxInUse, gate.InUse())
		last = now
	}
	cancel()
	all.Wait()
	s := meter.Sum()
	measure := func(s pace.Sums) float64 {
		if w.object >= 1<<20 {
			return float64(s.Useful())
		}
		return float64(s.Requests - s.Throttled)
	}
	out.work = measure(s) / w.horizon.Seconds()
	out.late = (measure(s) - measure(half)) / (w.horizon.Seconds() / 2)
	out.limit, out.refused = last, s.Throttled
	out.partSize, out.stall = tuner.PartSize(64<<30), tuner.Stall()
	return out
}
