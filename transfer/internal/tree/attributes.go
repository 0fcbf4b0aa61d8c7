package tree

import (
	"io/fs"
	"time"
)

// Attributes are what an object's metadata keeps of a file.
type Attributes struct {
	ModTime time.Time    // zero if not kept
	Mode    *fs.FileMode // type and permission bits; nil if not kept
}

// Metadata returns the attributes as an object's metadata under the names that
// rclone uses: "mtime" in seconds with nine decimals, and "mode" in octal
// with the type bits of Unix.
func (a Attributes) Metadata() map[string]string { return nil }

// ReadAttributes reads what Metadata wrote, and what rclone and s3fs write. Names are
// taken in any case. The error tells of values that make no sense; what does
// make sense is returned all the same.
func ReadAttributes(metadata map[string]string) (Attributes, error) { return Attributes{}, nil }

// Symlink reports whether the attributes are those of a symbolic link, whose
// object has the target as its body.
func (a Attributes) Symlink() bool { return a.Mode != nil && *a.Mode&fs.ModeSymlink != 0 }
