package cli

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/keyprotect"
)

func newKMS(a *app) *cobra.Command {
	k := &kmsCommand{app: a}
	cmd := &cobra.Command{
		Use:   "kms",
		Short: "Work with the keys of Key Protect",
		Long: `Work with the keys of IBM Key Protect. A bucket is encrypted under a root key when it
is made: icos mb --root-key CRN.

The instance is what --instance or ICOS_KMS_INSTANCE says, as a CRN or a UUID, and the
endpoint that of its region, unless ICOS_KMS_ENDPOINT is set. The credentials file of
a local COS names both. An API key is needed; HMAC keys are of no use here. Where KEY
is asked for, the id of a key or an alias will do.

` + exitHelp,
	}
	cmd.AddCommand(
		k.ls(), k.show(), k.create(), k.importKey(), k.wrap(), k.unwrap(), k.rotate(),
		k.each("disable", "Disable root keys, so that what is encrypted under them cannot be read", (*keyprotect.Client).Disable),
		k.each("enable", "Enable root keys that were disabled", (*keyprotect.Client).Enable),
		k.restore(), k.rm(),
	)
	return cmd
}

// kmsCommand is what the commands below icos kms share.
type kmsCommand struct{ *app }

// client is the service as flags, environment and files say.
func (k *kmsCommand) client() (*keyprotect.Client, error) {
	found, err := k.identity()
	if err != nil {
		return nil, err
	}
	cfg := keyprotect.Config{
		Instance: cmp.Or(k.flags.instance, found.KMSInstance), Endpoint: found.KMSEndpoint, Credentials: found.Credentials,
	}
	if k.flags.debug {
		cfg.Logger = slog.New(slog.NewTextHandler(k.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if cfg.Instance == "" {
		return nil, &setupError{
			err: errors.New("no Key Protect instance is named"),
			how: "--instance CRN or ICOS_KMS_INSTANCE names it; icos serve writes the one of a local COS into its credentials file",
		}
	}
	return keyprotect.New(cfg)
}

func (k *kmsCommand) ls() *cobra.Command {
	var o keyprotect.ListOptions
	var all bool
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List keys, with their CRNs",
		Long: `List the keys that are not deleted: state, root or standard, name and CRN. The CRN is
what icos mb --root-key takes.

` + exitHelp,
		Example: `  icos kms ls --root
  icos kms ls --search name:backup --sort -creationDate`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if all {
				o.States = []keyprotect.State{0, 1, 2, 3, 5}
			}
			client, err := k.client()
			if err != nil {
				return err
			}
			for key, err := range client.Keys(cmd.Context(), &o) {
				if err != nil {
					return err
				}
				if err := k.line(key); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.RootKeys, "root", false, "root keys only")
	f.BoolVar(&o.StandardKeys, "standard", false, "standard keys only")
	f.BoolVar(&all, "all", false, "deleted keys, too")
	f.StringVar(&o.Search, "search", "", "keys whose name, alias or id has `TEXT` in it; name:, exact: and not: before it narrow that")
	f.StringVar(&o.Sort, "sort", "", "`PROPERTIES` to sort by, such as name or -creationDate")
	return cmd
}

// line shows a key in a list.
func (k *kmsCommand) line(key *keyprotect.Key) error {
	if k.flags.json {
		return k.emit(keyRecord("key", key))
	}
	return k.printf("%-14s %-8s %-24s %s\n", key.State, kindOf(key), printable(key.Name), key.CRN)
}

func kindOf(key *keyprotect.Key) string {
	if key.Standard {
		return "standard"
	}
	return "root"
}

func keyRecord(kind string, key *keyprotect.Key) record {
	return record{
		Type: kind, ID: key.ID, Name: key.Name, Status: key.State.String(), Created: timestamp(key.Created), Updated: timestamp(key.Updated),
		Expires: timestamp(key.Expires), Owner: key.CreatedBy,
		CRN: key.CRN, Kind: kindOf(key), Imported: key.Imported, Aliases: key.Aliases,
	}
}

func (k *kmsCommand) show() *cobra.Command {
	return &cobra.Command{
		Use:   "show KEY...",
		Short: "Show keys, their versions and what they protect",
		Long: `Show keys, the versions of root keys, and the buckets that are encrypted under them.

` + exitHelp,
		Example: `  icos kms show root-key-alias`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := k.client()
			if err != nil {
				return err
			}
			for _, id := range args {
				if err := k.showKey(cmd.Context(), client, id); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func (k *kmsCommand) showKey(ctx context.Context, client *keyprotect.Client, id string) error {
	key, err := client.Get(ctx, id)
	if err != nil {
		return err
	}
	var versions []keyprotect.Version
	var protects []keyprotect.Registration
	if !key.Standard {
		for v, err := range client.Versions(ctx, id) {
			if err != nil {
				return err
			}
			versions = append(versions, v)
		}
		for r, err := range client.Registrations(ctx, id) {
			if err != nil {
				return err
			}
			protects = append(protects, r)
		}
	}
	if k.flags.json {
		r := keyRecord("key", key)
		for _, v := range versions {
			r.Versions = append(r.Versions, v.ID)
		}
		for _, p := range protects {
			r.Protects = append(r.Protects, p.Resource)
		}
		return k.emit(r)
	}
	rows := [][2]string{
		{"name", key.Name},
		{"id", key.ID},
		{"CRN", key.CRN},
		{"kind", kindOf(key) + " key"},
		{"state", key.State.String()},
		{"aliases", strings.Join(key.Aliases, ", ")},
		{"description", key.Description},
		{"created", timestamp(key.Created) + " by " + key.CreatedBy},
		{"imported", yes(key.Imported)},
		{"rotated", timestamp(key.Rotated)},
		{"expires", timestamp(key.Expires)},
		{"deleted", timestamp(key.Deleted)},
	}
	for _, v := range versions {
		rows = append(rows, [2]string{"version", v.ID + " of " + timestamp(v.Created)})
	}
	for _, p := range protects {
		what := p.Resource
		if p.PreventsDeletion {
			what += " (retains its contents, so that the key cannot be deleted)"
		}
		rows = append(rows, [2]string{"protects", what})
	}
	for _, row := range rows {
		if row[1] == "" {
			continue
		}
		if err := k.printf("%-14s %s\n", row[0], printable(row[1])); err != nil {
			return err
		}
	}
	return nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// newKeyFlags are what a key that is made or imported has besides its name.
type newKeyFlags struct {
	keyprotect.CreateOptions
	ttl spanFlag
}

func (n *newKeyFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&n.Standard, "standard", false, "a standard key, which can be read, and not a root key")
	f.StringVar(&n.Description, "description", "", "`TEXT` that says what it is for")
	f.StringSliceVar(&n.Aliases, "alias", nil, "`NAME` that will do for the id; may be repeated")
	f.Var(&n.ttl, "expires", "how long the key encrypts, such as 1y (default: for ever)")
}

func (n *newKeyFlags) options() *keyprotect.CreateOptions {
	if n.ttl > 0 {
		n.Expires = time.Now().Add(time.Duration(n.ttl)).UTC().Truncate(time.Second)
	}
	return &n.CreateOptions
}

func (k *kmsCommand) create() *cobra.Command {
	var n newKeyFlags
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Have Key Protect make a key",
		Long: `Have Key Protect make a root key of 256 random bits, and print its CRN. A key made so
cannot be restored once it is deleted.

` + exitHelp,
		Example: `  icos kms create backup-key
  icos mb --root-key "$(icos kms create backup-key)" cos://backup`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return k.make(args[0], &n, func(client *keyprotect.Client, o *keyprotect.CreateOptions) (*keyprotect.Key, error) {
				return client.Create(cmd.Context(), args[0], o)
			})
		},
	}
	n.register(cmd)
	return cmd
}

func (k *kmsCommand) importKey() *cobra.Command {
	var n newKeyFlags
	cmd := &cobra.Command{
		Use:   "import NAME FILE|-",
		Short: "Make a key of material that you have",
		Long: `Make a key of the material in a file or on standard input, and print its CRN. For a
root key it has 16, 24 or 32 bytes, as they are or in base64. Keep it: with it, an
imported key can be restored within 30 days after it was deleted.

` + exitHelp,
		Example: `  openssl rand -base64 32 > key.b64 && icos kms import backup-key key.b64`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			material, err := k.readSecret(args[1])
			if err != nil {
				return err
			}
			return k.make(args[0], &n, func(client *keyprotect.Client, o *keyprotect.CreateOptions) (*keyprotect.Key, error) {
				return client.Import(cmd.Context(), args[0], material, o)
			})
		},
	}
	n.register(cmd)
	return cmd
}

func (k *kmsCommand) make(name string, n *newKeyFlags, create func(*keyprotect.Client, *keyprotect.CreateOptions) (*keyprotect.Key, error)) error {
	client, err := k.client()
	if err != nil {
		return err
	}
	key, err := create(client, n.options())
	if err != nil {
		return err
	}
	if k.flags.json {
		return k.emit(keyRecord("create_key", key))
	}
	k.notef("made the %s key %s\n", kindOf(key), printable(name))
	return k.printf("%s\n", key.CRN)
}
