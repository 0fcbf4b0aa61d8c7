package pace

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"
)

// TunerOptions configure a Tuner.
type TunerOptions struct {
	Gate  *Gate  // whose limit is moved. Required
	Meter *Meter // of all that passes the Gate. Required

	Min, Max int   // bounds of the limits. If zero, 2 and 128. If they are equal, that is how many requests there are in all
	Start    int   // where the limit of single requests begins. If zero, 16, within the bounds
	Bulk     int   // where that of bulk requests begins. If zero, 4, within the bounds
	Memory   int64 // bytes that the buffers of connections may take, which bounds Max. If zero, no such bound

	// Path says what is known about the connections. If nil, Meter.Path.
	Path func() (PathInfo, bool)

	Logger *slog.Logger // gets a debug record for every change. If nil, nothing is logged
}

// A Tuner moves the limit of a Gate to where the most useful work is done, and no further. It
// watches the Meter for as long as a change needs to show, and then compares.
type Tuner struct {
	o        TunerOptions
	climbers [2]*climber // one for each kind; owned by Run

	mu      sync.Mutex
	perConn float64       // bytes/s that one connection moves; 0: not known
	service time.Duration // that an answer takes
	shared  sharing
}

// connMemory is what one connection takes: the buffers of its transport, of TLS and of a body.
const connMemory = 192 << 10

// requestWork is what one request counts for in bytes, when the work done is compared. It is about what a
// connection moves in the time that a service takes for a small object, so that neither
// many small objects nor a few large ones look like idleness.
const requestWork = 128 << 10

// NewTuner returns a Tuner and sets the Gate to where it starts.
func NewTuner(o TunerOptions) *Tuner {
	if o.Max <= 0 {
		o.Max = 128
	}
	if o.Start <= 0 {
		o.Start = 16
	}
	if o.Min <= 0 {
		o.Min = 2 // so that one that stands still does not stop everything
	}
	if o.Memory > 0 {
		o.Max = int(min(int64(o.Max), o.Memory/connMemory))
	}
	o.Max = max(o.Max, 1)
	o.Min = min(o.Min, o.Max)
	if o.Path == nil {
		o.Path = o.Meter.Path
	}
	if o.Bulk <= 0 {
		o.Bulk = 4
	}
	t := &Tuner{o: o}
	for k, start := range []int{single: o.Start, bulk: o.Bulk} {
		t.climbers[k] = newClimber(o.Min, o.Max, min(max(start, o.Min), o.Max))
		t.set(kind(k))
	}
	if o.Min == o.Max {
		o.Gate.SetTotal(o.Max)
	}
	return t
}

// set makes the Gate obey the climber of kind k.
func (t *Tuner) set(k kind) { t.o.Gate.setLimit(k, t.climbers[k].limit) }

// Connections returns how many requests are let in at once, now: of the kind of which there are more.
func (t *Tuner) Connections() int { return max(t.o.Gate.Limit(), t.o.Gate.Bulk()) }

// Run tunes until ctx ends. A Tuner that does not run leaves the Gate where it is.
func (t *Tuner) Run(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	w := t.watch(bulk, time.Now())
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if t.share(now) && w.kind == bulk { // which needs no watching there
				w = t.watch(single, now)
			}
			o, over := w.look(now)
			if !over {
				continue
			}
			t.learn(w, o)
			if climb := t.climbers[w.kind]; w.inUse[w.kind] >= 0.5 && climb.observe(o) != w.limit {
				t.set(w.kind)
				if t.o.Logger != nil {
					t.o.Logger.LogAttrs(ctx, slog.LevelDebug, "pace: connections", slog.Bool("bulk", w.kind == bulk),
						slog.Int("limit", climb.limit), slog.Int("was", w.limit), slog.String("because", climb.why),
						slog.Float64("work", o.score), slog.Float64("refused", o.refused), slog.Int("enough", o.enough))
				}
			}
			w = t.watch(t.turn(w), now)
		}
	}
}

// turn returns the kind that is watched after w: the same while something is being tried with it, or if the
// other has nothing to do. Bulk requests that share a path are not watched.
func (t *Tuner) turn(w *watch) kind {
	if t.isShared() {
		return single
	}
	other := bulk - w.kind
	if w.isBusy(other) && (t.climbers[w.kind].phase == staying || !w.isBusy(w.kind)) {
		return other
	}
	return w.kind
}

// learn keeps what PartSize and Stall go by.
func (t *Tuner) learn(w *watch, o observation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o.requests > 0 {
		t.service += (o.service - t.service) / 2
	}
	inUse := w.inUse[bulk]
	if o.rate <= 0 || inUse < 0.5 || w.inUse[single] > inUse {
		return // says nothing about parts
	}
	if per := o.rate / inUse; t.perConn == 0 {
		t.perConn = per
	} else {
		t.perConn += (per - t.perConn) / 4
	}
}

// Bounds of the parts that objects are moved in. The service wants at least 5 MiB and at most 10,000 parts, and
// works in units of 4 MiB.
const (
	partUnit     = 4 << 20
	minPart      = 2 * partUnit
	usualPart    = 4 * partUnit
	largePart    = 32 * partUnit
	maxPartCount = 10_000
	partTime     = 4 * time.Second // that one part should take
)

// PartSize returns in what parts to move an object of size bytes, or of unknown size if negative, as fast as
// things go now: a multiple of 4 MiB, at least 8 MiB, and at most 10,000 of them. A part should take a few seconds, so
// that little is lost with it and its beginning and end cost little, and there
// should be enough of them for all connections. Where these share a congestion control, parts are smaller: there are many
// under way at a time, but few of them half sent. A nil Tuner goes by the size only.
func (t *Tuner) PartSize(size int64) int64 {
	if size < 0 {
		return minPart // the caller keeps parts of a stream in memory
	}
	part, conns := float64(usualPart), 4
	if t != nil {
		conns = t.o.Gate.Bulk()
		t.mu.Lock()
		switch {
		case t.shared.known && t.shared.rate > 0:
			part, conns = t.shared.part(), 1
		case t.perConn > 0:
			part = min(t.perConn*partTime.Seconds(), largePart)
		}
		t.mu.Unlock()
	}
	part = max(min(part, float64(size)/float64(2*conns)), minPart)
	n := int64(part) / partUnit * partUnit
	if least := (size + maxPartCount - 1) / maxPartCount; n < least {
		n = (least + partUnit - 1) / partUnit * partUnit
	}
	return n
}

// Stall returns how long the connection of a part may move nothing before it is better to try another: 15 s to
// 60 s, by how long answers take, and the buffers of the system take to empty. A nil Tuner says 30 s.
func (t *Tuner) Stall() time.Duration {
	const least, most, usual = 15 * time.Second, 60 * time.Second, 30 * time.Second
	if t == nil {
		return usual
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.perConn == 0 {
		return usual
	}
	empty := time.Duration(min(2*sendBuffer/t.perConn, most.Seconds()) * float64(time.Second))
	return min(max(10*t.service, empty, least), most)
}

// sendBuffer is how many bytes can be under way or wait in the system on one connection of a long
// path. It is less than the 4 MiB of Linux because what is acknowledged out of order takes room too.
const sendBuffer = 1.3e6

// enough returns how many connections the path needs, and how many it can use; 0 if that cannot
// be told. The second is a hint that is tried, not a rule that is obeyed.
//
// BBR sends at the rate of the path whatever is lost, so that only the buffers bound one connection: it
// takes rate × RTT / 1.3 MB connections to fill the path, and those that wait for answers come on top. More of them
// only fill the queue of the path.
func enough(o observation, path PathInfo) (least, most int) {
	n := math.Inf(1)
	if path.Congestion == "bbr" && path.RTT > 0 && o.upload && !path.Loopback {
		fill := o.rate * max(path.MinRTT, path.RTT/2).Seconds() / sendBuffer
		least = int(math.Ceil(1.25 * fill)) // between two parts a connection stands still
		n = 1.5*(o.rate*path.RTT.Seconds()/sendBuffer+o.waiting) + 2
	}
	if o.requests > 0 {
		// What is under way should not take longer than that, or much is lost when it is cut off.
		const seconds = 5
		n = min(n, max(2, o.rate*seconds*float64(o.requests)/float64(o.bytes)))
	}
	if n > 1e6 {
		return least, 0
	}
	return least, int(math.Ceil(n))
}
