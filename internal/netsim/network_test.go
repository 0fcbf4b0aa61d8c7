package netsim_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/internal/netsim"
)

// header is what IP and UDP add to a datagram.
const header = 28

// pair is a network with a connection on each side.
func pair(t *testing.T, l netsim.Link) (n *netsim.Network, a, b *netsim.Conn) {
	t.Helper()
	n = netsim.New(l)
	t.Cleanup(func() { n.Close() })
	return n, listen(t, n, netsim.A, ""), listen(t, n, netsim.B, "")
}

func listen(t *testing.T, n *netsim.Network, side netsim.Side, address string) *netsim.Conn {
	t.Helper()
	c, err := n.Listen(side, address)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// datagram is size bytes that say their number.
func datagram(number, size int) []byte {
	b := make([]byte, size)
	b[0], b[1], b[2] = byte(number>>16), byte(number>>8), byte(number)
	return b
}

func number(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

func send(t *testing.T, from, to *netsim.Conn, b []byte) {
	t.Helper()
	if n, err := from.WriteTo(b, net.UDPAddrFromAddrPort(to.Public())); n != len(b) || err != nil {
		t.Fatalf("WriteTo = %d, %v", n, err)
	}
}

// arrival is a datagram that was received.
type arrival struct {
	number int
	at     time.Duration
	from   netip.AddrPort
}

// receive reads until nothing came for a minute.
func receive(t *testing.T, c *netsim.Conn, start time.Time) []arrival {
	t.Helper()
	var got []arrival
	b := make([]byte, 65536)
	for {
		if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		n, from, err := c.ReadFromUDPAddrPort(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, arrival{number(b[:n]), time.Since(start), from})
	}
}

func numbers(got []arrival) []int {
	var n []int
	for _, a := range got {
		n = append(n, a.number)
	}
	return n
}

func TestDelayAndRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// A packet of 1250 bytes takes 1 ms.
		_, a, b := pair(t, netsim.Link{Rate: 10e6, Delay: 50 * time.Millisecond})
		start := time.Now()
		for i := range 3 {
			send(t, a, b, datagram(i, 1250-header))
		}
		for i, got := range receive(t, b, start) {
			if want := time.Duration(51+i) * time.Millisecond; got.number != i || got.at != want || got.from != a.Public() {
				t.Errorf("arrival %d = %+v, want at %v from %v", i, got, want, a.Public())
			}
		}
	})
}

func TestDirectionsAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, netsim.Link{})
		n.SetDirection(netsim.B, netsim.Link{Delay: time.Second})
		start := time.Now()
		send(t, a, b, datagram(1, 100))
		send(t, b, a, datagram(2, 100))
		if got := receive(t, b, start); len(got) != 1 || got[0].at != 0 {
			t.Errorf("B received %+v, want one at once", got)
		}
		if n.Stats(netsim.B).Delivered != 1 {
			t.Errorf("what B sent: %+v, want one delivered", n.Stats(netsim.B))
		}
	})
}

func TestQueueDropsAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, netsim.Link{Rate: 8e6, Queue: 10_000})
		for i := range 25 {
			send(t, a, b, datagram(i, 1000-header))
		}
		if got, want := numbers(receive(t, b, time.Now())), []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(got, want) {
			t.Errorf("received %v, want %v", got, want)
		}
		s := n.Stats(netsim.A)
		if s.Sent != 25 || s.QueueDrops != 15 || s.Delivered != 10 || s.DeliveredBytes != 10_000 || s.PeakQueue != 10_000 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestRateChangesWhilePacketsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := netsim.Link{Rate: 8e3, Queue: 1 << 20} // a byte a millisecond
		n, a, b := pair(t, slow)
		start := time.Now()
		send(t, a, b, datagram(0, 1000-header))
		send(t, a, b, datagram(1, 1000-header))
		time.Sleep(500 * time.Millisecond)
		fast := slow
		fast.Rate *= 10
		n.SetLink(fast)
		var at []time.Duration
		for _, r := range receive(t, b, start) {
			at = append(at, r.at)
		}
		want := []time.Duration{550 * time.Millisecond, 650 * time.Millisecond}
		if !slices.Equal(at, want) {
			t.Errorf("arrivals at %v, want %v", at, want)
		}
	})
}

func TestLossIsRandomAndRepeats(t *testing.T) {
	run := func(seed uint64) (got []int) {
		synctest.Test(t, func(t *testing.T) {
			n, a, b := pair(t, netsim.Link{Delay: time.Millisecond, Loss: 0.1, Seed: seed})
			const sent = 10_000
			for i := range sent {
				send(t, a, b, datagram(i, 100))
			}
			got = numbers(receive(t, b, time.Now()))
			s := n.Stats(netsim.A)
			if int64(len(got)) != s.Delivered || s.Delivered+s.RandomDrops != sent {
				t.Errorf("received %d; stats %+v", len(got), s)
			}
			if s.RandomDrops < 850 || s.RandomDrops > 1150 {
				t.Errorf("seed %d: %d lost of %d, want about a tenth", seed, s.RandomDrops, sent)
			}
		})
		return got
	}
	one := run(1)
	if !slices.Equal(one, run(1)) {
		t.Error("the same seed lost other packets")
	}
	if slices.Equal(one, run(2)) {
		t.Error("another seed lost the same packets")
	}
}

func TestReorderAndDuplicate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, netsim.Link{Rate: 80e6, Queue: 1 << 30, Delay: 100 * time.Millisecond, Reorder: 0.05, Duplicate: 0.02})
		const sent = 2000
		for i := range sent {
			send(t, a, b, datagram(i, 1000-header))
		}
		got := numbers(receive(t, b, time.Now()))
		seen := make(map[int]int)
		for _, n := range got {
			seen[n]++
		}
		if len(seen) != sent {
			t.Errorf("%d of %d arrived", len(seen), sent)
		}
		if twice := len(got) - sent; twice < 10 || twice > 100 || int64(twice) != n.Stats(netsim.A).Duplicated {
			t.Errorf("%d came twice, the network says %d", twice, n.Stats(netsim.A).Duplicated)
		}
		late := 0
		for i := 1; i < len(got); i++ {
			if got[i] < got[i-1] {
				late++
			}
		}
		if late < 20 || late > 250 {
			t.Errorf("the order was broken %d times, want about a hundred", late)
		}
	})
}

func TestJitterKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := pair(t, netsim.Link{Rate: 80e6, Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond})
		start := time.Now()
		go func() {
			for i := range 100 {
				a.WriteTo(datagram(i, 500), b.LocalAddr())
				time.Sleep(time.Millisecond)
			}
		}()
		got := receive(t, b, start)
		if !slices.IsSorted(numbers(got)) || len(got) != 100 {
			t.Errorf("received %v", numbers(got))
		}
		least, most := time.Hour, time.Duration(0)
		for i, r := range got {
			d := r.at - time.Duration(i)*time.Millisecond
			least, most = min(least, d), max(most, d)
		}
		if least < 20*time.Millisecond || least > 25*time.Millisecond || most < 25*time.Millisecond || most > 31*time.Millisecond {
			t.Errorf("delays between %v and %v, want 20 to 30 ms", least, most)
		}
	})
}

func TestBlackoutBlockedAndMTU(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, netsim.Link{})
		for _, l := range []netsim.Link{{Loss: 1}, {Blocked: true}, {MTU: 1000}} {
			n.SetLink(l)
			send(t, a, b, datagram(1, 1000-header+1))
		}
		send(t, a, b, datagram(2, 1000-header))
		n.SetLink(netsim.Link{})
		send(t, a, b, datagram(3, 1500-header))
		send(t, a, b, datagram(4, 1500-header+1))
		if got, want := numbers(receive(t, b, time.Now())), []int{2, 3}; !slices.Equal(got, want) {
			t.Errorf("received %v, want %v", got, want)
		}
		s := n.Stats(netsim.A)
		if s.RandomDrops != 1 || s.Blocked != 1 || s.TooBig != 2 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestRebindChangesTheAddressOthersSee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, netsim.Link{Delay: 10 * time.Millisecond})
		old := a.Public()
		send(t, b, a, datagram(1, 100)) // will be on its way to the old address
		fresh := a.Rebind()
		if fresh == old || fresh != a.Public() || a.LocalAddr().String() != old.String() {
			t.Errorf("was %v, is %v; local %v", old, fresh, a.LocalAddr())
		}
		send(t, a, b, datagram(2, 100))
		if _, err := b.WriteTo(datagram(3, 100), net.UDPAddrFromAddrPort(old)); err != nil {
			t.Error(err)
		}
		send(t, b, a, datagram(4, 100))
		if got := receive(t, b, time.Now()); len(got) != 1 || got[0].from != fresh {
			t.Errorf("B received %+v, want one from %v", got, fresh)
		}
		if got := numbers(receive(t, a, time.Now())); !slices.Equal(got, []int{4}) {
			t.Errorf("A received %v, want [4]", got)
		}
		if s := n.Stats(netsim.B); s.Unreachable != 2 {
			t.Errorf("stats %+v, want 2 unreachable", s)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if _, err := n.Listen(netsim.A, fresh.String()); err != nil {
			t.Errorf("the address of a closed connection is taken: %v", err)
		}
	})
}

func TestReceiveBufferIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, netsim.Link{})
		if err := b.SetReadBuffer(5000); err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			send(t, a, b, datagram(i, 1000-header))
		}
		if got := receive(t, b, time.Now()); len(got) != 5 {
			t.Errorf("received %d, want 5", len(got))
		}
		if s := n.Stats(netsim.A); s.Overflow != 5 {
			t.Errorf("stats %+v, want 5 overflows", s)
		}
	})
}

func TestLongDatagramIsCut(t *testing.T) {
	_, a, b := pair(t, netsim.Link{})
	send(t, a, b, []byte("longer than the buffer"))
	buf := make([]byte, 6)
	n, from, err := b.ReadFrom(buf)
	if err != nil || !bytes.Equal(buf[:n], []byte("longer")) || from.String() != a.LocalAddr().String() {
		t.Errorf("ReadFrom = %q, %v, %v", buf[:n], from, err)
	}
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := pair(t, netsim.Link{})
		buf := make([]byte, 100)
		start := time.Now()
		a.SetReadDeadline(start.Add(time.Second))
		time.AfterFunc(500*time.Millisecond, func() { a.SetReadDeadline(start.Add(3 * time.Second)) })
		if _, _, err := a.ReadFrom(buf); !errors.Is(err, os.ErrDeadlineExceeded) || !isTimeout(err) {
			t.Errorf("error %v, want a timeout", err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("the deadline came after %v, want 3s: it was moved", took)
		}
		if _, _, err := a.ReadFrom(buf); !isTimeout(err) {
			t.Errorf("a second read: %v, want a timeout", err)
		}
		send(t, b, a, datagram(1, 10))
		a.SetReadDeadline(time.Time{})
		if _, _, err := a.ReadFrom(buf); err != nil {
			t.Errorf("after the deadline was taken back: %v", err)
		}
		a.SetWriteDeadline(time.Now().Add(-1))
		if _, err := a.WriteTo(buf, b.LocalAddr()); !isTimeout(err) {
			t.Errorf("write error %v, want a timeout", err)
		}
	})
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

func TestCloseWakesReaders(t *testing.T) {
	for name, shut := range map[string]func(*netsim.Network, *netsim.Conn){
		"connection": func(_ *netsim.Network, c *netsim.Conn) { c.Close() },
		"network":    func(n *netsim.Network, _ *netsim.Conn) { n.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, a, b := pair(t, netsim.Link{})
				errs := make(chan error, 2)
				for range 2 {
					go func() {
						_, _, err := a.ReadFrom(make([]byte, 10))
						errs <- err
					}()
				}
				synctest.Wait()
				shut(n, a)
				for range 2 {
					if err := <-errs; !errors.Is(err, net.ErrClosed) {
						t.Errorf("read error %v, want net.ErrClosed", err)
					}
				}
				if _, err := a.WriteTo([]byte("x"), b.LocalAddr()); !errors.Is(err, net.ErrClosed) {
					t.Errorf("write error %v, want net.ErrClosed", err)
				}
				if err := a.Close(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("second Close: %v, want net.ErrClosed", err)
				}
				if err := a.SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
					t.Errorf("SetDeadline: %v, want net.ErrClosed", err)
				}
			})
		})
	}
}

func TestListen(t *testing.T) {
	n := netsim.New(netsim.Link{})
	c := listen(t, n, netsim.A, ":33001")
	if got := c.LocalAddr().String(); got != "10.0.0.1:33001" {
		t.Errorf("listening on %s, want 10.0.0.1:33001", got)
	}
	for _, bad := range []string{":33001", "nonsense", "10.0.0.9"} {
		if _, err := n.Listen(netsim.A, bad); err == nil {
			t.Errorf("Listen(%q) succeeded", bad)
		}
	}
	if c := listen(t, n, netsim.B, "[2001:db8::1]:443"); c.Public() != netip.MustParseAddrPort("[2001:db8::1]:443") {
		t.Errorf("public address %v", c.Public())
	}
	n.Close()
	if _, err := n.Listen(netsim.A, ""); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Listen on a closed network: %v, want net.ErrClosed", err)
	}
}

// Every socket of a side hears what is said there without the link in between.
func TestOneSide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := netsim.New(netsim.Link{Loss: 1})
		defer n.Close()
		a, b := listen(t, n, netsim.A, ""), listen(t, n, netsim.A, "")
		send(t, a, b, datagram(7, 100))
		if got := numbers(receive(t, b, time.Now())); !slices.Equal(got, []int{7}) {
			t.Errorf("received %v, want [7]", got)
		}
	})
}

// On the real clock, too.
func TestRealClock(t *testing.T) {
	_, a, b := pair(t, netsim.Link{Rate: 100e6, Delay: 5 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	context.AfterFunc(ctx, func() { b.Close() })
	start := time.Now()
	for i := range 50 {
		send(t, a, b, datagram(i, 1200))
	}
	buf := make([]byte, 2000)
	for i := range 50 {
		n, _, err := b.ReadFromUDPAddrPort(buf)
		if err != nil || number(buf[:n]) != i {
			t.Fatalf("datagram %d: %v, %v", i, number(buf[:n]), err)
		}
	}
	if took := time.Since(start); took < 9*time.Millisecond {
		t.Errorf("took %v; the delay and the rate ask for 9.9 ms", took)
	}
}
