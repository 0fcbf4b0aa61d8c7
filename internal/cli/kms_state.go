package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/keyprotect"
)

// each is a command that does one thing to each of some keys.
func (k *kmsCommand) each(verb, short string, do func(*keyprotect.Client, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " KEY...",
		Short:   short,
		Long:    short + ".\n\n" + exitHelp,
		Example: "  icos kms " + verb + " 0d6ae8a8-5a2d-4b1c-9b0c-7e0d2a0a6f0f",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := k.client()
			if err != nil {
				return err
			}
			for _, id := range args {
				if err := do(client, cmd.Context(), id); err != nil {
					return err
				}
				if err := k.did(verb, id); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// did tells that something was done to a key.
func (k *kmsCommand) did(verb, id string) error {
	if k.flags.json {
		return k.emit(record{Type: verb + "_key", ID: id})
	}
	k.notef("%sd %s\n", verb, printable(id)) // each of the verbs ends in e
	return nil
}

// material reads that of a root key, if a file is named that holds it.
func (k *kmsCommand) material(files []string) (keyprotect.Secret, error) {
	if len(files) == 0 {
		return nil, nil
	}
	return k.readSecret(files[0])
}

func (k *kmsCommand) rotate() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate KEY [FILE|-]",
		Short: "Give a root key new material",
		Long: `Give a root key new material: made by Key Protect, or, for an imported key, that of a
file or of standard input. What is encrypted under the old material stays readable.

` + exitHelp,
		Example: `  icos kms rotate root-key`,
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			material, err := k.material(args[1:])
			if err != nil {
				return err
			}
			client, err := k.client()
			if err != nil {
				return err
			}
			err = client.Rotate(cmd.Context(), args[0], material)
			if e, ok := errors.AsType[*keyprotect.Error](err); ok && e.Has("KEY_PAYLOAD_REQ_ERR") {
				return fmt.Errorf("%w; name the FILE that holds it", err)
			}
			if err != nil {
				return err
			}
			return k.did("rotate", args[0])
		},
	}
}

func (k *kmsCommand) restore() *cobra.Command {
	return &cobra.Command{
		Use:   "restore KEY [FILE|-]",
		Short: "Bring a deleted key back, within 30 days",
		Long: `Bring a deleted key back within 30 days. A local COS destroys keys at once, so that it
has to be given the material that the key was imported with, in a file or on standard
input; a key that it made itself is gone for good.

` + exitHelp,
		Example: `  icos kms restore 0d6ae8a8-5a2d-4b1c-9b0c-7e0d2a0a6f0f key.b64`,
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			material, err := k.material(args[1:])
			if err != nil {
				return err
			}
			client, err := k.client()
			if err != nil {
				return err
			}
			key, err := client.Restore(cmd.Context(), args[0], material)
			if err != nil {
				return err
			}
			if k.flags.json {
				return k.emit(keyRecord("restore_key", key))
			}
			k.notef("restored %s\n", printable(key.Name))
			return nil
		},
	}
}

func (k *kmsCommand) rm() *cobra.Command {
	var force, assume bool
	cmd := &cobra.Command{
		Use:   "rm KEY...",
		Short: "Delete keys, and with them what is encrypted under them",
		Long: `Delete keys. What is encrypted under a root key cannot be read any more; on a local COS
that is for good, and at once. While buckets are encrypted under it, a key is only
deleted with --force, and while one of them retains its objects not even then. You
are asked first, unless --yes is given.

` + exitHelp,
		Example: `  icos kms rm old-key --yes`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := k.client()
			if err != nil {
				return err
			}
			for _, id := range args {
				if !assume {
					ok, err := k.confirm("delete the key " + id + ", and lose what is encrypted under it?")
					if err != nil {
						return err
					}
					if !ok {
						return fmt.Errorf("delete key %s: not confirmed", id)
					}
				}
				err := client.Delete(cmd.Context(), id, &keyprotect.DeleteOptions{Force: force})
				if e, ok := errors.AsType[*keyprotect.Error](err); ok && e.Has("PROTECTED_RESOURCE_ERR") {
					return fmt.Errorf("%w; icos kms show tells which, and --force gives their contents up", err)
				}
				if err != nil {
					return err
				}
				if err := k.did("delete", id); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "even if buckets are encrypted under it")
	cmd.Flags().BoolVarP(&assume, "yes", "y", false, "do not ask")
	return cmd
}
