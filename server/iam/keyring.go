package iam

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

const signingKeyBits = 2048

// keyring holds the key that signs tokens. The key is made when first needed,
// because making it takes a hundred times longer than everything else a first
// start does, and a server used with HMAC keys only never needs it.
type keyring struct {
	dir string

	mu  sync.Mutex // guards the rest
	key *signingKey
}

type signingKey struct {
	id     string
	public jose.JSONWebKey
	signer jose.Signer
}

// open loads the key from dir, or adopts given.
func (k *keyring) open(dir string, given *rsa.PrivateKey) error {
	k.dir = dir
	if given == nil {
		b, err := readFile(dir, keyFile)
		if err != nil || b == nil {
			return err
		}
		if given, err = parseKey(b); err != nil {
			return fmt.Errorf("read %s: %w", filepath.Join(dir, keyFile), err)
		}
	}
	key, err := newSigningKey(given)
	k.key = key
	return err
}

// current returns the key without making one; nil if there is none, and then
// no token can have been issued.
func (k *keyring) current() *signingKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.key
}

// signing returns the key, made and durable.
func (k *keyring) signing() (*signingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key != nil {
		return k.key, nil
	}
	priv, err := rsa.GenerateKey(rand.Reader, signingKeyBits)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	if err := writeFile(k.dir, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return nil, err
	}
	key, err := newSigningKey(priv)
	if err != nil {
		return nil, err
	}
	k.key = key
	return key, nil
}

func newSigningKey(priv *rsa.PrivateKey) (*signingKey, error) {
	public := jose.JSONWebKey{Key: &priv.PublicKey, Algorithm: string(jose.RS256), Use: "sig"}
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("name signing key: %w", err)
	}
	public.KeyID = hex.EncodeToString(sum[:8])
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: priv, KeyID: public.KeyID}},
		(&jose.SignerOptions{}).WithType("JWT"),
	)
	if err != nil {
		return nil, fmt.Errorf("use signing key: %w", err)
	}
	return &signingKey{id: public.KeyID, public: public, signer: signer}, nil
}

func parseKey(b []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	priv, ok := k.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("key is a %T, not RSA", k)
	}
	return priv, nil
}
