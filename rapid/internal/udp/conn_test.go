package udp_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid/internal/udp"
)

func listen(t testing.TB, address string, o udp.Options) *udp.Conn {
	t.Helper()
	c, err := udp.Listen(context.Background(), "udp", address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// at returns where a socket on all addresses of the host is reached.
func at(c *udp.Conn, ip string) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(ip), c.LocalAddr().Port())
}

// receive reads datagrams until there are as many as want.
func receive(t *testing.T, c *udp.Conn, want int) (datagrams [][]byte, from netip.AddrPort) {
	t.Helper()
	stop := time.AfterFunc(time.Minute, func() { _ = c.Close() })
	defer stop.Stop()
	b := make([]byte, udp.MaxBatch)
	for len(datagrams) < want {
		n, segment, addr, err := c.Read(b)
		if err != nil {
			t.Fatalf("after %d of %d datagrams: %v", len(datagrams), want, err)
		}
		from = addr
		for rest := b[:n]; len(rest) > 0; {
			k := min(segment, len(rest))
			datagrams = append(datagrams, bytes.Clone(rest[:k]))
			rest = rest[k:]
		}
	}
	return datagrams, from
}

func TestDatagramsArriveAsWritten(t *testing.T) {
	tests := []struct {
		name, address, to string
		sender, receiver  udp.Options
	}{
		{name: "offload", address: "127.0.0.1:0", to: "127.0.0.1"},
		{name: "sender without offload", address: "127.0.0.1:0", to: "127.0.0.1", sender: udp.Options{DisableOffload: true}},
		{name: "receiver without offload", address: "127.0.0.1:0", to: "127.0.0.1", receiver: udp.Options{DisableOffload: true}},
		{name: "no offload", address: "127.0.0.1:0", to: "127.0.0.1", sender: udp.Options{DisableOffload: true}, receiver: udp.Options{DisableOffload: true}},
		{name: "IPv6", address: "[::1]:0", to: "::1"},
		{name: "IPv4 over sockets for both", address: ":0", to: "127.0.0.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := listen(t, tt.address, tt.sender), listen(t, tt.address, tt.receiver)
			for _, sizes := range [][2]int{{1, 1000}, {1400, 1}, {1400, 1400}, {1400, 1401}, {1400, 64 * 1400}, {1400, udp.MaxBatch}, {1472, 40*1472 + 7}, {8952, udp.MaxBatch}, {65000, 65000}} {
				segment, total := sizes[0], sizes[1]
				sent := make([]byte, total)
				for i := range sent {
					sent[i] = byte(rand.Uint32())
				}
				if err := a.Write(sent, segment, at(b, tt.to), netip.Addr{}); err != nil {
					t.Fatalf("write %d bytes by %d: %v", total, segment, err)
				}
				got, from := receive(t, b, (total+segment-1)/segment)
				if !bytes.Equal(bytes.Join(got, nil), sent) {
					t.Errorf("%d bytes by %d came in other form", total, segment)
				}
				for i, d := range got[:len(got)-1] {
					if len(d) != segment {
						t.Fatalf("datagram %d has %d bytes, want %d", i, len(d), segment)
					}
				}
				if from != at(a, tt.to) {
					t.Errorf("came from %v, want %v", from, at(a, tt.to))
				}
			}
		})
	}
}

// packetConn hides that it is a UDP socket.
type packetConn struct{ net.PacketConn }

func TestAnyPacketConn(t *testing.T) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := udp.New(packetConn{pc}, udp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b := listen(t, "127.0.0.1:0", udp.Options{})
	sent := bytes.Repeat([]byte("0123456789"), 300)
	if err := a.Write(sent, 1000, b.LocalAddr(), netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	got, from := receive(t, b, 3)
	if !bytes.Equal(bytes.Join(got, nil), sent) || from != a.LocalAddr() {
		t.Errorf("%d datagrams from %v, want 3 from %v", len(got), from, a.LocalAddr())
	}
	if err := b.Write(sent[:10], 1000, a.LocalAddr(), netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	if got, _ := receive(t, a, 1); string(got[0]) != "0123456789" {
		t.Errorf("read %q", got[0])
	}
}

func TestClosed(t *testing.T) {
	c := listen(t, "127.0.0.1:0", udp.Options{})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := c.Read(make([]byte, udp.MaxBatch)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read: %v, want net.ErrClosed", err)
	}
	if err := c.Write(make([]byte, 3000), 1000, c.LocalAddr(), netip.Addr{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write: %v, want net.ErrClosed", err)
	}
}

func TestTooBig(t *testing.T) {
	c := listen(t, "127.0.0.1:0", udp.Options{})
	if err := c.Write(make([]byte, udp.MaxBatch), udp.MaxBatch, c.LocalAddr(), netip.Addr{}); !errors.Is(err, udp.ErrTooBig) {
		t.Errorf("a datagram of %d bytes: %v, want ErrTooBig", udp.MaxBatch, err)
	}
}

func TestBuffersAreReadBack(t *testing.T) {
	c := listen(t, "127.0.0.1:0", udp.Options{ReadBuffer: 64 << 10, WriteBuffer: 64 << 10})
	if r, w := c.Buffers(); r < 64<<10 || w < 64<<10 {
		t.Errorf("buffers of %d and %d bytes, want at least 64 KiB", r, w)
	}
}

func TestNoAllocationPerDatagram(t *testing.T) {
	a, b := listen(t, "127.0.0.1:0", udp.Options{}), listen(t, "127.0.0.1:0", udp.Options{})
	out, in := make([]byte, 20*1400), make([]byte, udp.MaxBatch)
	to := b.LocalAddr()
	n := testing.AllocsPerRun(100, func() {
		if err := a.Write(out, 1400, to, netip.Addr{}); err != nil {
			t.Fatal(err)
		}
		for got := 0; got < len(out); {
			n, _, _, err := b.Read(in)
			if err != nil {
				t.Fatal(err)
			}
			got += n
		}
	})
	if n > 0 {
		t.Errorf("%v allocations for 20 datagrams, want 0", n)
	}
}

func BenchmarkLoopback(b *testing.B) {
	for _, o := range []struct {
		name string
		udp.Options
	}{{name: "offload"}, {"plain", udp.Options{DisableOffload: true}}} {
		b.Run(o.name, func(b *testing.B) {
			from, to := listen(b, "127.0.0.1:0", o.Options), listen(b, "127.0.0.1:0", o.Options)
			out, in := make([]byte, 44*1472), make([]byte, udp.MaxBatch)
			b.SetBytes(int64(len(out)))
			b.ReportAllocs()
			for b.Loop() {
				if err := from.Write(out, 1472, to.LocalAddr(), netip.Addr{}); err != nil {
					b.Fatal(err)
				}
				for got := 0; got < len(out); {
					n, _, _, err := to.Read(in)
					if err != nil {
						b.Fatal(err)
					}
					got += n
				}
			}
		})
	}
}
