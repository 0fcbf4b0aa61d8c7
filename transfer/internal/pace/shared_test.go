package pace_test

import (
	"cmp"
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/transfer/internal/pace"
)

// sharedPath runs a Tuner for a while over a path that all connections share, with rate bytes/s going over it, and disk bytes/s read.
func sharedPath(t *testing.T, o pace.TunerOptions, path func() pace.PathInfo, rate, disk int64, d time.Duration) (*pace.Tuner, *pace.Gate) {
	t.Helper()
	o.Gate, o.Meter = pace.NewGate(1), pace.NewMeter(nil)
	o.Path = func() (pace.PathInfo, bool) { return path(), true }
	tuner := pace.NewTuner(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { tuner.Run(ctx); close(done) }()
	var lane pace.Lane
	if err := o.Gate.EnterBulk(ctx, &lane); err != nil {
		t.Fatal(err)
	}
	time.Sleep(25 * time.Millisecond) // not in the moment in which the Tuner looks
	for range d / (50 * time.Millisecond) {
		o.Meter.Moved(rate / 20)
		o.Meter.Disk(time.Duration(float64(rate) / float64(disk) * float64(50*time.Millisecond)))
		time.Sleep(50 * time.Millisecond)
	}
	o.Gate.LeaveBulk(&lane)
	cancel()
	<-done
	return tuner, o.Gate
}

// Over one congestion control, as many parts are under way as the path takes in some round trips, from the first
// moment on and whatever is measured.
func TestTunerOfSharedPath(t *testing.T) {
	const object = 256 << 20
	for _, c := range []struct {
		name     string
		rate     int64
		disk     int64
		rtt      time.Duration
		bulk     int
		part     int64 // MiB
		whole    bool
		ahead    int
		d        time.Duration
		min, max int
	}{
		{name: "not known yet", rate: 118e6, rtt: 200 * time.Millisecond, bulk: 8, part: 16, d: 300 * time.Millisecond},
		{name: "1000/200", rate: 118e6, rtt: 200 * time.Millisecond, bulk: 19, part: 16, whole: true, ahead: 2, d: 5 * time.Second},
		{name: "1000/200, slow disk", rate: 118e6, disk: 500e6, rtt: 200 * time.Millisecond, bulk: 19, part: 16, ahead: 2, d: 5 * time.Second},
		{name: "1000/100", rate: 118e6, rtt: 100 * time.Millisecond, bulk: 11, part: 8, ahead: 2, d: 5 * time.Second},
		{name: "300/200", rate: 35e6, rtt: 200 * time.Millisecond, bulk: 8, part: 8, ahead: 2, d: 5 * time.Second},
		{name: "2/50", rate: 230e3, rtt: 50 * time.Millisecond, bulk: 4, part: 8, ahead: 1, d: 5 * time.Second},
		{name: "10000/200", rate: 1180e6, rtt: 200 * time.Millisecond, bulk: 64, part: 128, ahead: 3, d: 5 * time.Second, max: 64},
		{name: "next door", rate: 118e6, rtt: time.Millisecond, bulk: 4, part: 8, d: 5 * time.Second},
		{name: "a number that was chosen", rate: 118e6, rtt: 200 * time.Millisecond, bulk: 3, part: 40, d: 5 * time.Second, min: 3, max: 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := func() pace.PathInfo { return pace.PathInfo{RTT: c.rtt, MinRTT: c.rtt, Conns: 1, Shared: true} }
				tuner, gate := sharedPath(t, pace.TunerOptions{Min: c.min, Max: c.max}, path, c.rate, cmp.Or(c.disk, 5e9), c.d)
				n, part := tuner.Ahead()
				if got := tuner.PartSize(object) >> 20; gate.Bulk() != c.bulk || got != c.part || tuner.Whole(object) != c.whole || n != c.ahead {
					t.Errorf("%d parts of %d MiB at once, whole %v, ahead %d; want %d of %d, %v, %d",
						gate.Bulk(), got, tuner.Whole(object), n, c.bulk, c.part, c.whole, c.ahead)
				}
				if n > 0 && part != tuner.PartSize(object) {
					t.Errorf("asked ahead are parts of %d bytes, others have %d", part, tuner.PartSize(object))
				}
			})
		})
	}
}

// A path that is not shared any more, since UDP is blocked, is tuned for as others are.
func TestTunerLeavesSharedPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		path := func() pace.PathInfo {
			return pace.PathInfo{RTT: 200 * time.Millisecond, MinRTT: 200 * time.Millisecond, Conns: 1, Shared: time.Since(begin) < 5*time.Second}
		}
		tuner, _ := sharedPath(t, pace.TunerOptions{}, path, 118e6, 5e9, 6*time.Second)
		if n, _ := tuner.Ahead(); n != 0 || tuner.Whole(256<<20) {
			t.Errorf("%d parts are asked for ahead, whole %v", n, tuner.Whole(256<<20))
		}
	})
}

// Many small objects find how many of them pay as soon as over other paths: nobody waits for what is said about parts, of which
// there are none.
func TestTunerOfSmallObjectsOnSharedPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rtt = 100 * time.Millisecond
		o := pace.TunerOptions{Gate: pace.NewGate(1), Meter: pace.NewMeter(nil)}
		o.Path = func() (pace.PathInfo, bool) {
			return pace.PathInfo{RTT: rtt, MinRTT: rtt, Conns: 1, Shared: true}, true
		}
		tuner := pace.NewTuner(o)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { tuner.Run(ctx) })
		for range 200 {
			all.Go(func() {
				var lane pace.Lane
				for o.Gate.Enter(ctx, &lane) == nil {
					time.Sleep(rtt)
					o.Meter.Moved(16 << 10)
					o.Meter.Answered(rtt)
					o.Gate.Leave(&lane)
				}
			})
		}
		time.Sleep(3 * time.Second)
		if n := o.Gate.Limit(); n < 32 {
			t.Errorf("after 3 s there are %d requests at once, want 32 or more", n)
		}
		cancel()
		all.Wait()
	})
}
