package transfer

import (
	"encoding/json"
	"io"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/filter"
)

// A Work says what is to be done: an [Upload], [Stream], [Download], [Copy] or
// [Sync]. It is given to [Manager.Start].
type Work interface{ work() }

// An Upload stores a file as an object. It can be resumed.
type Upload struct {
	Path string
	To   *icos.Object

	Put      icos.PutOptions // what is stored with it; Size, Threshold, PartSize, Concurrency and Progress do not count
	Preserve Preserve        // ModTime and Mode
	Move     bool            // remove the file when it is stored
	Label    json.RawMessage // if nil, [Options].Label
}

// A Stream stores what a reader holds as an object, whatever its length. The
// reader is not closed, and cannot be read twice: a Stream that runs cannot be
// paused or resumed, and when it fails nothing is left in the service. It does
// not end while a Read is blocked.
type Stream struct {
	Reader io.Reader
	To     *icos.Object
	Put    icos.PutOptions // as in [Upload]; Size is the length, if it is known
}

// A Download writes an object to a file, by way of a partial file beside it that
// is renamed when it is complete and has been checked. It can be resumed.
type Download struct {
	From *icos.Object
	Path string

	Preserve  Preserve        // ModTime and Mode, as an upload preserved them
	Move      bool            // remove the object when the file is complete
	NoClobber bool            // skip it if there is a file already
	Label     json.RawMessage // if nil, [Options].Label
}

// A Copy copies an object inside the service, whatever its size. The target may
// be of another Client: another account is served by streaming the bytes through
// this machine if the service refuses to read the source on its behalf.
type Copy struct {
	From, To *icos.Object
	Options  icos.CopyOptions // Progress does not count
	Move     bool             // remove the source when the copy is complete
	Label    json.RawMessage  // if nil, [Options].Label
}

// A Sync copies a tree: a directory, or the objects of a bucket that begin with
// a prefix. Only one of the sides may be a directory, except in a dry run.
//
// With the zero Compare everything is copied; with another one, what the target
// lacks or has differently. Listing, comparing and moving overlap, and take the
// same memory however many objects there are.
type Sync struct {
	From, To Tree
	Compare  Compare

	// Filter leaves out parts of the trees, by gitignore rules. Objects of the
	// target that it excludes are never deleted. If nil, nothing is left out.
	Filter *filter.Rules

	// Preserve says what of files, beside their bytes, is kept.
	Preserve Preserve

	// Put returns what is stored with the object of a key, which is relative to
	// the tree. If nil, the content type follows from the name. What is copied within
	// the service keeps what it has, and gets Tags, Retention and Lock only.
	Put func(key string) icos.PutOptions

	// Delete removes from the target what the source lacks: after everything has
	// been copied, and only if the source could be read to its end.
	Delete bool

	// Confirm is asked once before anything is deleted, and prevents it by
	// returning an error, which becomes that of the Transfer. If nil, deleting is
	// refused when the source is empty and when it would remove more than ten
	// objects and more than a tenth of the target.
	Confirm func(DeletePlan) error

	// DryRun only reports what would be done, by [Observer].Item.
	DryRun bool

	// Move removes each source when its copy is complete, unless it was replaced
	// meanwhile, which is [icos.ErrChanged]. It excludes Delete, which would take what
	// was moved before for missing in the source.
	Move bool

	// NoClobber leaves alone what exists in the target.
	NoClobber bool

	// Label is kept with the checkpoint. If nil, [Options].Label.
	Label json.RawMessage
}

func (Upload) work()   {}
func (Stream) work()   {}
func (Download) work() {}
func (Copy) work()     {}
func (Sync) work()     {}

// A Tree is one side of a [Sync]: a directory of this machine if Dir is set, or
// else the objects of Bucket whose keys begin with Prefix. Keys are relative to
// Prefix, which is used as it is: one that stands for a directory ends in "/".
type Tree struct {
	Dir    string
	Bucket *icos.Bucket
	Prefix string

	// Key is the caller's, by which all objects of the tree are encrypted (SSE-C); as with
	// [icos.Object.WithKey]. The zero value means none.
	Key icos.CustomerKey
}

// object returns the object of a key, which is relative to the tree.
func (t Tree) object(key string) *icos.Object {
	return t.Bucket.Object(t.Prefix + key).WithKey(t.Key)
}

// String returns the directory, or cos://bucket/prefix.
func (t Tree) String() string {
	if t.Bucket == nil {
		return t.Dir
	}
	return t.Bucket.Object(t.Prefix).String()
}

// A Compare is a way to find out whether a target is the same as its source.
type Compare int

const (
	Always   Compare = iota // copy without comparing
	Auto                    // size, then times, and the content where they leave a doubt
	Size                    // size only
	ModTime                 // size and modification time
	Checksum                // content
)

// String returns the name, as the flags of commands have it.
func (c Compare) String() string {
	switch c {
	case Always:
		return "always"
	case Auto:
		return "auto"
	case Size:
		return "size"
	case ModTime:
		return "mtime"
	case Checksum:
		return "checksum"
	}
	return "unknown"
}

// Preserve says what is kept of files beside their bytes. It travels as metadata
// of the objects, under the names that rclone uses.
type Preserve struct {
	ModTime   bool // modification time; without it a downloaded file has the time when its object was stored
	Mode      bool // permission bits
	Symlinks  bool // symbolic links as such; without it those to files are copied as these files, and others are skipped
	EmptyDirs bool // empty directories, as objects whose key ends in "/"
}

// A DeletePlan says what a [Sync] is about to delete.
type DeletePlan struct {
	Delete int64 // objects or files that would be removed
	Keep   int64 // those that would stay
	Bytes  int64 // size of those that would be removed
	Empty  bool  // the source holds nothing at all
}
