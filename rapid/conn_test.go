package rapid_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/icos-go/icos/internal/netsim"
	"github.com/icos-go/icos/rapid"
)

// pipe opens a stream and returns both its ends. The server learns of a
// stream by the first packet, which goes out at once.
func (w *world) pipe(t testing.TB) (client, server *rapid.Conn) {
	t.Helper()
	c, err := w.dialer.DialContext(within(t, 10*time.Second), "tcp", "example.com:80")
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c.(*rapid.Conn), s.(*rapid.Conn)
}

func TestConn(t *testing.T) {
	for _, plain := range []bool{false, true} {
		name := "offload"
		if plain {
			name = "plain"
		}
		t.Run(name, func(t *testing.T) {
			w := looped(t, plain)
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				a, b := w.pipe(t)
				return a, b, func() { _ = a.Close(); _ = b.Close() }, nil
			})
		})
	}
}

func TestHalfClose(t *testing.T) {
	a, b := looped(t, false).pipe(t)
	if _, err := a.Write([]byte("question")); err != nil {
		t.Fatal(err)
	}
	if err := a.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(b); string(got) != "question" || err != nil {
		t.Fatalf("read %q, %v", got, err)
	}
	if _, err := a.Write([]byte("more")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write after CloseWrite: %v, want net.ErrClosed", err)
	}
	answer := bytes.Repeat([]byte("answer"), 100_000)
	go func() {
		_, _ = b.Write(answer) // the reader sees if it is short
		_ = b.Close()
	}()
	if got, err := io.ReadAll(a); !bytes.Equal(got, answer) || err != nil {
		t.Errorf("read %d bytes, %v; want %d", len(got), err, len(answer))
	}
}

// What was written before Close arrives.
func TestCloseKeepsWhatWasWritten(t *testing.T) {
	a, b := looped(t, false).pipe(t)
	sent := bytes.Repeat([]byte("0123456789"), 50_000)
	go func() {
		_, _ = a.Write(sent)
		_ = a.Close()
	}()
	if got, err := io.ReadAll(b); !bytes.Equal(got, sent) || err != nil {
		t.Errorf("read %d bytes, %v; want %d", len(got), err, len(sent))
	}
}

func TestErrorsAreAsOfPackageNet(t *testing.T) {
	w := looped(t, false)
	a, b := w.pipe(t)
	check := func(what string, err, want error, timeout bool) {
		t.Helper()
		e, ok := errors.AsType[*net.OpError](err)
		if !ok || !errors.Is(err, want) || e.Timeout() != timeout {
			t.Errorf("%s: %v, want a net.OpError with %v", what, err, want)
			return
		}
		if e.Source.String() != a.LocalAddr().String() || e.Addr.String() != a.RemoteAddr().String() {
			t.Errorf("%s: error names %v and %v, want %v and %v", what, e.Source, e.Addr, a.LocalAddr(), a.RemoteAddr())
		}
	}
	if err := a.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	_, err := a.Read(make([]byte, 1))
	check("read after the deadline", err, os.ErrDeadlineExceeded, true)
	if err := a.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := b.Reset(rapid.CodeUnreachable, "connect: no route\x1b[31m to host"); err != nil {
		t.Fatal(err)
	}
	_, err = a.Read(make([]byte, 1))
	if e, ok := errors.AsType[*rapid.ResetError](err); !ok || e.Code != rapid.CodeUnreachable || e.Reason != "connect: no route\uFFFD[31m to host" {
		t.Errorf("read of a stream that was reset: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	_, err = a.Read(make([]byte, 1))
	check("read after close", err, net.ErrClosed, false)
	_, err = a.Write(make([]byte, 1))
	check("write after close", err, net.ErrClosed, false)
	check("second close", a.Close(), net.ErrClosed, false)
	check("set a deadline after close", a.SetDeadline(time.Time{}), net.ErrClosed, false)
}

func TestSessionCloseEndsStreams(t *testing.T) {
	a, b := looped(t, false).pipe(t)
	if err := a.Session().Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read of our stream: %v, want net.ErrClosed", err)
	}
	_, err := b.Read(make([]byte, 1))
	if e, ok := errors.AsType[*rapid.CloseError](err); !ok || e.Code != rapid.CodeNone {
		t.Errorf("read of the peer's stream: %v, want a CloseError", err)
	}
	<-b.Session().Done()
	if err := b.Session().Err(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the peer's session: %v, want what is net.ErrClosed too", err)
	}
}

// A writer waits for the reader, not for ever, and what it wrote counts.
func TestWriteDeadlineWhileTheReaderSleeps(t *testing.T) {
	inBubble(t, netsim.Link{Delay: 10 * time.Millisecond}, nil, func(t *testing.T, w *world) {
		a, b := w.pipe(t)
		if err := a.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		const size = 600 << 20 // more than all windows
		chunk, n := make([]byte, 1<<20), 0
		for n < size {
			k, err := a.Write(chunk)
			n += k
			if err != nil {
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatal(err)
				}
				break
			}
		}
		if n == size {
			t.Fatal("a write whose reader sleeps does not wait")
		}
		if err := a.SetWriteDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		go func() { _ = a.CloseWrite() }()
		got, err := io.Copy(io.Discard, b)
		if got != int64(n) || err != nil {
			t.Errorf("the reader got %d bytes, %v; %d were written", got, err, n)
		}
	})
}

// A stream whose peer does not read is freed some time after it was closed.
func TestClosedStreamIsNotKeptForEver(t *testing.T) {
	inBubble(t, netsim.Link{Delay: 10 * time.Millisecond}, nil, func(t *testing.T, w *world) {
		a, b := w.pipe(t)
		if err := b.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		for err := error(nil); err == nil; {
			_, err = b.Write(make([]byte, 1<<20)) // until the client's window is full
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if n := b.Session().Stats().Streams; n != 1 {
			t.Fatalf("%d streams are open, want the one that is not done", n)
		}
		time.Sleep(5 * time.Minute)
		if st := b.Session().Stats(); st.Streams != 0 || st.Held > 1<<20 {
			t.Errorf("%d streams and %d bytes are held for a peer that does not read", st.Streams, st.Held)
		}
		_ = a.Close()
	})
}

func TestOpenStreamWaitsForTheLimit(t *testing.T) {
	inBubble(t, netsim.Link{Delay: 10 * time.Millisecond}, &rapid.ListenOptions{MaxStreams: 128}, func(t *testing.T, w *world) {
		s, err := w.dialer.Session(t.Context(), "example.com:80")
		if err != nil {
			t.Fatal(err)
		}
		var first *rapid.Conn
		for i := range 128 {
			c, err := s.OpenStream(t.Context(), "example.com:80")
			if err != nil {
				t.Fatalf("stream %d: %v", i, err)
			}
			if first == nil {
				first = c
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.OpenStream(ctx, "example.com:80"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("one stream too many: %v, want to wait", err)
		}
		opened := make(chan error)
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := s.OpenStream(ctx, "example.com:80")
			opened <- err
		}()
		_ = first.Close()
		c, err := w.listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
		if err := <-opened; err != nil {
			t.Errorf("after one was closed: %v", err)
		}
	})
}
