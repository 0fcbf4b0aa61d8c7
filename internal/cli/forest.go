package cli

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// forest is the tree that keys make, in the order it is drawn. It is written to
// a spool while keys are listed. What is known only later goes into places of
// fixed size that were left for it: whether a node is the last one of its
// parent, and the totals of a prefix. Memory grows with the depth alone.
type forest struct {
	spool    spool
	base     string
	maxDepth int  // 0: no bound
	dirsOnly bool // objects are counted, and not kept

	open []branch // prefixes that the current key is in; the first is the root
	root node     // totals of all; known after finish
	dirs int64    // prefixes, shown or not
}

// branch is a prefix that is being listed.
type branch struct {
	prefix         string
	objects, bytes int64
	at             int64 // its node in the spool; -1 if it is not there
	child          int64 // the last node directly in it; -1 if there is none
	childIsDir     bool
}

// node is one line of the tree.
type node struct {
	depth   int // 0 directly under the root
	name    string
	dir     bool
	last    bool
	size    int64 // bytes; of a prefix those of all objects under it
	objects int64 // under a prefix
	modTime time.Time
	etag    string
}

func newForest(base string, maxDepth int, dirsOnly bool) *forest {
	return &forest{base: base, maxDepth: maxDepth, dirsOnly: dirsOnly, open: []branch{{prefix: base, at: -1, child: -1}}}
}

func (f *forest) close() error { return f.spool.close() }

func (f *forest) top() *branch { return &f.open[len(f.open)-1] }

// add puts the next entry in. All of a prefix must come together.
func (f *forest) add(e entry) error {
	for len(f.open) > 1 && !strings.HasPrefix(e.key, f.top().prefix) {
		if err := f.end(); err != nil {
			return err
		}
	}
	for {
		from := len(f.top().prefix)
		i := strings.IndexByte(e.key[from:], '/')
		if i < 0 {
			break
		}
		f.dirs++
		at, err := f.put(node{dir: true, name: e.key[from : from+i+1]})
		if err != nil {
			return err
		}
		f.open = append(f.open, branch{prefix: e.key[:from+i+1], at: at, child: -1})
	}
	if e.dir {
		return nil
	}
	t := f.top()
	t.objects++
	t.bytes += e.size
	if f.dirsOnly || e.key == t.prefix { // an object whose key ends in a slash is its prefix
		return nil
	}
	_, err := f.put(node{name: e.key[len(t.prefix):], size: e.size, modTime: e.modTime, etag: e.etag})
	return err
}

// finish ends all prefixes. After it the nodes can be read.
func (f *forest) finish() error {
	for len(f.open) > 1 {
		if err := f.end(); err != nil {
			return err
		}
	}
	f.root = node{dir: true, objects: f.open[0].objects, size: f.open[0].bytes}
	return f.markLast(f.open[0])
}

// end completes the node of the innermost prefix, and counts it in the one around it.
func (f *forest) end() error {
	b := *f.top()
	f.open = f.open[:len(f.open)-1]
	f.top().objects += b.objects
	f.top().bytes += b.bytes
	if b.at >= 0 {
		var totals [16]byte
		binary.LittleEndian.PutUint64(totals[:], uint64(b.bytes))
		binary.LittleEndian.PutUint64(totals[8:], uint64(b.objects))
		if err := f.spool.patch(b.at+1, totals[:]); err != nil {
			return err
		}
	}
	return f.markLast(b)
}

const (
	isDirNode  = 1 << iota // a prefix
	isLastNode             // no sibling comes after it
)

// markLast marks the last node of b.
func (f *forest) markLast(b branch) error {
	if b.child < 0 {
		return nil
	}
	flags := byte(isLastNode)
	if b.childIsDir {
		flags |= isDirNode
	}
	return f.spool.patch(b.child, []byte{flags})
}

// put writes a node under the innermost prefix, and returns where, or -1 if it
// is too deep to be shown.
func (f *forest) put(n node) (int64, error) {
	depth := len(f.open) - 1
	if f.maxDepth > 0 && depth >= f.maxDepth {
		return -1, nil
	}
	at := f.spool.size()
	t := f.top()
	t.child, t.childIsDir = at, n.dir
	n.depth = depth
	return at, f.spool.append(n.append(make([]byte, 0, 128)))
}

// nodes yields what was put in, in order.
func (f *forest) nodes() iter.Seq2[node, error] {
	return func(yield func(node, error) bool) {
		in := f.spool.reader()
		for {
			n, err := readNode(in)
			if err == io.EOF || !yield(n, err) || err != nil {
				return
			}
		}
	}
}

// append writes n to b: flags, size, number of objects and time in fixed places,
// then what is as long as it is.
func (n node) append(b []byte) []byte {
	flags := byte(0)
	if n.dir {
		flags = isDirNode
	}
	b = append(b, flags)
	b = binary.LittleEndian.AppendUint64(b, uint64(n.size))
	b = binary.LittleEndian.AppendUint64(b, uint64(n.objects))
	b = binary.LittleEndian.AppendUint64(b, uint64(n.modTime.Unix()))
	b = binary.AppendUvarint(b, uint64(n.depth))
	return appendText(appendText(b, n.name), n.etag)
}

// readNode reads what append wrote. At the end the error is io.EOF.
func readNode(in *bufio.Reader) (node, error) {
	flags, err := in.ReadByte()
	if err != nil {
		return node{}, err
	}
	n := node{dir: flags&isDirNode != 0, last: flags&isLastNode != 0}
	var fixed [24]byte
	if _, err = io.ReadFull(in, fixed[:]); err == nil {
		n.size = int64(binary.LittleEndian.Uint64(fixed[:]))
		n.objects = int64(binary.LittleEndian.Uint64(fixed[8:]))
		n.modTime = time.Unix(int64(binary.LittleEndian.Uint64(fixed[16:])), 0)
		var depth uint64
		depth, err = binary.ReadUvarint(in)
		n.depth = int(depth)
	}
	if err == nil {
		n.name, err = readText(in)
	}
	if err == nil {
		n.etag, err = readText(in)
	}
	if err != nil {
		return node{}, fmt.Errorf("read back a long list: %w", noEOF(err))
	}
	return n, nil
}

// noEOF turns an end in the middle of something into an error of its own.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
