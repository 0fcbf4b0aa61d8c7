package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"

	"github.com/icos-go/icos/transfer/internal/tree"
)

// An item is what a list yields: an entry, or with an error something that is
// there but cannot be transferred, or cannot be read.
type item struct {
	Entry
	err error
}

// unknown reports whether the item is a directory under which nothing is known.
func (it *item) unknown() bool { return it.err != nil && it.Kind == tree.Dir }

// covers reports whether the item speaks of key: it has that key, or it is a
// directory that cannot be read and key lies under it.
func (it *item) covers(key string) bool {
	return it.Key == key || it.unknown() && strings.HasPrefix(key, it.Key)
}

// end reports whether the item is the error that ended a list. The root of a
// tree that cannot be read is one: nothing is known then.
func (it *item) end() bool { return it.err != nil && it.Key == "" }

// ordered yields what list yields as long as it is in byte order, and an
// [OrderError] as its end otherwise. To merge lists that are not in order would be
// to take for missing what merely comes later, and to delete it.
func ordered(name string, list iter.Seq2[Entry, error]) iter.Seq[item] {
	return func(yield func(item) bool) {
		last := ""
		for e, err := range list {
			it := item{e, err}
			if !it.end() && e.Key <= last {
				it = item{err: &OrderError{List: name, Before: last, After: e.Key}}
			}
			last = e.Key
			if !yield(it) || it.end() {
				return
			}
		}
	}
}

// A join walks the lists of a plan side by side, as one merges sorted files.
type join struct {
	o     *Options
	yield func(a *Action, compare bool) bool // compare: contents decide

	next func() (item, bool) // of the target
	dst  item                // what next returned last
	more bool                // dst is something

	// What is worked on. Not local variables, which would be allocated for each key.
	src    item
	action Action

	above []above // keys of the source that the latest one begins with, shortest first
}

// An above is a key that directories of later keys may collide with. Byte order keeps them
// few: between "a" and "a/b" there are only keys that begin with "a".
type above struct {
	key string
	err error // what kept it from being transferred, as a link to a directory is
}

// errStopped ends a join that nobody wants to see more of.
var errStopped = errors.New("stopped")

// run yields an action for each key of src. The error is what ended a list, or
// errStopped. It reports whether src had no entry at all.
func (j *join) run(ctx context.Context, src, dst iter.Seq2[Entry, error]) (empty bool, err error) {
	if dst == nil {
		dst = func(func(Entry, error) bool) {}
	}
	next, stop := iter.Pull(ordered("target", dst))
	defer stop()
	j.next = next
	if err := j.advance(); err != nil {
		return false, err
	}
	empty = true
	for s := range ordered("source", src) {
		if s.end() {
			return false, s.err
		}
		empty, j.src = false, s
		if err := j.source(&j.src); err != nil {
			return false, err
		}
	}
	if ctx.Err() != nil {
		return false, context.Cause(ctx) // whatever the lists made of it
	}
	if j.o.Delete == nil {
		return empty, nil
	}
	return empty, j.pass(nil)
}

// advance moves dst on.
func (j *join) advance() error {
	j.dst, j.more = j.next()
	switch {
	case !j.more:
		return nil
	case j.dst.end():
		j.more = false
		if j.dst.Kind == tree.Dir && errors.Is(j.dst.err, fs.ErrNotExist) {
			return nil // a directory to be made
		}
		return j.dst.err
	case j.dst.unknown():
		j.action = Action{Op: Fail, Dst: j.dst.Entry, Err: j.dst.err}
		return j.emit(false)
	}
	return nil
}

// emit yields the action, or has contents compared first.
func (j *join) emit(compare bool) error {
	if !j.yield(&j.action, compare) {
		return errStopped
	}
	return nil
}

// source deals with one item of the source.
func (j *join) source(s *item) error {
	if err := j.pass(s); err != nil {
		return err
	}
	if !j.more || !j.dst.covers(s.Key) {
		return j.sourceOnly(s)
	}
	j.action = Action{Src: s.Entry, Dst: j.dst.Entry}
	a, compare := &j.action, false
	switch {
	case s.err == nil && j.o.Done != nil && j.o.Done(&s.Entry):
		a.Op = passed
	case s.err != nil:
		a.Op, a.Reason, a.Err = refusal(s)
	case j.dst.unknown():
		a.Op, a.Reason, a.Err = Fail, "its directory cannot be read in the target", j.dst.err
		a.Dst = Entry{}
	case j.o.NoClobber:
		a.Op, a.Reason = Skip, "exists"
	case j.dst.err != nil:
		a.Op, a.Reason = Copy, "replaces a "+j.dst.Kind.String()
	default:
		a.Op, a.Reason, compare = j.o.decide(&s.Entry, &j.dst.Entry)
	}
	j.remember(s)
	if a.Op != passed {
		if err := j.emit(compare); err != nil {
			return err
		}
	}
	if j.dst.unknown() {
		return nil // it may cover what comes next
	}
	j.keep()
	return j.advance()
}

// sourceOnly deals with an item that the target has not.
func (j *join) sourceOnly(s *item) error {
	if s.err == nil && j.o.Done != nil && j.o.Done(&s.Entry) {
		j.remember(s)
		return nil
	}
	j.action = Action{Src: s.Entry, Op: Copy, Reason: "not in the target"}
	a := &j.action
	if s.err != nil {
		a.Op, a.Reason, a.Err = refusal(s)
	} else if j.o.To.local() {
		if err := j.refuse(&s.Entry); err != nil {
			a.Op, a.Reason, a.Err = Refuse, err.Error(), err
		} else if s.Kind == tree.EmptyDir && j.more && strings.HasPrefix(j.dst.Key, s.Key) {
			a.Op, a.Reason = Skip, "the directory exists"
		}
	}
	j.remember(s)
	return j.emit(false)
}

// passed is the operation of a source that is done already; it is not yielded.
const passed Op = -1

// refusal is the operation for an item that is no entry.
func refusal(s *item) (Op, string, error) {
	if s.unknown() {
		return Fail, "", s.err
	}
	return Refuse, s.err.Error(), s.err
}

// refuse returns why the object cannot be a file of the target.
func (j *join) refuse(s *Entry) error {
	if s.Kind == tree.File && strings.HasSuffix(s.Key, "/") {
		return fmt.Errorf("the key ends in a slash, which only a directory does, and the object has %d bytes", s.Size)
	}
	if _, err := tree.LocalName(s.Key); err != nil {
		return err
	}
	for _, up := range j.above {
		if up.err == nil && under(s.Key, up.key) {
			return fmt.Errorf("%q is an object too, and cannot be both a file and a directory", up.key)
		}
	}
	return nil
}

// under reports whether key lies in the directory that dir would be.
func under(key, dir string) bool {
	return len(key) > len(dir) && key[len(dir)] == '/' && strings.HasPrefix(key, dir)
}

// remember notes the key for those that come after it.
func (j *join) remember(s *item) {
	n := len(j.above)
	for n > 0 && !strings.HasPrefix(s.Key, j.above[n-1].key) {
		n--
	}
	j.above = append(j.above[:n], above{s.Key, s.err})
}

// pass moves dst on to s, or to its end if s is nil. What it passes is in the target
// only.
func (j *join) pass(s *item) error {
	for j.more && (s == nil || j.dst.Key < s.Key && !j.dst.covers(s.Key)) {
		switch {
		case j.o.Delete == nil || j.dst.unknown():
		case j.stays(s):
			j.keep()
		default:
			if err := j.o.Delete.add(&j.dst.Entry); err != nil {
				return err
			}
		}
		if err := j.advance(); err != nil {
			return err
		}
	}
	return nil
}

// stays reports whether dst is not to be deleted although the source, which has come to s,
// has no such key.
func (j *join) stays(s *item) bool {
	if j.dst.err != nil {
		return true // a link or a socket, which we never made
	}
	if j.dst.Kind == tree.EmptyDir && s != nil && strings.HasPrefix(s.Key, j.dst.Key) && (j.o.From.local() || j.o.To.local()) {
		return true // the directory is in the source, and not empty
	}
	if j.dst.Kind == tree.EmptyDir && j.o.To.local() && holdsExcluded(j.dst.Path) {
		return true
	}
	for _, up := range j.above {
		if up.err != nil && under(j.dst.Key, up.key) {
			return true // what the source has there, we do not know
		}
	}
	return false
}

// holdsExcluded reports whether a directory with nothing to transfer has something in it
// nevertheless, which a filter hides and so protects.
func holdsExcluded(dir string) bool {
	f, err := os.Open(dir)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	defer f.Close()
	_, err = f.Readdirnames(1)
	return err != io.EOF
}

func (j *join) keep() {
	if j.o.Delete != nil {
		j.o.Delete.sum.Keep++
	}
}
