package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
)

func newSync(a *app) *cobra.Command {
	s := syncer{app: a, compare: compareFlag(transfer.Auto), maxDelete: -1}
	cmd := &cobra.Command{
		Use:   "sync SOURCE TARGET",
		Short: "Make a tree the same as another one",
		Long: `Copy what the target lacks or has differently: from a directory to a bucket, from a
bucket to a directory, or from bucket to bucket. What is in SOURCE comes to be in
TARGET, whether or not they are written with a slash at the end.

With --compare auto a file or object is copied if its size differs, and if its
source is newer and its content differs. size looks at the size alone, mtime at
size and time, checksum always at the content.

--delete removes from the target what the source lacks, after everything has been
copied, and never when the source could not be read to its end. It refuses when
the source is empty, and when it would remove more than ten objects and more than
a tenth of the target: --yes allows that, --max-delete sets another bound.

The rules of --exclude and --include are those of .gitignore, in the order of the
command line: the last one that matches wins. If the first one is an --include,
nothing else is taken. What is excluded is not looked at, and never deleted.

` + sourceKeyHelp + `

` + accelerateHelp + `

` + exitHelpMoving,
		Example: `  icos sync photos cos://my-bucket/photos
  icos sync --delete --dry-run site/ cos://my-bucket/site/
  icos sync --delete cos://my-bucket/photos/ /backup/photos
  icos sync --include '*.parquet' cos://my-bucket/data cos://other/data
  icos sync --preserve --bwlimit 20MB /home/me cos://my-bucket/home`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.howGiven = cmd.Flags().Changed("compare")
			return s.run(cmd.Context(), args)
		},
	}
	s.addFlags(cmd)
	return cmd
}

// syncer is one run of sync.
type syncer struct {
	*app
	dryRun             bool
	compare            compareFlag
	howGiven           bool // --compare was
	sizeOnly, checksum bool
	noClobber          bool
	delete, yes        bool
	maxDelete          int64
	selection          selection
	preserve           preserveFlag
	upload             uploadFlags
	tuning             tuning
	accel              acceleration
	keys               customerKeys
	show               showing
}

func (s *syncer) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	addDryRun(cmd, &s.dryRun)
	f.Var(&s.compare, "compare", "what tells that a target is the same: auto, size, mtime or checksum")
	f.BoolVar(&s.sizeOnly, "size-only", false, "the same as --compare size")
	f.BoolVar(&s.checksum, "checksum", false, "the same as --compare checksum")
	f.BoolVar(&s.noClobber, "no-clobber", false, "leave alone what exists in the target")
	f.BoolVar(&s.delete, "delete", false, "remove from the target what the source lacks")
	f.Int64Var(&s.maxDelete, "max-delete", -1, "with --delete: allow up to `N` removals, and none if there are more")
	f.Lookup("max-delete").DefValue = "0" // not shown by --help
	f.BoolVarP(&s.yes, "yes", "y", false, "with --delete: remove however much it is")
	s.selection.addFlags(cmd)
	s.preserve.addFlag(cmd)
	s.upload.addFlags(cmd)
	s.tuning.addFlags(cmd)
	s.accel.addFlags(cmd)
	s.keys.addFlags(cmd)
	s.show.addFlags(cmd)
	s.oneOfWays(cmd)
	s.oneOf(cmd, "compare", "auto", "size", "mtime", "checksum")
	s.oneOf(cmd, "preserve", "all", "mtime", "mode", "symlinks", "empty-dirs")
}

func (s *syncer) run(ctx context.Context, args []string) error {
	src, err := parseLocation(args[0])
	if err != nil {
		return &usageError{err}
	}
	dst, err := parseLocation(args[1])
	if err != nil {
		return &usageError{err}
	}
	if err := errors.Join(s.check(src, dst), s.tuning.check(), s.upload.keep.check(), s.accel.check([]location{src}, dst)); err != nil {
		return &usageError{err}
	}
	if !src.remote {
		if info, err := os.Stat(src.path); err != nil {
			return err
		} else if !info.IsDir() {
			return &usageError{fmt.Errorf("%s is not a directory: use icos cp", src)}
		}
	}
	rules, err := s.selection.filter(s.typedInput)
	if err != nil {
		return err
	}
	if err := s.keys.load(s.app, src.remote && dst.remote); err != nil {
		return err
	}
	s.flags.identity = s.accel.on()
	client, err := s.client()
	if err != nil {
		return err
	}
	defer client.Close()
	h, err := s.newHaul(ctx, client, haulOptions{verb: "copied", tuning: &s.tuning, accel: s.accel, show: s.show, dryRun: s.dryRun})
	if err != nil {
		return err
	}
	work := transfer.Sync{
		From: tree(client, src, s.keys.ofSource(dst)), To: tree(client, dst, s.keys.own),
		Compare: transfer.Compare(s.compare), Filter: rules, Preserve: transfer.Preserve(s.preserve), Put: s.upload.forTrees(),
		Delete: s.delete, DryRun: s.dryRun, NoClobber: s.noClobber,
	}
	work.Confirm = func(p transfer.DeletePlan) error { return s.confirmDelete(h, work.To, p) }
	h.start(work)
	err = h.end(nil)
	if s.delete && !s.dryRun && h.failed > 0 && h.report.Deleted == 0 {
		s.notef("icos: --delete removed nothing: it does so only when everything has been copied\n")
	}
	if err == nil && h.past.objects+h.past.skipped == 0 && src.remote && src.key != "" {
		return s.nothingThere(ctx, client, src)
	}
	return err
}

// nothingThere tells a prefix that holds nothing from one that was misspelt: no
// service can, so it is an error.
func (s *syncer) nothingThere(ctx context.Context, client *icos.Client, src location) error {
	for _, err := range client.Bucket(src.bucket).Objects(ctx, &icos.ListOptions{Prefix: src.tree().key, PageSize: 1}) {
		return err // there is something, which rules left out
	}
	return &missing{"no key begins with " + src.tree().String()}
}

func (s *syncer) check(src, dst location) error {
	switch {
	case src.stream || dst.stream:
		return errors.New("sync moves trees: use icos cp for a standard stream")
	case src.remote && src.bucket == "", dst.remote && dst.bucket == "":
		return errors.New("cos:// alone names no bucket: write cos://BUCKET/PREFIX")
	case !src.remote && !dst.remote:
		return fmt.Errorf("%s and %s are both local: one of them must be cos://BUCKET/PREFIX", src, dst)
	case src.tree() == dst.tree():
		return fmt.Errorf("%s is both source and target", src)
	case !s.delete && (s.maxDelete >= 0 || s.yes):
		return errors.New("--max-delete and --yes need --delete")
	case src.remote && dst.remote && s.delete && src.bucket == dst.bucket && underPrefix(src.tree().key, dst.tree().key):
		return fmt.Errorf("%s lies in %s, so that --delete would remove it", src, dst)
	case s.sizeOnly && s.checksum, s.howGiven && (s.sizeOnly || s.checksum):
		return errors.New("--compare, --size-only and --checksum say the same thing: give one of them")
	case s.sizeOnly:
		s.compare = compareFlag(transfer.Size)
	case s.checksum:
		s.compare = compareFlag(transfer.Checksum)
	}
	return overlap(src, dst)
}

// confirmDelete guards against a slip that empties the target.
func (s *syncer) confirmDelete(h *haul, to transfer.Tree, p transfer.DeletePlan) error {
	total := p.Delete + p.Keep
	what := fmt.Sprintf("would delete %s of %s (%s) under %s", count(p.Delete), plural(total, "object"), formatSize(p.Bytes), to)
	switch {
	case s.maxDelete >= 0 && p.Delete > s.maxDelete:
		return &guardError{what: what, why: "more than --max-delete allows", hint: fmt.Sprintf("--max-delete %d allows it", p.Delete)}
	case s.yes:
	case p.Empty:
		return &guardError{what: what, why: "but the source is empty", hint: "if that is meant, --yes does it"}
	case s.maxDelete < 0 && p.Delete > max(10, total/10):
		return &guardError{what: what, why: "which is more than ten and more than a tenth", hint: fmt.Sprintf("--yes does it, and --max-delete %d allows as many", p.Delete)}
	}
	if !s.dryRun {
		h.tell("deleting %s", strings.TrimPrefix(what, "would delete "))
	}
	return nil
}

// compareFlag is a way to find out what is the same.
type compareFlag transfer.Compare

func (f *compareFlag) String() string { return transfer.Compare(*f).String() }

// Type is what --help shows for the value.
func (f *compareFlag) Type() string { return "how" }

func (f *compareFlag) Set(s string) error {
	for _, c := range []transfer.Compare{transfer.Auto, transfer.Size, transfer.ModTime, transfer.Checksum} {
		if c.String() == s {
			*f = compareFlag(c)
			return nil
		}
	}
	return fmt.Errorf("%q: choose auto, size, mtime or checksum", s)
}
