package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// A Key is a secret key narrowed to one Scope. It prints as REDACTED.
type Key [32]byte

// DeriveKey returns the key for scope s:
//
//	HMAC(HMAC(HMAC(HMAC("AWS4"+secret, date), region), service), "aws4_request")
//
// It costs four HMACs; a [KeyCache] remembers the result.
func DeriveKey(secret string, s Scope) Key {
	k := sum([]byte("AWS4"+secret), s.Date)
	k = sum(k, s.Region)
	k = sum(k, s.Service)
	return Key(sum(k, terminator))
}

func sum(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	io.WriteString(h, message)
	return h.Sum(nil)
}

// Sign returns the signature of a string to sign, in hex.
func (k Key) Sign(stringToSign []byte) string {
	mac := k.mac(stringToSign)
	var dst [64]byte
	hex.Encode(dst[:], mac[:])
	return string(dst[:])
}

// mac is HMAC-SHA256 (RFC 2104) over two one-shot digests. crypto/hmac allocates
// its state on every use, which is most of what a signature would cost.
func (k *Key) mac(message []byte) [32]byte {
	var room [512]byte
	k.pad(room[:blockSize], 0x36)
	digest := sha256.Sum256(append(room[:blockSize], message...))

	var outer [blockSize + sha256.Size]byte
	k.pad(outer[:blockSize], 0x5c)
	copy(outer[blockSize:], digest[:])
	return sha256.Sum256(outer[:])
}

const blockSize = sha256.BlockSize

// pad fills a block with the key, followed by zeros, xor with.
func (k *Key) pad(block []byte, with byte) {
	for i := range block {
		block[i] = with
	}
	for i := range k {
		block[i] ^= k[i]
	}
}

// Equal reports whether two signatures are the same, in constant time.
func Equal(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// Format implements fmt.Formatter: a key never prints itself.
func (Key) Format(f fmt.State, _ rune) { io.WriteString(f, "REDACTED") }

// LogValue implements slog.LogValuer.
func (Key) LogValue() slog.Value { return slog.StringValue("REDACTED") }

// MarshalText implements encoding.TextMarshaler, so that JSON is redacted too.
func (Key) MarshalText() ([]byte, error) { return []byte("REDACTED"), nil }

// cachedKeys bounds a KeyCache: 64 keys and the strings that name them.
const cachedKeys = 64

// A KeyCache remembers the keys derived last, 64 at most. The zero value is ready
// to use, and safe for concurrent use.
type KeyCache struct {
	mu   sync.RWMutex
	keys map[cacheKey]Key // guarded by mu
}

type cacheKey struct {
	secret string
	scope  Scope
}

// Key returns DeriveKey(secret, s), remembered.
func (c *KeyCache) Key(secret string, s Scope) Key {
	name := cacheKey{secret, s}
	c.mu.RLock()
	key, ok := c.keys[name]
	c.mu.RUnlock()
	if ok {
		return key
	}

	key = DeriveKey(secret, s)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys = make(map[cacheKey]Key)
	}
	if len(c.keys) >= cachedKeys {
		// Any victim will do: a client has one key a day, and a server with more
		// than 64 callers pays four HMACs for the unlucky ones.
		for victim := range c.keys {
			delete(c.keys, victim)
			break
		}
	}
	c.keys[name] = key
	return key
}

// Format implements fmt.Formatter: the cache holds secrets.
func (*KeyCache) Format(f fmt.State, _ rune) { io.WriteString(f, "REDACTED") }
