package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/resourceconfig"
)

func newFirewall(a *app) *cobra.Command {
	var allow, deny []string
	var off bool
	cmd := &cobra.Command{
		Use:   "firewall cos://BUCKET [--allow NETWORK]... [--deny NETWORK]... [--off]",
		Short: "Show or set from where a bucket can be reached",
		Long: `Show or set the addresses and networks, as 192.0.2.7 or 2001:db8::/32, from which a
bucket can be reached, whatever policies and ACLs allow. What is set replaces what was;
--off takes the firewall away. Settings themselves can be changed from everywhere, so
that a mistake locks nobody out. It takes an API key that is a Manager; HMAC keys are
of no use here.

` + exitHelp,
		Example: `  icos firewall cos://my-bucket --allow 192.0.2.0/24 --deny 192.0.2.7
  icos firewall cos://my-bucket --off`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := parseRemote(args[0], "cos://BUCKET")
			switch {
			case err != nil:
				return err
			case l.key != "":
				return &usageError{fmt.Errorf("%s: firewalls are of buckets", l)}
			case off && len(allow)+len(deny) > 0:
				return &usageError{errors.New("--off goes with neither --allow nor --deny")}
			}
			client, err := a.bucketConfig()
			if err != nil {
				return err
			}
			if off || len(allow)+len(deny) > 0 {
				f := &resourceconfig.Firewall{Allowed: append([]string{}, allow...), Denied: append([]string{}, deny...)}
				if off {
					f.Networks = []string{}
				}
				if err := client.Update(cmd.Context(), l.bucket, resourceconfig.Patch{Firewall: f}); err != nil {
					return fmt.Errorf("set firewall of %s: %w", l, err)
				}
			}
			b, err := client.Bucket(cmd.Context(), l.bucket)
			if err != nil {
				return fmt.Errorf("read firewall of %s: %w", l, err)
			}
			return a.showFirewall(l, b.Firewall)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&allow, "allow", nil, "let `NETWORK` in, and no others but those of further --allow")
	f.StringArrayVar(&deny, "deny", nil, "keep `NETWORK` out")
	f.BoolVar(&off, "off", false, "let everything in")
	return cmd
}

func (a *app) showFirewall(l location, f *resourceconfig.Firewall) error {
	if f == nil {
		f = &resourceconfig.Firewall{}
	}
	if a.flags.json {
		return a.emit(record{Type: "firewall", Bucket: l.bucket, Allowed: f.Allowed, Denied: f.Denied, Networks: f.Networks})
	}
	if len(f.Allowed)+len(f.Denied)+len(f.Networks) == 0 {
		return a.printf("%s has no firewall\n", l)
	}
	for _, list := range []struct {
		word    string
		entries []string
	}{{"allow", f.Allowed}, {"deny", f.Denied}, {"network", f.Networks}} {
		for _, e := range list.entries {
			if err := a.printf("%-8s %s\n", list.word, printable(e)); err != nil {
				return err
			}
		}
	}
	return nil
}
