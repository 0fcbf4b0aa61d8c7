package transfer

import (
	"context"
	"errors"
	"io/fs"
	"sync/atomic"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/multipart"
)

// A copying is an object and where it is copied to.
type copying struct {
	from, to *icos.Object
	info     *icos.ObjectInfo // of a list; nil if it was not listed
	options  icos.CopyOptions
	move     bool
	identity checkpoint.Identity
	parent   string
	through  *atomic.Bool // of a tree: set when the service has refused once
	record   func()       // see [Job]
}

// copy copies an object inside the service. If the accounts differ and the service
// refuses to read the source for that of the target, the bytes pass through this
// machine.
func (t *Transfer) copy(ctx context.Context, a *active, c *copying) (outcome, error) {
	if c.info == nil {
		info, err := c.from.Stat(ctx)
		if err != nil {
			return outcome{}, err
		}
		c.info = &info
	}
	a.resize(c.info.Size)
	var out outcome
	var err error
	if c.through == nil || !c.through.Load() {
		out, err = t.copyThere(ctx, a, c)
	}
	if c.through != nil && c.through.Load() || err != nil && c.foreign() && refused(err) {
		a.add(-a.bytes.Load())
		if out, err = t.copyHere(ctx, a, c); err == nil && c.through != nil {
			c.through.Store(true)
		}
	}
	if err != nil {
		return outcome{}, err
	}
	if c.move {
		if err := removeObject(ctx, c.from, c.info.ETag); err != nil {
			return outcome{}, err
		}
	}
	return out, nil
}

// foreign reports whether source and target belong to different accounts, as far
// as can be told.
func (c *copying) foreign() bool { return c.from.Bucket().Client() != c.to.Bucket().Client() }

// refused reports whether an error may be about rights: a service that must not
// show a bucket to somebody may also say that there is none.
func refused(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist)
}

// copyThere has the service copy.
func (t *Transfer) copyThere(ctx context.Context, a *active, c *copying) (outcome, error) {
	j := t.job(a, c.to, "", c.parent)
	j.info = *c.info
	limit := threshold(c.options.Threshold, copyThreshold)
	if err := j.open(c.identity, limit); err != nil {
		return outcome{}, err
	}
	result, err := t.m.env.Copy(ctx, &multipart.Copy{
		Flow: j.flow(), From: c.from, To: c.to, Info: c.info, Options: c.options, Threshold: c.options.Threshold,
	})
	j.finish(result)
	if !c.move { // it is done when the source is gone
		j.record = c.record
	}
	if err = j.close(err); err != nil {
		return outcome{}, err
	}
	j.outcome.size = c.info.Size
	return j.outcome, nil
}

// copyThreshold is the size in bytes from which on a copy has parts, and is worth
// a checkpoint: that of [icos.CopyOptions].
const copyThreshold = 5e9

// copyHere reads the source with its own Client and stores it with that of the
// target. It cannot be resumed.
func (t *Transfer) copyHere(ctx context.Context, a *active, c *copying) (out outcome, err error) {
	r, err := c.from.Get(ctx, &icos.GetOptions{IfMatch: c.info.ETag})
	if err != nil {
		return outcome{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	info := r.Info()
	put := icos.PutOptions{
		ContentType: info.ContentType, CacheControl: info.CacheControl,
		ContentDisposition: info.ContentDisposition, ContentEncoding: info.ContentEncoding,
		ContentLanguage: info.ContentLanguage, Metadata: info.Metadata,
	}
	if c.options.Attributes != nil {
		put = *c.options.Attributes
	}
	put.ACL, put.Size = c.options.ACL, r.Size()
	put.Tags, put.Retention, put.Lock = c.options.Tags, c.options.Retention, c.options.Lock
	if put.Tags == nil && info.TagCount > 0 {
		if put.Tags, err = c.from.Tags(ctx); err != nil {
			return outcome{}, err
		}
	}
	return t.stream(ctx, a, r, c.to, put)
}
