package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/transfer"
)

func newDiff(a *app) *cobra.Command {
	d := differ{app: a, compare: compareFlag(transfer.Checksum)}
	cmd := &cobra.Command{
		Use:   "diff ONE OTHER",
		Short: "Tell how two trees differ",
		Long: `Compare two trees, each a directory or a prefix, and print what only one of them
has and what both have differently. Nothing is changed.

With --compare checksum contents are compared: files are read, objects are not,
since the store knows their checksums. Where it does not, that is said. size
looks at the size alone, mtime at the size and whether ONE is newer.

A symbolic link to a file is taken for that file, as "icos sync" does, and links
to anything else are left out. With --symlinks links are compared as such, which
is what "icos sync --preserve" makes of them.

The rules of --exclude and --include are those of "icos sync", and so are the keys
that objects are encrypted with: --source-sse-c-key-file is that of ONE, if both trees
are in the store.

Exit codes: 0 the same, 12 differences found, 1 something could not be compared,
and otherwise as for the other verbs.`,
		Example: `  icos diff photos cos://my-bucket/photos
  icos diff --compare size cos://my-bucket cos://copy-of-it
  icos diff --exclude .DS_Store --json photos cos://my-bucket/photos`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return d.run(cmd.Context(), args) },
	}
	cmd.Flags().Var(&d.compare, "compare", "what tells that two are the same: checksum, size or mtime")
	cmd.Flags().BoolVar(&d.symlinks, "symlinks", false, "compare symbolic links as such, not what they lead to")
	d.selection.addFlags(cmd)
	d.keys.addFlags(cmd)
	a.oneOf(cmd, "compare", "checksum", "size", "mtime")
	return cmd
}

// differ is one run of diff.
type differ struct {
	*app
	compare   compareFlag
	symlinks  bool
	selection selection
	keys      customerKeys

	one, other location
	out        *buffered
	err        error // of writing
	sum        differences
}

func (d *differ) run(ctx context.Context, args []string) error {
	if err := d.parse(args); err != nil {
		return err
	}
	rules, err := d.selection.filter(d.typedInput)
	if err != nil {
		return err
	}
	if err := d.keys.load(d.app, d.one.remote && d.other.remote); err != nil {
		return err
	}
	client, err := d.anyClient(d.one, d.other)
	if err != nil {
		return err
	}
	defer client.Close()
	manager, err := transfer.NewManager(client, nil)
	if err != nil {
		return err
	}
	d.out = newBuffered(d.app)
	t := manager.Start(ctx, transfer.Sync{
		From: tree(client, d.one, d.keys.ofSource(d.other)), To: tree(client, d.other, d.keys.own), Compare: transfer.Compare(d.compare), Filter: rules,
		Delete: true, DryRun: true, Preserve: transfer.Preserve{Symlinks: d.symlinks},
	}, transfer.Observer{Item: d.item})
	err = t.Wait(ctx)
	if _, ok := errors.AsType[*transfer.FailedError](err); ok {
		err = nil // each of them has been told by its item
	}
	err = errors.Join(err, manager.Close(), d.err, d.out.flush()) // Close waits for the last item
	if err != nil {
		return err
	}
	return d.end()
}

// parse reads the operands, which must be two different trees.
func (d *differ) parse(args []string) error {
	for i, to := range []*location{&d.one, &d.other} {
		l, err := parseLocation(args[i])
		if err == nil {
			err = l.checkTree(args[i])
		}
		if err != nil {
			return &usageError{err}
		}
		if !l.remote {
			info, err := os.Stat(l.path)
			if err != nil {
				return err
			}
			if !info.IsDir() {
				return &usageError{fmt.Errorf("%s is a file: diff compares directories and prefixes", l)}
			}
		}
		*to = l.tree()
	}
	if d.one == d.other {
		return &usageError{fmt.Errorf("%s is the same as %s", args[0], args[1])}
	}
	if transfer.Compare(d.compare) == transfer.Auto {
		return &usageError{errors.New("--compare auto takes what is older for the same: choose checksum, size or mtime")}
	}
	d.sum.one, d.sum.other = d.one, d.other
	return nil
}

// anyClient is the configured client. If nothing is in the store it is one that
// leads nowhere, so that comparing directories needs no credentials.
func (a *app) anyClient(at ...location) (*icos.Client, error) {
	for _, l := range at {
		if l.remote {
			return a.client()
		}
	}
	return icos.NewClient(icos.Config{Endpoint: "http://localhost", Credentials: auth.Anonymous})
}

// item is told of each entry, by one goroutine at a time.
func (d *differ) item(_ *transfer.Transfer, it transfer.Item) {
	switch it.Op {
	case transfer.Skipped:
		if it.To == "" {
			return // a link to no file, or a device
		}
		if !it.Unsure {
			d.sum.same++
			return
		}
		d.sum.unsure++
		d.show(it, "unsure", "cannot tell: %[1]s (%[2]s)\n", it.Key, it.Reason)
	case transfer.WouldCopy:
		if it.New {
			d.sum.onlyOne++
			d.show(it, "only_source", "only in %[2]s: %[1]s\n", it.Key, d.one.String())
			return
		}
		d.sum.both++
		d.show(it, "differs", "differ: %[1]s (%[2]s)\n", it.Key, it.Reason)
	case transfer.Refused:
		d.sum.onlyOne++
		d.show(it, "only_source", "only in %[2]s: %[1]s\n", it.Key, d.one.String())
	case transfer.WouldDelete:
		d.sum.onlyOther++
		d.show(it, "only_target", "only in %[2]s: %[1]s\n", it.Key, d.other.String())
	case transfer.Failed:
		d.sum.unsure++
		d.reportError(it.Err, exitCode(it.Err))
	}
}

// show prints one difference: a record, or a line with the key and a remark.
func (d *differ) show(it transfer.Item, status, form, key, remark string) {
	if d.flags.json {
		d.out.record(record{
			Type: "diff", Status: status, Key: &key, Source: d.one.String(), Target: d.other.String(),
			Size: &it.Bytes, Reason: it.Reason,
		})
	} else {
		d.out.str(fmt.Sprintf(form, printable(key), printable(remark)))
	}
	if err := d.out.flushIfRipe(); err != nil && d.err == nil {
		d.err = err
	}
}

// diffSummary is the last line of --json.
type diffSummary struct {
	V      int    `json:"v"`
	Type   string `json:"type"`
	Same   int64  `json:"same"`
	Source int64  `json:"only_source"`
	Target int64  `json:"only_target"`
	Both   int64  `json:"differ"`
	Unsure int64  `json:"unsure"`
}

// end says what was found.
func (d *differ) end() error {
	s := &d.sum
	if d.flags.json {
		if err := d.emitLine(diffSummary{schemaVersion, "summary", s.same, s.onlyOne, s.onlyOther, s.both, s.unsure}); err != nil {
			return err
		}
	}
	switch {
	case s.unsure > 0:
		return &someUnsure{s}
	case s.total() > 0:
		return s
	}
	d.notef("no differences in %s\n", plural(s.same, "object"))
	return nil
}
