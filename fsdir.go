package icos

import (
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/icos-go/icos/s3"
)

// A dir is an open directory. It lists the bucket page by page as it is read.
type dir struct {
	fs     *FS
	name   string
	prefix string // of the keys in it

	entries []fs.DirEntry // listed and not yet returned
	token   string        // of the next page
	listed  bool          // there is no next page
	closed  bool
	seen    bool // something is under the prefix, be it hidden

	// files are the names of files of which the directory of the same name may
	// still come: each is the beginning of the next.
	files []string
}

var _ fs.ReadDirFile = (*dir)(nil)

func (f *FS) dir(name string) *dir {
	d := &dir{fs: f, name: name, prefix: f.prefix}
	if name != "." {
		d.prefix += name + "/"
	}
	return d
}

func (d *dir) Stat() (fs.FileInfo, error) { return dirInfo(path.Base(d.name)), nil }

func (d *dir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errIsDir}
}

func (d *dir) Close() error {
	d.closed = true
	return nil
}

// ReadDir implements fs.ReadDirFile. Entries come in the order of the service.
func (d *dir) ReadDir(n int) ([]fs.DirEntry, error) {
	if d.closed {
		return nil, &fs.PathError{Op: "readdir", Path: d.name, Err: fs.ErrClosed}
	}
	entries, err := d.read(n)
	if err != nil {
		return entries, &fs.PathError{Op: "readdir", Path: d.name, Err: err}
	}
	if n > 0 && len(entries) == 0 {
		return nil, io.EOF
	}
	return entries, nil
}

// read returns the next n entries, or all if n is not positive.
func (d *dir) read(n int) ([]fs.DirEntry, error) {
	var resp s3.ListObjectsV2Response
	for !d.listed && (n <= 0 || len(d.entries) < n) {
		if err := d.fs.bucket.list(d.fs.ctx, &ListOptions{Prefix: d.prefix, Delimiter: "/"}, d.token, &resp); err != nil {
			return nil, err
		}
		if d.token != "" && resp.NextContinuationToken == d.token {
			return nil, errSameToken
		}
		d.add(&resp)
		d.token, d.listed = resp.NextContinuationToken, resp.NextContinuationToken == ""
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	entries := d.entries[:n:n]
	d.entries = d.entries[n:]
	return entries, nil
}

// add takes in a response, whose objects and prefixes are in order and need merging.
func (d *dir) add(resp *s3.ListObjectsV2Response) {
	objects, prefixes := resp.Contents, resp.CommonPrefixes
	d.seen = d.seen || len(objects) > 0 || len(prefixes) > 0
	for len(objects) > 0 || len(prefixes) > 0 {
		if len(prefixes) == 0 || len(objects) > 0 && objects[0].Key < prefixes[0] {
			d.addFile(listedInfo(&objects[0]))
			objects = objects[1:]
			continue
		}
		d.addDir(prefixes[0])
		prefixes = prefixes[1:]
	}
}

func (d *dir) addFile(info ObjectInfo) {
	name := strings.TrimPrefix(info.Key, d.prefix)
	if !validName(name) {
		return
	}
	d.keepPrefixesOf(name)
	d.files = append(d.files, name)
	d.entries = append(d.entries, newFileInfo(name, info))
}

func (d *dir) addDir(prefix string) {
	name := strings.TrimSuffix(strings.TrimPrefix(prefix, d.prefix), "/")
	if !validName(name) {
		return
	}
	// Between a and a/ there come only keys that begin with a, so if there is a
	// file a it is the last one kept.
	d.keepPrefixesOf(name)
	if n := len(d.files); n > 0 && d.files[n-1] == name {
		return
	}
	d.entries = append(d.entries, dirInfo(name))
}

// keepPrefixesOf forgets the files whose directory cannot come any more.
func (d *dir) keepPrefixesOf(name string) {
	for n := len(d.files); n > 0 && !strings.HasPrefix(name, d.files[n-1]); n-- {
		d.files = d.files[:n-1]
	}
}

// validName reports whether name can be an entry of a directory.
func validName(name string) bool {
	return name != "." && fs.ValidPath(name) && !strings.Contains(name, "/")
}
