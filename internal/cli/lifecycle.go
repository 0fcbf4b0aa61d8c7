package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newLifecycle(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lifecycle",
		Short: "Have objects expire or go to an archive by themselves",
		Long: `Show, set or remove the rules by which the objects of a bucket expire, go to an archive,
and by which uploads that were never completed are aborted.

The service acts upon rules at midnight UTC, and may take a day for it.

` + exitHelp,
	}
	cmd.AddCommand(newLifecycleShow(a), newLifecycleSet(a), newLifecycleExpire(a), newLifecycleArchive(a), newLifecycleAbort(a), newLifecycleRm(a))
	return cmd
}

func newLifecycleShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show cos://BUCKET",
		Short: "Print the rules",
		Long: `Print the rules of a bucket, as the JSON that icos lifecycle set reads.

` + exitHelp,
		Example: `  icos lifecycle show cos://my-bucket > rules.json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneBucket(args[0], func(b *icos.Bucket) error {
				rules, err := b.Lifecycle(cmd.Context())
				if err != nil {
					return fmt.Errorf("read lifecycle rules of cos://%s: %w", b.Name(), err)
				}
				if len(rules) == 0 {
					return &missing{fmt.Sprintf("cos://%s has no lifecycle rules", b.Name())}
				}
				return a.showDocument("lifecycle", b.Name(), newLifecycleFile(rules))
			})
		},
	}
}

func newLifecycleSet(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "set cos://BUCKET FILE",
		Short: "Replace the rules",
		Long: `Replace the rules of a bucket by those in a FILE of JSON (- is standard input), which is
what icos lifecycle show prints, and what aws s3api put-bucket-lifecycle-configuration
takes.

` + exitHelp,
		Example: `  icos lifecycle set cos://my-bucket rules.json`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var f lifecycleFile
			if err := a.readDocument(args[1], &f); err != nil {
				return err
			}
			rules, err := f.rules()
			if err != nil {
				return fmt.Errorf("read %s: %w", args[1], err)
			}
			return a.oneBucket(args[0], func(b *icos.Bucket) error {
				if err := b.SetLifecycle(cmd.Context(), rules); err != nil {
					return fmt.Errorf("set lifecycle rules of cos://%s: %w", b.Name(), err)
				}
				return a.tellLifecycle(b, "", "set the lifecycle rules of cos://%s\n", b.Name())
			})
		},
	}
}

func newLifecycleExpire(a *app) *cobra.Command {
	var (
		days, noncurrent daysFlag
		date             dateFlag
		keep             int
		markers          bool
		id               string
	)
	cmd := &cobra.Command{
		Use:   "expire cos://BUCKET[/PREFIX] --days DAYS",
		Short: "Add a rule that deletes objects",
		Long: `Add a rule that deletes objects when they are so many days old, or on a date. In a
bucket with versioning they are hidden by delete markers; --noncurrent removes the
versions that newer ones took the place of, and --markers the markers that hide
nothing any more.

A rule of the same --id is replaced. Without --id it is named after the prefix.

` + exitHelp,
		Example: `  icos lifecycle expire --days 30 cos://my-bucket/logs/
  icos lifecycle expire --noncurrent 90 --keep 3 cos://my-bucket`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			rule := icos.LifecycleRule{ID: id}
			switch {
			case days.set && days.days == 0, noncurrent.set && noncurrent.days == 0:
				return &usageError{errors.New("--days 0: an object expires after a day at the earliest")}
			case days.set && (!date.IsZero() || markers), !date.IsZero() && markers:
				return &usageError{errors.New("--days, --date and --markers exclude each other: add a rule for each")}
			case days.set || !date.IsZero() || markers:
				rule.Expiration = &icos.LifecycleExpiration{Days: days.days, Date: date.Time, ExpiredObjectDeleteMarker: markers}
			case !noncurrent.set:
				return &usageError{errors.New("say when: --days 30, --date 2030-12-31, --noncurrent 30 or --markers")}
			}
			if noncurrent.set {
				rule.NoncurrentExpiration = &icos.NoncurrentVersionExpiration{Days: noncurrent.days, Keep: keep}
			} else if keep != 0 {
				return &usageError{errors.New("--keep goes with --noncurrent")}
			}
			return a.addLifecycle(cmd, args[0], "expire", rule)
		},
	}
	f := cmd.Flags()
	f.Var(&days, "days", "delete objects when they are so old, such as 30d or 2w")
	f.Var(&date, "date", "delete objects on this date, such as 2030-12-31")
	f.Var(&noncurrent, "noncurrent", "remove versions so long after newer ones took their place")
	f.IntVar(&keep, "keep", 0, "with --noncurrent: keep the newest `N` of them")
	f.BoolVar(&markers, "markers", false, "remove delete markers that hide nothing any more")
	f.StringVar(&id, "id", "", "`NAME` of the rule")
	return cmd
}

func newLifecycleArchive(a *app) *cobra.Command {
	var (
		days        daysFlag
		date        dateFlag
		accelerated bool
		id          string
	)
	cmd := &cobra.Command{
		Use:   "archive cos://BUCKET --days DAYS",
		Short: "Have new objects go to an archive",
		Long: `Have objects that are written from now on go to an archive when they are so many days
old, or on a date; 0 is at once. There they are cheap, and can be read only after
icos restore, which takes up to twelve hours, or two with --accelerated.

A bucket is archived as a whole, by one rule: this one takes its place.

` + exitHelp,
		Example: `  icos lifecycle archive --days 90 cos://my-bucket
  icos restore --days 3 cos://my-bucket/report.pdf`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if days.set == !date.IsZero() {
				return &usageError{errors.New("say when: --days 90 or --date 2030-12-31")}
			}
			rule := icos.LifecycleRule{ID: id, Transition: &icos.LifecycleTransition{
				Days: days.days, Date: date.Time, StorageClass: icos.ArchiveGlacier,
			}}
			if accelerated {
				rule.Transition.StorageClass = icos.ArchiveAccelerated
			}
			return a.addLifecycle(cmd, args[0], "archive", rule)
		},
	}
	f := cmd.Flags()
	f.Var(&days, "days", "archive objects when they are so old, such as 90d; 0 is at once")
	f.Var(&date, "date", "archive objects on this date, such as 2030-12-31")
	f.BoolVar(&accelerated, "accelerated", false, "use the archive that restores within two hours, and costs more")
	f.StringVar(&id, "id", "", "`NAME` of the rule")
	return cmd
}

func newLifecycleAbort(a *app) *cobra.Command {
	var days daysFlag
	var id string
	cmd := &cobra.Command{
		Use:   "abort-uploads cos://BUCKET[/PREFIX] --days DAYS",
		Short: "Have uploads aborted that were never completed",
		Long: `Add a rule that aborts uploads in parts which are so many days old: their parts are
kept, and paid for, without end otherwise. icos rm --incomplete does so at once.

` + exitHelp,
		Example: `  icos lifecycle abort-uploads --days 7 cos://my-bucket`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !days.set {
				return &usageError{errors.New("--days is missing: say how long an upload may take, such as --days 7")}
			}
			return a.addLifecycle(cmd, args[0], "abort-uploads", icos.LifecycleRule{ID: id, AbortDays: days.days})
		},
	}
	cmd.Flags().Var(&days, "days", "abort uploads that are so old, such as 7d")
	cmd.Flags().StringVar(&id, "id", "", "`NAME` of the rule")
	return cmd
}

func newLifecycleRm(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "rm cos://BUCKET [ID...]",
		Short: "Remove rules",
		Long: `Remove all rules of a bucket, or those of the given IDs, which icos lifecycle show
tells. What is in the archive stays there.

` + exitHelp,
		Example: `  icos lifecycle rm cos://my-bucket expire-logs`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneBucket(args[0], func(b *icos.Bucket) error { return a.removeLifecycle(cmd, b, args[1:]) })
		},
	}
}

func (a *app) removeLifecycle(cmd *cobra.Command, b *icos.Bucket, ids []string) error {
	ctx := cmd.Context()
	var rules []icos.LifecycleRule
	if len(ids) > 0 {
		all, err := b.Lifecycle(ctx)
		if err != nil {
			return fmt.Errorf("read lifecycle rules of cos://%s: %w", b.Name(), err)
		}
		for _, id := range ids {
			if !slices.ContainsFunc(all, func(r icos.LifecycleRule) bool { return r.ID == id }) {
				return &missing{fmt.Sprintf("cos://%s has no lifecycle rule %s", b.Name(), printable(id))}
			}
		}
		rules = slices.DeleteFunc(all, func(r icos.LifecycleRule) bool { return slices.Contains(ids, r.ID) })
	}
	var err error
	if len(rules) == 0 {
		err = b.DeleteLifecycle(ctx)
	} else {
		err = b.SetLifecycle(ctx, rules)
	}
	if err != nil {
		return fmt.Errorf("remove lifecycle rules of cos://%s: %w", b.Name(), err)
	}
	if a.flags.json {
		return a.emit(record{Type: "remove_lifecycle", Bucket: b.Name()})
	}
	a.notef("removed lifecycle rules of cos://%s\n", b.Name())
	return nil
}

// addLifecycle adds a rule for what arg names to those that there are.
func (a *app) addLifecycle(cmd *cobra.Command, arg, verb string, rule icos.LifecycleRule) error {
	return a.oneRemote(arg, func(client *icos.Client, l location) error {
		ctx := cmd.Context()
		if rule.Filter.Prefix = l.key; l.key != "" && rule.Transition != nil {
			return &usageError{fmt.Errorf("%s: a bucket is archived as a whole; name the bucket alone", l)}
		}
		if rule.ID == "" {
			rule.ID = ruleID(verb, l.key)
		}
		b := client.Bucket(l.bucket)
		rules, err := b.Lifecycle(ctx)
		if err != nil {
			return fmt.Errorf("read lifecycle rules of %s: %w", l, err)
		}
		rules = slices.DeleteFunc(rules, func(r icos.LifecycleRule) bool {
			return r.ID == rule.ID || rule.Transition != nil && r.Transition != nil
		})
		if err := b.SetLifecycle(ctx, append(rules, rule)); err != nil {
			return fmt.Errorf("set lifecycle rules of %s: %w", l, err)
		}
		return a.tellLifecycle(b, rule.ID, "set the lifecycle rule %s of cos://%s\n", rule.ID, b.Name())
	})
}

func (a *app) tellLifecycle(b *icos.Bucket, id, format string, args ...any) error {
	if a.flags.json {
		return a.emit(record{Type: "set_lifecycle", Bucket: b.Name(), ID: id})
	}
	a.notef(format, args...)
	return nil
}

// ruleID names a rule after what it does to which keys.
func ruleID(verb, prefix string) string {
	if prefix == "" {
		return verb
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, strings.Trim(prefix, "/"))
	return verb + "-" + name[:min(len(name), 200)]
}
