package udp_test

import (
	"bytes"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/icos-go/icos/rapid/internal/udp"
)

// socket opens a socket with an option set.
func socket(t *testing.T, level, option, value int) *net.UDPConn {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := pc.(*net.UDPConn)
	t.Cleanup(func() { _ = c.Close() })
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, option, value) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The kernel refuses batches from a socket that sends no checksums, as it
// does where a device cannot make them.
func TestRefusedBatchIsSentOneByOne(t *testing.T) {
	a, err := udp.New(socket(t, unix.SOL_SOCKET, unix.SO_NO_CHECK, 1), udp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if segments, _ := a.Offload(); !segments {
		t.Skip("this kernel has no UDP_SEGMENT")
	}
	b := listen(t, "127.0.0.1:0", udp.Options{})
	for range 2 {
		sent := bytes.Repeat([]byte("0123456789"), 1000)
		if err := a.Write(sent, 1400, b.LocalAddr(), netip.Addr{}); err != nil {
			t.Fatal(err)
		}
		if got, _ := receive(t, b, 8); !bytes.Equal(bytes.Join(got, nil), sent) {
			t.Error("datagrams came in other form")
		}
		if segments, _ := a.Offload(); segments {
			t.Error("a socket whose batches are refused still uses them")
		}
	}
}

func TestDropsAreCounted(t *testing.T) {
	a := listen(t, "127.0.0.1:0", udp.Options{DisableOffload: true})
	b := listen(t, "127.0.0.1:0", udp.Options{DisableOffload: true})
	r, err := udp.New(socket(t, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096), udp.Options{ReadBuffer: 1})
	if err != nil {
		t.Fatal(err)
	}
	const sent = 100
	for range sent {
		if err := a.Write(make([]byte, 1000), 1000, r.LocalAddr(), netip.Addr{}); err != nil {
			t.Fatal(err)
		}
	}
	// What is in the buffer was put there before the drops; the next tells.
	in, got := make([]byte, udp.MaxBatch), 0
	for {
		if err := b.Write([]byte("last"), 1000, r.LocalAddr(), netip.Addr{}); err != nil {
			t.Fatal(err)
		}
		n, _, _, err := r.Read(in)
		if err != nil {
			t.Fatal(err)
		}
		if n == len("last") {
			break
		}
		got++
	}
	if d := r.Drops(); d < sent-uint64(got) {
		t.Errorf("%d of %d datagrams read, but %d drops counted", got, sent, d)
	}
}

// A host has many addresses; who asked one of them gets his answer from it.
func TestAnswersComeFromWhereTheQuestionWent(t *testing.T) {
	tests := []struct{ network, to string }{
		{"udp4", "127.0.0.2"},
		{"udp", "127.0.0.3"},
		{"udp", "::1"},
	}
	for _, tt := range tests {
		t.Run(tt.network+" "+tt.to, func(t *testing.T) {
			server, err := udp.Listen(t.Context(), tt.network, ":0", udp.Options{Sources: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			client := listen(t, ":0", udp.Options{})
			for _, size := range []int{10, 5000} { // alone and in a batch
				if err := client.Write(make([]byte, 10), 1000, at(server, tt.to), netip.Addr{}); err != nil {
					t.Fatal(err)
				}
				_, from := receive(t, server, 1)
				if err := server.Write(make([]byte, size), 1000, from, server.Source()); err != nil {
					t.Fatal(err)
				}
				_, from = receive(t, client, (size+999)/1000)
				if from != at(server, tt.to) {
					t.Errorf("%d bytes came from %v, want %v", size, from, at(server, tt.to))
				}
			}
		})
	}
}
