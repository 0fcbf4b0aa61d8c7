// Package emulate is a wide-area link on one machine: two network namespaces,
// each with a TUN device, and between them two real-time threads that let packets
// wait, lose some, and pass them on after a while. Programs are started inside the
// namespaces and use the kernel's own TCP and UDP.
//
// The devices carry virtio-net headers, so that the hosts hand over batches (TSO,
// USO) and take them (GRO) as with a real card. The link decides on every segment
// of a batch by itself, and cuts the batch where a segment is lost or is not due.
//
// A link's threads occupy two of the places that runtime.GOMAXPROCS gives, so there
// have to be more. It needs Linux and root. Nothing outside the namespaces changes; they, the
// devices and the programs in them end with this process, however it ends.
package emulate

import (
	"errors"
	"fmt"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// Shape is what the link does to packets, the same in both directions.
type Shape struct {
	Rate     float64       // bits per second of IP packets; if zero, as fast as this machine can
	RTT      time.Duration // half of it in each direction
	Loss     float64       // share of the packets of each direction lost at random, after they used the rate
	Jitter   time.Duration // added to the delay, uniform between zero and this; keeps the order
	Queue    int           // bytes that may wait for the rate; if zero, Rate × RTT, at least 64 KiB; drop-tail
	MTU      int           // bytes of the largest packet; larger UDP ones vanish, larger TCP ones have the sender told; if zero, 1500
	Down     bool          // nothing passes
	BlockUDP bool          // no UDP passes
	NAT      uint16        // if not zero, B sees A's UDP ports changed by this; another value is a new mapping, and the old one is forgotten
	Seed     uint64        // of everything random
}

// BDP is the bandwidth-delay product in bytes.
func (s *Shape) BDP() float64 { return s.Rate / 8 * s.RTT.Seconds() }

const minQueue = 64 << 10

func (s *Shape) queue() int64 {
	if s.Queue > 0 {
		return int64(s.Queue)
	}
	return max(minQueue, int64(s.BDP()))
}

// String is the shape as the tables name it: Mbit/s, RTT in ms, loss in %.
func (s *Shape) String() string {
	return fmt.Sprintf("%g/%g/%g", s.Rate/1e6, float64(s.RTT)/1e6, s.Loss*100)
}

// Side is an end of the link.
type Side int

// The ends, and their addresses.
const (
	A Side = iota
	B
)

// Address is the IP address of a side.
func (s Side) Address() string { return [...]string{"10.77.0.1", "10.77.0.2"}[s] }

// Link is two namespaces and what joins them.
type Link struct {
	sides [2]*namespace
	ways  [2]*forwarder // by the side that sends
	nat   *natTable
}

// Open makes a link. It belongs to the caller, who has to Close it.
func Open(s Shape) (_ *Link, err error) {
	l := &Link{nat: new(natTable)}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	var fds [2]int
	for side := range l.sides {
		ns, err := newNamespace()
		if err != nil {
			return nil, fmt.Errorf("make a network namespace (needs root): %w", err)
		}
		l.sides[side] = ns
		if fds[side], err = ns.tun(Side(side)); err != nil {
			return nil, fmt.Errorf("make a TUN device: %w", err)
		}
	}
	for side := range l.ways {
		if l.ways[side], err = newForwarder(Side(side), s, fds[side], fds[1-side], l.nat); err != nil {
			return nil, err
		}
	}
	for _, w := range l.ways {
		w.start()
	}
	return l, nil
}

// Set changes the link from now on. What is on its way arrives as it would have.
func (l *Link) Set(s Shape) {
	for _, w := range l.ways {
		w.shape.Store(&s)
	}
}

// Do calls f on a thread that is inside a side's namespace.
func (l *Link) Do(side Side, f func() error) error { return l.sides[side].do(f) }

// Start starts a program inside a side's namespace. It is killed if this process dies.
func (l *Link) Start(side Side, cmd *exec.Cmd) error { return l.sides[side].launch(cmd) }

// Congestion has TCP connections over the link that begin from now on use a
// congestion control, on both sides, which works for programs that cannot choose
// one themselves. It needs the command ip, since as a setting of the namespace the
// kernel refuses those that are not for everyone.
func (l *Link) Congestion(name string) error {
	for side, ns := range l.sides {
		cmd := exec.Command("ip", "route", "replace", "10.77.0.0/24", "dev", device, "scope", "link", "src", Side(side).Address(), "congctl", name)
		if err := ns.run(cmd); err != nil {
			return err
		}
	}
	return nil
}

// Nice sets the priority of the programs that are started from now on, from -20,
// the highest, to 19. On a machine that does something else too, the highest one
// comes near to what they would do alone.
func (l *Link) Nice(priority int) error {
	for _, ns := range l.sides {
		// Programs take it from the thread that starts them.
		if err := ns.do(func() error { return unix.Setpriority(unix.PRIO_PROCESS, 0, priority) }); err != nil {
			return fmt.Errorf("set the priority: %w", err)
		}
	}
	return nil
}

// Reset forgets what was counted so far.
func (l *Link) Reset() {
	for _, w := range l.ways {
		w.do(w.stats.reset)
	}
}

// Stats returns what happened since the last Reset to what one side sent.
func (l *Link) Stats(from Side) *Stats {
	var s *Stats
	w := l.ways[from]
	w.do(func() { s = w.stats.clone() })
	return s
}

// Close takes everything down. Programs inside have to have ended.
func (l *Link) Close() error {
	var errs []error
	for _, w := range l.ways {
		if w != nil {
			errs = append(errs, w.close())
		}
	}
	for _, ns := range l.sides {
		if ns != nil {
			errs = append(errs, ns.close())
		}
	}
	return errors.Join(errs...)
}
