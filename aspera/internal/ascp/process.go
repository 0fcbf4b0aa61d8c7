package ascp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// A Command is a process to be started.
type Command struct {
	Path string
	Args []string // without those of the management port
	Env  []string // all of it
}

// Timing says how long to wait for what. Zeros are replaced by defaults.
type Timing struct {
	Connect time.Duration // for the connection of a process that was started, and for the exit of one that is done; 10 s
	Silence time.Duration // for the next message of a process, before it counts as stuck; 2 min
	Grace   time.Duration // between the steps by which a process is stopped; 5 s
	Backoff time.Duration // before the first repetition, doubled each time up to 60 s; 2 s
	Stagger time.Duration // for one process to be up before the next is started; 2 s
	Rates   time.Duration // between looks at the rates wanted; 500 ms
}

func (t Timing) filled() Timing {
	for _, f := range []struct {
		d     *time.Duration
		usual time.Duration
	}{
		{&t.Connect, 10 * time.Second},
		{&t.Silence, 2 * time.Minute},
		{&t.Grace, 5 * time.Second},
		{&t.Backoff, 2 * time.Second},
		{&t.Stagger, 2 * time.Second},
		{&t.Rates, 500 * time.Millisecond},
	} {
		if *f.d == 0 {
			*f.d = f.usual
		}
	}
	return t
}

// A process is one run of ascp.
type process struct {
	timing Timing
	hear   func(*Message)
	rates  func() Rates // nil: those in the arguments
	idle   func() bool  // nothing need be heard; nil: something does

	cmd    *exec.Cmd
	id     string // what it has to call itself
	output tail

	writing sync.Mutex
	conn    net.Conn // nil until the process has connected
	asked   Rates    // what was sent last, or was in the arguments

	outcome outcome
	step    int // of stopping: 0 not yet
	fault   error
}

// errForeign says that something else than our process connected.
var errForeign = errors.New("another program connected to the management port")

// run runs the process to its end, which that of ctx hastens. The error is a
// *Failure, or that of ctx.
func (p *process) run(ctx context.Context, c *Command) error {
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return &Failure{Err: fmt.Errorf("open management port: %w", err)}
	}
	defer ln.Close() // of no interest once somebody has connected
	p.id = rand.Text()
	port := ln.Addr().(*net.TCPAddr).Port
	p.cmd = exec.Command(c.Path, append([]string{"-M", strconv.Itoa(port), "-u", p.id}, c.Args...)...)
	p.cmd.Env = c.Env
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.WaitDelay = p.timing.Grace
	setGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return &Failure{Err: fmt.Errorf("start ascp: %w", err)}
	}
	exited := make(chan error, 1)
	go func() { exited <- p.cmd.Wait() }()

	exit := p.converse(ctx, ln, exited)
	if p.conn != nil {
		p.conn.Close() //nolint:errcheck // nothing more is expected of it
	}
	f := p.outcome.failure(exit, p.fault, p.output.String())
	switch {
	case f == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return f
}

// An accepted is who connected to the management port.
type accepted struct {
	conn net.Conn
	err  error
}

// converse listens to the process until it is over, and returns how it exited.
func (p *process) converse(ctx context.Context, ln *net.TCPListener, exited <-chan error) (exit error) {
	connected := make(chan accepted, 1)
	go func() {
		conn, err := ln.Accept()
		ln.Close() //nolint:errcheck // one is enough
		connected <- accepted{conn, err}
	}()
	var (
		messages <-chan *Message // nil until connected
		ended    <-chan error    // of the connection

		gone, running = ctx.Done(), true
		patience      = time.NewTimer(p.timing.Connect)
		ladder        = time.NewTimer(time.Hour)
		rates         = time.NewTicker(p.timing.Rates)
	)
	ladder.Stop()
	defer patience.Stop()
	defer ladder.Stop()
	defer rates.Stop()
	stop := func(why error) {
		if p.step == 0 {
			p.fault = why
			p.climb()
			ladder.Reset(p.timing.Grace)
		}
	}
	for running || connected != nil || ended != nil {
		select {
		case a := <-connected:
			connected = nil
			if a.err != nil {
				break // of the process we hear when it exits
			}
			p.setConn(a.conn)
			if !running {
				a.conn.SetReadDeadline(time.Now().Add(p.timing.Grace)) //nolint:errcheck // it is closed, then
			}
			messages, ended = listen(a.conn)
			patience.Reset(p.timing.Silence)
			if p.step > 0 {
				p.send(&Message{Type: Cancel})
			}
		case m := <-messages:
			patience.Reset(p.timing.Silence)
			if m.Type == Init && m.Get("UserStr") != "" && m.Get("UserStr") != p.id {
				stop(errForeign)
				break
			}
			if !errors.Is(p.fault, errForeign) {
				p.outcome.hear(m)
				p.hear(m)
			}
		case err := <-ended:
			messages, ended = nil, nil
			p.outcome.closed = err
			if running && p.step == 0 {
				p.step = 1 // it cannot be asked any more
				ladder.Reset(p.parting())
			}
		case exit = <-exited:
			running, exited = false, nil
			// What it wrote before may still be on the way; nothing else is.
			if connected != nil {
				ln.SetDeadline(time.Now().Add(drain)) //nolint:errcheck // it is closed, then
			}
			if p.conn != nil {
				p.conn.SetReadDeadline(time.Now().Add(p.timing.Grace)) //nolint:errcheck // it is closed, then
			}
		case <-patience.C:
			if p.conn == nil {
				stop(fmt.Errorf("it did not connect to the management port within %v", p.timing.Connect))
				ln.Close() //nolint:errcheck // nobody is to come any more
			} else if p.idle != nil && p.idle() {
				patience.Reset(p.timing.Silence)
			} else {
				stop(fmt.Errorf("it has said nothing for %v", p.timing.Silence))
			}
		case <-gone:
			gone = nil
			stop(context.Cause(ctx))
			if p.conn == nil {
				ln.Close() //nolint:errcheck // nobody is to come any more
			}
		case <-ladder.C:
			if p.climb() {
				ladder.Reset(p.timing.Grace)
			}
		case <-rates.C:
			p.adjust()
		}
	}
	return exit
}

// drain is how long a connection is waited for that a process made before it
// exited: it waits for us already.
const drain = 100 * time.Millisecond

// listen reads messages until the connection ends.
func listen(conn net.Conn) (<-chan *Message, <-chan error) {
	messages, ended := make(chan *Message), make(chan error, 1)
	go func() {
		r := NewReader(conn)
		for {
			m, err := r.Next()
			if err != nil {
				ended <- err
				return
			}
			messages <- m
		}
	}()
	return messages, ended
}

// climb takes the next step to stop the process: it is asked, interrupted, killed.
// It returns false when there is no other.
func (p *process) climb() bool {
	p.step++
	// That it is gone already is what was wanted.
	switch p.step {
	case 1:
		p.send(&Message{Type: Cancel})
		return true
	case 2:
		_ = interrupt(p.cmd)
		return true
	}
	_ = kill(p.cmd)
	return false
}

// parting is how long a process may take to exit that has ended the conversation: one
// that is done may have files to close.
func (p *process) parting() time.Duration {
	if p.outcome.last != nil {
		return max(p.timing.Connect, p.timing.Grace)
	}
	return p.timing.Grace
}

func (p *process) setConn(c net.Conn) {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.conn = c
}

// send tells the process something. A process that cannot be told will be stopped
// by other means, or has ended.
func (p *process) send(m *Message) {
	p.writing.Lock()
	defer p.writing.Unlock()
	if p.conn == nil {
		return
	}
	b, err := m.Append(nil)
	if err != nil {
		return
	}
	p.conn.SetWriteDeadline(time.Now().Add(p.timing.Grace)) //nolint:errcheck // Write says so too
	p.conn.Write(b)                                         //nolint:errcheck // see above
}

// adjust has the process change its rates, if others are wanted than it has.
func (p *process) adjust() {
	if p.rates == nil || p.outcome.inits == 0 {
		return
	}
	if want := p.rates(); want != p.asked {
		p.asked = want
		p.send(want.Message())
	}
}
