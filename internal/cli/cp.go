package cli

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"path"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
)

func newCp(a *app) *cobra.Command {
	c := copier{app: a, verb: "copied"}
	cmd := &cobra.Command{
		Use:   "cp SOURCE... TARGET",
		Short: "Copy files and objects",
		Long: `Copy files to objects, objects to files, and objects to objects inside the store.

A target that ends in a slash, names a bucket, or is an existing directory takes
the source's name; any other target is the name itself. With -r a source that
ends in a slash stands for what is in it, and one that does not for itself.
--dry-run shows what would become of each.

A download gets its final name only when it is whole, checked and on disk. What
is interrupted, or killed, goes on where it was when the same command is run
again; "icos jobs" lists what is unfinished.

` + sourceKeyHelp + `

` + accelerateHelp + `

` + exitHelpMoving,
		Example: `  icos cp report.pdf cos://my-bucket/2026/
  icos cp cos://my-bucket/2026/report.pdf .
  icos cp -r photos cos://my-bucket/           # photos/a.jpg becomes photos/a.jpg
  icos cp -r cos://my-bucket/photos/ restored
  icos cp -r --exclude '*.tmp' --exclude /cache/ work/ cos://my-bucket/work/
  icos cp cos://my-bucket/a cos://other/b
  icos cp --version "$ID" cos://my-bucket/report.pdf old.pdf
  icos cp --sse-c-key-file key.bin diary.txt cos://my-bucket/
  icos cp --accelerate --target-rate 500Mbit film.mov cos://my-bucket/
  tar c . | icos cp - cos://my-bucket/backup.tar`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	c.addFlags(cmd)
	addVersion(cmd, &c.version)
	return cmd
}

// copier is one run of cp or mv.
type copier struct {
	*app
	verb      string // "copied"
	move      bool
	recursive bool
	dryRun    bool
	noClobber bool // skip what exists
	exclusive bool // fail on what exists
	tee       bool // copy standard input to standard output, too
	selection selection
	preserve  preserveFlag
	upload    uploadFlags
	tuning    tuning
	accel     acceleration
	keys      customerKeys
	version   string // of the only source, an object
	show      showing
}

func (c *copier) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVarP(&c.recursive, "recursive", "r", false, "directories and prefixes with all under them")
	addDryRun(cmd, &c.dryRun)
	f.BoolVar(&c.noClobber, "no-clobber", false, "leave alone what exists in the target")
	c.selection.addFlags(cmd)
	c.preserve.addFlag(cmd)
	c.upload.addFlags(cmd)
	c.tuning.addFlags(cmd)
	c.accel.addFlags(cmd)
	c.keys.addFlags(cmd)
	c.show.addFlags(cmd)
	c.oneOfWays(cmd)
	c.oneOf(cmd, "preserve", "all", "mtime", "mode", "symlinks", "empty-dirs")
	c.oneOf(cmd, "acl", string(icos.Private), string(icos.PublicRead))
}

// addDryRun adds --dry-run and the way other tools write it.
func addDryRun(cmd *cobra.Command, dryRun *bool) {
	f := cmd.Flags()
	f.BoolVar(dryRun, "dry-run", false, "print what would be done and why, and do nothing")
	f.BoolVar(dryRun, "dryrun", false, "the same as --dry-run")
	// It exists, or cobra would not have added it one line above.
	_ = f.MarkHidden("dryrun")
}

func (c *copier) run(ctx context.Context, args []string) error {
	var srcs []location
	for _, arg := range args {
		l, err := parseLocation(arg)
		if err != nil {
			return &usageError{err}
		}
		srcs = append(srcs, l)
	}
	dst := srcs[len(srcs)-1]
	srcs = srcs[:len(srcs)-1]
	if err := errors.Join(c.check(srcs, dst), c.tuning.check(), c.upload.keep.check(), c.accel.check(srcs, dst)); err != nil {
		return &usageError{err}
	}
	if err := c.keys.load(c.app, srcs[0].remote && dst.remote); err != nil {
		return err
	}
	c.flags.identity = c.accel.on()
	client, err := c.client()
	if err != nil {
		return err
	}
	defer client.Close()
	if dst.stream {
		return c.toStdout(ctx, client, srcs[0])
	}
	return c.copy(ctx, client, srcs, dst)
}

// copy moves all sources to dst.
func (c *copier) copy(ctx context.Context, client *icos.Client, srcs []location, dst location) error {
	plan := planner{copier: c, client: client, many: len(srcs) > 1, target: dst.path}
	var err error
	if plan.filter, err = c.selection.filter(c.typedInput); err != nil {
		return err
	}
	h, err := c.newHaul(ctx, client, haulOptions{
		verb: c.verb, tuning: &c.tuning, accel: c.accel, show: c.show, dryRun: c.dryRun, single: !c.recursive && len(srcs) == 1,
		typed: srcs[0].stream && c.canAsk(),
	})
	if err != nil {
		return err
	}
	plan.haul = h
	for _, src := range srcs {
		if ctx.Err() != nil {
			break
		}
		if err := plan.add(ctx, src, dst); err != nil {
			if h.single || c.recursive && len(srcs) == 1 {
				return h.end(err)
			}
			h.reportItem(transfer.Item{From: src.String()}, err)
		}
	}
	return h.end(nil)
}

// check refuses operands that cannot be meant before anything moves.
func (c *copier) check(srcs []location, dst location) error {
	for _, src := range srcs {
		switch {
		case src.remote && src.bucket == "", dst.remote && dst.bucket == "":
			return errors.New("cos:// alone names no bucket: write cos://BUCKET/KEY")
		case src.stream && dst.stream:
			return errors.New("both sides are standard streams: one of them must be cos://BUCKET/KEY")
		case !src.remote && !dst.remote:
			return fmt.Errorf("%s and %s are both local: one of them must be cos://BUCKET/KEY", src, dst)
		case src.stream && len(srcs) > 1:
			return errors.New("- cannot be one of several sources")
		case c.recursive && (src.stream || dst.stream):
			return errors.New("-r does not go with a standard stream")
		case c.move && (src.stream || dst.stream):
			return errors.New("mv does not go with a standard stream: use icos cp")
		case c.dryRun && (src.stream || dst.stream):
			return errors.New("--dry-run does not go with a standard stream")
		case src == dst && (!src.remote || c.recursive || c.move || !c.changes()):
			return fmt.Errorf("%s is both source and target", src)
		case c.recursive:
			if err := overlap(src, dst); err != nil {
				return err
			}
		}
	}
	switch {
	case !c.recursive && !c.selection.empty():
		return errors.New("--include, --exclude and --files-from need -r")
	case c.version != "" && (c.recursive || len(srcs) > 1 || !srcs[0].remote):
		return errors.New("--version is that of one object: name one source in the store, and leave out -r")
	case len(srcs) > 1 && dst.stream:
		return errors.New("several sources cannot go to one standard output: use icos cat")
	case len(srcs) > 1 && dst.remote && !dst.isPrefix():
		return fmt.Errorf("several sources need a target that ends in a slash: %s/", dst)
	case len(srcs) > 1 && !dst.remote && !c.recursive && !isDir(dst.path):
		return fmt.Errorf("several sources need a directory to go to, and %s is none", dst)
	}
	return nil
}

// changes reports whether a copy of an object to itself changes anything: what is stored with it, its key, or which version is the
// latest.
func (c *copier) changes() bool {
	return c.version != "" || c.keys.given(c.app) || c.upload.forTrees() != nil
}

// overlap refuses trees of one bucket of which the target lies in the source:
// what was copied would be listed, and copied again, without end.
func overlap(src, dst location) error {
	if src.remote && dst.remote && src.bucket == dst.bucket && underPrefix(dst.tree().key, src.tree().key) {
		return fmt.Errorf("%s lies in %s, so that it would be copied into itself", dst, src)
	}
	return nil
}

// uploadFlags say how an object is written.
type uploadFlags struct {
	contentType string
	metadata    map[string]string
	acl         string
	keep        keepFlags
}

func (u *uploadFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&u.contentType, "content-type", "", "Content-Type (default: by the key's extension)")
	f.StringToStringVar(&u.metadata, "meta", nil, "user metadata, as `NAME=VALUE`; may be repeated")
	f.Lookup("meta").DefValue = "" // not shown by --help
	f.StringVar(&u.acl, "acl", "", "canned ACL: private or public-read")
	u.keep.addFlags(cmd)
}

// options are those of the object called key.
func (u *uploadFlags) options(key string) icos.PutOptions {
	o := icos.PutOptions{ContentType: u.contentType, Metadata: u.metadata, ACL: icos.CannedACL(u.acl)}
	if o.ContentType == "" {
		o.ContentType = contentType(key)
	}
	u.keep.apply(&o)
	return o
}

// copyOptions are those of a copy inside the store: it keeps what the source
// has, unless flags say otherwise.
func (u *uploadFlags) copyOptions(key string) icos.CopyOptions {
	o := icos.CopyOptions{ACL: icos.CannedACL(u.acl)}
	u.keep.applyCopy(&o)
	if u.contentType != "" || len(u.metadata) > 0 {
		put := u.options(key)
		o.Attributes = &put
	}
	return o
}

// contentType guesses from a key's extension, as browsers will want it.
func contentType(key string) string {
	if t := mime.TypeByExtension(path.Ext(key)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// forTrees is how the objects of a tree are written, nil for as usual.
func (u *uploadFlags) forTrees() func(key string) icos.PutOptions {
	if u.contentType == "" && len(u.metadata) == 0 && u.acl == "" && !u.keep.given() {
		return nil
	}
	return u.options
}
