package relay

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/icos-go/icos/rapid"
)

// A tcpStream is a stream that is really a TCP connection within this machine.
type tcpStream struct {
	*net.TCPConn
	to string

	once   sync.Once
	reset  chan struct{} // closed by Reset
	code   rapid.Code
	reason string
}

func (s *tcpStream) Destination() string { return s.to }

func (s *tcpStream) Reset(code rapid.Code, reason string) error {
	s.once.Do(func() {
		s.code, s.reason = code, reason
		close(s.reset)
		_ = s.SetLinger(0)
		_ = s.Close()
	})
	return nil
}

// pair returns a stream and the other end of it.
func pair(t *testing.T, to string) (*tcpStream, *net.TCPConn) {
	t.Helper()
	ln := listen(t)
	far, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close(); near.Close() })
	return &tcpStream{TCPConn: near.(*net.TCPConn), to: to, reset: make(chan struct{})}, far.(*net.TCPConn)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// newTestServer is a Server without a Listener, for what needs no session.
func newTestServer(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	tok, err := NewToken("test", NewSecret())
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Listener: new(rapid.Listener), Tokens: []Token{tok}, Upstreams: []string{"nowhere.example:1"}}
	change(&cfg)
	s, err := NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// forwarding runs forward for one stream to ln, and ends with the test.
type forwarding struct {
	server *Server
	stream *tcpStream
	visit  *visit
	far    *net.TCPConn // the caller's end
	up     *net.TCPConn // the upstream's end
	done   chan struct{}
}

func forwardTo(t *testing.T, change func(*Config)) *forwarding {
	t.Helper()
	ln := listen(t)
	f := &forwarding{visit: &visit{caller: "test"}, done: make(chan struct{})}
	f.server = newTestServer(t, func(c *Config) {
		c.Upstreams = []string{ln.Addr().String()}
		if change != nil {
			change(c)
		}
	})
	f.stream, f.far = pair(t, ln.Addr().String())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(f.done)
		f.server.forward(ctx, f.visit, f.stream)
	}()
	up, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	f.up = up.(*net.TCPConn)
	t.Cleanup(func() { cancel(); f.up.Close(); <-f.done })
	return f
}

// Each side's end is passed on while the other direction goes on.
func TestForwardHalfCloses(t *testing.T) {
	f := forwardTo(t, nil)
	request, answer := make([]byte, 3<<20), make([]byte, 5<<20)
	_, _ = rand.Read(request)
	_, _ = rand.Read(answer)
	sent := make(chan error, 1)
	go func() {
		_, err := f.far.Write(request)
		sent <- errors.Join(err, f.far.CloseWrite())
	}()
	got, err := io.ReadAll(f.up) // until the end of the request
	if err != nil || !bytes.Equal(got, request) {
		t.Fatalf("the upstream got %d bytes, %v; want %d", len(got), err, len(request))
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := f.up.Write(answer)
		sent <- errors.Join(err, f.up.CloseWrite())
	}()
	if got, err = io.ReadAll(f.far); err != nil || !bytes.Equal(got, answer) {
		t.Errorf("the caller got %d bytes, %v; want %d", len(got), err, len(answer))
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	<-f.done
	if up, down := f.visit.sent.Load(), f.visit.got.Load(); up != 3<<20 || down != 5<<20 {
		t.Errorf("counted %d up and %d down", up, down)
	}
	select {
	case <-f.stream.reset:
		t.Error("the stream was reset")
	default:
	}
}

// A failure of one side is a failure on the other, not an end.
func TestForwardPassesResetsOn(t *testing.T) {
	t.Run("of the upstream", func(t *testing.T) {
		f := forwardTo(t, nil)
		if _, err := f.up.Write([]byte("half an ans")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(f.far, make([]byte, 11)); err != nil {
			t.Fatal(err)
		}
		_ = f.up.SetLinger(0)
		f.up.Close()
		<-f.done
		<-f.stream.reset
		if f.stream.code != rapid.CodeUnreachable || !strings.Contains(f.stream.reason, "upstream") {
			t.Errorf("reset with %v, %q", f.stream.code, f.stream.reason)
		}
	})
	t.Run("of the caller", func(t *testing.T) {
		f := forwardTo(t, nil)
		if _, err := f.far.Write([]byte("half a req")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(f.up, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		_ = f.far.SetLinger(0)
		f.far.Close()
		<-f.done
		if n, err := f.up.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("the upstream reads %d, %v; want a reset", n, err)
		}
	})
}

func TestForwardRefuses(t *testing.T) {
	gone := listen(t)
	gone.Close()
	s := newTestServer(t, func(c *Config) { c.Upstreams = []string{gone.Addr().String()} })
	for _, c := range []struct {
		to   string
		code rapid.Code
		text string
	}{
		{gone.Addr().String(), rapid.CodeUnreachable, "refused"},
		{"127.0.0.1:1", rapid.CodeDenied, "not on this relay's list"},
		{"", rapid.CodeDenied, "host:port"},
		{"a@b:c", rapid.CodeDenied, "port"},
	} {
		near, _ := pair(t, c.to)
		s.forward(t.Context(), &visit{}, near)
		<-near.reset
		if near.code != c.code || !strings.Contains(near.reason, c.text) {
			t.Errorf("%q: reset with %v, %q; want %v, %q", c.to, near.code, near.reason, c.code, c.text)
		}
	}
	if n := s.counts.open.Load(); n != 0 {
		t.Errorf("%d streams are open", n)
	}
}

// An upstream that does not answer holds a stream for DialTimeout only.
func TestForwardDialTimeout(t *testing.T) {
	s := newTestServer(t, func(c *Config) {
		c.Upstreams = []string{"silent.example:443"}
		c.DialTimeout = 50 * time.Millisecond
		c.Resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done() // a name service that never answers
			return nil, ctx.Err()
		}}
	})
	near, _ := pair(t, "silent.example:443")
	s.forward(t.Context(), &visit{}, near)
	<-near.reset
	if near.code != rapid.CodeUnreachable {
		t.Errorf("reset with %v, %q", near.code, near.reason)
	}
}

func TestForwardMaxStreams(t *testing.T) {
	f := forwardTo(t, func(c *Config) { c.MaxStreams = 1 })
	near, _ := pair(t, f.stream.to)
	f.server.forward(t.Context(), f.visit, near)
	<-near.reset
	if near.code != rapid.CodeBusy {
		t.Errorf("reset with %v, %q", near.code, near.reason)
	}
}

// A stream on which nothing moves is ended, one on which something does is not.
func TestReap(t *testing.T) {
	f := forwardTo(t, func(c *Config) { c.IdleTimeout = 3 * reapEvery })
	if _, err := f.far.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(f.up, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	f.server.mu.Lock()
	var running *flow
	for running = range f.server.flows {
	}
	f.server.mu.Unlock()
	for range 10 {
		running.moved.Add(1) // as copy does
		for range 2 {
			if stale := f.server.stale(); len(stale) != 0 {
				t.Fatal("a stream in use is stale")
			}
		}
	}
	var stale []*flow
	for looks := 1; len(stale) == 0; looks++ {
		if looks > 4 {
			t.Fatal("a still stream is never stale")
		}
		stale = f.server.stale()
	}
	stale[0].end(rapid.CodeCanceled, "nothing has moved")
	<-f.done
	if n, err := f.up.Read(make([]byte, 1)); err == nil {
		t.Errorf("the upstream reads %d", n)
	}
}

// names is a name service that gives each name its addresses in turn, as one does
// that wants a name to lead elsewhere than where it was checked.
func names(t *testing.T, answers map[string][]string) *net.Resolver {
	var mu sync.Mutex
	turn := map[string]int{}
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe() // not a PacketConn, so messages have their length in front
		go func() {
			defer theirs.Close()
			for {
				var size [2]byte
				if _, err := io.ReadFull(theirs, size[:]); err != nil {
					return
				}
				msg := make([]byte, int(size[0])<<8|int(size[1]))
				if _, err := io.ReadFull(theirs, msg); err != nil {
					return
				}
				var q dnsmessage.Message
				if err := q.Unpack(msg); err != nil {
					t.Error(err)
					return
				}
				q.Response, q.Authoritative, q.Additionals = true, true, nil
				name := strings.ToLower(strings.TrimSuffix(q.Questions[0].Name.String(), "."))
				mu.Lock()
				list := answers[name]
				if len(list) > 0 && q.Questions[0].Type == dnsmessage.TypeA {
					addr := netip.MustParseAddr(list[min(turn[name], len(list)-1)])
					turn[name]++
					q.Answers = []dnsmessage.Resource{{
						Header: dnsmessage.ResourceHeader{Name: q.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
						Body:   &dnsmessage.AResource{A: addr.As4()},
					}}
				}
				mu.Unlock()
				out, err := q.Pack()
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := theirs.Write(append([]byte{byte(len(out) >> 8), byte(len(out))}, out...)); err != nil {
					return
				}
			}
		}()
		return ours, nil
	}}
}

// A name on the list cannot lead to this machine or to the metadata service,
// whatever its name service says, and however often it says something else.
func TestForwardDNSRebinding(t *testing.T) {
	inside := listen(t) // what nobody may reach
	_, port, err := net.SplitHostPort(inside.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	reached := make(chan struct{})
	go func() {
		if c, err := inside.Accept(); err == nil {
			c.Close()
			close(reached)
		}
	}()
	s := newTestServer(t, func(c *Config) {
		c.Upstreams = []string{"*.cos.example:" + port, "cos.example:" + port}
		c.DialTimeout = 2 * time.Second
		c.Resolver = names(t, map[string][]string{
			"loop.cos.example": {"127.0.0.1"},
			"meta.cos.example": {"169.254.169.254"},
			"zero.cos.example": {"0.0.0.0"},
			"cos.example":      {"169.254.169.254", "127.0.0.1", "127.0.0.1", "127.0.0.1"},
		})
	})
	for _, name := range []string{"loop.cos.example", "meta.cos.example", "zero.cos.example", "LOOP.cos.example.", "cos.example", "cos.example", "cos.example"} {
		near, _ := pair(t, name+":"+port)
		s.forward(t.Context(), &visit{}, near)
		<-near.reset
		if near.code != rapid.CodeDenied {
			t.Errorf("%s: reset with %v, %q; want %v", name, near.code, near.reason, rapid.CodeDenied)
		}
	}
	select {
	case <-reached:
		t.Error("what is inside was reached")
	default:
	}

	// With the address itself on the list, the name may lead there.
	s = newTestServer(t, func(c *Config) {
		c.Upstreams = []string{"loop.cos.example:" + port, "127.0.0.1:" + port}
		c.Resolver = names(t, map[string][]string{"loop.cos.example": {"127.0.0.1"}})
	})
	c, err := s.connect(t.Context(), "loop.cos.example:"+port)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	<-reached
}
