package icos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/icos-go/icos/internal/linger"
	"github.com/icos-go/icos/internal/wireform"
	"github.com/icos-go/icos/s3"
)

// PutOptions say how an object is stored.
type PutOptions struct {
	ContentType        string // such as text/csv; if empty, the service's default
	CacheControl       string
	ContentDisposition string
	ContentEncoding    string
	ContentLanguage    string
	Expires            time.Time
	Metadata           map[string]string // names are not case-sensitive, values are ASCII
	ACL                CannedACL         // if empty, private
	Tags               map[string]string // labels, at most ten
	Retention          Retention         // how long the object is kept, in a bucket with a retention policy
	Lock               Lock              // what keeps the version, in a bucket with object lock

	// Encrypt has the service encrypt the object with a key that it keeps. For a
	// key of your own, see [Object.WithKey].
	Encrypt bool

	// IfNoneMatch, set to "*", stores the object only if there is none yet;
	// otherwise the error is fs.ErrExist. IfMatch replaces only the object with
	// that ETag; otherwise the error is that of a failed precondition.
	IfMatch     string
	IfNoneMatch string

	// Size is the number of bytes to be read, for a reader that cannot tell. It
	// saves memory in very large uploads. If zero, it is found out, if possible.
	Size int64

	// Threshold is the size in bytes from which on an object is stored in parts.
	// If zero, 8 MiB; at most 5 GiB.
	Threshold int64

	// PartSize is the size of a part in bytes. If zero, 8 MiB, or 5 MiB if parts
	// are held in memory. It is doubled until 10,000 parts are enough and kept
	// between 5 MiB and 5 GiB.
	PartSize int64

	// Concurrency is the number of parts sent at once. If zero, 4.
	Concurrency int

	// Progress is called with the number of bytes sent so far. It is called
	// from several goroutines but never by two at once, and the number never goes
	// down. It must be quick.
	Progress func(sent int64)
}

// setDefaults completes the options. inPlace says that parts take no memory.
func (p *PutOptions) setDefaults(inPlace bool) error {
	if p.Size < 0 || p.Threshold < 0 || p.PartSize < 0 || p.Concurrency < 0 {
		return errors.New("an option of PutOptions is negative")
	}
	if p.Threshold == 0 {
		p.Threshold = defaultThreshold
	}
	p.Threshold = min(p.Threshold, maxPartSize)
	if p.PartSize == 0 {
		p.PartSize = defaultPartSize
		if !inPlace {
			p.PartSize = defaultStreamPartSize
		}
	}
	p.PartSize = min(max(p.PartSize, minPartSize), maxPartSize)
	if p.Concurrency == 0 {
		p.Concurrency = defaultConcurrency
	}
	return nil
}

// Put stores what r holds, from where it stands to its end, as the object. An
// object of the same key is replaced, at once and as a whole: until Put returns
// nobody sees any of it, and if it fails nothing is left behind.
//
// What is smaller than Threshold is stored with one request, anything else in
// parts sent side by side. How r is read depends on what it can do:
//
//   - An io.ReaderAt that can seek, such as a file, is read in place. Parts take
//     no memory to speak of.
//   - Any other reader is read into buffers, one for each part on its way. They
//     have Concurrency × PartSize bytes together, 20 MiB at the defaults, however
//     long the stream is, and Threshold if that is more. If the length is not
//     known, parts grow with their number within that bound, which at the
//     defaults is enough for 180 GiB. Beyond that give Size or a larger PartSize.
//
// In both cases what was lost on the way is sent again, and every byte is
// checked on arrival. It is an error, [ErrChanged], if r is a file that changes
// meanwhile, or if it ends before its size is reached.
//
// Put does not close r, and does not return while a call of r.Read is blocked.
// What the service does not answer is missing from the ObjectInfo; [Object.Stat]
// has it all.
func (o *Object) Put(ctx context.Context, r io.Reader, opts *PutOptions) (ObjectInfo, error) {
	info, err := o.put(ctx, r, valueOr(opts))
	if err != nil {
		return ObjectInfo{}, fmt.Errorf("put: %w", err)
	}
	return info, nil
}

func (o *Object) put(ctx context.Context, r io.Reader, opts PutOptions) (ObjectInfo, error) {
	src, err := newSource(r, opts.Size)
	if err != nil {
		return ObjectInfo{}, err
	}
	if err := opts.setDefaults(src.at != nil); err != nil {
		return ObjectInfo{}, err
	}
	wire, err := o.wire(ctx)
	if err != nil {
		return ObjectInfo{}, err
	}
	p := &put{object: o, wire: wire, opts: &opts, src: src, meter: newMeter(opts.Progress)}
	info, err := p.run(ctx)
	if err == nil {
		src.consume()
	}
	return info, err
}

// A put is one run of Put.
type put struct {
	object *Object
	wire   *s3.Client
	opts   *PutOptions
	src    *source
	meter  *meter
}

func (p *put) run(ctx context.Context) (ObjectInfo, error) {
	switch {
	case p.src.at == nil:
		return p.stream(ctx)
	case p.src.size < p.opts.Threshold && p.src.file == nil:
		return p.whole(ctx, p.src.r, p.src.size)
	case p.src.size < p.opts.Threshold:
		return p.whole(ctx, p.src.section(0, p.src.size), p.src.size)
	}
	return p.multipart(ctx, p.inPlace())
}

// stream puts a reader that can only be read from front to back. Its beginning
// is read first, to see whether it reaches the threshold.
func (p *put) stream(ctx context.Context) (ObjectInfo, error) {
	s := newStream(p.src, p.opts)
	size, err := s.readHead(p.opts.Threshold)
	if err != nil {
		return ObjectInfo{}, err
	}
	if size < p.opts.Threshold {
		return p.whole(ctx, s.head(), size)
	}
	return p.multipart(ctx, p.inBuffers(s))
}

// whole puts the object with one request.
func (p *put) whole(ctx context.Context, body io.Reader, size int64) (ObjectInfo, error) {
	resp, err := p.wire.PutObject(ctx, &s3.PutObjectRequest{
		Bucket:             p.object.bucket.name,
		Key:                p.object.key,
		Body:               body,
		ContentLength:      size,
		ContentType:        p.opts.ContentType,
		CacheControl:       p.opts.CacheControl,
		ContentDisposition: p.opts.ContentDisposition,
		ContentEncoding:    p.opts.ContentEncoding,
		ContentLanguage:    p.opts.ContentLanguage,
		Expires:            p.opts.Expires,
		Metadata:           p.opts.Metadata,
		ACL:                string(p.opts.ACL),

		ServerSideEncryption: wireform.Encryption(p.opts.Encrypt),
		CustomerKey:          p.object.customer,

		RetentionPeriod:           wireform.Seconds(p.opts.Retention.For),
		RetentionExpirationDate:   p.opts.Retention.Until,
		RetentionLegalHoldID:      p.opts.Retention.Hold,
		Tags:                      wireform.Tags(p.opts.Tags),
		ObjectLockMode:            string(p.opts.Lock.Mode),
		ObjectLockRetainUntilDate: p.opts.Lock.Until,
		ObjectLockLegalHold:       wireform.LegalHold(p.opts.Lock.Hold),

		IfMatch:     p.opts.IfMatch,
		IfNoneMatch: p.opts.IfNoneMatch,
		Sent:        p.meter.hook(),
	})
	if err != nil {
		return ObjectInfo{}, p.blame(p.object.bucket.explain(ctx, err))
	}
	return ObjectInfo{
		Key: p.object.key, Size: size, ETag: resp.ETag, VersionID: resp.VersionID, Checksum: resp.Checksum,
		ContentType: p.opts.ContentType, Metadata: p.opts.Metadata, EncryptedBy: encryptedBy(&resp.EncryptionHeader),
	}, nil
}

// blame returns err or, if the source changed, that: it may be why the service got bytes that did not have
// their checksum.
func (p *put) blame(err error) error {
	if err == nil {
		return nil
	}
	if changed := p.src.check(); changed != nil && !errors.Is(err, ErrChanged) {
		return changed
	}
	return err
}

// A job makes one part of an upload.
type job func(ctx context.Context, u *Upload) (Part, error)

// nextJob returns the job that makes part n, or errNoMore after the last. Its
// context ends when any part fails.
type nextJob func(ctx context.Context, n int) (job, error)

var errNoMore = errors.New("no more parts")

// inPlace divides a source that can be read anywhere.
func (p *put) inPlace() nextJob {
	partSize := partSizeFor(p.src.size, p.opts.PartSize)
	return func(_ context.Context, n int) (job, error) {
		off := int64(n-1) * partSize
		if off >= p.src.size && n > 1 { // an empty object has one empty part
			return nil, errNoMore
		}
		size := min(partSize, p.src.size-off)
		return func(ctx context.Context, u *Upload) (Part, error) {
			part, err := u.putPart(ctx, n, p.src.section(off, size), size, s3.Checksum{}, p.meter)
			return part, p.blame(err)
		}, nil
	}
}

// inBuffers divides a source that can be read only once.
func (p *put) inBuffers(s *stream) nextJob {
	return func(ctx context.Context, n int) (job, error) {
		b, err := s.next(ctx, n)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, u *Upload) (Part, error) {
			defer s.release(b)
			return u.putPart(ctx, n, b.reader(), b.size, s3.Checksum{}, p.meter)
		}, nil
	}
}

// multipart puts the object in parts. Whatever happens, panics of the source
// included, no upload is left behind.
func (p *put) multipart(ctx context.Context, next nextJob) (info ObjectInfo, err error) {
	// An upload whose ID never arrives can never be aborted. So when ctx ends, the
	// answer is waited for a little longer.
	late, cancel := linger.Context(ctx, endGrace)
	u, err := p.object.NewUpload(late, p.opts)
	cancel()
	if err != nil {
		return ObjectInfo{}, err
	}
	complete := false
	defer func() {
		if !complete {
			err = u.abandon(ctx, err)
		}
	}()
	parts, err := p.parts(ctx, u, next)
	if err != nil {
		return ObjectInfo{}, err
	}
	info, err = u.Complete(ctx, parts, &CompleteOptions{
		IfMatch: p.opts.IfMatch, IfNoneMatch: p.opts.IfNoneMatch, Retention: p.opts.Retention,
	})
	if err != nil {
		return ObjectInfo{}, err
	}
	complete = true
	info.ContentType, info.Metadata = p.opts.ContentType, p.opts.Metadata
	return info, nil
}

// parts sends all parts and returns them in order. When it returns nothing is on
// its way any more.
func (p *put) parts(ctx context.Context, u *Upload, next nextJob) ([]Part, error) {
	ctx, cancel := context.WithCancel(ctx)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(p.opts.Concurrency)
	// Even if next panics, nothing may still be sent when the upload is aborted.
	defer func() {
		cancel()
		_ = g.Wait() // the error was returned already, or is about the cancellation
	}()

	var mu sync.Mutex
	var parts []Part
	for n := 1; ; n++ {
		run, err := next(gctx, n)
		if err == errNoMore || gctx.Err() != nil {
			break
		}
		if err != nil {
			return nil, err
		}
		g.Go(func() error {
			part, err := run(gctx, u)
			if err != nil {
				return fmt.Errorf("part %d: %w", n, err)
			}
			mu.Lock()
			defer mu.Unlock()
			parts = append(parts, part)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	slices.SortFunc(parts, func(a, b Part) int { return a.Number - b.Number })
	return parts, nil
}

// endGrace is how long the end of an upload may take after its context ended.
const endGrace = 15 * time.Second

// abandon aborts an upload that failed for a reason, and returns the reason. It
// does so even if ctx is over.
func (u *Upload) abandon(ctx context.Context, reason error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endGrace)
	defer cancel()
	err := u.Abort(ctx)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return reason
	}
	return fmt.Errorf("%w (and the parts sent stay in upload %s, to be aborted with Object.Upload: %v)", reason, u.id, err)
}
