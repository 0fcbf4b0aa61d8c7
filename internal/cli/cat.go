package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newCat(a *app) *cobra.Command {
	var c catFlags
	var one oneObject
	cmd := &cobra.Command{
		Use:   "cat cos://BUCKET/KEY...",
		Short: "Write objects to standard output",
		Long: `Write the contents of objects to standard output, one after the other, or the
same ranges of each. A broken connection is resumed where it broke, and never
with another version's bytes.

A range counts bytes from 0 and includes both ends, as in HTTP: 0-99 is the
first hundred, 100- all but those, and -100 the last hundred.

` + customerKeyHelp + `

` + exitHelp,
		Example: `  icos cat cos://my-bucket/notes.txt
  icos cat cos://my-bucket/part-1 cos://my-bucket/part-2 > whole
  icos cat --offset 1024 --length 64 cos://my-bucket/data.bin | xxd
  icos cat --range 0-1023 --range -1024 cos://my-bucket/disk.img`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ranges, err := c.options()
			if err != nil {
				return &usageError{err}
			}
			return a.eachRead(cmd.Context(), args, &one, func(ctx context.Context, obj *icos.Object, at location) error {
				if err := a.cat(ctx, obj, ranges); err != nil {
					return fmt.Errorf("cat %s: %w", at, err)
				}
				return nil
			})
		},
	}
	cmd.Flags().Int64Var(&c.offset, "offset", 0, "first byte to write; -`N` means the last N bytes")
	cmd.Flags().Int64Var(&c.length, "length", 0, "how many bytes to write; 0 means to the end")
	cmd.Flags().StringArrayVar(&c.ranges, "range", nil, "write the bytes `FIRST-LAST`, FIRST- or -COUNT; may be repeated")
	one.addFlags(cmd)
	return cmd
}

type catFlags struct {
	offset, length int64
	ranges         []string
}

// options are what to get, one after the other.
func (c *catFlags) options() ([]icos.GetOptions, error) {
	switch {
	case c.length < 0:
		return nil, fmt.Errorf("--length %d: it cannot be negative", c.length)
	case c.offset < 0 && c.length > 0:
		return nil, errors.New("--length does not go with an --offset from the end: use --range")
	case len(c.ranges) > 0 && (c.offset != 0 || c.length != 0):
		return nil, errors.New("--range says it all: leave out --offset and --length")
	case len(c.ranges) == 0:
		return []icos.GetOptions{{Offset: c.offset, Length: c.length}}, nil
	}
	var list []icos.GetOptions
	for _, s := range c.ranges {
		o, err := parseRange(s)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

// parseRange reads a range as HTTP writes it.
func parseRange(s string) (icos.GetOptions, error) {
	first, last, ok := strings.Cut(s, "-")
	from, err1 := parseOffset(first)
	to, err2 := parseOffset(last)
	switch {
	case !ok || err1 != nil || err2 != nil || first == "" && to == 0 || last != "" && first != "" && to < from:
		return icos.GetOptions{}, fmt.Errorf("--range %q: write FIRST-LAST, FIRST- or -COUNT, in bytes from 0", s)
	case first == "":
		return icos.GetOptions{Offset: -to}, nil
	case last == "":
		return icos.GetOptions{Offset: from}, nil
	}
	return icos.GetOptions{Offset: from, Length: to - from + 1}, nil
}

// parseOffset reads a number that may be left out.
func parseOffset(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 62)
	return int64(n), err
}

// cat writes ranges of one version of obj.
func (a *app) cat(ctx context.Context, obj *icos.Object, ranges []icos.GetOptions) error {
	etag := ""
	for _, o := range ranges {
		o.IfMatch = etag
		_, info, err := copyRange(ctx, obj, a.stdout, o)
		if err != nil {
			return err
		}
		etag = info.ETag
	}
	return nil
}

// copyRange writes a range of obj to w and returns how many bytes there were. An
// empty object has no range that the service would accept; its beginning and its
// end are empty all the same.
func copyRange(ctx context.Context, obj *icos.Object, w io.Writer, o icos.GetOptions) (int64, icos.ObjectInfo, error) {
	r, err := obj.Get(ctx, &o)
	if e, ok := errors.AsType[*icos.Error](err); ok && e.Code == "InvalidRange" && o.Offset <= 0 {
		return 0, icos.ObjectInfo{}, nil
	}
	if err != nil {
		return 0, icos.ObjectInfo{}, err
	}
	defer r.Close()
	n, err := io.Copy(w, r)
	return n, r.Info(), err
}
