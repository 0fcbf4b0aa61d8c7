package iam

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	grantAPIKey   = "urn:ibm:params:oauth:grant-type:apikey"
	grantRefresh  = "refresh_token"
	grantResource = "urn:ibm:params:oauth:grant-type:cr-token"
	grantAssume   = "urn:ibm:params:oauth:grant-type:assume"

	responseCloudIAM  = "cloud_iam"
	responseDelegated = "delegated_refresh_token"

	// defaultClient is the client_id of a request without a Basic header.
	defaultClient = "default"
	// noRefreshToken is what IBM answers in place of a refresh token to a
	// client that did not name itself in a Basic header.
	noRefreshToken = "not_supported"

	// maxForm bounds the body of a token request.
	maxForm = 64 << 10
	// maxReceivers bounds receiver_client_ids, and maxClientID each client
	// ID, so that every token issued is short enough to be accepted.
	maxReceivers = 16
	maxClientID  = 64
)

// tokenResponse is a successful answer.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	Expiration   int64  `json:"expiration"` // Unix seconds
	Scope        string `json:"scope"`
}

// delegatedResponse is a successful answer to response_type
// delegated_refresh_token.
type delegatedResponse struct {
	DelegatedRefreshToken string `json:"delegated_refresh_token"`
	TokenType             string `json:"token_type"`
	ExpiresIn             int64  `json:"expires_in"` // seconds
	Expiration            int64  `json:"expiration"` // Unix seconds
}

func (s *Service) serveToken(w http.ResponseWriter, r *http.Request) {
	start := s.now()
	body, err := s.exchange(w, r, start)
	if err == nil {
		s.answer(w, http.StatusOK, body)
		return
	}
	if refusal, ok := errors.AsType[*protocolError](err); ok {
		s.refuse(w, r, refusal, start)
		return
	}
	s.fail(w, err)
}

// exchange answers one token request. Errors that are the client's are
// *protocolError.
func (s *Service) exchange(w http.ResponseWriter, r *http.Request, now time.Time) (any, error) {
	client, refusal := clientID(r)
	if refusal != nil {
		return nil, refusal
	}
	form, refusal := parseForm(w, r)
	if refusal != nil {
		return nil, refusal
	}
	sub, grantType, refusal := s.grant(form, now)
	if refusal != nil {
		return nil, refusal
	}
	switch response := form.Get("response_type"); response {
	case "", responseCloudIAM:
		return s.accessToken(sub, grantType, client, now)
	case responseDelegated:
		return s.delegatedToken(sub, grantType, form.Get("receiver_client_ids"), now)
	default:
		return nil, errMalformedRequest("response_type is not supported")
	}
}

// grant returns whom the form proves to be, and by which grant at first.
func (s *Service) grant(form url.Values, now time.Time) (*subject, string, *protocolError) {
	grantType := form.Get("grant_type")
	switch grantType {
	case grantAPIKey:
		key := form.Get("apikey")
		if key == "" {
			return nil, "", errMalformedRequest("apikey is missing")
		}
		if sub := s.state.Load().apiKeys[hashKey(key)]; sub != nil {
			return sub, grantType, nil
		}
		return nil, "", errKeyNotFound()
	case grantRefresh:
		raw := form.Get("refresh_token")
		if raw == "" {
			return nil, "", errMalformedRequest("refresh_token is missing")
		}
		ix := s.state.Load()
		ses, refusal := ix.unseal(raw, kindRefresh, now)
		if refusal != nil {
			return nil, "", refusal
		}
		return ix.subjects[ses.IAMID], ses.GrantType, nil
	case grantResource, grantAssume:
		sub, refusal := s.profileGrant(form, grantType, now)
		return sub, grantType, refusal
	case "":
		return nil, "", errMalformedRequest("grant_type is missing")
	}
	return nil, "", errMalformedRequest("grant_type is not supported")
}

// profileGrant logs into a trusted profile, by the token of a compute resource
// or of another identity.
func (s *Service) profileGrant(form url.Values, grantType string, now time.Time) (*subject, *protocolError) {
	want := profileName{id: form.Get("profile_id"), name: form.Get("profile_name"), account: form.Get("account")}
	if want.empty() {
		return nil, errMalformedRequest("profile_id or profile_name is missing")
	}
	field, login := "cr_token", s.logInto
	if grantType == grantAssume {
		field, login = "access_token", s.assume
	}
	raw := form.Get(field)
	if raw == "" {
		return nil, errMalformedRequest(field + " is missing")
	}
	return login(raw, want, now)
}

func (s *Service) accessToken(sub *subject, grantType, client string, now time.Time) (any, error) {
	raw, expires, err := s.issue(sub, grantType, client, now)
	if err != nil {
		return nil, err
	}
	refresh := noRefreshToken
	if client != defaultClient && grantType == grantAPIKey {
		refresh, err = s.state.Load().seal(&session{
			Kind: kindRefresh, IAMID: sub.principal.ID, GrantType: grantType, Expires: now.Add(refreshTTL).Unix(),
		})
		if err != nil {
			return nil, err
		}
	}
	return &tokenResponse{
		AccessToken: raw, RefreshToken: refresh, TokenType: "Bearer",
		ExpiresIn: expires.Unix() - now.Unix(), Expiration: expires.Unix(), Scope: tokenScope,
	}, nil
}

func (s *Service) delegatedToken(sub *subject, grantType, receivers string, now time.Time) (any, error) {
	list := strings.FieldsFunc(receivers, func(c rune) bool { return c == ',' || c == ' ' })
	tooLong := func(id string) bool { return len(id) > maxClientID }
	if len(list) == 0 || len(list) > maxReceivers || slices.ContainsFunc(list, tooLong) {
		return nil, errMalformedRequest("receiver_client_ids must name 1 to 16 clients")
	}
	expires := now.Add(delegatedTTL)
	raw, err := s.state.Load().seal(&session{
		Kind: kindDelegated, IAMID: sub.principal.ID, GrantType: grantType, Expires: expires.Unix(), Receivers: list,
	})
	if err != nil {
		return nil, err
	}
	return &delegatedResponse{
		DelegatedRefreshToken: raw, TokenType: "Bearer",
		ExpiresIn: int64(delegatedTTL / time.Second), Expiration: expires.Unix(),
	}, nil
}

// clientID returns the client that a Basic header names. IBM's SDKs all say
// bx:bx, which is no secret, so the password proves nothing and is not read.
func clientID(r *http.Request) (string, *protocolError) {
	if r.Header.Get("Authorization") == "" {
		return defaultClient, nil
	}
	user, _, ok := r.BasicAuth()
	if !ok || user == "" || len(user) > maxClientID {
		return "", errMalformedRequest("the Authorization header is not HTTP Basic with a client id")
	}
	return user, nil
}

// parseForm reads the form from the body alone: keys and tokens do not belong
// into URLs, which are logged. A field given twice is refused, so that nobody
// has to guess which one counts.
func parseForm(w http.ResponseWriter, r *http.Request) (url.Values, *protocolError) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, errMalformedRequest("the content type is not application/x-www-form-urlencoded")
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return nil, errMalformedRequest("the form could not be read or is longer than 64 KiB")
	}
	form, err := url.ParseQuery(string(b))
	if err != nil {
		return nil, errMalformedRequest("the form is not well encoded")
	}
	for _, values := range form {
		if len(values) > 1 {
			return nil, errMalformedRequest("a field is given more than once")
		}
	}
	return form, nil
}
