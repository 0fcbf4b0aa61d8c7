package auth

import "net/http"

// ProfileOptions configure TrustedProfile.
type ProfileOptions struct {
	ID        string // the profile, as "Profile-" and a UUID; this or Name
	Name      string
	AccountID string // the account of Name, if it is not the workload's own

	// TokenFile holds the identity of the workload, a compute resource token, which
	// the platform renews; it is read again for each exchange. If empty, the places
	// where IBM's platforms mount it are tried in turn.
	TokenFile string

	// APIKey, of a service id, takes the place of the token file for a program that
	// runs elsewhere: it is exchanged for a token, and that for one of the profile.
	APIKey string

	Endpoint string       // as in IAMOptions
	Client   *http.Client // as in IAMOptions
}

// TrustedProfile gets tokens for a trusted profile.
func TrustedProfile(o ProfileOptions) *IAMCredentials { return &IAMCredentials{} }
