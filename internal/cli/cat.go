package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newCat(a *app) *cobra.Command {
	var off, length int64
	cmd := &cobra.Command{
		Use:   "cat cos://BUCKET/KEY...",
		Short: "Write objects to standard output",
		Long: `Write the contents of objects to standard output, one after the other. A broken
connection is resumed where it broke, and never with another version's bytes.

` + exitHelp,
		Example: `  icos cat cos://my-bucket/notes.txt
  icos cat --offset 1024 --length 64 cos://my-bucket/data.bin | xxd`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if off < 0 || length < 0 {
				return &usageError{fmt.Errorf("--offset %d --length %d: neither may be negative", off, length)}
			}
			return a.eachObject(cmd.Context(), args, func(ctx context.Context, obj *icos.Object, at location) error {
				r, err := obj.Get(ctx, &icos.GetOptions{Offset: off, Length: length})
				if err != nil {
					return fmt.Errorf("cat %s: %w", at, err)
				}
				defer r.Close()
				if _, err := io.Copy(a.stdout, r); err != nil {
					return fmt.Errorf("cat %s: %w", at, err)
				}
				return nil
			})
		},
	}
	cmd.Flags().Int64Var(&off, "offset", 0, "first byte to write")
	cmd.Flags().Int64Var(&length, "length", 0, "how many bytes to write; 0 means to the end")
	return cmd
}
