package mirror_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"testing"

	"github.com/icos-go/icos/transfer/internal/mirror"
)

// numbered lists n keys of some length without keeping them.
func numbered(n int) iter.Seq2[mirror.Entry, error] {
	return func(yield func(mirror.Entry, error) bool) {
		var e mirror.Entry
		for i := range n {
			e.Key, e.Size = fmt.Sprintf("directory/with/a/long/name/%09d", i), int64(i)
			if !yield(e, nil) {
				return
			}
		}
	}
}

// TestDeletesSpill has more to delete than memory may hold.
func TestDeletesSpill(t *testing.T) {
	const n = 100_000
	dir := t.TempDir()
	d := mirror.NewDeletes(dir)
	for _, err := range mirror.Plan(t.Context(), numbered(0), numbered(n), mirror.Options{Delete: d}) {
		t.Fatal(err)
	}
	if got, want := d.Sum(), (mirror.Sum{Delete: n, Bytes: n * (n - 1) / 2, Empty: true}); got != want {
		t.Errorf("sum %+v, want %+v", got, want)
	}
	for range 2 { // it can be read more than once
		i := 0
		next, stop := iter.Pull2(numbered(n))
		for e, err := range d.All() {
			want, _, _ := next()
			if err != nil || e.Key != want.Key || e.Size != want.Size || e.Kind != want.Kind {
				t.Fatalf("entry %d: %+v, %v; want %+v", i, e, err, want)
			}
			i++
		}
		stop()
		if i != n {
			t.Errorf("%d entries, want %d", i, n)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%d temporary files left, %v", len(left), err)
	}
	if d.Blocked() == nil {
		t.Error("a closed list gives away deletions")
	}
}

func TestDeletesBlock(t *testing.T) {
	d := mirror.NewDeletes("")
	first := errors.New("first")
	d.Block(first)
	d.Block(errors.New("second"))
	for _, err := range mirror.Plan(t.Context(), numbered(1), numbered(2), mirror.Options{Delete: d}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for e, err := range d.All() {
		if !errors.Is(err, first) {
			t.Errorf("%+v, %v; want %v", e, err, first)
		}
	}
}

// TestDeletesNeedRoom fails a plan whose deletions cannot be noted, instead of forgetting them.
func TestDeletesNeedRoom(t *testing.T) {
	d := mirror.NewDeletes("no/such/directory")
	var last error
	for _, err := range mirror.Plan(t.Context(), numbered(0), numbered(100_000), mirror.Options{Delete: d}) {
		last = err
	}
	if last == nil || d.Blocked() == nil {
		t.Errorf("error %v, blocked by %v", last, d.Blocked())
	}
}
