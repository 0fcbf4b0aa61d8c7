package session_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/session"
)

// An exchange moves objects in parts, each with a request and its answer, several side by side, as HTTP does. All
// go over streams of one session, which are used again.
type exchange struct {
	w     *world
	up    bool // the parts go from the client to the server
	part  int  // size in bytes
	slots []*slot
	left  int // bytes of the object that nobody has asked for
	came  int // bytes of it that are there
	first time.Duration
	last  time.Duration
	buf   []byte
}

// A slot is a stream, and how far its request is.
type slot struct {
	ends    [2]*session.Stream // client, server
	writes  [2]int             // bytes that this end still has to write
	reads   [2]int             // … and to read
	waiting bool               // the server has not begun to answer
	busy    bool
}

// head is the size of the head of a request, and of an answer.
const head = 300

func newExchange(w *world, up bool, part, beside int) *exchange {
	x := &exchange{w: w, up: up, part: part, buf: make([]byte, 64<<10)}
	for range beside {
		x.slots = append(x.slots, new(slot))
	}
	return x
}

// move brings an object of size bytes over. It returns how long that took from the first request to the last answer, and from the
// first byte to the last.
func (x *exchange) move(size int) (whole, bytes time.Duration) {
	x.w.t.Helper()
	x.left, x.came, x.first, x.last = size, 0, 0, 0
	start := x.w.now
	if !x.w.run(5*time.Minute, func() bool { return x.pump(size) }) {
		x.w.t.Fatalf("%d of %d bytes came; %+v, %+v", x.came, size, x.w.ends[0].Stats(), x.w.ends[1].Stats())
	}
	return x.w.now - start, x.last - x.first
}

// pump writes and reads what it can, and reports whether all is over.
func (x *exchange) pump(size int) bool {
	for st := x.w.ends[1].Accept(); st != nil; st = x.w.ends[1].Accept() {
		for _, s := range x.slots {
			if s.ends[0] != nil && s.ends[0].ID() == st.ID() {
				s.ends[1] = st
			}
		}
	}
	over := true
	for _, s := range x.slots {
		if !s.busy && x.left > 0 {
			x.ask(s)
		}
		if s.busy {
			x.drive(s)
		}
		over = over && !s.busy
	}
	return over && x.left == 0 && x.came >= size
}

// ask begins with the next part.
func (x *exchange) ask(s *slot) {
	if s.ends[0] == nil {
		var err error
		if s.ends[0], err = x.w.ends[0].Open("x"); err != nil {
			x.w.t.Fatal(err)
		}
	}
	n := min(x.part, x.left)
	x.left -= n
	s.busy, s.waiting = true, true
	if s.writes, s.reads = [2]int{head, head}, [2]int{head, head}; x.up {
		s.writes[0] += n
		s.reads[1] += n
	} else {
		s.writes[1] += n
		s.reads[0] += n
	}
}

func (x *exchange) drive(s *slot) {
	for e, st := range s.ends {
		if st == nil {
			continue
		}
		for s.reads[e] > 0 {
			n, err := st.Read(x.buf[:min(len(x.buf), s.reads[e])])
			if err != nil {
				x.w.t.Fatal(err)
			}
			if n == 0 {
				break
			}
			s.reads[e] -= n
			if bulk := x.up == (e == 1); bulk {
				x.last = x.w.now
				if x.first == 0 {
					x.first = x.w.now
				}
				x.came += n
			}
		}
		if e == 1 && s.reads[1] == 0 {
			s.waiting = false
		}
		for s.writes[e] > 0 && (e == 0 || !s.waiting) {
			n, err := st.Write(pattern[:min(len(pattern), s.writes[e])])
			if err != nil {
				x.w.t.Fatal(err)
			}
			if s.writes[e] -= n; n == 0 {
				break
			}
		}
	}
	if s.reads[0] == 0 {
		s.busy = false
	}
}

// An object that moves in parts, each a request of its own, fills the link as one stream does: the parts end one after
// another, and not together. With equal turns, and windows that each stream has to earn, it was 82 to 87 % over the last but one.
func TestParts(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	for _, c := range []struct {
		mbits  float64
		rtt    time.Duration
		loss   float64
		part   int // MiB
		beside int
		bytes  float64 // least share in %, from the first byte on
		wide   bool
	}{
		{100, 100 * time.Millisecond, .01, 8, 6, 92, true},
		{300, 100 * time.Millisecond, .01, 8, 8, 92, true},
		{300, 200 * time.Millisecond, .02, 8, 12, 91, true},
		{100, 200 * time.Millisecond, .05, 8, 6, 91, true},
		{1000, 100 * time.Millisecond, .001, 8, 12, 91, true},
		{1000, 200 * time.Millisecond, .01, 16, 12, 90, false},
		{100, 300 * time.Millisecond, .1, 8, 6, 88, true},
	} {
		for _, up := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v/%v/%v, up %v", c.mbits, c.rtt.Milliseconds(), c.loss*100, up), func(t *testing.T) {
				objects := 1
				if *wide {
					objects = 3
				} else if c.wide {
					t.Skip("only with -wide")
				}
				const size = 256 << 20
				w := newWorld(t, link{rate: c.mbits * mbit, delay: c.rtt / 2, loss: c.loss, queue: c.rtt}, nil)
				x := newExchange(w, up, c.part<<20, c.beside)
				share := func(d time.Duration) float64 { return 100 * size / d.Seconds() / (c.mbits * mbit * (1 - c.loss)) }
				cold, _ := x.move(size)
				for range objects {
					w.pass(c.rtt / 2)
					whole, bytes := x.move(size)
					t.Logf("share %.1f %%, from first to last byte %.1f %%; cold %.1f %%", share(whole), share(bytes), share(cold))
					if share(bytes) < c.bytes {
						t.Errorf("from first to last byte %.1f %%; want %v", share(bytes), c.bytes)
					}
				}
			})
		}
	}
}
