package icos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

const (
	blockSize = 1 << 20 // bytes that a ReaderAt asks for at least
	maxBlocks = 8       // that it remembers
)

// A ReaderAt gives access to any place of an object, for zip.NewReader and the
// like. It sees one version of the object: if that is replaced the error is
// [ErrChanged]. It needs no closing.
//
// Small reads are served from blocks of 1 MiB, of which the last eight used are
// remembered, so that a ReaderAt takes 8 MiB of memory. Larger reads are
// requests of their own. Methods may be called concurrently.
type ReaderAt struct {
	ctx    context.Context // that of Object.ReaderAt; a view lives no longer
	object *Object
	info   ObjectInfo

	mu     sync.Mutex
	blocks map[int64]*block // by number
	clock  uint64           // counts uses, to find the block used least recently
}

// A block is a piece of the object. All but used is constant once ready is closed.
type block struct {
	ready chan struct{}
	data  []byte
	err   error
	used  uint64
}

// ReaderAt returns a view of the object as it is now. It makes one request to
// find out the size. The context counts for as long as the view is used.
func (o *Object) ReaderAt(ctx context.Context) (*ReaderAt, error) {
	info, err := o.Stat(ctx)
	if err != nil {
		return nil, fmt.Errorf("open for random access: %w", err)
	}
	if info.ETag == "" {
		return nil, fmt.Errorf("open %s for random access: the service sent no ETag to recognize it by", o)
	}
	return &ReaderAt{ctx: ctx, object: o, info: info, blocks: map[int64]*block{}}, nil
}

// Size returns the size of the object in bytes.
func (r *ReaderAt) Size() int64 { return r.info.Size }

// Info describes the object.
func (r *ReaderAt) Info() ObjectInfo { return r.info }

// ReadAt implements io.ReaderAt.
func (r *ReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read at a negative offset")
	}
	if off >= r.info.Size {
		return 0, io.EOF
	}
	short := false
	if left := r.info.Size - off; int64(len(p)) > left {
		p, short = p[:left], true
	}
	n, err := r.readAt(p, off)
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}

func (r *ReaderAt) readAt(p []byte, off int64) (int, error) {
	if len(p) >= blockSize {
		return r.fetch(p, off)
	}
	n := 0
	for n < len(p) {
		at := off + int64(n)
		data, err := r.block(at / blockSize)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], data[at%blockSize:])
	}
	return n, nil
}

// block returns block i, from memory or from the service. Whoever asks for a
// block that is on its way waits for it.
func (r *ReaderAt) block(i int64) ([]byte, error) {
	r.mu.Lock()
	r.clock++
	b := r.blocks[i]
	if b != nil {
		b.used = r.clock
		r.mu.Unlock()
		<-b.ready
		return b.data, b.err
	}
	b = &block{ready: make(chan struct{}), used: r.clock}
	r.evict()
	r.blocks[i] = b
	r.mu.Unlock()

	b.data = make([]byte, min(blockSize, r.info.Size-i*blockSize))
	if _, b.err = r.fetch(b.data, i*blockSize); b.err != nil {
		r.mu.Lock()
		if r.blocks[i] == b {
			delete(r.blocks, i) // the next reader may have more luck
		}
		r.mu.Unlock()
	}
	close(b.ready)
	return b.data, b.err
}

// evict makes room for a block. The caller holds r.mu.
func (r *ReaderAt) evict() {
	if len(r.blocks) < maxBlocks {
		return
	}
	oldest := int64(-1)
	for i, b := range r.blocks {
		if oldest < 0 || b.used < r.blocks[oldest].used {
			oldest = i
		}
	}
	delete(r.blocks, oldest)
}

// fetch fills p from the service.
func (r *ReaderAt) fetch(p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	body, err := r.object.Get(r.ctx, &GetOptions{Offset: off, Length: int64(len(p)), IfMatch: r.info.ETag})
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(body, p)
	return n, errors.Join(err, body.Close())
}
