package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newLock(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "Lock versions of objects (object lock)",
		Long: `Lock versions of objects in a bucket with versioning, so that nobody can delete them
before a date, or while a legal hold is on them. Objects can still be replaced and
deleted: that makes new versions and delete markers, and what is locked stays beside
them.

A lock in compliance mode holds for everybody. One in governance mode can be shortened
by those with a special right and --bypass-governance; IBM Cloud does not offer it.

icos put and icos cp have --lock-until and --lock-hold for what they write.

` + exitHelp,
	}
	cmd.AddCommand(newLockShow(a), newLockSet(a), newLockRm(a), newLockHold(a))
	return cmd
}

// lockRecord is the lock of a version, or the default of a bucket, as a line of --json.
type lockRecord struct {
	V       int     `json:"v"`
	Type    string  `json:"type"`
	Bucket  string  `json:"bucket"`
	Key     *string `json:"key,omitempty"`
	Version string  `json:"version_id,omitempty"`
	Mode    string  `json:"mode,omitempty"`
	Until   string  `json:"until,omitempty"`
	Hold    *bool   `json:"hold,omitempty"`
	Days    int     `json:"days,omitempty"`
	Years   int     `json:"years,omitempty"`
}

// addVersion adds the flag that names one version of an object.
func addVersion(cmd *cobra.Command, version *string) {
	cmd.Flags().StringVar(version, "version", "", "the version of this `ID`, as icos versions lists it, and not the latest")
}

func newLockShow(a *app) *cobra.Command {
	var version string
	var keys customerKeys
	cmd := &cobra.Command{
		Use:   "show cos://BUCKET[/KEY]",
		Short: "Show the default of a bucket, or the lock of an object",
		Long: `Show how a bucket locks what is written to it, or how a version of an object is locked.

` + exitHelp,
		Example: `  icos lock show cos://vault
  icos lock show cos://vault/ledger.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneRemote(args[0], func(client *icos.Client, l location) error {
				if l.key == "" {
					return a.showLockDefault(cmd.Context(), client.Bucket(l.bucket))
				}
				if err := keys.load(a, false); err != nil {
					return err
				}
				return a.showLock(cmd.Context(), client.Bucket(l.bucket).Object(l.key).Version(version).WithKey(keys.own), l)
			})
		},
	}
	keys.addFlag(cmd)
	addVersion(cmd, &version)
	return cmd
}

func (a *app) showLockDefault(ctx context.Context, b *icos.Bucket) error {
	d, err := b.ObjectLock(ctx)
	if err != nil {
		return fmt.Errorf("read object lock of cos://%s: %w", b.Name(), err)
	}
	if a.flags.json {
		return a.emitLine(lockRecord{V: schemaVersion, Type: "lock_default", Bucket: b.Name(), Mode: string(d.Mode), Days: d.Days, Years: d.Years})
	}
	return a.printf("cos://%s %s\n", b.Name(), lockWords(d))
}

// lockWords says what a bucket does by a default.
func lockWords(d icos.LockDefault) string {
	switch {
	case d.Mode == "":
		return "has object lock, and locks nothing by itself"
	case d.Years > 0:
		return fmt.Sprintf("locks what is written to it for %s in %s mode", plural(d.Years, "year"), d.Mode)
	}
	return fmt.Sprintf("locks what is written to it for %s in %s mode", plural(d.Days, "day"), d.Mode)
}

func (a *app) showLock(ctx context.Context, o *icos.Object, l location) error {
	info, err := o.Stat(ctx)
	if err != nil {
		return fmt.Errorf("read lock of %s: %w", l, err)
	}
	lock := info.Lock
	if a.flags.json {
		return a.emitLine(lockRecord{
			V: schemaVersion, Type: "lock", Bucket: l.bucket, Key: &l.key, Version: info.VersionID,
			Mode: string(lock.Mode), Until: timestamp(lock.Until), Hold: &lock.Hold,
		})
	}
	if lock == (icos.Lock{}) {
		return a.printf("%s is not locked\n", printable(l.String()))
	}
	if lock.Mode != "" {
		if err := a.printf("%-14s %s, until %s\n", "locked", lock.Mode, timestamp(lock.Until)); err != nil {
			return err
		}
	}
	if lock.Hold {
		return a.printf("%-14s on\n", "legal hold")
	}
	return nil
}

func newLockSet(a *app) *cobra.Command {
	s := lockSetter{app: a}
	cmd := &cobra.Command{
		Use:   "set cos://BUCKET[/KEY] [flags]",
		Short: "Lock an object, or set how a bucket locks new ones",
		Long: `Lock the latest version of an object, or another, until a date. A lock can always be
made longer.

Of a bucket, set how what is written to it is locked that does not say so itself: for
--days or --years, or not at all with --none. If the bucket does not have object lock
yet it is turned on, for good; it needs versioning.

` + exitHelp,
		Example: `  icos lock set --until 2040-01-01 cos://vault/ledger.csv
  icos lock set --days 30 cos://vault`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return s.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&s.mode, "mode", "compliance", "`MODE`, who may shorten the lock: compliance (nobody) or governance")
	f.StringVar(&s.until, "until", "", "end of the lock of an object: `WHEN` is 2040-01-01, or 30d from now on")
	f.Var(&s.days, "days", "lock new objects of a bucket for so long, such as 30d")
	f.IntVar(&s.years, "years", 0, "or for `N` years")
	f.BoolVar(&s.none, "none", false, "do not lock new objects of a bucket")
	addVersion(cmd, &s.version)
	addBypass(cmd, &s.bypass)
	a.oneOf(cmd, "mode", "compliance", "governance")
	return cmd
}

// addBypass adds the flag that goes around locks in governance mode.
func addBypass(cmd *cobra.Command, bypass *bool) {
	cmd.Flags().BoolVar(bypass, "bypass-governance", false, "go around locks in governance mode, which takes a special right")
}

// bypassing is b, going around locks in governance mode if bypass is true.
func bypassing(b *icos.Bucket, bypass bool) *icos.Bucket {
	if bypass {
		return b.BypassGovernance()
	}
	return b
}

type lockSetter struct {
	*app
	mode, until string
	days        daysFlag
	years       int
	none        bool
	version     string
	bypass      bool
}

func (s *lockSetter) run(ctx context.Context, arg string) error {
	mode, err := parseLockMode(s.mode)
	if err != nil {
		return &usageError{fmt.Errorf("--mode: %w", err)}
	}
	return s.oneRemote(arg, func(client *icos.Client, l location) error {
		if l.key == "" {
			return s.setDefault(ctx, client.Bucket(l.bucket), mode)
		}
		return s.setObject(ctx, bypassing(client.Bucket(l.bucket), s.bypass).Object(l.key).Version(s.version), l, mode)
	})
}

func (s *lockSetter) setDefault(ctx context.Context, b *icos.Bucket, mode icos.LockMode) error {
	given := 0
	for _, is := range []bool{s.days.days != 0, s.years != 0, s.none} {
		if is {
			given++
		}
	}
	switch {
	case s.until != "" || s.version != "" || s.bypass:
		return &usageError{fmt.Errorf("cos://%s is a bucket: --until, --version and --bypass-governance are for objects", b.Name())}
	case given != 1:
		return &usageError{errors.New("one of --days, --years and --none is needed, and no other with it")}
	case s.years < 0:
		return &usageError{errors.New("a lock cannot be for a negative time")}
	}
	d := icos.LockDefault{Mode: mode, Days: s.days.days, Years: s.years}
	if s.none {
		d = icos.LockDefault{}
	}
	if err := b.SetObjectLock(ctx, d); err != nil {
		return fmt.Errorf("set object lock of cos://%s: %w", b.Name(), err)
	}
	if s.flags.json {
		return s.emitLine(lockRecord{V: schemaVersion, Type: "set_lock_default", Bucket: b.Name(), Mode: string(d.Mode), Days: d.Days, Years: d.Years})
	}
	s.notef("cos://%s %s\n", b.Name(), lockWords(d))
	return nil
}

func (s *lockSetter) setObject(ctx context.Context, o *icos.Object, l location, mode icos.LockMode) error {
	switch {
	case s.days.days != 0 || s.years != 0 || s.none:
		return &usageError{fmt.Errorf("%s is an object: --days, --years and --none are for buckets", l)}
	case s.until == "":
		return &usageError{errors.New("--until is needed: a date such as 2040-01-01, or 30d from now on")}
	}
	until, err := parseLockEnd(s.until)
	if err != nil {
		return &usageError{fmt.Errorf("--until: %w", err)}
	}
	if err := o.SetLock(ctx, mode, until); err != nil {
		return fmt.Errorf("lock %s: %w", l, err)
	}
	if s.flags.json {
		return s.emitLine(lockRecord{
			V: schemaVersion, Type: "set_lock", Bucket: l.bucket, Key: &l.key, Version: s.version, Mode: string(mode), Until: timestamp(until),
		})
	}
	s.notef("%s is locked until %s\n", l, timestamp(until))
	return nil
}

func newLockRm(a *app) *cobra.Command {
	var version string
	var bypass bool
	cmd := &cobra.Command{
		Use:   "rm cos://BUCKET/KEY",
		Short: "Take a lock off an object",
		Long: `Take the lock off a version of an object: one whose time is over or, with
--bypass-governance, one in governance mode. Legal holds stay.

` + exitHelp,
		Example: `  icos lock rm --bypass-governance cos://vault/ledger.csv`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachObject(cmd.Context(), args, func(ctx context.Context, obj *icos.Object, at location) error {
				obj = bypassing(obj.Bucket(), bypass).Object(obj.Key())
				if err := obj.Version(version).SetLock(ctx, "", time.Time{}); err != nil {
					return fmt.Errorf("unlock %s: %w", at, err)
				}
				if a.flags.json {
					return a.emitLine(lockRecord{V: schemaVersion, Type: "remove_lock", Bucket: at.bucket, Key: &at.key, Version: version})
				}
				a.notef("%s is not locked any more\n", at)
				return nil
			})
		},
	}
	addVersion(cmd, &version)
	addBypass(cmd, &bypass)
	return cmd
}

func newLockHold(a *app) *cobra.Command {
	var version string
	cmd := &cobra.Command{
		Use:   "hold cos://BUCKET/KEY on|off",
		Short: "Put a legal hold on an object, or take it off",
		Long: `Put a legal hold on a version of an object, in a bucket with object lock, or take it
off. While it is on nobody can delete the version, whatever its lock.

In a bucket with a retention policy the command is icos hold.

` + exitHelp,
		Example: `  icos lock hold cos://vault/ledger.csv on`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[1] != "on" && args[1] != "off" {
				return &usageError{fmt.Errorf("%q: a legal hold is on or off", args[1])}
			}
			on := args[1] == "on"
			return a.eachObject(cmd.Context(), args[:1], func(ctx context.Context, obj *icos.Object, at location) error {
				if err := obj.Version(version).SetLockHold(ctx, on); err != nil {
					return fmt.Errorf("legal hold of %s: %w", at, err)
				}
				if a.flags.json {
					return a.emitLine(lockRecord{V: schemaVersion, Type: "set_lock_hold", Bucket: at.bucket, Key: &at.key, Version: version, Hold: &on})
				}
				a.notef("the legal hold of %s is %s\n", at, args[1])
				return nil
			})
		},
	}
	addVersion(cmd, &version)
	return cmd
}
