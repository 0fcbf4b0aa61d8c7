package iam

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
)

func TestTokenCacheIsBounded(t *testing.T) {
	var c tokenCache
	sum := func(i int) (s [sha256.Size]byte) {
		binary.BigEndian.PutUint64(s[:], uint64(i))
		return s
	}
	for i := range 5 * tokenCacheSize {
		c.put(sum(i), verifiedToken{expires: int64(i)})
		if _, ok := c.get(sum(0)); !ok {
			t.Fatalf("the entry in constant use was lost after %d others", i)
		}
	}
	if n := len(c.young) + len(c.old); n > 2*tokenCacheSize {
		t.Errorf("cache holds %d entries, want at most %d", n, 2*tokenCacheSize)
	}
	last := 5*tokenCacheSize - 1
	if v, ok := c.get(sum(last)); !ok || v.expires != int64(last) {
		t.Errorf("get(last) = %v, %v", v, ok)
	}
	if _, ok := c.get(sum(1)); ok {
		t.Error("an entry nobody used is still there")
	}
}
