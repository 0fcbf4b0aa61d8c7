package rapid_test

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/session"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// FuzzPeer has one end of a session take packets of any frames, from any
// address and with any number, and its application write and read beside. It
// must not panic, must say only what parses and authenticates, must not send
// more than three times what came to an address that has not answered, and
// must hold no more than the credit it has given.
//
// The input is a sequence of choices: see choices.
func FuzzPeer(f *testing.F) {
	f.Add([]byte{0})
	f.Add([]byte{1})
	f.Add([]byte{0, 0, 4, 0, 0, 5, 0, 1, 6, 0, 0, 5, 1, 0, 2, 0, 0, 0, 3, 0, 9, 0, 3, 0, 0, 14, 2, 4})
	rng := rand.New(rand.NewPCG(11, 12))
	for range 8 {
		b := make([]byte, 200)
		fill(rng, b)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) > 0 && len(input) < 4096 {
			newVictim(t, input[0]&1 == 1).play(&choices{input[1:]})
		}
	})
}

// TestErraticPeers plays what FuzzPeer does with many inputs at random.
func TestErraticPeers(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	n := 20_000
	if underRace || testing.Short() {
		n = 1000
	}
	b := make([]byte, 1500)
	for i := range n {
		fill(rng, b)
		newVictim(t, i&1 == 1).play(&choices{b[:20+rng.IntN(len(b)-20)]})
		if t.Failed() {
			t.Fatalf("by sequence %d", i)
		}
	}
}

// choices are bytes that decide what a peer does: each picks from a list.
type choices struct{ rest []byte }

func (c *choices) done() bool { return len(c.rest) == 0 }

func (c *choices) pick(n int) int {
	if len(c.rest) == 0 {
		return 0
	}
	v := int(c.rest[0])
	c.rest = c.rest[1:]
	return v % n
}

// number picks one at which things may change.
func (c *choices) number() uint64 {
	return [...]uint64{
		0, 1, 2, 3, 7, 100, 1000, 1400, 4999, 5000, 16 << 10, 64 << 10,
		1<<20 - 1, 1 << 20, 1<<22 - 1, 1 << 22, 1 << 30, wire.MaxVarint - 1, wire.MaxVarint,
	}[c.pick(19)]
}

// small picks an offset or size that is likely to be in order.
func (c *choices) small() uint64 {
	if c.pick(8) == 0 {
		return c.number()
	}
	return uint64(c.pick(256)) << c.pick(10)
}

func (c *choices) stream() uint64 {
	if c.pick(50) == 0 {
		return min(c.number(), wire.MaxStreamID)
	}
	return uint64(c.pick(6))
}

// frame appends a frame of v's peer.
func (c *choices) frame(b []byte, v *victim) []byte {
	code := wire.Code(c.pick(9))
	switch c.pick(18) {
	case 0:
		return wire.AppendPing(b)
	case 1, 2, 3:
		high := v.sent - min(v.sent, uint64(c.pick(20)))
		if c.pick(60) == 0 {
			high = c.number()
		}
		low := high - min(high, uint64(c.pick(30)))
		w, _ := wire.StartAck(b, 100, wire.Range{Low: low, High: high}, time.Duration(c.pick(20))*time.Millisecond, uint64(c.pick(3)))
		for low > 2 && c.pick(2) == 1 {
			high = low - 2 - min(low-2, uint64(c.pick(5)))
			low = high - min(high, uint64(c.pick(5)))
			w.Add(wire.Range{Low: low, High: high})
		}
		return w.Finish()
	case 4:
		return wire.AppendFloor(b, c.small())
	case 5:
		return wire.AppendHello(b, &wire.Hello{
			MaxDatagram: 1000 + min(c.small(), 1<<20), MaxData: c.number(), MaxStreamData: c.number(), MaxStreams: c.number(),
			MaxRate: c.number(), MaxAckDelay: time.Duration(c.pick(50)) * time.Millisecond, IdleTimeout: time.Duration(c.pick(100)) * time.Second,
		})
	case 6, 7:
		if v.client && c.pick(20) > 0 {
			return wire.AppendPing(b)
		}
		return wire.AppendOpen(b, c.stream(), "host:443")
	case 8, 9, 10:
		off := min(c.small(), wire.MaxVarint-1000)
		return wire.AppendStream(b, c.stream(), off, make([]byte, c.pick(256)), c.pick(8) == 0, false)
	case 11:
		return wire.AppendReset(b, c.stream(), code, c.small(), "why not")
	case 12:
		return wire.AppendStop(b, c.stream(), code)
	case 13:
		return wire.AppendMaxData(b, c.number())
	case 14:
		return wire.AppendMaxStreamData(b, c.stream(), c.number())
	case 15:
		switch c.pick(4) {
		case 0:
			if v.client {
				return wire.AppendMaxStreams(b, min(c.number(), wire.MaxStreamID))
			}
			return b
		case 1:
			return wire.AppendPathChallenge(b, [8]byte{byte(c.pick(5))})
		}
		v.proved = true
		return wire.AppendPathResponse(b, v.challenge)
	case 16:
		return wire.AppendRates(b, uint64(c.pick(30)), uint8(c.pick(4)), uint8(c.pick(5)), c.number(), c.number())
	}
	switch c.pick(40) {
	case 0:
		return wire.AppendClose(b, code, "over")
	case 1:
		return append(b, byte(c.pick(256)), byte(c.pick(256)), byte(c.pick(256)))
	}
	return wire.AppendPadding(b, c.pick(100))
}

// victim is the end of a session that is fuzzed.
type victim struct {
	t         *testing.T
	machine   *session.Session
	client    bool
	opener    *wire.Opener // of the peer
	now       time.Duration
	pn        uint64
	buf       []byte
	streams   []*session.Stream
	sent      uint64                 // newest packet of the machine
	challenge [8]byte                // of the machine
	proved    bool                   // the peer has answered one
	came      map[netip.AddrPort]int // bytes
	went      map[netip.AddrPort]int
}

const fuzzWindow = 1 << 20 // credit; the least the protocol allows is more

func newVictim(t *testing.T, client bool) *victim {
	cfg := session.Config{
		Client: client, ID: 7, Key: [32]byte{1}, Peer: serverAddr,
		Limits: session.Limits{StreamWindow: fuzzWindow, SessionWindow: 4 * fuzzWindow, Streams: 128, SendBuffer: fuzzWindow},
		Clamp:  func(r session.Rates) session.Rates { return r },
	}
	d := wire.ServerToClient
	if client {
		d = wire.ClientToServer
	}
	return &victim{
		t: t, client: client, machine: session.New(cfg, 0), opener: wire.NewOpener(cfg.Key, d),
		buf: make([]byte, session.MaxBatch), came: map[netip.AddrPort]int{}, went: map[netip.AddrPort]int{},
	}
}

func (v *victim) play(c *choices) {
	if v.client {
		for range 3 {
			v.application(5)
		}
		v.flush()
	}
	for !c.done() {
		from := serverAddr
		if !v.client {
			from = clientAddr
			if c.pick(10) == 0 {
				from = evilAddr
			}
		}
		switch c.pick(20) {
		case 0:
			v.pn += 1000
		case 1:
			v.pn = max(v.pn, 10) - 10 // a replay, or one that is late
		}
		var payload []byte
		for range 1 + c.pick(4) {
			payload = c.frame(payload, v)
		}
		size := max(len(payload)+wire.Overhead, wire.MinPacket)
		v.came[from] += size
		v.machine.Handle(v.now, from, session.Packet{Number: v.pn, Payload: payload, Size: size})
		v.pn++
		v.application(byte(c.pick(16)))
		v.flush()
		if c.pick(2) == 0 {
			v.now = max(v.now, min(v.machine.Deadline(), v.now+time.Second))
			v.flush()
		}
	}
	v.machine.Close(v.now, wire.NoError, "")
	for range 10 {
		v.flush()
		v.now += 10 * time.Second
	}
	v.flush()
	if !v.machine.Done() {
		v.t.Fatal("the session is closed and does not come to an end")
	}
}

// application does what an application may do.
func (v *victim) application(what byte) {
	m := v.machine
	for st := m.Accept(); st != nil; st = m.Accept() {
		v.streams = append(v.streams, st)
	}
	for st, _ := m.Woken(); st != nil; st, _ = m.Woken() {
	}
	if v.client && what == 5 {
		if st, err := m.Open("host:443"); err == nil {
			v.streams = append(v.streams, st)
		}
	}
	p := make([]byte, 5000)
	for i, st := range v.streams {
		switch (int(what) + i) % 8 {
		case 0, 1, 2:
			_, _ = st.Write(p)
		case 3, 4:
			_, _ = st.Read(p)
		case 5:
			_ = st.CloseWrite()
		case 6:
			if what > 8 {
				st.Reset(wire.Canceled, "enough")
			}
		case 7:
			if what > 8 {
				st.StopReading(wire.Canceled)
			}
		}
	}
	if s := m.Stats(); s.Memory > 16*fuzzWindow || s.SendBuffered > 2*fuzzWindow {
		v.t.Fatalf("holds %d bytes, %d of them for sending", s.Memory, s.SendBuffered)
	}
}

// flush takes what the session wants to send now, and checks it.
func (v *victim) flush() {
	for range 100 {
		b := v.machine.Fill(v.now, v.buf)
		if len(b.Data) == 0 {
			return
		}
		v.machine.Seal(b)
		for rest := b.Data; len(rest) > 0; {
			datagram := rest[:min(b.Segment, len(rest))]
			rest = rest[len(datagram):]
			v.check(b.To, datagram)
		}
	}
	v.t.Fatal("a hundred batches at one moment")
}

func (v *victim) check(to netip.AddrPort, datagram []byte) {
	v.went[to] += len(datagram)
	if !v.client && !v.proved && v.went[to] > 3*v.came[to] {
		v.t.Fatalf("sent %d bytes to %v, from where %d came", v.went[to], to, v.came[to])
	}
	if v.client && to != serverAddr {
		v.t.Fatalf("sent to %v", to)
	}
	pn, payload, err := v.opener.Open(bytes.Clone(datagram))
	if err != nil {
		v.t.Fatalf("sent what does not open: %v", err)
	}
	v.sent = pn
	p := wire.Parse(payload)
	frames := 0
	for p.Next() {
		frames++
		if p.Frame.Type == wire.PathChallenge {
			v.challenge = p.Frame.Token
		}
		if v.client && p.Frame.Type == wire.MaxStreams || !v.client && p.Frame.Type == wire.Open {
			v.t.Fatalf("sent %v, which the other end only may send", p.Frame.Type)
		}
	}
	if p.Err() != nil || frames == 0 {
		v.t.Fatalf("sent %d frames, and then: %v", frames, p.Err())
	}
}
