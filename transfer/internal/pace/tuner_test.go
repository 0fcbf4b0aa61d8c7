package pace_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/transfer/internal/pace"
)

const mbit = 1e6 / 8

// worlds are what a Tuner has to find its way in.
func worlds() []world {
	const window, part = 1.3e6, 8 << 20
	return []world{
		{name: "100 Mbit/s 20 ms", best: 64, rate: 100 * mbit, rtt: 20 * time.Millisecond, perConn: window, object: part, bbr: true},
		{name: "300 Mbit/s 100 ms lossy", best: 8, rate: 300 * mbit, rtt: 100 * time.Millisecond, perConn: window, loss: 0.004, object: part, bbr: true},
		{name: "1 Gbit/s 200 ms", best: 128, rate: 1000 * mbit, rtt: 200 * time.Millisecond, perConn: window, object: 4 * part, bbr: true},
		{name: "10 Gbit/s 100 ms", best: 128, rate: 10000 * mbit, rtt: 100 * time.Millisecond, perConn: window, object: 4 * part, bbr: true},
		{name: "100 Mbit/s 200 ms cubic 5 %", best: 128, rate: 100 * mbit, rtt: 200 * time.Millisecond, perConn: 12e3, object: part, horizon: 2 * time.Minute},
		{name: "2 Mbit/s 50 ms", best: 2, rate: 2 * mbit, rtt: 50 * time.Millisecond, perConn: window, object: part, bbr: true},
		{name: "per connection 40 MB/s", best: 128, rate: 1e9, rtt: 2 * time.Millisecond, perConn: 80e3, object: 4 * part, bbr: true},
		{name: "throttled at 100/s", best: 8, rate: 1000 * mbit, rtt: 20 * time.Millisecond, perConn: window, service: 30 * time.Millisecond, requests: 100, object: 4 << 10},
		{name: "throttled at 600/s", best: 32, rate: 1000 * mbit, rtt: 5 * time.Millisecond, perConn: window, service: 30 * time.Millisecond, requests: 600, object: 4 << 10},
		{name: "5 % refused at random", best: 128, rate: 1000 * mbit, rtt: 20 * time.Millisecond, perConn: window, service: 20 * time.Millisecond, flaky: 0.05, object: 4 << 10},
		{name: "disk 200 MB/s", best: 128, rate: 10000 * mbit, rtt: time.Millisecond, perConn: window, disk: 200e6, object: part},
		{name: "disk that seeks", best: 4, rate: 10000 * mbit, rtt: time.Millisecond, perConn: window, disk: 150e6, seek: 0.1, object: part},
		{name: "small over 100 ms", best: 128, rate: 1000 * mbit, rtt: 100 * time.Millisecond, perConn: window, service: 10 * time.Millisecond, object: 4 << 10, bbr: true},
		{name: "small, 2 cores", best: 64, rtt: 0, cores: 2, cpu: 2 * time.Millisecond, service: 5 * time.Millisecond, object: 4 << 10},
		{name: "loopback", best: 128, rate: 2e9, disk: 1.5e9, rtt: 0, object: 2 * part},
	}
}

func TestTunerComesCloseToTheBestFixedLimit(t *testing.T) {
	for _, w := range worlds() {
		t.Run(w.name, func(t *testing.T) {
			if w.horizon == 0 {
				w.horizon = time.Minute
			}
			var best, tuned outcome
			synctest.Test(t, func(t *testing.T) { best = w.run(t, w.best, w.best) })
			synctest.Test(t, func(t *testing.T) { tuned = w.run(t, 0, 128) })
			all, late := tuned.work/best.work, tuned.late/best.late
			t.Logf("%.4g/s with %d; tuned %.0f %%, second half %.0f %%; in the end %d, lately %d to %d in %d changes; refused %d, was %d",
				best.work, w.best, 100*all, 100*late, tuned.limit, tuned.low, tuned.high, tuned.changes, tuned.refused, best.refused)
			// It usually reaches 90 % and more. Which of many goroutines goes first is not the same in each run, and
			// with it when the climb begins; a limit that is not found, or not kept, is far below these bounds.
			if all < 0.7 || late < 0.75 {
				t.Errorf("%.0f %% of the best fixed limit, and %.0f %% in the second half; want 70 %% and 75 %%", 100*all, 100*late)
			}
			if tuned.changes > 12 {
				t.Errorf("%d changes in the last third, want peace", tuned.changes)
			}
		})
	}
}

func TestTunerKeepsWithinTheMemory(t *testing.T) {
	gate := pace.NewGate(1)
	pace.NewTuner(pace.TunerOptions{Gate: gate, Meter: pace.NewMeter(nil), Memory: 1 << 20})
	if got := gate.Limit(); got > 5 {
		t.Errorf("limit %d with 1 MiB for the buffers of connections, want at most 5", got)
	}
}

func TestTunerLeavesAFixedNumberAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := world{name: "fixed", rate: 1e9, rtt: time.Millisecond, perConn: 1e6, object: 8 << 20, horizon: 10 * time.Second}
		if o := w.run(t, 7, 7); o.limit != 7 || o.maxInUse != 7 {
			t.Errorf("limit %d and %d in use, want 7", o.limit, o.maxInUse)
		}
	})
}

func TestPartSizeFitsTheService(t *testing.T) {
	tuner := pace.NewTuner(pace.TunerOptions{Gate: pace.NewGate(1), Meter: pace.NewMeter(nil)})
	for _, tuner := range []*pace.Tuner{nil, tuner} {
		for _, size := range []int64{-1, 0, 1, 100 << 20, 1 << 30, 80 << 30, 1 << 40, 48 << 40} {
			part := tuner.PartSize(size)
			if part%(4<<20) != 0 || part < 5<<20 || part > 5<<30 || size > 0 && (size+part-1)/part > 10_000 {
				t.Errorf("PartSize(%d) = %d", size, part)
			}
		}
	}
	if got := tuner.PartSize(1 << 30); got != 16<<20 {
		t.Errorf("PartSize(1 GiB) = %d, want 16 MiB before anything is known", got)
	}
}

func TestPartSizeFollowsTheRate(t *testing.T) {
	for _, c := range []struct {
		w         world
		low, high int64
	}{
		{world{rate: 2 * mbit, rtt: 50 * time.Millisecond, perConn: 1.3e6}, 8 << 20, 8 << 20},
		{world{rate: 100 * mbit, rtt: 20 * time.Millisecond, perConn: 1.3e6, bbr: true}, 8 << 20, 32 << 20},
		{world{rate: 10_000 * mbit, rtt: 10 * time.Millisecond, perConn: 1.3e6, bbr: true}, 64 << 20, 128 << 20},
	} {
		synctest.Test(t, func(t *testing.T) {
			c.w.object, c.w.horizon = 16<<20, 30*time.Second
			if o := c.w.run(t, 0, 64); o.partSize < c.low || o.partSize > c.high {
				t.Errorf("at %.0f bytes/s: parts of %d MiB, want %d to %d", c.w.rate, o.partSize>>20, c.low>>20, c.high>>20)
			}
		})
	}
}
