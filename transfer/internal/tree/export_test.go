package tree

import (
	"context"
	"iter"
)

// WalkWithin is Walk with other limits: bytes of names of one directory and of
// those above it, and open directories.
func WalkWithin(ctx context.Context, dir string, o WalkOptions, work, held, open int) iter.Seq2[Entry, error] {
	return walk(ctx, dir, o, limits{work: work, held: held, open: open})
}

// LocalNameOn is LocalName with the rules of Windows, or of others.
func LocalNameOn(key string, windows bool) (string, error) { return localName(key, windows) }

// PartialName names the partial file of a key.
var PartialName = partialName

// FoldCase makes r believe that its file system folds case.
func (r *Root) FoldCase() { r.fold.probe = func() bool { return true } }

// CheckSpelling looks for a name that differs from name in case only.
func (r *Root) CheckSpelling(name string) error { return r.checkSpelling(r.root, name) }

// FoldsCase asks the disk.
func (r *Root) FoldsCase() bool { return foldsCase(r.root) }
