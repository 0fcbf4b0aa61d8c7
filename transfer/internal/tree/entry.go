package tree

import (
	"errors"
	"io/fs"
	"time"
)

// Kind is what an Entry is.
type Kind uint8

const (
	File     Kind = iota // a regular file
	Symlink              // a symbolic link; with an error if links are not to be kept
	EmptyDir             // a directory with nothing in it to transfer; its key ends in a slash
	Dir                  // a directory that could not be read: yielded with an error only
	Special              // a socket, device or pipe: yielded with an error only
)

// String returns "file", "symlink", "empty directory", "directory" or "special file".
func (k Kind) String() string {
	switch k {
	case File:
		return "file"
	case Symlink:
		return "symlink"
	case EmptyDir:
		return "empty directory"
	case Dir:
		return "directory"
	default:
		return "special file"
	}
}

// Entry is one thing that Walk found.
type Entry struct {
	Key  string // relative to the root of the walk, separated by slashes
	Path string // as the operating system names it, beginning with the walk's root
	Kind Kind

	Size       int64 // bytes; of a Symlink, the length of Link
	ModTime    time.Time
	ChangeTime time.Time   // when content, mode or name last changed; ModTime where the system has no such time
	Mode       fs.FileMode // type and permissions
	Link       string      // what a Symlink points to, with slashes
}

// Why Walk yields something with an error, beside what the system says.
var (
	ErrSymlink = errors.New("symbolic link, not followed")
	ErrSpecial = errors.New("not a regular file")
	ErrName    = errors.New("its name is not valid UTF-8 and cannot be part of a key")
	ErrChanged = errors.New("changed while the directory was read")
)
