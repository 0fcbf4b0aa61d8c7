package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newRetention(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retention",
		Short: "Keep objects from being changed or deleted for a time",
		Long: `Show and set the retention policy of a bucket, and extend how long an object in it is
kept. Until its time is over, and all legal holds on it are gone, nobody can replace
or delete an object. Policies cannot be removed, and periods only become longer.

icos put and icos cp have --retain and --hold for the objects they write.

` + exitHelp,
	}
	cmd.AddCommand(newRetentionShow(a), newRetentionSet(a), newRetentionExtend(a))
	return cmd
}

// retentionPolicy is the retention policy of a bucket as a line of --json.
type retentionPolicy struct {
	V         int    `json:"v"`
	Type      string `json:"type"`
	Bucket    string `json:"bucket"`
	Enabled   bool   `json:"enabled"`
	Minimum   int    `json:"minimum_days"`
	Default   int    `json:"default_days"`
	Maximum   int    `json:"maximum_days"`
	Permanent bool   `json:"permanent"`
}

// retentionRecord is how long an object is kept, as a line of --json.
type retentionRecord struct {
	V      int          `json:"v"`
	Type   string       `json:"type"`
	Bucket string       `json:"bucket"`
	Key    string       `json:"key"`
	Since  string       `json:"since"`
	Period int64        `json:"period"` // seconds; -1 indefinitely, -2 for ever
	Until  string       `json:"until,omitempty"`
	Holds  []holdRecord `json:"holds"`
}

type holdRecord struct {
	ID   string `json:"id"`
	Date string `json:"date"`
}

func newRetentionShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show cos://BUCKET[/KEY]",
		Short: "Show the policy of a bucket, or how long an object is kept",
		Long: `Show the retention policy of a bucket, or how long an object is kept and which legal
holds are on it.

` + exitHelp,
		Example: `  icos retention show cos://records
  icos retention show cos://records/2026/ledger.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.oneRemote(args[0], func(client *icos.Client, l location) error {
				if l.key == "" {
					return a.showPolicy(cmd.Context(), client.Bucket(l.bucket))
				}
				return a.showRetention(cmd.Context(), client.Bucket(l.bucket).Object(l.key), l)
			})
		},
	}
}

// oneRemote calls f with the bucket, or the object or prefix, that an operand names.
func (a *app) oneRemote(arg string, f func(*icos.Client, location) error) error {
	l, err := parseRemote(arg, "cos://BUCKET/KEY")
	if err != nil {
		return err
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	defer client.Close()
	return f(client, l)
}

func (a *app) showPolicy(ctx context.Context, b *icos.Bucket) error {
	p, err := b.Protection(ctx)
	if err != nil {
		return fmt.Errorf("read retention policy of cos://%s: %w", b.Name(), err)
	}
	if a.flags.json {
		return a.emitLine(retentionPolicy{schemaVersion, "retention_policy", b.Name(), p.Enabled, p.Minimum, p.Default, p.Maximum, p.Permanent})
	}
	if !p.Enabled {
		return a.printf("cos://%s has no retention policy\n", b.Name())
	}
	permanent := "not allowed"
	if p.Permanent {
		permanent = "allowed"
	}
	return a.printf("%-14s %s\n%-14s %s\n%-14s %s\n%-14s %s\n",
		"minimum", plural(p.Minimum, "day"), "default", plural(p.Default, "day"), "maximum", plural(p.Maximum, "day"), "permanent", permanent)
}

func (a *app) showRetention(ctx context.Context, o *icos.Object, l location) error {
	state, err := o.Retention(ctx)
	if err != nil {
		return fmt.Errorf("read retention of %s: %w", l, unkept(err))
	}
	if a.flags.json {
		r := retentionRecord{schemaVersion, "retention", l.bucket, l.key, timestamp(state.Since), state.Period, timestamp(state.Until), []holdRecord{}}
		for _, h := range state.Holds {
			r.Holds = append(r.Holds, holdRecord{h.ID, timestamp(h.Date)})
		}
		return a.emitLine(r)
	}
	if err := a.printf("%-14s %s\n%-14s %s\n", "stored", timestamp(state.Since), "kept", keptFor(state.Period, state.Until)); err != nil {
		return err
	}
	for _, h := range state.Holds {
		if err := a.printf("%-14s %s since %s\n", "legal hold", printable(h.ID), timestamp(h.Date)); err != nil {
			return err
		}
	}
	return nil
}

// keptFor says how long an object is kept.
func keptFor(period int64, until time.Time) string {
	switch period {
	case icos.RetainIndefinitely:
		return "indefinitely, until it is given an end"
	case icos.RetainPermanently:
		return "for ever"
	}
	return "until " + timestamp(until)
}

// unkept explains the error of an object without retention.
func unkept(err error) error {
	if e, ok := errors.AsType[*icos.Error](err); ok && errors.Is(err, fs.ErrNotExist) && e.Op == "ListLegalHolds" && e.Code != "NoSuchKey" && e.Code != "NoSuchBucket" {
		return fmt.Errorf("%w; only objects of buckets with a retention policy are kept", err)
	}
	return err
}

func newRetentionSet(a *app) *cobra.Command {
	var minimum, standard, maximum daysFlag
	var permanent bool
	cmd := &cobra.Command{
		Use:   "set cos://BUCKET --min DAYS --default DAYS --max DAYS",
		Short: "Give a bucket a retention policy, or change it",
		Long: `Give an empty bucket a retention policy, or change the numbers of the one it has.
There is no way back: a bucket never loses its policy, and objects in it cannot be
deleted before their time. Try it with a few days first.

With --permanent, objects may be stored that are never to be deleted at all; once
allowed, that stays allowed, and the flag has to be given again.

` + exitHelp,
		Example: `  icos retention set --min 0d --default 1d --max 10y cos://records`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !minimum.set || !standard.set || !maximum.set:
				return &usageError{errors.New("--min, --default and --max are all needed")}
			case minimum.days > standard.days || standard.days > maximum.days:
				return &usageError{fmt.Errorf("--min %d, --default %d, --max %d: they have to ascend", minimum.days, standard.days, maximum.days)}
			}
			return a.oneBucket(args[0], func(b *icos.Bucket) error {
				p := icos.Protection{Minimum: minimum.days, Default: standard.days, Maximum: maximum.days, Permanent: permanent}
				if err := b.SetProtection(cmd.Context(), p); err != nil {
					return fmt.Errorf("set retention policy of cos://%s: %w", b.Name(), err)
				}
				if a.flags.json {
					return a.emitLine(retentionPolicy{schemaVersion, "set_retention_policy", b.Name(), true, p.Minimum, p.Default, p.Maximum, p.Permanent})
				}
				a.notef("cos://%s keeps what is written to it for %s, unless told otherwise\n", b.Name(), plural(p.Default, "day"))
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.Var(&minimum, "min", "shortest retention period, such as 0d")
	f.Var(&standard, "default", "retention period of objects that do not say, such as 30d")
	f.Var(&maximum, "max", "longest retention period, such as 7y; a year has 365 days")
	f.BoolVar(&permanent, "permanent", false, "allow objects that are kept for ever")
	return cmd
}

func newRetentionExtend(a *app) *cobra.Command {
	var by, fromNow, whole spanFlag
	var until dateFlag
	cmd := &cobra.Command{
		Use:   "extend cos://BUCKET/KEY... --by SPAN|--from-now SPAN|--for SPAN|--until DATE",
		Short: "Keep objects for longer",
		Long: `Keep objects for longer than they are: by so much, to so much from now on, to so much
since they were stored, or to a date. What is kept indefinitely gets its end this
way, which may be sooner.

` + exitHelp,
		Example: `  icos retention extend --by 30d cos://records/2026/ledger.csv
  icos retention extend --until 2040-01-01 cos://records/2026/ledger.csv`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			given := 0
			for _, name := range []string{"by", "from-now", "for", "until"} {
				if cmd.Flags().Changed(name) {
					given++
				}
			}
			if given != 1 {
				return &usageError{errors.New("one of --by, --from-now, --for and --until is needed, and no other with it")}
			}
			e := icos.RetentionExtension{By: time.Duration(by), FromNow: time.Duration(fromNow), For: time.Duration(whole), Until: until.Time}
			return a.eachObject(cmd.Context(), args, func(ctx context.Context, obj *icos.Object, at location) error {
				if err := obj.ExtendRetention(ctx, e); err != nil {
					return fmt.Errorf("extend retention of %s: %w", at, err)
				}
				if a.flags.json {
					return a.emit(record{Type: "extend_retention", Bucket: at.bucket, Key: &at.key})
				}
				info, err := obj.Stat(ctx)
				if err != nil {
					return fmt.Errorf("read retention of %s: %w", at, err)
				}
				a.notef("%s is kept %s\n", at, keptFor(info.RetentionPeriod, info.RetainedUntil))
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.Var(&by, "by", "so much longer, such as 30d")
	f.Var(&fromNow, "from-now", "to so much from now on")
	f.Var(&whole, "for", "to so much since it was stored")
	f.Var(&until, "until", "to this date, such as 2040-01-01")
	return cmd
}

// keepFlags say what keeps an object that is written.
type keepFlags struct {
	retain    string
	hold      string
	lockUntil string
	lockMode  string
	lockHold  bool
	tags      map[string]string

	// What check has made of them.
	kept   icos.Retention
	locked icos.Lock
}

func (k *keepFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&k.retain, "retain", "", "keep it: `WHEN` is 30d, 2040-01-01, indefinitely or for-ever (bucket with retention policy)")
	f.StringVar(&k.hold, "hold", "", "put the legal hold `ID` on it (bucket with retention policy)")
	f.StringVar(&k.lockUntil, "lock-until", "", "lock the version: `WHEN` is 30d or 2040-01-01 (bucket with object lock)")
	f.StringVar(&k.lockMode, "lock-mode", "compliance", "who may shorten the lock: compliance (nobody) or governance")
	f.BoolVar(&k.lockHold, "lock-hold", false, "put a legal hold on the version (bucket with object lock)")
	f.StringToStringVar(&k.tags, "tag", nil, "tag, as `KEY=VALUE`; may be repeated")
	f.Lookup("tag").DefValue = "" // not shown by --help
}

// given reports whether any of the flags is.
func (k *keepFlags) given() bool {
	return k.retain != "" || k.hold != "" || k.lockUntil != "" || k.lockHold || len(k.tags) > 0
}

// check reads the flags, and refuses values that cannot be meant. It comes before apply.
func (k *keepFlags) check() error {
	var err, lockErr error
	k.kept, err = k.retention()
	k.locked, lockErr = k.lock()
	return errors.Join(err, lockErr)
}

// apply gives o what the flags say, which check has found to be right.
func (k *keepFlags) apply(o *icos.PutOptions) {
	if len(k.tags) > 0 {
		o.Tags = k.tags
	}
	o.Retention, o.Lock = k.kept, k.locked
}

// applyCopy is apply for a copy inside the store.
func (k *keepFlags) applyCopy(o *icos.CopyOptions) {
	if len(k.tags) > 0 {
		o.Tags = k.tags
	}
	o.Retention, o.Lock = k.kept, k.locked
}

func (k *keepFlags) retention() (icos.Retention, error) {
	r := icos.Retention{Hold: k.hold}
	switch k.retain {
	case "":
		return r, nil
	case "indefinitely":
		r.For = icos.RetainIndefinitely
		return r, nil
	case "for-ever", "forever":
		r.For = icos.RetainPermanently
		return r, nil
	}
	if t, ok := parseDay(k.retain); ok {
		r.Until = t
		return r, nil
	}
	d, err := parseSpan(k.retain)
	if err != nil || d <= 0 {
		return r, fmt.Errorf("--retain %s: write 30d, 2040-01-01, indefinitely or for-ever", strconv.Quote(k.retain))
	}
	r.For = d
	return r, nil
}

func (k *keepFlags) lock() (icos.Lock, error) {
	l := icos.Lock{Hold: k.lockHold}
	mode, err := parseLockMode(k.lockMode)
	if err != nil || k.lockUntil == "" {
		return l, err
	}
	l.Mode = mode
	l.Until, err = parseLockEnd(k.lockUntil)
	return l, err
}

func parseLockMode(s string) (icos.LockMode, error) {
	switch mode := icos.LockMode(strings.ToUpper(s)); mode {
	case icos.Compliance, icos.Governance:
		return mode, nil
	}
	return "", fmt.Errorf("%q is no mode of object lock: write compliance or governance", s)
}

// parseLockEnd reads the end of a lock: a date, or how long from now on.
func parseLockEnd(s string) (time.Time, error) {
	if t, ok := parseDay(s); ok {
		return t, nil
	}
	d, err := parseSpan(s)
	if err != nil || d <= 0 {
		return time.Time{}, fmt.Errorf("%q is neither a date nor a length of time: write 2040-01-01 or 30d", s)
	}
	return time.Now().Add(d), nil
}
