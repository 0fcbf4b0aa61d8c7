package iam

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// How long the tokens that only this service reads are good for.
const (
	refreshTTL   = 72 * time.Hour
	delegatedTTL = 6 * 24 * time.Hour // what IBM's SDKs assume
)

// The kinds of opaque tokens; one can never be used as the other.
const (
	kindRefresh   = "refresh"
	kindDelegated = "delegated"
)

// session is the content of an opaque token: a refresh token, or a delegated
// refresh token that a receiver may use in the name of the identity. Opaque
// tokens carry their content under a MAC, so that handing one out writes
// nothing to disk and a restart forgets none.
type session struct {
	Kind      string   `json:"k"`
	IAMID     string   `json:"id"`
	GrantType string   `json:"gt"`
	Expires   int64    `json:"exp"` // Unix seconds
	Receivers []string `json:"rcv,omitempty"`
}

// seal returns base64url(JSON) "." base64url(HMAC-SHA256(JSON)).
func (ix *index) seal(ses *session) (string, error) {
	content, err := json.Marshal(ses)
	if err != nil {
		return "", fmt.Errorf("seal token: %w", err)
	}
	mac, err := ix.mac(content)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(content) + "." + base64.RawURLEncoding.EncodeToString(mac), nil
}

// unseal returns the session in raw if it was sealed here as the given kind
// and has not expired; the error is what the token endpoint answers.
func (ix *index) unseal(raw, kind string, now time.Time) (*session, *protocolError) {
	content, mac, ok := strings.Cut(raw, ".")
	if !ok || len(raw) > maxTokenLen {
		return nil, errSuppliedToken()
	}
	c, err1 := base64.RawURLEncoding.Strict().DecodeString(content)
	m, err2 := base64.RawURLEncoding.Strict().DecodeString(mac)
	if err1 != nil || err2 != nil {
		return nil, errSuppliedToken()
	}
	want, err := ix.mac(c)
	if err != nil || !hmac.Equal(m, want) {
		return nil, errSuppliedToken()
	}
	var ses session
	if err := json.Unmarshal(c, &ses); err != nil || ses.Kind != kind {
		return nil, errSuppliedToken()
	}
	if now.Unix() >= ses.Expires {
		return nil, errRefreshExpired()
	}
	if ix.subjects[ses.IAMID] == nil {
		return nil, errSessionGone()
	}
	return &ses, nil
}

func (ix *index) mac(content []byte) ([]byte, error) {
	secret, err := hex.DecodeString(ix.rec.TokenSecret)
	if err != nil {
		return nil, fmt.Errorf("read token secret: %w", err)
	}
	h := hmac.New(sha256.New, secret)
	h.Write(content)
	return h.Sum(nil), nil
}

// ErrReceiver is returned by VerifyDelegated for a token that is good, but for
// somebody else.
var ErrReceiver = errors.New("wrong client id: the delegated refresh token is for another receiver")

// VerifyDelegated returns the identity that gave a delegated refresh token to
// receiver, such as aspera_ats.
func (s *Service) VerifyDelegated(raw, receiver string, now time.Time) (Principal, error) {
	ix := s.state.Load()
	ses, refusal := ix.unseal(raw, kindDelegated, now)
	if refusal != nil {
		return Principal{}, fmt.Errorf("iam: verify delegated token: %w", refusal)
	}
	if !slices.Contains(ses.Receivers, receiver) {
		return Principal{}, fmt.Errorf("iam: verify delegated token: %w", ErrReceiver)
	}
	return ix.subjects[ses.IAMID].principal, nil
}
