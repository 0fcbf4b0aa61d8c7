package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/server/fault"
)

func newAdminFault(s *adminCommand) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fault",
		Short: "Have requests fail by rules",
		Long: `Have requests fail on purpose, by rules: which of them, how often, and in what way.
The same rules under the same seed fail the same requests, counted in the order in
which they come.

` + exitHelp,
	}
	cmd.AddCommand(newAdminFaultAdd(s), newAdminFaultLs(s), newAdminFaultRm(s), newAdminFaultClear(s))
	return cmd
}

func newAdminFaultAdd(s *adminCommand) *cobra.Command {
	var r fault.Rule
	var truncate int64
	var reset, corrupt string
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Add a rule",
		Long: `Add a rule. --operation, --bucket and --key say which requests can fail, with * for any
characters; --rate, --every and --first how often they do; the others in what way.

` + exitHelp,
		Example: `  icos admin fault add --operation PutObject,UploadPart --rate 0.1 --status 503
  icos admin fault add --operation 'Get*' --bucket logs --every 5 --truncate 1000
  icos admin fault add --operation CompleteMultipartUpload --first 1 --reset after`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("truncate") {
				r.Truncate = &truncate
			}
			r.Reset, r.Corrupt = fault.Reset(reset), fault.Direction(corrupt)
			c, err := s.client()
			if err != nil {
				return err
			}
			id, err := c.AddFault(cmd.Context(), r)
			if err != nil {
				return err
			}
			if s.flags.json {
				return s.emit(record{Type: "add_fault", ID: id})
			}
			return s.printf("%s\n", id)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Operation, "operation", "", "`NAMES` of operations that can fail, such as GetObject,Put*; IAM and KeyProtect too (default: all)")
	f.StringVar(&r.Bucket, "bucket", "", "`PATTERN` of buckets (default: all)")
	f.StringVar(&r.Key, "key", "", "`PATTERN` of keys (default: all)")
	f.Float64Var(&r.Rate, "rate", 0, "`SHARE` of the requests that fail, from 0 to 1 (default: all)")
	f.IntVar(&r.Every, "every", 0, "have each `N`th request fail")
	f.IntVar(&r.First, "first", 0, "end the rule after the first `N` requests")
	f.IntVar(&r.Status, "status", 0, "answer with this `STATUS`, such as 503")
	f.StringVar(&r.Code, "code", "", "answer with this error `CODE`, such as SlowDown")
	f.Var((*spanFlag)(&r.Delay), "delay", "`SPAN` to wait before anything else, such as 2s")
	f.Int64Var(&truncate, "truncate", 0, "end the answer after so many `BYTES`")
	f.StringVar(&reset, "reset", "", "reset the connection: `WHEN` is before or after carrying out the request")
	f.StringVar(&corrupt, "corrupt", "", "flip one bit of a body: `WHICH` is request or answer")
	s.oneOf(cmd, "reset", "before", "after")
	s.oneOf(cmd, "corrupt", "request", "answer")
	return cmd
}

func newAdminFaultLs(s *adminCommand) *cobra.Command {
	return &cobra.Command{
		Use:     "ls",
		Short:   "List the rules, and what they have done",
		Example: `  icos admin fault ls`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			faults, err := c.Faults(cmd.Context())
			if err != nil {
				return err
			}
			for _, f := range faults.Rules {
				if s.flags.json {
					err = s.emitValue("fault", f)
				} else {
					err = s.printf("%-4s %s; struck %s of %s\n", f.ID, describe(&f.Rule), count(f.Struck), plural(f.Seen, "request"))
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// describe writes a rule as the flags that make it.
func describe(r *fault.Rule) string {
	var words []string
	flag := func(name string, value any, given bool) {
		if given {
			words = append(words, "--"+name+" "+shellQuote(fmt.Sprint(value)))
		}
	}
	flag("operation", r.Operation, r.Operation != "")
	flag("bucket", printable(r.Bucket), r.Bucket != "")
	flag("key", printable(r.Key), r.Key != "")
	flag("rate", r.Rate, r.Rate != 0)
	flag("every", r.Every, r.Every != 0)
	flag("first", r.First, r.First != 0)
	flag("status", r.Status, r.Status != 0)
	flag("code", r.Code, r.Code != "")
	flag("delay", r.Delay, r.Delay != 0)
	if r.Truncate != nil {
		flag("truncate", *r.Truncate, true)
	}
	flag("reset", r.Reset, r.Reset != "")
	flag("corrupt", r.Corrupt, r.Corrupt != "")
	return strings.Join(words, " ")
}

func newAdminFaultRm(s *adminCommand) *cobra.Command {
	return &cobra.Command{
		Use:     "rm ID...",
		Short:   "Remove rules",
		Example: `  icos admin fault rm 3`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			for _, id := range args {
				if err := c.RemoveFault(cmd.Context(), id); err != nil {
					return err
				}
				if s.flags.json {
					if err := s.emit(record{Type: "remove_fault", ID: id}); err != nil {
						return err
					}
				}
			}
			return nil
		},
	}
}

func newAdminFaultClear(s *adminCommand) *cobra.Command {
	var seed uint64
	cmd := &cobra.Command{
		Use:     "clear",
		Short:   "Remove all rules, and set the seed of those to come",
		Example: `  icos admin fault clear --seed 7`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("seed") {
				_, err = c.SetFaults(cmd.Context(), seed, nil)
			} else {
				err = c.ClearFaults(cmd.Context())
			}
			if err != nil {
				return err
			}
			if s.flags.json {
				return s.emit(record{Type: "clear_faults"})
			}
			return nil
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 0, "seed of the chances of later rules (default: as it is)")
	return cmd
}
