package iam

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// maxTokenLen bounds what is parsed; issued tokens have about 1,300 bytes.
	maxTokenLen = 8 << 10
	// clockLeeway forgives clocks that differ a little between the issuer
	// and a client that checks; RFC 7519 §4.1.4 allows it to be small.
	clockLeeway = 30 * time.Second
	// tokenCacheSize bounds each of the two generations of verified tokens,
	// of which one is about 200 bytes.
	tokenCacheSize = 4096
)

// ErrTokenExpired is returned by VerifyToken for a token that was valid once.
var ErrTokenExpired = errors.New("iam: token expired")

var errTokenInvalid = errors.New("iam: token is not one of this service")

// VerifyToken returns the identity behind an access token that this service
// issued and that is valid at now. A token costs one RSA verification the
// first time and a lookup afterwards. Tokens of removed identities fail.
func (s *Service) VerifyToken(raw string, now time.Time) (Principal, error) {
	if len(raw) == 0 || len(raw) > maxTokenLen {
		return Principal{}, errTokenInvalid
	}
	var room [2048]byte // a conversion would allocate on every request
	sum := sha256.Sum256(append(room[:0], raw...))
	v, ok := s.verified.get(sum)
	if !ok {
		c, err := s.verifySignature(raw)
		if err != nil {
			return Principal{}, err
		}
		v = verifiedToken{iamID: c.IAMID, notBefore: max(c.IssuedAt, c.NotBefore), expires: c.Expires}
		s.verified.put(sum, v)
	}
	if now.Unix() >= v.expires {
		return Principal{}, ErrTokenExpired
	}
	if now.Add(clockLeeway).Unix() < v.notBefore {
		return Principal{}, fmt.Errorf("%w: it is not valid yet", errTokenInvalid)
	}
	sub, ok := s.state.Load().subjects[v.iamID]
	if !ok {
		return Principal{}, errTokenInvalid
	}
	return sub.principal, nil
}

// verifySignature accepts one algorithm, one key and one issuer: what a
// token says about itself selects nothing.
func (s *Service) verifySignature(raw string) (*claims, error) {
	c := new(claims)
	if err := s.verifyJWT(raw, c); err != nil {
		return nil, err
	}
	if c.Issuer != s.issuer || c.Expires <= 0 || c.IssuedAt <= 0 || c.IAMID == "" || c.Audience != nil {
		return nil, errTokenInvalid
	}
	return c, nil
}

func (s *Service) verifyJWT(raw string, into any) error {
	key := s.keys.current()
	if key == nil {
		return errTokenInvalid
	}
	tok, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(tok.Headers) != 1 || tok.Headers[0].KeyID != key.id {
		return errTokenInvalid
	}
	if err := tok.Claims(key.public.Key, into); err != nil {
		return errTokenInvalid
	}
	return nil
}

// verifiedToken is what a signature proved; time and identity are looked at
// again on every use.
type verifiedToken struct {
	iamID              string
	notBefore, expires int64 // Unix seconds
}

// tokenCache remembers tokens whose signature held, by digest so that it
// holds no token. When young is full it becomes old: the working set stays,
// memory is bounded, and nothing needs a clock.
type tokenCache struct {
	mu         sync.RWMutex // guards the maps
	young, old map[[sha256.Size]byte]verifiedToken
}

func (c *tokenCache) get(sum [sha256.Size]byte) (verifiedToken, bool) {
	c.mu.RLock()
	v, ok := c.young[sum]
	if ok {
		c.mu.RUnlock()
		return v, true
	}
	v, ok = c.old[sum]
	c.mu.RUnlock()
	if ok {
		c.put(sum, v)
	}
	return v, ok
}

func (c *tokenCache) put(sum [sha256.Size]byte, v verifiedToken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= tokenCacheSize {
		c.old, c.young = c.young, make(map[[sha256.Size]byte]verifiedToken)
	}
	c.young[sum] = v
}
