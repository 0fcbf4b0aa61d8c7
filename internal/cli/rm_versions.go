package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
)

// checkVersions refuses flags about versions that do not go with the operands.
func (r *remover) checkVersions(named, prefixes int) error {
	switch {
	case r.version == "" && !r.allVersions:
		return nil
	case r.onlyUploads:
		return errors.New("--incomplete removes no objects: leave out --version and --all-versions")
	case r.version != "" && r.allVersions:
		return errors.New("--version and --all-versions do not go together")
	case r.version != "" && (named != 1 || prefixes > 0):
		return errors.New("--version is that of one object: name one, and leave out -r")
	}
	return nil
}

// removeVersion removes the version that --version names.
func (r *remover) removeVersion(ctx context.Context, obj *icos.Object) (int, error) {
	id := s3.ObjectID{Key: obj.Key(), VersionID: r.version}
	if !r.dryRun {
		if err := obj.Version(r.version).Delete(ctx); err != nil {
			return 0, fmt.Errorf("remove version %s of %s: %w", r.version, obj, err)
		}
	}
	r.toldVersion(obj.Bucket().Name(), id, nil)
	return 1, nil
}

// removeVersions removes all versions of the objects whose keys begin with prefix, or, if exactly is true, are prefix.
func (r *remover) removeVersions(ctx context.Context, b *icos.Bucket, prefix string, exactly bool) (int, error) {
	if !r.dryRun {
		return removeVersions(ctx, b, prefix, exactly, func(id s3.ObjectID, err error) { r.toldVersion(b.Name(), id, err) })
	}
	n := 0
	var listErr error
	for id := range versionsOf(ctx, b, prefix, exactly, &listErr) {
		n++
		r.toldVersion(b.Name(), id, nil)
	}
	return n, listErr
}

// toldVersion is told for a version.
func (r *remover) toldVersion(bucket string, id s3.ObjectID, err error) {
	switch {
	case err != nil:
		r.reportError(fmt.Errorf("remove version %s of cos://%s/%s: %w", id.VersionID, bucket, id.Key, err), exitCode(err))
	case r.flags.json:
		rec := record{Type: "remove", Bucket: bucket, Key: &id.Key, Version: id.VersionID}
		if r.dryRun {
			rec.Status = "planned"
		}
		// A closed standard output surfaces in the summary that follows.
		_ = r.emit(rec)
	case r.dryRun:
		_ = r.printf("would remove version %s of cos://%s/%s\n", id.VersionID, bucket, printable(id.Key))
	}
}

// versionsOf lists versions and delete markers, until it fails with *failed.
func versionsOf(ctx context.Context, b *icos.Bucket, prefix string, exactly bool, failed *error) iter.Seq[s3.ObjectID] {
	return func(yield func(s3.ObjectID) bool) {
		for v, err := range b.Versions(ctx, &icos.ListOptions{Prefix: prefix}) {
			if err != nil {
				*failed = err
				return
			}
			if exactly && v.Key != prefix {
				return // longer keys come after all versions of this one
			}
			if !yield(s3.ObjectID{Key: v.Key, VersionID: v.VersionID}) {
				return
			}
		}
	}
}

// removeVersions removes versions and delete markers for good, telling each to gone if that is not nil, and returns how many there
// were.
func removeVersions(ctx context.Context, b *icos.Bucket, prefix string, exactly bool, gone func(s3.ObjectID, error)) (n int, err error) {
	var listErr error
	failed := 0
	for id, err := range b.DeleteVersions(ctx, versionsOf(ctx, b, prefix, exactly, &listErr)) {
		if err != nil && id.Key == "" {
			return n, err
		}
		if gone != nil {
			gone(id, err)
		}
		if err != nil {
			failed++
			continue
		}
		n++
	}
	if listErr == nil && failed > 0 {
		listErr = &someFailed{failed: failed, total: n + failed}
	}
	return n, listErr
}
