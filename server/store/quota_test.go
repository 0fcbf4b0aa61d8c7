package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos/server/store"
)

// TestQuotaUnderConcurrentWrites has writers of every kind race for the room that a quota leaves: as many get in as fit, however they
// meet, and no byte more.
func TestQuotaUnderConcurrentWrites(t *testing.T) {
	const size, fit = 100, 12
	s := open(t, &store.Options{MinPartSize: -1})
	if err := s.CreateBucket(t.Context(), store.Bucket{Name: "src"}); err != nil {
		t.Fatal(err)
	}
	body := bytes.Repeat([]byte("x"), size)
	if _, err := s.Put(t.Context(), "src", "k", bytes.NewReader(body), nil); err != nil {
		t.Fatal(err)
	}
	put(t, s, "before", body) // is found by the first who has to know
	if _, err := s.UpdateBucket(t.Context(), "b", func(b *store.Bucket) error {
		b.Quota = (1+fit)*size + size/2
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var stored atomic.Int64
	var writers sync.WaitGroup
	begin := make(chan struct{})
	for n := range 48 {
		writers.Go(func() {
			<-begin
			key := fmt.Sprintf("k%02d", n)
			var err error
			switch n % 3 {
			case 0:
				_, err = s.Put(t.Context(), "b", key, bytes.NewReader(body), nil)
			case 1:
				_, err = s.Copy(t.Context(), "src", "k", "b", key, nil)
			default:
				err = putByParts(t.Context(), s, key, body)
			}
			switch {
			case err == nil:
				stored.Add(1)
			case !errors.Is(err, store.ErrQuota):
				t.Errorf("write %s: %v, want ErrQuota", key, err)
			}
		})
	}
	close(begin)
	writers.Wait()
	objects, used, err := s.Usage(t.Context(), "b")
	if err != nil || stored.Load() != fit || objects != 1+fit || used != (1+fit)*size {
		t.Errorf("%d writes got in, and the bucket has %d objects of %d bytes, %v; want %d writes", stored.Load(), objects, used, err, fit)
	}
	// What is deleted makes room, and what replaces something takes no more than it adds.
	if _, err := s.Delete(t.Context(), "b", "before", nil); err != nil {
		t.Fatal(err)
	}
	put(t, s, "after", body)
	put(t, s, "after", body[:size/2])
	if _, err := s.Put(t.Context(), "b", "more", strings.NewReader(strings.Repeat("x", size+1)), nil); !errors.Is(err, store.ErrQuota) {
		t.Errorf("a write beyond the quota: %v, want ErrQuota", err)
	}
	put(t, s, "empty", nil)
}
