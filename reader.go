package icos

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/icos-go/icos/s3"
)

// GetOptions select what of an object is read, and under which conditions.
type GetOptions struct {
	// Offset is the first byte to read. If negative, the last -Offset bytes are
	// read, or all if there are fewer.
	Offset int64

	// Length is the number of bytes to read, fewer if the object ends before. If
	// zero, all to the end. It cannot be combined with a negative Offset.
	Length int64

	IfMatch           string // only the object with this ETag
	IfNoneMatch       string // only another object than that with this ETag
	IfModifiedSince   time.Time
	IfUnmodifiedSince time.Time
}

// header returns the range as HTTP writes it, "" for all of the object.
func (g *GetOptions) header() (string, error) {
	switch {
	case g.Length < 0:
		return "", fmt.Errorf("length %d is negative", g.Length)
	case g.Offset < 0 && g.Length > 0:
		return "", errors.New("a negative offset goes with no length")
	case g.Offset < 0:
		return "bytes=" + strconv.FormatInt(g.Offset, 10), nil
	case g.Length > 0:
		return rangeHeader(g.Offset, g.Length), nil
	case g.Offset > 0:
		return "bytes=" + strconv.FormatInt(g.Offset, 10) + "-", nil
	}
	return "", nil
}

// A Reader reads an object, or a range of it. It holds a connection until its
// end is reached or it is closed. It is for one goroutine at a time.
//
// When the connection breaks, the Reader goes on where it was, with the same
// version of the object: if that is gone the error is [ErrChanged]. It gives up
// after several attempts in a row that bring not a single byte.
//
// If the service knows a checksum of the whole object, and the whole object is
// read, the bytes are checked: instead of io.EOF there comes [ErrChecksum] if
// they are not those that were stored.
type Reader struct {
	ctx    context.Context // that of Get; a reader lives no longer
	object *Object
	wire   *s3.Client
	info   ObjectInfo

	first int64 // offset in the object of the first byte to be read
	end   int64 // offset of the first byte not to be read; -1 if unknown
	next  int64 // offset of the next byte

	body     io.ReadCloser // gives the bytes from next on; nil if it is to be opened
	failures int           // in a row, since the last byte arrived
	cause    error         // of the last failure
	err      error         // final

	digest hash.Hash // of the bytes from 0 to next; nil if not to be checked
	want   s3.Checksum
}

// maxFailures is how often a Reader tries to go on without getting anywhere.
// Each try consists of several attempts already; see s3.RetryPolicy.
const maxFailures = 5

// Get opens the object for reading. If there is none, the error is
// fs.ErrNotExist, and if it lies in an archive [ErrArchived]. The caller must close the Reader. The context counts until
// then.
func (o *Object) Get(ctx context.Context, opts *GetOptions) (*Reader, error) {
	r, err := o.get(ctx, valueOr(opts))
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	return r, nil
}

func (o *Object) get(ctx context.Context, opts GetOptions) (*Reader, error) {
	span, err := opts.header()
	if err != nil {
		return nil, err
	}
	wire, err := o.wire(ctx)
	if err != nil {
		return nil, err
	}
	resp, err := wire.GetObject(ctx, &s3.GetObjectRequest{
		Bucket: o.bucket.name, Key: o.key, VersionID: o.version, Range: span, Unverified: true, CustomerKey: o.customer,
		IfMatch: opts.IfMatch, IfNoneMatch: opts.IfNoneMatch,
		IfModifiedSince: opts.IfModifiedSince, IfUnmodifiedSince: opts.IfUnmodifiedSince,
	})
	if err != nil {
		return nil, archivedIf(changedIf(o.bucket.explain(ctx, err), opts.IfMatch))
	}
	r := &Reader{ctx: ctx, object: o, wire: wire, info: newObjectInfo(o.key, &resp.ObjectHeader), body: resp.Body}
	if err := r.place(resp, &opts); err != nil {
		return nil, errors.Join(err, resp.Body.Close())
	}
	r.check(resp.Checksum)
	return r, nil
}

// place finds out which bytes of the object an answer has.
func (r *Reader) place(resp *s3.GetObjectResponse, opts *GetOptions) error {
	if resp.StatusCode == http.StatusPartialContent {
		first, end, size, err := parseContentRange(resp.ContentRange)
		if err != nil {
			return err
		}
		if opts.Offset > 0 && first != opts.Offset {
			return fmt.Errorf("asked for bytes from %d on, got %s", opts.Offset, resp.ContentRange)
		}
		r.first, r.next, r.end, r.info.Size = first, first, end, size
		return nil
	}
	if opts.Offset != 0 {
		return errors.New("the service ignored the range and sent all of the object")
	}
	r.end, r.info.Size = resp.ContentLength, resp.ContentLength
	if opts.Length > 0 && r.end > opts.Length {
		r.end = opts.Length
	}
	return nil
}

// check arranges for the bytes to be checked, if that is possible.
func (r *Reader) check(want s3.Checksum) {
	whole := r.first == 0 && r.end == r.info.Size
	// A checksum of the checksums of parts cannot be checked without the parts.
	composite := want.Type == s3.Composite || strings.Contains(want.Value, "-")
	if !whole || composite || want.Value == "" {
		return
	}
	r.want, r.digest = want, want.Algorithm.New()
}

// parseContentRange reads "bytes first-last/size"; size may be *.
func parseContentRange(s string) (first, end, size int64, err error) {
	rest, ok := strings.CutPrefix(s, "bytes ")
	span, total, ok2 := strings.Cut(rest, "/")
	from, to, ok3 := strings.Cut(span, "-")
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	size, err3 := strconv.ParseInt(total, 10, 64)
	if total == "*" {
		size, err3 = -1, nil
	}
	if !ok || !ok2 || !ok3 || err1 != nil || err2 != nil || err3 != nil ||
		first < 0 || last < first || size >= 0 && last >= size {
		return 0, 0, 0, fmt.Errorf("the service sent a Content-Range of %q", s)
	}
	return first, last + 1, size, nil
}

// Info describes the object. Its Size is that of the whole object, -1 if the
// service did not say.
func (r *Reader) Info() ObjectInfo { return r.info }

// Size returns the number of bytes that the Reader has in all, -1 if unknown.
func (r *Reader) Size() int64 {
	if r.end < 0 {
		return -1
	}
	return r.end - r.first
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.err == nil {
		if r.end >= 0 && r.next >= r.end {
			r.finish()
			break
		}
		if r.body == nil {
			r.reopen()
			continue
		}
		q := p
		if r.end >= 0 {
			q = p[:min(int64(len(p)), r.end-r.next)]
		}
		n, err := r.body.Read(q)
		r.next += int64(n)
		if r.digest != nil {
			r.digest.Write(q[:n]) // a hash never fails
		}
		if n > 0 {
			r.failures = 0
		}
		switch {
		case err == io.EOF && r.end < 0:
			r.end = r.next
		case err == io.EOF && r.next < r.end:
			r.fail(io.ErrUnexpectedEOF)
		case err != nil && err != io.EOF:
			r.fail(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, r.err
}

// finish is called when all bytes have been read.
func (r *Reader) finish() {
	r.err = io.EOF
	if r.digest != nil {
		if got := base64.StdEncoding.EncodeToString(r.digest.Sum(nil)); got != r.want.Value {
			r.err = fmt.Errorf("read %s: %w: the %s of the %d bytes read is %s, the service has %s",
				r.object, ErrChecksum, r.want.Algorithm, r.next, got, r.want.Value)
		}
	}
	if r.body != nil {
		// The connection can be used again if the end of the body was seen.
		var one [1]byte
		_, _ = r.body.Read(one[:])
		r.drop()
	}
}

// fail notes that the body broke off. The next Read goes on with a new one.
func (r *Reader) fail(err error) {
	r.drop()
	r.cause = err
	r.failures++
	switch {
	case r.ctx.Err() != nil:
		r.err = fmt.Errorf("read %s: %w", r.object, context.Cause(r.ctx))
	case r.failures > maxFailures:
		r.err = fmt.Errorf("read %s: broken off after %d bytes, %d times in a row: %w", r.object, r.next-r.first, r.failures, err)
	case r.info.ETag == "":
		r.err = fmt.Errorf("read %s: broken off after %d bytes, and without an ETag it cannot go on: %w", r.object, r.next-r.first, err)
	}
}

// reopen asks for the bytes that are still missing, of the same version.
func (r *Reader) reopen() {
	if r.failures > 1 && !r.wait() {
		return
	}
	span := "bytes=" + strconv.FormatInt(r.next, 10) + "-"
	if r.end >= 0 {
		span = rangeHeader(r.next, r.end-r.next)
	}
	resp, err := r.wire.GetObject(r.ctx, &s3.GetObjectRequest{
		Bucket: r.object.bucket.name, Key: r.object.key, VersionID: r.object.version,
		Range: span, IfMatch: r.info.ETag, Unverified: true, CustomerKey: r.object.customer,
	})
	if err != nil {
		e, said := errors.AsType[*Error](err)
		switch {
		case said && e.StatusCode == http.StatusNotFound:
			r.err = fmt.Errorf("read %s: the object %w: it was deleted after %d bytes: %w", r.object, ErrChanged, r.next-r.first, err)
		case said && e.StatusCode < http.StatusInternalServerError:
			r.err = fmt.Errorf("read %s: go on after %d bytes: %w", r.object, r.next-r.first, changedIf(err, r.info.ETag))
		default:
			r.fail(err)
		}
		return
	}
	first, _, _, err := parseContentRange(resp.ContentRange)
	switch {
	case err == nil && first == r.next && resp.ETag == r.info.ETag:
		r.body = resp.Body
		return
	case err == nil && resp.ETag != r.info.ETag:
		err = fmt.Errorf("the object %w: its ETag is %s, was %s", ErrChanged, resp.ETag, r.info.ETag)
	case err == nil:
		err = fmt.Errorf("the service sent %q, not the bytes from %d on", resp.ContentRange, r.next)
	}
	r.err = fmt.Errorf("read %s: go on after %d bytes: %w", r.object, r.next-r.first, errors.Join(err, resp.Body.Close()))
}

// wait lets some time pass before the next attempt: a random part of 100 ms,
// doubled with each failure.
func (r *Reader) wait() bool {
	t := time.NewTimer(rand.N(100 * time.Millisecond << r.failures))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.ctx.Done():
		r.fail(r.cause)
		return false
	}
}

// copyBuffer is the size in bytes of the pieces in which WriteTo copies.
const copyBuffer = 256 << 10

// WriteTo implements io.WriterTo, with a buffer of 256 KiB.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	size := int64(copyBuffer)
	if n := r.Size(); n >= 0 {
		size = min(size, n+1)
	}
	buf := make([]byte, size)
	var written int64
	for {
		n, err := r.Read(buf)
		if n > 0 {
			m, werr := w.Write(buf[:n])
			written += int64(m)
			if werr != nil {
				return written, werr
			}
			if m < n {
				return written, io.ErrShortWrite
			}
		}
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
	}
}

// Seek implements io.Seeker. Offsets count from the first byte of the range that
// the Reader was opened for. It does no I/O; the next Read asks for the bytes
// there. What is read after a Seek, other than to the start, is not checked
// against the checksum of the object.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		offset += r.first
	case io.SeekCurrent:
		offset += r.next
	case io.SeekEnd:
		if r.end < 0 {
			return 0, fmt.Errorf("seek in %s: the service did not say how long it is", r.object)
		}
		offset += r.end
	default:
		return 0, fmt.Errorf("seek in %s: whence is %d", r.object, whence)
	}
	switch {
	case offset < r.first:
		return 0, fmt.Errorf("seek in %s: before the start", r.object)
	case r.err != nil && r.err != io.EOF:
		return 0, r.err
	case offset == r.next:
		return offset - r.first, nil
	case r.info.ETag == "":
		return 0, fmt.Errorf("seek in %s: the service sent no ETag to recognize it by", r.object)
	}
	r.drop()
	r.err, r.failures, r.next = nil, 0, offset
	if r.digest != nil {
		if r.digest.Reset(); offset != 0 {
			r.digest = nil
		}
	}
	return offset - r.first, nil
}

// Close releases the connection. It is not an error to close a Reader before its
// end, but the connection is lost then.
func (r *Reader) Close() error {
	if r.err == nil || r.err == io.EOF {
		r.err = fmt.Errorf("read %s: %w", r.object, fs.ErrClosed)
	}
	r.drop()
	return nil
}

// drop lets go of the body. That closing fails says nothing about bytes that
// were read, and no others matter.
func (r *Reader) drop() {
	if r.body != nil {
		_ = r.body.Close()
		r.body = nil
	}
}
