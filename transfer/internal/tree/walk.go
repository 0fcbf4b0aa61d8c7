package tree

import (
	"context"
	"iter"
	"os"

	"github.com/icos-go/icos/transfer/filter"
)

// WalkOptions say what Walk yields.
type WalkOptions struct {
	// Filter leaves out what its rules exclude. Excluded directories are not
	// entered. If nil, nothing is left out.
	Filter *filter.Rules

	// Symlinks yields symbolic links as entries of Kind Symlink. If false, each
	// is yielded with ErrSymlink, because leaving it out in silence would look
	// like having copied it.
	Symlinks bool

	// Follow yields a symbolic link to a regular file as that file, unless
	// Symlinks is set. Links to anything else are yielded with ErrSymlink: a
	// directory would be sent twice, or for ever.
	Follow bool

	// EmptyDirs yields a directory under which nothing else is yielded as an
	// entry of its own, with a key that ends in a slash. If false, it is left out.
	EmptyDirs bool

	// After skips every key up to and including this one, whole directories at a
	// time. If empty, the walk begins at the start.
	After string
}

// Walk yields the files under dir in the byte order of their keys, so that
// "a-b" comes before "a/b": the order in which a bucket is listed. Files that are
// on their way, made by a Partial, are left out.
//
// What cannot be transferred is yielded with an error, and the walk goes on: a
// directory that cannot be read (its key ends in a slash, and is empty for dir
// itself; nothing is known of what lies under it), a special file, a symbolic
// link that was not asked for, a name that cannot be a key. The end of ctx is
// yielded as the error of an empty Entry and ends the walk. Files that vanish
// while the walk goes on are left out.
//
// Memory is bounded by some 8 MiB, whatever the size of the tree, and by 128
// open directories, whatever its depth. The names of larger directories are
// sorted in a temporary file.
func Walk(ctx context.Context, dir string, o WalkOptions) iter.Seq2[Entry, error] {
	return walk(ctx, dir, o, usual())
}

// limits bound what a walk uses and yields.
type limits struct {
	work int // bytes of names of the directory that is being read
	held int // bytes of names of the directories above it
	open int // directories

	partials bool // yield partial files, and nothing else
}

// usual are the limits of Walk.
func usual() limits { return limits{work: 2 << 20, held: 2 << 20, open: 128} }

func walk(ctx context.Context, dir string, o WalkOptions, l limits) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		w := &walker{ctx: ctx, options: o, limits: l, yield: yield, dir: dir, prefix: dir + string(os.PathSeparator)}
		switch {
		case dir == ".":
			w.prefix = ""
		case dir != "" && os.IsPathSeparator(dir[len(dir)-1]):
			w.prefix = dir
		}
		defer w.close()
		w.run()
	}
}
