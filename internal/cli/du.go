package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newDu(a *app) *cobra.Command {
	var depth bool
	cmd := &cobra.Command{
		Use:   "du cos://BUCKET[/PREFIX]",
		Short: "Count objects and bytes",
		Long: `Count the objects under a prefix and the bytes in them. With -d one line for each
prefix of the next level, then the total of all.

` + exitHelp,
		Example: `  icos du cos://my-bucket
  icos du -d cos://my-bucket/2026/`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := parseRemote(args[0], "cos://BUCKET/PREFIX")
			if err != nil {
				return err
			}
			client, err := a.client()
			if err != nil {
				return err
			}
			defer client.Close()
			return a.du(cmd.Context(), client.Bucket(l.bucket), l, depth)
		},
	}
	cmd.Flags().BoolVarP(&depth, "levels", "d", false, "one line for each prefix of the next level, then the total")
	return cmd
}

// du relies on keys arriving in byte order: all of one level come together, so
// memory does not grow with their number.
func (a *app) du(ctx context.Context, b *icos.Bucket, l location, levels bool) error {
	var total, level tally
	name := ""
	for obj, err := range b.Objects(ctx, &icos.ListOptions{Prefix: l.key}) {
		if err != nil {
			return err
		}
		total.add(obj.Size)
		if !levels {
			continue
		}
		next := "" // an object of this very level, which only the total counts
		if i := strings.IndexByte(obj.Key[len(l.key):], '/'); i >= 0 {
			next = obj.Key[:len(l.key)+i+1]
		}
		if next != name && level.objects > 0 {
			if err := a.showTally(b.Name(), name, level); err != nil {
				return err
			}
			level = tally{}
		}
		if name = next; name != "" {
			level.add(obj.Size)
		}
	}
	if level.objects > 0 {
		if err := a.showTally(b.Name(), name, level); err != nil {
			return err
		}
	}
	return a.showTally(b.Name(), l.key, total)
}

type tally struct{ objects, bytes int64 }

func (t *tally) add(size int64) {
	t.objects++
	t.bytes += size
}

func (a *app) showTally(bucket, prefix string, t tally) error {
	if a.flags.json {
		return a.emit(record{Type: "usage", Bucket: bucket, Prefix: prefix, Objects: &t.objects, Size: &t.bytes})
	}
	at := location{remote: true, bucket: bucket, key: prefix}
	return a.printf("%12s  %14s  %s\n", formatSize(t.bytes), plural(int(t.objects), "object"), printable(at.String()))
}
