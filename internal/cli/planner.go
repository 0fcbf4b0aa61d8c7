package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
	"github.com/icos-go/icos/transfer/filter"
)

// planner turns the operands of a copy into transfers.
type planner struct {
	*copier
	client *icos.Client
	haul   *haul
	filter *filter.Rules
	many   bool   // there are several sources
	target string // as it was written
}

// add starts what copies src to dst, or into it.
func (p *planner) add(ctx context.Context, src, dst location) error {
	if !p.recursive {
		return p.addOne(ctx, src, into(dst, src, p.many))
	}
	if !src.remote {
		info, err := os.Stat(src.path)
		switch {
		case p.move && errors.Is(err, fs.ErrNotExist): // it may have been moved by a process that was killed before it could say so
		case err != nil:
			return err
		case !info.IsDir():
			return p.addOne(ctx, src, into(dst, src, p.many))
		}
		return p.addTree(src, dst)
	}
	return p.addPrefix(ctx, src, dst)
}

// addPrefix copies all under a prefix. One that does not end in a slash may
// also be the name of an object, which is then copied too.
func (p *planner) addPrefix(ctx context.Context, src, dst location) error {
	found := src.isPrefix()
	if !found {
		ok, err := p.source(src, dst).Exists(ctx)
		if err != nil {
			return err
		}
		if ok {
			if err := p.addOne(ctx, src, into(dst, src, true)); err != nil {
				return err
			}
			found = true
		}
	}
	if src.key != "" {
		some, err := p.holds(ctx, src.tree())
		switch {
		case err != nil:
			return err
		case !some && src.isPrefix(), !some && !found:
			return &missing{"no key begins with " + src.tree().String()}
		case !some:
			return nil
		}
	}
	return p.addTree(src, dst)
}

// holds reports whether there is any object under l.
func (p *planner) holds(ctx context.Context, l location) (bool, error) {
	for _, err := range p.client.Bucket(l.bucket).Objects(ctx, &icos.ListOptions{Prefix: l.key, PageSize: 1}) {
		return err == nil, err
	}
	return false, nil
}

// source is the object src, to be copied to dst.
func (p *planner) source(src, dst location) *icos.Object {
	return p.client.Bucket(src.bucket).Object(src.key).Version(p.version).WithKey(p.keys.ofSource(dst))
}

// object is the object dst, to be written.
func (p *planner) object(dst location) *icos.Object {
	return p.client.Bucket(dst.bucket).Object(dst.key).WithKey(p.keys.own)
}

// addTree copies all under src into dst.
func (p *planner) addTree(src, dst location) error {
	dst, err := under(dst, src)
	if err != nil {
		return err
	}
	work := transfer.Sync{
		From: tree(p.client, src, p.keys.ofSource(dst)), To: tree(p.client, dst, p.keys.own),
		Filter: p.filter, Preserve: transfer.Preserve(p.preserve),
		Put: p.upload.forTrees(), DryRun: p.dryRun, Move: p.move, NoClobber: p.noClobber,
	}
	p.haul.start(work)
	return nil
}

// addOne copies src to exactly dst.
func (p *planner) addOne(ctx context.Context, src, dst location) error {
	size := int64(-1) // not known, and not asked for where it changes nothing
	switch {
	case dst.remote && dst.key == "" || !dst.remote && dst.path == "":
		return &usageError{fmt.Errorf("the target needs a name at its end: %s has none to give it", src)}
	case src.isPrefix():
		return &usageError{fmt.Errorf("%s is a bucket or a prefix: add -r to copy all under it", src)}
	case !src.remote && !src.stream:
		info, err := os.Stat(src.path)
		if err != nil {
			return err
		}
		if info.IsDir() {
			return &usageError{fmt.Errorf("%s is a directory: add -r to copy all under it", src)}
		}
		if !info.Mode().IsRegular() {
			return p.addPipe(src, dst)
		}
		size = info.Size()
	}
	if p.noClobber && dst.remote {
		there, err := p.object(dst).Exists(ctx)
		if err != nil {
			return err
		}
		if there {
			p.haul.skip(transfer.Item{Op: transfer.Skipped, Key: dst.key, From: src.String(), To: dst.String(), Bytes: size, Reason: "it exists"})
			return nil
		}
	}
	if p.dryRun {
		return p.tellOne(ctx, src, dst)
	}
	switch {
	case src.remote && dst.remote:
		p.haul.start(transfer.Copy{From: p.source(src, dst), To: p.object(dst), Options: p.upload.copyOptions(dst.key), Move: p.move})
	case src.remote:
		return p.addDownload(ctx, src, dst)
	case src.stream:
		in := interruptibleReader(ctx, p.stdin)
		if p.tee {
			in = io.TeeReader(in, p.stdout)
		}
		p.haul.start(transfer.Stream{Reader: in, To: p.object(dst), Put: p.putOptions(dst.key, p.stdin)})
	default:
		p.haul.start(transfer.Upload{
			Path: src.path, To: p.object(dst), Put: p.putOptions(dst.key, nil), Preserve: transfer.Preserve(p.preserve), Move: p.move,
		})
	}
	return nil
}

// putOptions are those of the object called key, made of what in holds.
func (p *planner) putOptions(key string, in io.Reader) icos.PutOptions {
	o := p.upload.options(key)
	o.Size = sizeOf(in)
	if p.noClobber || p.exclusive {
		o.IfNoneMatch = "*" // with noClobber for what comes to exist meanwhile
	}
	return o
}

// addPipe uploads what a named pipe or a device yields, until its end.
func (p *planner) addPipe(src, dst location) error {
	if p.move || p.dryRun {
		return &usageError{fmt.Errorf("%s is not a regular file", src)}
	}
	f, err := os.Open(src.path)
	if err != nil {
		return err
	}
	p.haul.later(f.Close)
	p.haul.start(transfer.Stream{Reader: f, To: p.object(dst), Put: p.putOptions(dst.key, nil)})
	return nil
}

// addDownload writes an object to a file. A link is followed, as cp does, and a
// device is written to rather than replaced.
func (p *planner) addDownload(ctx context.Context, src, dst location) error {
	if dir := filepath.Dir(dst.path); endsInSeparator(p.target) {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
	}
	info, err := os.Stat(dst.path)
	if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		if p.move {
			return &usageError{fmt.Errorf("%s is not a regular file: nothing would be left of %s", dst, src)}
		}
		f, err := os.OpenFile(dst.path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		n, err := p.writeTo(ctx, p.source(src, dst), f)
		if err = errors.Join(err, f.Close()); err == nil {
			p.haul.streamed(n)
		}
		return err
	}
	path := dst.path
	if err == nil {
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	p.haul.start(transfer.Download{
		From: p.source(src, dst), Path: path, Preserve: transfer.Preserve(p.preserve), Move: p.move, NoClobber: p.noClobber,
	})
	return nil
}

// tellOne says what would become of one object or file.
func (p *planner) tellOne(ctx context.Context, src, dst location) error {
	it := transfer.Item{Op: transfer.WouldCopy, Key: dst.key, From: src.String(), To: dst.String()}
	if p.move {
		it.Op = transfer.WouldMove
	}
	if src.remote {
		info, err := p.source(src, dst).Stat(ctx)
		if err != nil {
			return fmt.Errorf("copy %s: %w", src, err)
		}
		it.Bytes = info.Size
	} else {
		info, err := os.Stat(src.path)
		if err != nil {
			return err
		}
		it.Bytes = info.Size()
	}
	if !dst.remote && p.noClobber {
		if _, err := os.Lstat(dst.path); err == nil {
			it.Op, it.Reason = transfer.Skipped, "it exists"
			p.haul.skip(it)
			return nil
		}
	}
	p.haul.planned(it)
	return nil
}

// into is dst, or what src is called under it when dst is a bucket, a prefix or
// a directory.
func into(dst, src location, many bool) location {
	name := ""
	switch {
	case src.remote:
		name = path.Base(src.key)
	case !src.stream:
		name = filepath.Base(src.path)
	}
	switch {
	case dst.stream:
	case dst.isPrefix():
		dst.key += name
	case !dst.remote && (many || isDir(dst.path) || endsInSeparator(dst.path)):
		if name == "" || !filepath.IsLocal(name) {
			return location{}
		}
		dst.path = filepath.Join(dst.path, name)
	}
	return dst
}

// under is where the tree src goes in dst. As with rsync, a source that ends in
// a slash stands for what is in it, and one that does not for itself by name.
func under(dst, src location) (location, error) {
	name := ""
	switch {
	case src.remote && src.key != "" && !src.isPrefix():
		name = path.Base(src.key)
	case !src.remote && !endsInSeparator(src.path):
		name = filepath.Base(src.path)
	}
	switch {
	case name == "" || name == ".", !src.remote && name == "..":
		return dst.tree(), nil
	case !filepath.IsLocal(name):
		return location{}, &usageError{fmt.Errorf("%s names no directory: end it in a slash for what is under it", src)}
	}
	dst = dst.tree()
	if dst.remote {
		dst.key += name + "/"
	} else {
		dst.path = filepath.Join(dst.path, name)
	}
	return dst, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func endsInSeparator(path string) bool {
	return path != "" && os.IsPathSeparator(path[len(path)-1])
}
