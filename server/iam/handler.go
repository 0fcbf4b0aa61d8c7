package iam

import "net/http"

const (
	grantAPIKey   = "urn:ibm:params:oauth:grant-type:apikey"
	defaultClient = "default"
)

// ServeHTTP serves the token endpoint, the public keys and the discovery
// document, under /identity/ and /oidc/.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.NotFound(w, r)
}
