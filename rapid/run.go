package rapid

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/icos-go/icos/rapid/internal/session"
	"github.com/icos-go/icos/rapid/internal/udp"
)

// minSleep is how long run sleeps at least. What a machine wants to do sooner
// it can do with the same batch; timers are not finer anyway.
const minSleep = 100 * time.Microsecond

// buffer holds a batch of packets on its way out.
type buffer [session.MaxBatch]byte

// buffers lends buffers, so that sessions that send nothing hold none.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() *buffer {
	if x, ok := b.pool.Get().(*buffer); ok {
		return x
	}
	return new(buffer)
}

func (b *buffers) put(x *buffer) { b.pool.Put(x) }

// run sends what is to be sent, when it is to be sent, until the session is
// over. It is the only one that seals packets.
func (s *Session) run(lend *buffers, limit *limiter) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var to [maxAddrs]netip.AddrPort
	for {
		until, over := s.send(lend, limit, &to)
		if over {
			return
		}
		timer.Reset(max(until-s.now(), minSleep))
		select {
		case <-timer.C:
		case <-s.wakeup:
		}
	}
}

// send sends what may be sent now. It returns when there will be more if
// nothing happens before, or that the session is over.
func (s *Session) send(lend *buffers, limit *limiter, to *[maxAddrs]netip.AddrPort) (until time.Duration, over bool) {
	buf := lend.get()
	defer lend.put(buf)
	for {
		wait := limit.wait(time.Now())
		s.mu.Lock()
		now := s.now()
		s.asleep = false
		if wait > 0 && s.err == nil {
			s.mu.Unlock()
			return now + wait, false
		}
		b := s.machine.Fill(now, buf[:limit.batch()])
		s.settle()
		if len(b.Data) == 0 {
			s.asleep, s.until = true, s.machine.Deadline()
			until, over = s.until, s.machine.Done() || s.err != nil && s.hurry
			s.mu.Unlock()
			return until, over
		}
		last := s.err != nil && s.hurry
		addrs := append(to[:0], s.trying...)
		switch {
		case !s.client:
			addrs = append(addrs, b.To) // clients may move
		case len(addrs) == 0:
			addrs = append(addrs, s.peer) // the address that answered
		}
		source := s.source
		s.mu.Unlock()

		s.machine.Seal(b)
		limit.spend(len(b.Data))
		for _, addr := range addrs {
			s.written(b.Segment, s.socket.Write(b.Data, b.Segment, addr, source))
			if last { // nobody will notice if it is lost
				s.written(b.Segment, s.socket.Write(b.Data, b.Segment, addr, source))
			}
		}
	}
}

// written takes note of what became of a write. Most errors mean no more than
// that datagrams are lost, which the machine finds out.
func (s *Session) written(segment int, err error) {
	switch {
	case err == nil:
	case errors.Is(err, udp.ErrTooBig):
		s.mu.Lock()
		s.machine.TooBig(segment)
		s.settle()
		s.mu.Unlock()
	case errors.Is(err, net.ErrClosed):
		s.fail(net.ErrClosed)
	}
}
