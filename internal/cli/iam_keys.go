package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/iam"
)

func (i *iamCommand) listKeys() *cobra.Command {
	return &cobra.Command{
		Use:   "ls",
		Short: "List the credentials of the instance",
		Long: `List the credentials of the service instance that --instance or the credentials name:
id, role, IAM ID and name. No secret is shown.

` + exitHelp,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, found, err := i.manager()
			if err != nil {
				return err
			}
			for key, err := range client.Keys(cmd.Context(), found.InstanceID) {
				if err != nil {
					return err
				}
				if i.flags.json {
					err = i.emit(keyCredential("credential", key))
				} else {
					err = i.printf("%s  %-14s %s  %s\n", key.ID, dash(string(key.Role)), dash(key.IAMID()), printable(key.Name))
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// keyCredential is a key without its secrets.
func keyCredential(kind string, k *iam.Key) record {
	return record{
		Type: kind, ID: k.ID, Name: k.Name, CRN: k.CRN, Role: string(k.Role), Subject: k.IAMID(), Created: timestamp(k.Created),
	}
}

func (i *iamCommand) createKey() *cobra.Command {
	var role, bucket, prefix, output string
	var hmac bool
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a credential, for all of the instance or for less",
		Long: `Make a credential and print it, with its secrets, as the JSON document that IBM Cloud
hands out and that icos and IBM's SDKs read: save it as ~/.bluemix/cos_credentials, or
name it by COS_CREDENTIALS_FILE. --output writes it to a file that only you can read.

With --bucket, and --prefix, the credential is of no use elsewhere: it is made without
a role, and a policy gives it the role there.

` + exitHelp,
		Example: `  icos iam keys create backup --role Writer --hmac --output backup.json
  icos iam keys create june --role Reader --bucket reports --prefix june/ > june.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := parseScope(role, &bucket, prefix)
			if err != nil {
				return &usageError{err}
			}
			client, found, err := i.manager()
			if err != nil {
				return err
			}
			p := &iam.Policy{Roles: []iam.Role{r}, Instance: found.InstanceID, Bucket: bucket, Prefix: prefix, Description: "icos iam keys create"}
			out, err := createSecret(output) // before there is a secret to lose
			if err != nil {
				return err
			}
			key, err := makeKey(cmd.Context(), client, args[0], hmac, p)
			if err != nil {
				return errors.Join(err, out.discard())
			}
			if err := i.handOut(key, out); err != nil {
				return fmt.Errorf("write credential %s: %w", key.ID, err)
			}
			i.notef("made %s (%s), %s of %s\n", printable(key.Name), key.ID, r, scopeOf(p))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&role, "role", "", "`ROLE`: what it may do, one of icos iam roles")
	f.StringVar(&bucket, "bucket", "", "`NAME` of the one bucket it is for")
	f.StringVar(&prefix, "prefix", "", "`PREFIX` that the keys begin with that it is for, such as 2026/")
	f.BoolVar(&hmac, "hmac", false, "with HMAC keys, which can sign URLs and are what tools for S3 want")
	f.StringVarP(&output, "output", "o", "", "write the credential to `FILE`, which must not exist")
	i.oneOf(cmd, "role", roleNames()...)
	return cmd
}

func roleNames() []string {
	var names []string
	for _, r := range iam.Roles() {
		names = append(names, string(r))
	}
	return names
}

// parseScope checks what --role, --bucket and --prefix say. A bucket may be a location.
func parseScope(role string, bucket *string, prefix string) (iam.Role, error) {
	if role == "" {
		return "", errors.New("--role is missing: one of icos iam roles")
	}
	r, err := iam.ParseRole(role)
	switch {
	case err != nil:
		return "", err
	case *bucket != "":
		*bucket, err = parseBucket(*bucket)
	case prefix != "":
		err = errors.New("--prefix is of a bucket; --bucket names it")
	}
	return r, err
}

// makeKey makes a credential, for what p is about if that is less than the instance.
func makeKey(ctx context.Context, client *iam.Client, name string, hmac bool, p *iam.Policy) (*iam.Key, error) {
	o := &iam.CreateKeyOptions{HMAC: hmac}
	if p.Bucket == "" {
		o.Role = p.Roles[0]
		return client.CreateKey(ctx, p.Instance, name, o)
	}
	key, err := client.CreateKey(ctx, p.Instance, name, o)
	if err != nil {
		return nil, err
	}
	p.Subject = key.IAMID()
	if _, err := client.CreatePolicy(ctx, p); err != nil {
		return nil, errors.Join(err, client.DeleteKey(context.WithoutCancel(ctx), key.ID))
	}
	key.Role = p.Roles[0]
	return key, nil
}

// secretFile is a new file that only its owner can read. The nil one is no file.
type secretFile struct{ *os.File }

// createSecret makes a file, which must not exist, or none if name is empty.
func createSecret(name string) (*secretFile, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &secretFile{f}, nil
}

// discard removes the file, which nothing was written to.
func (f *secretFile) discard() error {
	if f == nil {
		return nil
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// handOut writes the document of a new credential, which is the only time that its secrets are shown.
func (i *iamCommand) handOut(key *iam.Key, out *secretFile) error {
	doc, err := json.Marshal(key.Credentials)
	if err != nil {
		return err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, doc, "", "  "); err != nil {
		return err
	}
	indented.WriteByte('\n')
	r := keyCredential("create_credential", key)
	switch {
	case out != nil:
		_, err = indented.WriteTo(out)
		if err = errors.Join(err, out.Close()); err != nil {
			return err
		}
	case i.flags.json:
		r.Credentials = doc
	default:
		return i.printf("%s", indented.String())
	}
	if i.flags.json {
		return i.emit(r)
	}
	return nil
}

func (i *iamCommand) removeKeys() *cobra.Command {
	return &cobra.Command{
		Use:   "rm ID...",
		Short: "Remove credentials",
		Long: `Remove credentials, given by the id that icos iam keys ls shows. They stop working at
once, and so do the tokens made of them.

` + exitHelp,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return i.remove(cmd.Context(), args, "remove_credential", (*iam.Client).DeleteKey)
		},
	}
}

// remove removes what ids name, and stops at the first error.
func (i *iamCommand) remove(ctx context.Context, ids []string, kind string, remove func(*iam.Client, context.Context, string) error) error {
	client, _, err := i.manager()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := remove(client, ctx, id); err != nil {
			return err
		}
		if i.flags.json {
			if err := i.emit(record{Type: kind, ID: id}); err != nil {
				return err
			}
			continue
		}
		i.notef("removed %s\n", printable(id))
	}
	return nil
}

// account returns the account of the instance that is configured, or "".
func accountOf(found *auth.Found) string { return crnField(found.InstanceID, 6) }
