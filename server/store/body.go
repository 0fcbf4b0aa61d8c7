package store

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// written is a body that is durable, or, if inline, ready to be committed with its row.
type written struct {
	body
	size   int64
	md5    [md5.Size]byte
	inline []byte
	head   *[]byte // pooled memory that inline lies in
	begun  bool    // counted in Store.writing
	seal   *Seal   // nil for a plain body
	salt   []byte  // of the run, for seal
}

// write reads a body to its end and stores its bytes, so that a batch can refer to them; sealed unless seal is nil. The caller calls
// settle.
func (s *Store) write(ctx context.Context, src io.Reader, seal *Seal) (*written, error) {
	w := &written{head: s.heads.Get().(*[]byte), seal: seal, salt: s.salts[uint64(s.firstID)>>runShift]}
	n, end, err := readFull(src, *w.head)
	switch {
	case err != nil:
		err = fmt.Errorf("read body: %w", err)
	case end && n == 0:
		w.md5 = md5.Sum(nil)
	case end && n <= s.inlineLimit:
		w.body = body{bodyInline, s.newID()}
		w.size, w.inline = int64(n), (*w.head)[:n]
		w.md5 = md5.Sum(w.inline)
		err = w.sealRow()
	default:
		w.body = body{bodyFile, s.newID()}
		err = s.writeFile(ctx, w, (*w.head)[:n], end, src)
	}
	if err != nil {
		s.settle(w, err)
		return nil, err
	}
	if seal != nil && seal.Kind == CustomerKey {
		w.md5 = randomETag()
	}
	return w, nil
}

// sealRow encrypts a body that is to be a row.
func (w *written) sealRow() error {
	if w.seal == nil {
		return nil
	}
	c, err := newBodyCipher(&w.seal.Key, w.id, w.salt)
	if err != nil {
		return err
	}
	sealed := c.sealInline(w.inline)
	clear(w.inline) // the memory is used again
	w.inline = sealed
	return nil
}

// settle ends the use of w: committed with err or not. Bytes that no row can refer to are removed.
func (s *Store) settle(w *written, err error) {
	s.heads.Put(w.head)
	w.head, w.inline = nil, nil
	if w.begun {
		defer s.writing.Add(-1)
	}
	if err == nil || w.kind != bodyFile || errors.Is(err, ErrFailed) {
		return
	}
	// The file may not even have been created, and what stays behind is swept after the next crash.
	_ = s.files.remove(w.id)
}

// add puts what refers to the bytes themselves into the batch.
func (w *written) add(batch *pebble.Batch) {
	switch w.kind {
	case bodyInline:
		_ = batch.Set(idKey(rowBytes, w.id), w.inline, nil)
	case bodyFile:
		e := newEncoder(nil)
		e.uint(tagSize, uint64(w.size))
		_ = batch.Set(idKey(rowFile, w.id), e.buf, nil)
	}
}

// writeFile stores head and what follows in src as the file of w.
func (s *Store) writeFile(ctx context.Context, w *written, head []byte, end bool, src io.Reader) error {
	if err := s.guard.full(); err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	s.writing.Add(1)
	w.begun = true
	s.leave()
	f, err := s.files.create(w.id)
	if err != nil {
		return err
	}
	h := md5.New()
	h.Write(head)
	w.size = int64(len(head))
	if w.seal == nil {
		err = w.fill(ctx, f, h, head, end, src)
	} else {
		err = w.fillSealed(ctx, f, h, head, end, src)
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	h.Sum(w.md5[:0])
	return s.files.finish(w.id, f)
}

// fill writes head and what follows in src to f, and hashes what follows.
func (w *written) fill(ctx context.Context, f io.Writer, h hash.Hash, head []byte, end bool, src io.Reader) error {
	if _, err := f.Write(head); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	if end {
		return nil
	}
	n, err := copyBody(ctx, f, h, src)
	w.size += n
	return err
}

// fillSealed is fill for a body that is encrypted on its way to f.
func (w *written) fillSealed(ctx context.Context, f io.Writer, h hash.Hash, head []byte, end bool, src io.Reader) error {
	c, err := newBodyCipher(&w.seal.Key, w.id, w.salt)
	if err != nil {
		return err
	}
	sealed := newSealWriter(f, c)
	if err := w.fill(ctx, sealed, h, head, end, src); err != nil {
		sealed.drop()
		return err
	}
	if err := sealed.finish(); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}

const (
	chunkSize  = 256 << 10
	chunkCount = 2 // in use by one body at a time: more do not make it faster, and a client that stalls holds them
)

// chunk is a piece of a body on its way from the source through the hash to the file.
type chunk struct {
	buf [chunkSize]byte
	n   int
}

var chunkPool = sync.Pool{New: func() any { return new(chunk) }}

// copyBody copies src to f and h. It hashes one chunk in a second goroutine while it reads or writes another, since MD5 is slower
// than the disk. It needs chunkCount chunks of memory, however long the body.
func copyBody(ctx context.Context, f io.Writer, h hash.Hash, src io.Reader) (size int64, err error) {
	first := chunkPool.Get().(*chunk)
	end := false
	if first.n, end, err = readFull(src, first.buf[:]); err != nil || end {
		defer chunkPool.Put(first)
		if err != nil {
			return 0, fmt.Errorf("read body: %w", err)
		}
		h.Write(first.buf[:first.n])
		return int64(first.n), writeChunk(f, first)
	}

	// Hashing comes before writing, since a vfs.File may alter what it is given. Neither channel is ever full.
	hashing := make(chan *chunk, chunkCount)
	hashed := make(chan *chunk, chunkCount)
	go func() {
		defer close(hashed)
		for c := range hashing {
			h.Write(c.buf[:c.n])
			hashed <- c
		}
	}()
	made := 1
	for c := first; ; {
		hashing <- c
		size += int64(c.n)
		if end {
			break
		}
		switch {
		case len(hashed) > 0 || made == chunkCount:
			c = <-hashed
			err = writeChunk(f, c)
		default:
			c = chunkPool.Get().(*chunk)
			made++
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			if c.n, end, err = readFull(src, c.buf[:]); err != nil {
				err = fmt.Errorf("read body: %w", err)
			}
		}
		if err != nil {
			chunkPool.Put(c)
			break
		}
	}
	close(hashing)
	for c := range hashed {
		if err == nil {
			err = writeChunk(f, c)
		}
		chunkPool.Put(c)
	}
	return size, err
}

func writeChunk(f io.Writer, c *chunk) error {
	if _, err := f.Write(c.buf[:c.n]); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}

// readFull reads until b is full or the source ends. Unlike io.ReadFull it tells the end of the source, io.EOF, from
// an io.ErrUnexpectedEOF of the source's own, which means that the body was cut short.
func readFull(src io.Reader, b []byte) (n int, end bool, err error) {
	idle := 0
	for n < len(b) {
		m, err := src.Read(b[n:])
		n += m
		if err == io.EOF {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
		if idle++; m > 0 {
			idle = 0
		}
		if idle == 100 {
			return n, false, io.ErrNoProgress
		}
	}
	return n, false, nil
}
