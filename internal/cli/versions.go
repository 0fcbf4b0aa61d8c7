package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newVersions(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "versions cos://BUCKET[/PREFIX]",
		Short: "List old versions, keep them, and bring them back",
		Long: `List every version of the objects of a bucket, the newest of each key first, with
the marks that deleting an object leaves. Versions are kept once they are on
for the bucket, and can be switched off again, which keeps those there are.

The columns are the time, the size or "deleted", the id, "latest" for what a
reader gets who names no version, and the key.

` + exitHelp,
		Example: `  icos versions on cos://my-bucket
  icos versions cos://my-bucket/report.pdf
  icos versions restore --version "$ID" cos://my-bucket/report.pdf
  icos cat --version "$ID" cos://my-bucket/notes.txt
  icos rm --all-versions cos://my-bucket/secret.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.listVersions(cmd.Context(), args[0]) },
	}
	cmd.AddCommand(
		newVersionsSwitch(a, "on", true, "Keep the versions of a bucket's objects from now on"),
		newVersionsSwitch(a, "off", false, "Keep no more versions, but those there are"),
		newVersionsStatus(a), newVersionsRestore(a))
	return cmd
}

func (a *app) listVersions(ctx context.Context, arg string) error {
	at, err := parseRemote(arg, "cos://BUCKET/PREFIX")
	if err != nil {
		return err
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	defer client.Close()
	out := newBuffered(a)
	some := false
	for v, err := range client.Bucket(at.bucket).Versions(ctx, &icos.ListOptions{Prefix: at.key}) {
		if err != nil {
			return errors.Join(err, out.flush())
		}
		some = true
		a.version(out, at.bucket, &v)
		if out.full() {
			if err := out.flush(); err != nil {
				return err
			}
		}
	}
	return errors.Join(out.flush(), nothingUnder(client.Bucket(at.bucket), at.key, some))
}

// version writes one version.
func (a *app) version(out *buffered, bucket string, v *icos.VersionInfo) {
	if a.flags.json {
		r := record{
			Type: "version", Bucket: bucket, Key: &v.Key, ETag: v.ETag, Modified: timestamp(v.ModTime),
			Version: v.VersionID, Latest: v.Latest, DeleteMarker: v.Deleted,
		}
		if !v.Deleted {
			r.Size = &v.Size
		}
		out.record(r)
		return
	}
	out.time(v.ModTime)
	if v.Deleted {
		out.right("deleted", 14)
	} else {
		out.rightInt(v.Size, 14)
	}
	latest := "      "
	if v.Latest {
		latest = "latest"
	}
	out.str(fmt.Sprintf("  %-36s  %s  ", printable(v.VersionID), latest)).str(printable(v.Key)).str("\n")
}

func newVersionsSwitch(a *app, name string, on bool, short string) *cobra.Command {
	return &cobra.Command{
		Use:     name + " cos://BUCKET...",
		Short:   short,
		Long:    short + ".\n\n" + exitHelp,
		Example: "  icos versions " + name + " cos://my-bucket",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachBucket(cmd.Context(), args, func(ctx context.Context, b *icos.Bucket) error {
				if err := b.SetVersioning(ctx, on); err != nil {
					return fmt.Errorf("versions of cos://%s: %w", b.Name(), err)
				}
				if a.flags.json {
					return a.emit(record{Type: "set_versioning", Bucket: b.Name(), Value: name})
				}
				a.notef("versions of cos://%s are now %s\n", b.Name(), name)
				return nil
			})
		},
	}
}

func newVersionsStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status cos://BUCKET...",
		Short: "Tell whether a bucket keeps versions",
		Long: `Tell whether a bucket keeps the versions of its objects: on, off, or never for one
that has none and never had.

` + exitHelp,
		Example: `  icos versions status cos://my-bucket`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachBucket(cmd.Context(), args, func(ctx context.Context, b *icos.Bucket) error {
				state, err := b.Versioning(ctx)
				if err != nil {
					return fmt.Errorf("versions of cos://%s: %w", b.Name(), err)
				}
				word := "never"
				switch state {
				case icos.VersioningEnabled:
					word = "on"
				case icos.VersioningSuspended:
					word = "off"
				}
				if a.flags.json {
					return a.emit(record{Type: "versioning", Bucket: b.Name(), Value: word})
				}
				return a.printf("%-5s cos://%s\n", word, b.Name())
			})
		},
	}
}

func newVersionsRestore(a *app) *cobra.Command {
	var o oneObject
	cmd := &cobra.Command{
		Use:   "restore cos://BUCKET/KEY",
		Short: "Make an old version the latest again",
		Long: `Copy an old version of an object over the object, within the service. All other
versions stay. Without --version it is the newest version that is not the
latest: what was there before it was last overwritten or deleted.

` + exitHelp,
		Example: `  icos versions restore cos://my-bucket/report.pdf
  icos versions restore --version "$ID" cos://my-bucket/report.pdf`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachRead(cmd.Context(), args, &o, func(ctx context.Context, obj *icos.Object, at location) error {
				id := o.version
				if id == "" {
					var err error
					if id, err = versionBefore(ctx, obj); err != nil {
						return fmt.Errorf("restore %s: %w", at, err)
					}
				}
				info, err := obj.Version(id).MakeLatest(ctx)
				if err != nil {
					return fmt.Errorf("restore %s: %w", at, err)
				}
				if a.flags.json {
					return a.emit(record{
						Type: "restore_version", Bucket: at.bucket, Key: &at.key, Size: &info.Size, ETag: info.ETag,
						Source: id, Version: info.VersionID,
					})
				}
				a.notef("%s is version %s again\n", at, id)
				return nil
			})
		},
	}
	o.addFlags(cmd)
	return cmd
}

// versionBefore finds the newest version of obj that is not the latest.
func versionBefore(ctx context.Context, obj *icos.Object) (string, error) {
	for v, err := range obj.Bucket().Versions(ctx, &icos.ListOptions{Prefix: obj.Key()}) {
		switch {
		case err != nil:
			return "", err
		case v.Key != obj.Key():
			return "", noOldVersion{}
		case !v.Latest && !v.Deleted:
			return v.VersionID, nil
		}
	}
	return "", noOldVersion{}
}

// noOldVersion is the error for an object that never was overwritten nor deleted, or is not there at all.
type noOldVersion struct{}

func (noOldVersion) Error() string { return "there is no older version" }

func (noOldVersion) Is(target error) bool { return target == fs.ErrNotExist }
