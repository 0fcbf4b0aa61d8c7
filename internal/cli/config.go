package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/auth"
)

func newConfig(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "Show what is configured and where each value comes from",
		Long: `Show the endpoint, the credentials and all else that the next command would use,
where each value was found, and which places were looked at and passed over, and
why. Secrets are never shown. Nothing is sent anywhere; "icos doctor" does that.

` + exitHelp,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			found, err := a.find()
			if err != nil {
				return err
			}
			return a.showConfig(found)
		},
	}
}

func (a *app) showConfig(found *auth.Found) error {
	sources := []auth.Source{{Field: "credentials", Value: string(found.Kind)}}
	overridden := map[string]string{}
	for field, flag := range map[string]struct{ name, value string }{
		"endpoint":    {"--endpoint", a.flags.endpoint},
		"instance id": {"--instance", a.flags.instance},
		"location":    {"--location", a.flags.location},
	} {
		if flag.value != "" {
			overridden[field] = flag.name
			sources = append(sources, auth.Source{Field: field, Source: flag.name, Value: flag.value})
		}
	}
	for _, s := range found.Sources {
		if by := overridden[s.Field]; by != "" {
			s.Warning = "overridden by " + by
		}
		sources = append(sources, s)
	}
	for _, s := range sources {
		if err := a.showSource(s); err != nil {
			return err
		}
	}
	for _, s := range found.Skipped {
		if a.flags.json {
			if err := a.emit(record{Type: "skipped", Source: s.Source, Message: s.Why}); err != nil {
				return err
			}
			continue
		}
		if err := a.printf("%-20s  %s: %s\n", "not used", printable(s.Source), printable(s.Why)); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) showSource(s auth.Source) error {
	if a.flags.json {
		return a.emit(record{Type: "config", Name: s.Field, Value: s.Value, Source: s.Source, Hint: s.Warning})
	}
	from := ""
	if s.Source != "" {
		from = "  from " + s.Source
	}
	if s.Warning != "" {
		from += "  (" + s.Warning + ")"
	}
	return a.printf("%-20s  %s%s\n", s.Field, printable(cmp.Or(s.Value, "-")), from)
}
