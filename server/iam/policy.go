package iam

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// PublicAccess is the subject of policies for everybody, with credentials or without: the access group of that name.
const PublicAccess = "AccessGroupId-PublicAccess"

const (
	maxPolicies    = 4020 // of an account, as on IBM Cloud
	maxRoles       = 16   // of a policy
	maxDescription = 300  // characters
)

// A Policy gives its subject roles on what is in its scope. What no policy gives, and no ACL, is denied; several policies add up.
type Policy struct {
	ID      string `json:"id"`      // a uuid
	Subject string `json:"subject"` // the IAM ID of an identity, or PublicAccess
	// Source is set in place of Subject in an authorization between services: the UUID of the instance of COS that is authorized.
	Source string `json:"source,omitempty"`
	Roles  []Role `json:"roles"`
	// Service is what the policy is about: COS if it is empty, or KeyProtect.
	Service string `json:"service,omitempty"`
	// Instance is the UUID of the service instance the policy is about. If empty, it is about all of the account.
	Instance string `json:"instance,omitempty"`
	// Bucket is the one bucket the policy is about. If empty, it is about all buckets of the instance, those to come included,
	// and about the instance itself.
	Bucket      string     `json:"bucket,omitempty"`
	Condition   *Condition `json:"condition,omitempty"` // on the objects; nil is none
	Description string     `json:"description,omitempty"`

	Created    time.Time `json:"created"`
	CreatedBy  string    `json:"created_by"` // IAM ID; empty if the service itself
	Modified   time.Time `json:"modified"`
	ModifiedBy string    `json:"modified_by"`
}

// ErrPolicy is in the chain of an error about a policy that makes no sense.
var ErrPolicy = errors.New("invalid policy")

// ErrTooMany is returned when an account has as many policies as it may have.
var ErrTooMany = errors.New("iam: the account has its limit of 4020 policies")

func (p *Policy) check() error {
	invalid := func(why string) error { return fmt.Errorf("%w: %s", ErrPolicy, why) }
	switch {
	case p.Subject == "" && p.Source == "":
		return invalid("it has no subject")
	case p.Service != "" && p.Service != KeyProtect:
		return invalid("it is about a service that is not here")
	case p.Source != "" && (p.Subject != "" || p.Service != KeyProtect):
		return invalid("an authorization is for COS to use Key Protect")
	case len(p.Roles) == 0 || len(p.Roles) > maxRoles:
		return invalid("it must give 1 to 16 roles")
	case slices.ContainsFunc(p.Roles, func(r Role) bool { return r == 0 || r > Manager }):
		return invalid("it gives a role that COS does not have")
	case p.Bucket != "" && p.Instance == "":
		return invalid("a policy on a bucket names its service instance")
	case len(p.Bucket) > 255 || len([]rune(p.Description)) > maxDescription:
		return invalid("the name of the bucket or the description is too long")
	}
	if p.Service == KeyProtect {
		if err := p.checkKeyProtect(); err != nil {
			return err
		}
	}
	if p.Subject == PublicAccess {
		if p.Bucket == "" || slices.ContainsFunc(p.Roles, func(r Role) bool { return r != ContentReader && r != ObjectReader }) {
			return invalid("public access is to one bucket, with the role ContentReader or ObjectReader")
		}
	}
	if p.Condition != nil {
		if err := p.Condition.check(); err != nil {
			return fmt.Errorf("%w: %w", ErrPolicy, err)
		}
	}
	return nil
}

// CreatePolicy adds a policy, which by, an IAM ID, made, and returns it with its ID and dates. It is durable and in force on
// return. Nothing checks whether by may do so; see [Service.Manages].
func (s *Service) CreatePolicy(ctx context.Context, p Policy, by string) (Policy, error) {
	if p.Instance != "" {
		if p.Instance = instanceOf(p.Service, p.Instance); p.Instance == "" { // and not the whole account
			return Policy{}, fmt.Errorf("iam: create policy: %w: the CRN is not that of an instance of the service", ErrPolicy)
		}
	}
	if err := p.check(); err != nil {
		return Policy{}, fmt.Errorf("iam: create policy: %w", err)
	}
	now := s.now().UTC()
	p.ID, p.Created, p.CreatedBy, p.Modified, p.ModifiedBy = newUUID(), now, by, now, by
	_, err := s.change(ctx, func(rec *record) (identity, error) {
		switch {
		case len(rec.Policies) >= maxPolicies:
			return identity{}, ErrTooMany
		case p.Instance != "" && p.Service == "" && !rec.hasInstance(p.Instance),
			p.Instance != "" && p.Service == KeyProtect && !rec.hasKeyProtect(p.Instance):
			return identity{}, fmt.Errorf("iam: create policy: %w: there is no such service instance", ErrPolicy)
		case p.Source != "" && !rec.hasInstance(p.Source),
			p.Source == "" && p.Subject != PublicAccess && !rec.hasSubject(p.Subject):
			return identity{}, fmt.Errorf("iam: create policy: %w: there is no such subject", ErrPolicy)
		}
		rec.Policies = append(rec.Policies, p)
		return identity{}, nil
	})
	return p, err
}

// Policies returns every policy, the oldest first. The caller must not change what they point to.
func (s *Service) Policies() []Policy { return slices.Clone(s.state.Load().rec.Policies) }

// Policy returns the policy with the given ID, or ErrNotFound.
func (s *Service) Policy(id string) (Policy, error) {
	list := s.state.Load().rec.Policies
	i := slices.IndexFunc(list, func(p Policy) bool { return p.ID == id })
	if i < 0 {
		return Policy{}, ErrNotFound
	}
	return list[i], nil
}

// DeletePolicy removes a policy. What it gave is denied from then on, to tokens issued before, too.
func (s *Service) DeletePolicy(ctx context.Context, id string) error {
	_, err := s.change(ctx, func(rec *record) (identity, error) {
		n := len(rec.Policies)
		rec.Policies = slices.DeleteFunc(rec.Policies, func(p Policy) bool { return p.ID == id })
		if len(rec.Policies) == n {
			return identity{}, ErrNotFound
		}
		return identity{}, nil
	})
	return err
}

// addPolicy gives a subject a role on an instance, or less of it.
func (r *record) addPolicy(p Policy, now time.Time) {
	p.ID, p.Created, p.Modified = newUUID(), now.UTC(), now.UTC()
	r.Policies = append(r.Policies, p)
}

// hasSubject reports whether the IAM ID is that of an identity or a profile.
func (r *record) hasSubject(iamID string) bool {
	return slices.ContainsFunc(r.Identities, func(x identity) bool { return "iam-"+x.ID == iamID }) ||
		slices.ContainsFunc(r.Profiles, func(x profile) bool { return "iam-"+x.ID == iamID })
}
