package session_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/session"
	"github.com/icos-go/icos/rapid/internal/wire"
)

// pair opens a stream in w and returns both ends of it.
func (w *world) pair(destination string) (client, server *session.Stream) {
	w.t.Helper()
	client, err := w.ends[0].Open(destination)
	if err != nil {
		w.t.Fatalf("open: %v", err)
	}
	if !w.run(5*time.Second, func() bool { server = w.ends[1].Accept(); return server != nil }) {
		w.t.Fatal("stream does not arrive")
	}
	if got := server.Destination(); got != destination {
		w.t.Fatalf("destination %q, want %q", got, destination)
	}
	return client, server
}

// pass lets d go by.
func (w *world) pass(d time.Duration) { w.run(d, func() bool { return false }) }

var short = link{rate: 100 * mbit, delay: 10 * time.Millisecond}

func TestOpenCostsNoRoundTrip(t *testing.T) {
	w := newWorld(t, short, nil)
	start := w.now
	st, err := w.ends[0].Open("example.com:80")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Write([]byte("GET /")); err != nil {
		t.Fatal(err)
	}
	var got [5]byte
	var peer *session.Stream
	w.run(time.Second, func() bool {
		if peer == nil {
			peer = w.ends[1].Accept()
		}
		if peer == nil {
			return false
		}
		n, _ := peer.Read(got[:])
		return n > 0
	})
	if string(got[:]) != "GET /" {
		t.Fatalf("got %q", got)
	}
	if took := w.now - start; took > 11*time.Millisecond {
		t.Errorf("the first bytes took %v over a path of 10ms", took)
	}
}

func TestHalfClose(t *testing.T) {
	w := newWorld(t, short, nil)
	client, server := w.pair("x")
	client.Write([]byte("question"))
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write([]byte("more")); !errors.Is(err, session.ErrWriteClosed) {
		t.Errorf("write after CloseWrite: %v", err)
	}
	w.pass(100 * time.Millisecond)
	buf := make([]byte, 100)
	if n, err := server.Read(buf); n != 8 || err != nil {
		t.Fatalf("read %d, %v", n, err)
	}
	if n, err := server.Read(buf); n != 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("at the end: %d, %v", n, err)
	}
	server.Write([]byte("answer"))
	server.CloseWrite()
	w.pass(100 * time.Millisecond)
	if n, err := client.Read(buf); string(buf[:n]) != "answer" || err != nil {
		t.Fatalf("read %q, %v", buf[:n], err)
	}
	if _, err := client.Read(buf); !errors.Is(err, io.EOF) {
		t.Fatalf("at the end: %v", err)
	}
	w.pass(100 * time.Millisecond)
	for i, e := range w.ends {
		if n := e.Stats().Streams; n != 0 {
			t.Errorf("end %d has %d streams left", i, n)
		}
	}
}

func TestReset(t *testing.T) {
	for _, loss := range []float64{0, .3} {
		l := short
		l.loss = loss
		w := newWorld(t, l, nil)
		client, server := w.pair("x")
		client.Write(make([]byte, 100_000))
		w.pass(30 * time.Millisecond)
		server.Reset(wire.Unreachable, "no route")
		w.pass(5 * time.Second)
		var reset *session.ResetError
		if _, err := client.Read(make([]byte, 10)); !errors.As(err, &reset) || reset.Code != wire.Unreachable || reset.Reason != "no route" {
			t.Errorf("loss %v: read: %v", loss, err)
		}
		reset = nil
		if _, err := client.Write([]byte("x")); !errors.As(err, &reset) || reset.Reason != "no route" {
			t.Errorf("loss %v: write: %v", loss, err)
		}
		if _, err := server.Read(make([]byte, 10)); !errors.Is(err, session.ErrReadClosed) {
			t.Errorf("loss %v: read after Reset: %v", loss, err)
		}
		for i, e := range w.ends {
			if st := e.Stats(); st.Streams != 0 || st.SendBuffered != 0 || st.Unread != 0 {
				t.Errorf("loss %v: end %d has %+v", loss, i, st)
			}
		}
	}
}

// A stream that is broken off before the peer knows of it leaves nothing behind.
func TestResetAtOnce(t *testing.T) {
	l := short
	l.loss = .2
	w := newWorld(t, l, nil)
	for range 50 {
		st, err := w.ends[0].Open("x")
		if err != nil {
			t.Fatal(err)
		}
		st.Write([]byte("hello"))
		st.Reset(wire.Canceled, "changed my mind")
	}
	w.pass(5 * time.Second)
	for i, e := range w.ends {
		if n := e.Stats().Streams; n != 0 {
			t.Errorf("end %d has %d streams left", i, n)
		}
	}
}

func TestStopReading(t *testing.T) {
	w := newWorld(t, short, nil)
	client, server := w.pair("x")
	server.StopReading(wire.Canceled)
	var err error
	ok := w.run(time.Second, func() bool {
		_, err = client.Write(make([]byte, 10_000))
		return err != nil
	})
	var reset *session.ResetError
	if !ok || !errors.As(err, &reset) || reset.Code != wire.Canceled {
		t.Fatalf("the writer is not told: %v", err)
	}
	// The other direction lives on.
	server.Write([]byte("still here"))
	w.pass(100 * time.Millisecond)
	buf := make([]byte, 100)
	if n, err := client.Read(buf); string(buf[:n]) != "still here" || err != nil {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	// Credit of the session was given back for what nobody has read.
	if got := w.ends[1].Stats().Unread; got != 0 {
		t.Errorf("%d bytes held", got)
	}
}

// A reader that does not read stops its writer, and its memory is bounded; another stream goes on.
func TestSlowReader(t *testing.T) {
	w := newWorld(t, short, fixed(80*mbit))
	slow, slowPeer := w.pair("slow")
	wrote := 0
	chunk := make([]byte, 64<<10)
	w.run(3*time.Second, func() bool {
		for {
			n, err := slow.Write(chunk)
			if err != nil {
				t.Fatal(err)
			}
			if wrote += n; n == 0 {
				return false
			}
		}
	})
	server := w.ends[1].Stats()
	if ready, _ := slowPeer.Buffered(); ready > 4<<20 || server.Memory > 5<<20 {
		t.Errorf("%d bytes wait and %d are held for a reader that does not read", ready, server.Memory)
	}
	if got := w.ends[0].Stats().Limit; got != session.LimitReceiver {
		t.Errorf("sender is limited by %v", got)
	}
	slowPeer.StopReading(wire.Canceled)
	w.upload(1<<20, time.Second)
}

// Small requests do not wait for a big transfer.
func TestFairness(t *testing.T) {
	l := link{rate: 20 * mbit, delay: 20 * time.Millisecond}
	w := newWorld(t, l, fixed(18*mbit))
	big := []*session.Stream{}
	for i := range 8 {
		st, _ := w.pair(fmt.Sprint("big", i))
		big = append(big, st)
	}
	chunk := make([]byte, 64<<10)
	feed := func() {
		for _, st := range big {
			for {
				if n, err := st.Write(chunk); err != nil {
					t.Fatal(err)
				} else if n == 0 {
					break
				}
			}
		}
	}
	drain := func() {
		for st, _ := w.ends[1].Woken(); st != nil; st, _ = w.ends[1].Woken() {
			for {
				if n, _ := st.Read(chunk); n == 0 {
					break
				}
			}
		}
	}
	w.run(time.Second, func() bool { feed(); drain(); return false })
	worst := time.Duration(0)
	for i := range 20 {
		start := w.now
		st, err := w.ends[0].Open(fmt.Sprint("small", i))
		if err != nil {
			t.Fatal(err)
		}
		st.Write(make([]byte, 3000))
		st.CloseWrite()
		var peer *session.Stream
		got := 0
		w.run(time.Second, func() bool {
			feed()
			if peer == nil {
				peer = w.ends[1].Accept()
			}
			if peer != nil {
				n, _ := peer.Read(chunk)
				got += n
			}
			drain()
			return got == 3000
		})
		worst = max(worst, w.now-start)
		w.run(13*time.Millisecond, func() bool { feed(); drain(); return false })
	}
	if worst > 30*time.Millisecond {
		t.Errorf("a small request took %v, want nearly 20ms", worst)
	}
}

func TestManyStreams(t *testing.T) {
	l := link{rate: 100 * mbit, delay: 25 * time.Millisecond, loss: .01}
	w := newWorld(t, l, nil)
	type one struct {
		st   *session.Stream
		want []byte
	}
	const total = 2000
	open, started, done := map[*session.Stream]*one{}, 0, 0
	answers := map[*session.Stream][]byte{}
	buf := make([]byte, 64<<10)
	ok := w.run(30*time.Second, func() bool {
		for started < total && len(open) < 100 && w.ends[0].Openable() > 0 {
			st, err := w.ends[0].Open("x")
			if err != nil {
				t.Fatal(err)
			}
			msg := bytes.Repeat([]byte{byte(started), byte(started >> 8)}, 8<<10)
			st.Write(msg)
			st.CloseWrite()
			open[st] = &one{st, msg}
			started++
		}
		for st := w.ends[1].Accept(); st != nil; st = w.ends[1].Accept() {
			answers[st] = nil
		}
		for st, _ := w.ends[1].Woken(); st != nil; st, _ = w.ends[1].Woken() {
			if _, ok := answers[st]; !ok {
				continue
			}
			for {
				n, err := st.Read(buf)
				answers[st] = append(answers[st], buf[:n]...)
				if errors.Is(err, io.EOF) {
					st.Write(answers[st])
					st.CloseWrite()
					delete(answers, st)
				}
				if n == 0 {
					break
				}
			}
		}
		for st, _ := w.ends[0].Woken(); st != nil; st, _ = w.ends[0].Woken() {
			o := open[st]
			for o != nil {
				n, err := st.Read(buf)
				if !bytes.HasPrefix(o.want, buf[:n]) {
					t.Fatal("wrong answer")
				}
				if o.want = o.want[n:]; errors.Is(err, io.EOF) {
					if len(o.want) > 0 {
						t.Fatalf("answer ends %d bytes early", len(o.want))
					}
					delete(open, st)
					done++
					break
				}
				if n == 0 {
					break
				}
			}
		}
		return done == total
	})
	if !ok {
		t.Fatalf("%d of %d done; client %+v, server %+v", done, total, w.ends[0].Stats(), w.ends[1].Stats())
	}
	w.pass(time.Second)
	for i, e := range w.ends {
		if st := e.Stats(); st.Streams != 0 || st.SendBuffered != 0 || st.Unread != 0 {
			t.Errorf("end %d: %+v", i, st)
		}
	}
}

func TestStreamLimit(t *testing.T) {
	w := newWorld(t, short, func(_, server *session.Config) { server.Limits.Streams = 128 })
	var first *session.Stream
	for i := range 128 {
		st, err := w.ends[0].Open("x")
		if err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
		if first == nil {
			first = st
		}
	}
	if _, err := w.ends[0].Open("x"); !errors.Is(err, session.ErrStreamLimit) {
		t.Fatalf("one too many: %v", err)
	}
	w.pass(time.Second)
	first.Reset(wire.Canceled, "")
	peer := w.ends[1].Accept()
	peer.Reset(wire.Canceled, "")
	w.pass(time.Second)
	if got := w.ends[0].Openable(); got != 1 {
		t.Errorf("%d streams may be opened after one is gone, want 1", got)
	}
	if _, err := w.ends[1].Open("x"); err == nil {
		t.Error("a server opened a stream")
	}
	if _, err := w.ends[0].Open(""); !errors.Is(err, session.ErrDestination) {
		t.Errorf("no destination: %v", err)
	}
}

func TestClose(t *testing.T) {
	w := newWorld(t, short, nil)
	client, server := w.pair("x")
	w.ends[1].Close(w.now, wire.GoingAway, "bye")
	w.pass(50 * time.Millisecond)
	var peer *session.PeerError
	if err := w.ends[0].Err(); !errors.As(err, &peer) || peer.Code != wire.GoingAway || peer.Reason != "bye" {
		t.Errorf("client ended by %v", err)
	}
	if _, err := client.Write([]byte("x")); !errors.As(err, &peer) {
		t.Errorf("write: %v", err)
	}
	if _, err := server.Write([]byte("x")); !errors.Is(err, session.ErrClosed) {
		t.Errorf("write after Close: %v", err)
	}
	if st, ev := w.ends[0].Woken(); st != client || ev&session.Readable == 0 || ev&session.Writable == 0 {
		t.Errorf("woken %v, %v", st, ev)
	}
	if !w.ends[0].Done() {
		t.Error("client is not done")
	}
	w.pass(2 * time.Second)
	if !w.ends[1].Done() {
		t.Error("server is not done")
	}
}

func TestIdle(t *testing.T) {
	w := newWorld(t, short, func(client, _ *session.Config) { client.IdleTimeout = 30 * time.Second })
	client, server := w.pair("x")
	w.pass(5 * time.Minute) // pings keep it alive
	for i, e := range w.ends {
		if e.Err() != nil {
			t.Fatalf("end %d: %v", i, e.Err())
		}
	}
	packets := w.ends[0].Stats().SentPackets
	if packets > 60 {
		t.Errorf("%d packets in five idle minutes", packets)
	}
	client.Reset(wire.Canceled, "")
	server.Reset(wire.Canceled, "")
	w.pass(time.Minute)
	for i, e := range w.ends {
		if !errors.Is(e.Err(), session.ErrIdle) {
			t.Errorf("end %d without streams: %v", i, e.Err())
		}
	}
}

// What was lost is sent again although the session has no credit left, which it may be the reason for.
func TestLossWithoutCredit(t *testing.T) {
	l := link{rate: 200 * mbit, delay: 100 * time.Millisecond, loss: .05}
	w := newWorld(t, l, func(client, server *session.Config) {
		fixed(180*mbit)(client, server)
		server.Limits.SessionWindow = 1 // no more than at first
	})
	flows, buf := []*flowing{}, make([]byte, 64<<10)
	for range 2 {
		from, to := w.pair("x")
		flows = append(flows, &flowing{size: 12 << 20, from: from, to: to})
	}
	if !w.run(20*time.Second, func() bool {
		n := 0
		for _, f := range flows {
			if f.pump(t, buf); f.eof {
				n++
			}
		}
		return n == len(flows)
	}) {
		t.Fatalf("stuck: client %+v, server %+v", w.ends[0].Stats(), w.ends[1].Stats())
	}
}

// What one stream has shown of the path holds for the next: it is sent at full speed from the first round trip
// of it on, and does not have to earn its window.
func TestWindowOfNextStream(t *testing.T) {
	for _, up := range []bool{false, true} {
		t.Run(fmt.Sprintf("up %v", up), func(t *testing.T) {
			const part = 32 << 20
			rate := 900. * mbit
			w := newWorld(t, link{rate: 1000 * mbit, delay: 100 * time.Millisecond}, fixed(rate))
			newExchange(w, up, part, 2).move(4 * part)
			w.pass(time.Second)
			// A request and its answer, and the part at its rate; a server knows of an upload's stream one way later.
			want := 220*time.Millisecond + time.Duration(1.06*part/rate*float64(time.Second))
			if up {
				want += 200 * time.Millisecond
			}
			took, _ := newExchange(w, up, part, 1).move(part)
			if took > want {
				t.Errorf("a part over a stream of its own took %v, want at most %v", took, want)
			}
		})
	}
}
