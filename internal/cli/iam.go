package cli

import (
	"errors"
	"log/slog"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/iam"
	"github.com/icos-go/icos/resourceconfig"
)

func newIAM(a *app) *cobra.Command {
	i := &iamCommand{app: a}
	cmd := &cobra.Command{
		Use:   "iam",
		Short: "Say who may do what: roles, keys, policies, public access",
		Long: `Manage the credentials of a service instance and the policies that give roles in it.

A credential has an API key and, if asked for, HMAC keys. A policy gives somebody a role
on the instance, a bucket, or the objects below a prefix; several add up, and what none
gives is denied. To manage takes an API key that is a Manager of the instance; HMAC keys
are of no use here.

On IBM Cloud this is IAM at iam.cloud.ibm.com and the Resource Controller, unless
ICOS_IAM_ENDPOINT says otherwise; with the credentials of a local COS it is that.

` + exitHelp,
	}
	keys := &cobra.Command{Use: "keys", Short: "List, make and remove credentials"}
	keys.AddCommand(i.listKeys(), i.createKey(), i.removeKeys())
	policies := &cobra.Command{Use: "policies", Short: "List, add and remove policies"}
	policies.AddCommand(i.listPolicies(), i.addPolicy(), i.removePolicies())
	cmd.AddCommand(i.roles(), keys, policies, i.public())
	return cmd
}

// iamCommand is what the commands below icos iam share.
type iamCommand struct{ *app }

// identity is who runs the command, as an identity of IAM.
func (a *app) identity() (*auth.Found, error) {
	if a.flags.anon {
		return nil, &usageError{errors.New("--anonymous sends no credentials, and this takes an API key")}
	}
	a.flags.identity = true
	found, err := a.find()
	if err == nil && a.flags.instance != "" {
		found.InstanceID = a.flags.instance
	}
	return found, err
}

// beside returns the URL of a service beside that which gives out tokens, if that is not IBM's own: then everything is in one
// place. Otherwise it is empty, and the service is where IBM has it.
func beside(found *auth.Found) string {
	u, err := url.Parse(found.AuthEndpoint)
	if err != nil || u.Host == "" || strings.HasSuffix(u.Hostname(), ".cloud.ibm.com") || strings.HasSuffix(u.Hostname(), ".bluemix.net") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// debugLogger gets the requests of a run with --debug; nil otherwise.
func (a *app) debugLogger() *slog.Logger {
	if !a.flags.debug {
		return nil
	}
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// manager returns the client to manage with, and whose credentials it has.
func (i *iamCommand) manager() (*iam.Client, *auth.Found, error) {
	found, err := i.identity()
	if err != nil {
		return nil, nil, err
	}
	endpoint := i.getenv("ICOS_IAM_ENDPOINT")
	if endpoint == "" {
		endpoint = beside(found)
	}
	client, err := iam.New(iam.Config{Credentials: found.Credentials, Endpoint: endpoint, Logger: i.debugLogger()})
	return client, found, err
}

// bucketConfig returns the client for what of buckets is beside S3.
func (a *app) bucketConfig() (*resourceconfig.Client, error) {
	found, err := a.identity()
	if err != nil {
		return nil, err
	}
	endpoint := a.getenv("ICOS_CONFIG_ENDPOINT")
	if endpoint == "" {
		endpoint = beside(found)
	}
	return resourceconfig.New(resourceconfig.Config{Credentials: found.Credentials, Endpoint: endpoint, Logger: a.debugLogger()})
}

func (i *iamCommand) roles() *cobra.Command {
	return &cobra.Command{
		Use:   "roles",
		Short: "List the roles of COS, and what each may do",
		Long: `List the roles of COS, the strongest first.

` + exitHelp,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			about := map[iam.Role]string{
				iam.Manager:       "what a Writer may, ACLs, retention policies, quota, firewall, and who may do what",
				iam.Writer:        "what a Reader may, and make, change and delete buckets and objects",
				iam.Reader:        "what a Content Reader may, list buckets, and read configurations and tags",
				iam.ContentReader: "list and read objects",
				iam.ObjectReader:  "read objects whose names it knows",
				iam.ObjectWriter:  "write objects and their tags, and neither read nor delete them",
			}
			for _, r := range iam.Roles() {
				if i.flags.json {
					if err := i.emit(record{Type: "role", Name: string(r), CRN: r.CRN(), Detail: about[r]}); err != nil {
						return err
					}
					continue
				}
				if err := i.printf("%-14s %s\n", r, about[r]); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
