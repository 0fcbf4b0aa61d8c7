package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"sync"
	"sync/atomic"
)

// Reader reads one version of an object. Overwriting or deleting the object does not disturb it. Its methods may be called
// from several goroutines; Close must come last and must come, since it holds the object's bytes on disk.
type Reader struct {
	s       *Store
	row     objectRow
	version string // that was asked for
	inline  []byte
	small   *small      // memory that inline lies in; nil if it has its own
	held    atomic.Bool // a writer may hold on to small
	parts   []partRow   // of a manifest
	ends    []int64     // where each part ends in the object
	pinned  bool
	key     *[32]byte // of a sealed object; nil until it is given
	closed  atomic.Bool

	mu     sync.Mutex
	last   *openFile   // the file read last, kept open for the next read
	opener *bodyCipher // of the sealed body read last
}

// Open opens the object for reading, or fails with ErrNoSuchBucket or ErrNoSuchKey.
func (s *Store) Open(ctx context.Context, bucket, key string) (*Reader, error) {
	return s.OpenVersion(ctx, bucket, key, "")
}

// OpenVersion opens a version for reading: the current one if version is empty, the null version if it is NullVersion. It fails
// with ErrNoSuchBucket, ErrNoSuchKey, ErrNoSuchVersion, or a *MarkerError for a delete marker.
func (s *Store) OpenVersion(ctx context.Context, bucket, key, version string) (*Reader, error) {
	b, err := s.bucket(bucket)
	if err != nil {
		return nil, err
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	for {
		r := &Reader{s: s, version: version}
		if err := s.named(b, key, version, &r.row); err != nil {
			return nil, err
		}
		still, err := r.take(b)
		if err != nil {
			_ = r.Close()
			return nil, err
		}
		if still {
			return r, nil
		}
		// Overwritten or removed since its row was read.
		_ = r.Close()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// take gets hold of the object's bytes. It reports false if they may be gone because the object was replaced.
func (r *Reader) take(b *bucketState) (bool, error) {
	i := r.row.body.id
	switch r.row.body.kind {
	case bodyNone:
		return true, nil
	case bodyInline:
		err := r.s.view(idKey(rowBytes, i), func(v []byte) error {
			r.inline = r.copy(v)
			return nil
		})
		if err != nil {
			return false, err
		}
		if r.inline == nil {
			return r.gone(b)
		}
		if n := int64(len(r.inline)); n != r.row.storedSize() {
			return false, fmt.Errorf("body of %d bytes, object of %d: %w", n, r.row.storedSize(), r.row.damage())
		}
		return true, nil
	}
	r.s.pins.pin(i)
	r.pinned = true
	still, err := r.stillThere(b)
	if err != nil || !still {
		return false, err
	}
	if r.row.body.kind == bodyManifest {
		return true, r.loadManifest()
	}
	return true, nil
}

// small is memory for a small body, for one Reader after the other: its bytes are most of what a GET would leave to the garbage
// collector. It is no larger because a client that stalls keeps it.
type small [8 << 10]byte

// copy returns a copy of a body, for use until Close.
func (r *Reader) copy(v []byte) []byte {
	if len(v) > len(small{}) {
		return append(make([]byte, 0, len(v)), v...)
	}
	r.small = r.s.smalls.Get().(*small)
	return append(r.small[:0], v...)
}

// gone tells a body that vanished because its object was replaced, which is no error, from one that is missing.
func (r *Reader) gone(b *bucketState) (bool, error) {
	still, err := r.stillThere(b)
	if err == nil && still {
		err = fmt.Errorf("body of object is missing: %w", errCorrupt)
	}
	return false, err
}

// stillThere reports whether the version that was asked for still has the body that its row named.
func (r *Reader) stillThere(b *bucketState) (bool, error) {
	now, found, err := r.s.find(b, r.row.Key, r.version)
	return err == nil && found && now.body == r.row.body, err
}

func (r *Reader) loadManifest() error {
	err := r.s.view(idKey(rowManifest, r.row.body.id), func(v []byte) (err error) {
		r.parts, err = decodeManifest(v)
		return err
	})
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	r.ends = make([]int64, len(r.parts))
	size := int64(0)
	for i := range r.parts {
		size += r.parts[i].Size
		r.ends[i] = size
	}
	if size != r.row.Size {
		return fmt.Errorf("parts of %d bytes, object of %d: %w", size, r.row.Size, errCorrupt)
	}
	return nil
}

// Object describes what is read.
func (r *Reader) Object() *Object { return &r.row.Object }

// Parts lists the parts of a completed upload in order of their numbers; nil for an object put in one piece or copied.
func (r *Reader) Parts() []Part {
	if r.row.PartCount == 0 {
		return nil
	}
	parts := make([]Part, len(r.parts))
	for i := range parts {
		parts[i] = r.parts[i].Part
	}
	return parts
}

// Close lets go of the object's bytes. Closing twice is not an error.
func (r *Reader) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	r.mu.Lock()
	last := r.last
	r.last = nil
	r.mu.Unlock()
	if r.small != nil && !r.held.Load() {
		r.s.smalls.Put(r.small)
	}
	var err error
	if last != nil {
		err = last.drop()
	}
	if r.pinned {
		if b, ok := r.s.pins.unpin(r.row.body.id); ok {
			r.s.reaper.add(b)
		}
	}
	return err
}

// piece is where some bytes of the object lie: n bytes from off in one body.
type piece struct {
	body   body
	inline []byte // the object's own
	off, n int64
	size   int64 // bytes of the body, before it was sealed
}

// piece returns the piece that begins at off and has at most n bytes, but at least one.
func (r *Reader) piece(off, n int64) piece {
	if r.parts == nil {
		return piece{r.row.body, r.inline, off, n, r.row.Size}
	}
	i := sort.Search(len(r.ends), func(i int) bool { return r.ends[i] > off })
	begin := r.ends[i] - r.parts[i].Size
	return piece{r.parts[i].body, nil, off - begin, min(n, r.ends[i]-off), r.parts[i].Size}
}

// ReadAt reads from the object's bytes as io.ReaderAt does.
func (r *Reader) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("read object: negative offset")
	}
	for n < len(p) {
		if off >= r.row.Size {
			return n, io.EOF
		}
		pc := r.piece(off, min(int64(len(p)-n), r.row.Size-off))
		m, err := r.readPiece(p[n:n+int(pc.n)], pc)
		n += m
		off += int64(m)
		if err != nil {
			return n, fmt.Errorf("read object: %w", err)
		}
	}
	return n, nil
}

// readPiece fills p with the whole piece.
func (r *Reader) readPiece(p []byte, pc piece) (int, error) {
	if r.closed.Load() {
		return 0, ErrClosed
	}
	if r.row.sealed() {
		return r.readSealed(p, pc)
	}
	switch {
	case pc.inline != nil:
		return copy(p, pc.inline[pc.off:]), nil
	case pc.body.kind == bodyInline:
		return r.readRow(p, pc)
	}
	f, err := r.file(pc.body.id)
	if err != nil {
		return 0, err
	}
	n, err := f.ReadAt(p, pc.off)
	if cerr := f.drop(); err == nil {
		err = cerr
	}
	if n == len(p) {
		return n, nil
	}
	return n, noEOF(err)
}

// readRow reads a piece of a part that is a row.
func (r *Reader) readRow(p []byte, pc piece) (n int, err error) {
	if err := r.s.enter(context.Background()); err != nil {
		return 0, err
	}
	defer r.s.leave()
	err = r.s.view(idKey(rowBytes, pc.body.id), func(v []byte) error {
		n = copy(p, v[min(pc.off, int64(len(v))):])
		return nil
	})
	if err == nil && n < len(p) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// noEOF turns the end of a file, which here comes too early, into an error that no reader takes for the object's end.
func noEOF(err error) error {
	if err == io.EOF || err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// openFile is a file that the reads under way share.
type openFile struct {
	reader
	id   id
	uses atomic.Int32
}

func (f *openFile) drop() error {
	if f.uses.Add(-1) == 0 {
		return f.Close()
	}
	return nil
}

// file returns the open file of a body; the caller drops it.
func (r *Reader) file(i id) (*openFile, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last != nil && r.last.id == i {
		r.last.uses.Add(1)
		return r.last, nil
	}
	f, err := r.s.files.open(i)
	if err != nil {
		return nil, err
	}
	if r.last != nil {
		if err := r.last.drop(); err != nil {
			_ = f.Close()
			return nil, err
		}
	}
	r.last = &openFile{reader: f, id: i}
	r.last.uses.Store(2)
	return r.last, nil
}
