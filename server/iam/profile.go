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

// CreateProfile makes a trusted profile in an instance, given by UUID or CRN.
func (s *Service) CreateProfile(ctx context.Context, instance, name string) (Profile, error) {
	p := profile{ID: "Profile-" + newUUID(), Name: name, Instance: instanceID(instance), Created: s.now().UTC()}
	_, err := s.change(ctx, func(rec *record) (identity, error) {
		if !rec.hasInstance(p.Instance) {
			return identity{}, ErrNotFound
		}
		rec.Profiles = append(rec.Profiles, p)
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

// profileOf returns the profile that a compute resource token logs into. A
// client may name it by ID or by name, and must then mean the token's own.
func (s *Service) profileOf(raw, id, name string, now time.Time) (*subject, *protocolError) {
	var c resourceClaims
	if len(raw) > maxTokenLen || s.verifyJWT(raw, &c) != nil ||
		c.Issuer != s.resourceIssuer() || now.Unix() >= c.Expires {
		return nil, errSuppliedToken()
	}
	sub := s.state.Load().subjects["iam-"+c.Sub]
	if sub == nil || sub.subType != "Profile" ||
		id != "" && id != sub.sub || name != "" && name != sub.principal.Name {
		return nil, errSuppliedToken()
	}
	return sub, nil
}
