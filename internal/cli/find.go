package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newFind(a *app) *cobra.Command {
	var f findFlags
	cmd := &cobra.Command{
		Use:   "find LOCATION...",
		Short: "Find objects by name, size and age",
		Long: `Print the objects under a prefix, or the files under a directory, that pass all
tests. Patterns of one kind are alternatives: --name '*.jpg' --name '*.png'.

In patterns * and ? match every character, slashes too. --name looks at what
comes after the last slash, --path at the whole key (of files: at the path below
the directory), --regex anywhere in that.

With --type p the prefixes are printed that keys have in them, which is what
looks like directories; o,p prints both.

--delete removes what was found, once all of it is known and somebody has said
yes, or without asking with --yes.

` + exitHelp,
		Example: `  icos find cos://my-bucket --name '*.log' --older-than 30d
  icos find cos://my-bucket/raw/ --size +1G --newer-than 2026-11-01 --json
  icos find cos://my-bucket/tmp/ --older-than 7d --delete
  icos find cos://my-bucket -0 --name '* *' | xargs -0 -n 1 icos stat`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), a, args) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.names, "name", nil, "last element of the key matches `GLOB`")
	flags.StringArrayVar(&f.paths, "path", nil, "whole key matches `GLOB`")
	flags.StringArrayVar(&f.regexes, "regex", nil, "regular expression `RE` matches somewhere in the key")
	flags.StringArrayVar(&f.sizes, "size", nil, "`SIZE` +10M: more than that, -1k: less, 4096: just that; may be repeated")
	flags.StringVar(&f.newer, "newer-than", "", "stored after `WHEN`: an age (36h, 7d, 2w), a date or an RFC 3339 time")
	flags.StringVar(&f.older, "older-than", "", "stored before `WHEN`")
	flags.StringVar(&f.types, "type", "o", "what to print: o objects, p prefixes, o,p both")
	flags.IntVar(&f.maxDepth, "max-depth", 0, "look no deeper than `N` levels; 1 is the level of LOCATION itself")
	flags.BoolVarP(&f.long, "long", "l", false, "print time and size too, as ls does")
	flags.BoolVarP(&f.nul, "print0", "0", false, "end each name by a NUL, unquoted")
	flags.BoolVar(&f.remove, "delete", false, "remove what was found, after asking")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	a.oneOf(cmd, "type", "o", "p", "o,p")
	return cmd
}

// findFlags are the command line of find as it was written.
type findFlags struct {
	names, paths, regexes, sizes []string
	newer, older, types          string
	maxDepth                     int
	long, nul, remove, yes       bool
}

func (f *findFlags) run(ctx context.Context, a *app, args []string) error {
	fi, err := f.finder(time.Now())
	if err != nil {
		return &usageError{err}
	}
	if f.remove && !f.yes && !a.canAsk() {
		_, err := a.confirm("")
		return err // before a long list is read for nothing
	}
	l, at, err := a.look(args)
	if err != nil {
		return err
	}
	defer l.close()
	fi.looker, fi.out = l, newBuffered(a)
	if f.remove {
		return (&reaper{finder: fi, ask: !f.yes}).run(ctx, at)
	}
	for _, loc := range at {
		if err := fi.find(ctx, loc, func(e entry) error { return fi.show(loc, e) }); err != nil {
			return errors.Join(fmt.Errorf("find in %s: %w", loc, err), fi.out.flush())
		}
	}
	return fi.out.flush()
}

// finder understands what was written.
func (f *findFlags) finder(now time.Time) (*finder, error) {
	fi := &finder{maxDepth: f.maxDepth, long: f.long, nul: f.nul}
	for _, t := range strings.Split(f.types, ",") {
		switch t {
		case "o", "f":
			fi.objects = true
		case "p", "d":
			fi.prefixes = true
		default:
			return nil, fmt.Errorf("--type %q: write o for objects, p for prefixes, o,p for both", f.types)
		}
	}
	if f.maxDepth < 0 {
		return nil, fmt.Errorf("--max-depth %d: at least 1 is needed, or 0 for all levels", f.maxDepth)
	}
	if f.remove && fi.prefixes {
		return nil, errors.New("--delete removes objects; prefixes go with them, so leave out --type p")
	}
	err := compileAll(&fi.tests.names, f.names, compileGlob)
	if err == nil {
		err = compileAll(&fi.tests.paths, f.paths, compileGlob)
	}
	if err == nil {
		err = compileAll(&fi.tests.regexes, f.regexes, regexp.Compile)
	}
	if err == nil {
		err = compileAll(&fi.tests.sizes, f.sizes, parseSizeTest)
	}
	if err == nil && f.newer != "" {
		fi.tests.newer, err = parseMoment(f.newer, now)
	}
	if err == nil && f.older != "" {
		fi.tests.older, err = parseMoment(f.older, now)
	}
	return fi, err
}

func compileAll[T any](to *[]T, from []string, compile func(string) (T, error)) error {
	for _, s := range from {
		t, err := compile(s)
		if err != nil {
			return err
		}
		*to = append(*to, t)
	}
	return nil
}

// finder walks trees and picks entries.
type finder struct {
	*looker
	tests             predicates
	objects, prefixes bool
	maxDepth          int // 0: no bound
	long, nul         bool
	out               *buffered
}

// find calls found for everything under at that passes the tests. Memory does
// not grow with the number of entries.
func (f *finder) find(ctx context.Context, at location, found func(entry) error) error {
	base := at.base()
	last := base // the directory of the entry before, whose prefixes have been found
	for e, err := range f.entries(ctx, at, f.maxDepth) {
		if err == nil {
			err = f.visit(base, &last, e, found)
		}
		if err != nil {
			return err
		}
		if err := f.out.flushIfRipe(); err != nil {
			return err
		}
	}
	return nil
}

// visit finds the prefixes that e is the first to show, and e itself.
func (f *finder) visit(base string, last *string, e entry, found func(entry) error) error {
	if dir := e.key[:strings.LastIndexByte(e.key, '/')+1]; dir != *last {
		if err := f.visitPrefixes(base, *last, dir, found); err != nil {
			return err
		}
		*last = dir
	}
	if e.dir || !f.objects || !f.shallow(e.key[len(base):]) || !f.tests.match(e) {
		return nil
	}
	return found(e)
}

// visitPrefixes finds the prefixes of dir that last does not have.
func (f *finder) visitPrefixes(base, last, dir string, found func(entry) error) error {
	if !f.prefixes {
		return nil
	}
	for i := len(base); i < len(dir); i++ {
		p := entry{key: dir[:i+1], dir: true}
		if dir[i] != '/' || strings.HasPrefix(last, p.key) || !f.shallow(p.key[len(base):]) || !f.tests.match(p) {
			continue
		}
		if err := found(p); err != nil {
			return err
		}
	}
	return nil
}

// shallow reports whether a key, relative to where the walk began, is within
// the depth that was asked for.
func (f *finder) shallow(rel string) bool {
	return f.maxDepth == 0 || strings.Count(strings.TrimSuffix(rel, "/"), "/") < f.maxDepth
}

// show prints what was found.
func (f *finder) show(at location, e entry) error {
	name := at.name(e.key)
	switch {
	case f.nul:
		f.out.str(name.String()).str("\x00")
	case f.flags.json:
		f.out.record(recordOf(name, e))
	case !f.long:
		f.out.str(printable(name.String())).str("\n")
	case e.dir:
		f.out.str(strings.Repeat(" ", len(time.RFC3339)-5)).right("-", 14).str("  ").str(printable(name.String())).str("\n")
	default:
		f.out.time(e.modTime).rightInt(e.size, 14).str("  ").str(printable(name.String())).str("\n")
	}
	return nil
}

// recordOf is an entry as --json has it.
func recordOf(name location, e entry) record {
	switch {
	case !name.remote && e.dir:
		return record{Type: "directory", Name: name.path}
	case !name.remote:
		return record{Type: "file", Name: name.path, Size: &e.size, Modified: timestamp(e.modTime)}
	case e.dir:
		return record{Type: "prefix", Bucket: name.bucket, Prefix: e.key}
	}
	return record{Type: "object", Bucket: name.bucket, Key: &e.key, Size: &e.size, ETag: e.etag, Modified: timestamp(e.modTime)}
}
