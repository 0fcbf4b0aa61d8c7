package icos

import (
	"context"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/semaphore"
)

// A stream divides a reader that can be read only once into parts held in memory.
//
// The memory consists of blocks of one size, which are used again and never given
// back before the end. So parts can grow, by taking more blocks, without a moment
// at which large buffers of both sizes are there.
type stream struct {
	src      *source
	partSize int64               // bytes of the first parts
	memory   int64               // bytes that all parts on their way may have
	sem      *semaphore.Weighted // of blocks
	got      int64               // bytes read
	begun    []*buffer           // read by readHead and not yet given out
	ended    bool                // the source is at its end

	mu   sync.Mutex
	free [][]byte // blocks to use again
}

// streamBlock is the size of a block in bytes.
const streamBlock = 1 << 20

func newStream(src *source, opts *PutOptions) *stream {
	part := opts.PartSize
	if src.size > 0 {
		part = partSizeFor(src.size, part)
	}
	memory := max(opts.PartSize*int64(opts.Concurrency), part)
	// Parts that are no multiple of a block waste the rest of their last one.
	sem := semaphore.NewWeighted(max(blocksOf(opts.PartSize)*int64(opts.Concurrency), blocksOf(part)))
	return &stream{src: src, partSize: part, memory: memory, sem: sem}
}

// blocksOf returns how many blocks it takes to hold size bytes.
func blocksOf(size int64) int64 { return (size + streamBlock - 1) / streamBlock }

// readHead reads until limit bytes are there, or all, and returns how many.
func (s *stream) readHead(limit int64) (int64, error) {
	for s.got < limit && !s.ended {
		b, err := s.fill(s.size(len(s.begun) + 1))
		if err != nil {
			return 0, err
		}
		if b.size > 0 {
			s.begun = append(s.begun, b)
		}
	}
	return s.got, nil
}

// head returns what readHead has read.
func (s *stream) head() io.Reader {
	all := &buffer{}
	for _, b := range s.begun {
		all.blocks = append(all.blocks, b.blocks...)
		all.size += b.size
	}
	return all.reader()
}

// size returns the size of part n.
func (s *stream) size(n int) int64 {
	if s.src.size >= 0 {
		return s.partSize
	}
	return streamPartSize(n, s.partSize, s.memory)
}

// next returns what becomes part n, to be released after use. It waits for memory
// to be free.
func (s *stream) next(ctx context.Context, n int) (*buffer, error) {
	if len(s.begun) > 0 {
		b := s.begun[0]
		s.begun = s.begun[1:]
		// What is in memory already cannot wait for memory, but counts if it can.
		if weight := int64(len(b.blocks)); s.sem.TryAcquire(weight) {
			b.weight = weight
		}
		return b, nil
	}
	if s.ended {
		return nil, errNoMore
	}
	if n > maxParts {
		return nil, fmt.Errorf("the stream goes on after %d bytes, which is all that %d parts of this size can hold: set PutOptions.Size or a larger PartSize", s.got, maxParts)
	}
	size := s.size(n)
	weight := blocksOf(size)
	if err := s.sem.Acquire(ctx, weight); err != nil {
		return nil, err
	}
	b, err := s.fill(size)
	if err == nil && b.size == 0 {
		err = errNoMore
	}
	if err != nil {
		s.sem.Release(weight)
		return nil, err
	}
	b.weight = weight
	return b, nil
}

// release takes back the memory of a part.
func (s *stream) release(b *buffer) {
	s.mu.Lock()
	for _, block := range b.blocks {
		if cap(block) == streamBlock {
			s.free = append(s.free, block[:0])
		}
	}
	s.mu.Unlock()
	s.sem.Release(b.weight)
}

// block returns a block that was released, or a new one.
func (s *stream) block() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.free) - 1; last >= 0 {
		block := s.free[last]
		s.free = s.free[:last]
		return block
	}
	return make([]byte, 0, streamBlock)
}

// maxEmptyReads is how often a reader may return nothing and no error.
const maxEmptyReads = 100

// fill reads until it has size bytes or the source is at its end.
func (s *stream) fill(size int64) (*buffer, error) {
	if s.src.size >= 0 {
		size = min(size, s.src.size-s.got+1) // one more, to see that it ends there
	}
	b := &buffer{}
	empty := 0
	for b.size < size {
		block := s.room(b, size)
		free := (*block)[len(*block):cap(*block)]
		n, err := s.src.r.Read(free[:min(int64(len(free)), size-b.size)])
		*block = (*block)[:len(*block)+n]
		b.size += int64(n)
		s.got += int64(n)
		if s.src.size >= 0 && s.got > s.src.size {
			return nil, fmt.Errorf("the source %w: it has more than %d bytes", ErrChanged, s.src.size)
		}
		if err == io.EOF {
			s.ended = true
			if s.src.size >= 0 && s.got < s.src.size {
				return nil, s.src.short(s.got)
			}
			return b, s.src.check()
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
	return b, nil
}

// room returns the last block of b, which has room. The first block of a stream
// grows as it is filled, so that a short stream takes little memory.
func (s *stream) room(b *buffer, size int64) *[]byte {
	last := len(b.blocks) - 1
	switch {
	case last >= 0 && len(b.blocks[last]) < cap(b.blocks[last]):
	case last >= 0 && cap(b.blocks[last]) < streamBlock:
		grown := make([]byte, len(b.blocks[last]), min(4*cap(b.blocks[last]), streamBlock))
		copy(grown, b.blocks[last])
		b.blocks[last] = grown
	case s.got == 0:
		first := int64(4 << 10)
		if s.src.size >= 0 {
			first = size
		}
		b.blocks = append(b.blocks, make([]byte, 0, min(first, streamBlock)))
		last++
	default:
		b.blocks = append(b.blocks, s.block())
		last++
	}
	return &b.blocks[last]
}

// A buffer is a part in memory.
type buffer struct {
	blocks [][]byte
	size   int64 // bytes
	weight int64 // what it holds of the semaphore
}

// reader returns a reader of the buffer that can seek and be read anywhere.
func (b *buffer) reader() *io.SectionReader { return io.NewSectionReader(b, 0, b.size) }

// ReadAt implements io.ReaderAt.
func (b *buffer) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for _, block := range b.blocks {
		if off >= int64(len(block)) {
			off -= int64(len(block))
			continue
		}
		n += copy(p[n:], block[off:])
		off = 0
		if n == len(p) {
			break
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
