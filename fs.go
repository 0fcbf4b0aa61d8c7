package icos

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// FS is a bucket, or a part of it, as a read-only file system. It works with
// fs.WalkDir, fs.Glob, http.FS, template.ParseFS and whatever else takes an
// [io/fs.FS]. It is safe for concurrent use.
//
// Keys are paths, and slashes make directories. What has no place in a file
// system is treated as follows:
//
//   - Keys that are not valid paths, such as a//b, /a or ../a, are hidden. So are
//     keys that end in a slash, but the directory that such a key marks exists.
//   - If there are objects a and a/b, then a is a file. Walking the tree does not
//     come to a/b, but it can be opened by its name.
//   - Modification times are rounded down to seconds, and directories have none.
//
// Opening a file is one request, and its bytes are those of a [Reader], which can
// seek too.
type FS struct {
	ctx    context.Context // that of Bucket.FS, because package fs has no place for it
	bucket *Bucket
	prefix string // "" or ends in a slash
}

var (
	_ fs.StatFS     = (*FS)(nil)
	_ fs.ReadDirFS  = (*FS)(nil)
	_ fs.ReadFileFS = (*FS)(nil)
	_ fs.SubFS      = (*FS)(nil)
)

// FS returns the bucket as a file system. It does no I/O. The context counts for
// as long as the file system is used.
func (b *Bucket) FS(ctx context.Context) *FS { return &FS{ctx: ctx, bucket: b} }

// Sub implements fs.SubFS. The directory need not exist.
func (f *FS) Sub(dir string) (fs.FS, error) {
	if !fs.ValidPath(dir) {
		return nil, &fs.PathError{Op: "sub", Path: dir, Err: fs.ErrInvalid}
	}
	if dir == "." {
		return f, nil
	}
	return &FS{ctx: f.ctx, bucket: f.bucket, prefix: f.prefix + dir + "/"}, nil
}

func (f *FS) object(name string) *Object { return f.bucket.Object(f.prefix + name) }

// Open implements fs.FS. Files are also io.Seeker and io.WriterTo, directories
// are fs.ReadDirFile.
func (f *FS) Open(name string) (fs.File, error) {
	file, err := f.open(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return file, nil
}

func (f *FS) open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, fs.ErrInvalid
	}
	if name == "." {
		return f.dir(name), nil
	}
	r, err := f.object(name).Get(f.ctx, nil)
	if err == nil {
		return &file{Reader: r, info: newFileInfo(name, r.Info())}, nil
	}
	if err := f.findDir(name, err); err != nil {
		return nil, err
	}
	return f.dir(name), nil
}

// findDir returns nil if name is a directory, given the reason why it is no file.
func (f *FS) findDir(name string, notFile error) error {
	if !errors.Is(notFile, fs.ErrNotExist) {
		return notFile
	}
	for page, err := range f.bucket.Pages(f.ctx, &ListOptions{Prefix: f.prefix + name + "/", PageSize: 1}) {
		if err != nil {
			return err
		}
		if len(page.Objects) > 0 {
			return nil
		}
	}
	return notFile
}

// Stat implements fs.StatFS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	info, err := f.stat(name)
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return info, nil
}

func (f *FS) stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, fs.ErrInvalid
	}
	if name == "." {
		return dirInfo(name), nil
	}
	info, err := f.object(name).Stat(f.ctx)
	if err == nil {
		return newFileInfo(name, info), nil
	}
	if err := f.findDir(name, err); err != nil {
		return nil, err
	}
	return dirInfo(path.Base(name)), nil
}

// ReadFile implements fs.ReadFileFS, with one request.
func (f *FS) ReadFile(name string) ([]byte, error) {
	data, err := f.readFile(name)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return data, nil
}

func (f *FS) readFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, fs.ErrInvalid
	}
	if name == "." {
		return nil, errIsDir
	}
	r, err := f.object(name).Get(f.ctx, nil)
	if err != nil {
		if f.findDir(name, err) == nil {
			return nil, errIsDir
		}
		return nil, err
	}
	defer r.Close()
	if r.Size() < 0 {
		return io.ReadAll(r)
	}
	var data []byte
	for chunk := int64(1 << 20); ; { // grown as bytes arrive, not as a header promises
		data = slices.Grow(data, int(min(chunk, r.Size()-int64(len(data))+1)))
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// ReadDir implements fs.ReadDirFS.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := f.readDir(name)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return entries, nil
}

func (f *FS) readDir(name string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(name) {
		return nil, fs.ErrInvalid
	}
	d := f.dir(name)
	entries, err := d.read(-1)
	if err != nil {
		return nil, err
	}
	if name != "." && !d.seen {
		if _, err := f.object(name).Stat(f.ctx); err != nil {
			return nil, err
		}
		return nil, errNotDir
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

var (
	errIsDir  = errors.New("is a directory")
	errNotDir = errors.New("is not a directory")
)

// A file is an open object.
type file struct {
	*Reader
	info fileInfo
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }

// fileInfo describes an object. It is also the entry of a directory.
type fileInfo struct {
	name   string
	object ObjectInfo
}

func newFileInfo(name string, info ObjectInfo) fileInfo {
	return fileInfo{name: path.Base(name), object: info}
}

func (i fileInfo) Name() string               { return i.name }
func (i fileInfo) Size() int64                { return i.object.Size }
func (i fileInfo) Mode() fs.FileMode          { return 0o444 }
func (i fileInfo) Type() fs.FileMode          { return 0 }
func (i fileInfo) ModTime() time.Time         { return i.object.ModTime.Truncate(time.Second) }
func (i fileInfo) IsDir() bool                { return false }
func (i fileInfo) Sys() any                   { return i.object }
func (i fileInfo) Info() (fs.FileInfo, error) { return i, nil }
func (i fileInfo) String() string             { return fs.FormatFileInfo(i) }

// dirInfo describes a directory by its name. It is also the entry of a directory.
type dirInfo string

func (i dirInfo) Name() string               { return string(i) }
func (i dirInfo) Size() int64                { return 0 }
func (i dirInfo) Mode() fs.FileMode          { return fs.ModeDir | 0o555 }
func (i dirInfo) Type() fs.FileMode          { return fs.ModeDir }
func (i dirInfo) ModTime() time.Time         { return time.Time{} }
func (i dirInfo) IsDir() bool                { return true }
func (i dirInfo) Sys() any                   { return nil }
func (i dirInfo) Info() (fs.FileInfo, error) { return i, nil }
func (i dirInfo) String() string             { return fs.FormatFileInfo(i) }
