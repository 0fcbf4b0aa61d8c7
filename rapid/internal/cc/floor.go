package cc

import "math"

// A lossFloor estimates which part of the packets is lost whatever the sender
// does, by noise on the path, so that only what goes beyond counts as a sign
// of congestion.
//
// It learns only from rounds that were sent while the queue was short and
// nothing else spoke of congestion, because there loss has no other cause.
type lossFloor struct {
	rate   float64
	weight float64 // packets that rate stands on, at most floorMemory
}

const (
	// floorMemory is the number of packets over which the floor is averaged.
	floorMemory = 4000
	// floorMax bounds what may be taken for noise. A path that loses more is
	// broken or policed, and pushing on would hurt.
	floorMax = 0.20
	// excessSigma standard deviations beyond the expected are no chance any
	// more, at one decision a round.
	excessSigma = 3
	// excessMin is the least part of a round's packets that matters.
	excessMin = 0.005
)

func (f *lossFloor) learn(n, lost float64) {
	if n <= 0 {
		return
	}
	f.weight = min(f.weight+n, floorMemory)
	f.rate = min(f.rate+(lost/n-f.rate)*min(1, n/f.weight), floorMax)
}

// expected returns how many of n packets noise may take.
func (f *lossFloor) expected(n float64) float64 {
	mean := n * f.rate
	return mean + excessSigma*math.Sqrt(mean)
}

// excess returns which part of n packets was lost beyond what noise explains,
// zero if noise may explain it all.
func (f *lossFloor) excess(n, lost float64) float64 {
	if n <= 0 || lost < f.expected(n)+max(2, excessMin*n) {
		return 0
	}
	return lost/n - f.rate
}
