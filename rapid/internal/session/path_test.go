package session_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
	"github.com/icos-go/icos/rapid/internal/session"
)

const mbit = 1e6 / 8 // bytes a second

// fixed has both ends send at rate, so that a test does not depend on what the congestion
// controller makes of a path.
func fixed(rate float64) func(client, server *session.Config) {
	return func(client, server *session.Config) {
		client.CC = cc.Config{Policy: cc.Fixed, Target: rate, Seed: 1}
		server.CC = cc.Config{Policy: cc.Fixed, Target: rate, Seed: 2}
	}
}

func TestPaths(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		name       string
		link       link
		size       int
		limit      time.Duration
		duplicates float64 // largest part of the bytes that come twice
	}{
		{"clean", link{rate: 100 * mbit, delay: 5 * ms}, 8 << 20, 1 * time.Second, 0},
		{"1 % lost", link{rate: 100 * mbit, delay: 50 * ms, loss: .01}, 8 << 20, 2 * time.Second, .002},
		{"10 % lost", link{rate: 100 * mbit, delay: 150 * ms, loss: .10}, 24 << 20, 5 * time.Second, .02},
		{"30 % lost", link{rate: 20 * mbit, delay: 20 * ms, loss: .30}, 2 << 20, 4 * time.Second, .06},
		{"reordered", link{rate: 100 * mbit, delay: 20 * ms, reorder: .05, late: 4 * ms}, 16 << 20, 2500 * ms, .02},
		{"much reordered", link{rate: 100 * mbit, delay: 20 * ms, reorder: .3, late: 20 * ms}, 16 << 20, 3 * time.Second, .05},
		{"duplicated", link{rate: 100 * mbit, delay: 20 * ms, duplicate: .1}, 8 << 20, 2 * time.Second, 0},
		{"far", link{rate: 50 * mbit, delay: 400 * ms, loss: .02}, 8 << 20, 6 * time.Second, .02},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.link, fixed(.95*c.link.rate))
			start := w.now
			w.upload(c.size, c.limit)
			client, server := w.ends[0].Stats(), w.ends[1].Stats()
			dup := float64(server.DuplicateBytes) / float64(server.Received)
			t.Logf("%v, %.1f %% of the link, %.2f %% duplicate, %d lost, %d of them came, %d timeouts, link dropped %d", w.now-start,
				100*float64(c.size)/(w.now-start).Seconds()/c.link.rate, 100*dup, client.LostPackets, client.SpuriousPackets, client.Timeouts, w.ends[0].lost+w.ends[0].dropped)
			if dup > c.duplicates {
				t.Errorf("%.2f %% of the bytes came twice, want at most %.2f %%", 100*dup, 100*c.duplicates)
			}
		})
	}
}

// transfer runs an upload and a download beside each other, calls each at its time, and
// checks that both arrive.
func transfer(t *testing.T, w *world, size int, limit time.Duration, at map[time.Duration]func()) {
	t.Helper()
	up, down := &flowing{size: size}, &flowing{size: size}
	var err error
	if up.from, err = w.ends[0].Open("up"); err != nil {
		t.Fatal(err)
	}
	if down.to, err = w.ends[0].Open("down"); err != nil {
		t.Fatal(err)
	}
	start, buf := w.now, make([]byte, 64<<10)
	ok := w.run(limit, func() bool {
		for when, do := range at {
			if w.now >= start+when {
				delete(at, when)
				do()
			}
		}
		for st := w.ends[1].Accept(); st != nil; st = w.ends[1].Accept() {
			if st.Destination() == "up" {
				up.to = st
			} else {
				down.from = st
			}
		}
		up.pump(t, buf)
		down.pump(t, buf)
		return up.eof && down.eof || up.err != nil || down.err != nil
	})
	if !ok || up.read != size || down.read != size {
		t.Fatalf("ended after %v: up %d, %v; down %d, %v\nclient: %v %+v\nserver: %v %+v", w.now-start, up.read, up.err, down.read, down.err,
			w.ends[0].Err(), w.ends[0].Stats(), w.ends[1].Err(), w.ends[1].Stats())
	}
	t.Logf("%v; client %+v; server %+v", w.now-start, w.ends[0].Stats(), w.ends[1].Stats())
}

func TestBlackout(t *testing.T) {
	for _, dark := range []time.Duration{time.Second, 5 * time.Second, 30 * time.Second} {
		t.Run(dark.String(), func(t *testing.T) {
			l := link{rate: 100 * mbit, delay: 40 * time.Millisecond, loss: .01}
			w := newWorld(t, l, fixed(.9*l.rate))
			set := func(dead bool) func() {
				return func() { w.ends[0].link.dead, w.ends[1].link.dead = dead, dead }
			}
			// 16 MiB take 1.5 s; what the silence costs beyond itself is bounded.
			transfer(t, w, 16<<20, dark+3500*time.Millisecond, map[time.Duration]func(){
				700 * time.Millisecond:      set(true),
				700*time.Millisecond + dark: set(false),
			})
		})
	}
}

func TestSilence(t *testing.T) {
	l := link{rate: 100 * mbit, delay: 40 * time.Millisecond}
	w := newWorld(t, l, func(c, s *session.Config) { c.DeadTimeout, s.DeadTimeout = 10*time.Second, 12*time.Second })
	st, err := w.ends[0].Open("x")
	if err != nil {
		t.Fatal(err)
	}
	st.Write([]byte("hello"))
	w.run(time.Second, func() bool { return false })
	if got := w.ends[0].Silent(w.now); got != 0 {
		t.Errorf("silent for %v with nothing in flight", got)
	}
	w.ends[0].link.dead = true
	st.Write([]byte("are you there"))
	from := w.now
	w.run(5*time.Second, func() bool { return false })
	if got := w.ends[0].Silent(w.now); got < 4900*time.Millisecond || got > 5*time.Second {
		t.Errorf("silent for %v, want about 5s", got)
	}
	w.run(time.Minute, func() bool { return w.ends[0].Err() != nil })
	if got := w.now - from; !errors.Is(w.ends[0].Err(), session.ErrSilent) || got < 10*time.Second || got > 10500*time.Millisecond {
		t.Errorf("client ended after %v by %v", got, w.ends[0].Err())
	}
	if _, err := st.Write([]byte("x")); !errors.Is(err, session.ErrSilent) {
		t.Errorf("write: %v", err)
	}
	// The server notices by its keep-alive.
	w.run(2*time.Minute, func() bool { return w.ends[1].Err() != nil })
	if !errors.Is(w.ends[1].Err(), session.ErrSilent) {
		t.Errorf("server ended by %v", w.ends[1].Err())
	}
}

func TestMTU(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		name         string
		most, mtu    int // of the interfaces, of the path
		loss         float64
		least, bound int // what is to be found
	}{
		{"ethernet", 1472, 0, 0, 1472, 1472},
		{"tunnel", 1472, 1392, 0, 1376, 1392},
		{"IPv6 minimum", 1472, 1232, 0, 1217, 1232},
		{"base only", 1472, 1200, 0, 1200, 1200},
		{"jumbo", 8972, 0, 0, 8972, 8972},
		{"jumbo with ethernet between", 8972, 1472, 0, 1472, 1472},
		{"lossy tunnel", 1472, 1392, .05, 1300, 1392},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := link{rate: 100 * mbit, delay: 10 * ms, mtu: c.mtu, loss: c.loss}
			w := newWorld(t, l, func(client, server *session.Config) {
				fixed(.9*l.rate)(client, server)
				client.MaxDatagram, server.MaxDatagram = c.most, c.most
			})
			w.upload(12<<20, 5*time.Second)
			st := w.ends[0].Stats()
			if st.Datagram < c.least || st.Datagram > c.bound {
				t.Errorf("datagrams of %d bytes, want %d to %d", st.Datagram, c.least, c.bound)
			}
			if c.loss == 0 && st.LostPackets > 0 {
				t.Errorf("%d packets lost; probes should not count", st.LostPackets)
			}
		})
	}
}

func TestMTUDrop(t *testing.T) {
	l := link{rate: 100 * mbit, delay: 20 * time.Millisecond, loss: .01}
	w := newWorld(t, l, fixed(.9*l.rate))
	transfer(t, w, 24<<20, 6*time.Second, map[time.Duration]func(){
		time.Second: func() { w.ends[0].link.mtu, w.ends[1].link.mtu = 1252, 1252 },
	})
	for i, e := range w.ends {
		if got := e.Stats().Datagram; got < 1230 || got > 1252 {
			t.Errorf("end %d: datagrams of %d bytes, want nearly 1252", i, got)
		}
	}
}

func TestRebinding(t *testing.T) {
	for _, host := range []string{"192.0.2.1:5555", "203.0.113.9:4000"} {
		t.Run(host, func(t *testing.T) {
			l := link{rate: 100 * mbit, delay: 20 * time.Millisecond, loss: .01}
			w := newWorld(t, l, fixed(.9*l.rate))
			to := netip.MustParseAddrPort(host)
			transfer(t, w, 16<<20, 4*time.Second, map[time.Duration]func(){
				800 * time.Millisecond: func() { w.ends[0].addr = to },
			})
			if got := w.ends[1].Remote(); got != to {
				t.Errorf("server sends to %v, want %v", got, to)
			}
		})
	}
}

// A pure download: the client has nothing to send when its address changes.
func TestRebindingOfReader(t *testing.T) {
	l := link{rate: 100 * mbit, delay: 20 * time.Millisecond}
	w := newWorld(t, l, fixed(.9*l.rate))
	st, err := w.ends[0].Open("down")
	if err != nil {
		t.Fatal(err)
	}
	f := &flowing{size: 16 << 20, to: st}
	start, moved, buf := w.now, false, make([]byte, 64<<10)
	ok := w.run(5*time.Second, func() bool {
		if s := w.ends[1].Accept(); s != nil {
			f.from = s
		}
		if !moved && w.now > start+700*time.Millisecond {
			moved = true
			w.ends[0].addr = netip.MustParseAddrPort("192.0.2.1:6666")
			w.ends[0].link.dead = true // and what it says in that moment is lost
		}
		if w.now > start+900*time.Millisecond {
			w.ends[0].link.dead = false
		}
		f.pump(t, buf)
		return f.eof
	})
	if !ok {
		t.Fatalf("%d bytes in %v; server %+v", f.read, w.now-start, w.ends[1].Stats())
	}
	t.Logf("%v", w.now-start)
}

// Nobody makes a server send much to an address that has not answered.
func TestAmplification(t *testing.T) {
	l := link{rate: 100 * mbit, delay: 20 * time.Millisecond}
	w := newWorld(t, l, fixed(.9*l.rate))
	st, err := w.ends[0].Open("down")
	if err != nil {
		t.Fatal(err)
	}
	f := &flowing{size: 64 << 20, to: st}
	buf := make([]byte, 64<<10)
	start := w.now
	victim := netip.MustParseAddrPort("203.0.113.66:53")
	toVictim, fromClient := 0, 0
	w.ends[1].onSend = func(b session.Batch) {
		if b.To == victim {
			toVictim += len(b.Data)
		}
	}
	w.ends[0].onSend = func(b session.Batch) {
		if w.ends[0].addr == victim {
			fromClient += len(b.Data)
		}
	}
	w.run(2*time.Second, func() bool {
		if s := w.ends[1].Accept(); s != nil {
			f.from = s
		}
		f.pump(t, buf)
		if w.now > start+500*time.Millisecond && w.ends[0].addr == clientAddr {
			// From now on, packets of the client seem to come from the victim, which does
			// not answer: what is sent there is lost.
			w.ends[0].addr = victim
			w.ends[1].link.dead = true
		}
		return false
	})
	if fromClient == 0 || toVictim == 0 {
		t.Fatalf("nothing was tried: %d bytes from, %d to the victim", fromClient, toVictim)
	}
	if toVictim > 3*fromClient {
		t.Errorf("%d bytes sent to an address that %d came from", toVictim, fromClient)
	}
}
