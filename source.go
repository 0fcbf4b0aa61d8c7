package icos

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// A source is what Put reads from, and what is known about it.
type source struct {
	r    io.Reader
	seek io.Seeker   // nil if r can be read only once
	at   io.ReaderAt // nil if r can be read only from front to back
	base int64       // where in r the object begins
	size int64       // of the object in bytes; -1 if unknown
	file statter     // nil if r is not a file
	was  fs.FileInfo // the file before it was read
}

type statter interface{ Stat() (fs.FileInfo, error) }

// newSource finds out what r can do. size is what the caller says its size is, 0
// if he does not.
func newSource(r io.Reader, size int64) (*source, error) {
	if r == nil {
		r = strings.NewReader("")
	}
	s := &source{r: r, size: -1}
	switch r := r.(type) {
	case *bytes.Buffer:
		b := bytes.NewReader(r.Bytes())
		s.r, s.seek, s.at, s.size = &drained{Reader: b, buf: r}, b, b, b.Size()
	default:
		if err := s.probe(); err != nil {
			return nil, err
		}
	}
	if size > 0 && s.size >= 0 && size != s.size {
		return nil, fmt.Errorf("PutOptions.Size is %d but there are %d bytes to read", size, s.size)
	}
	if size > 0 {
		s.size = size
	}
	return s, nil
}

// drained empties a buffer whose bytes were read behind its back.
type drained struct {
	*bytes.Reader
	buf *bytes.Buffer
}

func (s *source) probe() error {
	if file, ok := s.r.(statter); ok {
		info, err := file.Stat()
		// What is not a regular file may be able to seek without having a size, and
		// files such as those of /proc claim to be empty although they are not.
		if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
			return nil
		}
		s.file, s.was = file, info
	}
	seek, ok := s.r.(io.Seeker)
	if !ok {
		return nil
	}
	base, err := seek.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil // a pipe: it has the method but not the ability
	}
	end, err := seek.Seek(0, io.SeekEnd)
	if err != nil {
		return nil
	}
	if _, err := seek.Seek(base, io.SeekStart); err != nil {
		return fmt.Errorf("go back to the start of the source: %w", err)
	}
	s.seek, s.base, s.size = seek, base, max(end-base, 0)
	s.at, _ = s.r.(io.ReaderAt)
	return nil
}

// check returns an error if the file is not what it was.
func (s *source) check() error {
	if s.file == nil {
		return nil
	}
	now, err := s.file.Stat()
	if err != nil {
		return fmt.Errorf("look at the source again: %w", err)
	}
	if now.Size() != s.was.Size() {
		return fmt.Errorf("the source %w: it had %d bytes and now has %d", ErrChanged, s.was.Size(), now.Size())
	}
	if !now.ModTime().Equal(s.was.ModTime()) {
		return fmt.Errorf("the source %w: it was written to", ErrChanged)
	}
	return nil
}

// consume leaves r at the end of what was stored, as reading it would have.
func (s *source) consume() {
	switch {
	case s.seek == nil || s.size < 0:
	case s.at != nil:
		if d, ok := s.r.(*drained); ok {
			d.buf.Next(int(s.size))
			return
		}
		// The bytes are stored; a source that cannot seek now spoils nothing.
		_, _ = s.seek.Seek(s.base+s.size, io.SeekStart)
	}
}

// short is the error for a source that ended before its size was reached.
func (s *source) short(got int64) error {
	return fmt.Errorf("the source %w: it ended after %d of %d bytes", ErrChanged, got, s.size)
}

// section returns length bytes at offset of a source that can be read in place.
func (s *source) section(offset, length int64) io.ReadSeeker {
	c := &section{s: s, off: offset, length: length}
	if f, ok := s.at.(*os.File); ok {
		return fileSection{c, f}
	}
	return c
}

// A section is a piece of a source, read in place. Other than an
// io.SectionReader it notices that the source changed.
type section struct {
	s           *source
	off, length int64
	pos         int64 // of the next byte, from off
}

func (c *section) Read(p []byte) (int, error) {
	left := c.length - c.pos
	if left <= 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), left)]
	n, err := c.s.at.ReadAt(p, c.s.base+c.off+c.pos)
	c.pos += int64(n)
	switch {
	case c.pos == c.length: // err may be io.EOF, and may not
		if err := c.s.check(); err != nil {
			return 0, err
		}
		return n, nil
	case err == io.EOF:
		return n, c.s.short(c.off + c.pos)
	}
	return n, err
}

func (c *section) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.pos
	case io.SeekEnd:
		offset += c.length
	}
	if offset < 0 || offset > c.length {
		return 0, fmt.Errorf("seek to %d in a section of %d bytes", offset, c.length)
	}
	c.pos = offset
	return offset, nil
}

// A fileSection is a section of a file, which the system may be able to send by itself.
type fileSection struct {
	*section
	f *os.File
}

// ReadFile implements s3.FileBody.
func (c fileSection) ReadFile(most int) (f *os.File, offset int64, n int, err error) {
	left := c.length - c.pos
	if left <= 0 {
		return nil, 0, 0, io.EOF
	}
	offset = c.s.base + c.off + c.pos
	n = int(min(int64(most), left))
	c.pos += int64(n)
	if c.pos == c.length {
		err = c.s.check()
	}
	return c.f, offset, n, err
}
