package cli

import "github.com/spf13/cobra"

func newBench(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what transfers have to work with",
		Long:  `Measure the path to a bucket.`,
	}
	cmd.AddCommand(newBenchPath(a))
	return cmd
}
