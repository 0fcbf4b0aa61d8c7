package multipart

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/pace"
)

// Stream is a reader of any length and where it goes. It cannot be resumed.
type Stream struct {
	Flow // Checkpoint is not used

	Reader io.Reader
	To     *icos.Object
	Put    icos.PutOptions // Size, if positive, is how many bytes there will be

	PartSize  int64 // bytes of the first parts; if zero, 5 MiB
	Threshold int64 // bytes from which parts are used; if zero, or more than that, the size of the first part
}

// Stream stores all that a reader has as an object. Parts wait in memory of the
// Pool until the service has them. They grow with their number, as far as the Pool
// allows: one of 16 MiB is enough for 100 GiB, and for anything whose Put.Size is
// known up to 156 GiB.
//
// Stream does not return while a call of Reader.Read is blocked.
func (e *Env) Stream(ctx context.Context, o *Stream) (Result, error) {
	flow := o.Flow
	flow.Checkpoint = nil
	s := &streaming{
		session: &session{
			mover: e.mover(&flow), to: o.To, put: &o.Put, parts: map[int]part{},
			sums: sumsFor(o.To.Bucket().Client().Checksum()),
		},
		r: o.Reader, first: max(o.PartSize, minPartSize), expect: o.Put.Size,
	}
	if o.PartSize == 0 {
		s.first = defaultStreamPartSize
	}
	if s.expect > 0 {
		s.first = partSizeFor(s.expect, s.first)
	}
	if limit := e.Pool.Limit(); s.first > limit {
		return Result{}, fmt.Errorf("parts of %d bytes do not fit into the %d bytes of memory that are allowed", s.first, limit)
	}
	head, err := s.read(ctx)
	if err != nil {
		return Result{}, err
	}
	if s.ended && (s.size < s.first || s.size < o.Threshold) {
		defer head.release()
		return s.whole(ctx, head)
	}
	return s.inParts(ctx, head)
}

// streaming is a stream on its way.
type streaming struct {
	*session
	r      io.Reader
	first  int64 // bytes of the first parts
	expect int64 // bytes of all; 0 if unknown
	number int   // of the part read last
	ended  bool  // there are no more
}

// growEvery is the number of parts after which the parts of a stream of unknown
// length double in size, for as long as the memory allows.
const growEvery = 256

// partSize returns the size of part n. Half of the memory is kept for the part after it, unless
// the parts become scarce.
func (s *streaming) partSize(n int) int64 {
	most := s.env.Pool.Limit()
	if n <= maxParts/2 {
		most /= 2
	}
	size := s.first
	if s.expect > 0 {
		return size
	}
	for range (n - 1) / growEvery {
		if size >= most || size > maxPartSize/2 {
			break
		}
		size = min(2*size, most)
	}
	return size
}

// read reads the next part. It has no bytes if there are no more.
func (s *streaming) read(ctx context.Context) (*payload, error) {
	s.number++
	if s.number > maxParts {
		return nil, fmt.Errorf("the stream goes on after %d bytes, which is all that %d parts of this size can hold: tell its size, or allow more memory", s.size, maxParts)
	}
	block, err := s.env.Pool.Get(ctx, s.partSize(s.number))
	if err != nil {
		return nil, err
	}
	p, err := s.fill(block)
	if err != nil {
		block.Release()
		return nil, err
	}
	return p, nil
}

// maxEmptyReads is how often a reader may return nothing and no error.
const maxEmptyReads = 100

// fill reads until a block is full or the stream has ended.
func (s *streaming) fill(block *pace.Block) (*payload, error) {
	start := time.Now()
	defer func() { s.meter.Disk(time.Since(start)) }()
	d, mem, n := s.sums.new(), block.Bytes(), 0
	for empty := 0; n < len(mem) && !s.ended; {
		got, err := s.r.Read(mem[n:min(n+bufferSize, len(mem))])
		_, _ = d.Write(mem[n : n+got]) // a hash never fails
		n += got
		switch {
		case err == io.EOF:
			s.ended = true
		case err != nil:
			return nil, fmt.Errorf("read the source: %w", err)
		case got > 0:
			empty = 0
		default:
			if empty++; empty == maxEmptyReads {
				return nil, fmt.Errorf("read the source: %w", io.ErrNoProgress)
			}
		}
	}
	s.size += int64(n)
	if s.expect > 0 && (s.size > s.expect || s.ended && s.size < s.expect) {
		return nil, fmt.Errorf("the source %w: it should have %d bytes, and has %d or more", icos.ErrChanged, s.expect, s.size)
	}
	return &payload{at: bytes.NewReader(mem[:n]), size: int64(n), block: block, crc: d.sum(), checksum: d.checksum()}, nil
}

// whole stores a short stream with one request.
func (s *streaming) whole(ctx context.Context, p *payload) (Result, error) {
	var info icos.ObjectInfo
	err := s.alone(ctx, func(ctx context.Context) error {
		return s.persist(ctx, s.to.Key(), func(ctx context.Context) (_ bool, err error) {
			info, err = s.mover.put(s.trace(ctx, p.size), s.to, s.session.put, nil, p, p.size)
			return false, err
		})
	})
	if err != nil {
		return Result{}, err
	}
	return whole(info, s.to), nil
}

// inParts stores a long stream in parts, of which the first was read already.
func (s *streaming) inParts(ctx context.Context, head *payload) (Result, error) {
	s.step = s.first
	next, last := head, head
	defer func() {
		if next != nil { // it was not sent
			next.release()
		}
		last.release() // nor was this, if its turn did not come; otherwise it does nothing
	}()
	if _, _, err := s.open(ctx); err != nil {
		return Result{}, err
	}
	return s.carry(ctx, func(ctx context.Context) error {
		return s.aside(ctx, s.step, func(ctx context.Context) (func(context.Context) error, error) {
			p, n := next, s.number
			if next = nil; p == nil {
				if s.ended {
					return nil, nil
				}
				var err error
				if p, err = s.read(ctx); err != nil {
					return nil, err
				}
				if n = s.number; p.size == 0 {
					p.release()
					return nil, nil
				}
			}
			last = p
			return func(ctx context.Context) error {
				defer p.release()
				got, err := s.sendPart(ctx, n, p)
				if err != nil {
					return fmt.Errorf("part %d: %w", n, err)
				}
				s.stored(ctx, got)
				return nil
			}, nil
		})
	})
}
