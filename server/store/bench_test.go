package store_test

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos/server/store"
)

// writers is how many goroutines the benchmarks of small objects use, whatever the number of CPUs.
const writers = 64

func runParallel(b *testing.B, do func(i int64) error) {
	b.Helper()
	b.ReportAllocs()
	var n atomic.Int64
	b.SetParallelism(writers)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := do(n.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
}

func BenchmarkPut4KiB(b *testing.B) {
	s := open(b, nil)
	body := content(1, 4096)
	b.SetBytes(4096)
	runParallel(b, func(i int64) error {
		_, err := s.Put(b.Context(), "b", fmt.Sprintf("bench/%08d", i), bytes.NewReader(body), nil)
		return err
	})
}

func BenchmarkOverwrite4KiB(b *testing.B) {
	s := open(b, nil)
	body := content(1, 4096)
	b.SetBytes(4096)
	runParallel(b, func(i int64) error {
		_, err := s.Put(b.Context(), "b", fmt.Sprintf("bench/%08d", i%1000), bytes.NewReader(body), nil)
		return err
	})
}

func BenchmarkPut256KiB(b *testing.B) {
	s := open(b, nil)
	body := content(1, 256<<10)
	b.SetBytes(256 << 10)
	runParallel(b, func(i int64) error {
		_, err := s.Put(b.Context(), "b", fmt.Sprintf("bench/%08d", i), bytes.NewReader(body), nil)
		return err
	})
}

func BenchmarkGet4KiB(b *testing.B) {
	s := open(b, nil)
	fill(b, s, 20000, 4096)
	b.SetBytes(4096)
	runParallel(b, func(i int64) error {
		r, err := s.Open(b.Context(), "b", fmt.Sprintf("k%08d", i%20000))
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = r.WriteRangeTo(io.Discard, 0, -1)
		return err
	})
}

// fill puts n objects of that size with keys k00000000 and so on.
func fill(t testing.TB, s *store.Store, n, size int) {
	t.Helper()
	body := content(1, size)
	var next atomic.Int64
	done := make(chan error, writers)
	for range writers {
		go func() {
			for {
				i := next.Add(1) - 1
				if i >= int64(n) {
					done <- nil
					return
				}
				if _, err := s.Put(t.Context(), "b", fmt.Sprintf("k%08d", i), bytes.NewReader(body), nil); err != nil {
					done <- err
					return
				}
			}
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// listAll lists everything by pages of 1000 and returns how many objects and common prefixes there are.
func listAll(t testing.TB, s *store.Store, delimiter string, eachPage func()) (objects, prefixes int) {
	t.Helper()
	for after, more := "", true; more; {
		p, err := s.List(t.Context(), "b", store.ListOptions{Delimiter: delimiter, After: after, Max: 1000})
		if err != nil {
			t.Fatal(err)
		}
		objects += len(p.Objects)
		prefixes += len(p.Prefixes)
		after, more = p.Next, p.Truncated
		eachPage()
	}
	return objects, prefixes
}

func folderKey(i int) string { return fmt.Sprintf("folder%04d/key%08d", i/1000, i) }

func BenchmarkList(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := open(b, nil)
			if err := s.Fill("b", n, folderKey); err != nil {
				b.Fatal(err)
			}
			b.Run("all", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if got, _ := listAll(b, s, "", func() {}); got != n {
						b.Fatalf("listed %d", got)
					}
				}
			})
			b.Run("folders", func(b *testing.B) {
				for b.Loop() {
					if _, got := listAll(b, s, "/", func() {}); got != n/1000 {
						b.Fatalf("listed %d", got)
					}
				}
			})
		})
	}
}

// zeros is an endless body that costs nothing to make.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func BenchmarkPut1GiB(b *testing.B) {
	s := open(b, nil)
	b.SetBytes(1 << 30)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Put(b.Context(), "b", "k", io.LimitReader(zeros{}, 1<<30), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUpload1GiB uploads 64 parts of 16 MiB, 4 at a time.
func BenchmarkUpload1GiB(b *testing.B) {
	s := open(b, nil)
	b.SetBytes(1 << 30)
	for b.Loop() {
		u, err := s.CreateUpload(b.Context(), "b", "k", nil)
		if err != nil {
			b.Fatal(err)
		}
		const n = 64
		parts := make([]store.CompletedPart, n)
		var next atomic.Int64
		done := make(chan error)
		for range 4 {
			go func() {
				for {
					i := int(next.Add(1))
					if i > n {
						done <- nil
						return
					}
					p, err := s.PutPart(b.Context(), "b", "k", u.ID, i, io.LimitReader(zeros{}, 16<<20), nil)
					if err != nil {
						done <- err
						return
					}
					parts[i-1] = store.CompletedPart{Number: i, ETag: p.ETag}
				}
			}()
		}
		for range 4 {
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		}
		if _, err := s.CompleteUpload(b.Context(), "b", "k", u.ID, parts, nil); err != nil {
			b.Fatal(err)
		}
	}
}
