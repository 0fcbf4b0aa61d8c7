package iam

import (
	"context"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
)

// A Profile is a trusted profile: an identity without an API key, which a
// compute resource logs into with the token its platform gave it.
type Profile struct {
	ID       string // Profile-<uuid>
	Name     string
	Instance string // UUID
}

// CreateProfile makes a trusted profile in an instance, given by UUID or CRN,
// of which it is a Manager.
func (s *Service) CreateProfile(ctx context.Context, instance, name string) (Profile, error) {
	p := profile{ID: "Profile-" + newUUID(), Name: name, Instance: instanceID(instance), Created: s.now().UTC()}
	_, err := s.change(ctx, func(rec *record) (identity, error) {
		if !rec.hasInstance(p.Instance) {
			return identity{}, ErrNotFound
		}
		rec.Profiles = append(rec.Profiles, p)
		rec.addPolicy(Policy{Subject: "iam-" + p.ID, Roles: []Role{Manager}, Instance: p.Instance}, p.Created)
		return identity{}, nil
	})
	if err != nil {
		return Profile{}, err
	}
	return Profile{ID: p.ID, Name: p.Name, Instance: p.Instance}, nil
}

// resourceClaims is the payload of a compute resource token. On IBM Cloud the
// platform signs these; here the service itself does, for one profile each.
type resourceClaims struct {
	Issuer  string `json:"iss"`
	Sub     string `json:"sub"` // Profile-<uuid>
	Issued  int64  `json:"iat"`
	Expires int64  `json:"exp"`
}

// resourceIssuer keeps compute resource tokens apart from access tokens,
// which the same key signs.
func (s *Service) resourceIssuer() string { return s.issuer + "/compute-resource" }

// NewResourceToken returns a compute resource token that logs into the
// profile with the given ID for ttl from now: what a platform would put into
// the file that CR_TOKEN_FILE_PATH names.
func (s *Service) NewResourceToken(profileID string, ttl time.Duration) (string, error) {
	if s.state.Load().subjects["iam-"+profileID] == nil {
		return "", ErrNotFound
	}
	key, err := s.keys.signing()
	if err != nil {
		return "", fmt.Errorf("iam: %w", err)
	}
	now := s.now()
	raw, err := jwt.Signed(key.signer).Claims(&resourceClaims{
		Issuer: s.resourceIssuer(), Sub: profileID, Issued: now.Unix(), Expires: now.Add(ttl).Unix(),
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("iam: sign compute resource token: %w", err)
	}
	return raw, nil
}

// profileName is how a client names the profile it wants to be: by ID, or by
// name and perhaps account.
type profileName struct{ id, name, account string }

func (n profileName) empty() bool { return n.id == "" && n.name == "" }

// is reports whether everything n says is true of the profile sub.
func (n profileName) is(sub *subject, account string) bool {
	return sub.subType == "Profile" &&
		(n.id == "" || n.id == sub.sub) &&
		(n.name == "" || n.name == sub.principal.Name) &&
		(n.account == "" || n.account == account)
}

// logInto returns the profile that a compute resource token logs into. The
// name must mean the token's own.
func (s *Service) logInto(raw string, want profileName, now time.Time) (*subject, *protocolError) {
	var c resourceClaims
	if len(raw) > maxTokenLen || s.verifyJWT(raw, &c) != nil ||
		c.Issuer != s.resourceIssuer() || now.Unix() >= c.Expires {
		return nil, errSuppliedToken()
	}
	ix := s.state.Load()
	sub := ix.subjects["iam-"+c.Sub]
	if sub == nil || !want.is(sub, ix.rec.Account) {
		return nil, errSuppliedToken()
	}
	return sub, nil
}

// assume returns the profile that the holder of an access token turns into.
// Where IBM Cloud asks the profile's trust policy, here the Managers of the
// profile's instance that belong to it are trusted, and nobody else: a profile
// is a Manager, which those with a weaker role must not become.
func (s *Service) assume(raw string, want profileName, now time.Time) (*subject, *protocolError) {
	holder, err := s.VerifyToken(raw, now)
	if err != nil {
		return nil, errSuppliedToken()
	}
	ix := s.state.Load()
	for _, p := range ix.rec.Profiles {
		sub := ix.subjects["iam-"+p.ID]
		if p.Instance == holder.Instance && s.Manages(holder, p.Instance) && want.is(sub, ix.rec.Account) {
			return sub, nil
		}
	}
	return nil, errSuppliedToken()
}
