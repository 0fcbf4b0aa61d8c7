package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newLs(a *app) *cobra.Command {
	var l lister
	l.app = a
	cmd := &cobra.Command{
		Use:   "ls [cos://BUCKET[/PREFIX]]",
		Short: "List buckets, or what is in one",
		Long: `List the buckets of the instance, or the objects and prefixes of a bucket.

A prefix that does not end in a slash matches every key that begins with it; if none
does, that is an error, whereas an empty bucket is not.
Names that a terminal could misread are shown quoted; --json and -0 give them
exactly.

` + exitHelp,
		Example: `  icos ls
  icos ls cos://my-bucket/2026/
  icos ls -r --json cos://my-bucket | jq -r .key`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return l.run(cmd.Context(), args) },
	}
	cmd.Flags().BoolVarP(&l.recursive, "recursive", "r", false, "list every key, not only the next level")
	cmd.Flags().BoolVarP(&l.nul, "null", "0", false, "print keys only, each ended by a NUL")
	return cmd
}

type lister struct {
	*app
	recursive bool
	nul       bool
}

func (l *lister) run(ctx context.Context, args []string) error {
	var at location
	if len(args) == 1 {
		var err error
		if at, err = parseLocation(args[0]); err != nil {
			return &usageError{err}
		}
		if !at.remote {
			bucket, err := parseBucket(args[0])
			if err != nil {
				return &usageError{fmt.Errorf("%s is not in the store: write cos://BUCKET/PREFIX", args[0])}
			}
			at = location{remote: true, bucket: bucket}
		}
	}
	client, err := l.client()
	if err != nil {
		return err
	}
	defer client.Close()
	if at.bucket == "" {
		return l.buckets(ctx, client)
	}
	return l.objects(ctx, client.Bucket(at.bucket), at.key)
}

func (l *lister) buckets(ctx context.Context, client *icos.Client) error {
	for b, err := range client.Buckets(ctx, nil) {
		if err != nil {
			return err
		}
		switch {
		case l.nul:
			err = l.printf("%s\x00", b.Name)
		case l.flags.json:
			err = l.emit(record{Type: "bucket", Bucket: b.Name, Location: b.Location, Created: timestamp(b.Created)})
		default:
			err = l.printf("%20s  %-20s  %s\n", timestamp(b.Created), b.Location, printable(b.Name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) objects(ctx context.Context, bucket *icos.Bucket, prefix string) error {
	out := newBuffered(l.app)
	if l.recursive {
		return l.every(ctx, out, bucket, prefix)
	}
	some := false
	for page, err := range bucket.Pages(ctx, &icos.ListOptions{Prefix: prefix, Delimiter: "/"}) {
		if err != nil {
			return err
		}
		// Prefixes and objects come apart; people expect them in one order.
		prefixes := page.Prefixes
		some = some || len(page.Objects)+len(prefixes) > 0
		for _, obj := range page.Objects {
			for len(prefixes) > 0 && prefixes[0] < obj.Key {
				l.prefix(out, bucket.Name(), prefixes[0])
				prefixes = prefixes[1:]
			}
			l.object(out, bucket.Name(), obj)
		}
		for _, p := range prefixes {
			l.prefix(out, bucket.Name(), p)
		}
		if err := out.flush(); err != nil {
			return err
		}
	}
	return nothingUnder(bucket, prefix, some)
}

// nothingUnder is an error if there is not some key that begins with a prefix. That a bucket is empty is none. A prefix exists
// only by what is under it, so one that is misspelt cannot be told from one that is empty.
func nothingUnder(bucket *icos.Bucket, prefix string, some bool) error {
	if some || prefix == "" {
		return nil
	}
	return &missing{"no key begins with " + bucket.Object(prefix).String()}
}

// every lists all keys under prefix. There may be millions, so it takes no pages
// apart.
func (l *lister) every(ctx context.Context, out *buffered, bucket *icos.Bucket, prefix string) error {
	some := false
	for obj, err := range bucket.Objects(ctx, &icos.ListOptions{Prefix: prefix}) {
		if err != nil {
			return errors.Join(err, out.flush())
		}
		some = true
		l.object(out, bucket.Name(), obj)
		if out.full() {
			if err := out.flush(); err != nil {
				return err
			}
		}
	}
	return errors.Join(out.flush(), nothingUnder(bucket, prefix, some))
}

func (l *lister) prefix(out *buffered, bucket, prefix string) {
	switch {
	case l.nul:
		out.str(prefix).str("\x00")
	case l.flags.json:
		out.record(record{Type: "prefix", Bucket: bucket, Prefix: prefix})
	default:
		out.str(strings.Repeat(" ", 20)).right("-", 14).str("  ").str(printable(prefix)).str("\n")
	}
}

func (l *lister) object(out *buffered, bucket string, obj icos.ObjectInfo) {
	switch {
	case l.nul:
		out.str(obj.Key).str("\x00")
	case l.flags.json:
		out.record(record{Type: "object", Bucket: bucket, Key: &obj.Key, Size: &obj.Size, ETag: obj.ETag, Modified: timestamp(obj.ModTime)})
	default:
		out.time(obj.ModTime).rightInt(obj.Size, 14).str("  ").str(printable(obj.Key)).str("\n")
	}
}
