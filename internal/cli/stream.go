package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/icos-go/icos"
)

// toStdout copies one object to standard output.
func (c *copier) toStdout(ctx context.Context, client *icos.Client, src location) error {
	if src.key == "" || src.isPrefix() {
		return &usageError{fmt.Errorf("%s is not one object: use icos cat", src)}
	}
	began := time.Now()
	n, err := c.writeTo(ctx, client.Bucket(src.bucket).Object(src.key).Version(c.version).WithKey(c.keys.own), c.stdout)
	if err != nil {
		return err
	}
	sum := reports{}
	sum.Objects, sum.Bytes = 1, n
	return c.sumUp(c.stderr, c.verb, &sum, 0, time.Since(began))
}

// writeTo writes obj to w, as fast as --bwlimit allows, and returns how many
// bytes that was.
func (c *copier) writeTo(ctx context.Context, obj *icos.Object, w io.Writer) (int64, error) {
	r, err := obj.Get(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("copy %s: %w", obj, err)
	}
	defer r.Close()
	p := c.newProgress(ctx, obj.Key(), r.Size(), c.stderr)
	defer p.end()
	n, err := r.WriteTo(&pacedWriter{ctx: ctx, w: w, rate: int64(c.tuning.rate), began: time.Now(), moved: p.moved})
	if err != nil {
		return n, fmt.Errorf("copy %s: %w", obj, err)
	}
	return n, nil
}

// pacedWriter writes no faster than rate bytes a second, if that is not 0, and
// tells how much has been written.
type pacedWriter struct {
	ctx   context.Context
	w     io.Writer
	rate  int64
	began time.Time
	n     int64
	moved func(int64)
}

func (p *pacedWriter) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	p.n += int64(n)
	p.moved(int64(n))
	if p.rate == 0 || err != nil {
		return n, err
	}
	due := p.began.Add(time.Duration(float64(p.n) / float64(p.rate) * float64(time.Second)))
	select {
	case <-time.After(time.Until(due)):
		return n, nil
	case <-p.ctx.Done():
		return n, context.Cause(p.ctx)
	}
}

// sizeOf is the number of bytes that in has left, if it is a file; otherwise 0.
func sizeOf(in io.Reader) int64 {
	f, ok := in.(*os.File)
	if !ok {
		return 0
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0
	}
	return max(0, info.Size()-at)
}

// interruptibleReader is r as a reader whose Read returns when ctx ends, even if
// r's does not: nobody can interrupt the read of a terminal or of a pipe. A file
// is returned as it is. What r yields after that is lost, so this is for
// standard input, which ends with the process.
func interruptibleReader(ctx context.Context, r io.Reader) io.Reader {
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return r
		}
	}
	c := &chunkReader{ctx: ctx, chunks: make(chan chunk), free: make(chan []byte, 2)}
	c.free <- make([]byte, 256<<10)
	c.free <- make([]byte, 256<<10)
	go c.fill(r)
	return c
}

// chunkReader hands over what another goroutine reads.
type chunkReader struct {
	ctx    context.Context
	chunks chan chunk
	free   chan []byte // buffers that nobody uses

	now chunk  // being handed out
	buf []byte // its buffer
}

type chunk struct {
	b   []byte
	err error
}

// fill is the goroutine that may stay blocked in a Read.
func (c *chunkReader) fill(r io.Reader) {
	for buf := range c.free {
		n, err := r.Read(buf)
		select {
		case c.chunks <- chunk{buf[:n], err}:
		case <-c.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (c *chunkReader) Read(p []byte) (int, error) {
	for len(c.now.b) == 0 {
		if c.now.err != nil {
			return 0, c.now.err
		}
		if c.buf != nil {
			c.free <- c.buf[:cap(c.buf)]
			c.buf = nil
		}
		select {
		case c.now = <-c.chunks:
			c.buf = c.now.b
		case <-c.ctx.Done():
			return 0, context.Cause(c.ctx)
		}
	}
	n := copy(p, c.now.b)
	c.now.b = c.now.b[n:]
	return n, nil
}
