package tree

import (
	"io/fs"
	"time"
)

// Kind is what an Entry is.
type Kind uint8

const (
	File     Kind = iota // a regular file
	Symlink              // a symbolic link, to be kept as one
	EmptyDir             // a directory with nothing in it to transfer; its key ends in a slash
	Dir                  // a directory that could not be read: yielded with an error only
	Special              // a socket, device or pipe, or a link that is not followed: yielded with an error only
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
	FileID     string      // "device:inode", or "" where the system has none
	Link       string      // what a Symlink points to, as it is written there
}
