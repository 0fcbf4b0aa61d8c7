package cli

import "github.com/spf13/cobra"

// oneOf has the shell complete a flag of cmd with the words that it takes. Lines of icos run are not completed, and Cobra would
// remember the flags of each of them for good.
func (a *app) oneOf(cmd *cobra.Command, flag string, words ...string) {
	if a.line > 0 {
		return
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag, or it is registered twice
	}
}
