package iam

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// CredentialOptions say what a new credential may do. The zero value is a Manager of the whole instance.
type CredentialOptions struct {
	Role Role // if 0, Manager
	// WithoutRole makes a credential that may do nothing until a policy lets it.
	WithoutRole bool
	// Bucket is the one bucket the credential is for. If empty, it is for all of the instance.
	Bucket string
	// Prefix is what the keys of the objects begin with that the credential is for; see [Below]. It needs a Bucket. If empty, it
	// is for all objects.
	Prefix string
	// WithoutHMAC leaves out the HMAC keys, as IBM Cloud does unless it is asked for them.
	WithoutHMAC bool
	// CreatedBy is the IAM ID of who makes the credential; for display only.
	CreatedBy string
}

// CreateCredential makes another service ID in an existing instance, given by UUID or CRN, with an API key and an HMAC pair of its
// own, and with a policy that says what it may do. It takes at most one *CredentialOptions; nil means none.
func (s *Service) CreateCredential(ctx context.Context, instance, name string, opts ...*CredentialOptions) (ServiceCredential, error) {
	var o CredentialOptions
	if len(opts) > 0 && opts[0] != nil {
		o = *opts[0]
	}
	switch {
	case o.WithoutRole && (o.Role != 0 || o.Bucket != "" || o.Prefix != ""):
		return ServiceCredential{}, fmt.Errorf("iam: create credential: %w: without a role there is no scope for it", ErrPolicy)
	case o.Role == 0 && !o.WithoutRole:
		o.Role = Manager
	}
	id := identity{Name: name, Instance: instanceID(instance), Role: o.Role, CreatedBy: o.CreatedBy}
	scope := Policy{Subject: "iam-new", Roles: []Role{o.Role}, Instance: id.Instance, Bucket: o.Bucket, CreatedBy: o.CreatedBy, ModifiedBy: o.CreatedBy}
	if o.Prefix != "" {
		if o.Bucket == "" {
			return ServiceCredential{}, fmt.Errorf("iam: create credential: %w: a prefix is of a bucket, and none is named", ErrPolicy)
		}
		var err error
		if scope.Condition, err = Below(o.Prefix); err != nil {
			return ServiceCredential{}, fmt.Errorf("iam: create credential: %w: %w", ErrPolicy, err)
		}
	}
	if err := scope.check(); err != nil && !o.WithoutRole {
		return ServiceCredential{}, fmt.Errorf("iam: create credential: %w", err)
	}
	return s.change(ctx, func(rec *record) (identity, error) {
		switch {
		case !rec.hasInstance(id.Instance):
			return identity{}, ErrNotFound
		case len(rec.Policies) >= maxPolicies:
			return identity{}, ErrTooMany
		}
		return rec.addIdentity(id, scope, !o.WithoutHMAC, s.now()), nil
	})
}

// A Key is a credential as the Resource Controller keeps it: a resource key.
type Key struct {
	ID         string // a uuid
	CRN        string
	Name       string
	Instance   string // UUID
	IAMID      string // of the service ID
	Role       Role   // what it was made with; policies may have changed since
	Created    time.Time
	CreatedBy  string
	Credential ServiceCredential
}

// Keys returns the credentials of an instance, given by UUID or CRN, the oldest first.
func (s *Service) Keys(instance string) []Key {
	ix := s.state.Load()
	instance = instanceID(instance)
	var list []Key
	for i := range ix.rec.Identities {
		if id := &ix.rec.Identities[i]; id.Instance == instance {
			list = append(list, ix.key(id))
		}
	}
	return list
}

// Key returns the credential with the given resource key ID or CRN, or ErrNotFound.
func (s *Service) Key(id string) (Key, error) {
	ix := s.state.Load()
	id = lastField(id)
	i := slices.IndexFunc(ix.rec.Identities, func(x identity) bool { return x.resourceKey() == id })
	if i < 0 {
		return Key{}, ErrNotFound
	}
	return ix.key(&ix.rec.Identities[i]), nil
}

func (ix *index) key(id *identity) Key {
	return Key{
		ID: id.resourceKey(), CRN: resourceKeyCRN(ix.rec.Account, id.Instance, id.resourceKey()), Name: id.Name, Instance: id.Instance,
		IAMID: "iam-" + id.ID, Role: id.Role, Created: id.Created, CreatedBy: id.CreatedBy, Credential: ix.credential(*id),
	}
}
