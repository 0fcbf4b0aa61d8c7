package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/icos-go/icos"
)

// entry is one object, or one file or directory of this machine.
type entry struct {
	key     string // whole key, or the path below the directory with slashes; directories end in one
	size    int64  // bytes
	modTime time.Time
	etag    string // of objects
	dir     bool   // a directory: it is there, but holds no bytes
}

// looker is a command that reads trees and changes nothing: find, tree, du. It
// has a client only if one of its operands is in the store, so that looking at
// local directories needs no credentials.
type looker struct {
	*app
	client *icos.Client // nil if all operands are local
}

// look parses the operands and opens what they need. The caller calls close.
func (a *app) look(args []string) (l *looker, at []location, err error) {
	l = &looker{app: a}
	remote := false
	for _, arg := range args {
		loc, err := parseLocation(arg)
		if err != nil {
			return nil, nil, &usageError{err}
		}
		if err := loc.checkTree(arg); err != nil {
			return nil, nil, &usageError{err}
		}
		remote = remote || loc.remote
		at = append(at, loc)
	}
	if remote {
		if l.client, err = a.client(); err != nil {
			return nil, nil, err
		}
	}
	return l, at, nil
}

func (l *looker) close() {
	if l.client != nil {
		_ = l.client.Close() // idle connections only
	}
}

// base is what the keys of l's entries have in common and depth is counted
// from: all of a key up to its last slash.
func (l location) base() string { return l.key[:strings.LastIndexByte(l.key, '/')+1] }

// name is the entry of l called key as people would write it.
func (l location) name(key string) location {
	if l.remote {
		l.key = key
	} else {
		l.path = filepath.Join(l.path, filepath.FromSlash(key))
	}
	return l
}

// entries walks what is under at, no deeper than maxDepth levels if that is not
// zero: objects in byte order of their keys, as they are listed; files and
// directories so that what is in a directory comes right after it. Some deeper
// objects may come too. An error comes last.
func (l *looker) entries(ctx context.Context, at location, maxDepth int) iter.Seq2[entry, error] {
	switch {
	case !at.remote:
		return localEntries(at.path, maxDepth)
	case maxDepth == 1:
		return l.level(ctx, at)
	}
	return func(yield func(entry, error) bool) {
		for obj, err := range l.client.Bucket(at.bucket).Objects(ctx, &icos.ListOptions{Prefix: at.key}) {
			if !yield(entryOf(obj), err) || err != nil {
				return
			}
		}
	}
}

func entryOf(obj icos.ObjectInfo) entry {
	return entry{key: obj.Key, size: obj.Size, modTime: obj.ModTime, etag: obj.ETag}
}

// level lists one level of a bucket, where the service leaves out what is deeper.
func (l *looker) level(ctx context.Context, at location) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		for page, err := range l.client.Bucket(at.bucket).Pages(ctx, &icos.ListOptions{Prefix: at.key, Delimiter: "/"}) {
			if err != nil {
				yield(entry{}, err)
				return
			}
			// Prefixes and objects come apart, each in order.
			prefixes := page.Prefixes
			for _, obj := range page.Objects {
				for len(prefixes) > 0 && prefixes[0] < obj.Key {
					if !yield(entry{key: prefixes[0], dir: true}, nil) {
						return
					}
					prefixes = prefixes[1:]
				}
				if !yield(entryOf(obj), nil) {
					return
				}
			}
			for _, p := range prefixes {
				if !yield(entry{key: p, dir: true}, nil) {
					return
				}
			}
		}
	}
}

// localEntries walks a directory. Links in it are entries themselves, and are
// not followed.
func localEntries(root string, maxDepth int) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		info, err := os.Stat(root) // the operand itself may be a link
		if err == nil && !info.IsDir() {
			err = &fs.PathError{Op: "list", Path: root, Err: errors.New("it is a file, not a directory")}
		}
		if err != nil {
			yield(entry{}, err)
			return
		}
		walkDirectory(root, "", maxDepth, yield)
	}
}

// walkDirectory yields what is in dir. It holds the names of one directory for
// each level. It reports whether to go on.
func walkDirectory(dir, prefix string, maxDepth int, yield func(entry, error) bool) bool {
	names, err := os.ReadDir(dir)
	if err != nil {
		return yield(entry{}, err) && false
	}
	slices.SortFunc(names, func(a, b fs.DirEntry) int { return cmp.Compare(slashed(a), slashed(b)) })
	for _, d := range names {
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has gone since the directory was read
		}
		if err != nil {
			return yield(entry{}, err) && false
		}
		e := entry{key: prefix + slashed(d), size: info.Size(), modTime: info.ModTime(), dir: d.IsDir()}
		if e.dir {
			e.size = 0
		}
		if !yield(e, nil) {
			return false
		}
		if e.dir && maxDepth != 1 && !walkDirectory(filepath.Join(dir, d.Name()), e.key, max(maxDepth-1, 0), yield) {
			return false
		}
	}
	return true
}

// slashed is the name of d as keys have it. Directories sort by it too, so that
// "a-b" comes before "a/".
func slashed(d fs.DirEntry) string {
	if d.IsDir() {
		return d.Name() + "/"
	}
	return d.Name()
}
