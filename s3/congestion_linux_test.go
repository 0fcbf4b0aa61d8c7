package s3_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/icos-go/icos/s3"
)

// farConn is a connection that seems to lead to another machine.
type farConn struct{ *net.TCPConn }

func (farConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443} }

// congestionOf returns by which congestion control a transport made with o sends, to a server that
// seems far or near.
func congestionOf(t *testing.T, o s3.TransportOptions, far bool) string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	var conn *net.TCPConn
	o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{Control: setBefore}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if conn = c.(*net.TCPConn); far {
			return farConn{conn}, nil
		}
		return conn, nil
	}
	transport := s3.NewTransport(&o)
	defer transport.CloseIdleConnections()
	r, err := (&http.Client{Transport: transport}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close() // not before the socket was looked at
	return socketCongestion(t, conn)
}

func socketCongestion(t *testing.T, c syscall.Conn) string {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var name string
	var got error
	if err := raw.Control(func(fd uintptr) {
		name, got = unix.GetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION)
	}); err != nil || got != nil {
		t.Fatal(err, got)
	}
	return strings.TrimRight(name, "\x00")
}

// before is the congestion control of the sockets of these tests until a transport changes it. Every kernel
// has it, and lets everybody choose it.
const before = "reno"

func setBefore(_, _ string, raw syscall.RawConn) error {
	var set error
	err := raw.Control(func(fd uintptr) {
		set = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, before)
	})
	return errors.Join(err, set)
}

// hasBBR says whether the kernel has it, be it for us or for all.
func hasBBR(t *testing.T) bool {
	t.Helper()
	b, err := os.ReadFile("/proc/sys/net/ipv4/tcp_allowed_congestion_control")
	if err != nil {
		t.Skip(err)
	}
	return slices.Contains(strings.Fields(string(b)), "bbr")
}

func TestTransportAsksForBBROnPathsOutOfTheMachine(t *testing.T) {
	want := before
	if hasBBR(t) {
		want = "bbr"
	}
	if got := congestionOf(t, s3.TransportOptions{}, true); got != want {
		t.Errorf("the socket has %q, want %q", got, want)
	}
	if got := congestionOf(t, s3.TransportOptions{}, false); got != before {
		t.Errorf("within this machine the socket has %q, want %q as it was", got, before)
	}
	if got := congestionOf(t, s3.TransportOptions{Congestion: "system"}, true); got != before {
		t.Errorf("Congestion %q: the socket has %q, want %q as it was", "system", got, before)
	}
}

func TestTransportSendsByTheCongestionControlThatWasChosen(t *testing.T) {
	if !hasBBR(t) {
		t.Skip("the kernel has no bbr that anyone may choose")
	}
	if got := congestionOf(t, s3.TransportOptions{Congestion: "bbr"}, false); got != "bbr" {
		t.Errorf("the socket has %q, want bbr", got)
	}
}

// records counts log records.
type records struct {
	slog.Handler
	mu   sync.Mutex
	seen []string
}

func (r *records) Enabled(context.Context, slog.Level) bool { return true }
func (r *records) Handle(_ context.Context, rec slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, rec.Level.String()+" "+rec.Message)
	return nil
}

func TestTransportWorksWithoutTheCongestionControlItWants(t *testing.T) {
	var log records
	o := s3.TransportOptions{Congestion: "no-such-control", Logger: slog.New(&log)}
	if got := congestionOf(t, o, false); got != before {
		t.Errorf("the socket has %q, want %q as it was", got, before)
	}
	if len(log.seen) != 1 || !strings.HasPrefix(log.seen[0], "DEBUG ") {
		t.Errorf("log = %q, want one debug record", log.seen)
	}
}
