package store

import (
	"fmt"
	"io"
)

// Range returns a reader of the n bytes from off, cut to what the object has; a negative n means to the end. It also implements
// io.WriterTo and must not be used after Close.
func (r *Reader) Range(off, n int64) io.Reader {
	off = min(max(off, 0), r.row.Size)
	if rest := r.row.Size - off; n < 0 || n > rest {
		n = rest
	}
	return &rangeReader{r, off, off + n}
}

type rangeReader struct {
	r        *Reader
	off, end int64
}

func (x *rangeReader) Read(p []byte) (int, error) {
	if x.off == x.end {
		return 0, io.EOF
	}
	if int64(len(p)) > x.end-x.off {
		p = p[:x.end-x.off]
	}
	n, err := x.r.ReadAt(p, x.off)
	x.off += int64(n)
	return n, err
}

func (x *rangeReader) WriteTo(w io.Writer) (int64, error) {
	n, err := x.r.WriteRangeTo(w, x.off, x.end-x.off)
	x.off += n
	return n, err
}

// WriteRangeTo writes the n bytes from off to w, cut to what the object has; a negative n means to the end. It hands files to w's
// ReadFrom, so that a network connection sends them without copying.
func (r *Reader) WriteRangeTo(w io.Writer, off, n int64) (total int64, err error) {
	off = min(max(off, 0), r.row.Size)
	end := r.row.Size
	if n >= 0 && n < end-off {
		end = off + n
	}
	for off < end && err == nil {
		pc := r.piece(off, end-off)
		var m int64
		m, err = r.writePiece(w, pc)
		total += m
		off += m
	}
	return total, err
}

func (r *Reader) writePiece(w io.Writer, pc piece) (int64, error) {
	if r.closed.Load() {
		return 0, ErrClosed
	}
	if r.row.sealed() {
		return r.writeSealed(w, pc)
	}
	switch {
	case pc.inline != nil:
		n, err := w.Write(pc.inline[pc.off : pc.off+pc.n])
		if err != nil {
			r.held.Store(true) // as that of HTTP/2 may, whose connection is written to by another goroutine
		}
		return int64(n), err
	case pc.body.kind == bodyInline:
		buf := make([]byte, pc.n)
		if _, err := r.readRow(buf, pc); err != nil {
			return 0, fmt.Errorf("read object: %w", err)
		}
		n, err := w.Write(buf)
		return int64(n), err
	}
	// A file of its own, since sending one moves its offset.
	f, err := r.s.files.open(pc.body.id)
	if err != nil {
		return 0, fmt.Errorf("read object: %w", err)
	}
	defer f.Close()
	n, err := sendFile(w, f, pc.off, pc.n)
	if err == nil && n < pc.n {
		err = fmt.Errorf("read object: %w", io.ErrUnexpectedEOF)
	}
	return n, err
}

// sendFile writes n bytes from off of f to w.
func sendFile(w io.Writer, f reader, off, n int64) (int64, error) {
	if seeker, ok := f.(io.Seeker); ok {
		if _, err := seeker.Seek(off, io.SeekStart); err != nil {
			return 0, fmt.Errorf("read object: %w", err)
		}
		if to, ok := w.(io.ReaderFrom); ok {
			return to.ReadFrom(&io.LimitedReader{R: f, N: n})
		}
	}
	c := chunkPool.Get().(*chunk)
	total, err := io.CopyBuffer(onlyWriter{w}, io.NewSectionReader(f, off, n), c.buf[:])
	if err == nil { // otherwise the writer may hold on to it
		chunkPool.Put(c)
	}
	return total, err
}

// onlyWriter hides ReadFrom, so that io.CopyBuffer uses the buffer.
type onlyWriter struct{ io.Writer }
