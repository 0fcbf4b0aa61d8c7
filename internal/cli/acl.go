package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newACL(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "acl cos://BUCKET[/KEY] [private|public-read]",
		Short: "Show or set who may read a bucket or an object",
		Long: `Show the owner and the grants of a bucket or an object, or replace them by a canned
ACL: private leaves the owner alone, public-read lets anyone read without
credentials.

` + exitHelp,
		Example: `  icos acl cos://my-bucket
  icos acl cos://my-bucket/logo.svg public-read`,
		Args:      cobra.RangeArgs(1, 2),
		ValidArgs: []string{"private", "public-read"},
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := parseRemote(args[0], "cos://BUCKET/KEY")
			if err != nil {
				return err
			}
			client, err := a.client()
			if err != nil {
				return err
			}
			defer client.Close()
			h := aclOf(client, l)
			if len(args) == 2 {
				if err := h.SetACL(cmd.Context(), icos.CannedACL(args[1])); err != nil {
					return fmt.Errorf("set ACL of %s: %w", l, err)
				}
				if a.flags.json {
					r := record{Type: "set_acl", Bucket: l.bucket, Value: args[1]}
					if l.key != "" {
						r.Key = &l.key
					}
					return a.emit(r)
				}
				a.notef("%s is now %s\n", l, args[1])
				return nil
			}
			acl, err := h.ACL(cmd.Context())
			if err != nil {
				return fmt.Errorf("read ACL of %s: %w", l, err)
			}
			return a.showACL(l, acl)
		},
	}
}

// aclHandle is what buckets and objects have in common here.
type aclHandle interface {
	ACL(ctx context.Context) (*icos.ACL, error)
	SetACL(ctx context.Context, acl icos.CannedACL) error
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

func newPresign(a *app) *cobra.Command {
	var method string
	var expires time.Duration
	cmd := &cobra.Command{
		Use:   "presign cos://BUCKET/KEY",
		Short: "Print a URL that lets anyone read or write one object for a while",
		Long: `Print a URL that carries a signature in it. Whoever has the URL can read the object
(or write it, with --method PUT) until it expires.

Only HMAC keys can sign a URL; an IAM API key cannot. A service credential made
with the option to include HMAC has both.

` + exitHelp,
		Example: `  icos presign cos://my-bucket/report.pdf
  curl -T new.pdf "$(icos presign --method PUT --expires 10m cos://my-bucket/new.pdf)"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if expires < time.Second {
				return &usageError{fmt.Errorf("--expires %v: at least one second is needed", expires)}
			}
			return a.eachObject(cmd.Context(), args, func(ctx context.Context, obj *icos.Object, at location) error {
				u, err := obj.Presign(ctx, strings.ToUpper(method), expires, nil)
				if err != nil {
					return fmt.Errorf("presign %s: %w", at, err)
				}
				if a.flags.json {
					return a.emit(record{Type: "url", Bucket: at.bucket, Key: &at.key, URL: u.URL, Expires: timestamp(u.Expires)})
				}
				return a.printf("%s\n", u.URL)
			})
		},
	}
	cmd.Flags().StringVar(&method, "method", "GET", "what the URL allows: GET, PUT, HEAD or DELETE")
	cmd.Flags().DurationVar(&expires, "expires", time.Hour, "how long it works")
	return cmd
}
