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
}

// newProgress starts a bar named name for total bytes, or for an unknown number
// when total is negative. The caller calls done exactly once.
func (a *app) newProgress(ctx context.Context, name string, total int64) *progress {
	p := &progress{}
	if a.flags.quiet || a.flags.json || !a.isTerminal(a.stderr) {
		return p
	}
	p.bars = mpb.NewWithContext(ctx, mpb.WithOutput(a.stderr), mpb.WithRefreshRate(100*time.Millisecond))
	head := mpb.PrependDecorators(
		decor.Name(shorten(printable(name), 32), decor.WCSyncSpaceR),
		decor.CountersKibiByte("% .1f / % .1f", decor.WCSyncWidth),
	)
	tail := mpb.AppendDecorators(
		decor.AverageSpeed(decor.SizeB1024(0), "% .1f", decor.WCSyncSpace),
		decor.Name("  "),
		decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace), "done"),
	)
	if total < 0 {
		p.bar = p.bars.New(0, mpb.SpinnerStyle(), head, tail)
	} else {
		p.bar = p.bars.New(total, mpb.BarStyle().Rbound("|").Lbound("|"), head, tail)
	}
	return p
}

// reached says that sent bytes have moved in all.
func (p *progress) reached(sent int64) {
	if p.bar != nil {
		p.bar.SetCurrent(sent)
	}
}

// done ends the bar, whole or not, and returns when the terminal is free again.
func (p *progress) done(ok bool) {
	if p.bars == nil {
		return
	}
	if ok {
		p.bar.SetTotal(-1, true)
	} else {
		p.bar.Abort(false)
	}
	p.bars.Wait()
}

// reader shows what is read through it.
func (p *progress) reader(r io.Reader) io.Reader {
	if p.bar == nil {
		return r
	}
	return &countingReader{r: r, p: p}
}

type countingReader struct {
	r io.Reader
	n int64
	p *progress
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	c.p.reached(c.n)
	return n, err
}

// shorten keeps the end of s, which tells files apart better than its beginning.
func shorten(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	return "…" + string(r[len(r)-width+1:])
}
