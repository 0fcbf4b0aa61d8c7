package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/iam"
)

// crnField returns one of the ten fields of a CRN, without the a/ before an account; "" if s is no CRN.
func crnField(s string, n int) string {
	f := strings.Split(s, ":")
	if len(f) != 10 || f[0] != "crn" {
		return ""
	}
	return strings.TrimPrefix(f[n], "a/")
}

// scopeOf says what a policy is about.
func scopeOf(p *iam.Policy) string {
	switch {
	case p.Service == iam.KeyProtect && p.Instance == "":
		return "Key Protect"
	case p.Service == iam.KeyProtect:
		return "Key Protect instance " + p.Instance
	case p.Prefix != "":
		return "cos://" + p.Bucket + "/" + p.Prefix
	case p.Bucket != "" && p.Rule != nil:
		return "cos://" + p.Bucket + ", with a condition"
	case p.Bucket != "":
		return "cos://" + p.Bucket
	case p.Instance != "":
		return "instance " + crnField(p.Instance, 7)
	}
	return "the account"
}

func iamPolicyRecord(kind string, p *iam.Policy) record {
	r := record{
		Type: kind, ID: p.ID, Subject: p.Subject, Instance: p.Instance, Bucket: p.Bucket, Prefix: p.Prefix, Detail: p.Description,
		Created: timestamp(p.Created),
	}
	for _, role := range p.Roles {
		r.Roles = append(r.Roles, string(role))
	}
	return r
}

func (i *iamCommand) showPolicy(kind string, p *iam.Policy) error {
	if i.flags.json {
		return i.emit(iamPolicyRecord(kind, p))
	}
	roles := make([]string, len(p.Roles))
	for n, r := range p.Roles {
		roles[n] = string(r)
	}
	subject := p.Subject
	if subject == iam.PublicAccess {
		subject = "everyone"
	}
	return i.printf("%s  %-14s %s  %s\n", p.ID, strings.Join(roles, ","), printable(subject), printable(scopeOf(p)))
}

func (i *iamCommand) listPolicies() *cobra.Command {
	var bucket, subject string
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List policies on COS and Key Protect",
		Long: `List the policies on COS and Key Protect that you may see: id, roles, who has them, and on what.

` + exitHelp,
		Example: `  icos iam policies ls --bucket reports
  icos iam policies ls --subject everyone`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if bucket != "" {
				name, err := parseBucket(bucket)
				if err != nil {
					return &usageError{err}
				}
				bucket = name
			}
			client, found, err := i.manager()
			if err != nil {
				return err
			}
			in := &iam.PoliciesOptions{Account: accountOf(found), Subject: subjectOf(subject)}
			for p, err := range client.Policies(cmd.Context(), in) {
				if err != nil {
					return err
				}
				if bucket != "" && p.Bucket != bucket {
					continue
				}
				if err := i.showPolicy("policy", p); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&bucket, "bucket", "", "those on the one bucket `NAME` only")
	cmd.Flags().StringVar(&subject, "subject", "", "those of one `IAM-ID`, or of everyone, only")
	return cmd
}

// subjectOf reads who a policy is for on the command line.
func subjectOf(s string) string {
	if s == "everyone" {
		return iam.PublicAccess
	}
	return s
}

func (i *iamCommand) addPolicy() *cobra.Command {
	var subject, role, bucket, prefix, description string
	var keyProtect bool
	cmd := &cobra.Command{
		Use:   "add --subject IAM-ID --role ROLE [--bucket NAME [--prefix PREFIX]]",
		Short: "Give somebody a role",
		Long: `Give somebody a role on the service instance, on one of its buckets, or on the objects
below a prefix. The subject is an IAM ID, as icos iam keys ls shows, of this instance
or of another of the account; or everyone, for a bucket and the roles ContentReader and
ObjectReader.

With --key-protect the role is on the instance of Key Protect that icos kms uses, and one
of Reader, Writer and Manager: roles on COS give none on root keys.

` + exitHelp,
		Example: `  icos iam policies add --subject iam-ServiceId-1234 --role Reader --bucket reports
  icos iam policies add --subject everyone --role ObjectReader --bucket website
  icos iam policies add --subject iam-ServiceId-1234 --role Reader --key-protect`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if subject == "" {
				return &usageError{errors.New("--subject is missing: an IAM ID of icos iam keys ls, or everyone")}
			}
			if keyProtect && bucket != "" {
				return &usageError{errors.New("--key-protect and --bucket: a policy is about one of the two")}
			}
			r, err := parseScope(role, &bucket, prefix)
			if err != nil {
				return &usageError{err}
			}
			client, found, err := i.manager()
			if err != nil {
				return err
			}
			p := &iam.Policy{
				Subject: subjectOf(subject), Roles: []iam.Role{r}, Instance: found.InstanceID, Bucket: bucket, Prefix: prefix, Description: description,
			}
			if keyProtect {
				p.Service = iam.KeyProtect
				// The account is that of COS if a UUID names the instance.
				if p.Instance, p.Account = found.KMSInstance, accountOf(found); p.Instance == "" {
					return errors.New("no instance of Key Protect is named; set ICOS_KMS_INSTANCE to its CRN")
				}
			}
			if p, err = client.CreatePolicy(cmd.Context(), p); err != nil {
				return err
			}
			return i.showPolicy("create_policy", p)
		},
	}
	f := cmd.Flags()
	f.StringVar(&subject, "subject", "", "who: an `IAM-ID`, or everyone")
	f.StringVar(&role, "role", "", "`ROLE`: what they may do, one of icos iam roles")
	f.StringVar(&bucket, "bucket", "", "`NAME` of the one bucket it is about")
	f.StringVar(&prefix, "prefix", "", "`PREFIX` that the keys begin with that it is about")
	f.BoolVar(&keyProtect, "key-protect", false, "on the instance of Key Protect that icos kms uses")
	f.StringVar(&description, "description", "", "`TEXT` that says what it is for")
	i.oneOf(cmd, "role", roleNames()...)
	return cmd
}

func (i *iamCommand) removePolicies() *cobra.Command {
	return &cobra.Command{
		Use:   "rm ID...",
		Short: "Remove policies",
		Long: `Remove policies, given by the id that icos iam policies ls shows. What they gave is
denied from then on.

` + exitHelp,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return i.remove(cmd.Context(), args, "remove_policy", (*iam.Client).DeletePolicy)
		},
	}
}

// needBucket fails if there is no bucket of that name: IAM makes policies about any.
func (i *iamCommand) needBucket(ctx context.Context, name string) error {
	client, err := i.client()
	if err != nil {
		return err
	}
	_, err = client.Bucket(name).Stat(ctx)
	return err
}

func (i *iamCommand) public() *cobra.Command {
	var list bool
	cmd := &cobra.Command{
		Use:   "public cos://BUCKET [on|off]",
		Short: "Show or set whether everyone may read a bucket",
		Long: `Let everyone read the objects of a bucket without credentials, by a policy for the
Public Access group, or take that back. With --list everyone may list them, too.
Without on or off, say which it is.

To open a single object, use icos acl.

` + exitHelp,
		Example: `  icos iam public cos://website on
  icos iam public cos://website off`,
		Args:      cobra.RangeArgs(1, 2),
		ValidArgs: []string{"on", "off"},
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := parseRemote(args[0], "cos://BUCKET")
			if err != nil {
				return err
			}
			if l.key != "" {
				return &usageError{fmt.Errorf("%s: public access is to a bucket; icos acl opens an object", l)}
			}
			client, found, err := i.manager()
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			var public []*iam.Policy
			for p, err := range client.Policies(ctx, &iam.PoliciesOptions{Account: accountOf(found), Subject: iam.PublicAccess}) {
				if err != nil {
					return err
				}
				if p.Bucket == l.bucket {
					public = append(public, p)
				}
			}
			role := iam.ObjectReader
			if list {
				role = iam.ContentReader
			}
			state := "off"
			switch {
			case len(args) == 1:
				if len(public) > 0 {
					state = string(public[0].Roles[0])
				}
			case args[1] == "on":
				if err := i.needBucket(ctx, l.bucket); err != nil {
					return err
				}
				state = string(role)
				p := &iam.Policy{Subject: iam.PublicAccess, Roles: []iam.Role{role}, Instance: found.InstanceID, Bucket: l.bucket}
				if _, err := client.CreatePolicy(ctx, p); err != nil {
					return err
				}
				fallthrough
			case args[1] == "off": // what was there is replaced by what was made
				for _, p := range public {
					if err := client.DeletePolicy(ctx, p.ID); err != nil {
						return err
					}
				}
			default:
				return &usageError{fmt.Errorf("%q is neither on nor off", args[1])}
			}
			if i.flags.json {
				return i.emit(record{Type: "public", Bucket: l.bucket, Value: state})
			}
			words := map[string]string{
				"off": "not public", string(iam.ObjectReader): "public: everyone may read its objects",
				string(iam.ContentReader): "public: everyone may list and read its objects",
			}
			return i.printf("%s is %s\n", l, words[state])
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "with on: everyone may list the objects, too")
	return cmd
}
