package pace

import "time"

const (
	// watchEvery is how often the Meter and the Gate are looked at.
	watchEvery = 100 * time.Millisecond

	// A change is given some round trips to show, for new connections to be made and to find their
	// speed: more of them if one request moves much. Then things are watched for as long again, and longer
	// while nothing is being tried.
	roundsToSettle      = 12
	smallRoundsToSettle = 4
	minSettle           = 200 * time.Millisecond
	maxSettle           = 2500 * time.Millisecond

	// Less than that is too little to compare, unless maxWatch is over.
	minWork  = 8 << 20
	maxWatch = 10 * time.Second

	// maxDrain is how long requests that were let in before the limit was lowered are waited for.
	maxDrain = time.Minute

	// refusals are taken to be meant before the watch is over from that number on.
	quickRefusals = 8
)

// observation is what things were like at one limit.
type observation struct {
	limit   int
	score   float64 // useful work a second, in bytes
	refused float64 // share of the requests that were throttled or broken
	busy    bool    // requests waited at the Gate
	limited bool    // the limit of the user was waited for
	enough  int     // connections that seem to be enough; 0: not known
	least   int     // connections that the path needs; 0: not known
	queued  bool    // round trips are much longer than they could be: the path is full
	buffers float64 // share of the time in which buffers held connections back

	rate            float64 // useful bytes a second
	bytes, requests int64   // useful ones
	waiting         float64 // connections that waited for answers, on average
	service         time.Duration
	upload          bool
}

// watch collects an observation of one kind of requests.
type watch struct {
	t       *Tuner
	kind    kind
	limit   int
	drained time.Time     // not waited for the limit to be reached after that
	settle  time.Duration // not measured
	period  time.Duration // measured, at least
	settled time.Time     // measured from then on; zero until the limit is reached
	until   time.Time     // at least to then
	began   bool
	from    Sums
	sent    int64 // segments
	waits   [2]uint64
	inUse   [2]float64 // mean
	busy    [2]float64 // looks at which requests waited
	looks   float64
}

// watch begins to watch the limit in force of kind k.
func (t *Tuner) watch(k kind, now time.Time) *watch {
	round, rounds := t.service, time.Duration(smallRoundsToSettle)
	if p, ok := t.o.Path(); ok && k == bulk {
		round, rounds = max(p.RTT, p.MinRTT), roundsToSettle
	}
	w := &watch{
		t: t, kind: k, limit: t.climbers[k].limit,
		settle: min(max(rounds*round, minSettle), maxSettle), drained: now.Add(maxDrain),
	}
	switch w.period = w.settle; t.climbers[k].phase {
	case starting:
		w.settle /= 2 // what is next is much more
		w.period /= 2
	case doubling:
		w.period /= 2 // it has to make a large difference
	case staying, trying, hinted:
		w.period *= 2 // a few percent have to be seen
	}
	return w
}

// begin waits for the limit to be reached and for things to settle. It reports whether they have.
func (w *watch) begin(now time.Time) bool {
	if w.began {
		return true
	}
	if w.settled.IsZero() {
		if inUse, _ := w.t.o.Gate.pressure(w.kind); inUse > w.limit && now.Before(w.drained) {
			return false
		}
		w.settled = now.Add(w.settle)
	}
	if now.Before(w.settled) {
		return false
	}
	w.began, w.from, w.settled = true, w.t.o.Meter.Sum(), now
	w.until = now.Add(w.period)
	path, _ := w.t.o.Path()
	w.sent = path.Sent
	for k := range w.waits {
		_, w.waits[k] = w.t.o.Gate.pressure(kind(k))
	}
	return false
}

// count looks at how many are in, and whether others wait.
func (w *watch) count() {
	w.looks++
	for k := range w.waits {
		inUse, waits := w.t.o.Gate.pressure(kind(k))
		w.inUse[k] += (float64(inUse) - w.inUse[k]) / w.looks
		if waits > w.waits[k] || inUse > 0 && inUse >= w.t.climbers[k].limit {
			w.busy[k]++
		}
		w.waits[k] = waits
	}
}

// isBusy says whether the limit of kind k was what requests waited for.
func (w *watch) isBusy(k kind) bool { return w.looks > 0 && w.busy[k] >= 0.7*w.looks }

// look is called every watchEvery. It reports whether enough was seen, and what.
func (w *watch) look(now time.Time) (observation, bool) {
	if !w.begin(now) {
		return observation{}, false
	}
	w.count()
	sums := w.t.o.Meter.Sum()
	requests := sums.Requests - w.from.Requests
	refused := sums.Throttled + sums.Broken - w.from.Throttled - w.from.Broken
	useful := sums.Useful() - w.from.Useful()
	done := requests - refused
	quick := refused >= quickRefusals && float64(refused) >= 0.1*float64(requests)
	work := useful + done*requestWork
	if !quick && (now.Before(w.until) || work < minWork && now.Sub(w.settled) < maxWatch) {
		return observation{}, false
	}
	seconds := max(now.Sub(w.settled), watchEvery).Seconds()
	o := observation{
		limit:    w.limit,
		score:    float64(work) / seconds,
		busy:     w.isBusy(w.kind),
		rate:     float64(useful) / seconds,
		bytes:    useful,
		requests: done,
		waiting:  (sums.Service - w.from.Service).Seconds() / seconds,
	}
	if requests > 0 {
		o.refused = float64(refused) / float64(requests)
		o.service = (sums.Service - w.from.Service) / time.Duration(requests)
	}
	limited := sums.Limited - w.from.Limited
	o.limited = limited.Seconds() > 0.3*seconds*(w.inUse[single]+w.inUse[bulk]) && limited > 0
	path, known := w.t.o.Path()
	if known {
		const segment = 1400
		o.upload = (path.Sent-w.sent)*segment > useful/4
		// What congestion control they share queues, it does with few connections as well.
		o.queued = !path.Shared && path.MinRTT > 0 && path.RTT > path.MinRTT*5/4+time.Millisecond
		o.buffers = path.Buffers
	}
	if w.kind == bulk {
		o.least, o.enough = enough(o, path)
	}
	return o, true
}
