package cli

import (
	"context"
	"io"
	"sync/atomic"
)

// progress shows bytes moving that no transfer counts.
type progress struct {
	*display
	name  string
	total int64
	bytes atomic.Int64
}

// newProgress shows name on its way to total bytes, or to an unknown number when
// total is negative. The caller calls end exactly once.
func (a *app) newProgress(ctx context.Context, name string, total int64, events io.Writer) *progress {
	p := &progress{name: name, total: total}
	p.display = a.newDisplay(ctx, events, p.view)
	return p
}

func (p *progress) view() view {
	n := p.bytes.Load()
	return view{
		active: []viewItem{{name: p.name, bytes: n, total: p.total}},
		totals: totals{bytes: n, total: p.total, objectsTotal: 1},
	}
}

// moved says that n bytes more have moved.
func (p *progress) moved(n int64) { p.bytes.Add(n) }

// share returns what tells p how far one of several files is.
func (p *progress) share() func(sent int64) {
	var before int64
	return func(sent int64) {
		p.moved(sent - before)
		before = sent
	}
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
