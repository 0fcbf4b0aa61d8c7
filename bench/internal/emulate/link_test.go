package emulate_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/icos-go/icos/bench/internal/emulate"
)

// open makes a link, or skips the test where that is not allowed.
func open(t *testing.T, s emulate.Shape) *emulate.Link {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	if _, err := os.Stat("/dev/net/tun"); errors.Is(err, fs.ErrNotExist) {
		t.Skip("needs /dev/net/tun")
	}
	// The threads of the link keep two of them to themselves.
	before := runtime.GOMAXPROCS(8)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	l, err := emulate.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// What is cut into segments, lost and sent again has to come out as it went in.
func TestTCPArrivesWhole(t *testing.T) {
	l := open(t, emulate.Shape{Rate: 500e6, RTT: 4 * time.Millisecond, Loss: 0.005, Jitter: time.Millisecond, Seed: 1})
	var listener net.Listener
	var client net.Conn
	if err := l.Do(emulate.B, func() (err error) {
		listener, err = net.Listen("tcp", emulate.B.Address()+":0")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := listener.Accept()
		if err == nil {
			accepted <- c
		}
		close(accepted)
	}()
	if err := l.Do(emulate.A, func() (err error) {
		client, err = net.Dial("tcp", listener.Addr().String())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	server := <-accepted
	if server == nil {
		t.Fatal("nothing was accepted")
	}
	sent := make([]byte, 8<<20)
	rand.Read(sent)
	go func() {
		client.Write(sent)
		client.Close()
	}()
	server.SetReadDeadline(time.Now().Add(time.Minute))
	got, err := io.ReadAll(server)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d bytes arrived of %d, error %v", len(got), len(sent), err)
	}
	s := l.Stats(emulate.A)
	if share := float64(s.RandomDrops) / float64(s.Sent); share < 0.002 || share > 0.01 {
		t.Errorf("%.4f of the packets were lost at random, want 0.005", share)
	}
	if s.Refused+s.Overrun > 0 || s.TCP.Payload < int64(len(sent)) {
		t.Errorf("stats %+v", s)
	}
}
