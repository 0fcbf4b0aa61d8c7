package mirror_test

import (
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer/internal/mirror"
)

// BenchmarkPlan compares equal trees. One operation is one key on either side.
func BenchmarkPlan(b *testing.B) {
	side := mirror.Side{Bucket: new(icos.Client).Bucket("never-asked")}
	b.ReportAllocs()
	n := 0
	for a, err := range mirror.Plan(b.Context(), numbered(b.N), numbered(b.N), mirror.Options{From: side, To: side, Compare: mirror.Auto}) {
		if err != nil || a.Op != mirror.Skip {
			b.Fatal(a.Op, err)
		}
		n++
	}
	if n != b.N {
		b.Fatalf("%d actions, want %d", n, b.N)
	}
}
