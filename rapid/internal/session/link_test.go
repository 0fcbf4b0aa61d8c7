package session_test

import (
	"bytes"
	"container/heap"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
	"github.com/icos-go/icos/rapid/internal/session"
)

// A world is two sessions joined by a link, in virtual time.
type world struct {
	t      testing.TB
	now    time.Duration
	ends   [2]*end // client, server
	queue  events
	serial int
	rnd    *rand.Rand
	buf    []byte
}

// An end is a session, and the link that its datagrams take to the other.
type end struct {
	*session.Session
	addr netip.AddrPort
	link link
	free time.Duration // when the link has sent what is in its queue
	sent, dropped, bytes,
	lost, stuck int
	nap, awake time.Duration // the end looks at its deadline only every so often
	onSend     func(b session.Batch)
}

// A link is one direction of a path.
type link struct {
	rate      float64 // bytes a second, 0: any
	delay     time.Duration
	queue     time.Duration // longest wait, 0: any
	loss      float64
	reorder   float64       // part of the datagrams that are held up
	late      time.Duration // for so long
	duplicate float64
	mtu       int // 0: any
	dead      bool
}

type event struct {
	at     time.Duration
	serial int
	to     *end
	from   netip.AddrPort
	data   []byte
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].serial < q[j].serial
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	old := *q
	x := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return x
}

var (
	clientAddr = netip.MustParseAddrPort("192.0.2.1:4000")
	serverAddr = netip.MustParseAddrPort("198.51.100.1:33001")
)

// newWorld joins two sessions by links like l. Configure may change their configurations.
func newWorld(t testing.TB, l link, configure func(client, server *session.Config)) *world {
	w := &world{t: t, rnd: rand.New(rand.NewPCG(1, 2)), buf: make([]byte, session.MaxBatch), now: time.Second}
	client := session.Config{Client: true, ID: 7, Key: [32]byte{1, 2, 3}, Peer: serverAddr, CC: cc.Config{Seed: 1}}
	server := session.Config{ID: 7, Key: [32]byte{1, 2, 3}, CC: cc.Config{Seed: 2}}
	if configure != nil {
		configure(&client, &server)
	}
	w.ends[0] = &end{Session: session.New(client, w.now), addr: clientAddr, link: l}
	w.ends[1] = &end{Session: session.New(server, w.now), addr: serverAddr, link: l}
	return w
}

func (w *world) other(e *end) *end {
	if e == w.ends[0] {
		return w.ends[1]
	}
	return w.ends[0]
}

// transmit puts a batch on the link of e.
func (w *world) transmit(e *end, b session.Batch) {
	if e.onSend != nil {
		e.onSend(b)
	}
	e.Seal(b)
	for rest := b.Data; len(rest) > 0; {
		n := min(b.Segment, len(rest))
		w.carry(e, b.To, rest[:n])
		rest = rest[n:]
	}
}

func (w *world) carry(e *end, to netip.AddrPort, datagram []byte) {
	l := &e.link
	size := len(datagram)
	e.sent++
	e.bytes += size
	at := w.now
	if l.rate > 0 {
		e.free = max(e.free, w.now)
		if l.queue > 0 && e.free-w.now > l.queue {
			e.dropped++
			return
		}
		e.free += time.Duration(float64(size+28) / l.rate * float64(time.Second))
		at = e.free
	}
	o := w.other(e)
	if l.dead || w.rnd.Float64() < l.loss || l.mtu > 0 && size > l.mtu || to != o.addr {
		e.lost++
		return
	}
	at += l.delay
	if l.reorder > 0 && w.rnd.Float64() < l.reorder {
		at += l.late
	}
	w.deliver(o, at, e.addr, datagram)
	if l.duplicate > 0 && w.rnd.Float64() < l.duplicate {
		w.deliver(o, at+time.Millisecond, e.addr, datagram)
	}
}

func (w *world) deliver(o *end, at time.Duration, from netip.AddrPort, datagram []byte) {
	w.serial++
	heap.Push(&w.queue, event{at: at, serial: w.serial, to: o, from: from, data: bytes.Clone(datagram)})
}

// flush lets both ends send what they can, if they say that it is time.
func (w *world) flush() {
	for _, e := range w.ends {
		if w.now < e.awake {
			continue
		}
		e.awake = w.now + e.nap
		for n := 0; e.Deadline() <= w.now; n++ {
			b := e.Fill(w.now, w.buf)
			if len(b.Data) == 0 {
				break
			}
			if n > 10000 {
				w.t.Fatalf("%v: end sends without end", w.now)
			}
			w.transmit(e, b)
		}
	}
}

// step goes to the next moment at which something happens; it returns false if nothing
// will until end.
func (w *world) step(end time.Duration) bool {
	next := end
	for _, e := range w.ends {
		d := max(e.Deadline(), e.awake)
		if d <= w.now {
			// Nothing was sent, so the deadline must have been met.
			d = w.now + time.Microsecond
			if e.stuck++; e.stuck > 1000 {
				w.t.Fatalf("%v: deadline %v stays in the past", w.now, e.Deadline())
			}
		} else {
			e.stuck = 0
		}
		next = min(next, d)
	}
	if len(w.queue) > 0 {
		next = min(next, w.queue[0].at)
	}
	if next >= end {
		w.now = end
		return false
	}
	w.now = next
	for len(w.queue) > 0 && w.queue[0].at <= w.now {
		ev := heap.Pop(&w.queue).(event)
		pk, err := ev.to.Decrypt(ev.data)
		if err != nil {
			w.t.Fatalf("decrypt: %v", err)
		}
		ev.to.Handle(w.now, ev.from, pk)
	}
	return true
}

// run goes on until done reports true or d has passed, and returns whether it did.
func (w *world) run(d time.Duration, done func() bool) bool {
	for end := w.now + d; ; {
		if done() {
			return true
		}
		if w.flush(); done() {
			return true
		}
		if !w.step(end) {
			return done()
		}
	}
}

// A flowing is a stream over which one end sends bytes that the other checks.
type flowing struct {
	size, wrote, read int
	from, to          *session.Stream
	eof               bool
	err               error
}

// pattern is what is sent, over and over.
var pattern = func() []byte {
	p := make([]byte, 1<<20+7)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}()

// pump writes and reads what it can.
func (f *flowing) pump(t testing.TB, buf []byte) {
	for f.from != nil && f.wrote < f.size {
		at := f.wrote % len(pattern)
		n, err := f.from.Write(pattern[at:min(len(pattern), at+f.size-f.wrote)])
		if err != nil {
			f.err = err
			return
		}
		if n == 0 {
			break
		}
		if f.wrote += n; f.wrote == f.size {
			if err := f.from.CloseWrite(); err != nil {
				t.Fatalf("close: %v", err)
			}
		}
	}
	for f.to != nil && !f.eof {
		at := f.read % len(pattern)
		n, err := f.to.Read(buf[:min(len(buf), len(pattern)-at)])
		if !bytes.Equal(buf[:n], pattern[at:at+n]) {
			t.Fatalf("wrong bytes after %d", f.read)
		}
		f.read += n
		if errors.Is(err, io.EOF) {
			f.eof = true
		} else if err != nil {
			f.err = err
			return
		}
		if n == 0 {
			return
		}
	}
}

// upload opens a stream and sends size bytes from client to server; it returns when all has come or after limit.
func (w *world) upload(size int, limit time.Duration) *flowing {
	w.t.Helper()
	f := &flowing{size: size}
	var err error
	if f.from, err = w.ends[0].Open("example.com:443"); err != nil {
		w.t.Fatalf("open: %v", err)
	}
	buf := make([]byte, 64<<10)
	ok := w.run(limit, func() bool {
		if f.to == nil {
			f.to = w.ends[1].Accept()
		}
		f.pump(w.t, buf)
		return f.eof || f.err != nil
	})
	if !ok || f.err != nil || f.read != size {
		w.t.Fatalf("upload ended after %v with %d of %d bytes, eof %v, err %v, client %v, server %v\nclient: %+v\nserver: %+v",
			w.now, f.read, size, f.eof, f.err, w.ends[0].Err(), w.ends[1].Err(), w.ends[0].Stats(), w.ends[1].Stats())
	}
	return f
}
