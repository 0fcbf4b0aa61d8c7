package transfer

import (
	"testing"
	"time"
)

func TestRateLeavesOutWhatWasThere(t *testing.T) {
	now := time.Now()
	a := &active{t: &Transfer{}, name: "large", total: 200 << 20}
	a.t.tally.total.Store(200 << 20)
	a.t.tally.progress(now, Running, 0)
	a.resume(100 << 20)
	a.add(1 << 20)
	p := a.t.tally.progress(now.Add(time.Second), Running, time.Second)
	if p.Bytes != 101<<20 || p.Rate != 1<<20 {
		t.Errorf("%d bytes at %.0f bytes/s, want %d at %d", p.Bytes, p.Rate, 101<<20, 1<<20)
	}
}
