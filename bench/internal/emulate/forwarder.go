package emulate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// forwarder is one direction: a thread that reads from one device and writes to
// the other. All that is below "owned by the thread" belongs to it; others reach
// it through do.
type forwarder struct {
	shape atomic.Pointer[Shape]
	calls chan func()
	ask   atomic.Bool // there may be something in calls
	quit  atomic.Bool
	done  chan struct{}
	err   error // why the thread ended; read after done

	// Owned by the thread.
	side    Side
	in, out int
	nat     *natTable
	rand    *rand.Rand
	stats   Stats
	free    int64 // when the rate is free again, nanoseconds of the monotonic clock
	lastDue int64
	mem     arena
	due     ring
	woke    int64
	current batch
	scratch [256]byte   // for headers
	poll    unix.PollFd // arguments of system calls, which would be allocated otherwise
	wait    unix.Timespec
	iov     [2]unix.Iovec
	spare   [maxBatch]byte // what is read into when the arena is full
}

// slice is the grain of deliveries: what falls due within it is delivered
// together, as a card that moderates its interrupts does.
const slice = 150 * time.Microsecond

// idle is how long the thread sleeps at most.
const idle = 20 * time.Millisecond

func newForwarder(side Side, s Shape, in, out int, nat *natTable) (*forwarder, error) {
	f := &forwarder{
		side: side, in: in, out: out, nat: nat, rand: rand.New(rand.NewPCG(s.Seed, uint64(side)+1)),
		calls: make(chan func()), done: make(chan struct{}),
	}
	f.shape.Store(&s)
	f.stats.reset()
	// What waits, what is on its way, and as much again for what is in batches.
	held := int(s.queue()) + int(s.BDP())
	var err error
	if f.mem, err = newArena(64<<20 + 2*held); err != nil {
		return nil, fmt.Errorf("map memory for packets: %w", err)
	}
	f.due = newRing(1 << 20)
	return f, nil
}

func (f *forwarder) start() {
	go func() {
		defer close(f.done)
		runtime.LockOSThread() // never unlocked: the thread is not to be used with this priority
		f.err = f.run()
	}()
}

// do has the thread call fn, and waits for it.
func (f *forwarder) do(fn func()) {
	done := make(chan struct{})
	f.ask.Store(true)
	select {
	case f.calls <- func() { fn(); close(done) }:
		<-done
	case <-f.done:
	}
}

func (f *forwarder) close() error {
	f.quit.Store(true)
	<-f.done
	return errors.Join(f.err, f.mem.close())
}

// System calls of the thread go round Go's scheduler, which would wait for other
// threads' locks after each, and these have no priority. Nothing waits for the
// thread's processor meanwhile: there are more than threads.

// now is the monotonic clock in nanoseconds.
func now() int64 {
	var t unix.Timespec
	// It cannot fail with this clock.
	_, _, _ = unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

func read(fd int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// realtime has the calling thread run before all ordinary ones.
func realtime() error {
	param := struct{ priority int32 }{10}
	const fifo = 1
	if _, _, errno := unix.RawSyscall(unix.SYS_SCHED_SETSCHEDULER, 0, fifo, uintptr(unsafe.Pointer(&param))); errno != 0 {
		return fmt.Errorf("sched_setscheduler: %w", errno)
	}
	return nil
}

func (f *forwarder) run() error {
	if err := realtime(); err != nil {
		return err
	}
	for !f.quit.Load() {
		if f.ask.Load() {
			f.answer()
		}
		if err := f.read(); err != nil {
			return err
		}
		if err := f.deliver(); err != nil {
			return err
		}
		if err := f.sleep(); err != nil {
			return err
		}
	}
	return nil
}

func (f *forwarder) answer() {
	// Lowered first: who raises it after this is served next time.
	f.ask.Store(false)
	for {
		select {
		case fn := <-f.calls:
			fn()
			continue
		case <-time.After(time.Millisecond): // who raised the flag is about to send
		}
		return
	}
}

// sleep waits for packets, or until the next is due.
func (f *forwarder) sleep() error {
	wait := int64(idle)
	if e := f.due.first(); e != nil {
		wait = min(wait, max(e.at, f.woke+int64(slice))-now())
		if wait <= 0 {
			return nil
		}
	}
	f.wait = unix.NsecToTimespec(wait)
	f.poll = unix.PollFd{Fd: int32(f.in), Events: unix.POLLIN}
	_, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&f.poll)), 1, uintptr(unsafe.Pointer(&f.wait)), 0, 0, 0)
	if errno != 0 && errno != unix.EINTR {
		return fmt.Errorf("poll the device: %w", errno)
	}
	return nil
}

// maxBatch is the largest packet that a device hands over.
const maxBatch = vnet + 65535

// read takes what the hosts put on the link.
func (f *forwarder) read() error {
	for range 64 { // then it is time to deliver again
		b := f.mem.reserve(maxBatch, f.due.first())
		full := b == nil
		if full {
			b = f.spare[:]
		}
		n, err := read(f.in, b)
		switch {
		case err == unix.EAGAIN:
			return nil
		case err == unix.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("read from the device: %w", err)
		}
		if full {
			f.stats.Overrun++
			continue
		}
		if !f.current.parse(b[:n]) {
			continue
		}
		if err := f.enqueue(n); err != nil {
			return err
		}
	}
	return nil
}

// enqueue decides what becomes of the segments of the batch f.current.
func (f *forwarder) enqueue(n int) error {
	s, p, at := f.shape.Load(), &f.current, now()
	since := time.Duration(at - f.stats.start)
	all, flow := f.stats.protocol(p.protocol), f.stats.flow(p.key)
	all.sent(since, int64(p.segments))
	flow.sent(since, int64(p.segments))
	f.stats.Sent += int64(p.segments)
	mtu := s.MTU
	if mtu == 0 {
		mtu = 1500
	}
	big := p.size(0) > mtu
	if s.Down || s.BlockUDP && p.protocol == protoUDP || big || !f.nat.translate(p, f.side, s.NAT) {
		f.stats.Blocked += int64(p.segments)
		if big && p.protocol == protoTCP {
			// To the device that it came from.
			_, err := unix.Write(f.in, p.tooBig(mtu, f.scratch[:]))
			return ignoreFull(err)
		}
		return nil
	}
	kept := false
	for i := range p.segments {
		size := int64(p.size(i))
		f.stats.Bytes += size
		wait := max(0, f.free-at)
		if s.Rate > 0 {
			queued := int64(float64(wait) * s.Rate / 8e9)
			if queued > 0 && queued+size > s.queue() {
				f.stats.QueueDrops++
				continue
			}
			f.stats.PeakQueue = max(f.stats.PeakQueue, queued+size)
			f.stats.waits[min(waitSlots-1, wait/int64(waitGrain))]++
			f.free = at + wait + int64(float64(size)*8e9/s.Rate)
		} else {
			f.free = at
		}
		if f.rand.Float64() < s.Loss {
			f.stats.RandomDrops++
			continue
		}
		due := f.free + int64(s.RTT)/2
		if s.Jitter > 0 {
			due += f.rand.Int64N(int64(s.Jitter))
		}
		f.lastDue = max(f.lastDue, due)
		if !f.due.push(entry{at: f.lastDue, batch: p.b, segment: i}) {
			f.stats.Overrun++
			continue
		}
		kept = true
	}
	if kept {
		f.mem.keep(n)
	}
	return nil
}

// deliver writes what is due to the other device, neighbours in one piece.
func (f *forwarder) deliver() error {
	f.woke = now()
	for {
		e := f.due.first()
		if e == nil || e.at > f.woke {
			return nil
		}
		first, last := e.segment, e.segment+1
		b, oldest := e.batch, e.at
		f.due.pop()
		for {
			e = f.due.first()
			if e == nil || e.at > f.woke || &e.batch[0] != &b[0] || e.segment != last {
				break
			}
			last++
			f.due.pop()
		}
		if err := f.write(b, first, last, oldest); err != nil {
			return err
		}
	}
}

func (f *forwarder) write(b []byte, first, last int, due int64) error {
	p := &f.current
	p.parse(b)
	header, payload := p.cut(first, last, f.scratch[:])
	err := f.writev(header, payload)
	n := int64(last - first)
	switch {
	case err == unix.EAGAIN || err == unix.ENOBUFS || err == unix.ENOMEM:
		f.stats.Refused += n
		return nil
	case err != nil:
		return fmt.Errorf("write to the device: %w", err)
	}
	f.stats.Delivered += n
	if f.woke-due > int64(time.Millisecond) {
		f.stats.Late += n
	}
	since := time.Duration(f.woke - f.stats.start)
	bytes := int64(len(payload)) + n*int64(p.header)
	f.stats.protocol(p.protocol).delivered(since, int64(len(payload)), bytes)
	f.stats.flow(p.key).delivered(since, int64(len(payload)), bytes)
	return nil
}

// writev is unix.Writev without its allocations.
func (f *forwarder) writev(header, payload []byte) error {
	f.iov[0].Base = &header[0]
	f.iov[0].SetLen(len(header))
	pieces := 1
	if len(payload) > 0 {
		f.iov[1].Base = &payload[0]
		f.iov[1].SetLen(len(payload))
		pieces = 2
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(f.out), uintptr(unsafe.Pointer(&f.iov[0])), uintptr(pieces)); errno != 0 {
		return errno
	}
	return nil
}

func ignoreFull(err error) error {
	if err == unix.EAGAIN || err == unix.ENOBUFS {
		return nil
	}
	return err
}
