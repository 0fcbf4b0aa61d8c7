package kms

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/icos-go/icos/internal/envelope"
)

// ciphertext is what a wrapped key is to clients: base64 of this in JSON, opaque. Its fields are those of IBM's, since tools look
// at their names; what is in them is ours.
type ciphertext struct {
	Ciphertext []byte `json:"ciphertext"`
	IV         []byte `json:"iv"`
	Version    string `json:"version"`
	Handle     string `json:"handle"` // the id of the key version
}

const (
	ciphertextVersion = "4.0.0"
	ivSize            = 12
)

// wrap encrypts plaintext under the current version of k.
func (k *key) wrap(plaintext []byte, aad []string) (string, error) {
	v := k.current()
	iv := randomBytes(ivSize)
	sealed, err := envelope.Seal(v.Material, plaintext, wrapContext(k, v, iv, aad))
	if err != nil {
		return "", fmt.Errorf("wrap: %w", err)
	}
	b, err := json.Marshal(&ciphertext{sealed, iv, ciphertextVersion, v.ID})
	if err != nil {
		return "", fmt.Errorf("wrap: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

// unwrap decrypts what wrap encrypted with the same aad, under any version of k that still has its material.
func (k *key) unwrap(text string, aad []string) (plaintext []byte, v *version, err error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, nil, errCiphertext()
	}
	var c ciphertext
	if json.Unmarshal(b, &c) != nil || c.Version != ciphertextVersion {
		return nil, nil, errCiphertext()
	}
	if v = k.version(c.Handle); v == nil || v.Material == nil {
		return nil, nil, errCiphertext()
	}
	plaintext, err = envelope.Open(v.Material, c.Ciphertext, wrapContext(k, v, c.IV, aad))
	if errors.Is(err, envelope.ErrOpen) {
		err = errCiphertext()
	}
	return plaintext, v, err
}

// wrapContext binds a wrapped key to what it was wrapped with and for. Lengths keep ["a","b"] and ["ab"] apart.
func wrapContext(k *key, v *version, iv []byte, aad []string) string {
	b := []byte("wrap\x00" + k.ID + "\x00" + v.ID + "\x00")
	b = binary.AppendUvarint(b, uint64(len(iv)))
	b = append(b, iv...)
	for _, s := range aad {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return string(b)
}
