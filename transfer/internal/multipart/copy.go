package multipart

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/internal/wireform"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// Copy is an object and where it is copied to, within the service.
type Copy struct {
	Flow

	From, To *icos.Object
	Info     *icos.ObjectInfo // what is known of From, as in Download
	Options  icos.CopyOptions // Threshold, PartSize and Concurrency are not used
	PartSize int64            // bytes; if zero, 256 MiB

	// Threshold is the size in bytes above which the copy is made of parts. If zero,
	// 5 GB, up to which the service copies an object with one request.
	Threshold int64
}

// Copy copies an object without moving its bytes through this machine. The
// client of To sends the requests, and must be allowed to read From. If the object is
// replaced meanwhile the copy starts over, unless Options.IfMatch is set.
func (e *Env) Copy(ctx context.Context, o *Copy) (Result, error) {
	m := e.mover(&o.Flow)
	known, startedOver := o.Info, ""
	for again := 0; ; again++ {
		c := &copying{mover: m, o: o}
		r, err := c.run(ctx, known)
		if startedOver != "" {
			r.StartedOver = startedOver // of several reasons the first
		}
		if !errors.Is(err, icos.ErrChanged) || o.Options.IfMatch != "" || again == maxStartOver || ctx.Err() != nil {
			return r, err
		}
		known, startedOver = nil, "the source was replaced meanwhile"
		m.log(ctx, "start over", "object", o.From.String(), "error", err)
		m.takeBack()
	}
}

// copying is one version of an object being copied.
type copying struct {
	*mover
	o    *Copy
	wire *s3.Client // of the target
	src  icos.ObjectInfo
}

func (c *copying) run(ctx context.Context, known *icos.ObjectInfo) (Result, error) {
	var err error
	if c.wire, err = c.o.To.Bucket().S3(ctx); err != nil {
		return Result{}, err
	}
	threshold := c.o.Threshold
	if threshold <= 0 || threshold > maxCopySize {
		threshold = maxCopySize
	}
	if known != nil {
		c.src = *known
	}
	// A list does not tell the attributes, which a copy in parts has to bring itself.
	if c.src.ETag == "" || c.src.Size > threshold {
		if err := c.stat(ctx); err != nil {
			return Result{}, err
		}
	}
	if want := c.o.Options.IfMatch; want != "" && want != c.src.ETag {
		return Result{}, fmt.Errorf("the source %w: its ETag is %s, not %s", icos.ErrChanged, c.src.ETag, want)
	}
	if c.src.Size <= threshold {
		return c.whole(ctx)
	}
	return c.parts(ctx)
}

func (c *copying) stat(ctx context.Context) error {
	return c.persist(ctx, "look at "+c.o.From.Key(), func(ctx context.Context) (bool, error) {
		return false, c.alone(ctx, func(ctx context.Context) (err error) {
			c.src, err = c.o.From.Stat(c.patiently(ctx))
			return err
		})
	})
}

// whole has the service copy the object with one request.
func (c *copying) whole(ctx context.Context) (Result, error) {
	from, to := c.o.From, c.o.To
	r := &s3.CopyObjectRequest{
		Bucket: to.Bucket().Name(), Key: to.Key(),
		SourceBucket: from.Bucket().Name(), SourceKey: from.Key(), SourceVersionID: from.VersionID(),
		SourceIfMatch: c.src.ETag, ACL: string(c.o.Options.ACL),
		CustomerKey: to.CustomerKey(), SourceCustomerKey: from.CustomerKey(),
	}
	if a := c.o.Options.Attributes; a != nil {
		r.MetadataDirective = "REPLACE"
		r.ServerSideEncryption = wireform.Encryption(a.Encrypt)
		r.ContentType, r.CacheControl, r.ContentDisposition = a.ContentType, a.CacheControl, a.ContentDisposition
		r.ContentEncoding, r.ContentLanguage, r.Expires, r.Metadata = a.ContentEncoding, a.ContentLanguage, a.Expires, a.Metadata
	}
	o := &c.o.Options
	if o.Tags != nil {
		r.TaggingDirective, r.Tags = "REPLACE", wireform.Tags(o.Tags)
	}
	if k := o.Retention; k != (icos.Retention{}) {
		r.RetentionDirective = "REPLACE"
		r.RetentionPeriod, r.RetentionExpirationDate, r.RetentionLegalHoldID = wireform.Seconds(k.For), k.Until, k.Hold
	}
	if o.KeepRetention {
		r.RetentionDirective = "COPY"
	}
	r.ObjectLockMode, r.ObjectLockRetainUntilDate = string(o.Lock.Mode), o.Lock.Until
	r.ObjectLockLegalHold = wireform.LegalHold(o.Lock.Hold)
	var resp *s3.CopyObjectResponse
	err := c.alone(ctx, func(ctx context.Context) error {
		return c.persist(ctx, "copy "+from.Key(), func(ctx context.Context) (_ bool, err error) {
			resp, err = c.wire.CopyObject(c.patiently(ctx), r)
			return false, err
		})
	})
	if err != nil {
		return Result{}, c.refused(ctx, err)
	}
	c.report(c.src.Size)
	res := Result{Parts: 1, Info: icos.ObjectInfo{
		Key: to.Key(), Size: c.src.Size, ETag: resp.ETag, ModTime: resp.LastModified, VersionID: resp.VersionID, Checksum: resp.Checksum,
	}}
	res.Verified, res.How = c.judge(&res.Info)
	return res, nil
}

// judge says whether the copy was compared with its source, and by what.
func (c *copying) judge(got *icos.ObjectInfo) (bool, string) {
	was, is := c.src.Checksum, got.Checksum
	switch {
	case was.Value != "" && was.Algorithm == is.Algorithm && was.Value == is.Value:
		return true, string(is.Algorithm)
	case wantedOf(&icos.ObjectInfo{ETag: got.ETag}).md5 != "" && got.ETag == c.src.ETag:
		return true, "MD5"
	}
	return false, "the service made the copy, and keeps no checksums to compare"
}

// refused explains why the service did not copy.
func (c *copying) refused(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*icos.Error](err); ok && e.StatusCode == http.StatusPreconditionFailed {
		return fmt.Errorf("the source %w: its ETag is no longer %s: %w", icos.ErrChanged, c.src.ETag, err)
	}
	return explain(ctx, c.o.To.Bucket(), err)
}

// tags gives put the tags of the source.
func (c *copying) tags(ctx context.Context, put *icos.PutOptions) error {
	return c.persist(ctx, "tags of "+c.o.From.Key(), func(ctx context.Context) (bool, error) {
		return false, c.alone(ctx, func(ctx context.Context) (err error) {
			put.Tags, err = c.o.From.Tags(c.patiently(ctx))
			return err
		})
	})
}

// parts copies an object too large for one request. The service does not
// carry the attributes over then, so they are set from what it says about the source.
func (c *copying) parts(ctx context.Context) (Result, error) {
	put := &icos.PutOptions{
		ContentType: c.src.ContentType, CacheControl: c.src.CacheControl, ContentDisposition: c.src.ContentDisposition,
		ContentEncoding: c.src.ContentEncoding, ContentLanguage: c.src.ContentLanguage, Metadata: c.src.Metadata,
	}
	if a := c.o.Options.Attributes; a != nil {
		attributes := *a
		put = &attributes
	}
	put.ACL = c.o.Options.ACL
	if c.o.Options.KeepRetention {
		return Result{}, errors.New("KeepRetention: the object is copied in parts, for which the service does not copy what keeps the source; set Retention")
	}
	put.Tags, put.Retention, put.Lock = c.o.Options.Tags, c.o.Options.Retention, c.o.Options.Lock
	if put.Tags == nil && c.src.TagCount > 0 {
		if err := c.tags(ctx, put); err != nil {
			return Result{}, err
		}
	}
	want := c.o.PartSize
	if want == 0 {
		want = defaultCopyPartSize
	}
	s := &session{
		mover: c.mover, to: c.o.To, put: put, sums: sumsFor(c.o.To.Bucket().Client().Checksum()),
		source: checkpoint.Header{
			Size: c.src.Size, ModTime: c.src.ModTime, ETag: c.src.ETag, VersionID: c.o.From.VersionID(),
		},
		grid: grid{c.src.Size, partSizeFor(c.src.Size, want)},
	}
	if sum := c.src.Checksum; s.sums.whole() && sum.Algorithm == s.sums.wire && sum.Type == s3.FullObject {
		s.expect = sum
	}
	// The upload is known to this transfer alone, and its source is pinned: a part of the right
	// size is the right part.
	s.adopt = func(_ context.Context, p icos.Part) (part, bool, error) { return s.copied(p), true, nil }
	r, err := s.run(ctx, func(ctx context.Context) error {
		return s.send(ctx, func(ctx context.Context, number int) (part, error) { return c.part(ctx, s, number) })
	})
	if err == nil {
		r.Verified, r.How = c.judge(&r.Info)
	}
	return r, err
}

// copied is a part that the service made.
func (s *session) copied(p icos.Part) part {
	sum, ok := decodeSum(s.sums.crc, p.Checksum.Value)
	return part{Part: p, crc: sum, summed: ok && s.sums.whole()}
}

// part has the service copy one part.
func (c *copying) part(ctx context.Context, s *session, number int) (part, error) {
	offset, length := s.span(number - 1)
	var p icos.Part
	err := c.persist(ctx, fmt.Sprintf("part %d", number), func(ctx context.Context) (_ bool, err error) {
		p, err = s.upload.CopyPart(c.patiently(ctx), number, c.o.From, offset, length, c.src.ETag)
		return false, err
	})
	if err != nil {
		return part{}, err
	}
	c.report(length)
	return s.copied(p), nil
}
