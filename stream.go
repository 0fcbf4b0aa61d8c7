package icos

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/semaphore"
)

// A stream divides a reader that can be read only once into buffered pieces.
type stream struct {
	src      *source
	partSize int64 // of the first parts
	memory   int64 // bytes that all buffers together may have
	sem      *semaphore.Weighted
	got      int64    // bytes read
	begun    [][]byte // read by readHead and not yet given out
	ended    bool     // the source is at its end

	mu   sync.Mutex
	free [][]byte // buffers to use again, all of one size
}

func newStream(src *source, opts *PutOptions) *stream {
	part := opts.PartSize
	if src.size > 0 {
		part = partSizeFor(src.size, part)
	}
	memory := max(opts.PartSize*int64(opts.Concurrency), part)
	return &stream{src: src, partSize: part, memory: memory, sem: semaphore.NewWeighted(memory)}
}

// readHead reads until limit bytes are there, or all, and returns how many.
func (s *stream) readHead(limit int64) (int64, error) {
	for s.got < limit && !s.ended {
		buf, err := s.fill(nil, s.size(len(s.begun)+1))
		if err != nil {
			return 0, err
		}
		if len(buf) > 0 {
			s.begun = append(s.begun, buf)
		}
	}
	return s.got, nil
}

// head returns a reader of what readHead has read.
func (s *stream) head() io.Reader {
	switch len(s.begun) {
	case 0:
		return bytes.NewReader(nil)
	case 1:
		return bytes.NewReader(s.begun[0])
	}
	return bytes.NewReader(bytes.Join(s.begun, nil))
}

// size returns the size of part n.
func (s *stream) size(n int) int64 {
	if s.src.size >= 0 {
		return s.partSize
	}
	return streamPartSize(n, s.partSize, s.memory)
}

// next returns what becomes part n, and a function to call when it is not needed
// any more. It waits for memory to be free.
func (s *stream) next(ctx context.Context, n int) (buf []byte, release func(), err error) {
	if len(s.begun) > 0 {
		buf, s.begun = s.begun[0], s.begun[1:]
		// What is in memory already cannot wait for memory, but counts if it can.
		weight := int64(cap(buf))
		if !s.sem.TryAcquire(weight) {
			return buf, func() {}, nil
		}
		return buf, func() { s.release(buf, weight) }, nil
	}
	if s.ended {
		return nil, nil, errNoMore
	}
	if n > maxParts {
		return nil, nil, fmt.Errorf("the stream goes on after %d bytes, which is all that %d parts of this size can hold: set PutOptions.Size or a larger PartSize", s.got, maxParts)
	}
	size := s.size(n)
	if err := s.sem.Acquire(ctx, size); err != nil {
		return nil, nil, err
	}
	buf, err = s.fill(s.take(size), size)
	if err == nil && len(buf) == 0 {
		err = errNoMore
	}
	if err != nil {
		s.sem.Release(size)
		return nil, nil, err
	}
	return buf, func() { s.release(buf, size) }, nil
}

// take returns a buffer that was released, or a new one.
func (s *stream) take(size int64) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.free) - 1; last >= 0 && int64(cap(s.free[last])) == size {
		buf := s.free[last]
		s.free = s.free[:last]
		return buf[:0]
	}
	s.free = nil // parts have grown
	return make([]byte, 0, size)
}

func (s *stream) release(buf []byte, weight int64) {
	s.mu.Lock()
	s.free = append(s.free, buf)
	s.mu.Unlock()
	s.sem.Release(weight)
}

// maxEmptyReads is how often a reader may return nothing and no error.
const maxEmptyReads = 100

// fill reads into buf until it has size bytes or the source is at its end. The
// buffer grows as needed, so that a short source does not take a long one's memory.
func (s *stream) fill(buf []byte, size int64) ([]byte, error) {
	if s.src.size >= 0 {
		size = min(size, s.src.size-s.got+1) // one more, to see that it ends there
		if buf == nil {
			buf = make([]byte, 0, size)
		}
	}
	empty := 0
	for int64(len(buf)) < size {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(size, max(4<<10, 4*int64(cap(buf)))))
			copy(grown, buf)
			buf = grown
		}
		n, err := s.src.r.Read(buf[len(buf):min(int64(cap(buf)), size)])
		buf = buf[:len(buf)+n]
		s.got += int64(n)
		if s.src.size >= 0 && s.got > s.src.size {
			return nil, fmt.Errorf("the source %w: it has more than %d bytes", ErrChanged, s.src.size)
		}
		if err == io.EOF {
			s.ended = true
			if s.src.size >= 0 && s.got < s.src.size {
				return nil, s.src.short(s.got)
			}
			return buf, s.src.check()
		}
		if err != nil {
			return nil, fmt.Errorf("read the source: %w", err)
		}
		if n > 0 {
			empty = 0
		} else if empty++; empty == maxEmptyReads {
			return nil, fmt.Errorf("read the source: %w", io.ErrNoProgress)
		}
	}
	return buf, nil
}
