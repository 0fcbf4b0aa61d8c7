package iam

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// asperaTag is the number of bytes of the code in the ID of an AsperaKey, before the bucket's name.
const asperaTag = 9

// An AsperaKey is the access key of one bucket at the transfer service: GET ?faspConnectionInfo hands it out, and HTTP Basic
// authentication proves it. It says which bucket is meant, and not who asks.
//
// Keys are derived, not stored: the same bucket has the same key for as long as it exists, and another bucket of its name,
// made later or by another instance, has another one.
type AsperaKey struct {
	ID     string // of the base64url alphabet; holds the bucket's name
	Secret string // 43 characters of the same alphabet
}

// Format prints the ID and hides the secret, whatever the verb.
func (k AsperaKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "{"+k.ID+" REDACTED}") }

// LogValue hides the secret in logs.
func (k AsperaKey) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", k.ID), slog.String("secret", "REDACTED"))
}

// Equal reports whether k is other, in a time that does not depend on where they differ.
func (k AsperaKey) Equal(other AsperaKey) bool {
	id := subtle.ConstantTimeCompare([]byte(k.ID), []byte(other.ID))
	return id&subtle.ConstantTimeCompare([]byte(k.Secret), []byte(other.Secret)) == 1
}

// AsperaKey returns the access key of a bucket, which belongs to the instance with the given UUID and was made at created.
func (s *Service) AsperaKey(bucket, instance string, created time.Time) (AsperaKey, error) {
	key, err := s.Derive("aspera access keys")
	if err != nil {
		return AsperaKey{}, err
	}
	mac := func(part string) []byte {
		h := hmac.New(sha256.New, key[:])
		// No name or UUID holds a zero byte, so that no two buckets give the same bytes.
		fmt.Fprintf(h, "%s\x00%s\x00%s\x00%d", part, instance, bucket, created.UnixNano())
		return h.Sum(nil)
	}
	return AsperaKey{
		ID:     base64.RawURLEncoding.EncodeToString(append(mac("id")[:asperaTag], bucket...)),
		Secret: base64.RawURLEncoding.EncodeToString(mac("secret")),
	}, nil
}

// AsperaBucket returns the name of the bucket that the ID of an AsperaKey is for. It proves nothing: anyone can make such an
// ID, and the bucket need not exist.
func AsperaBucket(id string) (bucket string, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(b) <= asperaTag {
		return "", false
	}
	return string(b[asperaTag:]), true
}

// Derive returns a key for the purpose that label names. It is the same for as long as the state of the Service lives, and
// says nothing of the keys for other purposes.
func (s *Service) Derive(label string) (key [sha256.Size]byte, err error) {
	secret, err := hex.DecodeString(s.state.Load().rec.TokenSecret)
	if err != nil {
		return key, fmt.Errorf("iam: read token secret: %w", err)
	}
	h := hmac.New(sha256.New, secret)
	// Opaque tokens are under the same secret. They begin with a brace, and this does not.
	h.Write([]byte("derive " + label))
	h.Sum(key[:0])
	return key, nil
}
