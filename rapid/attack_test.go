package rapid_test

import (
	"bytes"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// flood sends as much of the same kind as a client may try to send.
const flood = 3000

// TestHostileClients has holders of a grant say what breaks the protocol, or
// strains it: the first are told off and forgotten, the others change nothing
// for themselves and for others.
func TestHostileClients(t *testing.T) {
	data := bytes.Repeat([]byte("data "), 200)
	open := func(id uint64) []byte { return wire.AppendOpen(nil, id, "host:443") }
	one := func(frames ...[]byte) func(*rawPeer) {
		return func(p *rawPeer) { p.send(bytes.Join(frames, nil)) }
	}
	const (
		dies  = true
		lives = false
	)
	for _, c := range []struct {
		name string
		fate bool
		do   func(p *rawPeer)
	}{
		{"unknown frame", dies, one([]byte{0x3f})},
		{"frame cut short", dies, one([]byte{byte(wire.MaxData), 0xff})},
		{"OPEN without destination", dies, one([]byte{byte(wire.Open), 0, 0})},
		{"OPEN beyond the limit", dies, one(open(1 << 20))},
		{"OPEN of the greatest id", dies, one(open(wire.MaxStreamID))},
		{"STREAM of an id beyond the limit", dies, one(wire.AppendStream(nil, 1<<30, 0, data, false, false))},
		{"STREAM at a giant offset", dies, one(open(0), wire.AppendStream(nil, 0, 1<<61, data, false, false))},
		{"STREAM one byte beyond its credit", dies, one(open(0), wire.AppendStream(nil, 0, 2<<20, []byte{1}, false, false))},
		{"STREAM up to its credit", lives, one(open(0), wire.AppendStream(nil, 0, 2<<20-1, []byte{1}, false, false))},
		{"FIN at a giant offset", dies, one(open(0), wire.AppendStream(nil, 0, wire.MaxVarint, nil, true, false))},
		{"streams beyond the credit of the session", dies, func(p *rawPeer) {
			for i := range uint64(5) {
				p.send(wire.AppendStream(open(i), i, 1<<20-1, []byte{1}, false, false))
			}
		}},
		{"RESET of a giant size", dies, one(open(0), wire.AppendReset(nil, 0, 0, wire.MaxVarint, ""))},
		{"RESET below what came", dies, one(open(0), wire.AppendStream(nil, 0, 0, data, false, false), wire.AppendReset(nil, 0, 0, 1, ""))},
		{"data beyond the end", dies, one(open(0), wire.AppendStream(nil, 0, 0, data, true, false), wire.AppendStream(nil, 0, 1000, []byte{1}, false, false))},
		{"an end that moves", dies, one(open(0), wire.AppendStream(nil, 0, 10, nil, true, false), wire.AppendStream(nil, 0, 11, nil, true, false))},
		{"an end that moves by RESET", dies, one(open(0), wire.AppendStream(nil, 0, 10, nil, true, false), wire.AppendReset(nil, 0, 0, 11, ""))},
		{"ACK of packets not sent", dies, one(ackOf(0, 1<<40))},
		{"ACK of the greatest number", dies, one(ackOf(0, wire.MaxPacketNumber))},
		{"MAX_STREAMS from a client", dies, one(wire.AppendMaxStreams(nil, 1))},
		{"RATES of no policy", dies, one([]byte{byte(wire.Rates), 1, 200, 1, 0, 0})},

		{"the same HELLO again and again", lives, repeat(flood, func(int) []byte {
			return wire.AppendHello(nil, &wire.Hello{MaxDatagram: 1472, MaxData: 1 << 24, MaxStreamData: 1 << 22})
		})},
		{"HELLO of extremes", lives, one(wire.AppendHello(nil, &wire.Hello{
			MaxDatagram: wire.MaxVarint, MaxData: wire.MaxVarint, MaxStreamData: wire.MaxVarint,
			MaxStreams: wire.MaxVarint, MaxAckDelay: 1 << 60, IdleTimeout: 1 << 60,
		}))},
		{"all the credit there is", lives, one(wire.AppendMaxData(nil, wire.MaxVarint), open(0), wire.AppendMaxStreamData(nil, 0, wire.MaxVarint))},
		{"PING", lives, repeat(flood, func(int) []byte { return wire.AppendPing(nil) })},
		{"nothing but PADDING", lives, repeat(flood, func(int) []byte { return wire.AppendPadding(nil, 1000) })},
		{"PATH_CHALLENGE", lives, repeat(flood, func(i int) []byte { return wire.AppendPathChallenge(nil, [8]byte{byte(i), byte(i >> 8)}) })},
		{"PATH_RESPONSE nobody asked for", lives, repeat(flood, func(i int) []byte { return wire.AppendPathResponse(nil, [8]byte{byte(i), byte(i >> 8)}) })},
		{"RATES", lives, repeat(flood, func(i int) []byte { return wire.AppendRates(nil, uint64(i), uint8(i%4), 1, uint64(i), 0) })},
		{"OPEN of the same stream", lives, repeat(flood, func(i int) []byte { return open(uint64(i % 10)) })},
		{"OPEN and RESET", lives, func(p *rawPeer) {
			for i := range uint64(100) {
				p.send(bytes.Join([][]byte{open(i), wire.AppendReset(nil, i, wire.Canceled, 0, "")}, nil))
			}
		}},
		{"RESET before OPEN", lives, func(p *rawPeer) {
			for i := range uint64(100) {
				p.send(bytes.Join([][]byte{wire.AppendReset(nil, i, wire.Canceled, 0, ""), open(i)}, nil))
			}
		}},
		{"STOP of streams not opened", lives, func(p *rawPeer) {
			for i := range uint64(100) {
				p.send(wire.AppendStop(nil, i, wire.Canceled))
			}
		}},
		{"credit for streams not opened", lives, func(p *rawPeer) {
			for i := range uint64(100) {
				p.send(wire.AppendMaxStreamData(nil, i, 1<<40))
			}
		}},
		{"the same data", lives, repeat(flood, func(int) []byte { return append(open(0), wire.AppendStream(nil, 0, 0, data, false, false)...) })},
		{"bytes with too many gaps between", dies, repeat(flood, func(i int) []byte {
			var b []byte
			for j := range 100 {
				b = wire.AppendStream(b, 0, uint64(i*200+2*j), []byte{1}, false, false)
			}
			return b
		})},
		{"bytes with gaps between", lives, repeat(100, func(i int) []byte {
			var b []byte
			for j := range 100 {
				b = wire.AppendStream(b, 0, uint64(i*200+2*j), []byte{1}, false, false)
			}
			return b
		})},
		{"packet numbers with gaps between", lives, func(p *rawPeer) {
			for range flood * 5 {
				p.next++
				p.send(wire.AppendPing(nil))
			}
		}},
		{"packet numbers far ahead", lives, func(p *rawPeer) {
			for range 10 {
				p.next += 1 << 21
				p.send(wire.AppendPing(nil))
			}
		}},
		{"FLOOR above all", lives, one(wire.AppendFloor(nil, wire.MaxPacketNumber))},
		{"ACK of the same", lives, repeat(flood, func(int) []byte { return ackOf(0, 0) })},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSiege(t, rapid.ListenOptions{MaxStreamWindow: 4 << 20, MaxSessionWindow: 4 << 20})
				p := s.client(rapid.GrantOptions{})
				p.hello()
				s.settle(p)
				var start, end runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&start)
				writes, sent := s.socket.count()
				came := p.bytes()
				c.do(p)
				time.Sleep(50 * time.Millisecond)
				answers := p.answers()
				p.acknowledge(answers)
				answers = append(answers, s.settle(p)...)
				runtime.GC()
				runtime.ReadMemStats(&end)
				if grown := int64(end.HeapAlloc) - int64(start.HeapAlloc); grown > 24<<20 {
					t.Errorf("%d bytes of memory more", grown)
				}
				if w, b := s.socket.count(); b-sent > 3*(p.bytes()-came)+20_000 {
					t.Errorf("%d bytes were answered with %d in %d datagrams", p.bytes()-came, b-sent, w-writes)
				}
				end1, died := has(answers, wire.Close)
				if died != c.fate {
					t.Errorf("session closed: %v (%v %q), want %v", died, end1.Code, end1.Text, c.fate)
				}
				if died && (end1.Code != wire.Violation || len(end1.Text) == 0) {
					t.Errorf("closed with %v, %q; want %v and a reason", end1.Code, end1.Text, wire.Violation)
				}
				s.alive(s.good)
				if died {
					time.Sleep(10 * time.Second)
					if got := s.listener.Totals().Live; got != 1 {
						t.Errorf("%d sessions live, want 1", got)
					}
				} else if c.name != "FLOOR above all" { // it asked not to be answered
					s.alive(p)
				}
			})
		})
	}
}

// repeat sends n packets.
func repeat(n int, frames func(i int) []byte) func(*rawPeer) {
	return func(p *rawPeer) {
		for i := range n {
			p.send(frames(i))
		}
	}
}

// TestHostileServers is TestHostileClients for the other end.
func TestHostileServers(t *testing.T) {
	const (
		dies  = true
		lives = false
	)
	for _, c := range []struct {
		name   string
		fate   bool
		frames []byte
	}{
		{"unknown frame", dies, []byte{0x3e}},
		{"OPEN", dies, wire.AppendOpen(nil, 0, "host:443")},
		{"STREAM not opened", dies, wire.AppendStream(nil, 7, 0, []byte("x"), false, false)},
		{"RESET not opened", dies, wire.AppendReset(nil, 7, 0, 0, "")},
		{"STOP not opened", dies, wire.AppendStop(nil, 7, 0)},
		{"credit for a stream not opened", dies, wire.AppendMaxStreamData(nil, 7, 1)},
		{"STREAM beyond its credit", dies, wire.AppendStream(nil, 0, 1<<30, []byte("x"), false, false)},
		{"STREAM at a giant offset", dies, wire.AppendStream(nil, 0, wire.MaxVarint-1, []byte("x"), true, false)},
		{"RESET of a giant size", dies, wire.AppendReset(nil, 0, 0, wire.MaxVarint, "")},
		{"ACK of packets not sent", dies, ackOf(0, 1<<30)},
		{"MAX_STREAMS of extremes", lives, wire.AppendMaxStreams(nil, wire.MaxStreamID)},
		{"a reason of control characters", lives, wire.AppendReset(nil, 0, 99, 0, "\x1b[2J\xff\x00\r\n")},
		{"STOP of the stream", lives, wire.AppendStop(nil, 0, wire.Busy)},
		{"PATH_CHALLENGE", lives, wire.AppendPathChallenge(nil, [8]byte{1})},
		{"RATES of extremes", lives, wire.AppendRates(nil, wire.MaxVarint, 3, 255, wire.MaxVarint, wire.MaxVarint)},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTrap(t)
				tr.server.send(c.frames)
				end, died := has(tr.serve(), wire.Close)
				if died != c.fate || died && end.Code != wire.Violation {
					t.Errorf("session closed: %v, %v %q; want %v", died, end.Code, end.Text, c.fate)
				}
				s := tr.conn.(*rapid.Conn).Session()
				if err := s.Err(); (err != nil) != c.fate {
					t.Errorf("session ended by %v", err)
				}
				_, err := tr.conn.Write([]byte("x"))
				if died && err == nil {
					t.Error("a write succeeds although the session is over")
				}
				if err != nil {
					for _, r := range err.Error() {
						if r < ' ' || r == 0x7f || r == 0xfffd {
							t.Errorf("error %q shows what the server wrote as it is", err)
							break
						}
					}
				}
			})
		})
	}
}
