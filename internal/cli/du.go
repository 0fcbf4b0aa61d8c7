package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func newDu(a *app) *cobra.Command {
	var d usage
	cmd := &cobra.Command{
		Use:   "du LOCATION...",
		Short: "Count objects and bytes",
		Long: `Count the objects under a prefix, or the files under a directory, and the bytes in
them. With -d one line for each prefix down to that many levels, what is deepest
first, and then the total of all.

` + exitHelp,
		Example: `  icos du cos://my-bucket
  icos du -d 1 cos://my-bucket/2026/
  icos du -d 2 --bytes cos://my-bucket | sort -n`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if d.maxDepth < 0 {
				return &usageError{fmt.Errorf("--max-depth %d: it cannot be negative", d.maxDepth)}
			}
			l, at, err := a.look(args)
			if err != nil {
				return err
			}
			defer l.close()
			d.looker = l
			for _, loc := range at {
				if err := d.run(cmd.Context(), loc); err != nil {
					return fmt.Errorf("count %s: %w", loc, err)
				}
			}
			return nil
		},
	}
	cmd.Flags().IntVarP(&d.maxDepth, "max-depth", "d", 0, "a line for each prefix of the next `N` levels")
	cmd.Flags().BoolVarP(&d.exact, "bytes", "b", false, "print sizes as plain numbers of bytes")
	return cmd
}

// usage is one run of du.
type usage struct {
	*looker
	maxDepth int
	exact    bool
}

// subtotal is what has been counted of a prefix so far.
type subtotal struct {
	prefix         string
	objects, bytes int64
}

func (t *subtotal) add(objects, bytes int64) {
	t.objects += objects
	t.bytes += bytes
}

// run relies on the order of entries: all of one prefix come together, so only
// those that the current entry is in are held.
func (d *usage) run(ctx context.Context, at location) error {
	open := []subtotal{{prefix: at.base()}}
	for e, err := range d.entries(ctx, at, 0) {
		if err != nil {
			return err
		}
		for len(open) > 1 && !strings.HasPrefix(e.key, open[len(open)-1].prefix) {
			if open, err = d.end(at, open); err != nil {
				return err
			}
		}
		for len(open) <= d.maxDepth {
			from := len(open[len(open)-1].prefix)
			i := strings.IndexByte(e.key[from:], '/')
			if i < 0 {
				break
			}
			open = append(open, subtotal{prefix: e.key[:from+i+1]})
		}
		if !e.dir {
			open[len(open)-1].add(1, e.size)
		}
	}
	for len(open) > 1 {
		var err error
		if open, err = d.end(at, open); err != nil {
			return err
		}
	}
	return d.show(at, open[0])
}

// end shows the innermost prefix and counts it in the one around it.
func (d *usage) end(at location, open []subtotal) ([]subtotal, error) {
	last := len(open) - 1
	open[last-1].add(open[last].objects, open[last].bytes)
	return open[:last], d.show(at.name(open[last].prefix), open[last])
}

func (d *usage) show(at location, t subtotal) error {
	if d.flags.json {
		r := record{Type: "usage", Bucket: at.bucket, Prefix: at.key, Objects: &t.objects, Size: &t.bytes}
		if !at.remote {
			r.Name = at.path
		}
		return d.emit(r)
	}
	size := formatSize(t.bytes)
	if d.exact {
		size = fmt.Sprint(t.bytes)
	}
	noun := "object"
	if !at.remote {
		noun = "file"
	}
	return d.printf("%12s  %14s  %s\n", size, plural(t.objects, noun), printable(at.String()))
}
