package multipart

import (
	"context"
	"crypto/fips140"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/internal/wireform"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// Source is a file to upload. An *os.File is one.
type Source interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// Upload is a file and where it goes.
type Upload struct {
	Flow

	File Source
	Info fs.FileInfo // File's, from before: what it must still be at the end; if nil, File is asked
	To   *icos.Object

	// Put says what is stored. Its Size, Threshold, PartSize, Concurrency and
	// Progress do not count.
	Put icos.PutOptions

	PartSize  int64 // bytes; if zero, chosen by Env.Tuner
	Threshold int64 // bytes from which parts are used; if zero, 8 MiB, or more if Env.Tuner thinks so
}

// Upload stores a file as an object. The file is read in place; that it
// changes meanwhile is an error, icos.ErrChanged.
//
// A checkpoint is used from Threshold on. If the file is not the one of the
// checkpoint, or the service has forgotten the upload, it starts over and
// Result.StartedOver says why.
func (e *Env) Upload(ctx context.Context, u *Upload) (Result, error) {
	f := &file{u.File, u.Info}
	if f.was == nil {
		var err error
		if f.was, err = u.File.Stat(); err != nil {
			return Result{}, err
		}
	}
	threshold := u.Threshold
	if threshold == 0 {
		threshold = defaultUploadThreshold
	}
	switch size := f.was.Size(); {
	case size == 0 && !isEmptyFile(f):
		s := &Stream{Flow: u.Flow, Reader: io.NewSectionReader(f, 0, math.MaxInt64), To: u.To, Put: u.Put, PartSize: u.PartSize}
		return e.Stream(ctx, s)
	case size < min(threshold, maxPartSize), u.Threshold == 0 && u.PartSize == 0 && e.soonDone(u, size):
		return e.uploadWhole(ctx, u, f)
	}
	return e.uploadParts(ctx, u, f)
}

// soonDone says whether a file is sent so soon that parts would only take longer: what is lost when the transfer
// stops is no more than with parts. Of one that was begun in parts, these are there already.
func (e *Env) soonDone(u *Upload, size int64) bool {
	if u.Checkpoint != nil {
		if _, begun := u.Checkpoint.Header(); begun {
			return false
		}
	}
	for _, l := range u.Limiters {
		if l.Rate() > 0 {
			return false
		}
	}
	return size <= maxPartSize && e.Tuner.Whole(size)
}

// isEmptyFile says whether a file that claims to have no bytes is right. Those of /proc are not.
func isEmptyFile(f *file) bool {
	var one [1]byte
	n, _ := f.ReadAt(one[:], 0) // an error will come again
	return n == 0
}

// inline is up to which size in bytes the client reads a body into memory of its own, and sums it there.
const inline = 256 << 10

// uploadWhole stores a file with one request.
func (e *Env) uploadWhole(ctx context.Context, u *Upload, f *file) (Result, error) {
	m := e.mover(&u.Flow)
	var info icos.ObjectInfo
	err := m.alone(ctx, func(ctx context.Context) error {
		size := f.was.Size()
		var p *payload
		if size > inline {
			var err error
			if p, err = m.load(f, 0, size, sumsFor(u.To.Bucket().Client().Checksum())); err != nil {
				return err
			}
		} else if err := m.meter.Wait(ctx, u.Limiters, int(size)); err != nil {
			return err
		}
		return m.persist(ctx, u.To.Key(), func(ctx context.Context) (bool, error) {
			var err error
			info, err = m.put(m.trace(ctx, size), u.To, &u.Put, f, p, size)
			return false, err
		})
	})
	if changed := f.check(); changed != nil {
		return Result{}, changed // whatever else went wrong, this is why
	}
	if err != nil {
		return Result{}, err
	}
	return whole(info, u.To), nil
}

// whole is the result of a transfer with one request.
func whole(info icos.ObjectInfo, to *icos.Object) Result {
	r := Result{Info: info, Parts: 1, How: "the service does not say which checksums it has"}
	switch sum := info.Checksum; {
	case sum.Value != "":
		r.Verified, r.How = true, string(sum.Algorithm)
	case to.Bucket().Client().Checksum() == s3.NoChecksum:
		r.How = "checksums are turned off"
	}
	return r
}

// put sends one PutObject, of a payload or, if that is nil, of a small source.
func (m *mover) put(ctx context.Context, to *icos.Object, o *icos.PutOptions, small io.ReaderAt, p *payload, size int64) (icos.ObjectInfo, error) {
	wire, err := to.Bucket().S3(ctx)
	if err != nil {
		return icos.ObjectInfo{}, err
	}
	sent := &tally{m: m}
	r := &s3.PutObjectRequest{
		Bucket: to.Bucket().Name(), Key: to.Key(), ContentLength: size,
		ContentType: o.ContentType, CacheControl: o.CacheControl, ContentDisposition: o.ContentDisposition,
		ContentEncoding: o.ContentEncoding, ContentLanguage: o.ContentLanguage, Expires: o.Expires,
		Metadata: o.Metadata, ACL: string(o.ACL), IfMatch: o.IfMatch, IfNoneMatch: o.IfNoneMatch,
		RetentionPeriod: wireform.Seconds(o.Retention.For), RetentionExpirationDate: o.Retention.Until, RetentionLegalHoldID: o.Retention.Hold,
		Tags: wireform.Tags(o.Tags), ObjectLockMode: string(o.Lock.Mode), ObjectLockRetainUntilDate: o.Lock.Until,
		ObjectLockLegalHold: wireform.LegalHold(o.Lock.Hold),
		Sent:                sent.add,
		CustomerKey:         to.CustomerKey(), ServerSideEncryption: wireform.Encryption(o.Encrypt),
	}
	switch {
	case p != nil:
		r.Body, r.Checksum = p.reader(ctx, m), p.checksum
	case size > 0:
		r.Body = io.NewSectionReader(small, 0, size)
	}
	resp, err := wire.PutObject(ctx, r)
	sent.settle(err)
	if err != nil {
		return icos.ObjectInfo{}, explain(ctx, to.Bucket(), err)
	}
	return icos.ObjectInfo{
		Key: to.Key(), Size: size, ETag: resp.ETag, VersionID: resp.VersionID, Checksum: resp.Checksum,
		ContentType: o.ContentType, Metadata: o.Metadata,
	}, nil
}

// maxStartOver is how often an upload starts over because its parts are of no use.
const maxStartOver = 2

// uploadParts stores a file in parts.
func (e *Env) uploadParts(ctx context.Context, u *Upload, f *file) (Result, error) {
	m := e.mover(&u.Flow)
	want := u.PartSize
	if want == 0 {
		want = e.Tuner.PartSize(f.was.Size())
	}
	s := &session{
		mover: m, to: u.To, put: &u.Put, sums: sumsFor(u.To.Bucket().Client().Checksum()),
		source: checkpoint.Header{Size: f.was.Size(), ModTime: f.was.ModTime(), FileID: fileID(f.was)},
	}
	s.grid = grid{f.was.Size(), partSizeFor(f.was.Size(), want)}
	s.adopt = func(_ context.Context, p icos.Part) (part, bool, error) { return s.own(f, p) }
	return s.run(ctx, func(ctx context.Context) error {
		if err := s.send(ctx, func(ctx context.Context, number int) (part, error) { return s.sendFile(ctx, f, number) }); err != nil {
			return err
		}
		return f.check()
	})
}

// run carries an upload from its beginning to its end. Should its parts turn out to be of no use, it
// starts over. send brings the parts that the service does not have.
func (s *session) run(ctx context.Context, send func(context.Context) error) (Result, error) {
	done, startedOver, err := s.open(ctx)
	if err != nil {
		return Result{}, err
	}
	if done != nil {
		return s.found(done), nil
	}
	for again := 0; ; again++ {
		r, err := s.carry(ctx, send)
		r.StartedOver = startedOver
		if err == nil {
			return r, nil
		}
		why, yes := useless(err)
		if !yes || again == maxStartOver || ctx.Err() != nil {
			return r, err
		}
		startedOver = why
		s.log(ctx, "start over", "object", s.to.String(), "why", why, "error", err)
		s.takeBack()
		if err := abort(ctx, s.upload); err != nil {
			return Result{}, err
		}
		if err := s.begin(ctx); err != nil {
			return Result{}, err
		}
	}
}

// found is the result of an upload that was complete already.
func (s *session) found(info *icos.ObjectInfo) Result {
	r := Result{Info: *info, Parts: s.count(), PartSize: s.step, Resumed: s.size, Verified: true, How: "ETag of the parts"}
	if info.Checksum.Type == s3.FullObject {
		r.How = string(info.Checksum.Algorithm)
	}
	return r
}

// carry sends what is missing and makes the object. Whatever happens, panics of the
// source included, no upload is left behind that nobody knows of.
func (s *session) carry(ctx context.Context, send func(context.Context) error) (r Result, err error) {
	complete := false
	defer func() {
		if !complete {
			err = s.abandon(ctx, err)
		}
	}()
	if err = send(ctx); err != nil {
		return r, err
	}
	r, err = s.finish(ctx)
	complete = err == nil || r.Parts > 0 // in which case the object is there, though damaged
	return r, err
}

// sendFile sends one part of a file.
func (s *session) sendFile(ctx context.Context, f *file, number int) (part, error) {
	offset, length := s.span(number - 1)
	p, err := s.load(f, offset, length, s.sums)
	if err != nil {
		return part{}, err
	}
	got, err := s.sendPart(ctx, number, p)
	if changed := f.check(); changed != nil { // since it was summed
		return part{}, changed
	}
	return got, err
}

// sendPart sends one part.
func (s *session) sendPart(ctx context.Context, number int, p *payload) (part, error) {
	var resp *s3.UploadPartResponse
	err := s.persist(ctx, fmt.Sprintf("part %d", number), func(ctx context.Context) (_ bool, err error) {
		ctx = s.trace(ctx, p.size)
		sent := &tally{m: s.mover}
		resp, err = s.wire.UploadPart(ctx, &s3.UploadPartRequest{
			Bucket: s.to.Bucket().Name(), Key: s.to.Key(), UploadID: s.upload.ID(), PartNumber: number,
			Body: p.reader(ctx, s.mover), ContentLength: p.size, Checksum: p.checksum,
			Sent: sent.add, CustomerKey: s.to.CustomerKey(),
		})
		sent.settle(err)
		return false, err
	})
	if err != nil {
		return part{}, err
	}
	sum := p.checksum
	if sum.Algorithm == s3.NoChecksum {
		sum = s3.Checksum{}
	}
	return part{
		Part: icos.Part{Number: number, Size: p.size, ETag: resp.ETag, Checksum: sum},
		crc:  p.crc, summed: true, echoed: resp.Checksum.Value != "",
	}, nil
}

// own says whether a part that the service has consists of the bytes of the file. Without a
// checksum of the same kind, its ETag may be an MD5.
func (s *session) own(f *file, p icos.Part) (part, bool, error) {
	offset, length := s.span(p.Number - 1)
	d := s.sums.new()
	mine := func() bool { return p.Checksum.Value == d.checksum().Value }
	var w io.Writer = d
	summed := p.Checksum.Value != "" && p.Checksum.Algorithm == s.sums.wire
	if !summed {
		if fips140.Enforced() {
			return part{}, false, nil // MD5 is forbidden
		}
		sum := md5.New()
		mine = func() bool { return p.ETag == hex.EncodeToString(sum.Sum(nil)) }
		w = io.MultiWriter(d, sum)
	}
	if err := s.env.sumFile(w, f, offset, length); err != nil {
		return part{}, false, fmt.Errorf("read the source: %w", err)
	}
	return part{Part: p, crc: d.sum(), summed: true, echoed: summed}, mine(), nil
}
