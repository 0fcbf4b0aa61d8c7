package tree

import (
	"bytes"
	"io/fs"
	"slices"
)

// A name is a name in a directory as its key continues: that of a directory
// ends in a slash, because that is how it sorts among keys.
type name struct {
	text []byte // valid until the next one is asked for
	kind Kind   // File, Symlink, Dir or Special
}

// names are names in memory, in one piece however many they are.
type names struct {
	text []byte
	refs []nameRef
}

// nameRef says where a name is in the text.
type nameRef struct {
	off  uint32
	size uint16
	kind Kind
}

// refSize is the size in bytes of a nameRef.
const refSize = 8

// add takes a name as the system gives it.
func (n *names) add(text string, kind Kind) {
	off := len(n.text)
	n.text = append(n.text, text...)
	if kind == Dir {
		n.text = append(n.text, '/')
	}
	n.refs = append(n.refs, nameRef{uint32(off), uint16(len(n.text) - off), kind})
}

// size is how many bytes of memory the names take.
func (n *names) size() int { return len(n.text) + refSize*len(n.refs) }

func (n *names) reset() { n.text, n.refs = n.text[:0], n.refs[:0] }

func (n *names) at(i int) name {
	ref := n.refs[i]
	return name{n.text[ref.off : ref.off+uint32(ref.size)], ref.kind}
}

func (n *names) sort() {
	slices.SortFunc(n.refs, func(a, b nameRef) int {
		return bytes.Compare(n.text[a.off:a.off+uint32(a.size)], n.text[b.off:b.off+uint32(b.size)])
	})
}

// from returns a copy of the names from the i-th on, in memory of its own.
func (n *names) from(i int) *names {
	size := 0
	for _, ref := range n.refs[i:] {
		size += int(ref.size)
	}
	c := &names{make([]byte, 0, size), make([]nameRef, 0, len(n.refs)-i)}
	for j := i; j < len(n.refs); j++ {
		one := n.at(j)
		c.refs = append(c.refs, nameRef{uint32(len(c.text)), uint16(len(one.text)), one.kind})
		c.text = append(c.text, one.text...)
	}
	return c
}

// kindOf says what Walk takes a file of this type for.
func kindOf(mode fs.FileMode) Kind {
	switch mode.Type() {
	case 0:
		return File
	case fs.ModeDir:
		return Dir
	case fs.ModeSymlink:
		return Symlink
	default:
		return Special
	}
}
