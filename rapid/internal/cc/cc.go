// Package cc decides how much of a rapid session may be in flight and how
// fast it is sent.
//
// A [Controller] steers one direction of one session. It is pure: no sockets,
// no clock, no goroutine, no allocation after New. The owner tells it what was
// sent, acknowledged and lost and at what time, and asks it for three numbers:
// the window in bytes, the pacing rate and the burst.
//
//	c := cc.New(cc.Config{Datagram: 1452})
//	c.Sent(now, &record.Packet, size)  // for every packet in flight
//	c.Ack(now)                         // an ACK frame, or a loss timer
//	c.Acked(&record.Packet)            // … for each packet it settles
//	c.Lost(&record.Packet)
//	c.Done(now, rtt)                   // now Window, Rate and Quantum are new
//
// Times are durations since any start that the owner keeps to; they never run
// backwards. Sizes are bytes of a datagram's payload, as the sender counts
// them; rates are bytes a second. A Controller is not safe for concurrent use.
//
// # The law
//
// The window is steered by the time that packets wait in queues, not by
// losses, so that a path may lose any part of its packets by noise and is
// still filled. In short, and each in the file named:
//
//   - delay.go measures: base, the smallest round trip; q, the standing queue,
//     the smallest round trip of the last quarter to half beyond base; slack,
//     what the bunching of acknowledgements asks for.
//   - startup.go doubles the window each round trip, and triples it while it
//     is small, until q shows that the path is full or the delivery rate (sampler.go) stops growing.
//   - grow.go then adds to the window, dr/dt = r·λ0·√(r0·w/r), until q > high.
//   - drain.go takes the window to what the path carries without a queue,
//     W = inflight·(base+low+slack)/rtt, waits for the effect, and looks
//     whether the queue is gone. Then grow.go again. Several flows on one path
//     see the same queue, shrink in proportion and grow by a law that favours
//     the smaller: they become equal.
//   - If drains do not drain, others keep the queue filled. drag.go learns from
//     them what the path carries, compete.go begins with half of it, goes on
//     like as many CUBIC flows (cubic.go: RFC 9438), and looks from time to time
//     whether that is still needed.
//   - floor.go learns which losses are noise. Only what is lost beyond that
//     counts as congestion: it makes grow.go drain and compete.go reduce.
//   - fixed.go holds a rate whatever happens, but for a circuit breaker.
//   - hush.go keeps the state over a silence of the path.
//   - pace.go makes rate and burst of the window.
//
// The parts are taken from published work: the delivery rate sampler, the full
// pipe test, packet-timed rounds and the burst from BBR
// (draft-ietf-ccwg-bbr), standing delay and the search for competitors from
// Copa (NSDI 2018), targets that fall with the flow's size from Swift (SIGCOMM
// 2020), Low's length of memory from LEDBAT (RFC 6817), resuming from
// draft-ietf-tsvwg-careful-resume. The tests of the package hold a simulator
// that judges the whole.
package cc

import "time"

// A Policy says how a session shares a bottleneck with others.
type Policy uint8

const (
	// Fair takes what is free and an equal part of what is not. It is the
	// default.
	Fair Policy = iota
	// High counts as two Fair sessions.
	High
	// Low takes what nobody else wants and yields to any other traffic.
	Low
	// Fixed sends at the target rate whatever the others do; only the
	// circuit breaker stops it.
	Fixed
)

// A Config says what a Controller is for.
type Config struct {
	// Policy is the rule for sharing.
	Policy Policy
	// Target is the rate in bytes a second that is never exceeded and, for
	// Fixed, always held. If zero there is none, and Fixed means Fair.
	Target float64
	// Min is the rate in bytes a second below which congestion does not push
	// the session. If zero there is none.
	Min float64
	// Cap is the rate in bytes a second that the peer granted; neither Target
	// nor Min goes over it. If zero there is none.
	Cap float64
	// Weight is the part of one session's share that this one takes. n
	// sessions of one transfer have 1/n each. If zero, 1.
	Weight float64
	// Datagram is the size in bytes of a full packet. If zero, 1200.
	Datagram int
	// Seed decides the small random choices, so that a run can be repeated.
	// There are none at present.
	Seed uint64
	// Resume is what an earlier session learned about the same path, or nil.
	Resume *Path
}

// A Path is what is worth remembering of a path for the next session on it.
type Path struct {
	Rate   float64       // bytes a second that were delivered
	MinRTT time.Duration // the smallest round trip seen
}

// Stats describe a Controller at one moment.
type Stats struct {
	Rate       float64       // pacing rate, bytes a second
	MaxBW      float64       // largest recent delivery rate, bytes a second
	MinRTT     time.Duration // smallest recent round trip
	Queue      time.Duration // what packets wait in queues: the standing round trip beyond MinRTT
	Window     int           // bytes that may be in flight
	Inflight   int           // bytes that are
	Loss       float64       // part of the packets lost lately, 0 to 1
	RandomLoss float64       // part of the packets taken to be lost for reasons other than congestion
	State      string        // name of the state, for people
	Limit      string        // what holds the rate: "path", "target", "application", "host"
}
