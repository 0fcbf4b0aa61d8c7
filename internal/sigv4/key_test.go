package sigv4_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/sigv4"
)

func TestSignIsHMACSHA256(t *testing.T) {
	key := sigv4.DeriveKey("secret", awsScope)
	raw := [32]byte(key)
	for n := range 1200 { // across every block boundary and beyond the buffer on the stack
		message := bytes.Repeat([]byte{byte(n)}, n)
		mac := hmac.New(sha256.New, raw[:])
		mac.Write(message)
		if got, want := key.Sign(message), hex.EncodeToString(mac.Sum(nil)); got != want {
			t.Fatalf("Sign of %d bytes = %s, want %s", n, got, want)
		}
	}
}

func TestKeyNeverPrintsItself(t *testing.T) {
	key := sigv4.DeriveKey(awsSecret, awsScope)
	var cache sigv4.KeyCache
	cache.Key(awsSecret, awsScope)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+"\n", key)
		fmt.Fprintf(&out, verb+"\n", &key)
		fmt.Fprintf(&out, verb+"\n", struct{ K sigv4.Key }{key})
		fmt.Fprintf(&out, verb+"\n", &cache)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "key", key, "in", struct{ K sigv4.Key }{key})
	if err := json.NewEncoder(&out).Encode(key); err != nil {
		t.Fatal(err)
	}
	raw := [32]byte(key)
	for _, leak := range []string{awsSecret, hex.EncodeToString(raw[:8]), fmt.Sprint(raw[:3])[1:8], fmt.Sprintf("%#v", raw)[8:30]} {
		if strings.Contains(strings.ToLower(out.String()), strings.ToLower(leak)) {
			t.Errorf("printed %q:\n%s", leak, out.String())
		}
	}
}

func TestKeyCache(t *testing.T) {
	var cache sigv4.KeyCache
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 { // more than it holds
				s := sigv4.ScopeAt(awsTime.AddDate(0, 0, i), fmt.Sprint("region", g))
				if cache.Key("secret", s) != sigv4.DeriveKey("secret", s) {
					t.Errorf("scope %v: wrong key", s)
				}
			}
		})
	}
	wg.Wait()
	if cache.Key("a", awsScope) == cache.Key("b", awsScope) {
		t.Error("two secrets, one key")
	}
}

func TestFormatTime(t *testing.T) {
	for _, at := range []time.Time{
		awsTime,
		time.Date(2026, 12, 31, 23, 59, 59, 999, time.FixedZone("", -3*3600)),
		time.Date(987, 1, 2, 3, 4, 5, 0, time.UTC),
	} {
		got, want := sigv4.FormatTime(at), at.UTC().Format(sigv4.TimeFormat)
		if got != want {
			t.Errorf("FormatTime(%v) = %s, want %s", at, got, want)
		}
	}
}

func TestEqual(t *testing.T) {
	if !sigv4.Equal("ab", "ab") || sigv4.Equal("ab", "ac") || sigv4.Equal("ab", "a") {
		t.Error("Equal is not equality")
	}
}

func BenchmarkSignature(b *testing.B) {
	r := httptest.NewRequest("PUT", "https://s3.us-south.example/bucket/a%20key?partNumber=12&uploadId=abcdef", nil)
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("X-Amz-Content-Sha256", sigv4.UnsignedPayload)
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("User-Agent", "icos")
	var cache sigv4.KeyCache
	b.ReportAllocs()
	for b.Loop() {
		var room [16]string
		in := sigv4.FromRequest(r, sigv4.SignedHeaders(room[:0], r), sigv4.UnsignedPayload)
		scope := sigv4.ScopeAt(awsTime, "us-standard")
		_ = sigv4.Authorization{
			AccessKeyID: awsID, Scope: scope, SignedHeaders: in.SignedHeaders,
			Signature: sigv4.Signature(cache.Key(awsSecret, scope), in, awsTime, scope),
		}.String()
	}
}
