package cc

const (
	// dragKept is what is kept, with each drain, of what earlier ones have
	// shown.
	dragKept = 0.5
	// dragCut is the part of what was in flight above which a drain shows
	// nothing.
	dragCut = 0.93
	// dragMin bounds what a drain shows, in parts of what it would show if all
	// that is in flight were the session's own.
	dragMin = 0.05
)

// A drag is by how many seconds a byte in flight lengthens the round trip: the
// slope, by least squares, of the line through what drains have shown. So those
// of few bytes, in which noise is all there is, count for little.
type drag struct{ xy, xx float64 }

// get returns zero as long as nothing is known.
func (d *drag) get() float64 {
	if d.xx == 0 {
		return 0
	}
	return d.xy / d.xx
}

// learn compares the round trips of two packets and what was in flight when
// they left, before a drain and after it. With W₁ and W₂ in flight, O in flight of
// others that do not drain, and a path that carries C, T = (W + O)/C, so that
//
//	(T₁ − T₂) / (W₁ − W₂) = 1/C
//
// where nobody else drains. If all others do, too, it is T/W, as alone.
func (d *drag) learn(before, after delaySample) {
	w := float64(before.inflight)
	less := w - float64(after.inflight)
	if before.idle || less < (1-dragCut)*w || after.rtt >= before.rtt {
		return // others have grown meanwhile, if it was enough
	}
	all := before.rtt.Seconds() / w * less
	shorter := min(max((before.rtt-after.rtt).Seconds(), dragMin*all), all)
	d.xy = dragKept*d.xy + less*shorter
	d.xx = dragKept*d.xx + less*less
}

// half is the window with which a session has as much of the path as all
// others together, and as many times that as its share, when a round trip takes rtt
// seconds. It is zero while that is not known.
func (c *Controller) half(rtt float64) float64 {
	d := c.drag.get()
	if d == 0 {
		return 0
	}
	return c.share() / (1 + c.share()) * rtt / d
}
