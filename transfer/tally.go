package transfer

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// A tally adds up what a Transfer does. Its numbers are plain sums and may go
// down, when bytes have to be moved again or a list is read a second time; what
// it shows never does.
type tally struct {
	bytes   atomic.Int64 // of objects complete and on their way
	whole   atomic.Int64 // of complete objects alone
	total   atomic.Int64 // of objects known so far; -1 if unknown
	kept    atomic.Int64 // of objects whose moving ended before its end, what can be gone on with
	resumed atomic.Int64 // of bytes, those that another process or Transfer had moved

	credited atomic.Int64 // bytes that were added without being moved then, in this process or another

	objects      atomic.Int64
	objectsTotal atomic.Int64 // -1 if unknown
	skipped      atomic.Int64
	failed       atomic.Int64
	deleted      atomic.Int64
	listing      atomic.Bool

	verified   atomic.Int64
	unverified atomic.Int64
	partSize   atomic.Int64

	mu    sync.Mutex // guards what follows
	shown Progress
	told  bool // shown has been set
	speed speedometer
}

// progress returns what to show at a time.
func (y *tally) progress(now time.Time, state State, elapsed time.Duration) Progress {
	y.mu.Lock()
	defer y.mu.Unlock()
	raise := func(shown *int64, n int64) { *shown = max(*shown, n) }
	s := &y.shown
	if !y.told {
		s.Total, s.ObjectsTotal, y.told = -1, -1, true
	}
	s.State = state
	s.Elapsed = max(s.Elapsed, elapsed)
	raise(&s.Total, y.total.Load())
	bytes := y.bytes.Load()
	raise(&s.Bytes, bytes)
	if s.Total >= 0 && s.Bytes > s.Total {
		// An object was replaced by a larger one after it was listed.
		s.Total = s.Bytes
	}
	raise(&s.Objects, y.objects.Load())
	raise(&s.ObjectsTotal, y.objectsTotal.Load())
	raise(&s.Skipped, y.skipped.Load())
	raise(&s.Failed, y.failed.Load())
	raise(&s.Deleted, y.deleted.Load())
	s.Listing = y.listing.Load() && state != Done

	s.Rate, s.ETA = 0, -1
	if state == Running {
		s.Rate = y.speed.at(now, bytes-y.credited.Load())
		if s.Rate > 0 && s.Total >= 0 && !s.Listing {
			left := float64(s.Total-s.Bytes) / s.Rate * float64(time.Second)
			if left < math.MaxInt64/2 {
				s.ETA = time.Duration(left)
			}
		}
	} else {
		y.speed = speedometer{}
	}
	return *s
}

// A speedometer tells the rate of late from how a sum grows: an average whose
// weights fall by 1/e in three seconds, whenever it is looked at.
type speedometer struct {
	at0   time.Time
	sum   int64
	rate  float64
	begun bool
}

const (
	speedMemory = 3 * time.Second
	speedGrain  = 100 * time.Millisecond // less than this says more about chance than about speed
)

func (s *speedometer) at(now time.Time, sum int64) float64 {
	if s.at0.IsZero() {
		s.at0, s.sum = now, sum
		return 0
	}
	took := now.Sub(s.at0)
	if took < speedGrain {
		return s.rate
	}
	recent := max(0, float64(sum-s.sum)) / took.Seconds()
	if !s.begun {
		s.rate, s.begun = recent, true
	} else {
		keep := math.Exp(-float64(took) / float64(speedMemory))
		s.rate = keep*s.rate + (1-keep)*recent
	}
	s.at0, s.sum = now, sum
	return s.rate
}
