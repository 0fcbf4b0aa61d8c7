package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func newTree(a *app) *cobra.Command {
	var t treeFlags
	cmd := &cobra.Command{
		Use:   "tree LOCATION...",
		Short: "Show what is under a prefix as a tree",
		Long: `Show the objects under a prefix, or the files under a directory, as a tree, and
count them. What is too deep to be shown is counted all the same.

The whole of it is listed before the first line is printed, since a line says
what comes below it. That takes the same memory for any number of objects;
what does not fit goes to a temporary file.

` + exitHelp,
		Example: `  icos tree cos://my-bucket/2026/
  icos tree -L 2 -s cos://my-bucket     # two levels, with sizes and counts
  icos tree -d cos://my-bucket          # prefixes only`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return t.run(cmd.Context(), a, args) },
	}
	f := cmd.Flags()
	f.IntVarP(&t.maxDepth, "max-depth", "L", 0, "show `N` levels only")
	f.BoolVarP(&t.dirsOnly, "dirs-only", "d", false, "show prefixes only")
	f.BoolVarP(&t.sizes, "sizes", "s", false, "show sizes, and of prefixes how many objects are under them")
	f.BoolVarP(&t.exact, "bytes", "b", false, "show sizes as plain numbers of bytes")
	f.BoolVar(&t.ascii, "ascii", false, "draw with ASCII characters only")
	return cmd
}

type treeFlags struct {
	maxDepth                      int
	dirsOnly, sizes, exact, ascii bool
}

func (t *treeFlags) run(ctx context.Context, a *app, args []string) error {
	if t.maxDepth < 0 {
		return &usageError{fmt.Errorf("--max-depth %d: at least 1 is needed, or 0 for all levels", t.maxDepth)}
	}
	t.sizes = t.sizes || t.exact
	l, at, err := a.look(args)
	if err != nil {
		return err
	}
	defer l.close()
	for _, loc := range at {
		if err := t.show(ctx, l, loc); err != nil {
			return fmt.Errorf("show %s: %w", loc, err)
		}
	}
	return nil
}

// show lists all under at into a forest, and draws that.
func (t *treeFlags) show(ctx context.Context, l *looker, at location) (err error) {
	f := newForest(at.base(), t.maxDepth, t.dirsOnly)
	defer func() { err = errors.Join(err, f.close()) }()
	for e, err := range l.entries(ctx, at, 0) {
		if err == nil {
			err = f.add(e)
		}
		if err != nil {
			return err
		}
	}
	if err := f.finish(); err != nil {
		return err
	}
	d := &drawer{treeFlags: t, app: l.app, at: at, out: newBuffered(l.app), twigs: unicodeTwigs}
	if t.ascii || !speaksUTF8(l.getenv) {
		d.twigs = asciiTwigs
	}
	return errors.Join(d.draw(f), d.out.flush())
}

// speaksUTF8 follows the variables of the locale. Where there are none, as in
// many containers, terminals know UTF-8 all the same.
func speaksUTF8(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}

// twigs are what branches are drawn with.
type twigs struct{ branch, last, pass, gap string }

var (
	unicodeTwigs = twigs{"├── ", "└── ", "│   ", "    "}
	asciiTwigs   = twigs{"|-- ", "`-- ", "|   ", "    "}
)

// drawer prints a forest.
type drawer struct {
	*treeFlags
	app   *app
	at    location
	out   *buffered
	twigs twigs
	path  []string // names of the prefixes around the current node
	bars  []string // what is drawn in front of it, for each of them
}

func (d *drawer) draw(f *forest) error {
	if !d.app.flags.json {
		d.out.str(printable(d.at.String()))
		if d.sizes {
			d.out.str("  ").str(d.total(f.root))
		}
		d.out.str("\n")
	}
	for n, err := range f.nodes() {
		if err != nil {
			return err
		}
		d.path, d.bars = d.path[:n.depth], d.bars[:n.depth]
		d.node(n)
		if n.dir {
			d.path = append(d.path, n.name)
			d.bars = append(d.bars, choose(n.last, d.twigs.gap, d.twigs.pass))
		}
		if d.out.full() {
			if err := d.out.flush(); err != nil {
				return err
			}
		}
	}
	return d.sum(f)
}

func (d *drawer) node(n node) {
	if d.app.flags.json {
		key := d.at.base() + strings.Join(d.path, "") + n.name
		r := recordOf(d.at.name(key), entry{key: key, size: n.size, modTime: n.modTime, etag: n.etag, dir: n.dir})
		if n.dir {
			r.Objects, r.Size = &n.objects, &n.size
		}
		d.out.record(r)
		return
	}
	for _, bar := range d.bars {
		d.out.str(bar)
	}
	d.out.str(choose(n.last, d.twigs.last, d.twigs.branch)).str(printable(n.name))
	switch {
	case d.sizes && n.dir:
		d.out.str("  ").str(d.total(n))
	case d.sizes:
		d.out.str("  ").str(d.size(n.size))
	}
	d.out.str("\n")
}

// total is what is under a prefix.
func (d *drawer) total(n node) string {
	return plural(n.objects, d.noun()) + ", " + d.size(n.size)
}

func (d *drawer) size(n int64) string {
	if d.exact {
		return fmt.Sprint(n)
	}
	return formatSize(n)
}

func (d *drawer) noun() string {
	if d.at.remote {
		return "object"
	}
	return "file"
}

// sum is the last line.
func (d *drawer) sum(f *forest) error {
	if d.app.flags.json {
		d.out.record(record{Type: "summary", Bucket: d.at.bucket, Prefix: d.at.key, Objects: &f.root.objects, Size: &f.root.size})
		return nil
	}
	one, many := "1 prefix", " prefixes"
	if !d.at.remote {
		one, many = "1 directory", " directories"
	}
	dirs := choose(f.dirs == 1, one, count(f.dirs)+many)
	d.out.str("\n" + dirs + ", " + d.total(f.root) + "\n")
	return nil
}

func choose(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}
