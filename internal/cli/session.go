package cli

import (
	"cmp"
	"log/slog"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
)

// find runs the credential chain with this run's environment.
func (a *app) find() (*auth.Found, error) {
	return auth.Find(&auth.ChainOptions{Getenv: a.getenv, Home: a.home, Profile: a.flags.profile, PreferAPIKey: a.flags.identity})
}

// config is what the chain found, with what flags say put over it. The commands
// of one run share what they find.
func (a *app) config() (icos.Config, error) {
	if a.shared != nil {
		return a.shared.config(a.flags, a.findConfig)
	}
	return a.findConfig()
}

func (a *app) findConfig() (icos.Config, error) {
	var cfg icos.Config
	if a.flags.anon {
		cfg.Credentials = auth.Anonymous
		cfg.Endpoint = a.getenv("ICOS_ENDPOINT")
	} else {
		found, err := a.find()
		if err != nil {
			return icos.Config{}, err
		}
		cfg = icos.Config{
			Endpoint:     found.Endpoint,
			EndpointsURL: found.EndpointsURL,
			Credentials:  found.Credentials,
			InstanceID:   found.InstanceID,
			Location:     found.Location,
		}
	}
	cfg.Endpoint = cmp.Or(a.flags.endpoint, cfg.Endpoint)
	cfg.InstanceID = cmp.Or(a.flags.instance, cfg.InstanceID)
	cfg.Location = cmp.Or(a.flags.location, cfg.Location)
	if a.flags.debug {
		cfg.Logger = slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	cfg.UserAgent = "icos-cli/" + version()
	return cfg, nil
}

// client is the service as flags, environment and files say. The caller closes it.
func (a *app) client() (*icos.Client, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	return icos.NewClient(cfg)
}
