package store_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/icos-go/icos/server/store"
)

// BenchmarkSeal compares sealed bodies with plain ones, one after the other, on the disk that tests have.
func BenchmarkSeal(b *testing.B) {
	for _, size := range []int{4 << 10, 1 << 20, 64 << 20} {
		for _, kind := range []store.EncryptionKind{store.NotEncrypted, store.ManagedKey} {
			name := fmt.Sprintf("%dKiB/plain", size>>10)
			seal := newSeal(kind, 1)
			if kind == store.NotEncrypted {
				seal = nil
			} else {
				name = fmt.Sprintf("%dKiB/sealed", size>>10)
			}
			body := content(1, size)
			b.Run("Put/"+name, func(b *testing.B) {
				s := open(b, nil)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Put(b.Context(), "b", "k", bytes.NewReader(body), &store.PutOptions{Seal: seal}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("Get/"+name, func(b *testing.B) {
				s := open(b, nil)
				if _, err := s.Put(b.Context(), "b", "k", bytes.NewReader(body), &store.PutOptions{Seal: seal}); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					r, err := s.Open(b.Context(), "b", "k")
					if err != nil {
						b.Fatal(err)
					}
					if seal != nil {
						r.Unseal(seal.Key)
					}
					if _, err := r.WriteRangeTo(struct{ io.Writer }{io.Discard}, 0, -1); err != nil {
						b.Fatal(err)
					}
					if err := r.Close(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
