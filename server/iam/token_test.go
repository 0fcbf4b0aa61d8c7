package iam_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/icos-go/icos/server/iam"
)

// accessToken exchanges the first API key.
func accessToken(t *testing.T, s *iam.Service) string {
	t.Helper()
	status, body := post(t, s, "/identity/token", apikeyForm(s.First().APIKey), true)
	if status != 200 {
		t.Fatalf("token = %d %v", status, body)
	}
	return body["access_token"].(string)
}

// A foreign verifier, which knows only the published keys, must accept the
// token and see IBM's claims.
func TestTokenVerifiesWithPublishedKeys(t *testing.T) {
	s := newService(t, t.TempDir(), &clock{start})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/identity/keys", nil))
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 1 || !set.Keys[0].IsPublic() {
		t.Fatalf("key set has %d keys; the one must be public", len(set.Keys))
	}
	tok, err := jwt.ParseSigned(accessToken(t, s), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := tok.Claims(set, &c); err != nil { // finds the key by its kid
		t.Fatal(err)
	}
	cred := s.First()
	serviceID := cred.ServiceIDCRN[strings.LastIndex(cred.ServiceIDCRN, ":")+1:]
	in, _ := s.Instance(cred.ResourceInstanceID)
	for name, want := range map[string]any{
		"iam_id": "iam-" + serviceID, "id": "iam-" + serviceID, "realmid": "iam", "identifier": serviceID,
		"sub": serviceID, "sub_type": "ServiceId", "iss": iam.DefaultIssuer, "grant_type": apikeyGrant,
		"scope": "ibm openid", "client_id": "bx", "acr": 1.0,
		"iat": float64(start.Unix()), "exp": float64(start.Add(time.Hour).Unix()),
	} {
		if c[name] != want {
			t.Errorf("claim %s = %v, want %v", name, c[name], want)
		}
	}
	account, _ := c["account"].(map[string]any)
	if account["valid"] != true || account["bss"] != in.AccountID {
		t.Errorf("claim account = %v, want valid and %s", account, in.AccountID)
	}
	if amr, _ := c["amr"].([]any); len(amr) != 1 || amr[0] != "pwd" {
		t.Errorf("claim amr = %v, want [pwd]", c["amr"])
	}
}

// The same without any JWT library, as RFC 7515 §5.2 and RFC 7518 §6.3 say.
func TestTokenVerifiesByHand(t *testing.T) {
	s := newService(t, t.TempDir(), &clock{start})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/identity/keys", nil))
	var set struct {
		Keys []struct{ Kty, Alg, Use, Kid, N, E string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	k := set.Keys[0]
	if k.Kty != "RSA" || k.Alg != "RS256" || k.Use != "sig" || k.Kid == "" {
		t.Errorf("key = %+v", k)
	}
	number := func(s string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(b)
	}
	public := &rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}
	raw := accessToken(t, s)
	signed, signature, _ := strings.Cut(raw[strings.Index(raw, ".")+1:], ".")
	signed = raw[:strings.Index(raw, ".")+1] + signed
	sum := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], number(signature).FillBytes(make([]byte, 256))); err != nil {
		t.Error(err)
	}
}

func TestForeignTokensAreRefused(t *testing.T) {
	c := &clock{start}
	s := newService(t, t.TempDir(), c)
	raw := accessToken(t, s)
	parts := strings.Split(raw, ".")
	payload, claims := claimsOf(t, raw)
	kid := keyID(t, raw)
	with := func(name string, value any) map[string]any {
		m := map[string]any{}
		for k, v := range claims {
			m[k] = v
		}
		if m[name] = value; value == nil {
			delete(m, name)
		}
		return m
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ours := func(c map[string]any) string { return sign(t, jose.RS256, testKey(), kid, c) }
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&testKey().PublicKey)})
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT","kid":"`+kid+`"}`)) + "." + parts[1] + "."

	if _, err := s.VerifyToken(ours(claims), start); err != nil {
		t.Fatalf("a token made by hand as the service makes it: %v", err)
	}
	for name, raw := range map[string]string{
		"empty":              "",
		"no JWT":             "abc",
		"too long":           strings.Repeat("a", 9<<10),
		"alg none":           none,
		"HS256 of the key":   sign(t, jose.HS256, publicPEM, kid, claims),
		"RS512":              sign(t, jose.RS512, testKey(), kid, claims),
		"another key":        sign(t, jose.RS256, other, kid, claims),
		"another kid":        sign(t, jose.RS256, testKey(), "x", claims),
		"payload changed":    parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(payload, "bx", "by", 1))) + "." + parts[2],
		"signature cut":      raw[:len(raw)-4],
		"signature removed":  parts[0] + "." + parts[1] + ".",
		"another issuer":     ours(with("iss", "https://iam.example")),
		"no issuer":          ours(with("iss", nil)),
		"an audience":        ours(with("aud", "kms")),
		"audiences":          ours(with("aud", []string{"kms", "iam"})),
		"no expiry":          ours(with("exp", nil)),
		"no issue time":      ours(with("iat", nil)),
		"expired":            ours(with("exp", start.Unix())),
		"issued in future":   ours(with("iat", start.Add(time.Minute).Unix())),
		"not yet valid":      ours(with("nbf", start.Add(time.Minute).Unix())),
		"unknown identity":   ours(with("iam_id", "iam-ServiceId-0")),
		"no identity":        ours(with("iam_id", nil)),
		"expiry not a count": ours(with("exp", "tomorrow")),
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // the second time through whatever was cached
				if p, err := s.VerifyToken(raw, start); err == nil {
					t.Errorf("accepted as %v", p)
				}
			}
		})
	}
	if _, err := s.VerifyToken(ours(with("iat", start.Add(20*time.Second).Unix())), start); err != nil {
		t.Errorf("a token of a clock that is 20 s ahead: %v", err)
	}
}

// claimsOf returns the payload of a token, with its numbers as written.
func claimsOf(t *testing.T, raw string) (payload string, claims map[string]any) {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&claims); err != nil {
		t.Fatal(err)
	}
	for name, value := range claims {
		if n, ok := value.(json.Number); ok {
			if claims[name], err = n.Int64(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return string(b), claims
}

func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key},
		(&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", kid))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func keyID(t *testing.T, raw string) string {
	t.Helper()
	tok, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	return tok.Headers[0].KeyID
}

func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := iam.New(iam.Config{SigningKey: testKey(), TokenTTL: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		raw := accessToken(t, s)
		time.Sleep(59 * time.Second)
		if _, err := s.VerifyToken(raw, time.Now()); err != nil {
			t.Errorf("after 59 s: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := s.VerifyToken(raw, time.Now()); err != iam.ErrTokenExpired {
			t.Errorf("after 60 s: %v, want ErrTokenExpired", err)
		}
	})
}

func BenchmarkVerifyToken(b *testing.B) {
	s, err := iam.New(iam.Config{SigningKey: testKey()})
	if err != nil {
		b.Fatal(err)
	}
	raw, _, err := s.NewToken("iam-" + s.First().ServiceIDCRN[strings.LastIndex(s.First().ServiceIDCRN, ":")+1:])
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.VerifyToken(raw, now); err != nil {
			b.Fatal(err)
		}
	}
}
