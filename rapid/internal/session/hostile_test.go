package session_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/session"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// A peer is a hostile end: it has the keys and sends what it likes.
type peer struct {
	sealer *wire.Sealer
	next   uint64
}

func newPeer() *peer { return &peer{sealer: wire.NewSealer([32]byte{1, 2, 3}, wire.ClientToServer)} }

// send has the server of w handle a packet with frames.
func (p *peer) send(w *world, frames []byte) {
	b := make([]byte, wire.HeaderLen, wire.HeaderLen+len(frames)+wire.TagLen)
	b = append(b, frames...)
	pk, err := w.ends[1].Decrypt(p.sealer.Seal(b, 7, p.next))
	if err != nil {
		w.t.Fatal(err)
	}
	p.next++
	w.ends[1].Handle(w.now, clientAddr, pk)
}

// drain takes and forgets what the server sends.
func (w *world) drain() {
	e := w.ends[1]
	for n := 0; e.Deadline() <= w.now; n++ {
		if b := e.Fill(w.now, w.buf); len(b.Data) == 0 {
			break
		}
		if n > 1000 {
			w.t.Fatal("server sends without end")
		}
	}
}

// frames makes frames from random numbers, which are mostly within the rules: next is the peer's next
// packet number, sent the number of packets it was sent.
func frames(rnd *rand.Rand, next, sent uint64) []byte {
	b := wire.AppendPadding(nil, 1)
	near := func(n uint64) uint64 { return rnd.Uint64N(1 + n>>rnd.IntN(20)) }
	for range 1 + rnd.IntN(6) {
		id, data := near(150), make([]byte, rnd.IntN(200))
		const size = 1 << 18 // of every stream
		odd := rnd.IntN(500) == 0
		switch rnd.IntN(18) {
		case 0, 1, 2:
			off, fin := near(size-200), rnd.IntN(10) == 0
			if fin && !odd {
				off = size - uint64(len(data))
			}
			b = wire.AppendStream(b, id, off, data, fin, false)
		case 3:
			b = wire.AppendOpen(b, id, "example.com:443")
		case 4:
			b = wire.AppendReset(b, id, wire.Code(near(9)), size, "why not")
		case 5:
			b = wire.AppendStop(b, id, wire.Code(near(9)))
		case 6:
			b = wire.AppendMaxData(b, near(1<<40))
		case 7:
			b = wire.AppendMaxStreamData(b, id, near(1<<40))
		case 8:
			b = wire.AppendFloor(b, near(2*next+2))
		case 9:
			b = wire.AppendRates(b, near(100), uint8(rnd.IntN(4)), 1, near(1<<40), near(1<<40))
		case 10:
			b = wire.AppendPathChallenge(b, [8]byte{1})
		case 11:
			b = wire.AppendPathResponse(b, [8]byte{1})
		case 12:
			high := near(sent + 10)
			if high >= sent && !odd {
				continue
			}
			if w, ok := wire.StartAck(b, 100, wire.Range{Low: high - min(high, near(20)), High: high}, time.Duration(near(1<<40)), near(1<<30)); ok {
				b = w.Finish()
			}
		case 13:
			b = wire.AppendHello(b, &wire.Hello{
				MaxDatagram: near(1 << 20), IdleTimeout: time.Duration(near(1 << 62)), MaxAckDelay: time.Duration(near(1 << 62)),
				MaxData: near(1 << 60), MaxStreamData: near(1 << 60), MaxStreams: near(1 << 50), MaxRate: near(1 << 60),
			})
		case 14:
			b = wire.AppendPing(b)
		case 15:
			if odd {
				b = append(b, byte(rnd.Uint32()), byte(rnd.Uint32()), byte(rnd.Uint32()))
			}
		case 16:
			off := uint64(0)
			if odd {
				off = near(1000)
			}
			b = wire.AppendRepaired(b, id, off, false)
		case 17:
			off := near(size - 1000)
			length, rows, n := 1+rnd.IntN(int(size-off)), 1+rnd.IntN(60), 1+rnd.IntN(2)
			if length > wire.MaxPieces*64 || n > rows {
				continue
			}
			fin := off+uint64(length) == size
			return wire.AppendParity(b, id, off, length, rows, rnd.IntN(rows-n+1), 64, make([]byte, n*64), fin)
		}
	}
	return b
}

// play has a server talk to a hostile client for a while, and checks that it stays within its
// bounds. A server application reads and writes now and then.
func play(t *testing.T, seed uint64) (steps int) {
	w := newWorld(t, link{}, func(_, server *session.Config) {
		server.Limits = session.Limits{StreamWindow: 4 << 20, SessionWindow: 8 << 20, Streams: 200, SendBuffer: 8 << 20}
		server.Clamp = func(r session.Rates) session.Rates { return r }
	})
	rnd := rand.New(rand.NewPCG(seed, 77))
	p, server := newPeer(), w.ends[1]
	var streams []*session.Stream
	buf := make([]byte, 4096)
	for range 400 {
		steps++
		p.send(w, frames(rnd, p.next, server.Stats().SentPackets))
		if rnd.IntN(10) == 0 {
			p.next += near64(rnd)
		}
		for st := server.Accept(); st != nil; st = server.Accept() {
			streams = append(streams, st)
		}
		for st, _ := server.Woken(); st != nil; st, _ = server.Woken() {
			if rnd.IntN(2) == 0 {
				st.Read(buf[:rnd.IntN(len(buf))])
			}
		}
		if len(streams) > 0 {
			switch st := streams[rnd.IntN(len(streams))]; rnd.IntN(6) {
			case 0, 1:
				st.Write(buf[:rnd.IntN(len(buf))])
			case 2:
				st.CloseWrite()
			case 3:
				st.Reset(wire.Busy, "enough")
			case 4:
				st.StopReading(wire.Canceled)
			case 5:
				st.Read(buf)
			}
		}
		w.now += time.Duration(rnd.Int64N(int64(20 * time.Millisecond)))
		w.drain()
		if server.Err() != nil {
			break
		}
		st := server.Stats()
		if st.Memory > 40<<20 || st.Streams > 200 || st.Unread < 0 || st.SendBuffered < 0 || st.InFlight < 0 {
			t.Fatalf("seed %d: %+v", seed, st)
		}
	}
	// With nobody there, everything comes to an end.
	for range 1000 {
		if server.Done() {
			return steps
		}
		w.now = max(w.now, min(server.Deadline(), w.now+time.Hour))
		w.drain()
	}
	t.Fatalf("seed %d: session does not end: %v, %+v", seed, server.Err(), server.Stats())
	return 0
}

func near64(rnd *rand.Rand) uint64 { return rnd.Uint64N(1 << rnd.IntN(20)) }

func TestHostilePeer(t *testing.T) {
	steps := 0
	for seed := range uint64(200) {
		steps += play(t, seed)
	}
	if steps < 200*50 {
		t.Errorf("only %d packets until the peer broke the rules", steps)
	}
}

func FuzzHandle(f *testing.F) {
	f.Add([]byte("\x01"), uint64(1))
	f.Fuzz(func(t *testing.T, payload []byte, seed uint64) {
		if len(payload) == 0 || len(payload) > 1400 {
			return
		}
		w := newWorld(t, link{}, nil)
		p := newPeer()
		rnd := rand.New(rand.NewPCG(seed, 5))
		for range 5 {
			p.send(w, frames(rnd, p.next, w.ends[1].Stats().SentPackets))
			w.drain()
		}
		p.send(w, payload)
		for range 20 {
			w.now = max(w.now, min(w.ends[1].Deadline(), w.now+time.Second))
			w.drain()
		}
	})
}

// What a peer does wrong ends the session, and says so.
func TestViolations(t *testing.T) {
	open := wire.AppendOpen(nil, 0, "x")
	ack := func(pn uint64) []byte {
		w, _ := wire.StartAck(nil, 100, wire.Range{Low: pn, High: pn}, 0, 0)
		return w.Finish()
	}
	for _, c := range []struct {
		name   string
		frames []byte
	}{
		{"unknown frame", []byte{0x7f}},
		{"acknowledged what was not sent", ack(1000)},
		{"too much on a stream", wire.AppendStream(open, 0, 4<<20, []byte{1}, false, false)},
		{"stream beyond the limit", wire.AppendOpen(nil, 1024, "x")},
		{"data behind the end", wire.AppendStream(wire.AppendStream(open, 0, 0, []byte{1}, true, false), 0, 1, []byte{2}, false, false)},
		{"two ends", wire.AppendReset(wire.AppendStream(open, 0, 0, []byte{1}, true, false), 0, 0, 5, "")},
		{"end before data", wire.AppendReset(wire.AppendStream(open, 0, 10, []byte{1}, false, false), 0, 0, 5, "")},
		{"client allows streams", wire.AppendMaxStreams(nil, 10)},
		{"parity of too much on a stream", wire.AppendParity(open, 0, 4<<20, 1, 1, 0, 64, make([]byte, 64), false)},
		{"parity behind the end", wire.AppendParity(wire.AppendStream(open, 0, 0, []byte{1}, true, false), 0, 0, 2, 1, 0, 64, make([]byte, 64), false)},
		{"parity with another end", wire.AppendParity(wire.AppendStream(open, 0, 8, []byte{1}, false, false), 0, 0, 2, 1, 0, 64, make([]byte, 64), true)},
		{"repaired what was not sent", wire.AppendRepaired(open, 0, 1, false)},
		{"repaired up to no end", wire.AppendRepaired(open, 0, 0, true)},
	} {
		w := newWorld(t, link{}, nil)
		newPeer().send(w, c.frames)
		if _, ok := w.ends[1].Err().(*session.ProtocolError); !ok {
			t.Errorf("%s: %v", c.name, w.ends[1].Err())
			continue
		}
		b := w.ends[1].Fill(w.now, w.buf)
		if n := len(b.Data); n == 0 || binary.BigEndian.Uint16(b.Data[wire.HeaderLen:])>>8 != uint16(wire.Close) {
			t.Errorf("%s: the peer is not told", c.name)
		}
	}
}

// One byte here and there makes the receiver hold no more than its windows and a chunk a stream.
func TestScatteredData(t *testing.T) {
	w := newWorld(t, link{}, nil)
	p := newPeer()
	for id := range uint64(500) {
		p.send(w, wire.AppendStream(nil, id, 8000, []byte{1}, false, false))
		w.drain()
	}
	for off := uint64(0); off < 2<<20 && w.ends[1].Err() == nil; off += 64 {
		p.send(w, wire.AppendStream(nil, 600, off+1, []byte{1}, false, false))
		w.drain()
	}
	if st := w.ends[1].Stats(); st.Memory > 16<<20 {
		t.Errorf("%d bytes held", st.Memory)
	}
}

// Packets that come again change nothing.
func TestReplay(t *testing.T) {
	w := newWorld(t, short, nil)
	w.pair("x")
	b := make([]byte, wire.HeaderLen, 200)
	b = wire.AppendStream(b, 0, 0, []byte("once"), false, true)
	sealer := wire.NewSealer([32]byte{1, 2, 3}, wire.ClientToServer)
	datagram := sealer.Seal(b, 7, 1000)
	for range 3 {
		pk, err := w.ends[1].Decrypt(append([]byte(nil), datagram...))
		if err != nil {
			t.Fatal(err)
		}
		w.ends[1].Handle(w.now, clientAddr, pk)
	}
	if st := w.ends[1].Stats(); st.Replayed != 2 || st.Received != 4 || st.DuplicateBytes != 0 {
		t.Errorf("%+v", st)
	}
}
