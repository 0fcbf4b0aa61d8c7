package multipart

import (
	"cmp"
	"context"
	"crypto/fips140"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
)

// resume goes on with the upload that the checkpoint tells of. If that is of no use
// it returns why, and s.upload stays nil.
func (s *session) resume(ctx context.Context, h checkpoint.Header) (done *icos.ObjectInfo, why string, err error) {
	if h.UploadID == "" {
		// The process ended while the upload was created. Nothing was sent yet.
		return nil, "", sweep(ctx, s.to, h, unknown)
	}
	if now := s.to.CustomerKey().MD5(); h.KeyMD5 != "" && h.KeyMD5 != now {
		// What was sent is of use with that key alone, which somebody may only have forgotten to give.
		return nil, "", fmt.Errorf("%w: MD5 %s, and not %s", ErrCustomerKey, h.KeyMD5, cmp.Or(now, "none"))
	}
	upload := s.to.Upload(h.UploadID)
	if why := s.differs(h); why != "" {
		// Parts of something else are paid for as long as they are there.
		if err := s.alone(ctx, func(ctx context.Context) error { return abort(ctx, upload) }); err != nil {
			return nil, "", err
		}
		return nil, why, nil
	}
	s.step, s.begun, s.parts = h.PartSize, h.Created, map[int]part{}
	known := map[int]checkpoint.Piece{}
	for _, p := range s.Checkpoint.Pieces() {
		known[p.Number] = p
	}
	err = s.persist(ctx, "list parts", func(ctx context.Context) (bool, error) {
		return false, s.alone(ctx, func(ctx context.Context) error {
			clear(s.parts)
			s.takeBack()
			return s.match(ctx, upload, known)
		})
	})
	switch {
	case err == nil:
		s.upload = upload
		return nil, "", nil
	case errors.Is(err, fs.ErrPermission) && (s.sums.whole() || s.sums.wire == s3.NoChecksum):
		// Who may send parts need not be allowed to list them. The service says so at the end
		// if one of them is not there.
		s.recall(known)
		for _, p := range s.parts {
			s.resumed(p.Size)
		}
		s.upload = upload
		return nil, "", nil
	case !noUpload(err):
		return nil, "", err
	}
	// It was aborted, or completed by a process that ended before it could say so.
	s.recall(known)
	if len(s.parts) == s.count() {
		if done = s.complete(ctx, s.list()); done != nil {
			s.resumed(s.size)
			return done, "", nil
		}
	}
	return nil, "the service no longer has the upload", nil
}

// recall takes the parts that the checkpoint knows of as they were acknowledged.
func (s *session) recall(known map[int]checkpoint.Piece) {
	clear(s.parts)
	for n, p := range known {
		if offset, length := s.span(n - 1); n < 1 || n > s.count() || p.Offset != offset || p.Length != length {
			continue
		}
		mine := part{Part: icos.Part{Number: n, Size: p.Length, ETag: p.ETag}, crc: p.CRC, summed: true}
		if s.sums.whole() {
			mine.Checksum = s3.Checksum{Algorithm: s.sums.wire, Value: encodeSum(s.sums.crc, p.CRC)}
		}
		s.parts[n] = mine
	}
}

// differs says why the checkpoint is that of another source, "" if it is that of ours.
func (s *session) differs(h checkpoint.Header) string {
	was, is := h, s.source
	switch {
	case was.Size != is.Size:
		return fmt.Sprintf("the source had %d bytes and now has %d", was.Size, is.Size)
	case !was.ModTime.Equal(is.ModTime), was.ETag != is.ETag, was.VersionID != is.VersionID:
		return "the source changed"
	case was.FileID != is.FileID:
		return "the source is another file"
	case was.Algorithm != s.sums.crc.String():
		return "checksums are now of another kind"
	case was.Options != optionsDigest(s.put), was.KeyMD5 != s.to.CustomerKey().MD5():
		return "the object is to be stored with other attributes"
	case was.PartSize < minPartSize || count(was.Size, was.PartSize) > maxParts:
		return "the checkpoint makes no sense"
	}
	return ""
}

// match takes the parts that the service has and that belong to the object.
func (s *session) match(ctx context.Context, upload *icos.Upload, known map[int]checkpoint.Piece) error {
	var strange []icos.Part
	for p, err := range upload.Parts(s.patiently(ctx)) {
		if err != nil {
			return err
		}
		if p.Number < 1 || p.Number > s.count() {
			continue // is left out when the upload is completed
		}
		offset, length := s.span(p.Number - 1)
		if p.Size != length {
			continue // is replaced
		}
		if k, ok := known[p.Number]; ok && k.Offset == offset && k.Length == length && k.ETag == p.ETag {
			s.take(part{Part: p, crc: k.CRC, summed: true, echoed: s.same(p, k.CRC)})
		} else {
			strange = append(strange, p)
		}
	}
	// These arrived, but the process ended before it could note that.
	for _, p := range strange {
		mine, ok, err := s.adopt(ctx, p)
		if err != nil {
			return err
		}
		if ok {
			s.take(mine)
			s.stored(ctx, mine)
		}
	}
	return nil
}

// same says whether the service computed the checksum of a part that was sent with this CRC. One of
// another kind was compared when the part arrived.
func (s *session) same(p icos.Part, crc uint64) bool {
	if p.Checksum.Algorithm != s.sums.wire || p.Checksum.Value == "" {
		return false
	}
	return !s.sums.whole() || p.Checksum.Value == encodeSum(s.sums.crc, crc)
}

// take counts a part as sent.
func (s *session) take(p part) {
	s.parts[p.Number] = p
	s.resumed(p.Size)
}

// complete returns the object if it is the one that the parts make.
func (s *session) complete(ctx context.Context, parts []part) *icos.ObjectInfo {
	info, err := s.to.Stat(s.patiently(ctx))
	if err != nil || info.Size != s.size || info.ModTime.Before(s.begun.Add(-clockSkew)) {
		return nil
	}
	if etag := multipartETag(parts); etag != "" && info.ETag == etag {
		return &info
	}
	sum, ok := s.whole(parts)
	if ok && info.Checksum.Type == s3.FullObject && info.Checksum.Value == encodeSum(s.sums.crc, sum) {
		return &info
	}
	return nil
}

// multipartETag returns the ETag of an object made of parts: the MD5 of the MD5s of
// the parts, and their number. It returns "" if the ETags of the parts are not MD5s.
func multipartETag(parts []part) string {
	if fips140.Enforced() {
		return "" // MD5 is forbidden
	}
	sum := md5.New()
	for _, p := range parts {
		b, err := hex.DecodeString(p.ETag)
		if err != nil || len(b) != md5.Size {
			return ""
		}
		_, _ = sum.Write(b)
	}
	return hex.EncodeToString(sum.Sum(nil)) + "-" + strconv.Itoa(len(parts))
}

// clockSkew is how far the clocks of the service and of this machine may be apart. The
// service refuses signed requests beyond that.
const clockSkew = 15 * time.Minute

// sweep aborts uploads of an object that were begun when h was and whose IDs nobody
// learned. They have no parts. If there are more than most, someone else is uploading the
// same object, and which are ours cannot be told.
func sweep(ctx context.Context, to *icos.Object, h checkpoint.Header, most int) error {
	var found []string
	for u, err := range to.Bucket().Uploads(ctx, &icos.ListOptions{Prefix: to.Key()}) {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the bucket is gone
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil // it cannot be found by who may store objects and not look at them
		}
		if err != nil {
			return fmt.Errorf("look for an upload that was interrupted: %w", err)
		}
		if u.Key > to.Key() {
			break
		}
		if u.ID == h.UploadID || u.Created.Sub(h.Created).Abs() > clockSkew {
			continue
		}
		if empty, err := isEmpty(ctx, to.Upload(u.ID)); err != nil {
			return err
		} else if empty {
			found = append(found, u.ID)
		}
	}
	if len(found) > most {
		return nil
	}
	for _, id := range found {
		if err := abort(ctx, to.Upload(id)); err != nil {
			return err
		}
	}
	return nil
}

// unknown is how many uploads a process may have left that ended while it created one: that
// one, and another whose answer was lost before.
const unknown = 2

// isEmpty says whether an upload is there and has no parts.
func isEmpty(ctx context.Context, u *icos.Upload) (bool, error) {
	for _, err := range u.Parts(ctx) {
		if err != nil && (noUpload(err) || errors.Is(err, fs.ErrPermission)) {
			return false, nil
		}
		return false, err
	}
	return true, nil
}
