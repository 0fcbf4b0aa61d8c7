package session_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/fec"
	"github.com/icos-go/icos/rapid/internal/session"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// A lane is a stream over which objects go one after the other.
type lane struct {
	from, to    *session.Stream
	wrote, read int
}

// open opens a lane.
func (w *world) lane() *lane {
	from, err := w.ends[0].Open("x")
	if err != nil {
		w.t.Fatal(err)
	}
	return &lane{from: from}
}

// send brings size bytes over the lane, and the end of the stream if fin. It returns how long it took.
func (w *world) send(l *lane, size int, fin bool) time.Duration {
	w.t.Helper()
	start, end := w.now, l.wrote+size
	buf := make([]byte, 64<<10)
	eof := false
	ok := w.run(2*time.Minute, func() bool {
		if l.to == nil {
			l.to = w.ends[1].Accept()
		}
		for l.wrote < end {
			at := l.wrote % len(pattern)
			n, err := l.from.Write(pattern[at:min(len(pattern), at+end-l.wrote)])
			if err != nil {
				w.t.Fatal(err)
			}
			if n == 0 {
				break
			}
			if l.wrote += n; l.wrote == end && fin {
				if err := l.from.CloseWrite(); err != nil {
					w.t.Fatal(err)
				}
			}
		}
		for l.to != nil {
			at := l.read % len(pattern)
			n, err := l.to.Read(buf[:min(len(buf), len(pattern)-at)])
			if err != nil && !errors.Is(err, io.EOF) {
				w.t.Fatal(err)
			}
			eof = err != nil
			if !bytes.Equal(buf[:n], pattern[at:at+n]) {
				w.t.Fatalf("wrong bytes after %d", l.read)
			}
			if l.read += n; n == 0 {
				break
			}
		}
		return l.read == end && (eof || !fin)
	})
	if !ok {
		w.t.Fatalf("%d of %d bytes came: %+v", l.read, end, w.ends[0].Stats())
	}
	return w.now - start
}

// late returns by how many round trips an object that took so long came later than over a path on which
// the last byte needs no more than any other.
func (w *world) late(size int, took time.Duration) float64 {
	l, st := w.ends[0].link, w.ends[0].Stats()
	payload := float64(st.Datagram-wire.HeaderLen-wire.TagLen-7) / float64(st.Datagram)
	ideal := float64(size)/payload/(1-l.loss)/w.ends[0].Rates().Target + l.delay.Seconds()
	return (took.Seconds() - ideal) / (2 * l.delay.Seconds())
}

// The last window of an object needs no further round trip, although some of its packets are lost: without
// parity the mean is half a round trip over the shorter paths and more than one and a half over the longer.
func TestTail(t *testing.T) {
	for _, c := range []struct {
		name string
		link link
		size int
		long bool
	}{
		{"100/100/1", link{rate: 100 * mbit, delay: 50 * time.Millisecond, loss: .01}, 16 << 20, false},
		{"300/100/0.1", link{rate: 300 * mbit, delay: 50 * time.Millisecond, loss: .001}, 16 << 20, false},
		{"300/200/2", link{rate: 300 * mbit, delay: 100 * time.Millisecond, loss: .02}, 48 << 20, true},
		{"100/200/5", link{rate: 100 * mbit, delay: 100 * time.Millisecond, loss: .05}, 32 << 20, false},
		{"1000/200/1", link{rate: 1000 * mbit, delay: 100 * time.Millisecond, loss: .01}, 96 << 20, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.long && testing.Short() {
				t.Skip("long")
			}
			w := newWorld(t, c.link, fixed(.95*c.link.rate))
			l, mean, fin := w.lane(), 0., 0.
			w.send(l, c.size, false) // in which the path becomes known
			const objects = 4
			for i := range objects {
				w.pass(4 * c.link.delay)
				took := w.late(c.size, w.send(l, c.size, i == objects-1))
				if mean += took / objects; i == objects-1 {
					fin = took
				}
			}
			from, to := w.ends[0].Stats(), w.ends[1].Stats()
			part := func(n uint64) float64 { return 100 * float64(n) / float64(to.Received) }
			t.Logf("%.2f round trips late, %.2f with the end of the stream; duplicates %.2f %%, parity %.2f %%, repaired %.2f %%",
				mean, fin, part(to.DuplicateBytes), part(from.ParityBytes), part(to.RepairedBytes))
			if mean > .2 {
				t.Errorf("late by %.2f round trips, want at most 0.2", mean)
			}
			if got := part(to.DuplicateBytes + from.ParityBytes); got > 2 {
				t.Errorf("%.2f %% more was sent than needed, want at most 2 %%", got)
			}
			if to.RepairedBytes == 0 {
				t.Error("nothing was repaired")
			}
			w.pass(time.Second)
			if st := w.ends[0].Stats(); st.SendBuffered != 0 || st.InFlight != 0 {
				t.Errorf("something is left: %+v", st)
			}
		})
	}
}

// Whatever the path does, parity gives the right bytes, and nothing is held afterwards.
func TestParityOverBadPaths(t *testing.T) {
	base := link{rate: 100 * mbit, delay: 30 * time.Millisecond, queue: 50 * time.Millisecond, loss: .02}
	for _, c := range []struct {
		name   string
		change func(l *link)
	}{
		{"reordering", func(l *link) { l.reorder, l.late = .05, 8*time.Millisecond }},
		{"duplicates", func(l *link) { l.duplicate = .05 }},
		{"much loss", func(l *link) { l.loss = .2 }},
		{"everything", func(l *link) { l.loss, l.reorder, l.late, l.duplicate = .08, .1, 20*time.Millisecond, .05 }},
		{"small datagrams", func(l *link) { l.mtu = 1210 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := base
			c.change(&l)
			w := newWorld(t, l, nil)
			rnd := rand.New(rand.NewPCG(1, 9))
			lanes := []*lane{w.lane(), w.lane(), w.lane()}
			for i := range 60 {
				w.send(lanes[0], 1+rnd.IntN(400_000), i == 59)
				w.pass(time.Duration(rnd.IntN(100)) * time.Millisecond)
			}
			for _, l := range lanes[1:] {
				w.send(l, 100_000, true)
			}
			if st := w.ends[1].Stats(); st.RepairedBytes == 0 {
				t.Errorf("nothing was repaired: %+v", w.ends[0].Stats())
			}
			w.pass(10 * time.Second)
			for i, e := range w.ends {
				if st := e.Stats(); st.SendBuffered != 0 || st.Unread != 0 || st.Memory != 0 {
					t.Errorf("end %d holds something: %+v", i, st)
				}
			}
		})
	}
}

// A path that loses nothing gets no parity.
func TestNoParityWithoutLoss(t *testing.T) {
	w := newWorld(t, short, fixed(.95*short.rate))
	l := w.lane()
	for range 5 {
		w.send(l, 1<<20, false)
		w.pass(time.Second)
	}
	if st := w.ends[0].Stats(); st.ParityBytes != 0 || w.ends[1].Stats().Memory > 64<<10 {
		t.Errorf("sender %+v, receiver %+v", st, w.ends[1].Stats())
	}
}

// An application that writes little by little does not have everything sent with parity.
func TestLittleByLittle(t *testing.T) {
	l := link{rate: 100 * mbit, delay: 50 * time.Millisecond, loss: .02}
	w := newWorld(t, l, fixed(.95*l.rate))
	a := w.lane()
	for range 400 {
		w.send(a, 20_000, false)
	}
	st := w.ends[0].Stats()
	if most := st.Sent/100 + 256<<10; st.ParityBytes > most {
		t.Errorf("%d bytes of parity for %d, want at most %d", st.ParityBytes, st.Sent, most)
	}
}

// A peer that has not said that it takes parity gets none.
func TestNoParityForOldPeers(t *testing.T) {
	w := newWorld(t, link{}, nil)
	p := newPeer()
	room := wire.AppendPadding(nil, 3000) // that the server may answer
	p.send(w, room)
	p.send(w, wire.AppendOpen(wire.AppendHello(nil, &wire.Hello{MaxData: 1 << 30, MaxStreamData: 1 << 30}), 0, "x"))
	st := w.ends[1].Accept()
	for range 200 {
		if _, err := st.Write(make([]byte, 3000)); err != nil {
			t.Fatal(err)
		}
		w.drain()
		// Every other packet is lost.
		if n := w.ends[1].Stats().SentPackets; n > 2 {
			a, _ := wire.StartAck(nil, 100, wire.Range{Low: n - 2, High: n - 1}, 0, 0)
			p.send(w, append(a.Finish(), room...))
		}
		w.now += 20 * time.Millisecond
	}
	if got := w.ends[1].Stats(); got.LostPackets == 0 || got.ParityBytes != 0 {
		t.Errorf("%+v", got)
	}
}

// Rows that never suffice, and groups without end, take no more memory than there is for them, and
// do not keep the right bytes from coming.
func TestHostileParity(t *testing.T) {
	w := newWorld(t, link{}, nil)
	p := newPeer()
	p.send(w, wire.AppendStream(wire.AppendOpen(nil, 0, "x"), 0, 1<<20-1, []byte{1}, false, false))
	rows := make([]byte, 1024)
	for i := range uint64(5000) {
		size := 512 + int(i%60)*8
		p.send(w, wire.AppendParity(nil, i%20, i%100, 1<<20-200, 512, int(i%512), size, rows[:size], false))
		w.drain()
		if err := w.ends[1].Err(); err != nil {
			t.Fatal(err)
		}
		if m := w.ends[1].Stats().Memory; m > 3<<20 {
			t.Fatalf("%d bytes held after %d frames", m, i)
		}
	}
	// A right group is repaired nonetheless, if it is on another stream and small.
	p.send(w, wire.AppendOpen(nil, 50, "y"))
	l := fec.Layout{Length: 300, Size: 64, Rows: 8}
	e := fec.NewEncoder(l)
	want := pattern[:l.Length]
	for j := range l.Pieces() {
		start, end := l.Piece(j)
		e.Add(j, want[start:end])
	}
	p.send(w, wire.AppendStream(nil, 50, 0, want[:100], false, false))
	p.send(w, wire.AppendParity(nil, 50, 0, l.Length, l.Rows, 0, l.Size, e.Sums(0, l.Rows), true))
	var got []byte
	for st := w.ends[1].Accept(); st != nil; st = w.ends[1].Accept() {
		if st.ID() == 50 {
			buf := make([]byte, 1000)
			n, err := st.Read(buf)
			if got = buf[:n]; err != nil {
				t.Fatal(err)
			}
			if _, err := st.Read(buf); !errors.Is(err, io.EOF) {
				t.Errorf("after the end: %v", err)
			}
		}
	}
	if !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, want %d of another content", len(got), len(want))
	}
}
