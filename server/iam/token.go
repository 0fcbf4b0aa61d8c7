package iam

import (
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
)

// claims is the payload of an access token: IBM's claim names and shapes.
type claims struct {
	IAMID      string       `json:"iam_id"`
	ID         string       `json:"id"`
	RealmID    string       `json:"realmid"`
	JTI        string       `json:"jti"`
	Identifier string       `json:"identifier"`
	Name       string       `json:"name"`
	Sub        string       `json:"sub"`
	SubType    string       `json:"sub_type"`
	Instances  []string     `json:"unique_instance_crns,omitempty"`
	Authn      authnClaim   `json:"authn"`
	Account    accountClaim `json:"account"`
	IssuedAt   int64        `json:"iat"`
	Expires    int64        `json:"exp"`
	NotBefore  int64        `json:"nbf,omitempty"` // never issued, but obeyed
	// Audience is never issued: an access token is for every service of the account. One that names an audience is for somebody
	// else, and is refused.
	Audience  any      `json:"aud,omitempty"`
	Issuer    string   `json:"iss"`
	GrantType string   `json:"grant_type"`
	Scope     string   `json:"scope"`
	ClientID  string   `json:"client_id"`
	ACR       int      `json:"acr"`
	AMR       []string `json:"amr"`
}

type authnClaim struct {
	Sub   string `json:"sub"`
	IAMID string `json:"iam_id"`
	Name  string `json:"name"`
}

type accountClaim struct {
	Valid bool   `json:"valid"`
	BSS   string `json:"bss"`
}

const tokenScope = "ibm openid"

// issue signs an access token for sub, valid from now for s.ttl.
func (s *Service) issue(sub *subject, grantType, clientID string, now time.Time) (string, time.Time, error) {
	key, err := s.keys.signing()
	if err != nil {
		return "", time.Time{}, err
	}
	ix := s.state.Load()
	expires := now.Add(s.ttl).Truncate(time.Second)
	p := sub.principal
	raw, err := jwt.Signed(key.signer).Claims(&claims{
		IAMID: p.ID, ID: p.ID, RealmID: "iam", JTI: newUUID(),
		Identifier: sub.sub, Name: p.Name, Sub: sub.sub, SubType: sub.subType,
		Instances: []string{ix.instances[p.Instance].CRN},
		Authn:     authnClaim{Sub: sub.sub, IAMID: p.ID, Name: p.Name},
		Account:   accountClaim{Valid: true, BSS: ix.rec.Account},
		IssuedAt:  now.Unix(), Expires: expires.Unix(), Issuer: s.issuer,
		GrantType: grantType, Scope: tokenScope, ClientID: clientID, ACR: 1, AMR: []string{"pwd"},
	}).Serialize()
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign token: %w", err)
	}
	return raw, expires, nil
}

// NewToken returns an access token of the identity with the given IAM ID, as
// if its API key had been exchanged. Tests and administrators use it.
func (s *Service) NewToken(iamID string) (string, time.Time, error) {
	sub, ok := s.state.Load().subjects[iamID]
	if !ok {
		return "", time.Time{}, ErrNotFound
	}
	raw, expires, err := s.issue(sub, grantAPIKey, defaultClient, s.now())
	if err != nil {
		return "", time.Time{}, fmt.Errorf("iam: %w", err)
	}
	return raw, expires, nil
}
