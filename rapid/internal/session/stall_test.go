package session_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/cc"
	"github.com/icos-go/icos/rapid/internal/session"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// writers has each stream written to until it takes no more, and from then on only when it was
// woken, as Conn does. It returns whether all of size bytes each has been taken before limit.
func (w *world) writers(size int, limit time.Duration, streams ...*session.Stream) bool {
	left, chunk, buf := map[*session.Stream]int{}, make([]byte, 64<<10), make([]byte, 64<<10)
	write := func(st *session.Stream) {
		for left[st] > 0 {
			n, err := st.Write(chunk[:min(len(chunk), left[st])])
			if err != nil {
				w.t.Fatal(err)
			}
			if left[st] -= n; n == 0 {
				return
			}
		}
		delete(left, st)
	}
	for _, st := range streams {
		left[st] = size
		write(st)
	}
	return w.run(limit, func() bool {
		for st, ev := w.ends[0].Woken(); st != nil; st, ev = w.ends[0].Woken() {
			if ev&session.Writable != 0 {
				write(st)
			}
		}
		for st, _ := w.ends[1].Woken(); st != nil; st, _ = w.ends[1].Woken() {
			for n := 1; n > 0; {
				n, _ = st.Read(buf)
			}
		}
		return len(left) == 0
	})
}

// Who has to wait for room to write is woken when there is some, whatever was the reason.
func TestWritersAreWoken(t *testing.T) {
	for _, c := range []struct{ buffer, streams int }{
		{64 << 10, 1}, {256 << 10, 1}, {256 << 10, 9}, {1 << 20, 1}, {1 << 20, 5}, {4 << 20, 1}, {4 << 20, 40},
	} {
		t.Run(fmt.Sprintf("%d KiB for %d", c.buffer>>10, c.streams), func(t *testing.T) {
			l := link{rate: 200 * mbit, delay: 20 * time.Millisecond, loss: .01}
			w := newWorld(t, l, func(client, server *session.Config) {
				fixed(180*mbit)(client, server)
				client.Limits.SendBuffer = c.buffer
			})
			var streams []*session.Stream
			for i := range c.streams {
				st, _ := w.pair(fmt.Sprint(i))
				streams = append(streams, st)
			}
			if !w.writers(8<<20/c.streams, time.Minute, streams...) {
				t.Fatalf("stuck: %+v", w.ends[0].Stats())
			}
		})
	}
}

// Streams that nobody reads do not stop the others.
func TestUnreadStreamsStopNobody(t *testing.T) {
	for _, n := range []int{1, 2, 16} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t, link{rate: 100 * mbit, delay: 10 * time.Millisecond}, fixed(90*mbit))
			chunk := make([]byte, 64<<10)
			var unread []*session.Stream
			for i := range n {
				st, _ := w.pair(fmt.Sprint("unread", i))
				unread = append(unread, st)
			}
			fill := func() {
				for _, st := range unread {
					for n := 1; n > 0; {
						var err error
						if n, err = st.Write(chunk); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			w.run(2*time.Second, func() bool { fill(); return false })
			if held := w.ends[1].Stats().Memory; held > (n+1)*4<<20 {
				t.Errorf("%d bytes are held for %d streams that nobody reads", held, n)
			}
			w.upload(1<<20, 2*time.Second)
		})
	}
}

// A client that says nothing more is forgotten even if its address was never validated, so that the server
// may not even ask; and waiting for it costs nothing.
func TestSilenceOfUnknownAddress(t *testing.T) {
	for _, first := range []int{1, 20, 100, 1100} {
		for _, answer := range []bool{false, true} {
			t.Run(fmt.Sprint(first, answer), func(t *testing.T) {
				w := newWorld(t, link{}, nil)
				server, p := w.ends[1], newPeer()
				p.send(w, wire.AppendPadding(wire.AppendOpen(nil, 0, "x"), first))
				if st := server.Accept(); st == nil {
					t.Fatal("no stream")
				} else {
					st.Reset(wire.Denied, string(make([]byte, 200)))
				}
				looks, sent := 0, uint64(0)
				for end := w.now + 5*time.Minute; w.now < end && server.Err() == nil; {
					b := server.Fill(w.now, w.buf)
					if len(b.Data) > 0 {
						if sent = server.Stats().SentPackets; answer && w.now < 2*time.Second {
							a, _ := wire.StartAck(nil, 100, wire.Range{High: sent - 1}, 0, 0)
							p.send(w, a.Finish())
						}
						continue
					}
					looks++
					w.now = max(server.Deadline(), w.now+100*time.Microsecond)
				}
				if !errors.Is(server.Err(), session.ErrSilent) {
					t.Errorf("after %v: %v, want %v", w.now, server.Err(), session.ErrSilent)
				}
				if looks > 1000 {
					t.Errorf("looked %d times whether there is something to do", looks)
				}
			})
		}
	}
}

// A sender that was very slow is fast as soon as it may be.
func TestRateRises(t *testing.T) {
	w := newWorld(t, link{rate: 100 * mbit, delay: 10 * time.Millisecond}, nil)
	st, _ := w.pair("x")
	w.ends[0].SetRates(session.Rates{Policy: cc.Fixed, Target: 10})
	st.Write(make([]byte, 64<<10))
	w.pass(time.Second)
	w.ends[0].SetRates(session.Rates{Policy: cc.Fixed, Target: 50 * mbit})
	before := w.ends[0].Stats().Sent
	w.pass(time.Second)
	if n := w.ends[0].Stats().Sent - before; n < 32<<10 {
		t.Errorf("%d bytes in the first second", n)
	}
}

// A peer that has everything acknowledged and acknowledges nothing cannot make this end remember ever more packets.
func TestUnacknowledgedAcks(t *testing.T) {
	w := newWorld(t, link{}, nil)
	server, p := w.ends[1], newPeer()
	p.send(w, wire.AppendPadding(wire.AppendOpen(nil, 0, "x"), 1100))
	var violation *session.ProtocolError
	for range 1 << 20 {
		if w.drain(); server.Err() != nil {
			break
		}
		p.send(w, wire.AppendPing(nil))
		w.now += 10 * time.Microsecond
	}
	if !errors.As(server.Err(), &violation) {
		t.Errorf("after %d packets: %v", server.Stats().SentPackets, server.Err())
	}
}
