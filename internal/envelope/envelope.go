// Package envelope encrypts keys under other keys.
//
// An envelope is 32 random bytes and then AES-256-GCM of the key to protect, with a one-time key that HKDF-SHA256 (RFC 5869) makes of
// the protecting key and those bytes. As no one-time key is used twice, the nonce is constant and there is no bound on how many
// envelopes one key may make, which the 96 bits of a random nonce would set at 2^32 (NIST SP 800-38D, 8.3).
package envelope

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KeySize is the length of the keys made here, in bytes.
const KeySize = 32

// Overhead is by how many bytes an envelope is longer than what is in it.
const Overhead = saltSize + 16

const saltSize = 32

// info tells this use of a key from every other.
const info = "icos envelope 1"

// ErrOpen says that an envelope is not one that was sealed with that key and that context.
var ErrOpen = errors.New("envelope does not open: it was made with another key or for something else, or was altered")

// Seal encrypts plaintext under key, which has at least 16 bytes. Only the same context opens the envelope again; it is not in it.
func Seal(key, plaintext []byte, context string) ([]byte, error) {
	out := make([]byte, saltSize, Overhead+len(plaintext))
	_, _ = rand.Read(out) // never fails
	aead, err := oneTime(key, out)
	if err != nil {
		return nil, err
	}
	return aead.Seal(out, nonce[:], plaintext, []byte(context)), nil
}

// Open returns what Seal encrypted, or ErrOpen.
func Open(key, sealed []byte, context string) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, ErrOpen
	}
	aead, err := oneTime(key, sealed[:saltSize])
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, nonce[:], sealed[saltSize:], []byte(context))
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// OpenKey is Open for an envelope that holds a key of KeySize bytes.
func OpenKey(key, sealed []byte, context string) (out [KeySize]byte, err error) {
	b, err := Open(key, sealed, context)
	if err != nil {
		return out, err
	}
	if len(b) != KeySize {
		return out, ErrOpen
	}
	return [KeySize]byte(b), nil
}

// NewKey returns a random key.
func NewKey() (key [KeySize]byte) {
	_, _ = rand.Read(key[:]) // never fails
	return key
}

var nonce [12]byte

func oneTime(key, salt []byte) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, key, salt, info, KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return cipher.NewGCM(block)
}
