package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newRestore(a *app) *cobra.Command {
	r := restorer{app: a, every: time.Minute}
	cmd := &cobra.Command{
		Use:   "restore cos://BUCKET/KEY...",
		Short: "Have archived objects copied back, to be read for some days",
		Long: `Ask for copies of archived objects that can be read for so many days. It takes up to
twelve hours, or two for objects of the accelerated archive; --wait waits for it. Of
an object that is restored already, the days begin anew.

Objects that are not archived, and those that are being restored, are left as they
are. icos lifecycle archive has objects archived.

` + exitHelp,
		Example: `  icos restore --days 3 cos://my-bucket/report.pdf
  icos restore --days 7 --wait -r cos://my-bucket/2020/`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !r.days.set:
				return &usageError{errors.New("--days is missing: say how long the copies are needed, such as --days 3")}
			case r.days.days < 1:
				return &usageError{errors.New("--days 0: a copy can be read for a day at least")}
			}
			switch r.tier {
			case "":
			case "bulk":
				r.tier = string(icos.RestoreBulk)
			case "accelerated":
				r.tier = string(icos.RestoreAccelerated)
			default:
				return &usageError{fmt.Errorf("--tier %s: want bulk or accelerated", r.tier)}
			}
			return r.run(cmd.Context(), args)
		},
	}
	f := cmd.Flags()
	f.Var(&r.days, "days", "how long the copies can be read, such as 3d")
	f.StringVar(&r.tier, "tier", "", "`TIER` of the archive: bulk or accelerated (default: the one it has)")
	f.BoolVarP(&r.recursive, "recursive", "r", false, "all archived objects whose keys begin with KEY")
	f.BoolVar(&r.wait, "wait", false, "wait until the copies can be read")
	f.Var((*spanFlag)(&r.every), "every", "how often --wait looks")
	f.Lookup("every").DefValue = "1m"
	f.StringVar(&r.version, "version", "", "`ID` of the version to restore")
	a.oneOf(cmd, "tier", "bulk", "accelerated")
	return cmd
}

type restorer struct {
	*app
	days      daysFlag
	tier      string
	recursive bool
	wait      bool
	every     time.Duration
	version   string

	asked []*icos.Object // with --wait
}

func (r *restorer) run(ctx context.Context, args []string) error {
	if r.every <= 0 {
		return &usageError{fmt.Errorf("--every %v: want a length of time", r.every)}
	}
	var err error
	if r.recursive {
		if r.version != "" {
			return &usageError{errors.New("--version is for single objects, and not for -r")}
		}
		err = r.below(ctx, args)
	} else {
		err = r.eachObject(ctx, args, func(ctx context.Context, obj *icos.Object, _ location) error {
			return r.done(ctx, obj.Version(r.version))
		})
	}
	return err
}

// below restores all archived objects below each prefix.
func (r *restorer) below(ctx context.Context, args []string) error {
	client, err := r.client()
	if err != nil {
		return err
	}
	defer client.Close()
	for _, arg := range args {
		l, err := parseRemote(arg, "cos://BUCKET/PREFIX")
		if err != nil {
			return err
		}
		for info, err := range client.Bucket(l.bucket).Objects(ctx, &icos.ListOptions{Prefix: l.key}) {
			if err != nil {
				return err
			}
			if info.StorageClass != icos.ArchiveGlacier && info.StorageClass != icos.ArchiveAccelerated {
				continue
			}
			obj := client.Bucket(l.bucket).Object(info.Key)
			if err := r.ask(ctx, obj); err != nil {
				return err
			}
			r.asked = append(r.asked, obj)
		}
	}
	return r.await(ctx)
}

// done restores one object, to the end if --wait says so.
func (r *restorer) done(ctx context.Context, obj *icos.Object) error {
	if err := r.ask(ctx, obj); err != nil {
		return err
	}
	r.asked = []*icos.Object{obj}
	return r.await(ctx)
}

// ask asks for a copy. That one is being made, or is not needed, is no error.
func (r *restorer) ask(ctx context.Context, obj *icos.Object) error {
	err := obj.RestoreArchived(ctx, r.days.days, &icos.RestoreOptions{Tier: icos.RestoreTier(r.tier)})
	status := "requested"
	if e, ok := errors.AsType[*icos.Error](err); ok {
		switch e.Code {
		case "RestoreAlreadyInProgress":
			status, err = "in progress", nil
		case "ObjectAlreadyInActiveTierError":
			status, err = "not archived", nil
		}
	}
	if err != nil {
		return fmt.Errorf("restore %s: %w", obj, err)
	}
	return r.tell(obj, status)
}

// await waits for what was asked for.
func (r *restorer) await(ctx context.Context) error {
	if !r.wait {
		return nil
	}
	for _, obj := range r.asked {
		if err := obj.WaitRestored(ctx, &icos.WaitOptions{Interval: r.every}); err != nil {
			return err
		}
		if err := r.tell(obj, "readable"); err != nil {
			return err
		}
	}
	return nil
}

func (r *restorer) tell(obj *icos.Object, status string) error {
	if r.flags.json {
		key := obj.Key()
		return r.emit(record{Type: "restore", Bucket: obj.Bucket().Name(), Key: &key, Status: status})
	}
	r.notef("%s: %s\n", printable(obj.String()), status)
	return nil
}

// archiveWord tells where an object is on its way to an archive and back.
func archiveWord(at *icos.Archive) string {
	switch {
	case at.Class == "" && at.At.IsZero():
		return ""
	case at.Class == "":
		return "from " + timestamp(at.At)
	case at.Restoring:
		return at.Class + ", being restored"
	case !at.RestoredUntil.IsZero():
		return at.Class + ", restored until " + timestamp(at.RestoredUntil)
	}
	return at.Class + ", since " + timestamp(at.At)
}
