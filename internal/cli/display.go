package cli

import (
	"context"
	"io"
	"sync"
	"time"
)

// display shows what a command is doing while it does it, on standard error: a
// few lines that change on a terminal, a line now and then elsewhere, and
// nothing with --quiet. With --json it is records on the stream of events.
type display struct {
	app    *app
	ctx    context.Context // for whether it has ended
	events io.Writer       // where records of progress go
	screen *screen         // nil unless there is a terminal

	mu      sync.Mutex // guards all below
	sources []func() view
	past    totals // of sources that are gone
	shown   map[string]bool
	meter   rateMeter

	stop  chan struct{}
	ended chan struct{}
}

// How often the display changes. A person follows ten frames a second; a log is
// read later, and a program decides by the second at most.
const (
	everyFrame  = 100 * time.Millisecond
	everyRecord = time.Second
	everyLine   = 10 * time.Second
)

// newSilentDisplay shows nothing: a person is typing on the terminal.
func (a *app) newSilentDisplay(ctx context.Context) *display {
	d := &display{app: a, ctx: ctx, stop: make(chan struct{}), ended: make(chan struct{})}
	close(d.ended)
	return d
}

// newDisplay starts to show source. The caller calls end exactly once.
func (a *app) newDisplay(ctx context.Context, events io.Writer, source func() view) *display {
	d := &display{app: a, ctx: ctx, events: events, stop: make(chan struct{}), ended: make(chan struct{})}
	if source != nil {
		d.sources = append(d.sources, source)
	}
	every, show := everyLine, d.line
	switch {
	case a.flags.json:
		every, show = everyRecord, d.record
	case a.flags.quiet:
		close(d.ended)
		return d
	case a.isTerminal(a.stderr):
		d.screen = newScreen(a.stderr, a.terminalSize)
		every, show = everyFrame, d.frame
	}
	go func() {
		defer close(d.ended)
		// A rate is known only to those who look often.
		tick := time.NewTicker(min(every, meterStep))
		defer tick.Stop()
		shown := time.Now()
		for {
			select {
			case now := <-tick.C:
				if now.Sub(shown) < every-meterStep/2 {
					d.now()
					continue
				}
				shown = now
				show()
			case <-d.stop:
				return
			}
		}
	}()
	return d
}

// end takes the lines away and returns when the terminal is free again.
func (d *display) end() {
	close(d.stop)
	<-d.ended
	if d.screen != nil {
		d.screen.clear()
	}
}

// above is where to write lines while the display is on: standard error, or a
// writer that keeps them above the lines that change.
func (d *display) above() io.Writer {
	if d.screen != nil {
		return d.screen
	}
	return d.app.stderr
}

// out is where to write data while the display is on: standard output, but if
// that is the same terminal, above the lines that change.
func (d *display) out() io.Writer {
	if d.screen != nil && d.app.isTerminal(d.app.stdout) {
		return d.screen
	}
	return d.app.stdout
}

// add shows one more source until the func it returns is called, with what is
// to be counted from then on.
func (d *display) add(source func() view) (remove func(totals)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := len(d.sources)
	for j, s := range d.sources { // the place of one that is gone
		if s == nil {
			i = j
		}
	}
	if i == len(d.sources) {
		d.sources = append(d.sources, nil)
	}
	d.sources[i] = source
	return func(t totals) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.sources[i] = nil
		d.past.add(t)
	}
}

// now gathers what all sources show.
func (d *display) now() view {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := view{totals: d.past, stopping: d.ctx.Err() != nil}
	live, paused := 0, 0
	for _, source := range d.sources {
		if source == nil {
			continue
		}
		o := source()
		live++
		if o.paused {
			paused++
		}
		v.active = append(v.active, o.active...)
		v.add(o.totals)
		v.rate, v.eta = o.rate, o.eta // which holds if there is only one
	}
	v.paused = live > 0 && paused == live && !v.stopping
	if rate := d.meter.update(time.Now(), v.bytes); live != 1 || v.rate == 0 {
		v.rate, v.eta = rate, -1
	}
	if v.eta < 0 && v.rate > 0 && v.total >= v.bytes {
		v.eta = time.Duration(float64(v.total-v.bytes) / v.rate * float64(time.Second))
	}
	return v
}

// worthABar is how large an object must be to have a line of its own among
// others: small ones come and go faster than anybody can read.
const worthABar = 1 << 20

// frame draws one frame. What was not there in the frame before is left out.
func (d *display) frame() {
	v := d.now()
	before := d.shown
	d.shown = make(map[string]bool, len(v.active))
	items := v.active[:0]
	for _, item := range v.active {
		d.shown[item.name] = true
		if before[item.name] && (item.total < 0 || item.total >= worthABar || v.objectsTotal == 1) {
			items = append(items, item)
		}
	}
	v.active = items
	d.screen.draw(v.lines(d.screen.size()))
}

// line writes the totals for a log.
func (d *display) line() {
	v := d.now()
	_, _ = io.WriteString(d.app.stderr, "icos: "+v.detailed(3, 0)+"\n") // see notef
}

// record writes the totals for a program.
func (d *display) record() {
	v := d.now()
	r := v.totals.record("progress")
	r.Rate = &v.rate
	if v.eta >= 0 {
		seconds := v.eta.Seconds()
		r.ETA = &seconds
	}
	// A closed standard output surfaces in the summary that follows.
	_ = writeRecord(d.events, r)
}

// record is t as a line of --json.
func (t totals) record(kind string) record {
	r := record{Type: kind, Size: &t.bytes, Objects: &t.objects, Skipped: &t.skipped, Deleted: &t.deleted, Failed: &t.failed, Listing: t.listing}
	if t.total >= 0 {
		r.Total = &t.total
	}
	if t.objectsTotal >= 0 {
		r.ObjectsTotal = &t.objectsTotal
	}
	return r
}

// rateMeter is the rate over the last few seconds of a number that grows.
type rateMeter struct {
	at    [32]time.Time
	bytes [32]int64
	n     int
}

// meterStep spaces the samples, so that all of them span eight seconds.
const meterStep = 250 * time.Millisecond

func (m *rateMeter) update(now time.Time, bytes int64) float64 {
	if m.n == 0 || now.Sub(m.at[(m.n-1)%len(m.at)]) >= meterStep {
		m.at[m.n%len(m.at)], m.bytes[m.n%len(m.at)] = now, bytes
		m.n++
	}
	oldest := max(0, m.n-len(m.at)) % len(m.at)
	span := now.Sub(m.at[oldest]).Seconds()
	if span <= 0 {
		return 0
	}
	return float64(bytes-m.bytes[oldest]) / span
}
