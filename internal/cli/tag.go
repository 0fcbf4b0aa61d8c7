package cli

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newTag(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tag",
		Short: "Label objects and buckets",
		Long: `List, set and remove the tags of an object or a bucket. An object has at most ten, with
keys of up to 128 characters and values of up to 256. Unlike metadata they can be
changed without writing the object anew, and rules of lifecycle and replication can
go by them.

icos put and icos cp have --tag for what they write.

` + exitHelp,
	}
	cmd.AddCommand(newTagLs(a), newTagSet(a), newTagRm(a))
	return cmd
}

// tagRecord is the tags of something as a line of --json.
type tagRecord struct {
	V       int               `json:"v"`
	Type    string            `json:"type"`
	Bucket  string            `json:"bucket"`
	Key     *string           `json:"key,omitempty"`
	Version string            `json:"version_id,omitempty"`
	Tags    map[string]string `json:"tags"`
}

// tagged is what objects and buckets have in common here.
type tagged interface {
	Tags(ctx context.Context) (map[string]string, error)
	SetTags(ctx context.Context, tags map[string]string) error
}

// oneTagged calls f with the bucket or the object that an operand names.
func (a *app) oneTagged(arg, version string, f func(tagged, location) error) error {
	return a.oneRemote(arg, func(client *icos.Client, l location) error {
		if l.key != "" {
			return f(client.Bucket(l.bucket).Object(l.key).Version(version), l)
		}
		if version != "" {
			return &usageError{fmt.Errorf("%s is a bucket: --version is for objects", l)}
		}
		return f(client.Bucket(l.bucket), l)
	})
}

func (a *app) emitTags(kind string, l location, version string, tags map[string]string) error {
	if tags == nil {
		tags = map[string]string{}
	}
	r := tagRecord{V: schemaVersion, Type: kind, Bucket: l.bucket, Version: version, Tags: tags}
	if l.key != "" {
		r.Key = &l.key
	}
	return a.emitLine(r)
}

func newTagLs(a *app) *cobra.Command {
	var version string
	cmd := &cobra.Command{
		Use:   "ls cos://BUCKET[/KEY]",
		Short: "List the tags of an object or a bucket",
		Long: `List the tags of an object or a bucket, as KEY=VALUE.

` + exitHelp,
		Example: `  icos tag ls cos://my-bucket/report.pdf`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneTagged(args[0], version, func(h tagged, l location) error {
				tags, err := h.Tags(cmd.Context())
				if err != nil {
					return fmt.Errorf("read tags of %s: %w", l, err)
				}
				if a.flags.json {
					return a.emitTags("tags", l, version, tags)
				}
				for _, key := range sortedKeys(tags) {
					if err := a.printf("%s=%s\n", printable(key), printable(tags[key])); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	addVersion(cmd, &version)
	return cmd
}

func newTagSet(a *app) *cobra.Command {
	var version string
	var replace bool
	cmd := &cobra.Command{
		Use:   "set cos://BUCKET[/KEY] KEY=VALUE...",
		Short: "Set tags of an object or a bucket",
		Long: `Set tags of an object or a bucket. Its other tags stay, unless --replace is given.

` + exitHelp,
		Example: `  icos tag set cos://my-bucket/report.pdf team=finance quarter=2026Q1`,
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			set := map[string]string{}
			for _, arg := range args[1:] {
				key, value, ok := strings.Cut(arg, "=")
				if !ok || key == "" {
					return &usageError{fmt.Errorf("%q is no tag: write KEY=VALUE", arg)}
				}
				set[key] = value
			}
			return a.changeTags(cmd.Context(), args[0], version, !replace, func(tags map[string]string) { maps.Copy(tags, set) })
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "remove all other tags")
	addVersion(cmd, &version)
	return cmd
}

func newTagRm(a *app) *cobra.Command {
	var version string
	cmd := &cobra.Command{
		Use:   "rm cos://BUCKET[/KEY] [KEY...]",
		Short: "Remove tags of an object or a bucket",
		Long: `Remove the tags of these keys, or all tags, of an object or a bucket.

` + exitHelp,
		Example: `  icos tag rm cos://my-bucket/report.pdf quarter`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeTags(cmd.Context(), args[0], version, len(args) > 1, func(tags map[string]string) {
				for _, key := range args[1:] {
					delete(tags, key)
				}
			})
		},
	}
	addVersion(cmd, &version)
	return cmd
}

// changeTags replaces the tags of something by what change makes of them: of those that it has, if keep
// is true, or of none.
func (a *app) changeTags(ctx context.Context, arg, version string, keep bool, change func(map[string]string)) error {
	return a.oneTagged(arg, version, func(h tagged, l location) error {
		var tags map[string]string
		if keep {
			var err error
			if tags, err = h.Tags(ctx); err != nil {
				return fmt.Errorf("read tags of %s: %w", l, err)
			}
		}
		if tags == nil {
			tags = map[string]string{}
		}
		change(tags)
		if err := h.SetTags(ctx, tags); err != nil {
			return fmt.Errorf("set tags of %s: %w", l, err)
		}
		if a.flags.json {
			return a.emitTags("set_tags", l, version, tags)
		}
		a.notef("%s has %s\n", l, plural(len(tags), "tag"))
		return nil
	})
}
