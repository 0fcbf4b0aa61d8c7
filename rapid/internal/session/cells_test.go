package session_test

import (
	"flag"
	"fmt"
	"testing"
	"time"
)

var wide = flag.Bool("wide", false, "bring objects over all paths, and log a table")

// An object of 256 MiB over a path that is known fills the link, from its first byte to its last: headers leave 95.5 %
// of it, and the end and the beginning take nothing. With a queue of a round trip, nothing is dropped in it.
func TestCells(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	for _, c := range []struct {
		mbits float64
		rtt   time.Duration
		loss  float64
		whole float64 // least share in %, from the request on
		bytes float64 // … from the first byte on
		wide  bool
	}{
		{100, 100 * time.Millisecond, .01, 92, 92, true},
		{300, 100 * time.Millisecond, .01, 91, 92, true},
		{300, 200 * time.Millisecond, .02, 91.5, 94, true},
		{100, 200 * time.Millisecond, .05, 91, 92, true},
		{1000, 100 * time.Millisecond, .001, 90, 94, true},
		{1000, 200 * time.Millisecond, .01, 86.5, 94, false}, // the request alone takes 8 %
		{100, 300 * time.Millisecond, .1, 85, 86, true},
	} {
		t.Run(fmt.Sprintf("%v/%v/%v", c.mbits, c.rtt.Milliseconds(), c.loss*100), func(t *testing.T) {
			objects := 1
			if *wide {
				objects = 3
			} else if c.wide {
				t.Skip("only with -wide")
			}
			const size = 256 << 20
			w := newWorld(t, link{rate: c.mbits * mbit, delay: c.rtt / 2, loss: c.loss, queue: c.rtt}, nil)
			l := w.lane()
			share := func(d time.Duration) float64 { return 100 * size / d.Seconds() / (c.mbits * mbit * (1 - c.loss)) }
			cold := share(w.send(l, size, false) + c.rtt/2)
			for range objects {
				w.pass(c.rtt / 2)
				dropped := w.ends[0].dropped
				took := w.send(l, size, false) // from the moment when the request is there
				whole, bytes := share(took+c.rtt/2), share(took-c.rtt/2)
				t.Logf("share %.1f %%, from first to last byte %.1f %%; cold %.1f %%", whole, bytes, cold)
				if whole < c.whole || bytes < c.bytes {
					t.Errorf("share %.1f %%, from first to last byte %.1f %%; want %v and %v", whole, bytes, c.whole, c.bytes)
				}
				if n := w.ends[0].dropped - dropped; n > size/1400/100 {
					t.Errorf("%d packets were dropped in the queue", n)
				}
			}
			from, to := w.ends[0].Stats(), w.ends[1].Stats()
			part := func(n uint64) float64 { return 100 * float64(n) / float64(to.Received) }
			t.Logf("duplicates %.2f %%, parity %.2f %%, repaired %.2f %%", part(to.DuplicateBytes), part(from.ParityBytes), part(to.RepairedBytes))
			if got := part(to.DuplicateBytes + from.ParityBytes); got > 2 {
				t.Errorf("%.2f %% was sent that nobody needed", got)
			}
		})
	}
}
