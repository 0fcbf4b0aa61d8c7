package pace

import (
	"math"
	"time"
)

// Connections that share one congestion control, as the streams of a rapid session do, are together as fast as one of
// them: there is nothing to try out. There only have to be so many requests under way that the path never waits for one.
// Such a session sends what was asked for first before the rest, so that few parts are half done at a time, however many
// were asked for; see docs/rapid.md §9.4.

// sharing is what is known of such a path.
type sharing struct {
	known bool
	rtt   time.Duration
	rate  float64 // useful bytes/s in a good second lately; 0: not known

	since time.Time // when this second began
	bytes int64     // that had moved then
}

const (
	// spareRounds is for how many round trips of the path there should be work under way: for one until the last
	// bytes of a part are there, some more until those lost of them are, and those lost again, and one for the
	// next request.
	spareRounds = 6

	// firstShared is how many requests there are before the rate is known, and leastShared how many at least.
	firstShared = 8
	leastShared = 4
)

// look learns from how much had moved in all.
func (s *sharing) look(now time.Time, moved int64, busy bool) {
	took := now.Sub(s.since)
	if took < max(time.Second, 4*s.rtt) {
		return
	}
	rate := float64(moved-s.bytes) / took.Seconds()
	if first := s.since.IsZero(); !first && (busy || rate > s.rate) {
		if s.rate += (rate - s.rate) / 8; rate > s.rate {
			s.rate = rate
		}
	}
	s.since, s.bytes = now, moved
}

// need returns how many bytes should have been asked for.
func (s *sharing) need() float64 { return spareRounds * s.rate * s.rtt.Seconds() }

// beside returns how many parts should be under way, of the smallest size.
func (s *sharing) beside() int {
	if s.rate == 0 {
		return firstShared
	}
	return max(leastShared, int(math.Ceil(s.need()/minPart))+2)
}

// part returns the size of parts, before it is rounded.
func (s *sharing) part() float64 { return max(minPart, min(s.need()/firstShared, largePart)) }

// share sets the limit of bulk requests if the connections share a congestion control, and reports whether they do.
func (t *Tuner) share(now time.Time) bool {
	path, ok := t.o.Path()
	if !ok || t.o.Min == t.o.Max {
		return false
	}
	inUse, _ := t.o.Gate.pressure(bulk)
	t.mu.Lock()
	s := &t.shared
	if s.known = path.Shared; s.known {
		s.rtt = max(path.RTT, path.MinRTT)
		s.look(now, t.o.Meter.Sum().Useful(), inUse > 0)
	}
	n := min(max(s.beside(), t.o.Min), t.o.Max)
	t.mu.Unlock()
	if c := t.climbers[bulk]; path.Shared && (n > c.limit || n <= c.limit*3/4) {
		c.stay(c.base, n, "the connections share a path")
		t.set(bulk)
	}
	return path.Shared
}

// isShared reports whether the connections share a congestion control.
func (t *Tuner) isShared() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.shared.known
}

const (
	// roundsOfParts are the round trips that an upload in parts takes beyond one in a request: to begin, to complete, and
	// often to ask what has become of it.
	roundsOfParts = 3

	// roundsMatter is the share of an upload from which on they do.
	roundsMatter = 0.2

	// oneRequest is what a service takes over one connection, about, in bytes/s.
	oneRequest = 160e6
)

// Whole reports whether an object of size bytes is better sent with one request than in parts, though it is large: over a path
// that is known to be so long and so fast that parts would take longer, from a disk that is so fast that all of it can be summed
// first, and if that takes no longer than a part may take. A nil Tuner says no.
func (t *Tuner) Whole(size int64) bool {
	if t == nil {
		return false
	}
	sums := t.o.Meter.Sum()
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.shared
	if !s.known || s.rate == 0 || s.rate > oneRequest {
		return false
	}
	takes, saved := float64(size)/s.rate, roundsOfParts*s.rtt.Seconds()
	reading := float64(size) / float64(max(sums.Moved, 1)) * sums.Disk.Seconds()
	return takes <= partTime.Seconds() && saved >= roundsMatter*takes && saved >= 2*reading
}

// worthAsking is the round trip from which on it pays to ask for an object before it is known what it is.
const worthAsking = 10 * time.Millisecond

// Ahead returns how many parts of which size are to be asked for before it is known what an object is: as many as arrive until the others
// can have been asked for. It is zero if the path is not one where that pays. A nil Tuner says so.
func (t *Tuner) Ahead() (parts int, size int64) {
	if t == nil {
		return 0, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.shared
	if !s.known || s.rate == 0 || s.rtt < worthAsking {
		return 0, 0
	}
	size = int64(s.part()) / partUnit * partUnit
	return int(1.25*s.rate*s.rtt.Seconds())/int(size) + 1, size
}
