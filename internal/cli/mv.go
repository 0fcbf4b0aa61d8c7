package cli

import (
	"github.com/spf13/cobra"
)

func newMv(a *app) *cobra.Command {
	c := copier{app: a, verb: "moved", move: true}
	cmd := &cobra.Command{
		Use:   "mv SOURCE... TARGET",
		Short: "Move files and objects",
		Long: `Move files to objects, objects to files, and objects to other keys or buckets. Each
source is removed when its copy is complete and has been checked, and not before;
what could not be copied stays where it was. Where the store has no checksum to
compare with, as of large objects copied inside it, the summary says so.

Names are made as by icos cp: a target that ends in a slash, names a bucket, or
is an existing directory takes the source's name, and with -r a source that ends
in a slash stands for what is in it.

` + sourceKeyHelp + `

` + accelerateHelp + `

` + exitHelpMoving,
		Example: `  icos mv cos://my-bucket/draft.md cos://my-bucket/final.md
  icos mv report.pdf cos://my-bucket/2026/
  icos mv -r cos://my-bucket/inbox/ cos://archive/2026/
  icos mv -r --dry-run logs/ cos://my-bucket/logs/`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	c.addFlags(cmd)
	return cmd
}
