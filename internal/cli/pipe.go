package cli

import (
	"github.com/spf13/cobra"
)

func newPipe(a *app) *cobra.Command {
	c := copier{app: a, verb: "wrote"}
	cmd := &cobra.Command{
		Use:   "pipe cos://BUCKET/KEY",
		Short: "Write standard input to one object",
		Long: `Write standard input to one object, however long it is: the same as icos put - with
the name of the object alone. With --tee it is passed on to standard output, so that
the command can stand in the middle of a pipeline; the object exists only if
standard input came to its end.

` + customerKeyHelp + `

` + exitHelpMoving,
		Example: `  pg_dump shop | icos pipe cos://my-bucket/shop.sql
  tar c . | icos pipe --tee cos://my-bucket/all.tar | sha256sum`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dst, err := parseObject(args[0])
			if err != nil {
				return &usageError{err}
			}
			return c.put(cmd.Context(), location{stream: true}, dst)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&c.tee, "tee", "t", false, "pass what is read on to standard output")
	f.BoolVar(&c.exclusive, "no-clobber", false, "fail rather than replace an object that exists")
	c.upload.addFlags(cmd)
	c.keys.addFlag(cmd)
	c.tuning.addFlags(cmd)
	return cmd
}
