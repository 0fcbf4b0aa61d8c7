package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/icos-go/icos"
)

// copyItem is one object's worth of copying.
type copyItem struct {
	src, dst location
	size     int64 // bytes, or -1 when it is not known yet
}

// planCopy turns the operands of a copy into items, one at a time: a directory
// or a bucket is walked while its first files already move. An error ends the
// sequence when it concerns the whole operand; a single entry that cannot be
// copied is yielded with its error and the walk goes on.
func planCopy(ctx context.Context, client *icos.Client, srcs []location, dst location, recursive bool) iter.Seq2[copyItem, error] {
	return func(yield func(copyItem, error) bool) {
		for _, src := range srcs {
			items := planOne(src, dst, len(srcs) > 1)
			if recursive && !src.stream {
				items = planTree(ctx, client, src, dst)
			}
			for item, err := range items {
				if !yield(item, err) {
					return
				}
			}
		}
	}
}

// planOne names the target of a single file or object.
func planOne(src, dst location, many bool) iter.Seq2[copyItem, error] {
	target := into(dst, src, many)
	if target.remote && target.key == "" || !target.remote && !target.stream && target.path == "" {
		return failed(src, &usageError{fmt.Errorf("%s needs a name at its end: %s has none to give it", dst, src)})
	}
	return planExact(src, target)
}

// planExact copies src to exactly dst.
func planExact(src, dst location) iter.Seq2[copyItem, error] {
	item := copyItem{src: src, dst: dst, size: -1}
	switch {
	case src.isPrefix():
		return failed(src, &usageError{fmt.Errorf("%s is a bucket or a prefix: add -r to copy all under it", src)})
	case !src.remote && !src.stream:
		info, err := os.Stat(src.path)
		if err != nil {
			return failed(src, err)
		}
		if info.IsDir() {
			return failed(src, &usageError{fmt.Errorf("%s is a directory: add -r to copy all under it", src)})
		}
		if info.Mode().IsRegular() {
			item.size = info.Size()
		}
	}
	return func(yield func(copyItem, error) bool) { yield(item, nil) }
}

// failed is a plan that comes to nothing.
func failed(src location, err error) iter.Seq2[copyItem, error] {
	return func(yield func(copyItem, error) bool) { yield(copyItem{src: src}, err) }
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

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func endsInSeparator(path string) bool {
	return path != "" && os.IsPathSeparator(path[len(path)-1])
}

// planTree walks everything under src. As with rsync, a source that ends in a
// slash stands for what is in it, and one that does not for itself by name.
func planTree(ctx context.Context, client *icos.Client, src, dst location) iter.Seq2[copyItem, error] {
	if src.remote {
		return planRemoteTree(ctx, client, src, dst)
	}
	return planLocalTree(src, dst)
}

func planLocalTree(src, dst location) iter.Seq2[copyItem, error] {
	return func(yield func(copyItem, error) bool) {
		prefix := dst.key
		if prefix != "" && !strings.HasSuffix(prefix, "/") {
			prefix += "/"
		}
		if !endsInSeparator(src.path) && filepath.Base(src.path) != "." {
			prefix += filepath.Base(src.path) + "/"
		}
		if !dst.remote {
			yield(copyItem{src: src, dst: dst}, &usageError{errors.New("both sides are local: one of them must be cos://BUCKET")})
			return
		}
		for f, err := range walkFiles(src.path) {
			item := copyItem{src: location{path: f.path}, dst: location{remote: true, bucket: dst.bucket, key: prefix + f.rel}, size: f.size}
			if !yield(item, err) {
				return
			}
		}
	}
}

func planRemoteTree(ctx context.Context, client *icos.Client, src, dst location) iter.Seq2[copyItem, error] {
	return func(yield func(copyItem, error) bool) {
		prefix, keep := src.key, 0
		if prefix != "" && !strings.HasSuffix(prefix, "/") {
			prefix += "/"
			keep = strings.LastIndexByte(src.key, '/') + 1
		} else {
			keep = len(prefix)
		}
		for obj, err := range client.Bucket(src.bucket).Objects(ctx, &icos.ListOptions{Prefix: prefix}) {
			if err != nil {
				yield(copyItem{src: src, dst: dst}, err)
				return
			}
			item := copyItem{src: location{remote: true, bucket: src.bucket, key: obj.Key}, size: obj.Size}
			rel := obj.Key[keep:]
			switch {
			case dst.remote:
				base := dst.key
				if base != "" && !strings.HasSuffix(base, "/") {
					base += "/"
				}
				item.dst = location{remote: true, bucket: dst.bucket, key: base + rel}
			default:
				item.dst = location{path: rel} // relative to the destination's root, which downloads are confined to
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// localFile is a regular file found by walkFiles.
type localFile struct {
	path string // as the operating system names it
	rel  string // slash-separated, relative to the walk's root

	size    int64
	modTime time.Time
}

// walkFiles yields the regular files under dir in lexical order. Links and
// special files are yielded with an error that says so, because leaving them
// out in silence would look like having copied them.
func walkFiles(dir string) iter.Seq2[localFile, error] {
	return func(yield func(localFile, error) bool) {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			rel, relErr := filepath.Rel(dir, path)
			if relErr != nil {
				return relErr
			}
			f := localFile{path: path, rel: filepath.ToSlash(rel)}
			switch {
			case err != nil && path == dir:
				return err
			case err != nil:
				// An unreadable directory: tell, and walk on past it.
			case entry.IsDir():
				return nil
			case !entry.Type().IsRegular():
				err = fmt.Errorf("%s: not a regular file (%s), skipped", path, entry.Type())
			default:
				var info fs.FileInfo
				if info, err = entry.Info(); err == nil {
					f.size, f.modTime = info.Size(), info.ModTime()
				}
			}
			if !yield(f, err) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(localFile{path: dir}, err)
		}
	}
}
