package auth

import (
	"context"
	"errors"
	"net/url"
)

// Grant and response types of the token endpoint.
const (
	grantAPIKey  = "urn:ibm:params:oauth:grant-type:apikey"
	grantCRToken = "urn:ibm:params:oauth:grant-type:cr-token"
	grantAssume  = "urn:ibm:params:oauth:grant-type:assume"
	grantRefresh = "refresh_token"

	responseAccess    = "cloud_iam"
	responseDelegated = "delegated_refresh_token"
)

// A login says who we are: the form of a request for a token, without its
// response_type.
type login interface {
	form(ctx context.Context, x *exchanger) (form, error)
}

// An apiKeyLogin is an API key.
type apiKeyLogin string

func (key apiKeyLogin) form(context.Context, *exchanger) (form, error) {
	if key == "" {
		return form{}, errors.New("get token: the API key is empty")
	}
	return form{
		values:  url.Values{"grant_type": {grantAPIKey}, "apikey": {string(key)}},
		secrets: []string{string(key)},
		client:  true,
	}, nil
}

// A session is a login and the refresh token that it led to.
type session struct {
	login     login
	exchanger *exchanger
	refresh   string // used by fetch only, of which there is one at a time
}

// fetch gets an access token: with the refresh token if there is one, else, and if
// that is refused, by logging in.
func (s *session) fetch(ctx context.Context) (Token, error) {
	if s.refresh != "" {
		f := form{
			values:  url.Values{"grant_type": {grantRefresh}, "refresh_token": {s.refresh}},
			secrets: []string{s.refresh},
			client:  true,
		}
		// Spent, whatever comes: the next fetch after a failure logs in afresh.
		s.refresh = ""
		t, err := s.redeem(ctx, f)
		if err == nil || !definite(err) && !errors.Is(err, errResponse) {
			return t, err
		}
	}
	f, err := s.login.form(ctx, s.exchanger)
	if err != nil {
		return Token{}, err
	}
	return s.redeem(ctx, f)
}

func (s *session) redeem(ctx context.Context, f form) (Token, error) {
	f.values.Set("response_type", responseAccess)
	g, err := s.exchanger.exchange(ctx, f)
	if err != nil {
		return Token{}, err
	}
	t, err := g.access()
	if err != nil {
		return Token{}, err
	}
	if f.client {
		s.refresh = g.refresh()
	}
	return t, nil
}

// fetchDelegated gets a refresh token for the use of receivers.
func (s *session) fetchDelegated(ctx context.Context, receivers string) (Token, error) {
	f, err := s.login.form(ctx, s.exchanger)
	if err != nil {
		return Token{}, err
	}
	f.values.Set("response_type", responseDelegated)
	f.values.Set("receiver_client_ids", receivers)
	g, err := s.exchanger.exchange(ctx, f)
	if err != nil {
		return Token{}, err
	}
	return g.delegated()
}
