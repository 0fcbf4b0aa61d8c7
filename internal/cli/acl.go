package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newACL(a *app) *cobra.Command {
	var grants []string
	var block, ignore string
	cmd := &cobra.Command{
		Use:   "acl cos://BUCKET[/KEY] [private|public-read]",
		Short: "Show or set who may read a bucket or an object",
		Long: `Show the owner and the grants of a bucket or an object, or replace them by a canned
ACL: private leaves the owner alone, public-read lets anyone read without
credentials. --grant gives permissions one by one, to everyone or to the id of a service
instance, and replaces what was there.

--block-public has a bucket refuse ACLs that are for everybody, and --ignore-public has
those that are set let nobody in.

What roles allow is not part of an ACL: see icos iam.

` + exitHelp,
		Example: `  icos acl cos://my-bucket
  icos acl cos://my-bucket/logo.svg public-read
  icos acl cos://my-bucket --grant read=everyone
  icos acl cos://my-bucket --block-public on --ignore-public on`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := parseRemote(args[0], "cos://BUCKET/KEY")
			if err != nil {
				return err
			}
			list, err := parseGrants(grants)
			switch {
			case err != nil:
				return &usageError{err}
			case len(list) > 0 && len(args) == 2:
				return &usageError{errors.New("--grant takes the place of a canned ACL")}
			case l.key != "" && block+ignore != "":
				return &usageError{errors.New("--block-public and --ignore-public are settings of a bucket")}
			}
			client, err := a.client()
			if err != nil {
				return err
			}
			defer client.Close()
			if block+ignore != "" {
				if err := a.setPublicBlock(cmd.Context(), client.Bucket(l.bucket), block, ignore); err != nil {
					return err
				}
				if len(args) == 1 && len(list) == 0 {
					return nil
				}
			}
			h := aclOf(client, l)
			switch {
			case len(args) == 2:
				return a.setACL(l, args[1], h.SetACL(cmd.Context(), icos.CannedACL(args[1])))
			case len(list) > 0:
				return a.setACL(l, strings.Join(grants, " "), h.SetGrants(cmd.Context(), list...))
			}
			acl, err := h.ACL(cmd.Context())
			if err != nil {
				return fmt.Errorf("read ACL of %s: %w", l, err)
			}
			if err := a.showACL(l, acl); err != nil || l.key != "" {
				return err
			}
			return a.showPublicBlock(cmd.Context(), client.Bucket(l.bucket))
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&grants, "grant", nil, "give a permission: `PERMISSION=WHO`, read, write, read-acp, write-acp or full-control to everyone or an instance id")
	f.StringVar(&block, "block-public", "", "refuse new ACLs that are for everybody: `ON` is on or off")
	f.StringVar(&ignore, "ignore-public", "", "let nobody in by an ACL that is for everybody: `ON` is on or off")
	for _, flag := range []string{"block-public", "ignore-public"} {
		a.oneOf(cmd, flag, "on", "off")
	}
	return cmd
}

// parseGrants reads grants such as read=everyone.
func parseGrants(list []string) ([]icos.Grant, error) {
	var grants []icos.Grant
	for _, s := range list {
		permission, who, found := strings.Cut(s, "=")
		permission = strings.ReplaceAll(strings.ToUpper(permission), "-", "_")
		switch {
		case !found || who == "":
			return nil, fmt.Errorf("--grant %s: write PERMISSION=WHO, such as read=everyone", s)
		case !slices.Contains([]string{"READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"}, permission):
			return nil, fmt.Errorf("--grant %s: there are read, write, read-acp, write-acp and full-control", s)
		}
		g := icos.Grant{Grantee: icos.Grantee{ID: who}, Permission: permission}
		if who == "everyone" {
			g.Grantee = icos.Grantee{URI: icos.AllUsers}
		}
		grants = append(grants, g)
	}
	return grants, nil
}

// setACL says what became of an ACL that was set.
func (a *app) setACL(l location, value string, err error) error {
	if err != nil {
		return fmt.Errorf("set ACL of %s: %w", l, err)
	}
	if a.flags.json {
		r := record{Type: "set_acl", Bucket: l.bucket, Value: value}
		if l.key != "" {
			r.Key = &l.key
		}
		return a.emit(r)
	}
	a.notef("%s is now %s\n", l, value)
	return nil
}

// setPublicBlock changes the settings that are given, as on or off.
func (a *app) setPublicBlock(ctx context.Context, b *icos.Bucket, block, ignore string) error {
	p, err := b.PublicAccessBlock(ctx)
	if err != nil {
		return err
	}
	for _, setting := range []struct {
		name, value string
		on          *bool
	}{{"--block-public", block, &p.BlockACLs}, {"--ignore-public", ignore, &p.IgnoreACLs}} {
		switch setting.value {
		case "":
		case "on", "off":
			*setting.on = setting.value == "on"
		default:
			return &usageError{fmt.Errorf("%s %s: it is on or off", setting.name, setting.value)}
		}
	}
	if err := b.SetPublicAccessBlock(ctx, p); err != nil {
		return err
	}
	if a.flags.json {
		return a.emit(record{Type: "set_public_block", Bucket: b.Name(), BlockACLs: p.BlockACLs, IgnoreACLs: p.IgnoreACLs})
	}
	return a.tellPublicBlock(p)
}

// showPublicBlock adds to the ACL of a bucket what becomes of public ones. Those who may read the ACL may not always read that.
func (a *app) showPublicBlock(ctx context.Context, b *icos.Bucket) error {
	p, err := b.PublicAccessBlock(ctx)
	if e, ok := errors.AsType[*icos.Error](err); ok && (e.StatusCode == http.StatusForbidden || e.StatusCode == http.StatusNotImplemented) || a.flags.json {
		return nil
	}
	if err != nil {
		return err
	}
	return a.tellPublicBlock(p)
}

func (a *app) tellPublicBlock(p icos.PublicAccessBlock) error {
	if p.BlockACLs {
		if err := a.printf("%-14s %s\n", "public ACLs", "new ones are refused"); err != nil {
			return err
		}
	}
	if p.IgnoreACLs {
		return a.printf("%-14s %s\n", "public ACLs", "let nobody in")
	}
	return nil
}

// aclHandle is what buckets and objects have in common here.
type aclHandle interface {
	ACL(ctx context.Context) (*icos.ACL, error)
	SetACL(ctx context.Context, acl icos.CannedACL) error
	SetGrants(ctx context.Context, grants ...icos.Grant) error
}

func aclOf(client *icos.Client, l location) aclHandle {
	if l.key == "" {
		return client.Bucket(l.bucket)
	}
	return client.Bucket(l.bucket).Object(l.key)
}

func (a *app) showACL(l location, acl *icos.ACL) error {
	if a.flags.json {
		r := record{Type: "acl", Bucket: l.bucket, Owner: acl.Owner.ID}
		if l.key != "" {
			r.Key = &l.key
		}
		for _, g := range acl.Grants {
			r.Grants = append(r.Grants, grantRecord{Grantee: g.Grantee.String(), Permission: g.Permission})
		}
		return a.emit(r)
	}
	if err := a.printf("%-14s %s\n", "owner", printable(acl.Owner.String())); err != nil {
		return err
	}
	for _, g := range acl.Grants {
		if err := a.printf("%-14s %s\n", g.Permission, printable(g.Grantee.String())); err != nil {
			return err
		}
	}
	return nil
}
