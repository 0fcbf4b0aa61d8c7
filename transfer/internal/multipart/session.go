package multipart

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/internal/crc"
	"github.com/icos-go/icos/internal/linger"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// A session is one multipart upload, from its beginning, in this process or another, to its end.
type session struct {
	*mover
	to     *icos.Object
	wire   *s3.Client
	put    *icos.PutOptions
	sums   sums
	source checkpoint.Header // what identifies the source; the rest is zero
	grid
	begun time.Time // when the upload was

	// expect is the checksum that the object must have. If its Value is empty, the one put
	// together from the CRCs of the parts, if that is possible.
	expect s3.Checksum

	// adopt says whether a part that the service has, and the checkpoint has not, is part of this
	// object, and which CRC it has.
	adopt func(ctx context.Context, p icos.Part) (part, bool, error)

	upload *icos.Upload
	kept   bool // the checkpoint knows of upload

	mu    sync.Mutex
	parts map[int]part // by number: what the service has
}

// A part is one that the service has.
type part struct {
	icos.Part
	crc    uint64
	summed bool // crc is known
	echoed bool // the service computed the same checksum
}

// open goes on with the upload that the checkpoint tells of, or else begins one. It
// returns why it could not go on, "" if it did or there was nothing to go on with. done is
// the object, if it turns out to be there already.
func (s *session) open(ctx context.Context) (done *icos.ObjectInfo, why string, err error) {
	if s.wire, err = s.to.Bucket().S3(ctx); err != nil {
		return nil, "", err
	}
	s.kept = s.Checkpoint != nil
	if s.kept {
		if h, ok := s.Checkpoint.Header(); ok {
			done, why, err = s.resume(ctx, h)
			if err != nil || done != nil || s.upload != nil {
				return done, why, err
			}
		}
	}
	return nil, why, s.begin(ctx)
}

// begin creates an upload. The checkpoint tells of it before it is there, because otherwise
// nobody would know of it if the process ended in between.
func (s *session) begin(ctx context.Context) error {
	h := s.source
	h.Identity, h.Parent, h.Label, h.Partial = s.Header.Identity, s.Header.Parent, s.Header.Label, s.Header.Partial
	h.PartSize, h.Algorithm, h.Options, h.Created = s.step, s.sums.crc.String(), optionsDigest(s.put), time.Now()
	h.KeyMD5 = s.to.CustomerKey().MD5()
	s.parts, s.begun = map[int]part{}, h.Created
	s.keep(ctx, h)
	late, cancel := ctx, func() {}
	if !s.kept {
		// An upload whose ID never arrives can never be aborted. So when ctx ends, the
		// answer is waited for a little longer.
		late, cancel = linger.Context(ctx, endGrace)
	}
	defer cancel()
	lost := 0 // answers, so that there may be uploads whose ID we do not know
	err := s.alone(late, func(ctx context.Context) (err error) {
		ctx = s3.WithTrace(s.patiently(ctx), &s3.Trace{Attempt: func(a s3.AttemptInfo) {
			if a.StatusCode == 0 || a.StatusCode >= http.StatusInternalServerError {
				lost++
			}
		}})
		s.upload, err = s.to.NewUpload(ctx, s.put)
		return err
	})
	if err == nil {
		s.arrived()
		h.UploadID = s.upload.ID()
		s.keep(ctx, h)
	}
	if lost > 0 && (err == nil || !s.kept) {
		s.tidy(ctx, h, lost)
	}
	return err
}

// tidy aborts the uploads that were created in vain, because the answer was lost.
func (s *session) tidy(ctx context.Context, h checkpoint.Header, lost int) {
	ctx, cancel := linger.Context(ctx, endGrace)
	defer cancel()
	if err := sweep(ctx, s.to, h, lost); err != nil {
		s.log(ctx, "uploads may be left", "object", s.to.String(), "error", err)
	}
}

// keep begins the checkpoint. If that is not possible the upload goes on without.
func (s *session) keep(ctx context.Context, h checkpoint.Header) {
	if !s.kept {
		return
	}
	if err := s.Checkpoint.Begin(h); err != nil {
		s.kept = false
		s.log(ctx, "no checkpoint", "object", s.to.String(), "error", err)
	}
}

// stored notes that the service has a part.
func (s *session) stored(ctx context.Context, p part) {
	s.mu.Lock()
	s.parts[p.Number] = p
	s.mu.Unlock()
	if !s.kept {
		return
	}
	offset, length := s.span(p.Number - 1)
	err := s.Checkpoint.Add(checkpoint.Piece{Number: p.Number, Offset: offset, Length: length, CRC: p.crc, ETag: p.ETag})
	if err != nil {
		// It will have to be sent again if this process ends, and is not lost otherwise.
		s.log(ctx, "part not in the checkpoint", "part", p.Number, "error", err)
	}
}

// send carries all parts that the service does not have yet.
func (s *session) send(ctx context.Context, one func(ctx context.Context, number int) (part, error)) error {
	number := 0
	return s.aside(ctx, s.step, func(context.Context) (func(context.Context) error, error) {
		for number++; number <= s.count(); number++ {
			s.mu.Lock()
			_, has := s.parts[number]
			s.mu.Unlock()
			if has {
				continue
			}
			n := number
			return func(ctx context.Context) error {
				p, err := one(ctx, n)
				if err != nil {
					return fmt.Errorf("part %d: %w", n, err)
				}
				s.stored(ctx, p)
				return nil
			}, nil
		}
		return nil, nil
	})
}

// list returns the parts in order.
func (s *session) list() []part {
	all := make([]part, 0, len(s.parts))
	for _, n := range slices.Sorted(maps.Keys(s.parts)) {
		all = append(all, s.parts[n])
	}
	return all
}

// whole returns the CRC of the object, put together from those of its parts; false if one
// of them is unknown.
func (s *session) whole(parts []part) (uint64, bool) {
	c := crc.NewCombiner(s.sums.crc)
	var sum uint64
	for _, p := range parts {
		if !p.summed {
			return 0, false
		}
		sum = c.Combine(sum, p.crc, p.Size)
	}
	return sum, true
}

// finish makes the object out of the parts, and has its checksum compared.
func (s *session) finish(ctx context.Context) (Result, error) {
	parts := s.list()
	o := &icos.CompleteOptions{IfMatch: s.put.IfMatch, IfNoneMatch: s.put.IfNoneMatch, Retention: s.put.Retention}
	if o.Checksum = s.expect; o.Checksum.Value != "" {
	} else if sum, ok := s.whole(parts); ok && s.sums.whole() {
		o.Checksum = s3.Checksum{Algorithm: s.sums.wire, Value: encodeSum(s.sums.crc, sum), Type: s3.FullObject}
	}
	plain := make([]icos.Part, len(parts))
	for i := range parts {
		plain[i] = parts[i].Part
	}
	var info icos.ObjectInfo
	err := s.persist(ctx, "complete upload", func(ctx context.Context) (bool, error) {
		return false, s.alone(ctx, func(ctx context.Context) (err error) {
			info, err = s.upload.Complete(s.patiently(ctx), plain, o)
			return err
		})
	})
	if err != nil && noUpload(err) {
		// Maybe it was complete, and the answer was lost.
		if done := s.complete(ctx, parts); done != nil {
			info, err = *done, nil
		}
	}
	if err != nil {
		return Result{}, err
	}
	if o.Checksum.Value != "" && info.Checksum.Value == "" {
		s.ask(ctx, &info)
	}
	info.ContentType, info.Metadata, info.Size = s.put.ContentType, s.put.Metadata, s.size
	r := Result{Info: info, Parts: len(parts), PartSize: s.step, Resumed: s.saved.Load()}
	r.Verified, r.How = s.judge(parts, info.Checksum, o.Checksum)
	if !r.Verified && o.Checksum.Value != "" && info.Checksum.Type == s3.FullObject && info.Checksum.Algorithm == o.Checksum.Algorithm {
		return r, fmt.Errorf("%w: the service has an object with %s %s, sent was one with %s",
			icos.ErrChecksum, info.Checksum.Algorithm, info.Checksum.Value, o.Checksum.Value)
	}
	return r, nil
}

// ask finds out which checksum the service keeps, if it did not say when the upload was complete.
func (s *session) ask(ctx context.Context, info *icos.ObjectInfo) {
	err := s.alone(ctx, func(ctx context.Context) error {
		now, err := s.to.Stat(s.patiently(ctx))
		if err == nil && now.ETag == info.ETag {
			info.Checksum = now.Checksum
		}
		return err
	})
	if err != nil { // the object is stored all the same
		s.log(ctx, "checksum of the object stays unknown", "object", s.to.String(), "error", err)
	}
}

// judge says whether the checksum of the object was compared, and with what.
func (s *session) judge(parts []part, got, want s3.Checksum) (bool, string) {
	if want.Value != "" && got.Algorithm == want.Algorithm && got.Value == want.Value {
		return true, string(want.Algorithm)
	}
	if s.sums.wire == s3.NoChecksum {
		return false, "checksums are turned off"
	}
	for _, p := range parts {
		if !p.echoed {
			return false, "the service does not say which checksums it has"
		}
	}
	return true, string(s.sums.wire) + " of each part"
}

// abandon aborts an upload that failed for a reason, and returns the reason, even if ctx is
// over. One that the checkpoint knows of is left to be resumed, unless its source changed: then what was sent is of no use to
// anybody.
func (s *session) abandon(ctx context.Context, reason error) error {
	if s.upload == nil || s.kept && !errors.Is(reason, icos.ErrChanged) {
		return reason
	}
	if err := abort(ctx, s.upload); err != nil {
		return fmt.Errorf("%w (and the parts sent stay in upload %s of %s: %v)", reason, s.upload.ID(), s.to, err)
	}
	return reason
}

// endGrace is how long the end of an upload may take after its context ended.
const endGrace = 15 * time.Second

// abort aborts an upload even if ctx is over. That it is gone, or its bucket, is no error.
func abort(ctx context.Context, u *icos.Upload) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endGrace)
	defer cancel()
	if err := u.Abort(ctx); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// useless says whether err means that the parts sent are of no use, so that the upload has to
// start over.
func useless(err error) (why string, yes bool) {
	e, ok := errors.AsType[*icos.Error](err)
	switch {
	case noUpload(err):
		return "the service no longer has the upload", true
	case ok && (e.Code == "InvalidPart" || e.Code == "InvalidPartOrder"):
		return "the service no longer has all parts", true
	case ok && e.Op == "CompleteMultipartUpload" && e.Code == "BadDigest":
		return "the parts did not have the checksum of the whole", true
	}
	return "", false
}
