package session_test

import (
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
	"github.com/icos-go/icos/rapid/internal/session"
)

// Both ends hold at most three times the bandwidth-delay product; at 10 % loss a packet in a thousand
// is lost three times, and what came meanwhile has to be held.
func TestMemory(t *testing.T) {
	for _, c := range []struct {
		name string
		link link
		size int
		most float64
		fair bool
	}{
		{"clean", link{rate: 200 * mbit, delay: 50 * time.Millisecond}, 30 << 20, 3, false},
		{"1 %", link{rate: 200 * mbit, delay: 50 * time.Millisecond, loss: .01}, 30 << 20, 3, false},
		{"10 %", link{rate: 100 * mbit, delay: 150 * time.Millisecond, loss: .1}, 60 << 20, 4, false},
		// Startup sends more than the path carries, and what comes waits for what it loses.
		{"1 %, from startup on", link{rate: 1000 * mbit, delay: 100 * time.Millisecond, loss: .01, queue: 200 * time.Millisecond}, 120 << 20, 2.6, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			bdp := int(c.link.rate * 2 * c.link.delay.Seconds())
			configure := fixed(.95 * c.link.rate)
			if c.fair {
				configure = nil
			}
			w := newWorld(t, c.link, configure)
			var most [2]int
			f := &flowing{size: c.size}
			var err error
			if f.from, err = w.ends[0].Open("x"); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 64<<10)
			ok := w.run(20*time.Second, func() bool {
				if f.to == nil {
					f.to = w.ends[1].Accept()
				}
				f.pump(t, buf)
				for i, e := range w.ends {
					most[i] = max(most[i], e.Stats().Memory)
				}
				return f.eof
			})
			if !ok {
				t.Fatalf("%d bytes came", f.read)
			}
			t.Logf("sender %.1f, receiver %.1f times %d bytes", float64(most[0])/float64(bdp), float64(most[1])/float64(bdp), bdp)
			for i, n := range most {
				if got := float64(n) / float64(bdp); got > c.most {
					t.Errorf("end %d held %.1f times the bandwidth-delay product, want at most %v", i, got, c.most)
				}
			}
		})
	}
}

// Nothing is allocated per packet.
func TestAllocations(t *testing.T) {
	b := newBench(t, 1472, 50)
	b.move(64 << 20)
	if n := testing.AllocsPerRun(20, func() { b.move(1 << 20) }); n > 4 { // a ring may still grow
		t.Errorf("%v allocations for about 750 packets", n)
	}
}

// A bench moves bytes through two sessions on one core, encrypted, without any input and output.
type bench struct {
	*world
	from, to *session.Stream
	lose     int // one datagram in so many; 0: none
	n        int
	chunk    []byte
	left     int
}

func newBench(t testing.TB, datagram, lose int) *bench {
	w := newWorld(t, link{}, func(client, server *session.Config) {
		client.CC = cc.Config{Policy: cc.Fixed, Target: 1e9}
		client.MaxDatagram, server.MaxDatagram = datagram, datagram
	})
	from, err := w.ends[0].Open("x")
	if err != nil {
		t.Fatal(err)
	}
	return &bench{world: w, from: from, lose: lose, chunk: make([]byte, 64<<10)}
}

// move brings size bytes over.
func (b *bench) move(size int) {
	for b.left += size; b.left > 0; {
		b.write()
		b.now += 100 * time.Microsecond
		for i, e := range b.ends {
			for bt := e.Fill(b.now, b.buf); len(bt.Data) > 0; bt = e.Fill(b.now, b.buf) {
				e.Seal(bt)
				b.hand(b.ends[1-i], e, bt)
			}
		}
		if b.to == nil {
			b.to = b.ends[1].Accept()
		}
		b.read()
	}
}

func (b *bench) write() {
	for {
		if n, err := b.from.Write(b.chunk); err != nil {
			b.t.Fatal(err)
		} else if n == 0 {
			return
		}
	}
}

func (b *bench) hand(to, from *end, bt session.Batch) {
	for rest := bt.Data; len(rest) > 0; {
		n := min(bt.Segment, len(rest))
		if b.n++; b.lose == 0 || b.n%b.lose != 0 {
			pk, err := to.Decrypt(rest[:n:n])
			if err != nil {
				b.t.Fatal(err)
			}
			to.Handle(b.now, from.addr, pk)
		}
		rest = rest[n:]
	}
}

func (b *bench) read() {
	for b.to != nil {
		n, err := b.to.Read(b.chunk)
		if err != nil {
			b.t.Fatal(err)
		}
		if b.left -= n; n == 0 {
			return
		}
	}
}
