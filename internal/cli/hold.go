package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newHold(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hold",
		Short: "Put legal holds on objects",
		Long: `Put legal holds on objects of a bucket with a retention policy, and take them off.
Whatever its retention period, an object with a hold on it can be neither replaced nor
deleted. A hold has an ID of up to 64 letters, digits and characters !_.*()'-, such as
the number of the case; an object has at most 100 of them.

In a bucket with object lock the command is icos lock hold.

` + exitHelp,
	}
	cmd.AddCommand(
		a.holdVerb("add", "Put a legal hold on objects", "add_hold", "held %s by %s\n", (*icos.Object).AddHold),
		a.holdVerb("rm", "Take a legal hold off objects", "remove_hold", "released %s from %s\n", (*icos.Object).RemoveHold),
		newHoldLs(a),
	)
	return cmd
}

func (a *app) holdVerb(verb, short, kind, done string, change func(*icos.Object, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " ID cos://BUCKET/KEY...",
		Short:   short,
		Long:    short + ".\n\n" + exitHelp,
		Example: "  icos hold " + verb + " case-2026-17 cos://records/2026/ledger.csv",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachObject(cmd.Context(), args[1:], func(ctx context.Context, obj *icos.Object, at location) error {
				err := change(obj, ctx, args[0])
				if errors.Is(err, fs.ErrExist) {
					a.notef("%s is held by %s already\n", at, args[0])
					err = nil
				}
				if err != nil {
					return fmt.Errorf("legal hold %s of %s: %w", args[0], at, err)
				}
				if a.flags.json {
					return a.emit(record{Type: kind, Bucket: at.bucket, Key: &at.key, ID: args[0]})
				}
				a.notef(done, at, args[0])
				return nil
			})
		},
	}
}

func newHoldLs(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "ls cos://BUCKET/KEY...",
		Short: "List the legal holds on objects",
		Long: `List the legal holds on objects, with the date of each.

` + exitHelp,
		Example: `  icos hold ls cos://records/2026/ledger.csv`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachObject(cmd.Context(), args, func(ctx context.Context, obj *icos.Object, at location) error {
				holds, err := obj.Holds(ctx)
				if err != nil {
					return fmt.Errorf("list legal holds of %s: %w", at, unkept(err))
				}
				for _, h := range holds {
					if a.flags.json {
						err = a.emit(record{Type: "hold", Bucket: at.bucket, Key: &at.key, ID: h.ID, Created: timestamp(h.Date)})
					} else {
						err = a.printf("%s  %s\n", timestamp(h.Date), printable(h.ID))
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}
