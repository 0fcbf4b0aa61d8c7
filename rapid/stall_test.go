package rapid_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/netsim"
	"github.com/icos-go/icos/rapid"
)

// Streams that were broken off before the server knew of them do not count when it shuts down.
func TestShutdownAfterStreamsBrokenOff(t *testing.T) {
	inBubble(t, netsim.Link{Delay: 5 * time.Millisecond}, nil, func(t *testing.T, w *world) {
		a, b := w.pipe(t)
		for range 3 {
			c, err := a.Session().OpenStream(t.Context(), "example.com:80")
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Reset(rapid.CodeCanceled, "no"); err != nil {
				t.Fatal(err)
			}
		}
		c, d := w.pipe(t)
		time.Sleep(time.Second)
		down := make(chan error, 1)
		go func() { down <- w.listener.Shutdown(context.Background()) }()
		for _, p := range [][2]*rapid.Conn{{a, b}, {c, d}} {
			time.Sleep(time.Second)
			if _, err := p[0].Write([]byte("still here")); err != nil {
				t.Fatal(err)
			}
			_ = p[0].Close()
			if got, err := io.ReadAll(p[1]); string(got) != "still here" || err != nil {
				t.Errorf("read %q, %v", got, err)
			}
			_ = p[1].Close()
		}
		began := time.Now()
		if err := <-down; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("Shutdown took %v after the last stream", took)
		}
	})
}

// A stream is over when both its ends have been read, although nobody has called Close.
func TestShutdownAfterEnds(t *testing.T) {
	inBubble(t, netsim.Link{Delay: 5 * time.Millisecond}, nil, func(t *testing.T, w *world) {
		a, b := w.pipe(t)
		if err := errors.Join(a.CloseWrite(), b.CloseWrite()); err != nil {
			t.Fatal(err)
		}
		down := make(chan error, 1)
		go func() { down <- w.listener.Shutdown(context.Background()) }()
		time.Sleep(5 * time.Second)
		began := time.Now()
		for _, c := range []*rapid.Conn{a, b} {
			if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("read %d, %v", n, err)
			}
		}
		if err := <-down; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("Shutdown took %v", took)
		}
	})
}

func TestServersOpenNoStreams(t *testing.T) {
	inBubble(t, netsim.Link{Delay: 5 * time.Millisecond}, nil, func(t *testing.T, w *world) {
		_, b := w.pipe(t)
		if c, err := b.Session().OpenStream(within(t, time.Minute), "example.com:80"); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a server opened %v, %v; want to be told at once", c, err)
		}
	})
}

// What several write at the same time does not get mixed, as with other kinds of net.Conn.
func TestWritesAreWhole(t *testing.T) {
	inBubble(t, netsim.Link{Rate: 500e6, Delay: 5 * time.Millisecond}, nil, func(t *testing.T, w *world) {
		a, b := w.pipe(t)
		const size, times = 700 << 10, 4
		var writers sync.WaitGroup
		for i := range 5 {
			writers.Go(func() {
				for range times {
					if n, err := a.Write(bytes.Repeat([]byte{byte(i)}, size)); n != size || err != nil {
						t.Errorf("wrote %d, %v", n, err)
					}
				}
			})
		}
		block := make([]byte, size)
		for range 5 * times {
			if _, err := io.ReadFull(b, block); err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(block, block[:1]); n != size {
				t.Fatalf("%d bytes of %d are of one Write", n, size)
			}
		}
		writers.Wait()
	})
}

// A recorder keeps the last datagram that was written, and knows where the last one that was read came from.
type recorder struct {
	net.PacketConn
	mu   sync.Mutex
	last []byte
	from net.Addr
}

func (r *recorder) WriteTo(b []byte, to net.Addr) (int, error) {
	r.mu.Lock()
	r.last = bytes.Clone(b)
	r.mu.Unlock()
	return r.PacketConn.WriteTo(b, to)
}

func (r *recorder) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := r.PacketConn.ReadFrom(b)
	r.mu.Lock()
	r.from = from
	r.mu.Unlock()
	return n, from, err
}

// Who sends a packet of the client once more, to another address of the server, does not make it answer from there.
func TestReplayDoesNotMoveTheServer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has 127.0.0.2")
	}
	l, err := rapid.Listen("udp4", ":0", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	w, r := &world{listener: l}, &recorder{}
	t.Cleanup(func() { w.close(t) })
	w.dialer = &rapid.Dialer{
		Grants: rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) {
			g, err := l.Grant(rapid.GrantOptions{})
			if err == nil {
				g.Addrs = []string{"127.0.0.2:" + port}
			}
			return g, err
		}),
		ListenPacket: func(_ context.Context, network, _ string) (net.PacketConn, error) {
			var err error
			r.PacketConn, err = net.ListenPacket("udp4", "127.0.0.1:0")
			return r, err
		},
	}
	a, b := w.pipe(t)
	for i := range 20 {
		if _, err := a.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(b, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		r.mu.Lock()
		again := r.last
		r.mu.Unlock()
		other := net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.3:" + port))
		for range 50 {
			if _, err := r.PacketConn.WriteTo(again, other); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Millisecond) // for the replays to be taken in; if they are not, nothing is tried
		if _, err := b.Write([]byte{2}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(a, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		r.mu.Lock()
		from := r.from.String()
		r.mu.Unlock()
		if from != "127.0.0.2:"+port {
			t.Fatalf("round %d: the server answers from %s", i, from)
		}
	}
}
