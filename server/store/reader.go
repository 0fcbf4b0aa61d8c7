package store

import (
	"context"
	"io"
)

// Reader reads one version of an object. Overwriting or deleting the object does not disturb it. Its methods may be called
// from several goroutines; Close must come last and must come, since it holds the object's bytes on disk.
type Reader struct {
	object Object
}

// Open opens the object for reading, or fails with ErrNoSuchBucket or ErrNoSuchKey.
func (s *Store) Open(ctx context.Context, bucket, key string) (*Reader, error) {
	return nil, ErrNoSuchKey
}

// Object describes what is read.
func (r *Reader) Object() *Object { return &r.object }

// ReadAt reads from the object's bytes as io.ReaderAt does.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) { return 0, io.EOF }

// Range returns a reader of the n bytes from off, which must lie in the object; a negative n means to the end. It also
// implements io.WriterTo.
func (r *Reader) Range(off, n int64) io.Reader { return io.NewSectionReader(r, off, n) }

// WriteRangeTo writes the n bytes from off to w; a negative n means to the end. It hands whole files to w's ReadFrom where
// it can, so that a network connection sends them without copying.
func (r *Reader) WriteRangeTo(w io.Writer, off, n int64) (int64, error) { return 0, io.EOF }

// Parts lists the parts of a completed upload in order of their numbers; nil for an object put in one piece.
func (r *Reader) Parts() []Part { return nil }

// Close lets go of the object's bytes.
func (r *Reader) Close() error { return nil }
