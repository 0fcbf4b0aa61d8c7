package pace_test

import (
	"testing"
	"testing/synctest"
	"time"
)

const mbit = 1e6 / 8

// worlds are what a Tuner has to find its way in.
func worlds() []world {
	const window, part = 1.3e6, 8 << 20
	return []world{
		{name: "100 Mbit/s 20 ms", rate: 100 * mbit, rtt: 20 * time.Millisecond, perConn: window, object: part, bbr: true},
		{name: "300 Mbit/s 100 ms lossy", rate: 300 * mbit, rtt: 100 * time.Millisecond, perConn: window, loss: 0.004, object: part, bbr: true},
		{name: "1 Gbit/s 200 ms", rate: 1000 * mbit, rtt: 200 * time.Millisecond, perConn: window, object: 4 * part, bbr: true},
		{name: "10 Gbit/s 100 ms", rate: 10000 * mbit, rtt: 100 * time.Millisecond, perConn: window, object: 4 * part, bbr: true},
		{name: "100 Mbit/s 200 ms cubic 5 %", rate: 100 * mbit, rtt: 200 * time.Millisecond, perConn: 12e3, object: part, horizon: 2 * time.Minute},
		{name: "2 Mbit/s 50 ms", rate: 2 * mbit, rtt: 50 * time.Millisecond, perConn: window, object: part, bbr: true},
		{name: "per connection 40 MB/s", rate: 1e9, rtt: 2 * time.Millisecond, perConn: 80e3, object: 4 * part, bbr: true},
		{name: "throttled at 100/s", rate: 1000 * mbit, rtt: 20 * time.Millisecond, perConn: window, service: 30 * time.Millisecond, requests: 100, object: 4 << 10},
		{name: "throttled at 600/s", rate: 1000 * mbit, rtt: 5 * time.Millisecond, perConn: window, service: 30 * time.Millisecond, requests: 600, object: 4 << 10},
		{name: "5 % refused at random", rate: 1000 * mbit, rtt: 20 * time.Millisecond, perConn: window, service: 20 * time.Millisecond, flaky: 0.05, object: 4 << 10},
		{name: "disk 200 MB/s", rate: 10000 * mbit, rtt: time.Millisecond, perConn: window, disk: 200e6, object: part},
		{name: "disk that seeks", rate: 10000 * mbit, rtt: time.Millisecond, perConn: window, disk: 150e6, seek: 0.1, object: part},
		{name: "small over 100 ms", rate: 1000 * mbit, rtt: 100 * time.Millisecond, perConn: window, service: 10 * time.Millisecond, object: 4 << 10, bbr: true},
		{name: "small, 2 cores", rtt: 0, cores: 2, cpu: 2 * time.Millisecond, service: 5 * time.Millisecond, object: 4 << 10},
		{name: "loopback", rate: 2e9, disk: 1.5e9, rtt: 0, object: 2 * part},
	}
}

func TestTunerComesCloseToTheBestFixedLimit(t *testing.T) {
	for _, w := range worlds() {
		t.Run(w.name, func(t *testing.T) {
			if w.horizon == 0 {
				w.horizon = time.Minute
			}
			var best outcome
			bestAt := 0
			for _, n := range []int{2, 4, 8, 16, 32, 64, 128} {
				synctest.Test(t, func(t *testing.T) {
					if o := w.run(t, n, n); o.work > best.work {
						best, bestAt = o, n
					}
				})
			}
			synctest.Test(t, func(t *testing.T) {
				o := w.run(t, 0, 128)
				t.Logf("best %3d: %.4g/s; tuned %.4g/s (%.0f %%), second half %.0f %%; limit %d (%d–%d, %d changes), refused %d (best %d), part %d MiB, stall %v",
					bestAt, best.work, o.work, 100*o.work/best.work, 100*o.late/best.late, o.limit, o.low, o.high, o.changes, o.refused, best.refused, o.partSize>>20, o.stall)
				if o.work < 0.9*best.work {
					t.Errorf("%.0f %% of the best fixed limit, want 90 %%", 100*o.work/best.work)
				}
			})
		})
	}
}
