package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/tree"
)

// smallFile is the size in bytes up to which a file is compared with the MD5 that a
// list gives for free. For larger ones a request is cheaper than an MD5, if the answer
// has a checksum that is thirty times as fast to compute.
const smallFile = 1 << 20

// contents compares the contents of entries of the same size. It may be used by several
// goroutines.
type contents struct {
	o     *Options
	files fileReader
}

func newContents(o *Options) *contents { return &contents{o: o, files: newFileReader()} }

// A verdict is what a comparison found out.
type verdict int

const (
	unknown verdict = iota // there is nothing to compare with
	equal
	different
)

// decide completes an action, whose entries have the same size.
func (c *contents) decide(ctx context.Context, a *Action) {
	v, reason, err := c.compare(ctx, &a.Src, &a.Dst)
	switch {
	case err != nil:
		a.Op, a.Reason, a.Err = Fail, "", fmt.Errorf("compare %q: %w", a.Src.Key, err)
	case v == equal:
		a.Op, a.Reason = Skip, reason
	case v == different:
		a.Op, a.Reason = Copy, reason
	case c.o.newer(&a.Src, &a.Dst):
		a.Op, a.Reason, a.Unsure = Copy, becauseNewer+"; "+reason, true
	default:
		a.Op, a.Reason, a.Unsure = Skip, becauseOlder+"; "+reason, true
	}
}

func (c *contents) compare(ctx context.Context, src, dst *Entry) (verdict, string, error) {
	if src.Size == 0 && src.Kind != tree.Symlink && dst.Kind != tree.Symlink && c.o.Compare != ModTime {
		return equal, becauseEmpty, nil
	}
	switch {
	case c.o.From.remote() && c.o.To.remote():
		return c.objects(ctx, src, dst)
	case c.o.From.remote():
		return c.mixed(ctx, dst, src, c.o.From)
	case c.o.To.remote():
		return c.mixed(ctx, src, dst, c.o.To)
	}
	return c.files.compare(ctx, src, dst)
}

// mixed compares a local entry with an object.
func (c *contents) mixed(ctx context.Context, local, remote *Entry, side Side) (verdict, string, error) {
	whole := isMD5(remote.ETag) && side.Key.IsZero()
	if whole && local.Size <= smallFile && c.o.Compare != ModTime {
		if v, reason, err := c.files.match(ctx, local, md5Of(remote.ETag)); v == equal || err != nil {
			return v, reason, err
		}
		// The ETag of an encrypted object may look like an MD5 and be none.
	}
	head, v, reason, err := c.head(ctx, remote, side)
	if head == nil {
		return v, reason, err
	}
	if c.o.Compare != Checksum && keptTime(head).Equal(local.ModTime.Truncate(time.Second)) {
		return equal, becauseTime, nil
	}
	if c.o.Compare == ModTime {
		return different, becauseNewer, nil
	}
	switch sum := head.Checksum; {
	case isWhole(sum):
		return c.files.match(ctx, local, digest{name: string(sum.Algorithm), new: sum.Algorithm.New, want: sum.Value})
	case whole:
		return c.files.match(ctx, local, md5Of(remote.ETag))
	}
	return c.parts(ctx, local, remote, side, head.Checksum)
}

// keptTime returns the time of modification that the object's metadata keeps, to the
// second, or the zero time.
func keptTime(head *s3.HeadObjectResponse) time.Time {
	kept, _ := tree.ReadAttributes(head.Metadata) // what makes no sense was kept by another program, and is no time
	return kept.ModTime.Truncate(time.Second)
}

// head asks about an object of a list. If there is no answer, the verdict and the error are
// what follows from that.
func (c *contents) head(ctx context.Context, e *Entry, side Side) (*s3.HeadObjectResponse, verdict, string, error) {
	head, err := c.ask(ctx, &s3.HeadObjectRequest{Bucket: side.Bucket.Name(), Key: side.Prefix + e.Key}, side)
	switch {
	case errors.Is(err, fs.ErrPermission) && side.Key.IsZero(): // or else the key is another one, which is to be told
		return nil, unknown, "the store does not let its checksum be read", nil
	case errors.Is(err, fs.ErrNotExist) && side == c.o.To:
		return nil, different, "gone from the target meanwhile", nil
	case err != nil:
		return nil, unknown, "", err
	case head.ContentLength != e.Size || head.ETag != e.ETag:
		return nil, different, becauseChanged, nil
	}
	return head, unknown, "", nil
}

func (c *contents) ask(ctx context.Context, r *s3.HeadObjectRequest, side Side) (*s3.HeadObjectResponse, error) {
	if c.o.Admit != nil {
		done, err := c.o.Admit(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
	}
	wire, err := side.Bucket.S3(ctx)
	if err != nil {
		return nil, err
	}
	r.CustomerKey = side.Key
	return wire.HeadObject(ctx, r)
}

// objects compares two objects.
func (c *contents) objects(ctx context.Context, src, dst *Entry) (verdict, string, error) {
	if src.ETag != "" && src.ETag == dst.ETag {
		return equal, "same ETag", nil
	}
	a, v, reason, err := c.head(ctx, src, c.o.From)
	if a == nil {
		return v, reason, err
	}
	b, v, reason, err := c.head(ctx, dst, c.o.To)
	if b == nil {
		return v, reason, err
	}
	switch x, y := a.Checksum, b.Checksum; {
	case x.Value != "" && x == y:
		return equal, "same content by " + string(x.Algorithm), nil
	case isWhole(x) && isWhole(y) && x.Algorithm == y.Algorithm:
		return different, "content differs by " + string(x.Algorithm), nil
	case isMD5(src.ETag) && isMD5(dst.ETag) && c.o.From.Key.IsZero() && c.o.To.Key.IsZero():
		return different, "content differs by ETag", nil
	}
	return unknown, "the store has nothing to compare the contents with", nil
}
