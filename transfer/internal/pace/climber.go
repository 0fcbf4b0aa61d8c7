package pace

import "math"

// climber looks for the smallest limit at which about the most work is done. It is told what things were
// like at a limit, and says which one to try next; it knows neither clock nor connections.
//
// It begins by doubling for as long as that pays. Then it stays where it is, and now and then tries a
// few connections more, or fewer; the longer nothing better is found, the more rarely. A limit that the
// service refuses requests at is left at once, and approached again by halving the distance.
type climber struct {
	min, max int
	limit    int    // in force
	why      string // the last change, for logs

	phase phase
	base  observation // what a trial is compared with
	hold  int         // how long to stay, in observations
	left  int         // of hold
	up    bool        // the next trial is of more connections
	best  float64     // the best score lately,
	at    int         // and the limit that had it

	ceiling  int     // refused lately; 0: none
	fresh    int     // observations until ceiling is forgotten
	patience int     // what fresh begins with; doubles
	usual    float64 // share that is refused whatever the limit is
	distrust int     // observations in which the hint is not heard
}

type phase int

const (
	starting phase = iota // nothing is known
	doubling              // tries twice as many as base
	staying               // at base
	trying                // tries a little more or less than base
	hinted                // tries what seems enough
	easing                // tries less because requests were refused
	probing               // goes half of the way back to ceiling
)

// What makes a difference.
const (
	pays        = 0.20 // more work, for doubling
	better      = 0.05 // more work, for a quarter more connections
	asGood      = 0.03 // less work, for fewer connections
	shift       = 0.30 // from base, while staying: things have changed
	refusedMuch = 0.02 // share of the requests
	ease        = 0.7  // of the limit, when requests are refused

	minHold     = 4
	maxHold     = 32
	minPatience = 40
	maxPatience = 640
)

func newClimber(low, high, start int) *climber {
	return &climber{min: low, max: high, limit: start, hold: minHold, patience: minPatience}
}

// observe learns from o, and returns the limit to use from now on.
func (c *climber) observe(o observation) int {
	if c.fresh--; c.fresh == 0 {
		c.ceiling = 0
	}
	c.distrust--
	if c.min == c.max {
		return c.limit
	}
	if o.limited { // by the user: more would not be faster, and fewer not slower
		if o.enough > 0 && o.enough < c.limit {
			c.stay(o, o.enough, "the rate is limited")
		}
		return c.limit
	}
	if o.refused >= max(refusedMuch, 2*c.usual) && c.phase != easing {
		return c.refused(o)
	}
	if !o.busy && c.phase != easing {
		// The limit was not what held things up, so nothing can be learned about it.
		if c.phase != staying {
			c.stay(c.base, c.back(), "idle")
		}
		return c.limit
	}
	switch c.phase {
	case starting:
		c.base = o
		c.double()
	case doubling:
		if o.score > c.base.score*(1+pays) {
			c.base = o
			c.double()
		} else if between := int(math.Sqrt(float64(c.base.limit) * float64(o.limit))); between > c.base.limit && !o.queued {
			c.set(trying, between, "doubling does not pay")
		} else {
			c.stay(c.base, c.base.limit, "doubling does not pay")
		}
	case staying:
		c.watchBase(o)
	case trying, hinted:
		c.judge(o)
	case easing:
		c.eased(o)
	case probing:
		c.base = o
		c.halve(o.limit)
	}
	return c.limit
}

// back returns the limit of base, if there is one.
func (c *climber) back() int {
	if c.base.limit == 0 {
		return c.limit
	}
	return c.base.limit
}

func (c *climber) set(phase phase, limit int, why string) {
	c.phase, c.limit, c.why = phase, min(max(limit, c.min), c.max), why
}

// stay makes base what is compared with, and limit what is used, for some time.
func (c *climber) stay(base observation, limit int, why string) {
	c.base, c.left = base, c.hold
	c.top(base.score, base.limit)
	c.set(staying, limit, why)
}

// top keeps the best score, and where it was.
func (c *climber) top(score float64, limit int) {
	if score > c.best {
		c.best, c.at = score, limit
	}
}

func (c *climber) double() {
	next := c.higher(2)
	if c.base.buffers > 0.5 {
		next = c.higher(3) // no need to feel the way
	}
	if next == c.limit || c.base.queued && c.base.enough > 0 && c.base.limit >= c.base.enough {
		c.stay(c.base, c.limit, "no room to double")
		return
	}
	c.set(doubling, next, "doubling")
}

// higher returns the limit times factor, at least one more, below what was refused.
func (c *climber) higher(factor float64) int {
	n := min(max(int(math.Round(float64(c.limit)*factor)), c.limit+1), c.max)
	if c.ceiling > 0 {
		n = max(min(n, c.ceiling-1), c.limit)
	}
	return n
}

// watchBase goes on staying, until it is time to try something.
func (c *climber) watchBase(o observation) {
	if c.base.limit != o.limit || math.Abs(o.score-c.base.score) > shift*c.base.score {
		// Another kind of work, or another state of the path: what was learned is void.
		c.base, c.best, c.at, c.left, c.hold = o, o.score, o.limit, minHold, minHold
		return
	}
	const weight = 0.3
	c.base.score += weight * (o.score - c.base.score)
	c.base.enough, c.base.queued, c.base.buffers = o.enough, o.queued, o.buffers
	c.usual *= 0.99
	c.best *= 0.9995
	c.top(c.base.score, c.limit)
	if c.base.score < c.best*(1-2*asGood) && c.at > c.limit {
		c.best = c.base.score // once
		c.set(trying, c.at, "it was better with more")
		return
	}
	if c.left--; c.left > 0 {
		return
	}
	if e := c.base.enough; e > 0 && e < c.limit && c.distrust <= 0 {
		c.set(hinted, e, "this many seem enough")
		return
	}
	up := c.up
	c.up = !up
	if up {
		if next := c.higher(1.25); next > c.limit && (c.base.enough == 0 || !c.base.queued || next <= c.base.enough || c.distrust > 0) {
			c.set(trying, next, "trying more")
			return
		}
	}
	if next := max(min(int(float64(c.limit)*0.8), c.limit-1), o.least); next >= c.min && next < c.limit {
		c.set(trying, next, "trying fewer")
		return
	}
	c.left = c.hold
}

// judge compares what was tried with base.
func (c *climber) judge(o observation) {
	more := o.limit > c.base.limit
	switch {
	case more && o.score > c.base.score*(1+better), !more && o.score > max(c.base.score, c.best)*(1-asGood):
		c.up = more // go on that way, and soon if it is faster
		if more || c.phase == hinted {
			c.hold = minHold
		}
		c.stay(o, o.limit, "as hoped")
		if more {
			c.left = 1
		}
	default:
		if c.phase == hinted {
			c.distrust = c.hold * 4
		}
		c.hold = min(c.hold*2, maxHold)
		c.stay(c.base, c.base.limit, "no better")
	}
}

// refused reacts to o, in which too many requests were refused.
func (c *climber) refused(o observation) int {
	if (c.phase == doubling || c.phase == trying || c.phase == probing) && c.base.limit < o.limit {
		c.noteCeiling(o.limit)
		if c.phase != trying {
			c.halve(c.base.limit)
		} else {
			c.stay(c.base, c.base.limit, "refused")
		}
		return c.limit
	}
	if c.limit == c.min {
		return c.limit
	}
	c.base = o
	c.set(easing, min(int(float64(o.limit)*ease), o.limit-1), "refused")
	return c.limit
}

func (c *climber) noteCeiling(n int) {
	if c.ceiling > 0 && n >= c.ceiling {
		c.patience = min(c.patience*2, maxPatience)
	}
	c.ceiling, c.fresh = n, c.patience
}

// eased judges what became of refusals with fewer connections.
func (c *climber) eased(o observation) {
	switch {
	case o.refused < c.base.refused/4 || o.refused < refusedMuch/2:
		c.noteCeiling(c.base.limit)
		c.base = o
		c.halve(o.limit)
	case o.score >= c.base.score*(1-asGood) && c.limit > c.min:
		c.base = o
		c.set(easing, min(int(float64(o.limit)*ease), o.limit-1), "still refused")
	default:
		// They do not depend on how much we ask for.
		c.usual = max(c.base.refused, o.refused)
		c.limit = c.base.limit
		c.double()
	}
}

// halve goes half of the way from good, which works, to the ceiling.
func (c *climber) halve(good int) {
	if c.ceiling-good <= max(1, good/8) {
		c.best = 0
		c.stay(c.base, good, "just below what is refused")
		return
	}
	c.set(probing, (good+c.ceiling)/2, "towards what was refused")
}
