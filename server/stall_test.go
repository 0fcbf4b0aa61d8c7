package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// pipes is a listener of connections in memory, whose writes return only once the server has taken every byte.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() pipes { return pipes{make(chan net.Conn), make(chan struct{})} }

func (l pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l pipes) Close() error   { close(l.closed); return nil }
func (l pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (l pipes) dial() net.Conn {
	c, other := net.Pipe()
	l.conns <- other
	return c
}

// memory is what is in use, in bytes, garbage not counted.
func memory() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // empties the pools
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// A client that stalls in the midst of something must cost little, or a few of them take all memory, and when all have gone
// nothing of them may stay.
func TestStalledClientsCostLittle(t *testing.T) {
	s, err := New(Config{Dir: t.TempDir(), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, owner, _ := s.IAM().AccessKey(s.Credential("").HMACKeys.AccessKeyID)
	token, _, err := s.IAM().NewToken(owner.ID)
	if err != nil {
		t.Fatal(err)
	}
	ln := newPipes()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()

	head := " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + token + "\r\n"
	create := ln.dial()
	fmt.Fprint(create, "PUT /stalled"+head+"ibm-service-instance-id: "+s.Credential("").InstanceID()+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	if answer, err := io.ReadAll(create); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") {
		t.Fatalf("create = %s, %v", answer, err)
	}
	const clients = 100
	megabytes := strings.Repeat("x", 2<<20)
	goroutines := runtime.NumGoroutine()
	for _, tt := range []struct {
		name, raw string
		limit     int64 // bytes for each
	}{
		{"idle", "", 32 << 10},
		{"in the headers", "PUT /stalled/k" + head + "x-amz-meta-a: " + strings.Repeat("v", 30<<10), 160 << 10},
		{"at the beginning of a body", "PUT /stalled/k" + head + "Content-Length: 1000000000\r\n\r\n" + megabytes[:100], 192 << 10},
		{"in the midst of a body", "PUT /stalled/k" + head + "Content-Length: 1000000000\r\n\r\n" + megabytes, 704 << 10},
		{"in aws-chunked framing", "PUT /stalled/k" + head + "Content-Encoding: aws-chunked\r\nX-Amz-Decoded-Content-Length: 1000000000\r\nContent-Length: 1000000085\r\n\r\n3b9aca00\r\n" + megabytes, 704 << 10},
		{"in a document", "POST /stalled?delete" + head + "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\nContent-Length: 8000000\r\n\r\n" + megabytes[:100<<10], 512 << 10},
		{"in a refused body", "PUT /elsewhere/k" + head + "Content-Length: 1000000\r\n\r\n" + megabytes[:100], 64 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := memory()
			conns := make([]net.Conn, clients)
			for i := range conns {
				conns[i] = ln.dial()
				_, _ = io.WriteString(conns[i], tt.raw)
			}
			each := (memory() - before) / clients
			t.Logf("%d KiB each", each>>10)
			if each > tt.limit {
				t.Errorf("a client costs %d KiB, want at most %d", each>>10, tt.limit>>10)
			}
			for _, c := range conns {
				_ = c.Close()
			}
			waitFor(t, func() bool { return runtime.NumGoroutine() < goroutines+clients/10 })
			if left := memory() - before; left > 8<<20 {
				t.Errorf("%d KiB are left of %d clients", left>>10, clients)
			}
		})
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 60_000 {
		if done() {
			return
		}
		<-tick.C
	}
	buf := make([]byte, 64<<10)
	t.Errorf("goroutines are left: %s", buf[:runtime.Stack(buf, true)])
}
