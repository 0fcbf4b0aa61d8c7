//go:build !race

package sigv4_test

import (
	"testing"

	"github.com/icos-go/icos/internal/sigv4"
)

// The claim of the hot path: what a request allocates to be signed. Under the race
// detector sync.Pool forgets at random, so there it is not a claim.
func TestSignatureAllocations(t *testing.T) {
	r := awsRequest(t, "PUT", "https://s3.us-south.example/bucket/a%20key?partNumber=12&uploadId=abcdef", sigv4.UnsignedPayload,
		map[string]string{"Content-Type": "application/octet-stream", "User-Agent": "icos"})
	var cache sigv4.KeyCache
	cache.Key(awsSecret, awsScope)
	got := testing.AllocsPerRun(200, func() {
		var room [16]string
		in := sigv4.FromRequest(r, sigv4.SignedHeaders(room[:0], r), sigv4.UnsignedPayload)
		sigv4.Signature(cache.Key(awsSecret, awsScope), in, awsTime, awsScope)
	})
	if got > 4 {
		t.Errorf("signing allocates %v times, want at most 4", got)
	}
}
