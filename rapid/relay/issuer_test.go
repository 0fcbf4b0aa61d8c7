package relay

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// An iamFake publishes keys and signs with them.
type iamFake struct {
	url   string
	asked atomic.Int64
	fail  atomic.Bool

	mu   sync.Mutex // guards keys
	keys []jose.JSONWebKey
}

func newIAM(t *testing.T) *iamFake {
	t.Helper()
	f := &iamFake{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f.asked.Add(1)
		if f.fail.Load() {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if err := json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: f.keys}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	f.url = srv.URL
	return f
}

// publish sets the keys that the issuer shows.
func (f *iamFake) publish(keys ...jose.JSONWebKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys = keys
}

// rsaKey makes a key once for each id: they take a while.
var rsaKey = func() func(t *testing.T, id string) *rsa.PrivateKey {
	var mu sync.Mutex
	made := map[string]*rsa.PrivateKey{}
	return func(t *testing.T, id string) *rsa.PrivateKey {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if made[id] == nil {
			k, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				t.Fatal(err)
			}
			made[id] = k
		}
		return made[id]
	}
}()

func public(id string, k *rsa.PrivateKey) jose.JSONWebKey {
	return jose.JSONWebKey{Key: &k.PublicKey, KeyID: id, Algorithm: "RS256", Use: "sig"}
}

func signed(t *testing.T, alg jose.SignatureAlgorithm, key any, kid string, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", kid))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// iamClaims are those of a good token, changed by what is given.
func iamClaims(now time.Time, change map[string]any) map[string]any {
	c := map[string]any{
		"iss": IBMIssuer, "iam_id": "iam-ServiceId-1", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"account": map[string]any{"valid": true, "bss": "account-1"},
	}
	for name, value := range change {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

func TestIssuer(t *testing.T) {
	now := time.Now()
	iam := newIAM(t)
	a, other := rsaKey(t, "a"), rsaKey(t, "other")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	enc := public("enc", other)
	enc.Use = "enc"
	iam.publish(public("a", a), public("small", small), enc, jose.JSONWebKey{Key: &ec.PublicKey, KeyID: "ec", Algorithm: "ES256", Use: "sig"})
	j, err := newJudge(Issuer{KeysURL: iam.url, Accounts: []string{"account-1"}, IDs: []string{"iam-ServiceId-2"}})
	if err != nil {
		t.Fatal(err)
	}
	ours := func(change map[string]any) string { return signed(t, jose.RS256, a, "a", iamClaims(now, change)) }
	good := ours(nil)
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"a"}`)) + "." + parts[1] + "."
	modulus := a.N.Bytes()

	expired, future := new(errTokenTime), new(errTokenTime)
	for _, c := range []struct {
		name, token string
		want        error // nil for accepted
	}{
		{"good, by its account", good, nil},
		{"good, by its identity", ours(map[string]any{"iam_id": "iam-ServiceId-2", "account": map[string]any{"bss": "account-9"}}), nil},
		{"a minute old", ours(map[string]any{"exp": now.Add(-30 * time.Second).Unix(), "iat": now.Add(-time.Hour).Unix()}), nil},
		{"of another account", ours(map[string]any{"account": map[string]any{"bss": "account-9"}}), errNotServed},
		{"of no account", ours(map[string]any{"account": nil}), errNotServed},
		{"of an empty account", ours(map[string]any{"account": map[string]any{"bss": ""}}), errNotServed},
		{"of a closed account", ours(map[string]any{"account": map[string]any{"valid": false, "bss": "account-1"}}), errNotServed},
		{"expired", ours(map[string]any{"exp": now.Add(-2 * time.Minute).Unix(), "iat": now.Add(-time.Hour).Unix()}), expired},
		{"of the future", ours(map[string]any{"iat": now.Add(2 * time.Minute).Unix()}), future},
		{"not yet valid", ours(map[string]any{"nbf": now.Add(2 * time.Minute).Unix()}), future},
		{"no expiry", ours(map[string]any{"exp": nil}), errToken},
		{"no issue time", ours(map[string]any{"iat": nil}), errToken},
		{"expiry is no number", ours(map[string]any{"exp": "tomorrow"}), errToken},
		{"expired before it was issued", ours(map[string]any{"exp": now.Unix() - 1}), errToken},
		{"no identity", ours(map[string]any{"iam_id": nil}), errToken},
		{"another issuer", ours(map[string]any{"iss": "https://iam.evil.example"}), errToken},
		{"no issuer", ours(map[string]any{"iss": nil}), errToken},
		{"empty", "", errToken},
		{"no token", "a.b.c", errToken},
		{"too long", good + strings.Repeat("a", maxToken), errToken},
		{"alg none", none, errToken},
		{"HS256 with the public key", signed(t, jose.HS256, modulus, "a", iamClaims(now, nil)), errToken},
		{"RS512", signed(t, jose.RS512, a, "a", iamClaims(now, nil)), errToken},
		{"PS256", signed(t, jose.PS256, a, "a", iamClaims(now, nil)), errToken},
		{"another key", signed(t, jose.RS256, other, "a", iamClaims(now, nil)), errToken},
		{"an unknown key", signed(t, jose.RS256, other, "x", iamClaims(now, nil)), errToken},
		{"a key for encryption", signed(t, jose.RS256, other, "enc", iamClaims(now, nil)), errToken},
		{"no key id", signed(t, jose.RS256, a, "", iamClaims(now, nil)), errToken},
		{"signature cut off", parts[0] + "." + parts[1] + ".", errToken},
		{"payload changed", parts[0] + "." + strings.Replace(parts[1], "a", "b", 1) + "." + parts[2], errToken},
		{"spaces around it", " " + good, errToken},
	} {
		id, err := j.verify(t.Context(), c.token, now)
		switch {
		case c.want == nil && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want == nil:
			if id == "" {
				t.Errorf("%s: nobody's", c.name)
			}
		case err == nil:
			t.Errorf("%s: accepted as %s", c.name, id)
		case c.want == expired || c.want == future:
			if _, ok := errors.AsType[*errTokenTime](err); !ok {
				t.Errorf("%s: %v, want one about its time", c.name, err)
			}
		case !errors.Is(err, c.want):
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if n := iam.asked.Load(); n > 2 {
		t.Errorf("the issuer was asked %d times for its keys", n)
	}
}

func TestKeysRotate(t *testing.T) {
	now := time.Now()
	iam := newIAM(t)
	old, fresh := rsaKey(t, "a"), rsaKey(t, "other")
	iam.publish(public("old", old))
	j, err := newJudge(Issuer{KeysURL: iam.url, Accounts: []string{"account-1"}})
	if err != nil {
		t.Fatal(err)
	}
	try := func(when time.Time, key *rsa.PrivateKey, kid string) error {
		_, err := j.verify(t.Context(), signed(t, jose.RS256, key, kid, iamClaims(when, nil)), when)
		return err
	}
	if err := try(now, old, "old"); err != nil {
		t.Fatal(err)
	}
	iam.publish(public("new", fresh))
	if err := try(now.Add(time.Second), fresh, "new"); !errors.Is(err, errToken) {
		t.Errorf("a key that is unknown right after asking: %v, want %v", err, errToken)
	}
	if err := try(now.Add(keysPause), fresh, "new"); err != nil {
		t.Errorf("the new key, a pause later: %v", err)
	}
	if err := try(now.Add(2*keysPause), old, "old"); !errors.Is(err, errToken) {
		t.Errorf("the key that is not published any more: %v, want %v", err, errToken)
	}
	// An outage of the issuer does not lock anybody out for a day.
	iam.fail.Store(true)
	if err := try(now.Add(keysFresh+time.Hour), fresh, "new"); err != nil {
		t.Errorf("during an outage: %v", err)
	}
	if err := try(now.Add(keysKept+time.Hour), fresh, "new"); !errors.Is(err, errKeys) {
		t.Errorf("after a day of outage: %v, want %v", err, errKeys)
	}
	iam.fail.Store(false)
	if err := try(now.Add(keysKept+2*time.Hour), fresh, "new"); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

// Made-up key ids, even many at once, do not become a flood at the issuer.
func TestUnknownKeysAskOnce(t *testing.T) {
	iam := newIAM(t)
	iam.publish(public("a", rsaKey(t, "a")))
	s := newKeySet(iam.url, nil)
	now := time.Now()
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, err := s.get(t.Context(), "made up", now); !errors.Is(err, errToken) {
				t.Errorf("get: %v, want %v", err, errToken)
			}
		})
	}
	wg.Wait()
	if n := iam.asked.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times, want once", n)
	}
}

func TestKeySetsAreBounded(t *testing.T) {
	for name, body := range map[string]string{
		"not JSON":  "<html>",
		"no keys":   `{"keys":[]}`,
		"too many":  `{"keys":[` + strings.Repeat(`{},`, 200) + `{}]}`,
		"too long":  `{"keys":[],"x":"` + strings.Repeat("a", maxKeySet) + `"}`,
		"symmetric": `{"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0"}]}`,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		if _, err := newKeySet(srv.URL, nil).get(context.Background(), "a", time.Now()); !errors.Is(err, errKeys) {
			t.Errorf("%s: %v, want %v", name, err, errKeys)
		}
		srv.Close()
	}
}

func TestIssuerConfig(t *testing.T) {
	for name, i := range map[string]Issuer{
		"nobody to serve":     {},
		"an empty account":    {Accounts: []string{""}},
		"keys over http":      {Accounts: []string{"a"}, KeysURL: "http://iam.example/keys"},
		"an issuer over http": {Accounts: []string{"a"}, URL: "http://iam.example"},
		"keys of a file":      {Accounts: []string{"a"}, KeysURL: "file:///keys"},
	} {
		if _, err := newJudge(i); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	j, err := newJudge(Issuer{Accounts: []string{"a"}})
	if err != nil || j.keys.url != "https://iam.cloud.ibm.com/identity/keys" {
		t.Errorf("IBM's keys are at %v, %v", j, err)
	}
}
