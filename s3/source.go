package s3

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// source is the body of an upload and how to read it again.
type source struct {
	size   int64
	start  int64 // where the caller's reader stood
	at     io.ReaderAt
	seeker io.ReadSeeker
	stream io.Reader
	reopen func() (io.Reader, error)
	used   bool        // stream was read from
	kept   []byte      // all of it, if it is small
	block  *[]byte     // of Client.smalls or Client.blocks, that kept is in
	sent   func(n int) // if not nil, told of every byte that goes out
}

// sourceOf returns the source of a document.
func sourceOf(doc []byte) *source {
	return &source{size: int64(len(doc)), at: bytes.NewReader(doc)}
}

// newSource returns what is to be sent of r: size bytes from where it stands, or,
// if size is not positive, all that a reader that can seek still holds. It returns nil for a nil r.
func newSource(r io.Reader, size int64) (*source, error) {
	if r == nil {
		if size > 0 {
			return nil, fmt.Errorf("no body, but ContentLength is %d", size)
		}
		return &source{at: bytes.NewReader(nil)}, nil
	}
	s := &source{size: size}
	if b, ok := r.(*bytes.Buffer); ok {
		if size <= 0 {
			s.size = int64(b.Len())
		}
		s.at = bytes.NewReader(b.Bytes())
		return s, nil
	}
	if sk, ok := r.(io.ReadSeeker); ok {
		// Pipes and terminals are *os.File too, but cannot seek.
		if start, err := sk.Seek(0, io.SeekCurrent); err == nil {
			s.start = start
			if at, ok := r.(io.ReaderAt); ok {
				s.at = at
			} else {
				s.seeker = sk
			}
			return s, s.measure(sk)
		}
	} else if at, ok := r.(io.ReaderAt); ok && size > 0 {
		s.at = at
		return s, nil
	}
	if size <= 0 {
		return nil, errors.New("no ContentLength, and Body cannot seek: the service needs to know the length before the first byte")
	}
	s.stream = r
	return s, nil
}

// measure finds the size that the caller left out.
func (s *source) measure(sk io.Seeker) error {
	if s.size > 0 {
		return nil
	}
	end, err := sk.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = sk.Seek(s.start, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("measure body: %w", err)
	}
	s.size = max(end-s.start, 0)
	return nil
}

// replayable says whether open can be called again.
func (s *source) replayable() bool {
	return s.stream == nil || !s.used
}

// reader returns a reader of all the bytes. Only one may be in use at a time.
func (s *source) reader() (io.Reader, error) {
	switch {
	case s.kept != nil:
		return bytes.NewReader(s.kept), nil
	case s.at != nil:
		return io.NewSectionReader(s.at, s.start, s.size), nil
	case s.seeker != nil:
		if _, err := s.seeker.Seek(s.start, io.SeekStart); err != nil {
			return nil, fmt.Errorf("rewind body: %w", err)
		}
		return io.LimitReader(s.seeker, s.size), nil
	case s.reopen != nil:
		return s.reopen()
	default:
		return io.LimitReader(s.stream, s.size), nil
	}
}

// A body of up to smallSize fits one write together with the head of the request, if
// net/http knows that it is in memory. One of up to blockSize is at least not read twice.
const (
	smallSize = 32 << 10
	blockSize = 256 << 10
)

// keep reads a small body that can be repeated into memory of the client.
func (c *Client) keep(src *source) error {
	pool := &c.smalls
	switch _, inMemory := src.at.(*bytes.Reader); {
	case src.stream != nil || src.size > blockSize || src.size > smallSize && inMemory:
		return nil
	case src.size > smallSize:
		pool = &c.blocks
	}
	r, err := src.reader()
	if err != nil {
		return err
	}
	src.block = pool.Get().(*[]byte)
	src.kept = (*src.block)[:src.size]
	n, err := io.ReadFull(r, src.kept)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return src.short(int64(n))
	}
	return err
}

// unkeep gives the memory back.
func (c *Client) unkeep(src *source) {
	switch {
	case src.block == nil:
	case len(*src.block) == smallSize:
		c.smalls.Put(src.block)
	default:
		c.blocks.Put(src.block)
	}
	src.block, src.kept = nil, nil
}

// short is the error for a body that ends early.
func (s *source) short(n int64) error {
	return fmt.Errorf("body ended after %d of %d bytes: %w", n, s.size, io.ErrUnexpectedEOF)
}

// open returns the body of one attempt.
func (s *source) open() (*attemptBody, error) {
	r, err := s.reader()
	if err != nil {
		return nil, err
	}
	b := &attemptBody{src: s, r: r, begun: time.Now()}
	if s.kept == nil {
		b.file, _ = s.seeker.(FileBody)
	}
	return b, nil
}

// attemptBody is the body of one attempt. The http.Transport may go on
// reading it in the background after it reported failure, while the next attempt or the caller
// has the underlying reader already: stop prevents that.
type attemptBody struct {
	src     *source
	mu      sync.Mutex // held while r is read, if it can be read again
	r       io.Reader
	file    FileBody  // r, if it lies in a file; nil otherwise
	sum     hash.Hash // if not nil, of what was read
	read    int64
	err     error // what the caller's reader failed with
	begun   time.Time
	sent    atomic.Int64 // read, for those who do not hold mu
	ended   atomic.Int64 // nanoseconds from begun to the last byte; 0 before
	stopped atomic.Bool
	touched atomic.Bool
}

var errStopped = errors.New("s3: body of an attempt that is over")

// Read implements io.Reader.
func (b *attemptBody) Read(p []byte) (int, error) {
	if b.src.stream == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
	}
	if b.stopped.Load() {
		return 0, errStopped
	}
	b.touched.Store(true)
	n, err := b.r.Read(p)
	b.count(n)
	if b.sum != nil {
		b.sum.Write(p[:n])
	}
	if err == io.EOF && b.read < b.src.size {
		err = b.src.short(b.read)
	}
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// count notes that n bytes go out.
func (b *attemptBody) count(n int) {
	b.read += int64(n)
	if b.sent.Store(b.read); b.read >= b.src.size && b.ended.Load() == 0 {
		b.ended.Store(max(1, int64(time.Since(b.begun))))
	}
	if b.src.sent != nil && n > 0 {
		b.src.sent(n)
	}
}

// Close implements io.Closer. The caller's reader stays open.
func (b *attemptBody) Close() error { return nil }

// stop ends reading. It returns what the caller's reader failed with. A reader that can
// be read only once, and may block for ever, is not waited for.
func (b *attemptBody) stop() error {
	b.stopped.Store(true)
	if b.src.stream != nil {
		b.src.used = b.src.used || b.touched.Load()
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
