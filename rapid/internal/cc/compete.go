package cc

import "time"

const (
	// entryPart of the largest window of the last minute, but not more than that
	// of the path, is what competing begins with, if that is more than half:
	// slow flows push a quiet one aside long before it is sure that they will
	// not yield.
	entryPart = 0.7
	// claimPart of half of the path is what a session has at least when it has
	// measured that it has less: CUBIC alone would need minutes to become
	// equal. Not all of it, because there may be several others. It claims
	// claimRaise times what it had at most.
	claimPart  = 0.8
	claimRaise = 2
	// testCut of the window is what a test leaves, if it is not less already.
	testCut = 0.7
	// testAfter rounds after a reduction is the time to test: others that had
	// to have reduced, too, and have not yet grown much.
	testAfter = 3
	// testEvery is the least number of rounds between two looks whether the
	// others are still there.
	testEvery = 40
	// quietRounds without a queue end competing, but not before quietPart of
	// the time in which a CUBIC flow regains what it had: by then it has seven
	// eighths of what it gave away.
	quietRounds = 5
	quietPart   = 0.5
)

// A contest is the state of sharing with flows that keep the queue filled.
type contest struct {
	cubic   cubic
	acked   int // packets since the last reduction or so
	lost    int
	reduced bool          // it has been, since competing began
	full    float64       // round trip in seconds when it was
	cutAt   time.Duration // packets sent before say nothing new
	rounds  int           // since the last reduction
	untried int           // rounds since the last test
	quiet   int           // rounds in a row without a queue
	quietAt time.Duration // when they began
}

func (q *contest) lose(p *Packet) {
	if p.sent >= q.cutAt {
		q.lost++
	}
}

// competing tells that the session competes, or looks whether it has to.
func (c *Controller) competing() bool {
	return c.state == compete || c.state == drain && c.drain.why == forTest
}

func (c *Controller) toCompete() {
	c.state, c.poor = compete, 0
	w := entryPart * c.most.get()
	if d := c.drag.get(); d > 0 {
		w = min(w, entryPart*c.delay.standing().rtt.Seconds()/d)
	}
	c.window = max(c.window, w)
	c.contest = contest{cutAt: c.now, untried: testEvery, quietAt: c.now}
	c.contest.cubic.begin(c.now, c.window/c.unit(), c.window/c.unit())
	c.follow()
}

func (c *Controller) inCompete(ended bool) {
	q := &c.contest
	round := c.window / c.datagram()
	n := min(float64(q.acked+q.lost), 2*round)
	if float64(q.lost) > c.floor.expected(n) {
		c.reduce()
		q.acked, q.lost, q.cutAt = 0, 0, c.now
		q.reduced, q.full, q.rounds = true, c.delay.standing().rtt.Seconds(), 0
		return
	}
	if float64(q.acked) > 4*round {
		q.acked, q.lost = 0, 0 // an old loss is no sign any more
	}
	if c.growing() {
		c.growCubic()
	}
	if !q.reduced {
		c.follow()
	}
	if !ended {
		return
	}
	q.rounds++
	q.untried++
	if q.rounds == testAfter && q.untried > testEvery {
		q.untried = 0
		c.cut(forTest, min(c.drained(), testCut*c.window))
		return
	}
	if c.delay.queue() >= c.middle() {
		q.quiet, q.quietAt = 0, c.now
	} else if q.quiet++; q.quiet >= quietRounds && (c.now-q.quietAt).Seconds() > quietPart*c.regain() {
		c.toGrow()
	}
}

// follow keeps the window at half of the path while the others fill the queue,
// until a reduction tells how far that goes.
func (c *Controller) follow() {
	if h := c.half(c.delay.standing().rtt.Seconds()); h > c.window {
		c.window = h
		c.contest.cubic.begin(c.now, h/c.unit(), h/c.unit())
	}
}

// claim takes, after a reduction and a test, the window that a CUBIC flow would
// have now if it had had claimPart of half of the path before, if that is more.
func (c *Controller) claim() {
	q := &c.contest
	unit := c.unit()
	top := min(claimPart*c.half(q.full)/unit, claimRaise*q.cubic.max)
	if top <= q.cubic.max {
		return
	}
	w := max(c.window/unit, c.beta()*top)
	c.window = w * unit
	q.cubic.begin(c.now, w, top)
}
