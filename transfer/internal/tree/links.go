package tree

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Symlink makes or replaces the symbolic link at key. A target that is absolute
// or leaves the root is refused.
func (r *Root) Symlink(key, target string) error {
	if err := checkTarget(key, target); err != nil {
		return r.failed("link", key, err)
	}
	return insist(func() error { return r.symlink(key, target) })
}

func (r *Root) symlink(key, target string) (err error) {
	d, base, err := r.parent(key, true)
	if err != nil {
		return err
	}
	defer func() {
		d.release()
		if err != nil {
			err = r.failed("link", key, err)
		}
	}()
	temp := partialName(key, "")
	if err := d.root.Symlink(filepath.FromSlash(target), temp); err != nil {
		return err
	}
	if err := r.take(d, temp, base); err != nil {
		return errors.Join(err, d.root.Remove(temp))
	}
	r.disk.committed(d.name, base, true)
	return nil
}

// maxTarget is the length in bytes of the longest link that systems allow.
const maxTarget = 4095

// checkTarget refuses the targets of links that would lead out of the root. As
// nothing is written through links, this protects those who read the tree
// later. "x/.." is refused too wherever it leads, because x may be a link itself, and
// its ".." then is elsewhere: with ".." at the beginning only, where the
// directories are known not to be links, no chain of links gets out.
func checkTarget(key, target string) error {
	refuse := func(why string) error {
		return fmt.Errorf("the link to %q is refused: %s", shorten(target), why)
	}
	switch {
	case target == "":
		return refuse("it has no target")
	case len(target) > maxTarget:
		return refuse("it is too long")
	case strings.IndexByte(target, 0) >= 0:
		return refuse("it has a NUL")
	case target[0] == '/' || filepath.IsAbs(target) || filepath.VolumeName(target) != "":
		return refuse("it is absolute")
	}
	depth, below := strings.Count(key, "/"), false
	for elem := range strings.FieldsFuncSeq(target, func(c rune) bool { return c == '/' || c == filepath.Separator }) {
		switch {
		case elem == ".":
		case elem != "..":
			below = true
		case below:
			return refuse("it goes up again after it went down")
		case depth == 0:
			return refuse("it leaves the directory")
		default:
			depth--
		}
	}
	return nil
}
