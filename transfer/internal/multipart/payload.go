package multipart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/pace"
)

// A payload is what one request sends, summed already.
type payload struct {
	at       io.ReaderAt
	offset   int64 // in at
	size     int64
	block    *pace.Block // that at reads; nil if at is a file
	file     *os.File    // that at reads; nil if at is something else
	crc      uint64
	checksum s3.Checksum // for the service
}

func (p *payload) release() { p.block.Release() }

// A file is the source of an upload and what it has to stay.
type file struct {
	Source
	was fs.FileInfo
}

// check returns an error if the file is not what it was.
func (f *file) check() error {
	now, err := f.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("check the source: %w", err)
	case now.Size() != f.was.Size():
		return fmt.Errorf("the source %w: it had %d bytes and now has %d", icos.ErrChanged, f.was.Size(), now.Size())
	case !now.ModTime().Equal(f.was.ModTime()):
		return fmt.Errorf("the source %w: it was written to", icos.ErrChanged)
	}
	return nil
}

// load sums a piece of the file. It is sent from where it is, for which it is read a second time, or
// by the system where that can be: to keep it in memory meanwhile would save no more than that costs.
func (m *mover) load(f *file, offset, size int64, s sums) (*payload, error) {
	start := time.Now()
	defer func() { m.meter.Disk(time.Since(start)) }()
	p := &payload{at: f, offset: offset, size: size}
	p.file, _ = f.Source.(*os.File)
	d := s.new()
	if err := m.env.sumFile(d, f, offset, size); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("the source %w: it ended before %d bytes", icos.ErrChanged, offset+size)
		}
		return nil, fmt.Errorf("read the source: %w", err)
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	p.crc, p.checksum = d.sum(), d.checksum()
	return p, nil
}

// reader returns what sends the payload.
func (p *payload) reader(ctx context.Context, m *mover) io.ReadSeeker {
	b := &body{m: m, ctx: ctx, p: p}
	if p.file != nil {
		return fileBody{b}
	}
	return b
}

// A body reads a payload as fast as the limits allow. It can be read again.
type body struct {
	m   *mover
	ctx context.Context // of the request; a body lives no longer
	p   *payload
	pos int64
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.may(len(p))
	if err != nil {
		return 0, err
	}
	p = p[:n]
	n, err = b.p.at.ReadAt(p, b.p.offset+b.pos)
	b.pos += int64(n)
	switch {
	case n == len(p):
		return n, nil
	case err == io.EOF:
		return n, fmt.Errorf("the source %w: it ended early", icos.ErrChanged)
	}
	return n, err
}

// may waits until some bytes, at most most, may go out, and returns how many.
func (b *body) may(most int) (int, error) {
	left := b.p.size - b.pos
	if left <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(most), left))
	if len(b.m.Limiters) > 0 {
		n = pace.Chunk(b.m.Limiters, n)
		if err := b.m.meter.Wait(b.ctx, b.m.Limiters, n); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// Seek implements io.Seeker.
func (b *body) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += b.pos
	case io.SeekEnd:
		offset += b.p.size
	}
	if offset < 0 || offset > b.p.size {
		return 0, fmt.Errorf("seek to %d of %d bytes", offset, b.p.size)
	}
	b.pos = offset
	return offset, nil
}

// A fileBody is a body that lies in a file.
type fileBody struct{ *body }

// ReadFile implements s3.FileBody.
func (b fileBody) ReadFile(most int) (f *os.File, offset int64, n int, err error) {
	if n, err = b.may(most); err != nil {
		return nil, 0, 0, err
	}
	offset = b.p.offset + b.pos
	b.pos += int64(n)
	return b.p.file, offset, n, nil
}
