package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newCp(a *app) *cobra.Command {
	c := copier{app: a}
	cmd := &cobra.Command{
		Use:   "cp SOURCE... TARGET",
		Short: "Copy files and objects",
		Long: `Copy files to objects, objects to files, and objects to objects inside the store.

A target that ends in a slash, names a bucket, or is an existing directory takes
the source's name; any other target is the name itself. With -r a source that
ends in a slash stands for what is in it, and one that does not for itself.

A download gets its final name only when it is whole and on disk. A failed
upload leaves nothing behind in the bucket.

` + exitHelp,
		Example: `  icos cp report.pdf cos://my-bucket/2026/
  icos cp cos://my-bucket/2026/report.pdf .
  icos cp -r photos cos://my-bucket/           # photos/a.jpg becomes photos/a.jpg
  icos cp -r cos://my-bucket/photos/ restored
  icos cp cos://my-bucket/a cos://other/b
  tar c . | icos cp - cos://my-bucket/backup.tar`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	cmd.Flags().BoolVarP(&c.recursive, "recursive", "r", false, "copy directories and prefixes with all under them")
	cmd.Flags().IntVarP(&c.jobs, "jobs", "j", defaultJobs, "how many files to copy at once")
	c.upload.addFlags(cmd)
	return cmd
}

// defaultJobs is how many files move at once: enough to hide a round trip of
// some 100 ms for small files, few enough that two cores are not swamped.
const defaultJobs = 16

// copier is one run of cp.
type copier struct {
	*app
	recursive bool
	jobs      int
	upload    uploadFlags
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
	if err := c.check(srcs, dst); err != nil {
		return &usageError{err}
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	defer client.Close()

	many := c.recursive || len(srcs) > 1
	run := &batch{app: c.app, verb: "copied", many: many, jobs: c.jobs}
	if c.recursive && !dst.remote {
		dir, err := openDirectory(dst.path)
		if err != nil {
			return err
		}
		defer dir.Close()
		run.dir = dir
	}
	return run.copyAll(ctx, client, planCopy(ctx, client, srcs, dst, c.recursive), &c.upload)
}

// check refuses operands that cannot be meant before anything moves.
func (c *copier) check(srcs []location, dst location) error {
	if c.jobs < 1 {
		return fmt.Errorf("--jobs %d: at least 1 is needed", c.jobs)
	}
	for _, src := range srcs {
		switch {
		case src.remote && src.bucket == "", dst.remote && dst.bucket == "":
			return errors.New("cos:// alone names no bucket: write cos://BUCKET/KEY")
		case !src.remote && !dst.remote && !(src.stream && dst.stream):
			return fmt.Errorf("%s and %s are both local: one of them must be cos://BUCKET/KEY", src, dst)
		case src.stream && dst.stream:
			return errors.New("both sides are standard streams: one of them must be cos://BUCKET/KEY")
		case src.stream && len(srcs) > 1:
			return errors.New("- cannot be one of several sources")
		case c.recursive && (src.stream || dst.stream):
			return errors.New("-r does not go with a standard stream")
		case src == dst:
			return fmt.Errorf("%s is both source and target", src)
		}
	}
	if len(srcs) > 1 && dst.remote && !dst.isPrefix() {
		return fmt.Errorf("several sources need a target that ends in a slash: %s/", dst)
	}
	if len(srcs) > 1 && !dst.remote && !isDir(dst.path) {
		return fmt.Errorf("several sources need a directory to go to, and %s is none", dst)
	}
	return nil
}

// uploadFlags say how an object is written.
type uploadFlags struct {
	contentType string
	metadata    map[string]string
	acl         string
	partSize    sizeFlag
	threshold   sizeFlag
	noClobber   bool
}

func (u *uploadFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&u.contentType, "content-type", "", "Content-Type (default: by the key's extension)")
	f.StringToStringVar(&u.metadata, "meta", nil, "user metadata, as `NAME=VALUE`; may be repeated")
	f.StringVar(&u.acl, "acl", "", "canned ACL: private or public-read")
	f.Var(&u.partSize, "part-size", "bytes of one part of a multipart upload (default: chosen by size)")
	f.Var(&u.threshold, "threshold", "upload in parts from this size on (default: chosen)")
	f.BoolVar(&u.noClobber, "no-clobber", false, "fail rather than replace an object that exists")
}

func (u *uploadFlags) options(key string) *icos.PutOptions {
	o := &icos.PutOptions{
		ContentType: u.contentType,
		Metadata:    u.metadata,
		ACL:         icos.CannedACL(u.acl),
		PartSize:    int64(u.partSize),
		Threshold:   int64(u.threshold),
	}
	if o.ContentType == "" {
		o.ContentType = contentType(key)
	}
	if u.noClobber {
		o.IfNoneMatch = "*"
	}
	return o
}
