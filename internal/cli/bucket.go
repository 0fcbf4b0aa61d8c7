package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
)

func newMb(a *app) *cobra.Command {
	var acl, rootKey string
	var lock bool
	cmd := &cobra.Command{
		Use:   "mb cos://BUCKET...",
		Short: "Make buckets",
		Long: `Make buckets. Their location is what --location says, else that of the
configuration, else the standard class of the endpoint's region.

With --root-key every object is encrypted under a root key of Key Protect, whose CRN
icos kms ls shows. That cannot be changed later, and when the key is deleted the
contents of the bucket are lost.

` + exitHelp,
		Example: `  icos mb cos://my-bucket
  icos mb --location eu-de-smart cos://my-bucket
  icos mb --root-key "$(icos kms create my-key)" cos://secrets`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("root-key") && crnField(rootKey, 8) != "key" {
				return &usageError{fmt.Errorf("--root-key %q is not the CRN of a key: icos kms ls shows it", rootKey)}
			}
			return a.eachBucket(cmd.Context(), args, func(ctx context.Context, b *icos.Bucket) error {
				if err := b.Create(ctx, &icos.CreateOptions{ACL: icos.CannedACL(acl), RootKeyCRN: rootKey, ObjectLock: lock}); err != nil {
					return fmt.Errorf("make cos://%s: %w", b.Name(), err)
				}
				if a.flags.json {
					return a.emit(record{Type: "make_bucket", Bucket: b.Name()})
				}
				a.notef("made cos://%s\n", b.Name())
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&acl, "acl", "", "canned ACL: private or public-read")
	cmd.Flags().BoolVar(&lock, "object-lock", false, "turn object lock on, and versioning with it, for good")
	cmd.Flags().StringVar(&rootKey, "root-key", "", "`CRN` of the root key to encrypt the buckets under")
	return cmd
}

func newRb(a *app) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "rb cos://BUCKET...",
		Short: "Remove buckets",
		Long: `Remove empty buckets. With --force all objects, their versions and unfinished
uploads in them are removed first, for good.

` + exitHelp,
		Example: `  icos rb cos://my-bucket`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachBucket(cmd.Context(), args, func(ctx context.Context, b *icos.Bucket) error {
				if force {
					if err := a.empty(ctx, b); err != nil {
						return err
					}
				}
				err := b.Delete(ctx)
				if e, ok := errors.AsType[*icos.Error](err); ok && e.Code == "BucketNotEmpty" {
					err = fmt.Errorf("%w; --force removes what is in it", err)
				}
				if err != nil {
					return fmt.Errorf("remove cos://%s: %w", b.Name(), err)
				}
				if a.flags.json {
					return a.emit(record{Type: "remove_bucket", Bucket: b.Name()})
				}
				a.notef("removed cos://%s\n", b.Name())
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "remove everything in the bucket first")
	return cmd
}

// eachBucket calls f for each bucket named by args, and stops at the first error.
func (a *app) eachBucket(ctx context.Context, args []string, f func(context.Context, *icos.Bucket) error) error {
	var names []string
	for _, arg := range args {
		name, err := parseBucket(arg)
		if err != nil {
			return &usageError{err}
		}
		names = append(names, name)
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	defer client.Close()
	for _, name := range names {
		if err := f(ctx, client.Bucket(name)); err != nil {
			return err
		}
	}
	return nil
}

// empty removes every object with all its versions and aborts every unfinished upload of b, and tells what it could not remove.
func (a *app) empty(ctx context.Context, b *icos.Bucket) error {
	told := func(what string, err error) {
		if err != nil {
			a.reportError(fmt.Errorf("remove %s: %w", what, err), exitCode(err))
		}
	}
	// Not every store knows versions, and not everybody may ask. If there are any all the same, removing the bucket tells.
	state, err := b.Versioning(ctx)
	if err == nil && state != icos.NoVersioning {
		_, err = removeVersions(ctx, b, "", false, func(id s3.ObjectID, err error) {
			told(fmt.Sprintf("version %s of cos://%s/%s", id.VersionID, b.Name(), id.Key), err)
		})
	} else {
		_, err = removeAll(ctx, b, "", func(key string, err error) { told("cos://"+b.Name()+"/"+key, err) })
	}
	if err != nil {
		return err
	}
	for up, err := range b.Uploads(ctx, nil) {
		if err == nil {
			err = b.Object(up.Key).Upload(up.ID).Abort(ctx)
		}
		if err != nil {
			return fmt.Errorf("abort uploads of cos://%s: %w", b.Name(), err)
		}
	}
	return nil
}

// removeAll deletes every object of b whose key begins with prefix, telling
// each key to gone, and returns how many there were.
func removeAll(ctx context.Context, b *icos.Bucket, prefix string, gone func(key string, err error)) (int, error) {
	var listErr error
	keys := func(yield func(string) bool) {
		for obj, err := range b.Objects(ctx, &icos.ListOptions{Prefix: prefix}) {
			if err != nil {
				listErr = err
				return
			}
			if !yield(obj.Key) {
				return
			}
		}
	}
	n, failed, err := removeKeys(ctx, b, keys, gone)
	switch {
	case listErr != nil:
		return n, listErr
	case err != nil:
		return n, err
	case failed > 0:
		return n, &someFailed{failed: failed, total: n + failed}
	}
	return n, nil
}

func removeKeys(ctx context.Context, b *icos.Bucket, keys iter.Seq[string], gone func(key string, err error)) (n, failed int, err error) {
	for key, err := range b.DeleteObjects(ctx, keys) {
		if err != nil && key == "" {
			return n, failed, err
		}
		if gone != nil {
			gone(key, err)
		}
		if err != nil {
			failed++
			continue
		}
		n++
	}
	return n, failed, nil
}
