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

// TestPlanAllocates makes sure that a plan costs no memory for each key: a million
// of them would feed the garbage collector all the time.
func TestPlanAllocates(t *testing.T) {
	var all []listed
	for e := range numbered(10_000) {
		all = append(all, listed{Entry: e})
	}
	side := mirror.Side{Bucket: new(icos.Client).Bucket("never-asked")}
	d := mirror.NewDeletes("")
	allocs := testing.AllocsPerRun(5, func() {
		for _, err := range mirror.Plan(t.Context(), list(all), list(all), mirror.Options{From: side, To: side, Compare: mirror.Auto, Delete: d}) {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	if allocs > 100 {
		t.Errorf("%v allocations for 10,000 keys, want a few", allocs)
	}
}
