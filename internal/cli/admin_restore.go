package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
)

func newAdminRestore(s *adminCommand) *cobra.Command {
	return &cobra.Command{
		Use:   "restore DIRECTORY",
		Short: "Go back to a snapshot, while the server runs",
		Long: `Have the server go back to what icos admin snapshot wrote to a directory: buckets,
objects, identities and root keys. What came since is lost; fault rules, the request
log and the clock of objects stay, and so does the directory, to go back to again.

Meanwhile requests are answered with 503, which clients repeat. If those under way
take longer than 30 seconds, or the directory is not a complete snapshot, nothing
changes.

` + exitHelp,
		Example: `  icos admin restore ./before`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			if err := c.Restore(cmd.Context(), dir); err != nil {
				return err
			}
			if s.flags.json {
				return s.emit(record{Type: "restore_snapshot", Directory: dir})
			}
			s.notef("restored %s\n", dir)
			return nil
		},
	}
}
