package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newReplication(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replication",
		Short: "Have what is written to a bucket copied to another",
		Long: `Show, set or remove the rules by which new objects of a bucket are copied to another
one, and see what could not be copied. Both buckets need versioning (icos versions).

` + exitHelp,
	}
	cmd.AddCommand(newReplicationShow(a), newReplicationSet(a), newReplicationRm(a), newReplicationFailures(a), newReplicationRetry(a))
	return cmd
}

// replicationFile is the rules as a file of JSON, in the members that the aws CLI has.
type replicationFile struct {
	Role  string `json:",omitempty"` // ignored, as the service does
	Rules []replicationRuleFile
}

type replicationRuleFile struct {
	ID                      string `json:",omitempty"`
	Priority                int
	Status                  string
	Filter                  filterFile
	Destination             destinationFile
	DeleteMarkerReplication statusFile
}

type destinationFile struct{ Bucket string }

type statusFile struct{ Status string }

func newReplicationFile(rules []icos.ReplicationRule) replicationFile {
	var f replicationFile
	for i := range rules {
		r := &rules[i]
		f.Rules = append(f.Rules, replicationRuleFile{
			ID: r.ID, Priority: r.Priority, Status: statusWord(!r.Disabled),
			Filter:      newFilterFile(&icos.LifecycleFilter{Prefix: r.Filter.Prefix, Tags: r.Filter.Tags}),
			Destination: destinationFile{r.Bucket}, DeleteMarkerReplication: statusFile{statusWord(r.DeleteMarkers)},
		})
	}
	return f
}

func (f *replicationFile) rules() ([]icos.ReplicationRule, error) {
	var rules []icos.ReplicationRule
	for i := range f.Rules {
		in := &f.Rules[i]
		if in.Status != "Enabled" && in.Status != "Disabled" {
			return nil, fmt.Errorf("rule %d: Status is %q, and neither Enabled nor Disabled", i+1, in.Status)
		}
		filter := in.Filter.filter()
		if filter.LargerThan != nil || filter.SmallerThan != nil {
			return nil, fmt.Errorf("rule %d: replication does not go by sizes", i+1)
		}
		rules = append(rules, icos.ReplicationRule{
			ID: in.ID, Disabled: in.Status == "Disabled", Priority: in.Priority, Bucket: in.Destination.Bucket,
			Filter:        icos.ReplicationFilter{Prefix: filter.Prefix, Tags: filter.Tags},
			DeleteMarkers: in.DeleteMarkerReplication.Status == "Enabled",
		})
	}
	return rules, nil
}

func newReplicationShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show cos://BUCKET",
		Short: "Print the rules",
		Long: `Print the rules of a bucket, as the JSON that icos replication set reads.

` + exitHelp,
		Example: `  icos replication show cos://my-bucket > rules.json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneBucket(args[0], func(b *icos.Bucket) error {
				rules, err := b.Replication(cmd.Context())
				if err != nil {
					return fmt.Errorf("read replication rules of cos://%s: %w", b.Name(), err)
				}
				if len(rules) == 0 {
					return &missing{fmt.Sprintf("cos://%s has no replication rules", b.Name())}
				}
				return a.showDocument("replication", b.Name(), newReplicationFile(rules))
			})
		},
	}
}

func newReplicationSet(a *app) *cobra.Command {
	rule := icos.ReplicationRule{ID: "all", Priority: 1, DeleteMarkers: true}
	var leaveMarkers bool
	cmd := &cobra.Command{
		Use:   "set cos://BUCKET[/PREFIX] {cos://TARGET | CRN | FILE}",
		Short: "Replace the rules",
		Long: `Have new objects of a bucket, whose keys begin with PREFIX, copied to another bucket:
cos://TARGET of the same service instance, or that of a CRN. Or replace the rules of
the bucket by those in a FILE of JSON (- is standard input), which is what icos
replication show prints.

What is in the bucket already stays there alone; copying an object onto itself has it
copied to the target, too.

` + exitHelp,
		Example: `  icos replication set cos://my-bucket cos://my-copies
  icos replication set cos://my-bucket rules.json`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			rule.DeleteMarkers = !leaveMarkers
			return a.oneRemote(args[0], func(client *icos.Client, l location) error {
				rules, err := a.replicationRules(client, l, args[1], rule)
				if err != nil {
					return err
				}
				if err := client.Bucket(l.bucket).SetReplication(cmd.Context(), rules); err != nil {
					return fmt.Errorf("set replication rules of cos://%s: %w", l.bucket, err)
				}
				if a.flags.json {
					return a.emit(record{Type: "set_replication", Bucket: l.bucket})
				}
				a.notef("set the replication rules of cos://%s\n", l.bucket)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&leaveMarkers, "no-delete-markers", false, "leave objects in the target that are deleted in the bucket")
	return cmd
}

// replicationRules is the one rule for a bucket that arg names, or those of a file.
func (a *app) replicationRules(client *icos.Client, from location, arg string, rule icos.ReplicationRule) ([]icos.ReplicationRule, error) {
	rule.Filter.Prefix = from.key
	switch {
	case strings.HasPrefix(arg, "crn:"):
		rule.Bucket = arg
		return []icos.ReplicationRule{rule}, nil
	case strings.Contains(arg, "://"):
		target, err := parseBucket(arg)
		if err != nil {
			return nil, &usageError{err}
		}
		if rule.Bucket, err = client.Bucket(target).CRN(); err != nil {
			return nil, err
		}
		return []icos.ReplicationRule{rule}, nil
	}
	if from.key != "" {
		return nil, &usageError{errors.New("with a FILE, name the bucket alone: the file has the prefixes")}
	}
	var f replicationFile
	if err := a.readDocument(arg, &f); err != nil {
		return nil, err
	}
	rules, err := f.rules()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", arg, err)
	}
	return rules, nil
}

func newReplicationRm(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "rm cos://BUCKET",
		Short: "Remove all rules",
		Long: `Remove all rules of a bucket. What was copied stays in the target.

` + exitHelp,
		Example: `  icos replication rm cos://my-bucket`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneBucket(args[0], func(b *icos.Bucket) error {
				if err := b.DeleteReplication(cmd.Context()); err != nil {
					return fmt.Errorf("remove replication rules of cos://%s: %w", b.Name(), err)
				}
				if a.flags.json {
					return a.emit(record{Type: "remove_replication", Bucket: b.Name()})
				}
				a.notef("removed the replication rules of cos://%s\n", b.Name())
				return nil
			})
		},
	}
}

func newReplicationFailures(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "failures cos://BUCKET",
		Short: "List what could not be copied",
		Long: `List the versions of objects that could not be copied, with the time of the last try and
the reason. The service tries again by the hour; icos replication retry does so at once.

` + exitHelp,
		Example: `  icos replication failures cos://my-bucket`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneBucket(args[0], func(b *icos.Bucket) error { return a.listFailures(cmd.Context(), b) })
		},
	}
}

func (a *app) listFailures(ctx context.Context, b *icos.Bucket) error {
	for f, err := range b.ReplicationFailures(ctx) {
		if err != nil {
			return fmt.Errorf("list what of cos://%s could not be copied: %w", b.Name(), err)
		}
		if a.flags.json {
			err = a.emit(record{
				Type: "replication_failure", Bucket: b.Name(), Key: &f.Key, ID: f.VersionID,
				Created: timestamp(f.FirstAttempted), Updated: timestamp(f.LastAttempted), Detail: f.SyncType, Reason: f.Cause,
			})
		} else {
			err = a.printf("%s  %-8s  %s  (%s): %s\n", timestamp(f.LastAttempted), f.SyncType, printable(f.Key), f.VersionID, printable(f.Cause))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func newReplicationRetry(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "retry cos://BUCKET",
		Short: "Try again what could not be copied",
		Long: `Have everything of a bucket tried again that could not be copied. It does not wait;
icos replication failures shows what is left.

` + exitHelp,
		Example: `  icos replication retry cos://my-bucket`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneBucket(args[0], func(b *icos.Bucket) error {
				if err := b.RetryReplication(cmd.Context()); err != nil {
					return fmt.Errorf("retry the replication of cos://%s: %w", b.Name(), err)
				}
				if a.flags.json {
					return a.emit(record{Type: "retry_replication", Bucket: b.Name()})
				}
				a.notef("what of cos://%s could not be copied is tried again\n", b.Name())
				return nil
			})
		},
	}
}
