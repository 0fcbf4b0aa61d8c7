package pace

import "time"

const (
	// watchEvery is how often the Meter and the Gate are looked at.
	watchEvery = 100 * time.Millisecond

	// A change is given roundsToSettle round trips to show, for new connections to be made and to
	// find their speed, and is then watched for twice as long.
	roundsToSettle = 12
	minSettle      = 200 * time.Millisecond
	maxSettle      = 2500 * time.Millisecond

	// Less than that is too little to compare, unless maxWatch is over.
	minWork  = 8 << 20
	maxWatch = 10 * time.Second

	// refusals are taken to be meant before the watch is over from that number on.
	quickRefusals = 8
)

// observation is what things were like at one limit.
type observation struct {
	limit   int
	score   float64 // useful work a second, in bytes
	refused float64 // share of the requests that were throttled or broken
	busy    bool    // requests waited at the Gate
	enough  int     // connections that seem to be enough; 0: not known

	rate            float64 // useful bytes a second
	bytes, requests int64   // useful ones
	waiting         float64 // connections that waited for answers, on average
	service         time.Duration
	upload          bool
}

// watch collects an observation.
type watch struct {
	t       *Tuner
	limit   int
	settled time.Time // measured from then on
	until   time.Time // at least to then
	from    Sums
	sent    int64 // segments
	waits   uint64
	began   bool
	inUse   float64 // mean
	looks   float64
	busy    float64 // looks at which requests waited
}

// watch begins to watch the limit in force.
func (t *Tuner) watch(now time.Time) *watch {
	round := t.service
	if p, ok := t.o.Path(); ok {
		round = max(p.RTT, p.MinRTT)
	}
	settle := min(max(roundsToSettle*round, minSettle), maxSettle)
	return &watch{t: t, limit: t.climb.limit, settled: now.Add(settle), until: now.Add(3 * settle)}
}

// look is called every watchEvery. It reports whether enough was seen, and what.
func (w *watch) look(now time.Time) (observation, bool) {
	if now.Before(w.settled) {
		return observation{}, false
	}
	sums := w.t.o.Meter.Sum()
	if !w.began {
		w.began, w.from, w.settled = true, sums, now
		path, _ := w.t.o.Path()
		w.sent = path.Sent
		_, w.waits = w.t.o.Gate.pressure()
		return observation{}, false
	}
	w.looks++
	inUse, waits := w.t.o.Gate.pressure()
	w.inUse += (float64(inUse) - w.inUse) / w.looks
	if waits > w.waits || inUse >= w.limit {
		w.busy++
	}
	w.waits = waits

	requests := sums.Requests - w.from.Requests
	refused := sums.Throttled + sums.Broken - w.from.Throttled - w.from.Broken
	useful := sums.Useful() - w.from.Useful()
	done := requests - refused
	quick := refused >= quickRefusals && float64(refused) >= 0.1*float64(requests)
	work := useful + done*requestWork
	if !quick && (now.Before(w.until) || work < minWork && now.Sub(w.settled) < maxWatch) {
		return observation{}, false
	}
	seconds := now.Sub(w.settled).Seconds()
	o := observation{
		limit:    w.limit,
		score:    float64(work) / seconds,
		busy:     w.busy >= 0.7*w.looks,
		rate:     float64(useful) / seconds,
		bytes:    useful,
		requests: done,
		waiting:  (sums.Service - w.from.Service).Seconds() / seconds,
	}
	if requests > 0 {
		o.refused = float64(refused) / float64(requests)
		o.service = (sums.Service - w.from.Service) / time.Duration(requests)
	}
	if limited := sums.Limited - w.from.Limited; limited.Seconds() > 0.3*seconds*w.inUse {
		o.busy = false // the user's limit holds things back
	}
	if path, ok := w.t.o.Path(); ok {
		const segment = 1400
		o.upload = (path.Sent-w.sent)*segment > useful/4
		o.enough = enough(o, path)
	} else {
		o.enough = enough(o, PathInfo{})
	}
	return o, true
}
