package multipart

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/internal/crc"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// ranged is a download in ranges, side by side.
type ranged struct {
	*download
	grid
	crc  crc.Algorithm
	kept bool // the checkpoint knows of it

	mu   sync.Mutex
	have []arrived // by range
}

// arrived is what the file has of a range: its first bytes.
type arrived struct {
	size int64
	crc  uint64 // of these bytes
}

// ranges fetches an object in ranges of about step bytes.
func (d *download) ranges(ctx context.Context, step int64) (Result, error) {
	d.want = wantedOf(&d.info)
	r := &ranged{download: d, crc: d.want.crc(), kept: d.Checkpoint != nil}
	r.grid = grid{d.info.Size, max(step, 1<<20)}
	old, why := r.open(ctx)
	r.have = make([]arrived, r.count())
	if err := r.reserve(r.size); err != nil {
		return Result{StartedOver: why}, err
	}
	f := r.follow(ctx)
	err := r.fetchAll(ctx, old, f)
	sum, hashErr := f.wait(err == nil)
	result := Result{Info: d.info, Parts: r.count(), PartSize: r.step, Resumed: r.saved.Load(), StartedOver: why}
	if err == nil {
		err = hashErr
	}
	if err == nil {
		err = r.verify(ctx, sum)
	}
	if err != nil {
		return result, err
	}
	result.Verified, result.How = d.want.verdict()
	return result, nil
}

// open looks for a checkpoint to go on from, and begins one otherwise. It returns what that says is on
// disk, and why it is of no use, if so.
func (r *ranged) open(ctx context.Context) (old map[int]checkpoint.Piece, why string) {
	if !r.kept {
		return nil, ""
	}
	// One without parts was begun for another way to move the object.
	if h, ok := r.Checkpoint.Header(); ok && (h.PartSize != 0 || h.Algorithm != "") {
		if why = r.differs(h); why == "" {
			r.step = h.PartSize
			old = map[int]checkpoint.Piece{}
			for _, p := range r.Checkpoint.Pieces() {
				old[p.Number] = p
			}
			return old, ""
		}
	}
	h := r.Header
	h.Size, h.ModTime, h.ETag, h.VersionID = r.size, r.info.ModTime, r.info.ETag, r.info.VersionID
	h.PartSize, h.Algorithm, h.Created = r.step, r.crc.String(), time.Now()
	if err := r.Checkpoint.Begin(h); err != nil {
		r.kept = false
		r.log(ctx, "no checkpoint", "object", r.from.String(), "error", err)
	}
	return nil, why
}

// differs says why the checkpoint is that of another version, "" if it is that of ours.
func (r *ranged) differs(h checkpoint.Header) string {
	switch {
	case h.Size != r.size || h.ETag != r.info.ETag || h.VersionID != r.info.VersionID:
		return "the object was replaced"
	case h.Algorithm != r.crc.String():
		return "checksums are now of another kind"
	case h.PartSize <= 0 || h.Size/h.PartSize > 1<<20:
		return "the checkpoint makes no sense"
	}
	return ""
}

// fetchAll fetches what the file does not have.
func (r *ranged) fetchAll(ctx context.Context, old map[int]checkpoint.Piece, f *follower) error {
	i := -1
	return r.aside(ctx, 0, func(context.Context) (func(context.Context) error, error) {
		for i++; i < r.count(); i++ {
			offset, length := r.span(i)
			if p, ok := old[i]; ok && p.Offset == offset && p.Length > 0 && p.Length <= length {
				good, err := r.intact(offset, p.Length, p.CRC)
				if err != nil {
					return nil, err
				}
				if good {
					r.have[i] = arrived{p.Length, p.CRC}
					r.resumed(p.Length)
				}
			}
			if r.have[i].size == length {
				f.ready(i)
				continue
			}
			n := i
			return func(ctx context.Context) error {
				if err := r.fetchRange(ctx, n); err != nil {
					return fmt.Errorf("range %d: %w", n, err)
				}
				f.ready(n)
				return nil
			}, nil
		}
		return nil, nil
	})
}

// intact says whether the file has the bytes that the checkpoint tells of.
func (r *ranged) intact(offset, length int64, want uint64) (bool, error) {
	start := time.Now()
	defer func() { r.meter.Disk(time.Since(start)) }()
	h := r.newCRC()
	err := r.env.sumFile(h, r.to, offset, length)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read what is there already: %w", err)
	}
	return sumOf(h) == want, nil
}

// fetchRange fetches what is missing of a range. However it ends, what arrived is noted.
func (r *ranged) fetchRange(ctx context.Context, i int) error {
	offset, length := r.span(i)
	had := r.have[i]
	p := &piece{offset: offset + had.size, length: length - had.size, digest: &digest{crc: r.newCRC()}}
	err := r.fetchPiece(ctx, i, p)
	if p.got > 0 {
		r.note(ctx, i, arrived{had.size + p.got, r.crc.Combine(had.crc, p.digest.sum(), p.got)})
	}
	return err
}

// fetchPiece fetches a piece of a range, with as many requests as it takes.
func (r *ranged) fetchPiece(ctx context.Context, i int, p *piece) error {
	return r.persist(ctx, fmt.Sprintf("range %d", i), func(ctx context.Context) (bool, error) {
		before := p.got
		err := r.fetch(ctx, p)
		return p.got > before, err
	})
}

// newCRC returns what sums a range.
func (r *ranged) newCRC() hash.Hash { return s3.ChecksumAlgorithm(r.crc.String()).New() }

// note keeps what the file has of a range.
func (r *ranged) note(ctx context.Context, i int, a arrived) {
	r.mu.Lock()
	r.have[i] = a
	r.mu.Unlock()
	if !r.kept {
		return
	}
	offset, _ := r.span(i)
	if err := r.Checkpoint.Add(checkpoint.Piece{Number: i, Offset: offset, Length: a.size, CRC: a.crc}); err != nil {
		// It will have to be fetched again if this process ends, and is not lost otherwise.
		r.log(ctx, "range not in the checkpoint", "range", i, "error", err)
	}
}

// verify compares the whole object, of which all ranges have arrived, with what the service keeps. sum
// is that of the hash that needs the bytes in order, if there is one.
func (r *ranged) verify(ctx context.Context, sum []byte) error {
	err := r.want.match(r.sum(sum))
	if err == nil {
		return nil
	}
	r.log(ctx, "fetch again to find the damage", "object", r.from.String(), "error", err)
	return r.repair(ctx)
}

// sum returns the checksum of the whole object, of the kind that is wanted.
func (r *ranged) sum(sequential []byte) []byte {
	if sequential != nil {
		return sequential
	}
	c := crc.NewCombiner(r.crc)
	var sum uint64
	for _, a := range r.have {
		sum = c.Combine(sum, a.crc, a.size)
	}
	return bytesOf(r.crc, sum)
}

// repair fetches range by range again until the whole is what it should be. Of the bytes of a range
// that came in two ways, those are right that come again. What was read from the disk is not
// trusted either.
func (r *ranged) repair(ctx context.Context) error {
	var found, differing atomic.Bool
	i := -1
	err := r.aside(ctx, 0, func(context.Context) (func(context.Context) error, error) {
		if i++; i >= r.count() || found.Load() {
			return nil, nil
		}
		n := i
		return func(ctx context.Context) error {
			changed, err := r.confirm(ctx, n)
			if changed {
				differing.Store(true)
			}
			if err == nil && changed && r.want.sequential() == nil {
				r.mu.Lock()
				defer r.mu.Unlock()
				found.Store(r.want.match(r.sum(nil)) == nil)
			}
			return err
		}, nil
	})
	if err != nil {
		return err
	}
	var sum []byte
	if h := r.want.sequential(); h != nil {
		if err := r.env.sumFile(h, r.to, 0, r.size); err != nil {
			return fmt.Errorf("read what was fetched: %w", err)
		}
		sum = h.Sum(nil)
	}
	err = r.want.match(r.sum(sum))
	if err != nil && r.want.md5 != "" && !differing.Load() {
		r.want.unlike = true // every byte came twice, so these are the object's, whatever its ETag is
		return nil
	}
	return err
}

// confirm fetches a range again until it came twice with the same bytes, counting those in the file, and
// says whether they are others than were noted.
func (r *ranged) confirm(ctx context.Context, i int) (changed bool, err error) {
	offset, length := r.span(i)
	h := r.newCRC()
	if err := r.env.sumFile(h, r.to, offset, length); err != nil {
		return false, fmt.Errorf("read what was fetched: %w", err)
	}
	noted, seen := r.have[i].crc, map[uint64]bool{sumOf(h): true}
	for range maxRepeats + 1 {
		p := &piece{offset: offset, length: length, digest: &digest{crc: r.newCRC()}}
		err := r.fetchPiece(ctx, i, p)
		r.report(-p.got) // it was counted before
		if err != nil {
			return false, fmt.Errorf("range %d: %w", i, err)
		}
		now := p.digest.sum()
		if seen[now] {
			r.note(ctx, i, arrived{length, now})
			return now != noted, nil
		}
		seen[now] = true
	}
	return false, fmt.Errorf("range %d: %w: it came with other bytes every time", i, icos.ErrChecksum)
}

// A follower sums the object in its order, close behind the ranges as they arrive. A nil one does
// nothing.
type follower struct {
	hash  hash.Hash
	done  chan int // ranges that are in the file; closed after the last
	ended chan struct{}
	err   error
}

// follow starts a follower, if the object has to be summed in its order.
func (r *ranged) follow(ctx context.Context) *follower {
	h := r.want.sequential()
	if h == nil {
		return nil
	}
	f := &follower{hash: h, done: make(chan int, r.count()), ended: make(chan struct{})}
	go func() {
		defer close(f.ended)
		there, next := map[int]bool{}, 0
		for i := range f.done {
			for there[i] = true; there[next] && f.err == nil && ctx.Err() == nil; next++ {
				delete(there, next)
				offset, length := r.span(next)
				f.err = r.env.sumFile(h, r.to, offset, length)
			}
		}
	}()
	return f
}

// ready tells that a range is in the file.
func (f *follower) ready(i int) {
	if f != nil {
		f.done <- i // has room for all
	}
}

// wait ends the follower. It returns the sum of the object if all of it was there.
func (f *follower) wait(all bool) ([]byte, error) {
	if f == nil {
		return nil, nil
	}
	close(f.done)
	<-f.ended
	if !all {
		return nil, nil
	}
	if f.err != nil {
		return nil, fmt.Errorf("read what was fetched: %w", f.err)
	}
	return f.hash.Sum(nil), nil
}
