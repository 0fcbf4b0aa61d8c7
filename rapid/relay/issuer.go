package relay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/icos-go/icos/internal/loopback"
)

// IBMIssuer is the issuer of the access tokens of IBM Cloud.
const IBMIssuer = "https://iam.cloud.ibm.com/identity"

const (
	// maxToken bounds an access token, in bytes; IBM's have some 1,500.
	maxToken = 8 << 10
	// clockLeeway is how far the clocks of an issuer, a caller and a relay may
	// differ.
	clockLeeway = time.Minute
)

// An Issuer is a service whose access tokens a relay accepts, such as IBM's IAM.
// At least one account or identity has to be named, since everybody can get a
// token of some account.
type Issuer struct {
	// URL is the iss claim of its tokens. If empty, [IBMIssuer].
	URL string
	// KeysURL is where its public keys are, as a JSON Web Key Set (RFC 7517). If
	// empty, URL + "/keys". It is https, or http on loopback.
	KeysURL string
	// Accounts are the accounts (claim account.bss) whose members may use the
	// relay, all of them.
	Accounts []string
	// IDs are the identities (claim iam_id, such as iam-ServiceId-…) that may
	// use the relay.
	IDs []string
	// HTTPClient fetches the keys. If nil, one with http.DefaultTransport.
	HTTPClient *http.Client
}

// errToken says that a token is not accepted, without a reason that would help
// to make a better one.
var errToken = errors.New("the token is not valid here")

// errNotServed says that the token is good but not of somebody this relay serves.
var errNotServed = errors.New("this relay does not serve the account or the identity of the token")

// errTokenTime says that only the times of the token are wrong.
type errTokenTime struct{ why string }

func (e *errTokenTime) Error() string { return e.why }

// A judge accepts the tokens of one issuer.
type judge struct {
	issuer Issuer
	keys   *keySet
}

func newJudge(i Issuer) (*judge, error) {
	if i.URL == "" {
		i.URL = IBMIssuer
	}
	if i.KeysURL == "" {
		i.KeysURL = strings.TrimSuffix(i.URL, "/") + "/keys"
	}
	if len(i.Accounts) == 0 && len(i.IDs) == 0 {
		return nil, fmt.Errorf("issuer %s: name the accounts or the identities to serve; everybody can get a token of some account", i.URL)
	}
	if slices.Contains(i.Accounts, "") || slices.Contains(i.IDs, "") {
		return nil, fmt.Errorf("issuer %s: an account or identity to serve is empty", i.URL)
	}
	u, err := url.Parse(i.KeysURL)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback.Host(u.Hostname())) {
		return nil, fmt.Errorf("issuer %s: the URL of its keys must be https, or http on loopback", i.URL)
	}
	return &judge{issuer: i, keys: newKeySet(i.KeysURL, i.HTTPClient)}, nil
}

// claims are those of an access token that matter here.
type claims struct {
	Issuer    string `json:"iss"`
	IAMID     string `json:"iam_id"`
	IssuedAt  int64  `json:"iat"`
	Expires   int64  `json:"exp"`
	NotBefore int64  `json:"nbf"`
	Account   struct {
		Valid *bool  `json:"valid"`
		BSS   string `json:"bss"`
	} `json:"account"`
}

// looksLikeJWT tells access tokens from relay tokens, which have no dots.
func looksLikeJWT(token string) bool { return strings.Count(token, ".") == 2 }

// verify returns the identity of a token at now. One algorithm is accepted
// whatever the token says of itself, and the key is one that the issuer
// publishes; claims are looked at only once the signature holds.
func (j *judge) verify(ctx context.Context, raw string, now time.Time) (iamID string, err error) {
	if len(raw) == 0 || len(raw) > maxToken {
		return "", errToken
	}
	tok, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(tok.Headers) != 1 || tok.Headers[0].KeyID == "" {
		return "", errToken
	}
	key, err := j.keys.get(ctx, tok.Headers[0].KeyID, now)
	if err != nil {
		return "", err
	}
	var c claims
	if err := tok.Claims(key, &c); err != nil {
		return "", errToken
	}
	if c.Issuer != j.issuer.URL || c.IAMID == "" || c.Expires <= 0 || c.IssuedAt <= 0 || c.Expires <= c.IssuedAt {
		return "", errToken
	}
	switch {
	case now.Add(-clockLeeway).Unix() >= c.Expires:
		return "", &errTokenTime{"the token has expired"}
	case now.Add(clockLeeway).Unix() < max(c.IssuedAt, c.NotBefore):
		return "", &errTokenTime{"the token is of the future"}
	}
	if c.Account.Valid != nil && !*c.Account.Valid {
		return "", errNotServed
	}
	if slices.Contains(j.issuer.IDs, c.IAMID) || c.Account.BSS != "" && slices.Contains(j.issuer.Accounts, c.Account.BSS) {
		return c.IAMID, nil
	}
	return "", errNotServed
}
