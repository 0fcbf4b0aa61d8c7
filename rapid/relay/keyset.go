package relay

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// keysFresh is how long the keys of an issuer are used without asking again.
	keysFresh = time.Hour
	// keysKept is how long they are used when the issuer cannot be asked.
	keysKept = 24 * time.Hour
	// keysPause is the least time between two questions, so that tokens with
	// made-up key ids do not turn the relay into a flood.
	keysPause = 30 * time.Second
	// keysTimeout bounds one question.
	keysTimeout = 10 * time.Second
	// maxKeySet and maxKeys bound the answer; IBM's has a dozen keys in 20 kB.
	maxKeySet = 1 << 20
	maxKeys   = 100
	// minModulus is the shortest key that is believed, in bits (NIST SP 800-131A).
	minModulus = 2048
)

// errKeys says that the token could not be judged, which is not its fault.
var errKeys = errors.New("the keys of the token's issuer cannot be had")

// A keySet holds the public keys of an issuer by their ids. It asks for them
// when they are old or a token names one that it does not know, which is how
// issuers change keys. It is safe for concurrent use.
type keySet struct {
	url    string
	client *http.Client

	sem   chan struct{} // held by whoever asks; guards tried and failed
	tried time.Time
	fault error // of the last question, nil if it was answered

	mu   sync.RWMutex // guards the rest
	keys map[string]*rsa.PublicKey
	at   time.Time // when keys came
}

func newKeySet(url string, client *http.Client) *keySet {
	hc := http.Client{}
	if client != nil {
		hc = *client
	}
	hc.Timeout = keysTimeout
	return &keySet{url: url, client: &hc, sem: make(chan struct{}, 1)}
}

// get returns the key of that id.
func (s *keySet) get(ctx context.Context, id string, now time.Time) (*rsa.PublicKey, error) {
	key, age := s.lookup(id, now)
	if key != nil && age < keysFresh {
		return key, nil
	}
	err := s.refresh(ctx, id, now)
	key, age = s.lookup(id, now)
	switch {
	case key != nil && age < keysKept:
		return key, nil
	case err != nil:
		return nil, err
	}
	return nil, errToken
}

func (s *keySet) lookup(id string, now time.Time) (key *rsa.PublicKey, age time.Duration) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.keys[id], now.Sub(s.at)
}

// refresh asks for the keys, unless that was just done.
func (s *keySet) refresh(ctx context.Context, id string, now time.Time) error {
	select {
	case s.sem <- struct{}{}:
		defer func() { <-s.sem }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if key, age := s.lookup(id, now); key != nil && age < keysFresh {
		return nil // somebody else has asked meanwhile
	}
	if !s.tried.IsZero() && now.Sub(s.tried) < keysPause {
		return s.fault
	}
	s.tried = now
	// The answer is for everybody: one caller who goes away does not end it.
	keys, err := s.fetch(context.WithoutCancel(ctx))
	if err != nil {
		s.fault = fmt.Errorf("%w: %w", errKeys, err)
		return s.fault
	}
	s.fault = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.at = keys, now
	return nil
}

func (s *keySet) fetch(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", s.url, resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySet+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxKeySet {
		return nil, fmt.Errorf("%s: more than %d bytes", s.url, maxKeySet)
	}
	return parseKeySet(body)
}

// parseKeySet returns the keys that may have signed a token: RSA, long enough,
// and not said to be for something else. Others in the set do no harm.
func parseKeySet(body []byte) (map[string]*rsa.PublicKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("parse key set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("parse key set: %d keys, at most %d are believed", len(set.Keys), maxKeys)
	}
	keys := map[string]*rsa.PublicKey{}
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(raw) != nil {
			continue // of a kind that we do not know
		}
		pub, ok := k.Key.(*rsa.PublicKey)
		if !ok || k.KeyID == "" || pub.N.BitLen() < minModulus ||
			k.Use != "" && k.Use != "sig" || k.Algorithm != "" && k.Algorithm != string(jose.RS256) {
			continue
		}
		keys[k.KeyID] = pub
	}
	if len(keys) == 0 {
		return nil, errors.New("parse key set: there is no RSA key for signatures in it")
	}
	return keys, nil
}
