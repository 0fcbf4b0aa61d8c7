package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newRm(a *app) *cobra.Command {
	r := remover{app: a}
	cmd := &cobra.Command{
		Use:   "rm cos://BUCKET/KEY...",
		Short: "Remove objects",
		Long: `Remove objects. An object that is not there counts as removed, as it does for the
service. With -r everything whose key begins with the prefix goes, a thousand
keys a request; the whole of a bucket only with --force.

With --incomplete it is uploads in parts that go, which were begun and never
completed: their parts are kept and paid for until somebody aborts them. Those
that an unfinished job can go on with are kept, unless --force is given.

In a bucket that keeps versions, removing an object hides it, and icos versions
restore brings it back. --version removes one version for good, and
--all-versions all of them, with the marks of earlier deletions.

` + exitHelp,
		Example: `  icos rm cos://my-bucket/notes.txt
  icos rm -r cos://my-bucket/2019/
  icos rm -r --dry-run cos://my-bucket/2019/
  icos rm -r --incomplete --older-than 7d cos://my-bucket
  icos rm --all-versions cos://my-bucket/secret.txt`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return r.run(cmd.Context(), args) },
	}
	cmd.Flags().BoolVarP(&r.recursive, "recursive", "r", false, "remove all keys that begin with the prefix")
	addDryRun(cmd, &r.dryRun)
	cmd.Flags().BoolVarP(&r.force, "force", "f", false, "allow -r on a whole bucket; with --incomplete, what jobs can go on with")
	cmd.Flags().BoolVar(&r.onlyUploads, "incomplete", false, "abort uploads that were begun and never completed, and remove no object")
	cmd.Flags().Var(&r.incomplete.olderThan, "older-than", "with --incomplete: only what was begun longer ago than this, such as 7d")
	cmd.Flags().StringVar(&r.version, "version", "", "remove the version of this `ID` for good")
	cmd.Flags().BoolVar(&r.allVersions, "all-versions", false, "remove all versions for good")
	addBypass(cmd, &r.bypass)
	return cmd
}

type remover struct {
	*app
	bypass                   bool
	version                  string
	allVersions              bool
	recursive, dryRun, force bool
	onlyUploads              bool
	incomplete               incomplete
}

func (r *remover) run(ctx context.Context, args []string) error {
	if r.incomplete.olderThan != 0 && !r.onlyUploads {
		return &usageError{errors.New("--older-than needs --incomplete: icos find removes objects by age")}
	}
	byBucket := map[string][]string{}
	var prefixes []location
	for _, arg := range args {
		l, err := parseRemote(arg, "cos://BUCKET/KEY")
		if err != nil {
			return err
		}
		switch {
		case r.onlyUploads && l.key == "" && !r.recursive:
			return &usageError{fmt.Errorf("%s is a bucket: add -r to abort all uploads in it", l)}
		case r.onlyUploads:
			prefixes = append(prefixes, l)
		case r.recursive && l.key == "" && !r.force:
			return &usageError{fmt.Errorf("%s is a whole bucket: add --force to remove everything in it", l)}
		case r.recursive:
			prefixes = append(prefixes, l)
		case l.key == "":
			return &usageError{fmt.Errorf("%s is a bucket: use icos rb, or icos rm -r --force", l)}
		default:
			byBucket[l.bucket] = append(byBucket[l.bucket], l.key)
		}
	}
	if err := r.checkVersions(len(args)-len(prefixes), len(prefixes)); err != nil {
		return &usageError{err}
	}
	client, err := r.client()
	if err != nil {
		return err
	}
	defer client.Close()
	if r.onlyUploads {
		r.incomplete.force = r.force
		return r.removeIncomplete(ctx, client, prefixes)
	}
	total := 0
	for _, l := range prefixes {
		n, err := r.removePrefix(ctx, bypassing(client.Bucket(l.bucket), r.bypass), l.key)
		total += n
		if err != nil {
			return err
		}
	}
	for _, name := range sortedKeys(byBucket) {
		n, err := r.removeNamed(ctx, bypassing(client.Bucket(name), r.bypass), byBucket[name])
		total += n
		if err != nil {
			return err
		}
	}
	if r.flags.json && r.line == 0 {
		count := int64(total)
		return r.emit(record{Type: "summary", Objects: &count})
	}
	if r.dryRun {
		r.notef("would remove %s\n", plural(total, r.what()))
	} else {
		r.notef("removed %s\n", plural(total, r.what()))
	}
	return nil
}

// what is what one of those is called that are counted.
func (r *remover) what() string {
	if r.version != "" || r.allVersions {
		return "version"
	}
	return "object"
}

func (r *remover) removeNamed(ctx context.Context, b *icos.Bucket, keys []string) (int, error) {
	if r.version != "" {
		return r.removeVersion(ctx, b.Object(keys[0]))
	}
	if r.allVersions {
		total := 0
		for _, key := range keys {
			n, err := r.removeVersions(ctx, b, key, true)
			total += n
			if err != nil {
				return total, err
			}
		}
		return total, nil
	}
	if r.dryRun {
		for _, key := range keys {
			r.told(b.Name(), key, nil)
		}
		return len(keys), nil
	}
	if len(keys) == 1 {
		if err := b.Object(keys[0]).Delete(ctx); err != nil {
			return 0, fmt.Errorf("remove cos://%s/%s: %w", b.Name(), keys[0], err)
		}
		r.told(b.Name(), keys[0], nil)
		return 1, nil
	}
	n, failed, err := removeKeys(ctx, b, slices.Values(keys), func(key string, err error) { r.told(b.Name(), key, err) })
	if err == nil && failed > 0 {
		err = &someFailed{failed: failed, total: len(keys)}
	}
	return n, err
}

func (r *remover) removePrefix(ctx context.Context, b *icos.Bucket, prefix string) (int, error) {
	if r.allVersions {
		return r.removeVersions(ctx, b, prefix, false)
	}
	if !r.dryRun {
		return removeAll(ctx, b, prefix, func(key string, err error) { r.told(b.Name(), key, err) })
	}
	n := 0
	for obj, err := range b.Objects(ctx, &icos.ListOptions{Prefix: prefix}) {
		if err != nil {
			return n, err
		}
		n++
		r.told(b.Name(), obj.Key, nil)
	}
	return n, nil
}

// told reports one key. Only --json and --dry-run name what went well: a
// million lines of success help nobody on a terminal.
func (r *remover) told(bucket, key string, err error) {
	switch {
	case err != nil:
		r.reportError(fmt.Errorf("remove cos://%s/%s: %w", bucket, key, err), exitCode(err))
	case r.flags.json:
		rec := record{Type: "remove", Bucket: bucket, Key: &key}
		if r.dryRun {
			rec.Status = "planned"
		}
		// A closed standard output surfaces in the summary that follows.
		_ = r.emit(rec)
	case r.dryRun:
		_ = r.printf("would remove cos://%s/%s\n", bucket, printable(key))
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
