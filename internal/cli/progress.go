package cli

import (
	"context"
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows bytes moving. On a terminal it is a bar on standard error;
// elsewhere, and with --quiet or --json, it is nothing.
type progress struct {
	bars *mpb.Progress
	bar  *mpb.Bar // nil where nothing is shown

	forget func() bool // ends the wait for an interrupt

	began time.Time
}

// counters writes how far a bar is.
func counters(s decor.Statistics) string {
	if s.Total <= 0 {
		return formatSize(s.Current)
	}
	return formatSize(s.Current) + " / " + formatSize(s.Total)
}

// rate writes the mean so far, which a person can check against a clock.
func (p *progress) rate(s decor.Statistics) string {
	return formatRate(s.Current, time.Since(p.began))
}

// newProgress starts a bar named name for total bytes, or for an unknown number
// when total is negative. The caller calls done exactly once.
func (a *app) newProgress(ctx context.Context, name string, total int64) *progress {
	p := &progress{began: time.Now()}
	if a.flags.quiet || a.flags.json || !a.isTerminal(a.stderr) {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(a.stderr), mpb.WithRefreshRate(100*time.Millisecond))
	// A terminal echoes Ctrl-C as ^C, and mpb redraws from the column that it left
	// the cursor in.
	p.forget = context.AfterFunc(ctx, func() { _, _ = io.WriteString(a.stderr, "\r") })
	head := mpb.PrependDecorators(
		decor.Name(shorten(printable(name), 32), decor.WCSyncSpaceR),
		decor.Any(counters, decor.WCSyncWidth),
	)
	rate := decor.Any(p.rate, decor.WCSyncSpace)
	if total < 0 {
		p.bar = p.bars.New(0, mpb.SpinnerStyle(), head, mpb.AppendDecorators(rate), mpb.BarRemoveOnComplete())
		return p
	}
	left := decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace)
	p.bar = p.bars.New(total, mpb.BarStyle().Rbound("|").Lbound("|"), head, mpb.AppendDecorators(rate, decor.Name("  "), left), mpb.BarRemoveOnComplete())
	return p
}

// reached says that sent bytes have moved in all.
func (p *progress) reached(sent int64) {
	if p.bar != nil {
		p.bar.SetCurrent(sent)
	}
}

// share returns the reached of one of several files that move at once.
func (p *progress) share() func(sent int64) {
	if p.bar == nil {
		return func(int64) {}
	}
	var before int64
	return func(sent int64) {
		p.bar.IncrInt64(sent - before)
		before = sent
	}
}

// above is where to write lines while the bar is drawn: standard error, or a
// writer that keeps them above the bar.
func (p *progress) above(stderr io.Writer) io.Writer {
	if p.bars == nil {
		return stderr
	}
	return p.bars
}

// done takes the bar away, whole or not, and returns when the terminal is free
// again. What there is to say of the outcome, a summary or an error says.
func (p *progress) done(ok bool) {
	if p.bars == nil {
		return
	}
	if ok {
		p.bar.SetTotal(-1, true)
	} else {
		p.bar.Abort(true)
	}
	p.bars.Wait()
	p.forget()
}

// countingReader tells how much has been read through it.
type countingReader struct {
	r       io.Reader
	n       int64
	reached func(int64)
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	c.reached(c.n)
	return n, err
}

// countingWriter tells how much has been written through it.
type countingWriter struct {
	w       io.Writer
	n       int64
	reached func(int64)
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	c.reached(c.n)
	return n, err
}
