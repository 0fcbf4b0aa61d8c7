package udp_test

import (
	"bytes"
	"net"
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
		if err := a.Write(sent, 1400, b.LocalAddr()); err != nil {
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
		if err := a.Write(make([]byte, 1000), 1000, r.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	// What is in the buffer was put there before the drops; the next tells.
	in, got := make([]byte, udp.MaxBatch), 0
	for {
		if err := b.Write([]byte("last"), 1000, r.LocalAddr()); err != nil {
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
