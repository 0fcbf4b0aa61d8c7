package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/checkpoint"
	"github.com/icos-go/icos/transfer/internal/mirror"
)

func (t *Transfer) prepareSync(w Sync) error {
	p := &t.plan
	p.name = fmt.Sprintf("%s %s to %s", w.verb(), w.From, w.To)
	p.label = w.Label
	for _, side := range []*Tree{&w.From, &w.To} {
		if err := side.check(); err != nil {
			return err
		}
	}
	if err := w.apart(); err != nil {
		return err
	}
	if w.Move && w.Delete {
		return errors.New("both Move and Delete: what was moved before would be deleted, for the source no longer has it")
	}
	t.tally.objectsTotal.Store(0)
	t.tally.total.Store(0)
	p.upload = w.To.Bucket != nil
	p.resumable = !w.DryRun
	if p.upload {
		p.target = w.To.Bucket.Object
	}
	p.identity = w.identity()
	r := &sweep{t: t, w: w, id: p.identity}
	p.run = r.run
	return nil
}

// verb says what a Sync is, for people.
func (w *Sync) verb() string {
	switch {
	case w.Compare != Always:
		return "sync"
	case w.From.Bucket == nil:
		return "upload"
	case w.To.Bucket == nil:
		return "download"
	}
	return "copy"
}

// check makes the path of a directory absolute.
func (t *Tree) check() error {
	switch {
	case t.Bucket == nil && t.Dir == "":
		return errors.New("a tree is neither a directory nor in a bucket")
	case t.Bucket != nil && t.Dir != "":
		return errors.New("a tree is both a directory and in a bucket")
	case t.Bucket != nil:
		return nil
	}
	dir, err := filepath.Abs(t.Dir)
	if err != nil {
		return fmt.Errorf("find directory: %w", err)
	}
	t.Dir = dir
	return nil
}

// apart finds out whether the two trees are different things. A tree that is
// copied into itself would be listed while it grows.
func (w *Sync) apart() error {
	a, b := w.From, w.To
	switch {
	case a.Bucket == nil && b.Bucket == nil:
		if !w.DryRun {
			return errors.New("both trees are directories: at least one must be in a bucket")
		}
	case a.Bucket != nil && b.Bucket != nil && !w.DryRun:
		if sameBucket(a.Bucket, b.Bucket) && (strings.HasPrefix(a.Prefix, b.Prefix) || strings.HasPrefix(b.Prefix, a.Prefix)) {
			return fmt.Errorf("%s and %s overlap", a, b)
		}
	}
	return nil
}

// sameBucket reports whether two handles are of one bucket: it has the same name at
// the same endpoint. COS has each name once, and several endpoints by which a bucket is reached.
func sameBucket(a, b *icos.Bucket) bool {
	if a.Name() != b.Name() {
		return false
	}
	x, y := a.Client().Endpoint(), b.Client().Endpoint()
	return x == y || isCOS(x) && isCOS(y)
}

// isCOS reports whether an endpoint is one of COS. Without an endpoint each bucket is looked up there.
func isCOS(endpoint string) bool {
	if endpoint == "" {
		return true
	}
	u, err := url.Parse(endpoint)
	return err == nil && strings.HasSuffix(strings.ToLower(u.Hostname()), ".cloud-object-storage.appdomain.cloud")
}

// identity names the work. Whatever changes which objects are moved, or what
// becomes of them, makes it other work, for which the progress of this one says
// nothing.
func (w *Sync) identity() checkpoint.Identity {
	kind, remote, other := kindTreeCopy, w.To, w.From.String()
	switch {
	case w.To.Bucket == nil:
		kind, remote, other = kindTreeDown, w.From, w.To.Dir
	case w.From.Bucket == nil:
		kind, other = kindTreeUp, w.From.Dir
	}
	if remote.Bucket == nil { // a dry run between directories, of which nothing is kept
		return checkpoint.Identity{}
	}
	ways := fmt.Appendf(nil, "%v %+v %v %v\n%s", w.Compare, w.Preserve, w.Move, w.NoClobber, w.Filter)
	if kind == kindTreeCopy { // remote is the target; the source may be in another service
		ways = append(ways, w.From.Bucket.Client().Endpoint()...)
	}
	hash := sha256.Sum256(ways)
	id := identity(kind+" "+hex.EncodeToString(hash[:4]), remote.Bucket.Object(remote.Prefix), other)
	return id
}

// side returns what mirror needs to know of a tree.
func (t Tree) side() mirror.Side {
	return mirror.Side{Dir: t.Dir, Bucket: t.Bucket, Prefix: t.Prefix, Key: t.Key}
}

// place says where the entry of a key is, for people.
func (t Tree) place(key string) string {
	if t.Bucket == nil {
		return filepath.Join(t.Dir, filepath.FromSlash(key))
	}
	return t.Bucket.Object(t.Prefix + key).String()
}

func (w *Sync) options(key string) icos.PutOptions {
	if w.Put != nil {
		return w.Put(key)
	}
	return withType(icos.PutOptions{}, key)
}

// lists returns the entries of both sides, of which the second is nil if it need
// not be read.
func (r *sweep) lists(ctx context.Context) (src, dst entries) {
	w := &r.w
	// A link is not followed to a file that is about to be moved away.
	o := mirror.ListOptions{Filter: w.Filter, Symlinks: w.Preserve.Symlinks, EmptyDirs: w.Preserve.EmptyDirs, Follow: !w.Move}
	if w.From.Bucket != nil && w.To.Bucket != nil {
		o.Symlinks, o.EmptyDirs = true, true // all of them are objects
	}
	src = w.From.side().List(ctx, o)
	if w.Compare == Always && !w.Delete && !w.NoClobber {
		return src, nil
	}
	if w.To.Bucket == nil {
		if _, err := os.Stat(w.To.Dir); errors.Is(err, os.ErrNotExist) {
			return src, func(func(mirror.Entry, error) bool) {}
		}
	}
	if w.From.Bucket != nil && w.To.Bucket == nil {
		o.Follow = false // a link in the target is none of ours: it is neither compared nor deleted
	}
	return src, w.To.side().List(ctx, o)
}

// ready finds out what would make every single object fail.
func (r *sweep) ready(ctx context.Context) error {
	if dir := r.w.From.Dir; r.w.From.Bucket == nil {
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("open source: %w", err)
		}
		if !info.IsDir() {
			return fmt.Errorf("open source: %s is not a directory", dir)
		}
	}
	if b := r.w.To.Bucket; b != nil {
		// That looking is forbidden does not mean that writing is.
		if there, err := b.Exists(ctx); err == nil && !there {
			return fmt.Errorf("open target: %w", &icos.Error{
				Op: "HeadBucket", Bucket: b.Name(), StatusCode: http.StatusNotFound, Code: "NoSuchBucket",
				Message: "The specified bucket does not exist.",
			})
		}
	}
	return nil
}
