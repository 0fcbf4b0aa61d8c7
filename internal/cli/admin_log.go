package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/server/journal"
)

// logWait is how long one question for new requests lasts.
const logWait = 20 * time.Second

func newAdminLog(s *adminCommand) *cobra.Command {
	var follow, clear bool
	cmd := &cobra.Command{
		Use:   "log",
		Short: "Show the requests that the server was sent",
		Long: `Show the last requests that the server was sent, the oldest first: when, what, how it
was answered, bytes of body in and out, and how long it took. --json has their
headers too. Credentials and signatures are redacted.

` + exitHelp,
		Example: `  icos admin log --follow
  icos admin log --json | jq 'select(.status >= 400)'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			c, err := s.client()
			if err != nil {
				return err
			}
			if clear {
				return c.ClearRequests(ctx)
			}
			var seq int64
			var wait time.Duration
			for {
				list, err := c.Requests(ctx, seq, wait)
				if err != nil {
					return err
				}
				for i := range list {
					if err := s.showRequest(&list[i]); err != nil {
						return err
					}
					seq = list[i].Seq
				}
				switch {
				case len(list) > 0: // there may be more
				case !follow:
					return nil
				default:
					wait = logWait
				}
			}
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with requests as they come")
	cmd.Flags().BoolVar(&clear, "clear", false, "have the server forget them instead")
	return cmd
}

func (s *adminCommand) showRequest(e *journal.Entry) error {
	if s.flags.json {
		return s.emitValue("request", e)
	}
	what := e.Operation
	if what == "" {
		what = e.Method
	}
	if e.Bucket != "" {
		what += " " + e.Bucket
		if e.Key != "" {
			what += "/" + e.Key
		}
	}
	status := "broken off"
	if e.Status != 0 {
		status = count(e.Status)
	}
	if e.Code != "" {
		status += " " + e.Code
	}
	if e.Rule != "" {
		status += " (rule " + e.Rule + ")"
	}
	return s.printf("%s  %s  %s  in %d out %d  %s\n", e.Time.Local().Format("15:04:05.000"), printable(what), status, e.Received, e.Sent, e.Took.Round(time.Microsecond))
}
