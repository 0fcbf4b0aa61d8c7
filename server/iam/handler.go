package iam

import (
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// ServeHTTP serves the token endpoint (POST .../token), the public keys that
// verify tokens (GET .../keys) and the discovery document (GET
// .../.well-known/openid-configuration), each under /identity and /oidc; and
// the two APIs of [ServesPath] to manage credentials and policies.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.serveManagement(w, r) {
		return
	}
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/identity"), "/oidc")
	switch path {
	case "/token":
		if allow(w, r, http.MethodPost) {
			s.serveToken(w, r)
		}
	case "/keys", "/jwks":
		if allow(w, r, http.MethodGet) {
			s.serveKeys(w)
		}
	case "/.well-known/openid-configuration":
		if allow(w, r, http.MethodGet) {
			s.serveDiscovery(w, r)
		}
	default:
		http.NotFound(w, r)
	}
}

// allow reports whether r has the method, or answers for it. HEAD goes where
// GET goes.
func allow(w http.ResponseWriter, r *http.Request, method string) bool {
	if r.Method == method || r.Method == http.MethodHead && method == http.MethodGet {
		return true
	}
	w.Header().Set("Allow", method)
	http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
	return false
}

// serveKeys answers with a JSON Web Key Set (RFC 7517 §5).
func (s *Service) serveKeys(w http.ResponseWriter) {
	key, err := s.keys.signing()
	if err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	s.answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.public}})
}

// discovery is the part of OpenID Connect Discovery 1.0 §3 that is true here.
type discovery struct {
	Issuer        string   `json:"issuer"`
	TokenEndpoint string   `json:"token_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	SigningAlgs   []string `json:"id_token_signing_alg_values_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	Scopes        []string `json:"scopes_supported"`
	Claims        []string `json:"claims_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
}

func (s *Service) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	base := baseURL(r)
	s.answer(w, http.StatusOK, &discovery{
		Issuer:        s.issuer,
		TokenEndpoint: base + "/identity/token",
		JWKS:          base + "/identity/keys",
		ResponseTypes: []string{responseCloudIAM, responseDelegated},
		SubjectTypes:  []string{"public"},
		SigningAlgs:   []string{string(jose.RS256)},
		GrantTypes:    []string{grantAPIKey, grantRefresh, grantResource, grantAssume},
		Scopes:        []string{"openid", "ibm"},
		Claims:        []string{"iam_id", "id", "realmid", "sub", "sub_type", "account", "iat", "exp", "iss", "grant_type", "scope", "client_id", "acr", "amr"},
		AuthMethods:   []string{"client_secret_basic", "none"},
	})
}

// baseURL is where the client thinks this server is.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Service) fail(w http.ResponseWriter, err error) {
	s.log.Error("serve identity request", "error", err)
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}
