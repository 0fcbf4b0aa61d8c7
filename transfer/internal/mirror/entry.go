package mirror

import (
	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/tree"
)

// An Entry is one file, symbolic link or directory without entries of a local
// tree, or one object of a bucket. Its Key is relative to the root of the tree,
// with slashes; that of a directory ends in one.
//
// Of an object Kind is File, or EmptyDir for a marker: an object without bytes
// whose key ends in a slash. A list of a bucket does not tell which objects stand for
// symbolic links. ModTime is when the object was stored. Path, ChangeTime, Mode
// and Link are of local entries alone.
type Entry struct {
	tree.Entry

	ETag         string // of an object, without quotes
	StorageClass string // of an object, as the service names it
}

// A Side is one of the two trees: a directory, or what a bucket has under a
// prefix.
type Side struct {
	Dir    string
	Bucket *icos.Bucket
	Prefix string // what precedes Entry.Key in the keys of Bucket

	Key icos.CustomerKey // of the caller, by which the objects are encrypted; the ETag of such an object is no MD5
}

// String returns the directory, or cos://bucket/prefix.
func (s Side) String() string {
	if s.remote() {
		return "cos://" + s.Bucket.Name() + "/" + s.Prefix
	}
	return s.Dir
}

func (s Side) remote() bool { return s.Bucket != nil }
func (s Side) local() bool  { return s.Bucket == nil }

// ListOptions select what a list holds. They mean the same for a bucket, in which
// markers are the empty directories; there are no symbolic links in its list.
type ListOptions tree.WalkOptions
