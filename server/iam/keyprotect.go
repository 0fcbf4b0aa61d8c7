package iam

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// KeyProtect is the service of policies on instances of Key Protect.
const KeyProtect = "kms"

// AddKeyProtect makes an instance of Key Protect known, given by its UUID, so that policies can be about it. Its owner, an IAM ID, or
// the first identity if that is empty, becomes a Manager of it; and the owner's instance of COS is authorized to use its root keys. If
// the instance is known already, nothing changes.
func (s *Service) AddKeyProtect(ctx context.Context, id, name, owner string) error {
	if s.state.Load().rec.hasKeyProtect(id) {
		return nil
	}
	_, err := s.change(ctx, func(rec *record) (identity, error) {
		if rec.hasKeyProtect(id) {
			return identity{}, nil
		}
		holder := rec.Identities[0]
		if i := slices.IndexFunc(rec.Identities, func(x identity) bool { return "iam-"+x.ID == owner }); i >= 0 {
			holder = rec.Identities[i]
		} else if owner != "" {
			return identity{}, ErrNotFound
		}
		now := s.now().UTC().Truncate(time.Second)
		rec.KeyProtect = append(rec.KeyProtect, instance{ID: id, Name: name, Created: now})
		rec.addPolicy(Policy{Subject: "iam-" + holder.ID, Roles: []Role{Manager}, Service: KeyProtect, Instance: id}, now)
		rec.addPolicy(Policy{Source: holder.Instance, Roles: []Role{Reader}, Service: KeyProtect, Instance: id}, now)
		return identity{}, nil
	})
	if err != nil {
		return fmt.Errorf("iam: add Key Protect instance: %w", err)
	}
	return nil
}

// KeyProtectRole returns the strongest role that p has on an instance of Key Protect, 0 if none. Roles on COS are none there.
func (s *Service) KeyProtectRole(p Principal, instance string) Role {
	sub := s.state.Load().subjects[p.ID]
	if sub == nil {
		return 0
	}
	var all roleSet
	for i := range sub.grants {
		if g := &sub.grants[i]; g.service == KeyProtect && (g.instance == "" || g.instance == instance) {
			all |= g.roles
		}
	}
	for _, r := range []Role{Manager, Writer, Reader} {
		if all&(1<<r) != 0 {
			return r
		}
	}
	return 0
}

// Authorized reports whether an instance of COS may encrypt its buckets under root keys of an instance of Key Protect, both given by
// UUID.
func (s *Service) Authorized(cos, keyProtect string) bool {
	return slices.ContainsFunc(s.state.Load().rec.Policies, func(p Policy) bool {
		return p.Source != "" && p.Source == cos && p.Service == KeyProtect && (p.Instance == "" || p.Instance == keyProtect)
	})
}

// checkKeyProtect refuses what policies on Key Protect cannot be.
func (p *Policy) checkKeyProtect() error {
	weak := func(r Role) bool { return r < Reader }
	switch {
	case p.Bucket != "" || p.Condition != nil:
		return fmt.Errorf("%w: one on Key Protect is about an instance as a whole, or all of the account", ErrPolicy)
	case slices.ContainsFunc(p.Roles, weak):
		return fmt.Errorf("%w: Key Protect has the roles Reader, Writer and Manager", ErrPolicy)
	case p.Source != "" && (len(p.Roles) != 1 || p.Roles[0] != Reader):
		return fmt.Errorf("%w: an authorization of COS gives it the role Reader", ErrPolicy)
	}
	return nil
}

func (r *record) hasKeyProtect(id string) bool {
	return slices.ContainsFunc(r.KeyProtect, func(in instance) bool { return in.ID == id })
}

// instanceOf is instanceID for a service.
func instanceOf(service, s string) string {
	if service == "" || !strings.HasPrefix(s, "crn:") {
		return instanceID(s)
	}
	f := strings.Split(s, ":")
	if len(f) != 10 || f[4] != service {
		return ""
	}
	return f[7]
}
