package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// object is how one object went, in nanoseconds of the machine's monotonic clock,
// which all processes share.
type object struct {
	Key   string
	Start int64 // the operation began
	First int64 // the first byte was at the receiver
	Last  int64 // the last one was
	End   int64 // the operation was done
	Bytes int64 // that arrived
	Whole bool  // all that should have arrived did
}

// received returns the bytes per second from the first byte at the receiver to the last.
func (o *object) received() float64 { return rate(o.Bytes, o.Last-o.First) }

// took returns the bytes per second of the whole operation.
func (o *object) took() float64 { return rate(o.Bytes, o.End-o.Start) }

func rate(bytes, nanoseconds int64) float64 {
	if nanoseconds <= 0 {
		return 0
	}
	return float64(bytes) / (float64(nanoseconds) / 1e9)
}

// join adds what another stream carried of the same object.
func (o *object) join(p object) {
	if o.First == 0 || p.First != 0 && p.First < o.First {
		o.First = p.First
	}
	o.Last = max(o.Last, p.Last)
	o.Bytes += p.Bytes
}

func monotonic() int64 {
	var t unix.Timespec
	// It cannot fail with this clock.
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return t.Nano()
}

// The bare protocol by which streams of any kind are compared: the client sends
// what it wants and how much of it; get has the server send so many bytes, put has
// it take them and say when they came.
const (
	opGet = byte('g')
	opPut = byte('p')
)

const copySize = 256 << 10

// dialFunc opens a stream to the server.
type dialFunc func(ctx context.Context) (net.Conn, error)

// serve answers the requests of one stream.
func serve(c net.Conn) error {
	defer c.Close()
	buf := make([]byte, copySize)
	for {
		var req [9]byte
		if _, err := io.ReadFull(c, req[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		n := int64(binary.BigEndian.Uint64(req[1:]))
		switch req[0] {
		case opGet:
			for n > 0 {
				m, err := c.Write(buf[:min(n, int64(len(buf)))])
				if err != nil {
					return err
				}
				n -= int64(m)
			}
		case opPut:
			o, err := drain(c, n, buf, nil)
			if err != nil {
				return err
			}
			var answer [16]byte
			binary.BigEndian.PutUint64(answer[:], uint64(o.First))
			binary.BigEndian.PutUint64(answer[8:], uint64(o.Last))
			if _, err := c.Write(answer[:]); err != nil {
				return err
			}
		default:
			return fmt.Errorf("request %q", req[0])
		}
	}
}

// drain reads n bytes and says when they came.
func drain(r io.Reader, n int64, buf []byte, each func(n int)) (o object, err error) {
	for o.Bytes < n {
		m, err := r.Read(buf[:min(n-o.Bytes, int64(len(buf)))])
		if m > 0 {
			o.Last = monotonic()
			if o.First == 0 {
				o.First = o.Last
			}
			o.Bytes += int64(m)
			if each != nil {
				each(m)
			}
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

// streams are the connections of a bare client.
type streams struct {
	conns []net.Conn
	line  timeline
}

func openStreams(ctx context.Context, n int, dial dialFunc) (*streams, error) {
	s := &streams{conns: make([]net.Conn, n), line: timeline{start: monotonic()}}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { s.conns[i], errs[i] = dial(ctx) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *streams) close() error {
	var errs []error
	for _, c := range s.conns {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// move moves one object, a share of it over each stream. What did not arrive by
// the deadline of ctx is left out without an error.
func (s *streams) move(ctx context.Context, op byte, size, start int64) (object, error) {
	o := object{Start: start}
	stop := context.AfterFunc(ctx, func() {
		for _, c := range s.conns {
			c.SetDeadline(time.Unix(1, 0))
		}
	})
	defer stop()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed []error
	for i, c := range s.conns {
		share := size / int64(len(s.conns))
		if i == 0 {
			share += size % int64(len(s.conns))
		}
		wg.Go(func() {
			p, err := s.moveShare(c, op, share)
			mu.Lock()
			defer mu.Unlock()
			o.join(p)
			if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				failed = append(failed, err)
			}
		})
	}
	wg.Wait()
	o.End = monotonic()
	o.Whole = o.Bytes == size
	return o, errors.Join(failed...)
}

func (s *streams) moveShare(c net.Conn, op byte, size int64) (object, error) {
	var req [9]byte
	req[0] = op
	binary.BigEndian.PutUint64(req[1:], uint64(size))
	if _, err := c.Write(req[:]); err != nil {
		return object{}, err
	}
	buf := make([]byte, copySize)
	if op == opGet {
		return drain(c, size, buf, s.line.add)
	}
	for left := size; left > 0; {
		m, err := c.Write(buf[:min(left, int64(len(buf)))])
		if err != nil {
			return object{}, err
		}
		left -= int64(m)
	}
	var answer [16]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return object{}, err
	}
	return object{
		First: int64(binary.BigEndian.Uint64(answer[:])),
		Last:  int64(binary.BigEndian.Uint64(answer[8:])),
		Bytes: size,
	}, nil
}

// timeline counts bytes by tenths of a second.
type timeline struct {
	start int64
	mu    sync.Mutex
	slots []int64 // guarded by mu
}

const tenth = int64(100 * time.Millisecond)

func (t *timeline) add(n int) {
	i := int((monotonic() - t.start) / tenth)
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.slots) <= i {
		t.slots = append(t.slots, 0)
	}
	t.slots[i] += int64(n)
}
