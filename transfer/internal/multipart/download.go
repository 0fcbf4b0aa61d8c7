package multipart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/pace"
)

// Target is a partial file. An *os.File is one. If it also has the method
// SyscallConn, the room on its disk is looked at before the first byte.
type Target interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
}

// Download is an object and the file that it goes to.
type Download struct {
	Flow

	From *icos.Object

	// Info is what is known of the object already, such as from a list. If its ETag
	// is not empty, that version is fetched, and a small object takes one request. If nil, the
	// service is asked.
	Info *icos.ObjectInfo

	// Stated says that Info is what the service has said just now when it was asked about the object.
	Stated bool

	Ahead *Ahead // the beginning of the object, if it was asked for already; it stays the caller's to Close

	To Target

	PartSize  int64 // bytes; if zero, chosen by Env.Tuner
	Threshold int64 // bytes from which ranges are used; if zero, 16 MiB
}

// Download writes an object to a file, and compares what it wrote with the
// checksum that the service keeps. To then has the object's bytes and its length; to
// sync and to rename it is left to the caller.
//
// A checkpoint is used from Threshold on. What is on disk already is compared with the
// checksums in the checkpoint, and only the rest is fetched. If the object is not
// that of the checkpoint, or changes while it is fetched, the download starts over.
func (e *Env) Download(ctx context.Context, d *Download) (Result, error) {
	m := e.mover(&d.Flow)
	wire, err := d.From.Bucket().S3(ctx)
	if err != nil {
		return Result{}, err
	}
	known, startedOver := d.Info, ""
	for again := 0; ; again++ {
		dl := &download{mover: m, from: d.From, to: d.To, wire: wire, ahead: d.Ahead}
		r, err := dl.run(ctx, d, known)
		if startedOver == "" {
			startedOver = r.StartedOver
		}
		if !errors.Is(err, icos.ErrChanged) || again == maxStartOver || ctx.Err() != nil {
			r.StartedOver = startedOver
			return r, err
		}
		known, startedOver = nil, "the object was replaced meanwhile"
		m.log(ctx, "start over", "object", d.From.String(), "error", err)
		m.takeBack()
	}
}

// A download is one version of an object on its way into a file.
type download struct {
	*mover
	from *icos.Object
	to   Target
	wire *s3.Client
	info icos.ObjectInfo
	want wanted

	ahead *Ahead
}

// run fetches the version of the object that there is.
func (d *download) run(ctx context.Context, o *Download, known *icos.ObjectInfo) (Result, error) {
	threshold := o.Threshold
	if threshold == 0 {
		threshold = defaultDownloadThreshold
	}
	if known != nil {
		d.info = *known
	}
	want := o.PartSize
	if d.ahead != nil {
		want = d.ahead.part
		threshold = min(threshold, want+1) // for what was asked for to be of use
	}
	switch stated := known != nil && o.Stated; {
	case stated:
		d.arrived()
	case d.info.ETag == "" || d.info.Size >= threshold:
		if err := d.stat(ctx); err != nil {
			return Result{}, err
		}
	}
	if d.info.Size < threshold || d.info.ETag == "" {
		return d.whole(ctx)
	}
	if want == 0 {
		want = d.env.Tuner.PartSize(d.info.Size)
	}
	return d.ranges(ctx, want)
}

// stat asks the service about the object.
func (d *download) stat(ctx context.Context) error {
	return d.persist(ctx, "look at "+d.from.Key(), func(ctx context.Context) (bool, error) {
		return false, d.alone(ctx, func(ctx context.Context) (err error) {
			d.info, err = d.from.Stat(d.patiently(ctx))
			return err
		})
	})
}

// whole fetches an object with one request, unless it has to be repeated.
func (d *download) whole(ctx context.Context) (Result, error) {
	p := &piece{length: d.info.Size}
	var last uint64
	tries := 0
	err := d.alone(ctx, func(ctx context.Context) error {
		return d.persist(ctx, d.from.Key(), func(ctx context.Context) (bool, error) {
			before := p.got
			err := d.fetch(ctx, p)
			if err == nil {
				if err = d.want.compare(p.digest, tries > 0 && sumOf(p.digest.crc) == last); err != nil {
					last = sumOf(p.digest.crc)
					tries++
					d.report(-p.got)
					p.got, p.digest = 0, nil
					return false, err
				}
			}
			return p.got > before, err
		})
	})
	if err == nil {
		err = d.to.Truncate(d.info.Size)
	}
	if err != nil {
		return Result{}, full(err, 0)
	}
	r := Result{Info: d.info, Parts: 1}
	r.Verified, r.How = d.want.verdict()
	return r, nil
}

// A piece is a run of bytes of the object on its way.
type piece struct {
	offset, length int64
	got            int64 // bytes of it that are in the file
	digest         *digest
	ranged         bool // ask for a range even if it is all of the object
}

// fetch makes one request for what is missing of a piece, and writes it to the file.
func (d *download) fetch(ctx context.Context, p *piece) error {
	r := &s3.GetObjectRequest{
		Bucket: d.from.Bucket().Name(), Key: d.from.Key(), VersionID: d.from.VersionID(),
		IfMatch: d.info.ETag, Unverified: true, CustomerKey: d.from.CustomerKey(),
	}
	whole := p.offset == 0 && p.got == 0 && p.length == d.info.Size && !p.ranged
	resp := d.ahead.take(ctx, &d.info, p.offset+p.got, p.length-p.got)
	if resp != nil && whole {
		whole, d.want = false, wantedOf(&d.info)
	}
	if !whole {
		r.Range = fmt.Sprintf("bytes=%d-%d", p.offset+p.got, p.offset+p.length-1)
	}
	if resp == nil {
		var err error
		if resp, err = d.wire.GetObject(d.trace(ctx, p.length-p.got), r); err != nil {
			return d.refused(ctx, err)
		}
	}
	defer resp.Body.Close() // of something read
	var err error
	if whole {
		err = d.adopt(resp, p)
	} else {
		err = d.placed(resp, p)
	}
	if err != nil {
		return err
	}
	if p.digest == nil {
		p.digest = d.want.digest()
	}
	if err := d.receive(ctx, resp.Body, p); err != nil {
		return err
	}
	// The connection can be used again if the end of the body was seen.
	var one [1]byte
	if n, _ := resp.Body.Read(one[:]); n > 0 {
		return fmt.Errorf("%w: the service sent more than the %d bytes asked for", errBroken, p.length)
	}
	return nil
}

// receive writes what comes of a piece to the file.
func (d *download) receive(ctx context.Context, body io.Reader, p *piece) error {
	buf := d.env.buffer()
	defer d.env.buffers.Put(buf)
	for p.got < p.length {
		q := (*buf)[:min(int64(len(*buf)), p.length-p.got)]
		if len(d.Limiters) > 0 {
			q = q[:pace.Chunk(d.Limiters, len(q))]
		}
		n, err := d.read(body, q)
		if n > 0 {
			if err := d.write(q[:n], p.offset+p.got); err != nil {
				return err
			}
			_, _ = p.digest.Write(q[:n]) // a hash never fails
			p.got += int64(n)
			d.report(int64(n))
			if err := d.meter.Wait(ctx, d.Limiters, n); err != nil {
				return err
			}
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == io.EOF && p.got < p.length:
			return fmt.Errorf("%w after %d of %d bytes", errBroken, p.got, p.length)
		case err != nil && err != io.EOF:
			return fmt.Errorf("%w after %d of %d bytes: %w", errBroken, p.got, p.length, err)
		}
	}
	return nil
}

// adopt takes over what an answer with all of the object says about it.
func (d *download) adopt(resp *s3.GetObjectResponse, p *piece) error {
	switch {
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("the service answered %d and not with the whole object", resp.StatusCode)
	case resp.ContentLength < 0:
		// A transport that is not ours undid an encoding. It does not when asked for a range.
		p.ranged = true
		return fmt.Errorf("%w: the answer has no length", errBroken)
	case resp.ContentLength != d.info.Size:
		return fmt.Errorf("the object %w: it has %d bytes, and not %d", icos.ErrChanged, resp.ContentLength, d.info.Size)
	}
	size := d.info.Size
	d.info = infoOf(d.from.Key(), &resp.ObjectHeader)
	d.info.Size = size
	d.want = wantedOf(&d.info)
	p.digest = nil
	return nil
}

// placed says whether an answer has the bytes that are missing of a piece.
func (d *download) placed(resp *s3.GetObjectResponse, p *piece) error {
	want := fmt.Sprintf("bytes %d-%d/%d", p.offset+p.got, p.offset+p.length-1, d.info.Size)
	switch {
	case resp.ETag != d.info.ETag:
		return fmt.Errorf("the object %w: its ETag is %s, was %s", icos.ErrChanged, resp.ETag, d.info.ETag)
	case resp.StatusCode != http.StatusPartialContent:
		return fmt.Errorf("the service ignored the range and answered %d with all of the object", resp.StatusCode)
	case resp.ContentRange != want:
		return fmt.Errorf("the service sent %q, asked for was %q", resp.ContentRange, want)
	}
	return nil
}

// refused explains why the service did not send a piece.
func (d *download) refused(ctx context.Context, err error) error {
	e, ok := errors.AsType[*icos.Error](err)
	switch {
	case !ok:
		return err
	case e.StatusCode == http.StatusPreconditionFailed, e.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return fmt.Errorf("the object %w: its ETag is no longer %s: %w", icos.ErrChanged, d.info.ETag, err)
	}
	return explain(ctx, d.from.Bucket(), err)
}

// infoOf describes an object by the header of an answer. Its Size is left to the caller.
func infoOf(key string, h *s3.ObjectHeader) icos.ObjectInfo {
	return icos.ObjectInfo{
		Key: key, ETag: h.ETag, ModTime: h.LastModified, VersionID: h.VersionID, Checksum: h.Checksum,
		ContentType: h.ContentType, CacheControl: h.CacheControl, ContentDisposition: h.ContentDisposition,
		ContentEncoding: h.ContentEncoding, ContentLanguage: h.ContentLanguage, Metadata: h.Metadata,
	}
}

// full says so if err means that the disk has no room. size is how much was needed, 0 if unknown.
func full(err error, size int64) error {
	if errors.Is(err, ErrFull) || !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, errQuota) {
		return err
	}
	if size > 0 {
		return fmt.Errorf("%w: the object needs %d bytes: %w", ErrFull, size, err)
	}
	return fmt.Errorf("%w: %w", ErrFull, err)
}
