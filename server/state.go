package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/icos-go/icos/server/ats"
	"github.com/icos-go/icos/server/authn"
	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/kms"
	"github.com/icos-go/icos/server/lifecycle"
	"github.com/icos-go/icos/server/replication"
	"github.com/icos-go/icos/server/resourceconfig"
	"github.com/icos-go/icos/server/s3api"
	"github.com/icos-go/icos/server/store"
)

// A state is the data of a server, and the services over it. Restore replaces it as a whole.
type state struct {
	store      *store.Store
	iam        *iam.Service
	kms        *kms.Service
	s3         http.Handler
	ats        *ats.Service
	config     *resourceconfig.Service
	sweeper    *lifecycle.Sweeper
	replicator *replication.Replicator
}

// openState opens the data in dir, and does nothing with it yet.
func (s *Server) openState(dir string) (*state, error) {
	cfg := &s.cfg
	// The store comes first: it locks the directory against a second server.
	st, err := store.Open(filepath.Join(dir, "store"), &store.Options{FS: cfg.FS, Now: cfg.Clock.Now, Logger: cfg.Logger})
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	ids, err := iam.New(iam.Config{
		Dir: below(dir, "iam"), Now: cfg.Now, Logger: cfg.Logger, TokenTTL: cfg.TokenTTL, SigningKey: cfg.SigningKey,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("server: open identities: %w", err), st.Close())
	}
	keys, err := kms.New(kms.Config{
		Dir: below(dir, "kms"), Now: cfg.Clock.Now, TokenNow: cfg.Now, IAM: ids, Region: cfg.Location,
		Registrations: registrations(st, ids), Logger: cfg.Logger,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("server: open keys: %w", err), st.Close())
	}
	d := &state{
		store:   st,
		iam:     ids,
		kms:     keys,
		sweeper: lifecycle.New(lifecycle.Config{Store: st, Now: cfg.Clock.Now, Logger: cfg.Logger}),
		replicator: replication.New(replication.Config{
			Store: st, Sealer: s3api.NewSealer(keys, cfg.Encrypt), Now: cfg.Clock.Now, Logger: cfg.Logger,
		}),
		config: resourceconfig.New(resourceconfig.Config{Store: st, IAM: ids, Now: cfg.Now, Today: cfg.Clock.Now, Logger: cfg.Logger}),
		ats:    ats.New(ats.Config{Store: st, IAM: ids, Access: s3api.NewAuthorizer(ids), Now: cfg.Now, Logger: cfg.Logger}),
	}
	d.s3 = s3api.New(s3api.Config{
		Store: st, IAM: ids, Authn: authn.New(authn.Config{Directory: ids, Now: cfg.Now, Hosts: cfg.Hosts}),
		Hosts: cfg.Hosts, WebsiteHosts: cfg.WebsiteHosts, NameHold: cfg.NameHold, Location: cfg.Location, Reserved: []string{"identity", "oidc", "api"},
		Now: cfg.Now, Today: cfg.Clock.Now, Keys: keys, Encrypt: cfg.Encrypt, Replicator: d.replicator, Faults: &s.faults, Journal: s.journal, Logger: cfg.Logger,
	})
	return d, nil
}

// begin goes on with what is to be replicated.
func (d *state) begin() error {
	if err := d.replicator.Resume(context.Background()); err != nil {
		return fmt.Errorf("server: go on with replication: %w", err)
	}
	return nil
}

// close ends the work in the background and closes the store.
func (d *state) close() error {
	d.replicator.Close()
	if err := d.store.Close(); err != nil {
		return fmt.Errorf("server: close store: %w", err)
	}
	return nil
}

// below returns dir/name, or "" if dir is empty.
func below(dir, name string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}
