package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos"
)

// Sizes of what is sent at once, in bytes.
const (
	minProbe   = 64 << 10
	maxProbe   = 8 << 20
	maxSource  = 64 << 20 // of the temporary object
	leastThere = 1 << 20  // of an object that is read in place of it
	cleanTime  = 30 * time.Second
)

// A probe is what measuring leaves in a bucket until it is cleaned up: the parts
// of an upload that is never completed, and one object.
type probe struct {
	bucket *icos.Bucket
	key    string
	data   []byte // what is sent, of maxProbe bytes that nothing can compress

	upload  *icos.Upload // nil until begun
	parts   atomic.Int64
	object  *icos.Object // to be removed; nil if there is none
	unknown bool         // whether the object was made is not known
}

func newProbe(b *icos.Bucket, prefix string) *probe {
	var id [8]byte
	_, _ = rand.Read(id[:])
	p := &probe{bucket: b, key: prefix + ".icos-bench-" + hex.EncodeToString(id[:]), data: make([]byte, maxProbe)}
	_, _ = rand.Read(p.data)
	return p
}

// part sends n bytes by way of bucket b, which is that of the probe by some engine.
func (p *probe) part(ctx context.Context, b *icos.Bucket, n int64) error {
	number := int((p.parts.Add(1)-1)%10_000) + 1
	_, err := b.Object(p.key).Upload(p.upload.ID()).PutPart(ctx, number, bytes.NewReader(p.data[:n]), n, nil)
	return err
}

// source returns an object to download, of about what rate brings in a second. It is
// made by engine e unless the bucket would not let go of it.
func (p *probe) source(ctx context.Context, e *pathEngine, rate float64, most int64) (icos.ObjectInfo, error) {
	if p.keeps(ctx) {
		return p.existing(ctx)
	}
	size := min(max(int64(rate), leastThere), maxSource, most)
	p.object, p.unknown = p.bucket.Object(p.key), true
	body := io.LimitReader(&repeat{data: p.data}, size)
	info, err := e.bucket.Object(p.key).Put(ctx, body, &icos.PutOptions{Size: size, Threshold: maxSource + 1})
	if err != nil {
		return icos.ObjectInfo{}, err
	}
	p.unknown = false
	if info.VersionID != "" {
		p.object = p.object.Version(info.VersionID) // or a delete marker would be left, and the bytes
	}
	return info, nil
}

// keeps reports whether the bucket has a policy by which a new object could not be
// removed: IBM's retention, or a lock by default. One that cannot be asked has none.
func (p *probe) keeps(ctx context.Context) bool {
	if policy, err := p.bucket.Protection(ctx); err == nil && policy.Enabled {
		return true
	}
	lock, err := p.bucket.ObjectLock(ctx)
	return err == nil && lock != (icos.LockDefault{})
}

// existing returns the largest object among the first of the bucket.
func (p *probe) existing(ctx context.Context) (icos.ObjectInfo, error) {
	var best icos.ObjectInfo
	for page, err := range p.bucket.Pages(ctx, nil) {
		if err != nil {
			return icos.ObjectInfo{}, err
		}
		for _, o := range page.Objects {
			if o.Size > best.Size {
				best = o
			}
		}
		break
	}
	if best.Size < leastThere {
		return icos.ObjectInfo{}, fmt.Errorf("the bucket does not let objects be removed, and has none of %s to read", formatSize(leastThere))
	}
	return best, nil
}

// clean removes what there is, even if ctx has ended.
func (p *probe) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
	defer cancel()
	var errs []error
	if p.upload != nil {
		if err := p.upload.Abort(ctx); err != nil {
			errs = append(errs, fmt.Errorf("parts were left behind, which icos rm --incomplete cos://%s removes: %w", p.bucket.Name(), err))
		}
	}
	if p.object != nil {
		if err := p.remove(ctx); err != nil {
			errs = append(errs, fmt.Errorf("a temporary object was left behind, %s: %w", p.object, err))
		}
	}
	return errors.Join(errs...)
}

// remove removes the temporary object, and every version of it if its version is
// not known.
func (p *probe) remove(ctx context.Context) error {
	if !p.unknown {
		return p.object.Delete(ctx)
	}
	var errs []error
	for v, err := range p.bucket.Versions(ctx, &icos.ListOptions{Prefix: p.key}) {
		if err != nil {
			errs = append(errs, err)
			break
		}
		errs = append(errs, p.bucket.Object(v.Key).Version(v.VersionID).Delete(ctx))
	}
	return errors.Join(errs...)
}

// repeat reads the same bytes again and again.
type repeat struct {
	data []byte
	at   int
}

func (r *repeat) Read(b []byte) (int, error) {
	n := copy(b, r.data[r.at:])
	r.at = (r.at + n) % len(r.data)
	return n, nil
}

// upload measures how fast engine e sends.
func (b *benchPath) upload(ctx context.Context, p *probe, e *pathEngine) error {
	if p.upload == nil {
		u, err := p.bucket.Object(p.key).NewUpload(ctx, nil)
		if err != nil {
			return err
		}
		p.upload = u
	}
	return e.lossOf(func() (err error) {
		g := goodput{workers: b.connections, duration: b.duration, budget: int64(b.size)}
		e.result.Up, e.result.Sent, err = g.measure(ctx, func(ctx context.Context, n int64) error { return p.part(ctx, e.bucket, n) })
		return err
	})
}

// download measures how fast engine e receives.
func (b *benchPath) download(ctx context.Context, source icos.ObjectInfo, e *pathEngine) (err error) {
	g := goodput{workers: b.connections, duration: b.duration, budget: int64(b.size), most: source.Size}
	e.result.Down, e.result.Got, err = g.measure(ctx, func(ctx context.Context, n int64) error {
		r, err := e.bucket.Object(source.Key).Get(ctx, &icos.GetOptions{Offset: mathrand.Int64N(source.Size - n + 1), Length: n})
		if err != nil {
			return err
		}
		defer r.Close()
		got, err := io.Copy(io.Discard, r)
		if err == nil && got != n {
			err = fmt.Errorf("%d bytes arrived of %d", got, n)
		}
		return err
	})
	return err
}
