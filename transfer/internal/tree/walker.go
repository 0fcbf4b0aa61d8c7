package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"
)

// A walker walks one tree. The directories from the root down to the current
// one are a stack in memory and not of calls, so that no depth is too deep.
type walker struct {
	ctx     context.Context
	options WalkOptions
	limits  limits
	yield   func(Entry, error) bool
	dir     string // where the walk begins
	prefix  string // of the paths of all that is in it

	key   []byte // of the current directory: empty, or ending in a slash
	stack []*frame
	work  names // of the current directory, unless it has its own
	held  int   // bytes of names that the directories above the current one hold
	spill spill

	closed int // directories of the stack from the second on that are not open
}

// A frame is a directory that the walk is in.
type frame struct {
	dir   directory
	key   int    // length of its key
	after string // names up to and including this one are skipped
	known bool   // its own key is one of those to be skipped

	names *names // nil if they are in runs
	next  int    // of names
	runs  *merge
	own   bool  // names are not the walker's work
	held  int   // bytes of names counted as the walker's held
	base  int64 // end of the spill before this directory

	kept   bool // something under it was yielded
	unread bool // what is in it is not wholly known
}

func (w *walker) run() {
	top, err := openTop(w.dir)
	if err != nil {
		w.yield(Entry{Path: w.dir, Kind: Dir}, err)
		return
	}
	if !w.enter(top, &frame{after: w.options.After, known: w.options.After != ""}) {
		return
	}
	for len(w.stack) > 0 {
		if w.ctx.Err() != nil {
			w.yield(Entry{}, context.Cause(w.ctx))
			return
		}
		f := w.stack[len(w.stack)-1]
		one, ok, err := f.nextName()
		switch {
		case err != nil:
			ok = w.failed(f, err) && w.leave()
		case !ok:
			ok = w.leave()
		default:
			ok = w.visit(f, one)
		}
		if !ok {
			return
		}
	}
}

// nextName returns the next name of the directory in order.
func (f *frame) nextName() (name, bool, error) {
	if f.runs != nil {
		return f.runs.next()
	}
	if f.next == len(f.names.refs) {
		return name{}, false, nil
	}
	f.next++
	return f.names.at(f.next - 1), true, nil
}

// end passes over the names that are left.
func (f *frame) end() { f.names, f.next, f.runs = &names{}, 0, nil }

// visit deals with one name in the current directory f. Like all methods that
// yield, it returns false when the walk is to end.
func (w *walker) visit(f *frame, one name) bool {
	child := &frame{}
	if f.after != "" {
		rest, within := strings.CutPrefix(f.after, string(one.text))
		if one.kind == Dir && within {
			child.after, child.known = rest, true
		} else if string(one.text) <= f.after {
			return true
		}
	}
	partial := one.kind == File && isPartialName(string(one.text))
	if partial != w.limits.partials && one.kind != Dir {
		return true
	}
	e := Entry{Kind: one.kind}
	e.Path, e.Key = w.place(one.text)
	text := strings.TrimSuffix(e.Key[len(w.key):], "/")
	if excluded, _ := w.options.Filter.MatchSelf(strings.TrimSuffix(e.Key, "/"), one.kind == Dir); excluded {
		return true
	}
	switch {
	case !utf8.ValidString(text):
		return w.found(f, e, ErrName)
	case one.kind == Dir:
		return w.descend(f, e, text, child)
	case one.kind == Special:
		return w.found(f, e, ErrSpecial)
	case one.kind == Symlink && !w.options.Symlinks && !w.options.Follow:
		return w.found(f, e, ErrSymlink)
	}
	dir, err := w.handle(len(w.stack) - 1)
	if err != nil {
		f.end()
		return w.failed(f, err)
	}
	err = describe(dir, text, &e, w.options.Follow && !w.options.Symlinks)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	return w.found(f, e, err)
}

// describe fills in what the system says of the file or link text in dir.
func describe(dir directory, text string, e *Entry, follow bool) error {
	if e.Kind == Symlink && follow {
		if err := dir.stat(text, e.Path, e, true); err != nil {
			return fmt.Errorf("%w: %v", ErrSymlink, err) //nolint:errorlint // that the target is missing does not make the link vanish
		}
		if kindOf(e.Mode) != File {
			return ErrSymlink
		}
		e.Kind = File
		return nil
	}
	err := dir.stat(text, e.Path, e, false)
	if err == nil && kindOf(e.Mode) != e.Kind {
		err = ErrChanged
	}
	if err == nil && e.Kind == Symlink {
		e.Link, err = dir.readlink(text, e.Path)
		e.Link = filepath.ToSlash(e.Link)
		e.Size = int64(len(e.Link))
	}
	return err
}

// found yields an entry of the directory f.
func (w *walker) found(f *frame, e Entry, err error) bool {
	f.kept = true
	if err != nil {
		err = fmt.Errorf("%s: %w", e.Path, err)
	}
	return w.yield(e, err)
}

// place returns the path and the key of a name in the current directory.
func (w *walker) place(text []byte) (path, key string) {
	var b strings.Builder
	b.Grow(len(w.prefix) + len(w.key) + len(text))
	b.WriteString(w.prefix)
	b.Write(w.key)
	b.Write(text)
	path = b.String()
	key = path[len(w.prefix):]
	return strings.TrimSuffix(filepath.FromSlash(path), string(filepath.Separator)), key
}

// descend makes the directory text in f, whose entry is e, the current one.
func (w *walker) descend(f *frame, e Entry, text string, child *frame) bool {
	dir, err := w.handle(len(w.stack) - 1)
	if err != nil {
		f.end()
		return w.failed(f, err)
	}
	opened, err := dir.child(text, func() string { return e.Path })
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP):
		// It was a directory when its name was read.
		return true
	case err != nil:
		f.unread = true
		return w.found(f, e, err)
	}
	if err := w.suspend(f); err != nil {
		f.end()
		return w.failed(f, errors.Join(err, opened.close()))
	}
	w.key = append(append(w.key, text...), '/')
	return w.enter(opened, child)
}

// suspend makes f hold what is left of its names while the walk is in a
// directory below: in memory if there is room, else in the spill.
func (w *walker) suspend(f *frame) error {
	switch {
	case f.runs != nil && w.held+f.runs.size() > w.limits.held:
		f.runs.drop()
	case f.runs != nil:
		f.held = f.runs.size()
	case f.own:
		f.held = f.names.size()
	default:
		rest := f.names.from(f.next)
		f.own, f.next = true, 0
		f.names = rest
		if w.held+rest.size() <= w.limits.held {
			f.held = rest.size()
			break
		}
		spilled, err := w.spill.write(f.nextName)
		if err != nil {
			return err
		}
		f.runs, err = newMerge(w.spill.file, []run{spilled})
		if err != nil {
			return err
		}
		f.names = nil
		f.runs.drop()
	}
	w.held += f.held
	return nil
}

// enter makes dir the current directory and reads its names.
func (w *walker) enter(dir directory, f *frame) bool {
	f.dir, f.key, f.base = dir, len(w.key), w.spill.end
	w.stack = append(w.stack, f)
	if open := len(w.stack) - w.closed; open > w.limits.open {
		w.closed++
		if err := w.stack[w.closed].dir.close(); err != nil && !w.failed(w.stack[w.closed], err) {
			return false
		}
	}
	if err := w.read(f); err != nil {
		return w.failed(f, err)
	}
	return true
}

// read sorts the names of f. Those it has read before an error are f's all the
// same.
func (w *walker) read(f *frame) error {
	w.work.reset()
	f.names = &w.work
	var runs []run
	var readErr error
	for readErr == nil {
		var entries []fs.DirEntry
		entries, readErr = f.dir.readNames(512)
		for _, e := range entries {
			w.work.add(e.Name(), kindOf(e.Type()))
		}
		if w.work.size() >= w.limits.work || readErr != nil && len(runs) > 0 {
			r, err := w.writeRun()
			if err != nil {
				w.work.reset()
				return err
			}
			runs = append(runs, r)
		}
	}
	if readErr == io.EOF {
		readErr = nil
	}
	if runs == nil {
		w.work.sort()
		return readErr
	}
	var err error
	f.runs, err = mergeRuns(&w.spill, runs)
	return errors.Join(readErr, err)
}

// writeRun moves the names of the work to the spill.
func (w *walker) writeRun() (run, error) {
	w.work.sort()
	f := frame{names: &w.work}
	r, err := w.spill.write(f.nextName)
	w.work.reset()
	return r, err
}

// failed yields the directory f with an error.
func (w *walker) failed(f *frame, err error) bool {
	f.unread = true
	key := string(w.key[:f.key])
	path := w.dir
	if key != "" {
		path = strings.TrimSuffix(filepath.FromSlash(w.prefix+key), string(filepath.Separator))
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err // the path is of the directory's own name only
	}
	return w.yield(Entry{Key: key, Path: path, Kind: Dir}, fmt.Errorf("%s: %w", path, err))
}

// leave ends the current directory.
func (w *walker) leave() bool {
	level := len(w.stack) - 1
	f := w.stack[level]
	ok := true
	if w.options.EmptyDirs && level > 0 && !f.kept && !f.unread && !f.known {
		f.kept = true
		e := Entry{Key: string(w.key), Kind: EmptyDir}
		e.Path = strings.TrimSuffix(filepath.FromSlash(w.prefix+e.Key), string(filepath.Separator))
		dir, err := w.handle(level)
		if err == nil {
			err = dir.stat(".", e.Path, &e, false)
		}
		e.Size = 0
		switch {
		case err == nil:
			ok = w.yield(e, nil)
		case !errors.Is(err, fs.ErrNotExist):
			ok = w.failed(f, err)
		}
	}
	w.stack = w.stack[:level]
	w.spill.end = f.base
	if level == 0 || level > w.closed {
		f.dir.close() //nolint:errcheck // it was only read
	} else {
		w.closed--
	}
	if level > 0 {
		up := w.stack[level-1]
		up.kept = up.kept || f.kept
		up.unread = up.unread || f.unread
		w.held -= up.held
		up.held = 0
		w.key = w.key[:up.key]
	}
	return ok
}

// handle returns the directory at a level of the stack, which was closed if the
// walk went deep below it.
func (w *walker) handle(level int) (directory, error) {
	if level == 0 || level > w.closed {
		return w.stack[level].dir, nil
	}
	// Going up, the levels above will be needed next: keep half of what may be open.
	keep := max(1, level-w.limits.open/2)
	dir := w.stack[0].dir
	for l := 1; l <= level; l++ {
		f := w.stack[l]
		text := string(w.key[w.stack[l-1].key : f.key-1])
		next, err := dir.child(text, func() string { return filepath.FromSlash(w.prefix + string(w.key[:f.key])) })
		if l-1 > 0 && l-1 < keep {
			dir.close() //nolint:errcheck // it was only read
		}
		if err != nil {
			for k := keep; k < l; k++ {
				w.stack[k].dir.close() //nolint:errcheck // it was only read
			}
			return directory{}, fmt.Errorf("open again: %w", err)
		}
		f.dir, dir = next, next
	}
	w.closed = keep - 1
	return dir, nil
}

// close gives back what a walk that ended early still has.
func (w *walker) close() {
	for level, f := range w.stack {
		if level == 0 || level > w.closed {
			f.dir.close() //nolint:errcheck // it was only read
		}
	}
	w.spill.close() //nolint:errcheck // a temporary file of which nothing is wanted any more
}
