package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// buffered gathers lines of output and writes them a page at a time. A million
// keys are listed through it, so it appends rather than formats.
type buffered struct {
	app   *app
	buf   []byte
	err   error
	calls int       // of flushIfRipe
	since time.Time // when flushIfRipe last flushed
}

// bufferSize is about a page of listing.
const bufferSize = 64 << 10

func newBuffered(a *app) *buffered { return &buffered{app: a, buf: make([]byte, 0, bufferSize+4<<10)} }

// full reports whether it is time to flush.
func (b *buffered) full() bool { return len(b.buf) >= bufferSize }

func (b *buffered) str(s string) *buffered {
	b.buf = append(b.buf, s...)
	return b
}

// right appends s, padded on its left to width.
func (b *buffered) right(s string, width int) *buffered {
	for range width - len(s) {
		b.buf = append(b.buf, ' ')
	}
	return b.str(s)
}

func (b *buffered) rightInt(n int64, width int) *buffered {
	var digits [20]byte
	return b.right(string(strconv.AppendInt(digits[:0], n, 10)), width)
}

func (b *buffered) time(t time.Time) *buffered {
	b.buf = t.UTC().AppendFormat(b.buf, time.RFC3339)
	return b
}

func (b *buffered) record(r record) {
	r.V = schemaVersion
	line, err := json.Marshal(r)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("write output: %w", err)
	}
	b.buf = append(append(b.buf, line...), '\n')
}

// flushIfRipe writes what was gathered if it is a page, or if it waits for a
// while: a search may find little in a long list. It is to be called for each
// entry that is looked at, found or not.
func (b *buffered) flushIfRipe() error {
	b.calls++
	switch {
	case b.full():
	case len(b.buf) == 0 || b.calls%64 != 0 || time.Since(b.since) < 100*time.Millisecond:
		return nil
	}
	b.since = time.Now()
	return b.flush()
}

// flush writes what was gathered.
func (b *buffered) flush() error {
	if b.err != nil {
		return b.err
	}
	_, err := b.app.stdout.Write(b.buf)
	b.buf = b.buf[:0]
	if err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}
