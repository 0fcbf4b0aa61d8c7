package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newPut(a *app) *cobra.Command {
	c := copier{app: a, verb: "wrote"}
	cmd := &cobra.Command{
		Use:   "put FILE|- cos://BUCKET/KEY",
		Short: "Write one object, from a file or standard input",
		Long: `Write one object under exactly the key given. A file goes on where it was when the
same command is run again. Standard input is sent as it comes, in parts of bounded
size, and cannot be gone on with.

` + customerKeyHelp + `

` + exitHelpMoving,
		Example: `  icos put notes.txt cos://my-bucket/notes.txt
  pg_dump shop | icos put - cos://my-bucket/shop.sql
  icos put --meta project=apollo --acl public-read logo.svg cos://my-bucket/logo.svg`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := parseLocation(args[0])
			if err != nil {
				return &usageError{err}
			}
			if src.remote {
				return &usageError{fmt.Errorf("put reads a file or -; use icos cp to copy %s", src)}
			}
			if info, err := os.Stat(src.path); err == nil && !src.stream && info.IsDir() {
				return &usageError{fmt.Errorf("%s is a directory: use icos cp -r", src)}
			}
			dst, err := parseObject(args[1])
			if err != nil {
				return &usageError{err}
			}
			return c.put(cmd.Context(), src, dst)
		},
	}
	cmd.Flags().BoolVar(&c.exclusive, "no-clobber", false, "fail rather than replace an object that exists")
	c.preserve.addFlag(cmd)
	c.upload.addFlags(cmd)
	c.keys.addFlag(cmd)
	c.tuning.addFlags(cmd)
	return cmd
}

// put writes exactly one object.
func (c *copier) put(ctx context.Context, src, dst location) error {
	if err := errors.Join(c.tuning.check(), c.upload.keep.check()); err != nil {
		return &usageError{err}
	}
	if err := c.keys.load(c.app, false); err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	defer client.Close()
	typed := src.stream && c.canAsk()
	if typed {
		c.notef("%s", typedNote)
	}
	h, err := c.newHaul(ctx, client, haulOptions{verb: c.verb, tuning: &c.tuning, show: c.show, single: true, stdout: c.tee, typed: typed})
	if err != nil {
		return err
	}
	plan := planner{copier: c, client: client, haul: h}
	return h.end(plan.addOne(ctx, src, dst))
}

// eachObject calls f for each object named by args, and stops at the first error.
func (a *app) eachObject(ctx context.Context, args []string, f func(context.Context, *icos.Object, location) error) error {
	return a.eachRead(ctx, args, nil, f)
}

// eachRead is eachObject for commands that read objects, which o says more about.
func (a *app) eachRead(ctx context.Context, args []string, o *oneObject, f func(context.Context, *icos.Object, location) error) error {
	var objects []location
	for _, arg := range args {
		l, err := parseObject(arg)
		if err != nil {
			return &usageError{err}
		}
		objects = append(objects, l)
	}
	if o == nil {
		o = &oneObject{}
	} else if err := o.load(a, objects); err != nil {
		return err
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	defer client.Close()
	for _, l := range objects {
		if err := f(ctx, o.of(client, l), l); err != nil {
			return err
		}
	}
	return nil
}

func newStat(a *app) *cobra.Command {
	var o oneObject
	cmd := &cobra.Command{
		Use:   "stat cos://BUCKET[/KEY]...",
		Short: "Show what is known of an object or a bucket",
		Long: `Show an object's size, time, ETag, type and metadata, or a bucket's location.

` + customerKeyHelp + `

` + exitHelp,
		Example: `  icos stat cos://my-bucket/notes.txt
  icos stat --version "$ID" cos://my-bucket/notes.txt
  icos stat --json cos://my-bucket`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var at []location
			for _, arg := range args {
				l, err := parseRemote(arg, "cos://BUCKET/KEY")
				if err != nil {
					return err
				}
				at = append(at, l)
			}
			if err := o.load(a, at); err != nil {
				return err
			}
			client, err := a.client()
			if err != nil {
				return err
			}
			defer client.Close()
			for _, l := range at {
				if err := a.stat(cmd.Context(), o.of(client, l), l); err != nil {
					return fmt.Errorf("stat %s: %w", l, err)
				}
			}
			return nil
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (a *app) stat(ctx context.Context, obj *icos.Object, l location) error {
	if l.key == "" {
		where, err := obj.Bucket().Location(ctx)
		if err != nil {
			return err
		}
		if a.flags.json {
			return a.emit(record{Type: "bucket", Bucket: l.bucket, Location: where})
		}
		return a.printf("%-14s %s\n%-14s %s\n", "bucket", l.bucket, "location", where)
	}
	info, err := obj.Stat(ctx)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.emit(record{
			Type: "object", Bucket: l.bucket, Key: &info.Key, Size: &info.Size, ETag: info.ETag,
			Modified: timestamp(info.ModTime), Content: info.ContentType, Metadata: info.Metadata, Version: info.VersionID,
			Encrypted: string(info.EncryptedBy),
		})
	}
	var out strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&out, "%-14s %s\n", name, printable(value))
		}
	}
	line("object", l.String())
	line("size", fmt.Sprintf("%d (%s)", info.Size, formatSize(info.Size)))
	line("modified", timestamp(info.ModTime))
	line("etag", info.ETag)
	line("version", info.VersionID)
	line("type", info.ContentType)
	line("encoding", info.ContentEncoding)
	line("cache-control", info.CacheControl)
	line("encrypted", map[icos.EncryptedBy]string{
		icos.EncryptedByCustomer: "with a key of yours", icos.EncryptedByService: "by the service",
	}[info.EncryptedBy])
	for _, name := range sortedKeys(info.Metadata) {
		line("meta "+name, info.Metadata[name])
	}
	if info.TagCount > 0 {
		line("tags", count(info.TagCount))
	}
	if info.RetentionPeriod != 0 {
		line("kept", keptFor(info.RetentionPeriod, info.RetainedUntil))
	}
	if info.LegalHolds > 0 {
		line("legal holds", count(info.LegalHolds))
	}
	if info.Lock.Mode != "" {
		line("locked", string(info.Lock.Mode)+", until "+timestamp(info.Lock.Until))
	}
	if info.Lock.Hold {
		line("legal hold", "on")
	}
	line("archive", archiveWord(&info.Archive))
	line("expires", timestamp(info.Expires))
	line("replication", strings.ToLower(string(info.Replication)))
	return a.printf("%s", out.String())
}
