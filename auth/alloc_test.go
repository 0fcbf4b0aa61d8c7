//go:build !race

package auth_test

import (
	"testing"

	"github.com/icos-go/icos/auth"
)

func TestHMACAllocations(t *testing.T) {
	keys := auth.HMAC("id", "secret")
	r := request("PUT", "https://s3.example/b/k?partNumber=1&uploadId=u", "X-Amz-Date", "20200202T020202Z", "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	got := testing.AllocsPerRun(100, func() {
		if err := keys.Authorize(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	})
	if got > 7 {
		t.Errorf("Authorize allocates %v times, want at most 7", got)
	}
}
